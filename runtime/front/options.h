/* Options of a command: "--name", "--name value" or "--name=value", anywhere; "--" ends them. */
#ifndef KRUX_OPTIONS_H
#define KRUX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct option_spec {
	const char *name;            /* "--state", or "-n"; NULL ends the table */
	const char **value;          /* takes a value */
	bool *flag;                  /* or none */
	const char **list;           /* or several: room for nlist values, NULL after the last */
	size_t nlist;
};

/* Fills what the table points at; the rest go to operand, their count to *n. False after saying
 * on stderr what is wrong. */
bool options_parse(const char *command, int argc, char **argv, const struct option_spec *,
                   const char **operand, size_t max, size_t *n);

#endif
