/* Names of programs, as tables list them and as distributions call them. */
#ifndef KRUX_PROGRAM_NAME_H
#define KRUX_PROGRAM_NAME_H

#include <stdbool.h>

#include "capspec/value.h"

/* The next of the words that spaces part; n 0: none is left. */
struct krux_str word_next(struct krux_str *list);

/* What stands behind the last '/' of a path. */
struct krux_str program_file(struct krux_str path);

/* Is it one of the names, a version behind it or not ("perl5.36"). A name that ends with `*` is every one that begins
 * so; one that begins with `*` may have a machine and a '-' before it ("*gcc", "arm-none-eabi-gcc"). */
bool program_is(const char *names, struct krux_str file);

/* The name without one thing that distributions put around names: how it was built ("bash-static"), the Linux
 * that it is for, or the g of GNU's ("gsed"). Unchanged: there is none. */
struct krux_str program_plainer(struct krux_str file);

#endif
