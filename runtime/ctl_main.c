/* krux-ctl: the commands of kruxrt that supervisors and operators type. */
#include "runtime/front/front.h"
#include "runtime/front/program.h"

#include <stdio.h>

static const struct command commands[] = {
	{ "agents", agents_command },
	{ "approvals", approvals_command },
	{ "freeze", freeze_command },
	{ "thaw", thaw_command },
	{ "status", status_command },
	{ "reload", reload_command },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

int main(int argc, char **argv)
{
	int code;

	if (!program_ready())
		return EXIT_SYSTEM;
	code = program_command(commands, COMMANDS, argc, argv);
	if (code >= 0)
		return code;
	fputs("krux-ctl: agents, approvals, freeze, thaw, status or reload; kruxrt --help says more\n", stderr);
	return EXIT_USAGE;
}
