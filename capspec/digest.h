/* SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104): by the instructions that the processor has for
 * it, by libsodium otherwise. Which of them is settled at first use, by a test of both against
 * known answers and each other; it makes no system call. */
#ifndef KRUX_DIGEST_H
#define KRUX_DIGEST_H

#include "value.h"

enum { KRUX_SHA256 = 32, KRUX_SHA256_BLOCK = 64 };

void krux_sha256(struct krux_str, uint8_t out[static KRUX_SHA256]);
/* Of the parts one after the other. */
void krux_sha256_parts(const struct krux_str *part, size_t n, uint8_t out[static KRUX_SHA256]);

/* SHA-256(tag || message), two messages at a time, which takes about half as long as one after the other: of
 * messages of all kinds, or each to its place in out. What is hashed is no other one's out. */
struct krux_sha256_job {
	uint8_t tag;
	struct krux_str message;
	uint8_t *out;
};
void krux_sha256_jobs(const struct krux_sha256_job *, size_t n);
void krux_sha256_tagged(uint8_t tag, const struct krux_str *message, size_t n, uint8_t (*out)[KRUX_SHA256]);

/* Piece by piece; copying a state forks it. end wipes it. */
struct krux_sha256_state {
	uint32_t h[8];
	uint64_t length;                  /* bytes so far */
	uint8_t block[KRUX_SHA256_BLOCK]; /* those of them that do not fill one yet */
};
void krux_sha256_start(struct krux_sha256_state *);
void krux_sha256_add(struct krux_sha256_state *, const void *, size_t n);
void krux_sha256_end(struct krux_sha256_state *, uint8_t out[static KRUX_SHA256]);

/* A key made ready once serves any number of messages. */
struct krux_hmac_key {
	struct krux_sha256_state inner, outer;
};
void krux_hmac_key(struct krux_hmac_key *, struct krux_str key);
void krux_hmac_sha256(const struct krux_hmac_key *, const struct krux_str *part, size_t n,
                      uint8_t out[static KRUX_SHA256]);
/* In constant time. */
bool krux_hmac_equal(const uint8_t a[static KRUX_SHA256], const uint8_t b[static KRUX_SHA256]);

/* What computes: "x86 SHA instructions", "ARMv8 SHA instructions" or "libsodium". */
const char *krux_sha256_engine(void);

#endif
