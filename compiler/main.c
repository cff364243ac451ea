/* kruxc: options and the table of commands. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capspec/version.h"
#include "compiler/command/command.h"
#include "compiler/command/options.h"

/* One row a command, in the order of --help. */
static const struct command {
	const char *name, *args, *what;
	command_fn *run;
	size_t least, most;
	enum command_writes writes;
} commands[] = {
#define COMMAND(name, args, what, least, most, writes) { #name, args, what, command_##name, least, most, WRITES_##writes },
#include "compiler/command/commands.def"
#undef COMMAND
};

enum { NCOMMANDS = sizeof commands / sizeof *commands };

static void help(void)
{
	puts("kruxc: compiles capabilities and policies to tables, C and signed bundles.\n"
	     "\nUsage: kruxc COMMAND ...\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].what);
	puts("\nkruxc COMMAND --help says more. Exit codes: 0 yes or same, 1 no, denied or\n"
	     "differs, 2 wrong usage or bad input, 3 the system failed.");
}

static int command_help(const struct command *c)
{
	size_t column = (size_t)printf("Usage: kruxc %s ", c->name);

	options_text(c->args, column, column);
	printf("\n%s\n\n", c->what);
	options_help(c->name);
	return EXIT_YES;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	struct krux_str names[NCOMMANDS], near;

	for (size_t i = 0; i < NCOMMANDS; i++)
		names[i] = (struct krux_str){ commands[i].name, strlen(commands[i].name) };
	near = diag_nearest((struct krux_str){ name, strlen(name) }, names, NCOMMANDS);
	command_say("kruxc: there is no command '%s'%s%.*s%s", name, near.n ? "; did you mean '" : "", STR_ARG(near),
	            near.n ? "'?" : "");
	command_say("Try 'kruxc --help'.");
	return EXIT_USAGE;
}

/* So that no file that is opened gets the number of one that is closed. What cannot be written to still cannot. */
static void standard_fill(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	struct options o;
	const struct command *c;
	enum options_result result;
	int code;

	standard_fill();
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help();
		return command_output_end(argc < 2 ? EXIT_USAGE : EXIT_YES);
	}
	if (!strcmp(argv[1], "--version")) {
		puts("kruxc " KRUX_VERSION);
		return command_output_end(EXIT_YES);
	}
	c = command_find(argv[1]);
	if (!c)
		return unknown(argv[1]);
	result = options_read(&o, argc, argv);
	if (result == OPTIONS_HELP)
		code = command_help(c);
	else if (result == OPTIONS_BAD)
		code = EXIT_USAGE;
	else if (o.nargs < c->least || o.nargs > c->most)
		code = command_usage(&o, "%s: kruxc %s %s",
		                     o.nargs < c->least ? "something is missing" : "too many arguments", c->name, c->args);
	else if (!command_confine(&o, c->writes))
		code = EXIT_SYSTEM;
	else
		code = c->run(&o);
	options_free(&o);
	return command_output_end(code);
}
