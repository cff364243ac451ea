/* What the files of krux_canon share. */
#ifndef KRUX_CANON_PART_H
#define KRUX_CANON_PART_H

#include "type.h"

/* Where in the value we are; lives on the stack beside the recursion. */
struct place {
	const struct place *up;
	enum { FIELD, ITEM, ENTRY } kind;
	struct krux_str name;
	size_t index;
};

/* Patterns met so far in one value. */
struct compiled {
	struct compiled *next;
	const char *text;
	struct krux_pattern *pattern;
};

/* One step inside the value has its own, copied from that of the step around it. */
struct canon {
	struct krux_pool *pool;
	struct compiled **compiled;
	struct krux_refusal *refusal;
	const struct place *place;
	unsigned depth;
};

/* All refuse at the place at hand and are false. */
bool canon_refuse(struct canon *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool canon_kind_refuse(struct canon *, const char *expected, const struct krux_value *in);
bool canon_memory_refuse(struct canon *);

/* The value of one kind of type each; true with *out. */
bool canon_number(struct canon *, const struct krux_type *, const struct krux_value *in, struct krux_value *out);
bool canon_bool(struct canon *, const struct krux_value *in, struct krux_value *out);
bool canon_bytes(struct canon *, const struct krux_type *, const struct krux_value *in, struct krux_value *out);
bool canon_ip(struct canon *, const struct krux_value *in, struct krux_value *out);
bool canon_digest(struct canon *, const struct krux_value *in, struct krux_value *out);
bool canon_text(struct canon *, const struct krux_type *, const struct krux_value *in, struct krux_value *out);
bool canon_url(struct canon *, const struct krux_type *, const struct krux_value *in, struct krux_value *out);
/* What a string of the type may hold. */
bool canon_string_check(struct canon *, const struct krux_type *, struct krux_str);

#endif
