/* Which addresses may be connected to. The registries of special addresses (RFC 6890, and IANA's as they are kept for
 * IPv4 and IPv6) say what is nobody's public address; what carries another address in it is asked about by that one. */
#ifndef KRUX_EGRESS_ADDRESS_H
#define KRUX_EGRESS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMED_MOST = 64 };

struct krux_err;

/* Blocks that the operator names: they are reached although they are special. */
struct named {
	struct named_block {
		uint8_t address[16];
		unsigned prefix;               /* of 128 */
	} block[NAMED_MOST];
	size_t n;
};

/* Adds "10.0.0.0/8" or "fd00::/8". -1 with *err: it is no block, or there are too many. */
int named_add(struct named *, const char *cidr, struct krux_err *err);

/* In words what an address is that must not be reached, or NULL: it may. IPv4 as ::ffff:a.b.c.d. */
const char *address_special(const uint8_t address[static 16]);
bool address_is_named(const struct named *, const uint8_t address[static 16]);

#endif
