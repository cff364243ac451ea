/* kruxrt: the name of a command to the function that does it. */
#include "runtime/front/front.h"

#include "runtime/base/screen.h"

#include "capspec/version.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);   /* NULL: later versions have it */
	const char *what;
} commands[] = {
	{ "init", init_command, "make a state folder: trust, keys, log, workspaces" },
	{ "call", call_command, "make one call and print its answer" },
	{ "audit", audit_command, "verify the log, or show its end" },
	{ "serve", NULL, "" }, { "mcp", NULL, "" }, { "run", NULL, "" }, { "agents", NULL, "" },
	{ "approvals", NULL, "" }, { "dash", NULL, "" }, { "top", NULL, "" }, { "status", NULL, "" },
	{ "doctor", NULL, "" }, { "reload", NULL, "" }, { "freeze", NULL, "" }, { "thaw", NULL, "" },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void help(FILE *f)
{
	fputs("kruxrt: decides, records and confines what agents do\n\n", f);
	for (int i = 0; i < COMMANDS; i++)
		if (commands[i].run)
			fprintf(f, "  kruxrt %-6s %s\n", commands[i].name, commands[i].what);
	fputs("\nkruxrt COMMAND --help says more. kruxrt --version prints the version.\n\nNot in this version:", f);
	for (int i = 0; i < COMMANDS; i++)
		if (!commands[i].run)
			fprintf(f, " %s", commands[i].name);
	fputs("\n", f);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (sodium_init() < 0) {
		fputs("kruxrt: the system gives no random numbers\n", stderr);
		return EXIT_SYSTEM;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "help")) {
		help(stdout);
		return EXIT_YES;
	}
	if (!strcmp(name, "--version")) {
		puts("kruxrt " KRUX_VERSION);
		return EXIT_YES;
	}
	for (int i = 0; i < COMMANDS; i++) {
		if (strcmp(name, commands[i].name) != 0)
			continue;
		if (commands[i].run)
			return commands[i].run(argc - 2, argv + 2);
		fprintf(stderr, "kruxrt %s: this version (%s) does not have it\n", name, KRUX_VERSION);
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
