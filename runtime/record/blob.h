/* Arguments and answers that are too large for a record: a file each, named by a salted hash, so
 * that it can be erased and nobody can guess from the record what it was. */
#ifndef KRUX_BLOB_H
#define KRUX_BLOB_H

#include "runtime/record/record.h"

struct krux_err;

enum { BLOB_SALT = 32 };

/* Writes a blob, on disk when it returns, and gives its name. */
int blob_put(int dir, struct krux_str content, uint8_t name[static HASH_LEN], struct krux_err *err);

/* The same as a sealed memory file, for another process to write; its descriptor, or -1. */
int blob_memory(struct krux_str content, uint8_t name[static HASH_LEN], struct krux_err *err);
/* Another descriptor of such a file that holds this content already, whose name is given: a record that names the blob
 * of an earlier one. -1 with *err. */
int blob_again(int fd, struct krux_str content, uint8_t name[static HASH_LEN], struct krux_err *err);
/* Does p, the n bytes of such a file, hold what `name` stands for; then *content is in it. */
bool blob_is(const uint8_t *p, size_t n, const uint8_t name[static HASH_LEN], struct krux_str *content);

/* Writes what such a file holds, on disk when it returns; one that is there already is left alone. */
int blob_write(int dir, const uint8_t name[static HASH_LEN], const uint8_t *p, size_t n,
               struct krux_err *err);
/* Salt and content, not checked. The caller frees; NULL with *err. */
uint8_t *blob_read(int dir, const uint8_t name[static HASH_LEN], size_t max, size_t *n,
                   struct krux_err *err);

enum blob_state { BLOB_WHOLE, BLOB_GONE, BLOB_CHANGED };
/* Is the blob there, of this size, with the content it is named for. Negative with *err. */
int blob_check(int dir, const uint8_t name[static HASH_LEN], uint64_t size, struct krux_err *err);

#endif
