/* Command-line options, one table for reading, --help and completions. */
#ifndef KRUX_OPTIONS_H
#define KRUX_OPTIONS_H

#include "compiler/command/command.h"

enum options_result { OPTIONS_FINE, OPTIONS_BAD, OPTIONS_HELP };

/* argv[1] is the command. Options may stand anywhere; `--` ends them. */
enum options_result options_read(struct options *, int argc, char **argv);
void options_free(struct options *);
void options_help(const char *command);
/* Prints words from a column of the screen on; lines that would be too long go on below, indented. */
void options_text(const char *text, size_t column, size_t indent);

#endif
