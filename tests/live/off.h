/* Switches layers of a call off, for what is linked with off.c and -Wl,--wrap: no program that ships has a way to. */
#ifndef KRUX_LIVE_OFF_H
#define KRUX_LIVE_OFF_H

#include "runtime/sandbox/sandbox.h"

#define ON(layer) (1U << LAYER_##layer)
/* More than layers.def: Landlock comes twice, and becoming the workspace's owner is part of the user namespace. */
#define ON_PLAN (1U << LAYER_COUNT)
#define ON_OWNER (1U << (LAYER_COUNT + 1))
/* What egress holds, which egress.c switches: special addresses, a name's first answer, the call's own targets, and that a
 * child gets bytes and no socket. */
#define ON_ADDRESSES (1U << (LAYER_COUNT + 2))
#define ON_PIN (1U << (LAYER_COUNT + 3))
#define ON_TARGETS (1U << (LAYER_COUNT + 4))
#define ON_RELAY (1U << (LAYER_COUNT + 5))
/* And what a call's cgroup holds, which whoever makes that looks at. */
#define ON_MEMORY (1U << (LAYER_COUNT + 6))
#define ON_PIDS (1U << (LAYER_COUNT + 7))
#define ON_SOCKETS (1U << (LAYER_COUNT + 8))
#define ON_GROUP (ON_MEMORY | ON_PIDS | ON_SOCKETS)
enum { OFF_COUNT = LAYER_COUNT + 9 };

/* In the calls that follow. Never NS_MOUNT. */
void off_set(unsigned layers);
const char *off_word(unsigned index);

#endif
