# A command that connects, from outside: curl reaches the host of its call and nothing else, over TLS that says that host, in
# two network namespaces with a name server and servers of the test's own.
. "$top/tests/extra/networks.inc"
certificate
server names here names
server there there tls 443 "$dir/both.pem" 9.9.9.9
server takes there take 444 "$dir/both.pem" 9.9.9.9
server silent there silent 445 "$dir/both.pem" 9.9.9.9
server plain there 80 9.9.9.9
server own here 3128 127.0.0.1
they_listen 6
names_here

# ---- a capability that is curl, and one whose program is told more than is decided ----
mkdir "$dir/in"
pages > "$dir/web.in"
cat >> "$dir/web.in" <<'X'

/// Is decided for one page and gets another.
/// use: in this test.
capability stray @1.0 {
  input {
    url  : url                              "Of the page that is decided.";
    ask  : string max 200 pattern "[^-].*"  "What it asks the relay for.";
    name : string max 200 pattern "[^-].*"  "The server name that it says; none.";
  }
  output {
    status : uint               "0: it came.";
    stdout : string max 64KiB   "The page.";
    stderr : string max 64KiB   "What curl complained about.";
    truncated : bool            "There is more.";
  }
  error Missing "Nothing of the program's own: see status." recover stop "Look at stderr.";
  effect connects(url);
  limits { memory 64MiB; cpu 10s; wall 1m; pids 8; files 64; output 256KiB; }
  handler command "@stray@" sha256 "@sha256:@python@@" argv [ "-I", "-c", "@code@", ask, name ];
  example "a page" { url: "https://public.test/", ask: "public.test:443", name: "public.test" } -> { status: 0, truncated: false };
}

/// Is decided for one page and asks for another, without TLS.
/// use: in this test.
capability turn @1.0 {
  input {
    url : url                               "Of the page that is decided.";
    ask : string max 200 pattern "[^-].*"   "What it asks the relay for.";
  }
  output {
    status : uint               "0: it came.";
    stdout : string max 64KiB   "The page.";
    stderr : string max 64KiB   "What went wrong.";
    truncated : bool            "There is more.";
  }
  error Missing "Nothing of the program's own: see status." recover stop "Look at stderr.";
  effect connects(url);
  limits { memory 64MiB; cpu 10s; wall 1m; pids 8; files 64; output 256KiB; }
  handler command "@stray@" sha256 "@sha256:@python@@" argv [ "-I", "-c", "@turn@", ask ];
  example "a page" { url: "http://public.test/", ask: "http://public.test/" } -> { status: 0, truncated: false };
}

/// Sends 1 MiB and ends at once.
/// use: in this test.
capability push @1.0 {
  input {
    url  : url                              "Whom it is sent to.";
    port : string max 5 pattern "[0-9]+"    "The same once more.";
  }
  output {
    status : uint               "0: it is sent.";
    stderr : string max 64KiB   "What went wrong.";
    truncated : bool            "There is more.";
  }
  error Missing "Nothing of the program's own: see status." recover stop "Look at stderr.";
  effect connects(url);
  limits { memory 64MiB; cpu 10s; wall 1m; pids 8; files 64; output 256KiB; }
  handler command "@stray@" sha256 "@sha256:@python@@" argv [ "-I", "-c", "@push@", port ];
  example "a MiB" { url: "https://public.test:444/", port: "444" } -> { status: 0, truncated: false };
}

/// Gets a page in the background.
/// use: in this test.
capability later @1.0 {
  input {
    url : url "Of the page.";
  }
  output {
    run    : uint           "The run.";
    status : optional uint  "0: it came.";
  }
  error Missing "Nothing of the program's own: see status." recover stop "Look at its output.";
  effect connects(url);
  limits { memory 64MiB; cpu 10s; wall 1m; pids 8; files 64; output 256KiB; }
  handler command "/usr/bin/curl" sha256 "@sha256:/usr/bin/curl@" argv [ "-s", "-S", "--", url ] background;
  example "a page" { url: "https://public.test/" } -> { };
}

