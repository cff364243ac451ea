/* Builds the value that a handler answers. */
#ifndef KRUX_ANSWER_H
#define KRUX_ANSWER_H

#include "stdlib-caps/common/handler.h"

enum { ANSWER_FIELDS = 16 };

/* A record in the making; answer_end turns it into a value. Texts are borrowed. */
struct answer {
	struct krux_pool *pool;
	struct krux_member member[ANSWER_FIELDS];
	size_t n;
};

void answer_begin(struct answer *, struct krux_pool *);
void answer_text(struct answer *, const char *field, struct krux_str);
void answer_word(struct answer *, const char *field, const char *);
void answer_bool(struct answer *, const char *field, bool);
void answer_uint(struct answer *, const char *field, uint64_t);
void answer_int(struct answer *, const char *field, int64_t);
void answer_time(struct answer *, const char *field, int64_t ns);
void answer_value(struct answer *, const char *field, struct krux_value);
void answer_list(struct answer *, const char *field, const struct krux_value *, size_t n);
/* SHA-256 of the bytes. */
void answer_digest(struct answer *, const char *field, const uint8_t digest[static 32]);
/* False where memory ran out. */
bool answer_end(struct answer *, struct krux_value *out);
/* To the call's output; where memory ran out, the call fails with that error. */
bool answer_give(struct answer *, struct handler_call *, const char *error);

/* file, directory, symlink or other. */
const char *answer_type(mode_t);
uint64_t answer_size(const struct stat *);
int64_t answer_modified(const struct stat *);

#endif
