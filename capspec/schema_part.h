/* What the files that read a schema share. */
#ifndef KRUX_SCHEMA_PART_H
#define KRUX_SCHEMA_PART_H

#include "schema.h"

struct reader {
	struct krux_pool *pool;
	struct krux_refusal *refusal;
	const struct krux_type *type;
	unsigned char *depth;         /* of each type */
	size_t ntypes;
	const char *part;             /* "types" or "capabilities" */
	size_t index;                 /* in it */
	const char *key;              /* at hand; NULL: none */
};

/* Refuse at the part and member at hand; false. */
bool schema_refuse(struct reader *, const char *why);
bool schema_memory_refuse(struct reader *);

/* The member of that name and kind; NULL after a refusal. */
const struct krux_value *schema_get(struct reader *, const struct krux_value *map, const char *key,
                                    enum krux_vkind kind);
/* The list of that name and room for as many things of that size; NULL: refused. */
void *schema_list(struct reader *, const struct krux_value *map, const char *key, size_t each,
                  const struct krux_value **list);
/* Optional flags are written only when they are true. */
bool schema_flag(struct reader *, const struct krux_value *map, const char *key, bool *out);
/* Text without NUL. */
bool schema_text(struct reader *, const struct krux_value *map, const char *key, struct krux_str *out);
bool schema_uint(struct reader *, const struct krux_value *map, const char *key, uint64_t max, uint64_t *out);
/* Identifiers, labels. */
bool schema_word_valid(struct krux_str);

/* The table of types, and one that a member names; *depth grows to what holds that type. */
bool schema_types(struct reader *, const struct krux_value *list);
bool schema_type_ref(struct reader *, const struct krux_value *map, const char *key,
                     const struct krux_type **out, unsigned *depth);

#endif
