/* Text of agents and files on a terminal: nothing in it moves the cursor, changes direction, or
 * looks like something else. */
#ifndef KRUX_SCREEN_H
#define KRUX_SCREEN_H

#include "capspec/value.h"

#include <stdio.h>

/* Printable ASCII as it is; all else as \n, \t, \\, \u{E9}, and \xNN where it is not UTF-8. */
void screen_put(FILE *, struct krux_str);
void screen_puts(FILE *, const char *);
/* The same for JSON text, whose backslashes are escapes already. */
void screen_json(FILE *, struct krux_str);

#endif
