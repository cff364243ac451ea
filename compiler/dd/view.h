/* Automata as callers see them. Inside compiler/dd only. */
#ifndef KRUX_DD_VIEW_H
#define KRUX_DD_VIEW_H

#include "compiler/dd/manager.h"

const struct dd_automaton *view_automaton(struct arena *, uint32_t start);

#endif
