/* The places of usages.def, where a line takes more than one word. */
#ifndef KRUX_USAGE_PLACE_H
#define KRUX_USAGE_PLACE_H

#include "compiler/base/arena.h"

struct krux_type;

enum place { NO_PLACE, PLACE_CONST, PLACE_FILE, PLACE_CODE, PLACE_WORD, PLACE_PATH, PLACE_URL, PLACE_ANY };

/* The place of that name. */
enum place place_find(struct krux_str word);

/* Why an item may not stand there, a constant sentence; NULL: it may. Of a constant the text, and NULL for the type;
 * of a field its type, behind a constant beginning or "". */
const char *place_refuse(struct arena *, enum place, struct krux_str text, const struct krux_type *);

#endif
