/* Objects in the making, for reports. Everything is in the pool; a failure shows at the end. */
#ifndef KRUX_GATE_JSON_H
#define KRUX_GATE_JSON_H

#include "capspec/value.h"

enum { OBJECT_MEMBERS = 32 };

struct object {
	struct krux_pool *pool;
	struct krux_member member[OBJECT_MEMBERS];
	size_t n;
	bool failed;
};

void object_value(struct object *, const char *key, struct krux_value);
/* Left out where it is empty. */
void object_str(struct object *, const char *key, struct krux_str);
void object_text(struct object *, const char *key, const char *);
void object_printf(struct object *, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void object_uint(struct object *, const char *key, uint64_t);
void object_bool(struct object *, const char *key, bool);
void object_hex(struct object *, const char *key, const uint8_t *p, size_t n);
/* A moment, ns since 1970. */
void object_time(struct object *, const char *key, uint64_t wall);
void object_list(struct object *, const char *key, const struct krux_value *, size_t n);
/* The value; false where anything failed. */
bool object_end(struct object *, struct krux_value *out);
/* And its text; n 0 where anything failed. */
struct krux_str object_json(struct object *);
struct krux_str json_of(struct krux_pool *, const struct krux_value *);

#endif
