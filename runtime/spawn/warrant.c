/* Bytes from a gate to a call that may run. */
#include "runtime/spawn/warrant.h"

#include "capspec/item.h"
#include "capspec/krux_abi.h"
#include "runtime/approve/quorum.h"
#include "runtime/base/changeset.h"
#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/log.h"

#include <string.h>
#include <time.h>

bool used_take(struct used *u, uint64_t seq)
{
	uint64_t bit = UINT64_C(1) << (seq % 64);
	size_t word = seq % USED_WINDOW / 64;

	if (u->any && seq < u->greatest && u->greatest - seq >= USED_WINDOW)
		return false;
	if (!u->any || seq > u->greatest) {
		uint64_t from = u->any ? u->greatest + 1 : seq;

		if (!u->any || seq - u->greatest >= USED_WINDOW) {
			memset(u->bit, 0, sizeof u->bit);
			from = seq;
		}
		/* Places that the window has come round to. */
		for (uint64_t s = from; s <= seq; s++)
			u->bit[s % USED_WINDOW / 64] &= ~(UINT64_C(1) << (s % 64));
		u->greatest = seq;
		u->any = true;
	}
	if (u->bit[word] & bit)
		return false;
	u->bit[word] |= bit;
	return true;
}

void receipt_make(const struct krux_hmac_key *key, uint64_t generation, uint64_t seq,
                  const uint8_t leaf[static HASH_LEN], uint8_t out[static HASH_LEN])
{
	static const char domain[] = "krux/receipt/1";
	uint8_t number[16];
	struct krux_str part[3] = { { domain, sizeof domain },
		                    { (const char *)number, sizeof number },
		                    { (const char *)leaf, HASH_LEN } };

	for (int i = 0; i < 8; i++) {
		number[i] = (uint8_t)(generation >> (56 - 8 * i));
		number[8 + i] = (uint8_t)(seq >> (56 - 8 * i));
	}
	krux_hmac_sha256(key, part, 3, out);
}

static int record_read(const uint8_t *p, size_t n, enum audit_kind kind, struct record *r,
                       uint8_t leaf[static HASH_LEN], struct krux_err *err)
{
	const char *why;
	size_t used;

	if (!record_decode(p, n, r, &used, &why))
		return err_set(err, 0, "no record: %s", why);
	if (used != n || r->field[AUDIT_KIND].u != kind)
		return err_set(err, 0, "no record of kind %s", record_kind_word(kind));
	record_leaf(p, n, leaf);
	return 0;
}

static uint64_t now_wall(void)
{
	return log_wall();
}

static uint64_t now_boot(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* By the wall clock or the time since boot, whichever ends first; in another boot by the wall clock
 * alone. */
static bool ticket_over(const struct record *d, const struct record *intent)
{
	uint64_t ttl = d->field[AUDIT_TTL].u, wall = now_wall();
	uint64_t until = d->field[AUDIT_WALL].u, boot = d->field[AUDIT_MONO].u;

	if (record_has(d, AUDIT_EXPIRES) && wall >= d->field[AUDIT_EXPIRES].u)
		return true;
	if (__builtin_add_overflow(until, ttl, &until))
		until = UINT64_MAX;
	if (__builtin_add_overflow(boot, ttl, &boot))
		boot = UINT64_MAX;
	if (wall >= until)
		return true;
	return krux_str_eq(d->field[AUDIT_BOOT].s, intent->field[AUDIT_BOOT].s) && now_boot() >= boot;
}

/* The fields that a ticket and the intent that consumes it have in common. Large arguments are the same blob in both. */
static int same_request(const struct record *a, const struct record *b, struct krux_err *err)
{
	static const enum audit_field same[] = { AUDIT_AGENT, AUDIT_WORKSPACE, AUDIT_CAPABILITY,
		                                 AUDIT_VERSION, AUDIT_ARGS, AUDIT_ARGS_BLOB };

	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		enum audit_field f = same[i];

		if (record_has(a, f) != record_has(b, f) ||
		    (record_has(a, f) && !krux_str_eq(a->field[f].s, b->field[f].s)))
			return err_set(err, 0, "the ticket is for another %s", record_field_word(f));
	}
	return 0;
}

struct blobs {
	const struct krux_str *blob;
	unsigned n, at;                /* at: the next that a record names */
};

static int blob_take(const struct record *r, enum audit_field f, struct blobs *b, struct krux_str *out, struct krux_err *err)
{
	struct item_in in = { (const uint8_t *)r->field[f].s.p,
		              (const uint8_t *)r->field[f].s.p + r->field[f].s.n, NULL };
	struct krux_str name;
	uint64_t two, size;

	if (b->at == b->n || !item_take(&in, ITEM_LIST, &two) ||
	    !item_take_str(&in, ITEM_BYTES, &name) || !item_take(&in, ITEM_UINT, &size) ||
	    !blob_is((const uint8_t *)b->blob[b->at].p, b->blob[b->at].n, (const uint8_t *)name.p, out) ||
	    out->n != size)
		return err_set(err, 0, "%s: not the blob that is recorded", record_field_word(f));
	b->at++;
	return 0;
}

