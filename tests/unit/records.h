/* What the tests of the audit log share. */
#ifndef KRUX_RECORDS_H
#define KRUX_RECORDS_H

#include "runtime/base/err.h"
#include "runtime/record/record.h"
#include "runtime/record/verify.h"

#include "capspec/item.h"

struct log;

#define LOG_FILE "00000000.seg"

/* Fixture: an empty folder, and one for blobs in it. */
extern int records_dir, records_blobs;
extern struct krux_err records_err;
void records_setup(void);
void records_teardown(void);

/* Records without what log_append fills in. Lists stand in memory that the next one reuses. */
struct record records_intent(void);
/* The same of a call as root, which runs as a uid of its agent. */
struct record records_intent_as(void);
struct record records_deferred(void);
struct record records_outcome(uint64_t about);
struct record records_denied(void);
struct record records_invalid(void);
/* With that filled in: number 5, and zeros before it. */
struct record records_whole(struct record);
/* The same fields, and what lies in memory is in the same place. */
bool records_same(const struct record *, const struct record *);
/* workspace NULL: it is taken out. */
struct record records_agent(const char *name, const char *workspace);
struct krux_str records_item(struct item_out *);

/* Origin, then intent, outcome, denied, invalid, three times: 13 records. */
void records_log(void);
void records_append(struct log *, struct record);

struct bytes {
	uint8_t *p;
	size_t n;
};
/* Removes all segments but the first, and what was made ahead. */
void records_first(void);
struct bytes records_get(const char *name);
void records_put(const char *name, const uint8_t *p, size_t n);
/* Offsets of the records, and of the end. */
size_t records_places(struct bytes log, size_t *at, size_t max);
struct verify_report records_verify(void);
size_t records_count(const struct verify_report *, enum finding_kind);
/* Is there a fault whose bytes hold this one. */
bool records_covers(const struct verify_report *, uint64_t at);

#endif
