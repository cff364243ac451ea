# Calls by way of the operator's proxy, from outside: a handler's and a program's, of what this machine finds and of what only
# the proxy does; the proxy is asked for what was decided and for nothing else.
. "$top/tests/extra/networks.inc"
certificate
server names here names
server there there tls 443 "$dir/both.pem" 9.9.9.9
server proxy there proxy 3128 10.1.1.1
they_listen 3
names_here
mkdir "$dir/in"
pages > "$dir/web.in"
sh "$top/examples/commands/pin.sh" "$dir/web.in" > "$dir/in/web.cap"
cat > "$dir/in/p.yaml" <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - { id: pages, on: [ web.get, network.fetch ], when: 'url.host != "blocked.test"', verdict: autonomous }
  - { id: ports, on: network.check_port, when: port == 443, verdict: autonomous }
default: blocked
X
"$C" build "$dir/in" -I "$top/stdlib-caps" -o "$dir/b" > "$dir/out" 2>&1 || bad "build" "$(cat "$dir/out")"
"$R" init --state "$dir/s" > "$dir/out" 2>&1 || bad "init" "$(cat "$dir/out")"
w=$dir/s/workspaces/builder
mkdir -p "$w"
chown -R 60871:60871 "$w"
by="--proxy http://10.1.1.1:3128"
asked() { sed -n 's/^asked //p' "$dir/proxy" | tail -1; }
count() { grep -c asked "$dir/proxy"; }

# ---- names that this machine finds: it is asked for addresses ----
call network.fetch '{"url":"https://public.test/"}' $by
says "a page" '"content":"hello"'
is "the proxy was asked for its address" "$(asked)" 9.9.9.9:443
"$R" audit query --state "$dir/s" --format json > "$dir/records" 2> /dev/null
has "the record says so" "$dir/records" ',"proxy"]]'
"$R" audit export --state "$dir/s" --format ocsf > "$dir/events" 2> /dev/null
has "and the event" "$dir/events" '"proxy":true'
call web.get '{"url":"https://public.test/"}' $by
says "a page by a program" '"status":0,"stdout":"hello"'
is "both have come through it" "$(grep -c came "$dir/there") $(count)" "2 2"
call network.check_port '{"host":"public.test","port":443}' $by
says "a port" '"state":"open","address":"9.9.9.9"'
call network.fetch '{"url":"https://public.test:444/"}' $by
says "a port that nobody has" '"name":"NoConnection"'
before=$(count)
for host in private.test 10.1.1.1 127.0.0.1 169.254.169.254 9.9.9.1; do
	call network.fetch "{\"url\":\"https://$host/\"}" $by
	says "$host" '"name":"Refused"'
done
call network.fetch '{"url":"https://10.1.1.1:3128/"}' $by
says "the proxy itself" '"name":"Refused"'
call network.fetch '{"url":"https://away.test/"}' $by
says "a name that only the proxy finds" '"name":"NotFound"'
call network.fetch '{"url":"https://blocked.test/"}' $by
has "what the policy blocks" "$dir/out" '"verdict":"blocked"'
is "it was not asked" "$(count)" "$before"
call network.fetch '{"url":"https://10.1.1.1/"}' $by --reach 10.1.1.0/24
says "what the operator names, and the proxy refuses" "The operator's proxy does not connect to 10.1.1.1."
is "it was asked for that" "$(asked)" 10.1.1.1:443

# ---- names that it finds itself ----
call network.fetch '{"url":"https://away.test/"}' $by --proxy-names
says "a name that only the proxy finds" '"content":"hello"'
is "it was asked by the name" "$(asked)" away.test:443
call web.get '{"url":"https://away.test/"}' $by --proxy-names
says "by a program" '"status":0,"stdout":"hello"'
call network.check_port '{"host":"away.test","port":443}' $by --proxy-names
says "a port of it, whose address nobody here knows" '"state":"open","took_us"'
before=$(count)
for host in 10.1.1.1 127.0.0.1 localhost a.localhost localhost.localdomain ip6-localhost; do
	call network.fetch "{\"url\":\"https://$host/\"}" $by --proxy-names
	is "$host" "$(grep -c '"content"' "$dir/out")" 0
done
is "is not asked for" "$(count)" "$before"

# ---- what is no proxy ----
call network.fetch '{"url":"https://public.test/"}' --proxy http://10.1.1.1:9
says "nobody there" "The operator's proxy does not answer."
call web.get '{"url":"https://public.test/"}' --proxy http://10.1.1.1:9
says "for a program" "502"
call network.fetch '{"url":"https://public.test/"}' --proxy http://nobody.test:3128
says "no such host" "The operator's proxy does not answer."
call network.fetch '{"url":"https://public.test/"}' --proxy http://9.9.9.9:443
says "a server of something else" "The operator's proxy does not answer."
exits "a password" 2 "$R" call system.ping '{}' --as builder --state "$dir/s" --bundle "$dir/b/bundle.krux" --dev \
	--proxy http://me:secret@10.1.1.1:3128
says "is not taken" "a proxy that asks for a name and a password is not spoken to"
exits "names without a proxy" 2 "$R" serve --state "$dir/s" --bundle "$dir/b/bundle.krux" --dev --proxy-names
says "are told to nobody" "--proxy-names goes with --proxy"
"$R" audit verify --state "$dir/s" > "$dir/out" 2>&1
is "the log verifies" $? 0
echo "$passed passed, $failed failed"
