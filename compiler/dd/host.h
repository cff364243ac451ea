/* Hosts in canonical text, LANG.md 2.4. Inside compiler/dd only. */
#ifndef KRUX_DD_HOST_H
#define KRUX_DD_HOST_H

#include "compiler/dd/store.h"

/* DNS names whose labels may have any length, and addresses: TRUE, all else impossible. */
uint32_t host_state(void);

#endif
