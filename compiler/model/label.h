/* Labels of workspaces. */
#ifndef KRUX_LABEL_H
#define KRUX_LABEL_H

#include "capspec/value.h"

#define LABEL_WORDS "a letter, then letters, digits and '-', in lower case, at most 63"

bool label_valid(struct krux_str);

#endif
