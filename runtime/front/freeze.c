/* kruxrt freeze and thaw: anybody who reaches the supervisor socket may stop effects; only an operator lets
 * them happen again. And kruxrt status. */
#include "runtime/front/front.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/ctl.h"
#include "runtime/front/options.h"
#include "runtime/front/show.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

static const char freeze_help[] =
"kruxrt freeze [--agent A] [--reason TEXT]\n"
"\n"
"Stops new effects at once, of one agent or of all, and freezes what runs. It is\n"
"recorded; only an operator thaws.\n"
"\n"
"  --agent A         this agent only\n"
"  --reason TEXT     is recorded\n"
"  --socket PATH     the daemon's supervisor socket\n"
"  --json            print JSON\n"
"\n"
"Exit: 0 frozen; 1 refused; 2 wrong usage; 3 the system failed.\n";

static const char thaw_help[] =
"kruxrt thaw --operator KEY --reason TEXT [--agent A]\n"
"\n"
"Lets effects happen again, of one agent that was frozen or of all. It is signed\n"
"and recorded.\n"
"\n"
"  --operator KEY    the operator's secret key\n"
"  --reason TEXT     is recorded\n"
"  --agent A         this agent only\n"
"  --socket PATH     the daemon's supervisor socket\n"
"  --state DIR       without a daemon: of a stopped one\n"
"  --json            print JSON\n"
"\n"
"Exit: 0 thawed; 1 refused; 2 wrong usage; 3 the system failed.\n";

static const char status_help[] =
"kruxrt status [--socket PATH] [--json]\n"
"\n"
"Prints how the daemon is: its policy, who is connected, what waits, what is\n"
"frozen.\n"
"\n"
"  --socket PATH     the daemon's supervisor socket\n"
"  --json            print JSON\n"
"\n"
"Exit: 0 it runs; 2 wrong usage; 3 nobody is there, or it is no daemon.\n";

struct hold {
	const char *command, *agent, *reason;
	struct act_place place;
	struct supervisor daemon;
	bool json, help;
};

static int fail(const struct hold *h, const char *why)
{
	fprintf(stderr, "kruxrt %s: %s\n", h->command, why);
	return EXIT_USAGE;
}

static enum supervisor_result hello(struct hold *h, struct krux_err *err)
{
	enum supervisor_result result = ctl_begin(&h->place, NULL, 0, err);

	return result ? result : supervisor_greet(&h->daemon, err);
}

/* EXIT_YES: go on; else *code is the command's. */
static bool options_take(struct hold *h, int argc, char **argv, const char *help, int *code)
{
	const struct option_spec specs[] = {
		{ .name = "--agent", .value = &h->agent },
		{ .name = "--reason", .value = &h->reason },
		{ .name = "--socket", .value = &h->place.socket },
		{ .name = "--json", .flag = &h->json },
		{ .name = "--help", .flag = &h->help },
		{ .name = "--operator", .value = &h->place.operator },
		{ .name = "--state", .value = &h->place.state },
		{ .name = NULL },
	};
	const char *operand[1];
	size_t n;

	h->daemon.stream.fd = -1;
	h->place.daemon = &h->daemon;
	*code = EXIT_USAGE;
	if (!options_parse(h->command, argc, argv, specs, operand, 0, &n))
		return false;
	if (h->help) {
		fputs(help, stdout);
		*code = EXIT_YES;
		return false;
	}
	if (h->agent && !krux_agent_valid((struct krux_str){ h->agent, strlen(h->agent) }))
		fail(h, "--agent: an agent is 1 to 64 of a-z 0-9 . _ -");
	else if (h->place.socket && h->place.state)
		fail(h, "--socket or --state, not both");
	else
		*code = EXIT_YES;
	return *code == EXIT_YES;
}

static int done(const struct hold *h, const char *word, uint64_t seq)
{
	if (h->json) {
		printf("{\"record\":%llu}\n", (unsigned long long)seq);
		return EXIT_YES;
	}
	printf("%s %s (record %llu)\n", word, h->agent ? h->agent : "all agents", (unsigned long long)seq);
	if (!h->agent && h->place.operator)
		puts("agents that were frozen by name stay so: --agent A thaws one");
	return EXIT_YES;
}

