/* The number that the programs of sockets.bpf.c have for the daemon's own network namespace, in whose place sockets.c
 * puts the real one when it loads them. */
#ifndef KRUX_SOCKETS_NETWORK_H
#define KRUX_SOCKETS_NETWORK_H

#define SOCKETS_MACHINE 0x6b7275782d6e6574ULL

#endif
