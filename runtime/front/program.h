/* What the programs of the runtime have in common: how they start and end, a command's name to what does
 * it, and how kruxrt becomes the program beside it whose command was typed. */
#ifndef KRUX_PROGRAM_H
#define KRUX_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum { PROGRAM_PATH = 4096 + 256 };

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv: what follows the name */
};

/* Before anything else in main. False, with words on standard error: the system does not allow it. */
bool program_ready(void);
/* The exit code, once all output is written. */
int program_end(int code);
/* Runs the command that argv[1] names. Negative: there is none. */
int program_command(const struct command *commands, size_t n, int argc, char **argv);
/* The path of the program of that name in this one's folder. False, with errno: it is not known. */
bool program_beside(const char *name, char path[static PROGRAM_PATH]);
/* Becomes the program of that name in this one's folder, with argv as it is but for argv[0]. Comes
 * back only when it cannot, with an exit code. */
int program_become(const char *name, char **argv);

#endif
