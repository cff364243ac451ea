# A log's requests under the sources that decided them, and under others.
cd "$TMP" || exit 3
s=$TMP/s
caps=$top/stdlib-caps
"$KRUXRT" init --state "$s" > /dev/null || exit 1
cat > p.yaml <<'X'
krux: policy/1
name: team
layer: organization
default: blocked
rules:
  - id: ping
    on: system.ping
    verdict: autonomous
    rate: { max: 3, per: 1h, exceeded: blocked }
  - id: info
    on: system.info
    verdict: notify
X
"$KRUXC" build p.yaml -I "$caps" -o b > /dev/null 2>&1 || exit 1
# Which numbers records have depends on what the kernel lacks.
replay() {
	"$KRUXC" replay "$@" -I "$caps" > out
	code=$?
	sed -e 's/first record [0-9]*/first record N/' -e 's/"first":[0-9]*/"first":N/g' out
	return $code
}
call() { "$KRUXRT" call "$1" "$2" --as "$3" --state "$s" --bundle b/bundle.krux --dev > /dev/null 2>&1; }
for i in 1 2 3 4; do call system.ping '{}' builder; done
call system.info '{}' builder
call system.time '{}' other
replay p.yaml "$s"; echo "the same sources: exit $?"
replay p.yaml "$s/log" > /dev/null; echo "the folder of the log: exit $?"
replay p.yaml "$s/log/00000000.seg" --json; echo "a segment: exit $?"
# One more is let through, another asks for approval; what would be new is not.
sed 's/max: 3/max: 4/; s/verdict: notify/verdict: approval-required/' p.yaml > other.yaml
replay other.yaml "$s"; echo "others: exit $?"
replay other.yaml "$s" --json
# The record holds no answer for another window.
sed 's/per: 1h/per: 2h/' p.yaml > window.yaml
replay window.yaml "$s"; echo "another window: exit $?"
# No log, a log with a changed end, no file.
replay p.yaml p.yaml; echo "no log: exit $?"
{ cat "$s/log/00000000.seg" | head -c 2000; echo nonsense; } > part.seg
replay p.yaml part.seg > /dev/null 2>&1; echo "a cut one: exit $?"
replay p.yaml nowhere; echo "nowhere: exit $?"
# The daemon has begun a segment, and not yet written to it.
head -c 65536 /dev/zero > "$s/log/00000001.seg"
replay p.yaml "$s" > /dev/null; echo "one with no record yet: exit $?"
# The time is that of the sources' own zone: half a day on it is before noon instead of after it, or the other way round.
s=$TMP/clock
"$KRUXRT" init --state "$s" > /dev/null || exit 1
cat > p.yaml <<'Y'
krux: policy/1
name: team
layer: organization
zone: UTC
default: blocked
rules:
  - id: morning
    on: system.ping
    when: time in 00:00..12:00
    verdict: autonomous
  - id: later
    on: system.ping
    verdict: notify
Y
"$KRUXC" build p.yaml -I "$caps" -o b > /dev/null 2>&1 || exit 1
call system.ping '{}' builder
replay p.yaml "$s"; echo "the same zone: exit $?"
sed 's,UTC,Africa/Abidjan,' p.yaml > same.yaml
replay same.yaml "$s"; echo "another of the same time: exit $?"
sed 's,UTC,Etc/GMT-12,' p.yaml > half.yaml
replay half.yaml "$s" | tail -1
# What holds no record is no log.
: > empty; mkdir -p none/log && : > none/log/00000000.seg
for l in empty none; do replay p.yaml $l 2>&1; echo "empty: exit $?"; done