/// Says a word.
/// use: in this test.
capability show @1.0 {
  input {
    text : string max 100 pattern "[a-z]*"  "It.";
  }
  output {
    status : uint               "0: it is said.";
    stdout : string max 64KiB   "It.";
    truncated : bool            "There is more.";
  }
  error Missing "Nothing of the program's own: see status." recover stop "Look at it.";
  effect none;
  limits { memory 64MiB; cpu 10s; wall 1m; pids 8; files 64; output 256KiB; }
  handler command "/usr/bin/echo" sha256 "@sha256:/usr/bin/echo@" argv [ text ];
  example "a word" { text: "hello" } -> { status: 0, truncated: false };
}
X
# What kruxc knows of an interpreter's options it does not know of a program of another name.
python=$(readlink -f /usr/bin/python3)
cp "$python" "$dir/stray"
code="import sys,socket,ssl; end=chr(13)+chr(10); s=socket.create_connection(('127.0.0.1',3128)); \
s.sendall(('CONNECT '+sys.argv[1]+' HTTP/1.1'+end+end).encode()); r=s.recv(4096).decode().split(end); print(r[0],r[-1]); \
' 200 ' in r[0] or sys.exit(1); c=ssl._create_unverified_context(); c.check_hostname=False; \
s=c.wrap_socket(s,server_hostname=None if sys.argv[2]=='none' else sys.argv[2]); \
s.sendall(('GET / HTTP/1.1'+end+end).encode()); print(s.recv(4096).decode()[-5:])"
push="import os,sys,socket,ssl; end=chr(13)+chr(10); s=socket.create_connection(('127.0.0.1',3128)); \
s.sendall(('CONNECT public.test:'+sys.argv[1]+' HTTP/1.1'+end+end).encode()); s.recv(4096); \
c=ssl._create_unverified_context(); s=c.wrap_socket(s,server_hostname='public.test'); s.sendall(bytes(1048576)); os._exit(0)"
turn="import sys,socket; end=chr(13)+chr(10); u=sys.argv[1]; s=socket.create_connection(('127.0.0.1',3128)); \
s.sendall(('GET '+u+' HTTP/1.1'+end+'Host: '+u.split('/')[2]+end+end).encode()); d=b''.join(iter(lambda: s.recv(4096), b'')); \
t=d.decode().split(end); print(t[0].split(' ',1)[1],t[-1])"
sed -i "s|@stray@|$dir/stray|; s|@python@|$python|; s|@code@|$code|; s|@push@|$push|; s|@turn@|$turn|" "$dir/web.in"
sh "$top/examples/commands/pin.sh" "$dir/web.in" > "$dir/in/web.cap"
cp "$top/stdlib-caps/process/process.cap" "$dir/in/"
cat > "$dir/in/p.yaml" <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - { id: words, on: [ web.show, process.status, process.output ], verdict: autonomous }
  - { id: pages, on: [ web.get, web.later, web.push, web.stray, web.turn ], when: 'url.host != "blocked.test"', verdict: autonomous }
default: blocked
X
"$C" build "$dir/in" -o "$dir/b" > "$dir/out" 2>&1 || bad "build" "$(cat "$dir/out")"
"$R" init --state "$dir/s" > "$dir/out" 2>&1 || bad "init" "$(cat "$dir/out")"
w=$dir/s/workspaces/builder
mkdir -p "$w"
chown -R 60871:60871 "$w"
came() { cat "$dir/there" "$dir/plain" "$dir/own" | grep -c came; }
come_to() { [ "$(grep -c took "$dir/takes")" = "$1" ]; }

# ---- what was decided is reached ----
call web.get '{"url":"https://public.test/"}'
says "a page by curl" '"status":0,"stdout":"hello"'
has "its server was asked for by its name" "$dir/there" "name public.test"
"$R" audit query --state "$dir/s" --format json > "$dir/records" 2> /dev/null
has "bytes are in the record" "$dir/records" '["public.test",443,1,0,'
has "and that the packet filter was on" "$dir/records" '"nftables"'
stray() { call web.stray "{\"url\":\"$1\",\"ask\":\"$2\",\"name\":\"$3\"}"; }
stray https://public.test/ public.test:443 public.test
says "by what speaks to the relay itself" 'Connection established \nhello'
stray https://public.test/ Public.Test.:443 PUBLIC.test
says "by its name in other letters" 'Connection established \nhello'
stray https://9.9.9.9/ 9.9.9.9:443 none
says "by its address, which no server name stands for" 'Connection established \nhello'
call web.get '{"url":"http://public.test/"}'
says "a page without TLS, where that was decided" '"status":0,"stdout":"hello"'
has "its server was asked as if by nobody else" "$dir/plain" "line GET / HTTP/1.1"
has "and for no more" "$dir/plain" "line Connection: close"
is "of the relay it was told nothing" "$(grep -ci 'line proxy' "$dir/plain")" 0
"$R" audit query --state "$dir/s" --format json > "$dir/records" 2> /dev/null
has "its bytes are in the record" "$dir/records" '["public.test",80,1,0,'
call web.turn '{"url":"http://public.test/","ask":"http://public.test/a?b"}'
says "by what speaks to the relay itself" '200 OK hello'
before=$(came)

