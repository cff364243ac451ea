/* A recorder in a process of its own, for tests that are its parent, a gate and a spawner. */
#ifndef KRUX_TEST_RECORDING_H
#define KRUX_TEST_RECORDING_H

#include "capspec/key.h"
#include "runtime/base/err.h"
#include "runtime/base/message.h"
#include "runtime/base/state.h"
#include "runtime/base/uids.h"
#include "runtime/record/record.h"

#include <sys/types.h>

extern struct state recording_state;
extern struct krux_err recording_err;
extern struct krux_secret_key operator_key, approver_key, stranger_key;
extern struct channel as_parent;
extern pid_t recording_pid;

/* One generation: the test's ends. */
struct side {
	uint64_t n;
	struct channel gate, spawner;
	uint8_t key[MESSAGE_KEY];
};

void recording_setup(void);                   /* an empty state, with an origin and keys */
extern const char *recording_alone;           /* who is served alone, in /srv/alone, by those that start; or NULL */
extern struct agent_uids recording_uids;      /* that calls run as, of those that start */
void recording_start(void);                   /* the recorder, until it is READY */
/* Starts one that cannot; its exit code, and its sentence in text. */
int recording_refused(char *text, size_t room);
int recording_stop(void);                     /* STOP; its exit code */
void recording_kill(void);
void recording_teardown(void);

/* A generation whose bundle is recorded and whose spawner gave its key. */
void side_open(struct side *, uint64_t n);
void side_bare(struct side *, uint64_t n);    /* of which nothing is recorded yet */
void side_gone(struct side *);

void side_say(struct channel *, enum message_kind, uint64_t cookie, const void *p, size_t n);
/* The next message of this kind within a few seconds; others are passed over. False: there was none, or the
 * channel is closed. */
bool side_hear(struct channel *, enum message_kind, struct message *);
bool is_closed(struct channel *);

/* Appends and waits for the answer; the record's bytes are in `back` until the next hear. */
enum ack_status side_append(struct channel *, const struct record *, uint32_t flags, struct message_ack *back);
void side_append_only(struct channel *, const struct record *, uint32_t flags, uint64_t cookie);
extern struct krux_str appended;

/* Records by agent "builder" in /srv/w, decided by the bundle that side_open records. */
struct record bundle_record(uint64_t serial);
struct record agent_record(const char *name, const char *workspace);   /* add, by uid 1000; not signed */
struct record act(struct record, const struct krux_secret_key *, uint8_t nonce);
struct record decision(const uint8_t *ticket, const struct krux_secret_key *, const char *action);
struct record intent_record(void);            /* records_intent as builder may say it */
struct record with_ticket(struct record, const uint8_t *ticket, const struct krux_secret_key *);
/* builder is registered. */
void builder_add(struct side *);
/* Checks the log, which must be whole. */
void recording_verify(void);

#endif
