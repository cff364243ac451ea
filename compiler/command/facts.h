/* `--facts` of kruxc eval. */
#ifndef KRUX_FACTS_H
#define KRUX_FACTS_H

#include "compiler/command/command.h"
#include "compiler/plan/given.h"

/* {"time":"09:30","weekday":"mon","labels":["x"],"calls":{"c":3},"rates":{"rule":10},
 * "budgets":{"rule":4096}}; all may be left out. False after a message. */
bool facts_read(const struct options *, struct pipeline *, struct given_facts *out);

#endif