# ---- and nothing else ----
stray https://public.test/ other.test:443 other.test
says "another host" '403 Forbidden krux: this call may not connect to other.test, port 443.'
stray https://public.test/ public.test:80 public.test
says "another port" '403 Forbidden krux: this call may not connect to public.test, port 80.'
stray https://public.test/ 9.9.9.9:443 public.test
says "its own host by the address" '403 Forbidden krux: this call may not connect to 9.9.9.9, port 443.'
stray https://public.test/ 127.0.0.1:3128 public.test
says "the relay's own address" '403 Forbidden krux: this call may not connect to 127.0.0.1, port 3128.'
call web.turn '{"url":"https://public.test/","ask":"http://public.test/"}'
says "a page without TLS, where https was decided" '403 Forbidden krux: this call may not connect to public.test, port 80.'
call web.turn '{"url":"https://public.test/","ask":"http://public.test:443/"}'
says "nor at its port" '403 Forbidden krux: this call may not speak to public.test, port 443, without TLS: use https.'
call web.turn '{"url":"http://public.test/","ask":"http://other.test/"}'
says "nor another host" '403 Forbidden krux: this call may not connect to other.test, port 80.'
call web.get '{"url":"https://private.test/"}'
has "a name of a private address" "$dir/out" '403'
call web.get '{"url":"https://nobody.test/"}'
has "a name that nobody has" "$dir/out" '502'
call web.get '{"url":"https://blocked.test/"}'
has "what the policy blocks" "$dir/out" '"verdict":"blocked"'
is "nobody has come" "$(came)" "$before"
grep -c name "$dir/there" > "$dir/before"
stray https://public.test/ public.test:443 other.test
says "another's server name" 'UNRECOGNIZED_NAME'
stray https://public.test/ public.test:443 none
says "no server name" 'UNRECOGNIZED_NAME'
is "nobody was asked for" "$(grep -c name "$dir/there")" "$(cat "$dir/before")"
"$R" audit verify --state "$dir/s" > "$dir/out" 2>&1
is "the log verifies" $? 0

# ---- what was sent arrives, also of a program that does not wait for it ----
for round in 1 2 3; do
	call web.push '{"url":"https://public.test:444/","port":"444"}'
	says "a MiB is sent, round $round" '"status":0'
	soon come_to $round
	is "and has come, round $round" "$(sed -n 's/^took //p' "$dir/takes" | tail -1)" 1048576
	"$R" audit query --state "$dir/s" --format json 2> /dev/null | grep -o '\["public.test",444,1,0,[0-9]*' | tail -1 > "$dir/sent"
	[ "$(sed 's/.*,//' "$dir/sent")" -gt 1048576 ] && good "and is counted, round $round" || bad "and is counted, round $round" "$(cat "$dir/sent")"
done
began=$(date +%s)
call web.push '{"url":"https://public.test:445/","port":"445"}'
says "to a host that reads nothing too" '"status":0'
took=$(($(date +%s) - began))
[ $took -ge 4 ] && [ $took -le 30 ] && good "which is waited for no longer" || bad "which is waited for no longer" "$took s"

# ---- in the daemon, whose children wait: as root, and as an ordinary user ----
mkdir "$dir/bin"
for p in kruxrt krux-egress krux-gate krux-recorder krux-spawner krux-handler krux-web krux-ctl krux-call krux-audit; do
	cp "$(dirname "$R")/$p" "$dir/bin/"
