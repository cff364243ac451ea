/* Groups of system calls (capspec/calls.def, command_calls.def, compiler_calls.def) to filters, one program a machine,
 * made by libseccomp: a list of what is allowed, a search tree over the numbers, an end for everything else. */
#ifndef KRUX_FILTER_H
#define KRUX_FILTER_H

#include "capspec/bpf.h"
#include "compiler/base/arena.h"

enum { FILTER_CHECKS = 12 };

/* A row of the tables. */
struct filter_row {
	const char *name;              /* of the system call */
	unsigned groups;               /* enum handler_calls; CALLS_COMMON: everyone */
	int no;                        /* 0: allowed; else what it is answered with */
	const char *why;               /* of what is answered; when: of what has checks; else NULL */
	size_t nchecks;
	bool any;                      /* one check has to hold; else all */
	/* (uint32_t)argument & mask == bits. The upper half of an argument is never looked at. */
	struct filter_check {
		unsigned arg;
		uint32_t mask, bits;
	} check[FILTER_CHECKS];
};
const struct filter_row *filter_rows(size_t *n);
/* Everyone has it, or one of these groups brings it, and no other row of the call stands above it. At most one row of
 * a call is had. A command's program has what is its own alone. */
bool filter_has(const struct filter_row *, unsigned groups);
/* The number of a call on a machine, or -1: it has none there. */
int filter_number(const char *name, enum krux_machine);

/* What becomes of a call that no row lets through: an errno, 0: the process is killed. */
int filter_default(unsigned groups);
/* The word of a group, such as "look". */
const char *filter_group_word(unsigned bit);

struct filter {
	unsigned groups;
	struct krux_filter program[KRUX_MACHINES];
};
/* False: libseccomp refused, with *why. The same groups give the same programs. */
bool filter_make(struct arena *, unsigned groups, struct filter *out, const char **why);
/* What the programs say is what the table says, to every number, whatever the arguments are, and to the
 * calls of other machines. The first call for which it is not, in words; n 0: there is none. */
struct krux_str filter_verify(struct arena *, const struct filter *);

#endif
