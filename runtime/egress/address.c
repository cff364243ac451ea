/* An address to a yes or no, by the table below. */
#include "runtime/egress/address.h"

#include "capspec/canon.h"
#include "runtime/base/err.h"

#include <string.h>

#define V4 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF

/* Where another IPv4 address lies in such an address: bytes from there on. */
enum { NONE = 0, TEREDO = -1 };

static const struct special {
	const char *what;
	uint8_t address[16];
	unsigned prefix;
	int carries;                   /* NONE, where an IPv4 address begins in it, or TEREDO */
} special[] = {
	{ "this network",               { V4, 0 }, 104, NONE },
	{ "private",                    { V4, 10 }, 104, NONE },
	{ "shared by a carrier",        { V4, 100, 64 }, 106, NONE },
	{ "loopback",                   { V4, 127 }, 104, NONE },
	{ "link-local, metadata",       { V4, 169, 254 }, 112, NONE },
	{ "private",                    { V4, 172, 16 }, 108, NONE },
	{ "for protocols",              { V4, 192, 0, 0 }, 120, NONE },
	{ "for documents",              { V4, 192, 0, 2 }, 120, NONE },
	{ "relays of 6to4",             { V4, 192, 88, 99 }, 120, NONE },
	{ "private",                    { V4, 192, 168 }, 112, NONE },
	{ "for measurements",           { V4, 198, 18 }, 111, NONE },
	{ "for documents",              { V4, 198, 51, 100 }, 120, NONE },
	{ "for documents",              { V4, 203, 0, 113 }, 120, NONE },
	{ "multicast",                  { V4, 224 }, 100, NONE },
	{ "reserved, broadcast",        { V4, 240 }, 100, NONE },
	/* Of a cloud, answering at a public address. */
	{ "metadata",                   { V4, 168, 63, 129, 16 }, 128, NONE },
	/* All of IPv4 that is left. */
	{ NULL,                         { V4 }, 96, NONE },
	{ "translated to IPv4",         { 0, 0x64, 0xFF, 0x9B, 0, 1 }, 48, NONE },
	{ NULL,                         { 0, 0x64, 0xFF, 0x9B }, 96, 12 },
	{ "compatible with IPv4, loopback, unspecified", { 0 }, 96, NONE },
	{ "translated to IPv4",         { 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF }, 96, NONE },
	{ "for documents",              { 0x20, 0x01, 0x0D, 0xB8 }, 32, NONE },
	{ "for documents",              { 0x3F, 0xFF }, 20, NONE },
	{ NULL,                         { 0x20, 0x01, 0, 0 }, 32, TEREDO },
	{ "for protocols",              { 0x20, 0x01 }, 23, NONE },
	{ NULL,                         { 0x20, 0x02 }, 16, 2 },
	/* What is globally unicast; all else of IPv6 is local, multicast or nobody's. */
	{ NULL,                         { 0x20 }, 3, NONE },
	{ "local, multicast or reserved", { 0 }, 0, NONE },
};

static bool in_block(const uint8_t address[static 16], const uint8_t block[static 16], unsigned prefix)
{
	const unsigned whole = prefix / 8, rest = prefix % 8;

	if (memcmp(address, block, whole) != 0)
		return false;
	return !rest || !((address[whole] ^ block[whole]) >> (8 - rest));
}

/* Whom an address that carries another leads to; of Teredo that is the server and, with its bits turned, the
 * client. */
static const char *carried_special(const uint8_t address[static 16], int carries)
{
	uint8_t inner[16] = { V4 };
	const char *what;

	memcpy(inner + 12, address + (carries == TEREDO ? 4 : carries), 4);
	what = address_special(inner);
	if (what || carries != TEREDO)
		return what;
	for (unsigned i = 0; i < 4; i++)
		inner[12 + i] = (uint8_t)~address[12 + i];
	return address_special(inner);
}

const char *address_special(const uint8_t address[static 16])
{
	for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
		const struct special *s = &special[i];

		if (in_block(address, s->address, s->prefix))
			return s->carries == NONE ? s->what : carried_special(address, s->carries);
	}
	return "nobody's";
}

bool address_is_named(const struct named *named, const uint8_t address[static 16])
{
	for (size_t i = 0; i < named->n; i++)
		if (in_block(address, named->block[i].address, named->block[i].prefix))
			return true;
	return false;
}

int named_add(struct named *named, const char *cidr, struct krux_err *err)
{
	struct named_block *b = &named->block[named->n];
	const char *why = "too many blocks";
	char text[64];

	if (named->n == NAMED_MOST ||
	    !krux_canon_cidr((struct krux_str){ cidr, strlen(cidr) }, b->address, &b->prefix, text, sizeof text, &why))
		return err_set(err, 0, "%s: %s", cidr, why);
	named->n++;
	return 0;
}
