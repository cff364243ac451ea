/* Switches layers of a call off, for what is linked with off.c and -Wl,--wrap: no program that ships has a way to. */
#ifndef KRUX_LIVE_OFF_H
#define KRUX_LIVE_OFF_H

#include "runtime/sandbox/sandbox.h"

#define ON(layer) (1U << LAYER_##layer)
/* Two more than layers.def: Landlock comes twice, and becoming the workspace's owner is part of the user namespace. */
#define ON_PLAN (1U << LAYER_COUNT)
#define ON_OWNER (1U << (LAYER_COUNT + 1))
enum { OFF_COUNT = LAYER_COUNT + 2 };

/* In the calls that follow. Never NS_MOUNT. */
void off_set(unsigned layers);
const char *off_word(unsigned index);

#endif
