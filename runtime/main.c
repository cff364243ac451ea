/* kruxrt: the name of a command to the function that does it, or to the program beside this one that
 * does: what talks with people is in none of the daemon's processes. */
#include "runtime/front/front.h"

#include "runtime/base/screen.h"
#include "runtime/front/program.h"

#include "capspec/version.h"

#include <stdio.h>
#include <string.h>

static const struct command here[] = {
	{ "init", init_command },
	{ "serve", serve_command },
	{ "doctor", doctor_command },
};
enum { HERE = sizeof here / sizeof *here };

static const char ctl[] = "krux-ctl", call[] = "krux-call", audit[] = "krux-audit";
static const struct {
	const char *name, *program; /* the program NULL: this one */
	const char *what;
} commands[] = {
	{ "init", NULL, "make a state folder: trust, keys, log, workspaces" },
	{ "serve", NULL, "the daemon: agents connect to its socket" },
	{ "doctor", NULL, "what this machine has of what confines calls" },
	{ "call", call, "make one call and print its answer" },
	{ "agents", ctl, "register agents, list them, take them out" },
	{ "keys", ctl, "whose signatures count: add keys, take them back" },
	{ "approvals", ctl, "calls that a person has to approve" },
	{ "freeze", ctl, "stop new effects at once" },
	{ "thaw", ctl, "let them happen again" },
	{ "status", ctl, "how the daemon is" },
	{ "reload", ctl, "let the daemon take another bundle" },
	{ "audit", audit, "verify, show and prove what is in the log" },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const char *const later[] = {
	"mcp", "run", "dash", "top",
};
enum { LATER = sizeof later / sizeof *later };

static void help(FILE *f)
{
	fputs("kruxrt: decides, records and confines what agents do\n\n", f);
	for (int i = 0; i < COMMANDS; i++)
		fprintf(f, "  kruxrt %-9s %s\n", commands[i].name, commands[i].what);
	fputs("\nkruxrt COMMAND --help says more. kruxrt --version prints the version.\n\n"
	      "Not in this version:", f);
	for (int i = 0; i < LATER; i++)
		fprintf(f, " %s", later[i]);
	fputs("\n", f);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!program_ready())
		return EXIT_SYSTEM;
	if (!strcmp(name, "--help") || !strcmp(name, "help")) {
		help(stdout);
		return EXIT_YES;
	}
	if (!strcmp(name, "--version")) {
		puts("kruxrt " KRUX_VERSION);
		return EXIT_YES;
	}
	for (int i = 0; i < COMMANDS; i++) {
		const char *beside = commands[i].program;

		if (strcmp(name, commands[i].name) != 0)
			continue;
		/* krux-ctl has several commands and is told which; the others are one. */
		return beside ? program_become(beside, beside == ctl ? argv : argv + 1)
		              : program_command(here, HERE, argc, argv);
	}
	for (int i = 0; i < LATER; i++)
		if (!strcmp(name, later[i])) {
			fprintf(stderr, "kruxrt %s: version " KRUX_VERSION " does not have it\n", name);
			return EXIT_USAGE;
		}
	if (*name) {
		fputs("kruxrt: there is no command ", stderr);
		screen_puts(stderr, name);
		fputs("\n\n", stderr);
	}
	help(stderr);
	return EXIT_USAGE;
}