done
chmod -R a+rX "$dir"
whole() { # who, prefix of commands
	who=$1 as=$2
	w=$dir/$who s=$dir/$who/state
	mkdir "$w"
	[ -z "$as" ] || chown 60872:60872 "$w"
	cp "$dir/b/bundle.krux" "$w/bundle.krux"
	chmod 644 "$w/bundle.krux"
	exits "init" 0 $as "$dir/bin/kruxrt" init --state "$s"
	$as "$dir/bin/kruxrt" agents add one --token --state "$s" --operator "$s/keys/operator.key" --bundle "$w/bundle.krux" > "$dir/added" 2>&1
	(umask 077 && grep -o 'krux-token-[0-9a-f]*' "$dir/added" > "$w/token")
	[ -z "$as" ] || chown 60872:60872 "$w/token"
	[ -n "$as" ] || chown -R 60871:60871 "$s/workspaces/one"
	$as "$dir/bin/kruxrt" serve --state "$s" --bundle "$w/bundle.krux" --dev --allow-missing cgroup --socket "$w/a" \
		--supervisor "$w/s" > "$w/log" 2>&1 < /dev/null &
	daemon=$!
	soon grep -qs "generation 1 serves" "$w/log" || bad "the daemon" "$(cat "$w/log")"
	ask() { $as "$dir/bin/kruxrt" call "$@" --as one --token-file "$w/token" --socket "$w/a" --json; }
	# Three rounds of four at a time: each is its own call's, whichever child it gets.
	for round in 1 2 3; do
		calls=''
		ask web.get '{"url":"https://public.test/"}' > "$dir/1" 2>&1 & calls="$calls $!"
		ask web.stray '{"url":"https://public.test/","ask":"public.test:443","name":"public.test"}' > "$dir/2" 2>&1 & calls="$calls $!"
		ask web.stray '{"url":"https://9.9.9.9/","ask":"9.9.9.9:443","name":"none"}' > "$dir/3" 2>&1 & calls="$calls $!"
		ask web.stray '{"url":"https://9.9.9.9/","ask":"public.test:443","name":"public.test"}' > "$dir/4" 2>&1 & calls="$calls $!"
		wait $calls
		for n in 1 2 3; do has "round $round, call $n" "$dir/$n" 'hello'; done
		has "round $round, the host of another call" "$dir/4" '403 Forbidden krux: this call may not connect to public.test'
	done
	# In the background it reaches the same, and what it sent and got is in its outcome.
	ask web.later '{"url":"https://public.test/"}' > "$dir/1" 2>&1
	run=$(sed -n 's/.*"output":{"run":\([0-9]*\)[,}].*/\1/p' "$dir/1")
	over() { ask process.status "{\"run\":${run:-0}}" > "$dir/2" 2>&1; grep -q '"state":"ended"' "$dir/2"; }
	soon over || bad "in the background" "$(cat "$dir/1" "$dir/2")"
	has "in the background" "$dir/2" '"end":"done"'
	has "its status" "$dir/2" '"status":0'
	ask process.output "{\"run\":${run:-0}}" > "$dir/3" 2>&1
	has "its page" "$dir/3" '"text":"hello'
	$as "$dir/bin/kruxrt" audit query --state "$s" --capability web.later --format json > "$dir/4" 2>&1
	has "its bytes" "$dir/4" '["public.test",443,1,0,'
	kill "$daemon"
	wait "$daemon"
	# Where there are no rules to be had it is refused, also by children that wait, and nothing else is.
	python3 "$top/tests/extra/without_netlink.py" $as "$dir/bin/kruxrt" serve --state "$s" --bundle "$w/bundle.krux" --dev \
		--allow-missing cgroup --socket "$w/a" --supervisor "$w/s" > "$w/log2" 2>&1 < /dev/null &
	daemon=$!
	soon grep -qs "generation 1 serves" "$w/log2" || bad "the daemon without nftables" "$(cat "$w/log2")"
	for round in 1 2 3 4; do
		ask web.get '{"url":"https://public.test/"}' > "$dir/1" 2>&1
		has "without nftables, round $round" "$dir/1" 'put on nftables: Protocol not supported'
	done
	ask web.show '{"text":"hello"}' > "$dir/1" 2>&1
	has "without nftables, what does not connect" "$dir/1" '"stdout":"hello'
	kill "$daemon"
	wait "$daemon"
	daemon=''
	who=''
}
whole root ""
whole user "setpriv --reuid 60872 --regid 60872 --clear-groups"
echo "$passed passed, $failed failed"
