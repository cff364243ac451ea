/* Who a gate talks with, but for clients: each takes one message that the gate sent it, and may answer. */
#ifndef KRUX_GATE_PEERS_H
#define KRUX_GATE_PEERS_H

#include "tests/unit/gate_world.h"

void peers_recorder(struct world_gate *, struct message *);
void peers_spawner(struct world_gate *, struct message *);
void peers_parent(struct world_gate *, struct message *);
/* No ACK is held any more. */
void peers_reset(void);

#endif
