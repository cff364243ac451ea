/* kruxrt call: one call in one process, from the bundle to the answer. */
#include "runtime/front/front.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/front/reply.h"
#include "runtime/front/options.h"
#include "runtime/gate.h"

#include "capspec/canon.h"
#include "capspec/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
"kruxrt call CAPABILITY JSON --state DIR [options]\n"
"\n"
"Makes one call: the policy decides it, the log records it, a sandbox runs it. JSON holds the\n"
"arguments; - reads them from standard input. The answer is one JSON object.\n"
"\n"
"  --state DIR       the state folder, made by kruxrt init\n"
"  --bundle FILE     the policy, made by kruxc build (DIR/bundle.krux)\n"
"  --as AGENT        whom to call as (operator); recorded as claimed by who owns the state\n"
"  --workspace DIR   the agent's folder, /workspace in the call (DIR/workspaces/AGENT)\n"
"  --dev             let a development key through; every answer and record says so\n"
"  --json            nothing but the answer: no words on standard error\n"
"\n"
"Exit: 0 it ran and answers; 1 denied, deferred, or it failed with one of its errors;\n"
"2 wrong usage, bad arguments, a bundle that is not trusted; 3 the system failed.\n";

struct call {
	const char *capability, *json, *state, *bundle, *agent, *workspace;
	bool dev, quiet, help;
};

static int fail(int code, const struct krux_err *err)
{
	fputs("kruxrt call: ", stderr);
	screen_puts(stderr, err->text);
	fputc('\n', stderr);
	return code;
}

/* Arguments from standard input, or as given. Caller frees. */
static char *json_read(const char *given, struct krux_str *out, struct krux_err *err)
{
	size_t max = 4 * (size_t)KRUX_MAX_ARGS_BYTES_HARD, n = 0, cap = 65536;
	char *p;

	if (strcmp(given, "-") != 0) {
		p = strdup(given);
		*out = (struct krux_str){ p, strlen(given) };
		return p;
	}
	p = malloc(cap);
	while (p) {
		size_t got = fread(p + n, 1, cap - n, stdin);

		n += got;
		if (!got)
			break;
		if (n == max) {
			err_set(err, 0, "standard input: more than arguments can be");
			free(p);
			return NULL;
		}
		if (n == cap) {
			char *grown = realloc(p, cap = 2 * cap < max ? 2 * cap : max);

			if (!grown)
				free(p);
			p = grown;
		}
	}
	if (!p || ferror(stdin)) {
		err_set(err, p ? errno : ENOMEM, "standard input");
		free(p);
		return NULL;
	}
	*out = (struct krux_str){ p, n };
	return p;
}

static int json_print(const struct krux_value *v, FILE *f)
{
	size_t n = krux_json_write(v, NULL, 0);
	CLEAN_FREE char *text = malloc(n + 1);

	if (!text)
		return -1;
	krux_json_write(v, text, n);
	text[n] = '\n';
	return fwrite(text, 1, n + 1, f) == n + 1 && !fflush(f) ? 0 : -1;
}

/* What a supervisor should see at once. */
static void notify_print(const struct call *c, const struct gate_answer *a)
{
	const struct krux_cite *v = &a->judgement.voice;

	if (c->quiet || a->end != GATE_RAN ||
	    (a->judgement.verdict != KRUX_NOTIFY && !a->judgement.obligation->notify))
		return;
	fprintf(stderr, "notify: %s called ", c->agent);
	screen_put(stderr, a->request.cap->name);
	fprintf(stderr, " (record %llu), rule ", (unsigned long long)a->record);
	screen_puts(stderr, v->policy);
	fputc('/', stderr);
	screen_puts(stderr, *v->rule ? v->rule : "default");
	fputc('\n', stderr);
}

static int call_make(const struct call *c, struct gate *g, struct krux_str json,
                     struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new((size_t)512 << 20);
	struct gate_answer a;
	struct krux_value v;

	if (!pool)
		return fail(EXIT_SYSTEM, (err_set(err, ENOMEM, "call"), err));
	if (!c->quiet && gate_notice(g))
		fprintf(stderr, "kruxrt call: %s\n", gate_notice(g));
	if (!c->quiet && gate_is_dev(g))
		fputs("kruxrt call: this policy is signed with a development key\n", stderr);
	if (gate_call(g, pool, (struct krux_str){ c->capability, strlen(c->capability) }, json, &a,
	              err))
		return fail(EXIT_SYSTEM, err);
	notify_print(c, &a);
	if (!c->quiet)
		reply_print(&a, stderr);
	if (!reply_value(pool, &a, gate_is_dev(g), &v) || json_print(&v, stdout))
		return fail(EXIT_SYSTEM, (err_set(err, errno, "print the answer"), err));
	return reply_exit(&a);
}

static int call_open(const struct call *c, const struct state *state, struct krux_str json,
                     struct krux_err *err)
{
	CLEANUP(workspace_close) struct workspace w = { NULL, -1, -1 };
	CLEAN_FREE char *own = NULL;
	struct gate_options o = {
		.bundle = c->bundle, .agent = c->agent, .dev = c->dev, .run = spawn_run
	};
	struct gate *g;
	bool untrusted;
	int code;

	if (workspace_open(state, c->workspace, c->agent, &w, err))
		return fail(EXIT_USAGE, err);
	if (!o.bundle && asprintf(&own, "%s/bundle.krux", state->path) < 0)
		return fail(EXIT_SYSTEM, (err_set(err, ENOMEM, "call"), err));
	if (own)
		o.bundle = own;
	g = gate_open(state, &w, &o, &untrusted, err);
	if (!g)
		return fail(untrusted ? EXIT_USAGE : EXIT_SYSTEM, err);
	code = call_make(c, g, json, err);
	gate_close(g);
	return code;
}

static int call_run(const struct call *c, const struct state *state, struct krux_err *err)
{
	struct krux_str json;
	char *text = json_read(c->json, &json, err);
	int code;

	if (!text)
		return fail(EXIT_USAGE, err);
	code = call_open(c, state, json, err);
	free(text);
	return code;
}

int call_command(int argc, char **argv)
{
	struct call c = { 0 };
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &c.state },
		{ .name = "--bundle", .value = &c.bundle },
		{ .name = "--as", .value = &c.agent },
		{ .name = "--workspace", .value = &c.workspace },
		{ .name = "--dev", .flag = &c.dev },
		{ .name = "--json", .flag = &c.quiet },
		{ .name = "--help", .flag = &c.help },
		{ .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1 };
	const char *operand[2];
	struct krux_err err = { 0 };
	size_t n;

	if (!options_parse("call", argc, argv, specs, operand, 2, &n))
		return EXIT_USAGE;
	if (c.help) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	if (n != 2 || !c.state) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	c.capability = operand[0];
	if (!c.agent)
		c.agent = "operator";
	if (!krux_agent_valid((struct krux_str){ c.agent, strlen(c.agent) }))
		return fail(EXIT_USAGE,
		            (err_set(&err, 0, "--as: an agent is 1 to 64 of a-z 0-9 . _ -"), &err));
	c.json = operand[1];
	if (state_open(c.state, &state, &err))
		return fail(EXIT_USAGE, &err);
	return call_run(&c, &state, &err);
}
