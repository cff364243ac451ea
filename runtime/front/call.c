/* kruxrt call: a command line to one call, its answer to JSON. */
#include "runtime/front/call.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/front/reply.h"
#include "runtime/front/show.h"

#include "capspec/canon.h"
#include "capspec/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
"kruxrt call CAPABILITY JSON --as AGENT [options]\n"
"\n"
"Makes one call: the policy decides it, the log records it, a sandbox runs it.\n"
"JSON holds the arguments; - reads them from standard input. Prints the answer.\n"
"\n"
"  --as AGENT        whom to call as\n"
"  --socket PATH     the daemon's (KRUX_SOCKET, else krux/agent.sock below\n"
"                    XDG_RUNTIME_DIR or /run)\n"
"  --token-file F    the agent's token; or --key F, its secret key; else its uid\n"
"  --wait            when a person has to approve the call, wait for that\n"
"  --deadline 5s     end the call then\n"
"  --json            nothing but the answer: no words on standard error\n"
"\n"
"Without a daemon, by its programs, started for this call:\n"
"  --state DIR       made by kruxrt init; AGENT (operator) is recorded as claimed\n"
"  --bundle FILE     the policy, made by kruxc build (DIR/bundle.krux)\n"
"  --workspace DIR   the agent's /workspace (DIR/workspaces/AGENT)\n"
"  --reach CIDR,...  private addresses that the call may connect to (none)\n"
"  --proxy http://H:P  it connects by way of that; --proxy-names: it finds names\n"
"  --allow-missing F,...  do without these features (kruxrt doctor)\n"
"  --dev             take a development key; --agent-uids N: as root, its uid\n"
"\n"
"Exit: 0 it ran and answers; 1 denied, deferred, or one of its errors; 2 wrong\n"
"usage, bad arguments, a bundle that is not trusted; 3 the system failed.\n";

int call_fail(int code, const char *why)
{
	fputs("kruxrt call: ", stderr);
	screen_puts(stderr, why);
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

int call_answer(const struct call *c, const struct frame *f, bool dev)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new((size_t)1 << 30);
	struct krux_value v;

	if (!c->quiet)
		reply_print(f, c->capability, stderr);
	if (!pool || !reply_value(pool, f, dev, &v))
		return call_fail(EXIT_SYSTEM, "the answer cannot be shown: it is no JSON, or there is no memory");
	if (show_json(&v, stdout))
		return call_fail(EXIT_SYSTEM, "the answer could not be printed");
	return reply_exit(f);
}

static int call_run(const struct call *c)
{
	struct krux_err err = { 0 };
	struct krux_str json;
	char *text = json_read(c->json, &json, &err);
	int code;

	if (!text)
		return call_fail(EXIT_USAGE, err.text);
	if (!json.n)
		code = call_fail(EXIT_USAGE, "the arguments are a JSON object, {} where there are none");
	else
		code = c->state ? call_local(c, json) : call_daemon(c, json);
	free(text);
	return code;
}

static const char *wrong(struct call *c)
{
	const uint64_t ms = 1000000;
	struct krux_str deadline;
	const char *why;
	uint64_t ns;

	if (c->state && (c->socket || c->token_file || c->key_file || c->wait || c->deadline))
		return "--state makes the call without a daemon: --socket, --token-file, --key, --wait and "
		       "--deadline are for the daemon";
	if (!c->state && (c->bundle || c->workspace || c->reach || c->proxy || c->proxy_names || c->agents || c->missing || c->dev))
		return "--bundle, --workspace, --reach, --proxy, --agent-uids, --allow-missing and --dev go with --state; the daemon has its own";
	if (c->token_file && c->key_file)
		return "--token-file or --key, not both";
	if (!c->state && !c->agent)
		return "--as AGENT says whom to call as";
	if (!c->agent)
		c->agent = "operator";
	if (!krux_agent_valid((struct krux_str){ c->agent, strlen(c->agent) }))
		return "--as: an agent is 1 to 64 of a-z 0-9 . _ -";
	if (!c->deadline)
		return NULL;
	deadline = (struct krux_str){ c->deadline, strlen(c->deadline) };
	if (!krux_read_duration(deadline, &ns, &why) || ns < ms || ns / ms > UINT32_MAX / 2)
		return "--deadline: a duration such as 500ms, 5s or 2m";
	c->deadline_ms = ns / ms;
	return NULL;
}

int call_command(int argc, char **argv)
{
	struct call c = { 0 };
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &c.state },
		{ .name = "--bundle", .value = &c.bundle },
		{ .name = "--as", .value = &c.agent },
		{ .name = "--workspace", .value = &c.workspace },
		{ .name = "--reach", .value = &c.reach },
		{ .name = "--agent-uids", .value = &c.agents },
		{ .name = "--proxy", .value = &c.proxy },
		{ .name = "--proxy-names", .flag = &c.proxy_names },
		{ .name = "--allow-missing", .value = &c.missing },
		{ .name = "--socket", .value = &c.socket },
		{ .name = "--token-file", .value = &c.token_file },
		{ .name = "--key", .value = &c.key_file },
		{ .name = "--deadline", .value = &c.deadline },
		{ .name = "--wait", .flag = &c.wait },
		{ .name = "--dev", .flag = &c.dev },
		{ .name = "--json", .flag = &c.quiet },
		{ .name = "--help", .flag = &c.help },
		{ .name = NULL },
	};
	const char *operand[2], *why;
	size_t n;

	if (!options_parse("call", argc, argv, specs, operand, 2, &n))
		return EXIT_USAGE;
	if (c.help) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	if (n != 2) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	c.capability = operand[0];
	c.json = operand[1];
	why = wrong(&c);
	return why ? call_fail(EXIT_USAGE, why) : call_run(&c);
}
