/* The signed bundle: all that kruxc builds and the only thing that kruxrt loads. Format:
 * capspec/bundle.cddl. */
#ifndef KRUX_BUNDLE_H
#define KRUX_BUNDLE_H

#include "key.h"

/* Larger ones are refused before they are looked at. */
#define KRUX_MAX_BUNDLE ((size_t)64 << 20)

struct krux_bundle_file {
	struct krux_str name;          /* "decide.c", "docs/filesystem.read.md", "src/team.yaml" */
	struct krux_str data;
};

struct krux_bundle {
	struct krux_str policy;        /* policy id [a-z0-9._-]{1,64}: which line of bundles this is */
	uint64_t serial;               /* order within that line */
	struct krux_str engine;        /* version of the compiler */
	struct krux_str zone;          /* time zone of `time` and `weekday`; n 0 when written: UTC */
	struct krux_str object;        /* the shared object of decide.c */
	struct krux_str schema;        /* of schema.h */
	const struct krux_bundle_file *file;   /* sorted by name when read */
	size_t nfiles;
	/* Filled by open. */
	struct krux_public_key key;    /* that signed it; key.dev: a development key */
	uint8_t digest[32];            /* SHA-256 of the payload: what records call this bundle */
};

/* Signs parts and writes them into the pool. The same parts and key give the same bytes. */
bool krux_bundle_write(struct krux_pool *, const struct krux_bundle *, const struct krux_secret_key *,
                       struct krux_str *out, struct krux_refusal *);

/* Opens any bytes. trust: the keys that may sign; the built-in development key and others
 * marked so count only with allow_dev. The parts borrow from bytes. False: *refusal says why;
 * nothing of the payload is read before its signature is found good. */
bool krux_bundle_open(struct krux_pool *, struct krux_str bytes, const struct krux_public_key *trust,
                      size_t ntrust, bool allow_dev, struct krux_bundle *out, struct krux_refusal *);

/* Opens without a look at the signature, for showing what is in it; the key stays empty but for dev. Only who
 * knows the digest from elsewhere can rely on it. */
bool krux_bundle_look(struct krux_pool *, struct krux_str bytes, struct krux_bundle *out, struct krux_refusal *);

/* The data of a named file; p NULL: none. */
struct krux_str krux_bundle_file(const struct krux_bundle *, const char *name);

#endif
