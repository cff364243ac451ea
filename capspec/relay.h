/* The one address that a command may reach where its capability connects: 127.0.0.1 of its own network namespace, over
 * TCP. What holds that (nftables, eBPF) and what listens there take the number from here. */
#ifndef KRUX_RELAY_H
#define KRUX_RELAY_H

enum { RELAY_PORT = 3128 };

#endif
