/* The one address that a command may reach where its capability connects: 127.0.0.1 of its own network namespace, over
 * TCP. What holds that (nftables, eBPF) and what listens there take the number from here. */
#ifndef KRUX_RELAY_H
#define KRUX_RELAY_H

enum { RELAY_PORT = 3128 };
/* As programs are told of it. */
#define RELAY_URL "http://127.0.0.1:3128"
/* In the bundle: the rules as one batch of netlink messages, which the runtime sends as they are. They are the same in every
 * bundle, so that their SHA-256 says all of them. */
#define RELAY_FILE "sandbox/relay.nft.batch"
#define RELAY_SHA256 "4d7d1e13403f69e75533043db80e7e4a5575cf9405995d0baa34422dad6c25a6"

#endif
