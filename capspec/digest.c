/* Bytes to their SHA-256. What compresses blocks is chosen at first use: the processor's own
 * instructions, if they give the known answers and agree with libsodium on every length up to a
 * few blocks; libsodium otherwise. */
#include "capspec/digest.h"

#include "capspec/digest_block.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

const uint32_t digest_start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static void number_put(uint8_t *p, uint64_t v, unsigned n)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* ---- any way of compressing blocks ---- */

static void state_add(struct krux_sha256_state *s, digest_block_fn *block, const void *data, size_t n)
{
	size_t have = s->length % KRUX_SHA256_BLOCK, take;
	const uint8_t *p = data;

	s->length += n;
	if (have) {
		take = n < KRUX_SHA256_BLOCK - have ? n : KRUX_SHA256_BLOCK - have;
		if (take)
			memcpy(s->block + have, p, take);
		if (have + take < KRUX_SHA256_BLOCK)
			return;
		block(s->h, s->block, 1);
		p += take;
		n -= take;
	}
	if (n >= KRUX_SHA256_BLOCK) {
		block(s->h, p, n / KRUX_SHA256_BLOCK);
		p += n - n % KRUX_SHA256_BLOCK;
		n %= KRUX_SHA256_BLOCK;
	}
	if (n)
		memcpy(s->block, p, n);
}

static void state_end(struct krux_sha256_state *s, digest_block_fn *block, uint8_t out[static KRUX_SHA256])
{
	size_t have = s->length % KRUX_SHA256_BLOCK;

	s->block[have++] = 0x80;
	if (have > KRUX_SHA256_BLOCK - 8) {
		memset(s->block + have, 0, KRUX_SHA256_BLOCK - have);
		block(s->h, s->block, 1);
		have = 0;
	}
	memset(s->block + have, 0, KRUX_SHA256_BLOCK - 8 - have);
	number_put(s->block + KRUX_SHA256_BLOCK - 8, s->length << 3, 8);
	block(s->h, s->block, 1);
	for (unsigned i = 0; i < 8; i++)
		number_put(out + 4 * i, s->h[i], 4);
	sodium_memzero(s, sizeof *s);
}

static void state_start(struct krux_sha256_state *s)
{
	memcpy(s->h, digest_start, sizeof s->h);
	s->length = 0;
}

/* ---- the choice ---- */

/* "", "abc", and the 56 bytes of FIPS 180-2 whose padding takes a block of its own. */
static const struct {
	const char *text;
	uint8_t digest[KRUX_SHA256];
} known[] = {
	{ "",
	  { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 } },
	{ "abc",
	  { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
	    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad } },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  { 0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60, 0x39,
	    0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1 } },
};

static bool knows(digest_block_fn *block)
{
	struct krux_sha256_state s;
	uint8_t out[KRUX_SHA256];

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		state_start(&s);
		state_add(&s, block, known[i].text, strlen(known[i].text));
		state_end(&s, block, out);
		if (memcmp(out, known[i].digest, sizeof out) != 0)
			return false;
	}
	return true;
}

/* Every length up to four blocks and more, cut in two somewhere, against libsodium as it is. */
static bool agrees(digest_block_fn *block)
{
	uint8_t data[4 * KRUX_SHA256_BLOCK + 15], a[KRUX_SHA256], b[KRUX_SHA256];
	struct krux_sha256_state s;
	uint32_t seed = 1;

	for (size_t n = 0; n <= sizeof data; n++) {
		size_t cut;

		seed = seed * 1664525 + 1013904223;
		if (n)
			data[n - 1] = (uint8_t)(seed >> 24);
		cut = (seed >> 8) % (n + 1);
		state_start(&s);
		state_add(&s, block, data, cut);
		state_add(&s, block, data + cut, n - cut);
		state_end(&s, block, a);
		crypto_hash_sha256(b, data, n);
		if (memcmp(a, b, sizeof a) != 0)
			return false;
	}
	return true;
}

static void blocks_digest(digest_block_fn *block, const uint8_t *p, size_t nblocks, uint8_t out[static KRUX_SHA256])
{
	uint32_t h[8];

	memcpy(h, digest_start, sizeof h);
	block(h, p, nblocks);
	for (unsigned i = 0; i < 8; i++)
		number_put(out + 4 * i, h[i], 4);
}

/* A message of four blocks beside none to four of one block, whichever queue is the longer, against each of
 * them by itself. */
