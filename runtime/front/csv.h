/* Comma-separated values, RFC 4180. */
#ifndef KRUX_CSV_H
#define KRUX_CSV_H

#include "capspec/value.h"

#include <stdio.h>

/* One cell, behind a comma unless it is the first. Quoted where it has to be. What a spreadsheet would
 * compute (it starts with = + - @, a tab or a return) gets ' in front: text comes from agents. */
void csv_put(FILE *, struct krux_str, bool first);
/* A cell that is not the first, of text from agents: as on a screen (runtime/base/screen.h), for where this is printed. */
void csv_screen(FILE *, struct krux_str);
void csv_end(FILE *);            /* of the row */

#endif
