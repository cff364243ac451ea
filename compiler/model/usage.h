/* Usages: what programs that can be made to run code may be given, and nothing else. */
#ifndef KRUX_USAGE_H
#define KRUX_USAGE_H

#include "compiler/model/model.h"

/* What of a command fits no usage of its program. */
struct misuse {
	size_t at;                         /* the item; their number: none of them, but one that is missing */
	struct krux_str why;
	struct krux_str usage;             /* the one that it comes nearest to; n 0: there is no such one */
	bool never;                        /* the program has no usage */
};

/* A command of a program by the name by which rows know it: the file name, or what is left of it without machine and
 * build, as in "perl5.36-x86_64-linux-gnu" or "bash-static". */
struct given {
	struct krux_str file;
	const struct argv_item *item;
	size_t n;
	bool labelled;                     /* its capability has the label `runs-workspace-code` */
};

/* Does a program of usages.def get an argument of a call in a way that no usage there lists for it, with that label or
 * without. False for programs that are not known, and for commands without fields. */
bool usage_refuse(struct arena *, const struct given *, struct misuse *);
bool usage_knows(struct krux_str file);
/* Does it run what lies in the workspace, as far as usages.def knows: a label has to say so. */
bool usage_runs_workspace(struct arena *, const struct given *);

/* How the misused item has to be written to fit, whatever may be wrong further on; n 0: there is no such way. */
struct krux_str usage_fix(struct arena *, const struct given *, size_t at);

/* Does a line have the end of the options where the last item is, a "--", with these before it. */
bool usage_ends(struct arena *, const struct given *);

/* Are all uses of it in the table, up to the last item: then a "--" that no line has is refused, and needs no other
 * check. Not so of programs that run scripts, which may be given anything. */
bool usage_complete(struct krux_str file);

/* How many items are options of a program that runs a script, before that script; none has a value. */
size_t usage_script_at(struct krux_str file, const struct argv_item *, size_t n);

#endif
