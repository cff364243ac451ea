/* krux-ctl: the commands of kruxrt that supervisors and operators type. */
#include "runtime/front/front.h"
#include "runtime/front/program.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
"krux-ctl COMMAND ...\n"
"\n"
"  agents     registers agents, lists them, takes them out\n"
"  keys       whose signatures count: adds keys, takes them back\n"
"  approvals  calls that a person has to approve\n"
"  freeze     stops new effects at once\n"
"  thaw       lets them happen again\n"
"  status     says how the daemon is\n"
"  reload     lets the daemon take another bundle\n"
"\n"
"The same as kruxrt COMMAND ...; krux-ctl COMMAND --help says more.\n";

static const struct command commands[] = {
	{ "agents", agents_command },
	{ "keys", keys_command },
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
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))) {
		fputs(help, stdout);
		return program_end(EXIT_YES);
	}
	code = program_command(commands, COMMANDS, argc, argv);
	if (code >= 0)
		return code;
	fputs(help, stderr);
	return EXIT_USAGE;
}
