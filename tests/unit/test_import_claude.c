/* Import of settings: what they deny or ask in ways that are not understood, within their permissions and beside them. */
#include <check.h>
#include <string.h>

#include "compiler/read/import_draft.h"
#include "tests/unit/reading.h"

#define WRITES "on: \"*\"\n    when: any(writes, true) or any(creates, true) or any(deletes, true)\n    verdict: "
#define READS "on: \"*\"\n    when: any(reads, true) or any(lists, true)\n    verdict: "
#define LONG63 "a12345678901234567890123456789012345678901234567890123456789012"
#define ALL "  - id: deny.everything\n    on: \"*\"\n    verdict: blocked"
#define WEB "on: \"*\"\n    when: any(connects, "
#define PROGRAMS(verdict) "on: \"*\"\n    when: any(executes, true)\n    verdict: " verdict

/* Settings that deny or ask what is not understood, and what is allowed no further than it was. */
static const struct { const char *permissions, *rule; } doubted[] = {
	{ "'deny': [ 'Edit(!x)' ]", WRITES "blocked" },
	{ "'ask': [ 'Edit(!x)' ]", WRITES "approval-required" },
	{ "'deny': [ 'Edit(#x)' ]", WRITES "blocked" },
	{ "'deny': [ 'Edit()' ]", WRITES "blocked" },
	{ "'deny': [ 'edit' ]", WRITES "blocked" },
	{ "'deny': [ 'Edit (x)' ]", "any(writes, it matches \"/workspace/**/x/**\")" },
	{ "'deny': [ 'Read(x' ]", READS "blocked" },
	{ "'deny': [ 'Read(x)y' ]", ALL },
	{ "'deny': [ 'Edit(/c), Edit(/d)' ]", ALL },
	{ "'ask': [ 'Read(/a),Edit(/b)' ]", "  - id: ask.everything\n    on: \"*\"\n    verdict: approval-required" },
	{ "'deny': [ 'Read(/x)(y)' ]", ALL },
	{ "'deny': [ 'Read(/a, Edit(/b)' ]", ALL },
	{ "'deny': [ 'Read(/a, Edit (/b))' ]", ALL },
	{ "'deny': [ 'Read(/a, Edit' ]", ALL },
	{ "'deny': [ 'Bash(ls), Edit(/b)' ]", ALL },
	{ "'deny': [ 'Read(a/(b)/c)' ]", READS "blocked" },
	{ "'deny': [ 'Read(a)b)' ]", ALL },
	{ "'deny': [ 'Edit(/c, /d)' ]", WRITES "blocked" },
	{ "'deny': [ 'Edit(path:/x)' ]", WRITES "blocked" },
	{ "'deny': [ 'Read(file_path:/x)' ]", READS "blocked" },
	{ "'deny': [ 'Read(path=/x)' ]", READS "blocked" },
	{ "'deny': [ 'Read(C:/x)' ]", READS "blocked" },
	{ "'deny': [ 'Read(\\'/x\\')' ]", READS "blocked" },
	{ "'deny': [ 'Read($HOME/x)' ]", READS "blocked" },
	{ "'deny': [ 'Read(a/b:c)' ]", "any(reads, it matches \"/workspace/a/b:c/**\")" },
	{ "'deny': [ 'Update(/x)' ], 'allow': [ 'Edit' ]", ALL },
	{ "'ask': [ 'Create(/x)' ]", "  - id: ask.everything\n    on: \"*\"\n    verdict: approval-required" },
	{ "'deny': [ 'Foo' ]", ALL },
	{ "'deny': [ 'NotebookRead' ]", READS "blocked" },
	{ "'deny': [ 'WebSearch' ]", WEB "true)\n    verdict: blocked" },
	{ "'deny': [ 'WebSearch(domain:a.com)' ]", WEB "true)\n    verdict: blocked" },
	{ "'deny': [ 'Bash' ]", PROGRAMS("blocked") },
	{ "'deny': [ 'Bash(*)' ]", PROGRAMS("blocked") },
	{ "'ask': [ 'bash' ]", PROGRAMS("approval-required") },
	{ "'deny': [ 'Bash(curl:*)' ]", PROGRAMS("blocked") },
	{ "'deny': [ 'Bash(curl:*)' ]", "# denied in doubt: Bash(curl:*): what a program is given is no part of an effect, so it holds for every program" },
	{ "'deny': [ 'Bash(' ]", PROGRAMS("blocked") },
	{ "'allow': [ 'Bash(ls)' ]", "# not carried over: allow Bash(ls): no shell runs here; define a capability with `handler command` for the program" },
	{ "'deny': [ 'Task' ]", "# not carried over: deny Task: what an agent does with itself reaches nothing here" },
	{ "'allow': [ 'Edit(/a), Edit(/b)' ]", "# not carried over: allow Edit(/a), Edit(/b): it could be several, of any tool" },
	{ "'allow': [ 'Edit(path:/a)' ]", "# not carried over: allow Edit(path:/a): only a pattern of paths is known" },
	{ "'allow': [ 'WebSearch' ]", "# not carried over: allow WebSearch: there is no such tool here" },
	{ "'deny': [ 'Read(~/.ssh/**)' ]", READS "blocked" },
	{ "'deny': [ 'Read(//abs/proj/x)' ]", READS "blocked" },
	{ "'deny': [ 'Read(../x)' ]", READS "blocked" },
	{ "'deny': [ 'Read(.env )' ]", READS "blocked" },
	{ "'deny': [ 'Read(src/[ab].c)' ]", READS "blocked" },
	{ "'deny': [ 'WebFetch(domain:*.evil.com)' ]", WEB "it.host under \"evil.com\")\n    verdict: blocked" },
	{ "'deny': [ 'WebFetch(domain:*evil.com)' ]", WEB "true)\n    verdict: blocked" },
	{ "'deny': [ 'WebFetch(domain:evil.com:80)' ]", WEB "true)\n    verdict: blocked" },
	{ "'deny': [ 'WebFetch(url:x)' ]", WEB "true)\n    verdict: blocked" },
	{ "'ask': [ 'WebFetch(domain:a..b)' ]", WEB "true)\n    verdict: approval-required" },
	{ "'deny': [ 'WebFetch(domain:0x7f.1)' ]", WEB "it.host == \"127.0.0.1\")\n    verdict: blocked" },
	{ "'deny': [ 'mcp__s__get*' ]", "on: \"s.*\"\n    verdict: blocked" },
	{ "'deny': [ 'mcp__s__get(x)' ]", "on: s.get\n    verdict: blocked" },
	{ "'deny': [ 'mcp__s__get_it' ]", "on: s.get_it\n    verdict: blocked" },
	{ "'deny': [ 'mcp__s__getIt' ]", "on: \"s.*\"\n    verdict: blocked" },
	{ "'deny': [ 'mcp__s__getIt' ]", "# denied in doubt: mcp__s__getIt: the tool has another name here, which can be that of "
	  "another tool, so it holds for all of the server" },
	{ "'ask': [ 'mcp__s__get-it' ]", "on: \"s.*\"\n    verdict: approval-required" },
	{ "'deny': [ 'mcp__s__\u524a\u9664' ]", "on: \"s.*\"\n    verdict: blocked" },
	{ "'deny': [ 'mcp__s__" LONG63 "y' ]", "on: \"s.*\"\n    verdict: blocked" },
	{ "'deny': [ 'mcp__s__" LONG63 "' ]", "on: s." LONG63 "\n    verdict: blocked" },
	{ "'deny': [ 'mcp__My-S' ]", "on: \"my_s.*\"\n    verdict: blocked" },
	{ "'deny': [ 'mcp__My-S__get' ]", "on: my_s.get\n    verdict: blocked" },
	{ "'deny': [ 'mcp__\u65e5\u672c__x' ]", ALL },
	{ "'deny': [ 'mcp____' ]", ALL },
	{ "'deny': [ 'mcp__s__' ]", ALL },
	{ "'deny': [ 'mcp__s___x' ]", ALL },
	{ "'allow': [ 'mcp__s__get_it' ]", "on: s.get_it\n    verdict: autonomous" },
	{ "'allow': [ 'mcp__s__getIt' ]", "# not carried over: allow mcp__s__getIt: the tool has another name here, which can be "
	  "that of another tool" },
	{ "'allow': [ 'mcp__s-t' ]", "# not carried over: allow mcp__s-t: the server has another name here, which can be that of "
	  "another server" },
	{ "'allow': [ 'mcp__s-t__get' ]", "# not carried over: allow mcp__s-t__get: the server has another name here, which can "
	  "be that of another server" },
	{ "'deny': [ 'mcp__filesystem' ]", "on: \"filesystem_server.*\"\n    verdict: blocked" },
	{ "'deny': [ 'mcp__System__get' ]", "on: system_server.get\n    verdict: blocked" },
	{ "'allow': [ 'mcp__filesystem' ]", "# not carried over: allow mcp__filesystem: the server has another name here, which "
	  "can be that of another server" },
	{ "'allow': [ 'mcp__network_server__get' ]", "# not carried over: allow mcp__network_server__get: the server has another "
	  "name here, which can be that of another server" },
	{ "'deny': [ 'mcp__*' ]", ALL },
	{ "'deny': [ 'mcp__a__b__c' ]", ALL },
	{ "'deny': [ '*' ]", ALL },
	{ "'deny': [ 'Read(a  b)' ]", READS "blocked" },
	{ "'deny': [ ' Read(a)' ]", READS "blocked" },
	{ "'allow': [ 'Edit(a  b)' ]", "# not carried over: allow Edit(a b): there are other blanks in it than single ones" },
	{ "'allow': [ ] }, 'deny': [ 'Edit' ], 'x': { ", "  - id: deny.doubt\n    on: \"*\"\n    verdict: blocked" },
#define BESIDE(key, value) "'allow': [ 'Edit', 'mcp__foo' ] }, '" key "': " value ", 'end': { "
#define CAPPED "    on: [ filesystem.write, filesystem.append, filesystem.edit ]\n    verdict: approval-required\n    reason: \"allow Edit\""
	{ BESIDE("disabledMcpjsonServers", "[ 'foo' ]"), "  - id: deny.foo\n    on: \"foo.*\"\n    verdict: blocked" },
	{ BESIDE("disabledMcpjsonServers", "[ 'a__b' ]"), ALL },
	{ BESIDE("disabledMcpjsonServers", "[ 'a_' ]"), ALL },
	{ BESIDE("disabledMcpjsonServers", "[ 'a b' ]"), ALL },
	{ BESIDE("disabledMcpjsonServers", "[ ]"), "# not carried over: `disabledMcpjsonServers` restricts nothing" },
	{ BESIDE("deniedMcpServers", "[ { 'serverName': 'foo' } ]"), "  - id: deny.foo\n    on: \"foo.*\"\n    verdict: blocked" },
	{ BESIDE("deniedMcpServers", "[ { 'serverCommand': [ 'foo' ] } ]"), CAPPED },
	{ BESIDE("sandbox", "{ 'filesystem': { 'denyWrite': [ '/c' ] } }"), WRITES "blocked" },
	{ BESIDE("sandbox", "{ 'filesystem': { 'denyRead': [ '/c' ] } }"), READS "blocked" },
	{ BESIDE("sandbox", "{ 'network': { 'deniedDomains': [ 'a.com' ] } }"), WEB "it.host under \"a.com\")\n    verdict: blocked" },
	{ BESIDE("sandbox", "{ 'network': { 'allowedDomains': [ 'a.com' ] } }"), CAPPED },
	{ BESIDE("allowedMcpServers", "[ ]"), CAPPED },
	{ BESIDE("allowManagedPermissionRulesOnly", "true"), CAPPED },
	{ BESIDE("allowManagedPermissionRulesOnly", "false"), "reason: \"allow Edit\"\n" },
	{ BESIDE("hooks", "{ 'PreToolUse': [ { 'command': 'x' } ] }"), CAPPED },
	{ BESIDE("x", "[ { 'DISABLE_x': 1 } ]"), CAPPED },
	{ BESIDE("x", "{ 'forbidden': { 'Edit': true } }"), WRITES "blocked" },
	{ BESIDE("x", "{ 'forbidden': { 'edits': true } }"), CAPPED },
	{ BESIDE("x", "{ 'blocklist': [ 'Edit(a)', 'b' ] }"), "any(writes, it matches \"/workspace/**/a/**\")" },
	{ BESIDE("x", "{ 'blocklist': [ 'Edit(a)', 'b' ] }"), CAPPED },
	{ BESIDE("x", "{ 'blocklist': 7 }"), "# denied in doubt: `blocklist` could be a restriction of anything, so what is allowed is asked for" },
	{ BESIDE("env", "{ 'DISABLE_TELEMETRY': '1' }"), "reason: \"allow Edit\"\n" },
	{ BESIDE("env", "{ 'DISABLE_TELEMETRY': '1' }"), "verdict: autonomous\n    reason: \"allow Edit\"\n" },
	{ BESIDE("Permissions", "{ }"), "  - id: deny.doubt\n    on: \"*\"\n    verdict: blocked" },
	{ BESIDE("x", "{ 'Deny': [ 'Edit' ] }"), "  - id: deny.doubt\n    on: \"*\"\n    verdict: blocked" },
	{ "'allow': [ 'Edit', 'Read' ], 'defaultMode': 'plan'", "reason: \"allow Edit\"\n  - id: allow.read\n" },
	{ "'allow': [ 'Edit' ], 'defaultMode': 'plan'", "filesystem.edit ]\n    verdict: blocked\n    reason: \"allow Edit\"" },
	{ "'allow': [ 'Grep' ], 'defaultMode': 'plan'", "    verdict: autonomous\n    reason: \"allow Grep\"" },
	{ "'allow': [ 'Edit' ], 'defaultMode': 'Plan'", CAPPED },
	{ "'allow': [ 'Edit' ], 'defaultMode': [ 'plan' ]", "  - id: deny.doubt\n    on: \"*\"\n    verdict: blocked" },
	{ "'ask': [ 'Edit' ], 'defaultMode': 'dontAsk'", WRITES "blocked\n    reason: \"ask Edit\"" },
	{ "'deny': [ 'Ed*' ]", ALL },
	{ "'Deny': [ 'Edit' ]", "  - id: deny.doubt\n    on: \"*\"\n    verdict: blocked" },
	{ "'allow': [ 'NotebookEdit' ]", "on: filesystem.edit\n    when: path matches \"**/*.ipynb\"\n    verdict: autonomous" },
	{ "'allow': [ 'NotebookEdit(/a/**)' ]", "when: path matches \"/workspace/a/**\" and path matches \"**/*.ipynb\"\n" },
	{ "'allow': [ 'MultiEdit' ]", "on: filesystem.edit\n    verdict: autonomous" },
	{ "'allow': [ 'WebFetch' ]", "on: network.fetch\n    when: method == get and not has headers and not has body\n    verdict: autonomous" },
	{ "'allow': [ 'Edit()' ]", "# not carried over: allow Edit(): its brackets are empty" },
	{ "'allow': [ 'Edit(x' ]", "# not carried over: allow Edit(x: its bracket is not closed" },
	{ "'allow': [ '*' ]", "# not carried over: allow *: this is no name of a tool" },
	{ "'allow': [ 'edit' ]", "# not carried over: allow edit: there is no such tool here" },
	{ "'allow': [ 'mcp__a__b__c' ]", "# not carried over: allow mcp__a__b__c: it is not known which server is meant" },
	{ "'allow': [ 'WebFetch(domain:*.a.com)' ]", "# not carried over: allow WebFetch(domain:*.a.com): this is no host name" },
};

