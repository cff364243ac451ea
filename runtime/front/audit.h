/* Records for people and programs. */
#ifndef KRUX_AUDIT_H
#define KRUX_AUDIT_H

#include "runtime/record/record.h"

int audit_verify(int argc, char **argv);
int audit_tail(int argc, char **argv);
int audit_acknowledge(int argc, char **argv);
int audit_prove(int argc, char **argv);
int audit_tiles(int argc, char **argv);
int audit_query(int argc, char **argv);
int audit_export(int argc, char **argv);
int audit_replay(int argc, char **argv);

/* prove --check: file is the proof; record the bytes of the record, or old the earlier checkpoint,
 * that it is about. Keys as witnesses and logs publish them; those of the state's trust folder too. */
enum { AUDIT_KEYS = 32 };
struct state;
struct krux_err;
struct audit_check {
	const char *file, *record, *old, *out, *witnesses;
	const char *key[AUDIT_KEYS + 1];
};
int audit_prove_check(const struct audit_check *, const struct state *);

/* Did who read up to, not with, `next` see all that log/head says was on disk before; head_read came
 * first. Negative with *err. */
struct head;
int audit_whole(const struct head *, uint64_t next, struct krux_err *err);

/* One record by its number: leaf and bytes (room for RECORD_MAX). Negative with *err. */
int audit_record_find(int log, uint64_t seq, uint8_t leaf[static HASH_LEN], uint8_t *bytes, size_t *n,
                      struct krux_err *err);

/* "done", "error" ...; "major.minor" of a version field, or "". */
const char *audit_end_word(uint64_t end);
void audit_version(const struct record *, char out[static 48]);
/* One line of text, or one JSON object; false: no memory. */
bool audit_print_line(const struct record *, void *file /* FILE * */);
bool audit_print_json(const struct record *, const uint8_t leaf[static HASH_LEN], void *file);

#endif
