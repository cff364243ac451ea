/* Capabilities of every type, and policies that ask for each of their parts and for each kind of fact. */
#ifndef KRUX_DEMO_H
#define KRUX_DEMO_H

#define TAIL \
	"  output { ok : bool; }\n  error Failed \"It failed.\" recover stop \"Give up.\";\n" \
	"  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 1; output 1KiB; }\n  handler builtin \"demo\";\n"
#define DOC "/// Acts.\n/// use: in tests.\n"

static const char caps[] =
	"namespace demo \"An example.\";\n"
	"type Color = enum { red, green, blue };\n"
	"type Item = record { file : path unused \"F\"; note : optional string max 20 \"N\"; tags : list<string max 8> max 4 \"T\"; };\n"
	DOC "capability read @1.0 {\n  input {\n    path : path \"P\";\n    size : uint 0..16MiB = 1KiB \"S\";\n"
	"    color : Color = red \"C\";\n    note : optional string max 40 \"N\";\n  }\n  effect reads(path);\n" TAIL
	"  example \"e\" { path: \"/workspace/a\" } -> { ok: true };\n}\n"
	DOC "capability read @1.1 {\n  input { path : path \"P\"; default : bool = false \"D\"; has_note : uint = 0 \"H\";\n"
	"    note : optional int -100..100 \"N\"; }\n  effect reads(path);\n" TAIL
	"  example \"e\" { path: \"/workspace/a\" } -> { ok: true };\n}\n"
	DOC "capability send @1.0 {\n  input {\n    to : url \"U\";\n    address : optional ip \"A\";\n"
	"    price : decimal 2 -10..10 = 0 \"P\";\n    at : optional datetime \"A\";\n    wait : duration = 1s \"W\";\n"
	"    sum : optional digest \"D\";\n    raw : bytes max 64 = \"\" \"R\";\n    net : optional cidr \"N\";\n"
	"    key : optional secret \"K\";\n    name : string max 30 pattern \"[a-z.]*\" = \"\" \"N\";\n  }\n"
	"  effect connects(to);\n" TAIL "  example \"e\" { to: \"https://example.com/\" } -> { ok: true };\n}\n"
	DOC "capability move @2.3 {\n  input {\n    items : list<Item> max 5 \"I\";\n    paths : list<path> max 6 \"P\";\n"
	"    extra : map<string, uint> max 3 \"E\";\n  }\n  effect writes(paths);\n" TAIL
	"  example \"e\" { items: [], paths: [], extra: {} } -> { ok: true };\n}\n"
	DOC "capability none @1.0 {\n  input { }\n  effect none;\n" TAIL "  example \"e\" {} -> { ok: true };\n}\n";

static const char plain[] =
	"krux: policy/1\nname: plain\nlayer: organization\nrules:\n"
	"  - id: secret\n    on: demo.read\n    when: path matches \"**/.git/**\" or path under \"/workspace/secret\"\n"
	"    verdict: blocked\n    reason: Nobody \"needs\" */ this\n"
	"  - id: big\n    on: demo.read@1.0\n    when: size > 10KiB or color in [ green ]\n    verdict: approval-required\n"
	"    approval: { ttl: 2h, from: [ ops, lead ], quorum: 2 }\n"
	"  - id: note\n    on: demo.read@1.0\n    when: has note and (note contains \"abc\" or note like \"x(yz)*\" or "
	"note ends with \"é\")\n    verdict: notify\n"
	"  - id: home\n    on: demo.read\n    when: path under \"/workspace/é/home\" or path like \"/workspace/[a-c]+x?\" or "
	"path matches \"/workspace/*/lib/?.c\"\n    verdict: autonomous\n"
	"  - id: night\n    on: demo.read\n    when: path under \"/workspace\" and time in 22:00..06:00 and weekday in mon..fri\n"
	"    verdict: notify\n"
	"  - id: calls\n    on: demo.read\n    when: path under \"/workspace\" and workspace.calls(demo.read) < 5 and "
	"not workspace has \"seen\"\n    verdict: autonomous\n"
	"  - id: rated\n    on: demo.send\n    when: to.host under \"example.com\" and to.scheme == https\n    verdict: autonomous\n"
	"    rate: { max: 3, per: 1h, exceeded: approval-required }\n"
	"  - id: cheap\n    on: demo.send\n    when: price <= 2.50 and price > -3 and wait < 2m and "
	"(not has address or address in 10.0.0.0/8)\n    verdict: notify\n"
	"    budget: { sum: size(raw), max: 20, per: 1d, exceeded: blocked }\n"
	"  - id: bits\n    on: demo.send\n    when: name starts with \"ab\" or has sum and "
	"sum == \"0000000000000000000000000000000000000000000000000000000000000000\" or has key and key == \"key\"\n"
	"    verdict: autonomous\n"
	"  - id: lists\n    on: demo.move\n    when: any(paths, it under \"/etc\") or any(items, it.file under \"/workspace/x\" "
	"and any(it.tags, it == \"x\"))\n    verdict: blocked\n"
	"  - id: sizes\n    on: demo.move\n    when: size(paths) > 2 or size(extra) == 1\n    verdict: notify\n"
	"  - id: all\n    on: demo.move\n    when: size(items) > 0 and all(items, has it.note and it.note != \"no\")\n"
	"    verdict: autonomous\n"
	"  - id: agents\n    on: demo.none\n    agent: [ \"ci-*\", root ]\n    verdict: autonomous\n"
	"default: blocked\n";

static const char watched[] =
	"krux: policy/1\nname: watched\nlayer: agent\nagents: [ \"ci-*\" ]\nmode: observe\nrules:\n"
	"  - id: strict\n    on: demo.read\n    when: path ends with \".c\"\n    verdict: blocked\ndefault: notify\n";

static const char trial[] =
	"krux: policy/1\nname: trial\nlayer: system\nrules:\n"
	"  - id: try\n    on: demo.read\n    when: path matches \"**/x\"\n    verdict: blocked\n    mode: observe\n";

static const char *const policies[] = { plain, watched, trial };

#endif