int freeze_command(int argc, char **argv)
{
	struct hold h = { .command = "freeze" };
	struct frame q = { .kind = FRAME_S_FREEZE }, f;
	enum supervisor_result result;
	struct krux_err err = { 0 };
	int code;

	if (!options_take(&h, argc, argv, freeze_help, &code))
		return code;
	if (h.place.operator || h.place.state)
		return fail(&h, "it needs no operator, and a daemon that runs");
	result = hello(&h, &err);
	if (h.agent)
		q.s_freeze.agent = (struct krux_str){ h.agent, strlen(h.agent) };
	if (h.reason)
		q.s_freeze.reason = (struct krux_str){ h.reason, strlen(h.reason) };
	if (!result)
		result = supervisor_ask(&h.daemon, &q, FRAME_S_DONE, &f, &err);
	supervisor_close(&h.daemon);
	return result ? supervisor_fail("freeze", result, &err) : done(&h, "froze", f.s_done.record);
}

int thaw_command(int argc, char **argv)
{
	struct hold h = { .command = "thaw" };
	enum supervisor_result result;
	struct krux_err err = { 0 };
	struct record r = { 0 };
	uint64_t seq = 0;
	int code;

	if (!options_take(&h, argc, argv, thaw_help, &code))
		return code;
	if (!h.place.operator || !h.reason || !*h.reason)
		return fail(&h, "--operator KEY and --reason TEXT say who lets effects happen again, and why");
	record_set(&r, AUDIT_KIND, AUDIT_KIND_FREEZE);
	record_text(&r, AUDIT_ACTION, "thaw");
	if (h.agent)
		record_text(&r, AUDIT_AGENT, h.agent);
	record_text(&r, AUDIT_WHY, h.reason);
	result = ctl_begin(&h.place, NULL, 0, &err);
	if (!result)
		result = act_do(&h.place, &r, &seq, &err);
	supervisor_close(&h.daemon);
	return result ? supervisor_fail("thaw", result, &err) : done(&h, "thawed", seq);
}

/* ---- status ---- */

static void status_value(const struct krux_value *v)
{
	switch (v->kind) {
	case KRUX_V_TEXT:
		screen_put(stdout, v->str);
		break;
	case KRUX_V_BOOL:
		fputs(v->b ? "yes" : "no", stdout);
		break;
	case KRUX_V_NUMBER:
		screen_put(stdout, v->str);
		break;
	case KRUX_V_LIST:
		for (size_t i = 0; i < v->list.n; i++) {
			fputs(i ? ", " : "", stdout);
			status_value(&v->list.item[i]);
		}
		break;
	case KRUX_V_MAP:
		for (size_t i = 0; i < v->map.n; i++) {
			fputs(i ? ", " : "", stdout);
			screen_put(stdout, v->map.member[i].key);
			putchar(' ');
			status_value(&v->map.member[i].value);
		}
		break;
	default:
		putchar('-');
	}
}

static void status_print(const struct krux_value *v)
{
	for (size_t i = 0; v->kind == KRUX_V_MAP && i < v->map.n; i++) {
		show_cell(stdout, v->map.member[i].key, 14);
		putchar(' ');
		status_value(&v->map.member[i].value);
		putchar('\n');
	}
}

int status_command(int argc, char **argv)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct hold h = { .command = "status" };
	struct frame q = { .kind = FRAME_S_STATUS };
	enum supervisor_result result;
	struct krux_err err = { 0 };
	struct krux_value v;
	int code;

	if (!options_take(&h, argc, argv, status_help, &code))
		return code;
	if (h.agent || h.reason || h.place.operator || h.place.state)
		return fail(&h, "it takes --socket and --json only");
	result = pool ? hello(&h, &err) : SUPERVISOR_FAILED;
	if (!result)
		result = supervisor_json(&h.daemon, &q, pool, &v, &err);
	supervisor_close(&h.daemon);
	if (result)
		return supervisor_fail("status", result, &err);
	if (h.json)
		return show_json(&v, stdout) ? EXIT_SYSTEM : EXIT_YES;
	status_print(&v);
	return EXIT_YES;
}