static bool lanes(const struct digest_engine *e)
{
	enum { BLOCKS = 4 };
	uint8_t data[2 * BLOCKS][KRUX_SHA256_BLOCK], alone[1 + BLOCKS][KRUX_SHA256], out[1 + BLOCKS][KRUX_SHA256] = { { 0 } };
	struct digest_step a[BLOCKS], b[BLOCKS];

	for (size_t i = 0; i < sizeof data; i++)
		data[i / KRUX_SHA256_BLOCK][i % KRUX_SHA256_BLOCK] = (uint8_t)(i * 167 >> 3);
	blocks_digest(e->block, data[0], BLOCKS, alone[0]);
	for (size_t i = 0; i < BLOCKS; i++) {
		a[i] = (struct digest_step){ data[i], i + 1 == BLOCKS ? out[0] : NULL };
		b[i] = (struct digest_step){ data[BLOCKS + i], out[1 + i] };
		blocks_digest(e->block, data[BLOCKS + i], 1, alone[1 + i]);
	}
	for (size_t n = 0; n <= 2 * BLOCKS; n++) {
		size_t nb = n < BLOCKS ? n : n - BLOCKS;

		memset(out, 0, sizeof out);
		if (n < BLOCKS)
			e->lanes(a, BLOCKS, b, nb);
		else
			e->lanes(b, nb, a, BLOCKS);
		if (memcmp(out, alone, (1 + nb) * sizeof *out) != 0)
			return false;
	}
	return true;
}

/* Threads may all come here first; they choose the same. */
static const struct digest_engine *engine;

const struct digest_engine *digest_engine_get(void)
{
	const struct digest_engine *e = __atomic_load_n(&engine, __ATOMIC_ACQUIRE);

	if (e)
		return e;
	e = digest_engine_cpu();
	if (!e || !knows(e->block) || !agrees(e->block) || !lanes(e))
		e = &digest_engine_sodium;
	if (e == &digest_engine_sodium && (!knows(e->block) || !agrees(e->block) || !lanes(e)))
		abort();
	__atomic_store_n(&engine, e, __ATOMIC_RELEASE);
	return e;
}

const char *krux_sha256_engine(void)
{
	return digest_engine_get()->name;
}

/* ---- what others call ---- */

void krux_sha256_start(struct krux_sha256_state *s)
{
	state_start(s);
}

void krux_sha256_add(struct krux_sha256_state *s, const void *p, size_t n)
{
	state_add(s, digest_engine_get()->block, p, n);
}

void krux_sha256_end(struct krux_sha256_state *s, uint8_t out[static KRUX_SHA256])
{
	state_end(s, digest_engine_get()->block, out);
}

void krux_sha256_parts(const struct krux_str *part, size_t n, uint8_t out[static KRUX_SHA256])
{
	struct krux_sha256_state s;

	krux_sha256_start(&s);
	for (size_t i = 0; i < n; i++)
		krux_sha256_add(&s, part[i].p, part[i].n);
	krux_sha256_end(&s, out);
}

void krux_sha256(struct krux_str s, uint8_t out[static KRUX_SHA256])
{
	krux_sha256_parts(&s, 1, out);
}

void krux_hmac_key(struct krux_hmac_key *k, struct krux_str key)
{
	uint8_t pad[KRUX_SHA256_BLOCK] = { 0 };

	if (key.n > sizeof pad)
		krux_sha256(key, pad);
	else if (key.n)
		memcpy(pad, key.p, key.n);
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36;
	krux_sha256_start(&k->inner);
	krux_sha256_add(&k->inner, pad, sizeof pad);
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	krux_sha256_start(&k->outer);
	krux_sha256_add(&k->outer, pad, sizeof pad);
	sodium_memzero(pad, sizeof pad);
}

void krux_hmac_sha256(const struct krux_hmac_key *k, const struct krux_str *part, size_t n,
                      uint8_t out[static KRUX_SHA256])
{
	struct krux_sha256_state s = k->inner;

	for (size_t i = 0; i < n; i++)
		krux_sha256_add(&s, part[i].p, part[i].n);
	krux_sha256_end(&s, out);
	s = k->outer;
	krux_sha256_add(&s, out, KRUX_SHA256);
	krux_sha256_end(&s, out);
}

bool krux_hmac_equal(const uint8_t a[static KRUX_SHA256], const uint8_t b[static KRUX_SHA256])
{
	return sodium_memcmp(a, b, KRUX_SHA256) == 0;
}
