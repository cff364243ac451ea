/* Ed25519 keys and their files: NAME.key and NAME.pub, one line of text each.
 *
 *     krux-secret-key-ed25519:BASE64 NAME        the 32-byte seed
 *     krux-public-key-ed25519:BASE64 NAME        the 32-byte public key
 *
 * The header of a development key ends in -dev before the colon. What such a key signs is
 * taken only where the operator allows development keys. */
#ifndef KRUX_KEY_H
#define KRUX_KEY_H

#include "value.h"

enum { KRUX_KEY_SEED = 32, KRUX_KEY_PUBLIC = 32, KRUX_KEY_ID = 8, KRUX_SIGNATURE = 64, KRUX_KEY_LINE = 192 };

struct krux_public_key {
	uint8_t key[KRUX_KEY_PUBLIC];
	uint8_t id[KRUX_KEY_ID];          /* the first octets of the key's SHA-256 */
	bool dev;
	char name[65];                    /* [a-z0-9._-]{1,64}, NUL-terminated */
};

struct krux_secret_key {
	uint8_t seed[KRUX_KEY_SEED];
	bool dev;
	char name[65];
};

bool krux_key_generate(const char *name, bool dev, struct krux_secret_key *, struct krux_refusal *);
/* The key that everybody has: its seed is SHA-256("krux development key 1"), its name
 * "development". For trying things out, where no key is given. */
void krux_key_development(struct krux_secret_key *);
void krux_key_public(const struct krux_secret_key *, struct krux_public_key *);
void krux_key_wipe(struct krux_secret_key *);

/* Signs domain || message; domain holds its final NUL, so that no message of one purpose is one
 * of another. False: no memory. */
bool krux_key_sign(const struct krux_secret_key *, const char *domain, struct krux_str message,
                   uint8_t out[static KRUX_SIGNATURE]);
bool krux_key_verify(const struct krux_public_key *, const char *domain, struct krux_str message,
                     const uint8_t signature[static KRUX_SIGNATURE]);

/* Lines with their LF; the length. */
size_t krux_key_public_text(const struct krux_public_key *, char out[static KRUX_KEY_LINE]);
size_t krux_key_secret_text(const struct krux_secret_key *, char out[static KRUX_KEY_LINE]);
bool krux_key_public_parse(struct krux_str line, struct krux_public_key *, struct krux_refusal *);
bool krux_key_secret_parse(struct krux_str line, struct krux_secret_key *, struct krux_refusal *);

/* Makes stem.key (mode 0600) and stem.pub; refuses where one of them is there. */
bool krux_key_files_write(const char *stem, const struct krux_secret_key *, struct krux_refusal *);
/* Refuses a secret key that others than its owner can read. */
bool krux_key_secret_read(const char *path, struct krux_secret_key *, struct krux_refusal *);
bool krux_key_public_read(const char *path, struct krux_public_key *, struct krux_refusal *);

#endif
