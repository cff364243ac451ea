/* kruxrt: the name of a command to the function that does it. */
#include "runtime/front/front.h"

#include "runtime/base/screen.h"

#include "capspec/version.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "init", init_command, "make a state folder: trust, keys, log, workspaces" },
	{ "serve", serve_command, "the daemon: agents connect to its socket" },
	{ "call", call_command, "make one call and print its answer" },
	{ "agents", agents_command, "register agents, list them, take them out" },
	{ "approvals", approvals_command, "calls that a person has to approve" },
	{ "freeze", freeze_command, "stop new effects at once" },
	{ "thaw", thaw_command, "let them happen again" },
	{ "status", status_command, "how the daemon is" },
	{ "reload", reload_command, "let the daemon take another bundle" },
	{ "audit", audit_exec, "verify, show and prove what is in the log" },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const char *const later[] = {
	"mcp", "run", "dash", "top", "doctor",
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

/* A closed descriptor 0, 1 or 2 must not become a file of the state folder. What is put there fails
 * when it is used, as the closed one would. */
static bool descriptors_ready(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return false;
	return true;
}

static int command_run(int (*run)(int argc, char **argv), int argc, char **argv)
{
	int code = run(argc, argv);

	if (!fflush(stdout) && !ferror(stdout))
		return code;
	if (code != EXIT_SYSTEM)
		fputs("kruxrt: the output could not be written\n", stderr);
	return EXIT_SYSTEM;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!descriptors_ready())
		return EXIT_SYSTEM;
	/* A file that may not grow is an error to report, also in the middle of a record. */
	signal(SIGXFSZ, SIG_IGN);
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
	for (int i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return command_run(commands[i].run, argc - 2, argv + 2);
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
