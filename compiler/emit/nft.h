/* The packet filter of a call's own network namespace: nothing passes but the way to the relay (capspec/relay.h) and back. */
#ifndef KRUX_NFT_H
#define KRUX_NFT_H

#include "compiler/base/buf.h"

struct capability;

/* Its calls have a network of their own to connect by: what connects and is no builtin, which asks egress by a line. */
bool capability_has_network(const struct capability *);
/* The rules as `nft list ruleset` shows them. */
void nft_text_write(struct buf *);
/* The same as one batch of netlink messages for NETLINK_NETFILTER, little-endian; all of it or nothing is
 * taken. The same bytes each time. */
void nft_batch_write(struct buf *);

#endif
