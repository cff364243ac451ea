/* JSON that came from the daemon, for programs and for people. */
#ifndef KRUX_SHOW_H
#define KRUX_SHOW_H

#include "capspec/value.h"

/* One line; negative: no memory, or it could not be written. */
int show_json(const struct krux_value *, void *file /* FILE * */);

/* Members of an object: n 0, 0 and false where there is none of that kind. */
struct krux_str show_text(const struct krux_value *map, const char *key);
uint64_t show_uint(const struct krux_value *map, const char *key);
bool show_bool(const struct krux_value *map, const char *key);
/* Elements of a list; NULL and 0. */
const struct krux_value *show_list(const struct krux_value *map, const char *key, size_t *n);

/* A text on a screen, padded to width columns, cut with ".." where it is longer; width 0: as it is. */
void show_cell(void *file, struct krux_str, unsigned width);

/* A value in the making. */
void show_put(struct krux_member *, size_t *n, const char *key, struct krux_value);
void show_put_text(struct krux_member *, size_t *n, const char *key, struct krux_str);   /* left out where empty */
void show_put_uint(struct krux_member *, size_t *n, const char *key, uint64_t);

#endif