/* The deferred record of the intent's ticket, whose hash is the ticket. */
static int ticket_take(const uint8_t *p, size_t n, struct blobs *blobs, struct warrant *w, struct record *deferred,
                       uint8_t leaf[static HASH_LEN], struct krux_err *err)
{
	const struct record *intent = &w->intent;
	const char *why;

	if (!record_has(intent, AUDIT_TICKET) || !record_has(intent, AUDIT_SIGNERS))
		return err_set(err, 0, "a person has to approve it, and nobody has");
	if (record_read(p, n, AUDIT_KIND_DEFERRED, deferred, leaf, err))
		return err_wrap(err, "ticket");
	if (memcmp(leaf, intent->field[AUDIT_TICKET].s.p, HASH_LEN) != 0)
		return err_set(err, 0, "another ticket than the one that the intent consumes");
	if (same_request(deferred, intent, err))
		return -1;
	w->approvals = deferred->field[AUDIT_APPROVALS].s;
	if (record_has(deferred, AUDIT_SHOWN))
		w->shown = deferred->field[AUDIT_SHOWN].s;
	if (!record_has(deferred, AUDIT_RESULT_BLOB))
		return 0;
	if (!w->cap->approves_changes)
		return err_set(err, 0, "the changes of a capability that has none approved");
	if (blob_take(deferred, AUDIT_RESULT_BLOB, blobs, &w->changes, err))
		return -1;
	return changeset_waited(w->changes, deferred->field[AUDIT_WALL].u, &why) ? 0 : err_set(err, 0, "what was approved is %s", why);
}

static int ticket_check(const struct warrant_rules *rules, const uint8_t *p, size_t n, struct blobs *blobs,
                        struct warrant *w, struct krux_err *err)
{
	struct quorum q = { .approver = rules->approver, .n = rules->napprovers, .agent = w->agent };
	uint8_t leaf[HASH_LEN];
	struct record deferred;

	if (ticket_take(p, n, blobs, w, &deferred, leaf, err))
		return -1;
	/* It was approved, and by now need not be; what else was approved is no part of it then. */
	if (w->verdict != KRUX_APPROVAL && !w->changes.n) {
		w->approvals = w->shown = (struct krux_str){ NULL, 0 };
		return 0;
	}
	if (ticket_over(&deferred, &w->intent))
		return err_set(err, 0, "the ticket has expired");
	return quorum_holds(&q, leaf, w->approvals, w->intent.field[AUDIT_SIGNERS].s, err);
}

/* Arguments and facts, from the record or from their blobs. */
static int contents_take(struct warrant *w, struct blobs *b, struct krux_err *err)
{
	const struct record *r = &w->intent;

	w->args = r->field[AUDIT_ARGS].s;
	if (record_has(r, AUDIT_ARGS_BLOB) &&
	    blob_take(r, AUDIT_ARGS_BLOB, b, &w->args, err))
		return -1;
	if (record_has(r, AUDIT_FACTS))
		w->facts = r->field[AUDIT_FACTS].s;
	if (record_has(r, AUDIT_FACTS_BLOB) &&
	    blob_take(r, AUDIT_FACTS_BLOB, b, &w->facts, err))
		return -1;
	return 0;
}

static int capability_find(const struct warrant_rules *rules, struct warrant *w,
                           struct krux_err *err)
{
	struct krux_str version = w->intent.field[AUDIT_VERSION].s,
			name = w->intent.field[AUDIT_CAPABILITY].s;
	struct item_in in = { (const uint8_t *)version.p,
		              (const uint8_t *)version.p + version.n, NULL };
	uint64_t two, major, minor;

	if (!item_take(&in, ITEM_LIST, &two) || !item_take(&in, ITEM_UINT, &major) ||
	    !item_take(&in, ITEM_UINT, &minor))
		return err_set(err, 0, "version");
	for (size_t i = 0; i < rules->ncaps; i++) {
		const struct krux_capability *c = &rules->cap[i];

		if (krux_str_eq(c->name, name) && c->major == major && c->minor == minor) {
			w->cap = c;
			w->index = (uint32_t)i;
			return 0;
		}
	}
	return err_set(err, 0, "the bundle has no such capability");
}

/* The receipt is for this record, and was not used: from here on it is. */
static int receipt_take(struct warrant_rules *rules, const struct message_run *run,
                        const uint8_t leaf[static HASH_LEN], uint64_t seq, struct krux_err *err)
{
	uint8_t receipt[HASH_LEN];

	receipt_make(&rules->key, rules->generation, seq, leaf, receipt);
	if (run->generation != rules->generation || !krux_hmac_equal(receipt, run->receipt))
		return err_set(err, 0, "the receipt is not the recorder's for this record");
	if (!used_take(&rules->used, seq))
		return err_set(err, 0, "the receipt was used before");
	return 0;
}

