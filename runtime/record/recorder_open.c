/* The recorder's start: the log, its key, what the log is known to have held, and the records that say
 * who writes now. */
#include "runtime/record/recorder_part.h"

#include "runtime/base/err.h"
#include "runtime/record/carry.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/expected.h"
#include "runtime/record/log_key.h"
#include "runtime/record/tree.h"

#include "capspec/item.h"

#include <stdio.h>
#include <string.h>

static const uint64_t checkpoint_ns = 1000000000;

static int say(struct recorder *r, struct record *rec, struct krux_err *err)
{
	return log_add(r->log, rec, NULL, err) ? -1 : 0;
}

/* An agent that is known by one would be known by what calls of others run as, so the gate lets none in by it. */
static int peers_check(const struct carry *c, const struct agent_uids *uids, struct krux_err *err)
{
	for (size_t i = 0; i < carry_agents(c); i++) {
		const struct carry_agent *a = carry_agent(c, i);

		if (!a->revoked && a->auth == AUDIT_AUTH_PEER && a->uid < AGENT_UID_NONE && agent_uids_may(uids, (uint32_t)a->uid))
			return err_set(err, 0, "--agent-uids %u:%u: agent %.*s is known by uid %llu: calls have to run as others", uids->base,
			               uids->count, (int)a->name.n, a->name.p, (unsigned long long)a->uid);
	}
	return 0;
}

/* All that were ever registered keep their place. Who is served alone needs none. */
static int uids_check(const struct recorder *r, struct krux_err *err)
{
	const struct agent_uids *uids = &r->options->agents;
	const size_t n = carry_agents(log_carry(r->log));

	if (!uids->count || r->options->agent)
		return 0;
	if (n < uids->count)
		return peers_check(log_carry(r->log), uids, err);
	return err_set(err, 0, "--agent-uids %u:%u: agents registered in this log, those that were taken out among them: %zu; COUNT has to "
	               "be %zu at least", uids->base, uids->count, n, n + 1);
}

static int start_say(struct recorder *r, struct krux_err *err)
{
	const char *const *waived = r->options->waived;
	struct record rec = { 0 };
	const struct agent_uids *uids = &r->options->agents;
	uint8_t list[4096], runs_as[16];
	struct item_out o = { list, sizeof list, 0 }, as = { runs_as, sizeof runs_as, 0 };
	size_t n = 0;

	while (waived && waived[n])
		n++;
	record_set(&rec, AUDIT_KIND, AUDIT_KIND_START);
	record_text(&rec, AUDIT_ENGINE, r->options->engine);
	if (r->options->dev)
		record_set(&rec, AUDIT_DEV, 1);
	item_head(&o, ITEM_LIST, n);
	for (size_t i = 0; i < n; i++)
		item_text(&o, waived[i]);
	if (n && o.n <= o.cap)
		record_bytes(&rec, AUDIT_WAIVED, list, o.n);
	item_head(&as, ITEM_LIST, 2);
	item_head(&as, ITEM_UINT, uids->base);
	item_head(&as, ITEM_UINT, uids->count);
	if (uids->count)
		record_bytes(&rec, AUDIT_RUNS_AS, runs_as, as.n);
	return say(r, &rec, err);
}

static int missing_say(struct recorder *r, struct krux_err *err)
{
	for (const char *const *m = r->options->missing; m && *m; m++) {
		struct record rec = { 0 };

		record_set(&rec, AUDIT_KIND, AUDIT_KIND_MISSING);
		record_text(&rec, AUDIT_WHY, *m);
		if (say(r, &rec, err))
			return -1;
	}
	return 0;
}

/* A log that ends before what its key signed lost records; one with another root is another log. */
static int expect(struct recorder *r, const struct krux_public_key *key, struct krux_err *err)
{
	struct expected signed_;

	if (expected_check(r->log, r->options->log, r->options->blobs, -1, key, &signed_, err))
		return -1;
	if (signed_.other)
		return err_set(err, 0,
		               "the first %llu records of the log are not those that its key has signed. Nothing is done "
		               "until an operator acknowledges it (kruxrt audit acknowledge)",
		               (unsigned long long)signed_.records);
	if (log_alarm(r->log))
		return err_set(err, 0,
		               "the log ends at record %llu, and its key has signed %llu: records are lost. Nothing "
		               "is done until an operator acknowledges it (kruxrt audit acknowledge)",
		               (unsigned long long)carry_next(log_carry(r->log)),
		               (unsigned long long)log_alarm(r->log));
	return 0;
}

static int key_take(struct recorder *r, struct krux_err *err)
{
	struct krux_str origin = carry_origin(log_carry(r->log));
	struct krux_secret_key secret;
	struct krux_public_key key;
	struct record certify;
	int rc;

	if (log_key_open(r->options->keys, &secret, err))
		return err_wrap(err, "the key of the log");
	krux_key_public(&secret, &key);
	rc = expect(r, &key, err);
	if (!rc) {
		r->checkpoints = checkpoints_open(r->options->log, origin, &secret, log_epoch(r->log), err);
		rc = r->checkpoints ? 0 : -1;
	}
	krux_key_wipe(&secret);
	if (rc)
		return -1;
	checkpoints_certify(r->checkpoints, &certify);
	return uids_check(r, err) || start_say(r, err) || say(r, &certify, err) ? -1 : 0;
}

static void checkpoint_due(struct timer *t)
{
	struct recorder *r = t->ctx;

	recorder_sign(r);
	loop_timer_set(&r->loop, t, r->loop.now + checkpoint_ns);
}

int recorder_open(struct recorder *r, struct krux_err *err)
{
	uint64_t unknown;

	r->log = log_open(r->options->log, r->options->blobs, &(struct log_options){ .wait = false }, err);
	if (!r->log || key_take(r, err) || missing_say(r, err))
		return -1;
	/* Nothing of a daemon before this one runs any more: the parent made sure of that. */
	if (log_settle(r->log, &unknown, err) || log_commit(r->log, err))
		return -1;
	r->on_checkpoint = (struct timer){ .due = checkpoint_due, .ctx = r };
	loop_timer_set(&r->loop, &r->on_checkpoint, loop_clock() + checkpoint_ns);
	recorder_sign(r);
	return 0;
}

void recorder_sign(struct recorder *r)
{
	uint64_t n = carry_next(log_carry(r->log));
	uint8_t root[HASH_LEN];
	struct krux_err err = { 0 };

	/* Only what is on disk is signed: between turns that is all but what was written lazily. */
	if (!r->checkpoints || n == r->signed_ || r->npending)
		return;
	if (log_commit(r->log, &err)) {
		if (log_again(r->log, &err))
			recorder_fail(r, "the log cannot go on", &err);
		return;
	}
	n = carry_next(log_carry(r->log));
	/* Trees of these sizes may have been signed before records were lost: never again others. */
	if (n <= carry_acknowledged(log_carry(r->log))) {
		r->signed_ = n;
		return;
	}
	tree_root(log_tree(r->log), root);
	if (checkpoints_write(r->checkpoints, n, root, &err))
		fprintf(stderr, "kruxrt: recorder: a checkpoint: %s\n", err.text);
	else
		r->signed_ = n;
}
