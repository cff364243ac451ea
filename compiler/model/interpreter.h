/* Programs that run what they are given, and what a command handler may give them. */
#ifndef KRUX_INTERPRETER_H
#define KRUX_INTERPRETER_H

#include "compiler/model/model.h"

enum interpreter_way { WAY_SCRIPT, WAY_TEXT, WAY_RULES, WAY_SEARCH, WAY_VERB, WAY_LETTERS, WAY_PLAIN, WAY_ANY };

struct interpreter {
	const char *name;
	enum interpreter_way way;
	const char *harmless, *code;
};

/* The row of a program's file name, or of what is left of it without machine and build, as in
 * "perl5.36-x86_64-linux-gnu" or "bash-static"; NULL: none. */
const struct interpreter *interpreter_find(struct krux_str file_name);
/* May a value's text begin with that character, or hold it. */
bool text_can_start(struct arena *, const struct krux_type *, char);
bool text_can_hold(struct arena *, const struct krux_type *, char);

/* Which item gives an argument power over what runs, and how; NULL: none. */
const char *interpreter_refuse(struct arena *, const struct interpreter *, const struct argv_item *,
                               size_t n, size_t *at);

/* The file name that a program has once links are followed on this machine; n 0: no such
 * file here. */
struct krux_str program_real(struct arena *, struct krux_str path);

#endif