/* The intent, whose end in the message and hash are told. */
static int intent_read(const uint8_t *body, size_t n, struct message_run *run, struct warrant *w,
                       uint8_t leaf[static HASH_LEN], struct krux_err *err)
{
	*w = (struct warrant){ 0 };
	if (n < sizeof *run)
		return err_set(err, 0, "a message that is cut short");
	memcpy(run, body, sizeof *run);
	n -= sizeof *run;
	if (run->nrecord > n || run->nticket != n - run->nrecord)
		return err_set(err, 0, "lengths that do not add up");
	if (record_read(body + sizeof *run, run->nrecord, AUDIT_KIND_INTENT, &w->intent, leaf, err))
		return err_wrap(err, "intent");
	w->seq = w->intent.field[AUDIT_SEQ].u;
	return 0;
}

/* What the call is, from its intent. */
static int request_take(const struct warrant_rules *rules, struct blobs *blobs, struct krux_pool *pool, struct warrant *w,
                        struct krux_err *err)
{
	struct krux_refusal why;

	w->agent = w->intent.field[AUDIT_AGENT].s;
	w->workspace = w->intent.field[AUDIT_WORKSPACE].s;
	w->verdict = (uint8_t)w->intent.field[AUDIT_VERDICT].u;
	w->uid = record_runs_as(&w->intent);
	if (record_has(&w->intent, AUDIT_RUNS_AS) && w->uid == AGENT_UID_NONE)
		return err_set(err, 0, "it runs as what is no uid");
	if (memcmp(w->intent.field[AUDIT_BUNDLE].s.p, rules->bundle, HASH_LEN) != 0)
		return err_set(err, 0, "another bundle decided it than the one that is loaded here");
	if (capability_find(rules, w, err) || contents_take(w, blobs, err))
		return -1;
	if (!krux_cbor_read(pool, (const uint8_t *)w->args.p, w->args.n, &w->value, &why) ||
	    w->value.kind != KRUX_V_MAP)
		return err_set(err, 0, "the arguments are not canonical");
	return 0;
}

static int blobs_check(const struct blobs *b, struct krux_err *err)
{
	return b->at == b->n ? 0 : err_set(err, 0, "more blobs than are recorded");
}

/* Whoever has approved a call that need not be approved now: it is looked at for what it binds. */
static bool has_ticket(const struct warrant *w, const struct message_run *run)
{
	return w->verdict == KRUX_APPROVAL || (record_has(&w->intent, AUDIT_TICKET) && run->nticket);
}

int warrant_read(struct warrant_rules *rules, const uint8_t *body, size_t n,
                 const struct krux_str *blob, unsigned nblobs, struct krux_pool *pool,
                 struct warrant *w, uint64_t *seq, struct krux_err *err)
{
	struct blobs blobs = { blob, nblobs, 0 };
	uint8_t leaf[HASH_LEN];
	struct message_run run;

	*seq = 0;
	if (intent_read(body, n, &run, w, leaf, err) || receipt_take(rules, &run, leaf, w->seq, err))
		return -1;
	*seq = w->seq;
	w->deadline = run.deadline;
	if (w->deadline == RUN_CANCELLED)
		return err_set(err, 0, "it was cancelled before it could start");
	if (w->deadline && now_boot() >= w->deadline)
		return err_set(err, 0, "its time was over before it could start");
	if (request_take(rules, &blobs, pool, w, err))
		return -1;
	if (w->verdict != KRUX_APPROVAL && w->verdict != KRUX_AUTONOMOUS && w->verdict != KRUX_NOTIFY)
		return err_set(err, 0, "an intent of a call that is blocked");
	if (has_ticket(w, &run) && ticket_check(rules, body + sizeof run + run.nrecord, run.nticket, &blobs, w, err))
		return -1;
	return blobs_check(&blobs, err);
}

int warrant_again(const struct warrant_rules *rules, const uint8_t *body, size_t n, const struct krux_str *blob,
                  unsigned nblobs, struct krux_pool *pool, struct warrant *w, struct krux_err *err)
{
	struct blobs blobs = { blob, nblobs, 0 };
	uint8_t leaf[HASH_LEN];
	struct record deferred;
	struct message_run run;

	if (intent_read(body, n, &run, w, leaf, err) || request_take(rules, &blobs, pool, w, err))
		return -1;
	if (has_ticket(w, &run) && ticket_take(body + sizeof run + run.nrecord, run.nticket, &blobs, w, &deferred, leaf, err))
		return -1;
	if (w->verdict != KRUX_APPROVAL && !w->changes.n)
		w->approvals = w->shown = (struct krux_str){ NULL, 0 };
	return blobs_check(&blobs, err);
}

bool warrant_snapshot(const struct warrant *w)
{
	return w->approvals.n && !w->changes.n && capability_runs_workspace(w->cap);
}
