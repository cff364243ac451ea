# Egress from outside, in two network namespaces with a name server and servers of the test's own: what a call reaches,
# and that what is private, this machine's or elsewhere than decided is never connected to.
. "$top/tests/extra/networks.inc"
ip address add 169.254.169.254/32 dev lo
server names here names
server own here 8000 9.9.9.1 127.0.0.1 ::1 169.254.169.254
server there there 8000 9.9.9.9 10.1.1.1
they_listen 7
names_here

cat > "$dir/p.yaml" <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - id: named
    on: [ network.check_port, network.dns_lookup ]
    when: host != "blocked.test" and port == 8000
    verdict: autonomous
  - id: web
    on: network.fetch
    when: url.host != "blocked.test" and url.port == 8000
    verdict: autonomous
default: blocked
X
"$C" build "$dir/p.yaml" -I "$top/stdlib-caps" -o "$dir/b" > "$dir/out" 2>&1 || bad "build" "$(cat "$dir/out")"
"$R" init --state "$dir/s" > "$dir/out" 2>&1 || bad "init" "$(cat "$dir/out")"
came() { cat "$dir/own" "$dir/there" | grep -c came; }

# ---- what may be reached is ----
call network.dns_lookup '{"host":"public.test","port":8000}'
says "a public name" '"addresses":["9.9.9.9"],"refused":0'
call network.check_port '{"host":"public.test","port":8000}'
says "its port" '"state":"open","address":"9.9.9.9"'
call network.fetch '{"url":"http://public.test:8000/"}'
says "its page" '"content":"hello"'
call network.fetch '{"url":"http://9.9.9.9:8000/"}'
says "by its address" '"content":"hello"'
call network.dns_lookup '{"host":"mixed.test","port":8000}'
says "of a name with a private address the other" '"addresses":["9.9.9.9"],"refused":1'
call network.dns_lookup '{"host":"nobody.test","port":8000}'
says "a name that nobody has" '"name":"NotFound"'
is "so many connections" "$(came)" 3
"$R" audit query --state "$dir/s" --format json > "$dir/records" 2> /dev/null
has "bytes are in the record" "$dir/records" '["public.test",8000,1,0,'
"$R" audit export --state "$dir/s" --format ocsf > "$dir/events" 2> /dev/null
has "and in the event" "$dir/events" '"network":[{"host":"public.test","port":8000,"connections":1,"refused":0,"sent":'
"$R" audit verify --state "$dir/s" > "$dir/out" 2>&1
is "the log verifies" $? 0

# ---- nothing else is, whatever leads there ----
for host in private metadata own here six zero mapped nat64 teredo 6to4 local unique alias; do
	call network.fetch "{\"url\":\"http://$host.test:8000/\"}"
	says "$host.test" '"name":"Refused"'
done
for host in 10.1.1.1 127.0.0.1 127.9.9.9 169.254.169.254 9.9.9.1 0.0.0.0 255.255.255.255 224.0.0.1 '[::1]' '[::ffff:10.1.1.1]' \
	'[64:ff9b::a01:101]' '[2002:a01:101::1]' '[fe80::1]' '[fd00::1]' '[ff02::1]'; do
	call network.fetch "{\"url\":\"http://$host:8000/\"}"
	says "$host" '"name":"Refused"'
done
is "nobody has come" "$(came)" 3
# A name that leads inside from its second answer on.
call network.check_port '{"host":"turns.test","port":8000}'
says "a name that turns, at first" '"address":"9.9.9.9"'
call network.check_port '{"host":"turns.test","port":8000}'
says "and then" '"name":"Refused"'
is "nobody has come inside" "$(grep -c 'came 10' "$dir/there")" 0

# ---- the policy's word comes first, the operator's adds addresses and no hosts ----
call network.fetch '{"url":"http://blocked.test:8000/"}'
is "a host that the policy blocks" $? 1
has "is said" "$dir/out" '"verdict":"blocked"'
call network.fetch '{"url":"http://public.test:8001/"}'
has "a port that it blocks" "$dir/out" '"verdict":"blocked"'
call network.fetch '{"url":"http://private.test:8000/"}' --reach 10.1.1.0/24
says "a block that the operator names" '"content":"hello"'
call network.fetch '{"url":"http://metadata.test:8000/"}' --reach 10.1.1.0/24
says "is no other" '"name":"Refused"'
call network.fetch '{"url":"http://blocked.test:8000/"}' --reach 0.0.0.0/0
has "and no host" "$dir/out" '"verdict":"blocked"'
exits "what is no block" 2 "$R" call system.ping '{}' --as builder --state "$dir/s" --bundle "$dir/b/bundle.krux" --dev --reach 10.0.0.1/8
says "is said" "the bits after the prefix must be zero"

# ---- what the machine lacks is said, and connects nowhere ----
feature() { "$R" doctor 2>&1 | grep "^  $1 " > "$dir/row"; }
# After an answer of the same server it has said all that came before.
call network.fetch '{"url":"http://public.test:8000/"}'
came > "$dir/before"
: > "$dir/empty"
for f in $(sed -n 's/^CERTIFICATES("\(.*\)")/\1/p' "$top/capspec/certificates.def"); do
	[ ! -e "$f" ] || mount --bind "$dir/empty" "$(readlink -f "$f")"
done
feature egress.certificates
has "no certificates" "$dir/row" "connects  no: No"
call network.fetch '{"url":"https://public.test:8000/"}'
says "https is refused" '"name":"Untrusted"'
says "and why" "This machine has no certificates that it trusts: https is not asked for"
is "before anything is connected" "$(came)" "$(cat "$dir/before")"
call network.fetch '{"url":"http://public.test:8000/"}'
says "http is not" '"content":"hello"'
: > "$dir/resolv.conf"
feature egress.names
has "no name server" "$dir/row" "connects  no: No data available"
echo "$passed passed, $failed failed"
