/* What the audit log is compared with: SQLite, Redis and OpenSSL, each on the same disk and with
 * values of the same size. */
#ifndef KRUX_PEERS_H
#define KRUX_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One store that takes values and makes them durable, n at a time. */
struct peer {
	const char *name;
	/* Opens in this folder; false: it is not there, `why` says what is missing. */
	bool (*open)(struct peer *, const char *folder, char why[static 128]);
	/* n values of `size` bytes, all of them as durable as the peer's name says on return. */
	void (*put)(struct peer *, const void *value, size_t size, unsigned n);
	void (*close)(struct peer *);
	void *state;
};

extern const struct peer peer_sqlite_full, peer_sqlite_normal, peer_redis_always, peer_redis_everysec;

/* SHA-256 of `total` bytes in messages of `size` by OpenSSL's EVP; ns of processor time, 0: it is not
 * there. */
double openssl_sha256_ns(const uint8_t *data, size_t size, size_t total);

#endif
