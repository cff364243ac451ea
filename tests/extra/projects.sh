#!/bin/sh
# The commands of examples/commands that run what lies in a workspace: projects in C, Python and JavaScript are built and
# tested by calls of an agent, and a makefile that tries what it should not is stopped, and the answer says so.
. "$top/tests/extra/outside.inc"
cd "$dir" || exit 3
mkdir caps
languages='c python'
if [ -x /usr/bin/node ]; then
	languages="$languages node"
else
	echo "NOT TRIED: /usr/bin/node is not here; the commands for JavaScript were compiled and not run"
	sed "s/@sha256:[^@]*@/$(printf %064d 0)/" "$top/examples/commands/node.cap.in" > caps/node.cap
fi
for n in $languages; do
	sh "$top/examples/commands/pin.sh" "$top/examples/commands/$n.cap.in" > caps/$n.cap
done
for n in caps/*.cap; do
	"$C" fmt $n | cmp -s - $n && good "$n is written as fmt writes it" || bad "$n" "fmt would write it in another way"
done
cat > p.yaml <<'END2'
krux: policy/1
name: p
layer: organization
rules:
  - id: no-docs
    on: c.make
    when: any(creates, it under "/workspace/docs")
    verdict: blocked
  - id: projects
    on: "*"
    label: runs-workspace-code
    up-to: deletes
    verdict: autonomous
default: blocked
END2
"$C" keygen k > log
exits "they are built" 0 "$C" build p.yaml -I caps -o b --key k.key
"$R" init --state s > log
cp k.pub s/trust/bundles/
w=$dir/s/workspaces/builder
mkdir -p "$w/src" "$w/py" "$w/docs" "$dir/home/.ssh"
echo 'a key that nobody reads' > "$dir/home/.ssh/id_ed25519"
chmod -R a+rX "$dir/home"

# ---- the projects ----

cat > "$w/Makefile" <<'END2'
all: sum
sum: main.o sum.o
	cc -o $@ $^
%.o: src/%.c
	cc -O2 -Wall -c -o $@ $<
test: sum
	test "$$(./sum 2 3)" = 5 && echo passed
	echo notes > docs/notes
clean:
	rm -f sum *.o
END2
cat > "$w/src/sum.c" <<'END2'
int sum(int a, int b);

int sum(int a, int b)
{
	return a + b;
}
END2
cat > "$w/src/main.c" <<'END2'
#include <stdio.h>
#include <stdlib.h>

int sum(int a, int b);

int main(int argc, char **argv)
{
	printf("%d\n", argc > 2 ? sum(atoi(argv[1]), atoi(argv[2])) : 0);
	return 0;
}
END2
cat > "$w/py/words.py" <<'END2'
def count(text):
    return len(text.split())
END2
cat > "$w/py/test_words.py" <<'END2'
import unittest
import words


class Words(unittest.TestCase):
    def test_two(self):
        self.assertEqual(words.count("two words"), 2)
END2
cat > "$w/test.js" <<'END2'
const test = require("node:test");
const assert = require("node:assert");
const { count } = require("./words.js");

test("two words", () => assert.strictEqual(count("two words"), 2));
END2
cat > "$w/words.js" <<'END2'
exports.count = (text) => text.split(" ").length;
END2
own() { [ "$(id -u)" != 0 ] || chown -R 60871:60871 "$w"; }
own
call() { "$R" call "$@" --as builder --state s --bundle b/bundle.krux; }

exits "a C project is built and tested" 0 call c.make '{"target":"test"}'
says "its program ran" 'passed'
says "what was built is there" '"/workspace/sum"'
says "what the policy refuses is not" '{"path":"/workspace/docs/notes","why":"The call may not create it."}'
is "a program" "$("$w/sum" 2 3)" 5
is "and no notes" "$(ls "$w/docs")" ""
exits "one file is looked at" 0 call c.check '{"source":"/workspace/src/main.c"}'
says "and compiles" '"status":0'
exits "it is cleaned" 0 call c.make '{"target":"clean"}'
is "the program is gone" "$(ls "$w" | tr '\n' ' ')" "Makefile docs py src test.js words.js "
exits "no other target" 2 call c.make '{"target":"install"}'
exits "what goes on in the background takes a daemon that stays" 1 call c.soak '{}'
says "which is said" 'needs a daemon that stays'
exits "no folder above" 1 call c.make '{"folder":"/"}'
exits "a Python project is tested" 0 call python.unittest '{"folder":"/workspace/py"}'
says "its tests ran" 'Ran 1 test'
says "and passed" '"status":0'
exits "with pytest" 0 call python.pytest '{"folder":"/workspace/py"}'
if /usr/bin/python3 -c 'import pytest' 2> /dev/null; then
	says "its tests pass too" '1 passed'
else
	echo "NOT TRIED: pytest is not here for /usr/bin/python3; what was answered is that"
	says "which is not here" 'No module named pytest'
fi
if [ -x /usr/bin/node ]; then
	exits "a JavaScript project is tested" 0 call node.test '{}'
	says "its tests passed" 'pass 1'
	says "all of them" '"status":0'
fi

# ---- a makefile that is up to something ----

mkdir -p "$w/.git/hooks"
cat > "$w/Makefile" <<END2
all: hooks network key bomb
hooks:
	echo 'touch /tmp/mine' > .git/hooks/pre-commit
	mkdir -p lib/.git && echo 'touch /tmp/mine' > lib/.git/config
network:
	-bash -c 'exec 3<> /dev/tcp/127.0.0.1/22'
	-bash -c 'exec 3<> /dev/tcp/192.0.2.1/80'
key:
	-cat $dir/home/.ssh/id_ed25519
	-cat ~/.ssh/*
	-cat /root/.ssh/authorized_keys
bomb:
	-f() { f | f & }; f; for i in 1 2 3 4 5 6 7 8; do /bin/true; done
	-for i in \$\$(seq 200); do sleep 9 & done
test:
	echo 'int main(void) { return 7; }' > src/main.c
	echo twice > .bashrc
	ln -s / all
clean:
	kill -9 -1; kill -9 1; cat /proc/1/environ; echo still here > src/here
END2
own
exits "it is run" 0 call c.make '{"jobs":1}'
says "no hook" '{"path":"/workspace/.git/hooks/pre-commit","why":"/workspace/.git/hooks/pre-commit: programs outside the sandbox run'
says "in no other repository either" '{"path":"/workspace/lib/.git",'
is "none is there" "$(ls -A "$w/.git/hooks" "$w/lib")" "$(printf '%s:\n\n%s:' "$w/.git/hooks" "$w/lib")"
says "no connection" '/dev/tcp/192.0.2.1/80:'
says "no key" 'home/.ssh/id_ed25519: No such file or directory'
if grep -q 'that nobody reads' both; then bad "nothing of it" "$(cat both)"; else good "nothing of it"; fi
says "no more processes than it may have" 'fork'
exits "it is run again" 0 call c.make '{"target":"test","output":"/workspace/build"}'
says "what it was not to change" '{"path":"/workspace/src/main.c","why":"The call may not write it."}'
says "what runs by itself" '"/workspace/.bashrc"'
says "a link" 'A symbolic link'
has "the source is as it was" "$w/src/main.c" 'atoi'
exits "it ends itself, and not what started it" 1 call c.make '{"target":"clean"}'
says "by a signal" '"why":"signal 9"'
is "then nothing has changed" "$(ls "$w/src")" "$(printf 'main.c\nsum.c')"
"$R" audit verify --state s > log 2>&1 && good "the log holds" || bad "the log holds" "$(cat log)"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
