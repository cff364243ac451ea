/* kruxrt agents: who may call, by what proof, in which workspace. */
#include "runtime/front/agents.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
"kruxrt agents add NAME --token|--key F.pub|--uid N --operator KEY\n"
"                  [--workspace DIR] [--bundle F]\n"
"                  [--allow-missing idmapped-mounts]\n"
"kruxrt agents list\n"
"kruxrt agents revoke NAME --operator KEY\n"
"kruxrt agents clear WORKSPACE LABEL... --operator KEY --reason TEXT\n"
"\n"
"Registers agents with the daemon and takes them out, signed and recorded. clear\n"
"takes labels off a workspace: rules about its history let calls through again.\n"
"\n"
"  --token           make a token; it is printed once, the log keeps its hash\n"
"  --key F.pub       the agent signs with this key, made by kruxc keygen\n"
"  --uid N           its processes run as this uid, which is nobody else's\n"
"  --workspace DIR   /workspace in its calls (with --state: DIR/workspaces/NAME)\n"
"  --bundle F        show what this lets the name do (--state: DIR/bundle.krux)\n"
"  --allow-missing idmapped-mounts  the folder's file system may lack them: calls\n"
"                    run as its owner, where kruxrt serve was told so, too\n"
"  --operator KEY    the operator's secret key\n"
"  --reason TEXT     is recorded\n"
"  --socket PATH     the daemon's supervisor socket\n"
"  --state DIR       without a daemon: of a stopped one\n"
"  --json            print JSON\n"
"\n"
"Exit: 0 done; 1 refused; 2 wrong usage; 3 the system failed.\n";

int agents_fail(const char *what, const char *why)
{
	fprintf(stderr, "kruxrt agents %s: ", what);
	screen_puts(stderr, why);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int usage(void)
{
	fputs(help, stderr);
	return EXIT_USAGE;
}

int agents_command(int argc, char **argv)
{
	CLEANUP(supervisor_close) struct supervisor daemon = { .stream.fd = -1 };
	struct agents a = { .place = { .daemon = &daemon } };
	const struct option_spec specs[] = {
		{ .name = "--token", .flag = &a.token },
		{ .name = "--key", .value = &a.key },
		{ .name = "--uid", .value = &a.uid },
		{ .name = "--workspace", .value = &a.workspace },
		{ .name = "--bundle", .value = &a.bundle },
		{ .name = "--allow-missing", .value = &a.missing },
		{ .name = "--operator", .value = &a.place.operator },
		{ .name = "--reason", .value = &a.reason },
		{ .name = "--socket", .value = &a.place.socket },
		{ .name = "--state", .value = &a.place.state },
		{ .name = "--json", .flag = &a.json },
		{ .name = "--help", .flag = &a.help },
		{ .name = NULL },
	};
	const char *what;

	if (!options_parse("agents", argc, argv, specs, a.operand, AGENTS_OPERANDS, &a.n))
		return EXIT_USAGE;
	if (a.help) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	what = a.n ? a.operand[0] : "";
	if (a.place.socket && a.place.state)
		return agents_fail(what, "--socket or --state, not both");
	if (!strcmp(what, "list"))
		return a.n == 1 ? agents_list(&a) : usage();
	if (strcmp(what, "add") != 0 && strcmp(what, "revoke") != 0 && strcmp(what, "clear") != 0)
		return usage();
	if (a.n < 2)
		return usage();
	if (!a.place.operator)
		return agents_fail(what, "--operator KEY says who does it");
	if (!strcmp(what, "clear"))
		return agents_clear(&a);
	if (a.n != 2)
		return usage();
	return !strcmp(what, "add") ? agents_add(&a) : agents_revoke(&a);
}
