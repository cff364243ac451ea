/* Bytes to their SHA-256. */
#include "capspec/digest.h"

#include <sodium.h>

void krux_sha256_parts(const struct krux_str *part, size_t n, uint8_t out[static KRUX_SHA256])
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < n; i++)
		if (part[i].n)
			crypto_hash_sha256_update(&state, (const unsigned char *)part[i].p, part[i].n);
	crypto_hash_sha256_final(&state, out);
}

void krux_sha256(struct krux_str s, uint8_t out[static KRUX_SHA256])
{
	krux_sha256_parts(&s, 1, out);
}