START_TEST(settings_in_doubt)
{
	struct arena *arena = arena_new();
	struct diags *diags = diags_new(arena);
	struct krux_str text = arena_printf(arena, "{ \"permissions\": { %s } }", doubted[_i].permissions);
	char *p = arena_copy(arena, text.p, text.n);
	const struct source *src;
	struct imports out;

	for (size_t i = 0; i < text.n; i++)
		p[i] = p[i] == '\'' ? '"' : p[i];
	src = source_text(arena, diags, "x.json", (struct krux_str){ p, text.n });
	ck_assert_ptr_nonnull(src);
	import_run(arena, diags, IMPORT_CLAUDE, &src, 1, &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert_msg(str_has(out.file[0].text, doubted[_i].rule), "got:\n%.*s", STR_ARG(out.file[0].text));
	arena_free(arena);
}
END_TEST

/* Each entry costs the same, wherever it stands. */
START_TEST(settings_too_large)
{
	static const char *const heads[] = { "{ \"permissions\": { \"deny\": [ ", "{ \"permissions\": { }, \"x\": { \"blocklist\": [ " };
	struct arena *arena = arena_new();
	struct diags *diags = diags_new(arena);
	const struct source *src;
	struct imports out;
	struct buf b = { 0 };

	buf_puts(&b, heads[_i]);
	for (int i = 0; i < 70000; i++)
		buf_printf(&b, "%s\"Edit(a%d)\"", i ? ", " : "", i);
	buf_puts(&b, " ] } }");
	src = source_text(arena, diags, "x.json", (struct krux_str){ b.p, b.n });
	ck_assert_ptr_nonnull(src);
	ck_assert(!import_run(arena, diags, IMPORT_CLAUDE, &src, 1, &out));
	ck_assert_uint_eq(diags->errors, 1);
	for (size_t i = 0; i < diags->n; i++)
		ck_assert(diags->list[i]->level != DIAG_ERROR || diags->list[i]->code == 9031);
	buf_free(&b);
	arena_free(arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("import_claude");
	TCase *t = tcase_create("import_claude");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, settings_in_doubt, 0, sizeof doubted / sizeof *doubted);
	tcase_add_loop_test(t, settings_too_large, 0, 2);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
