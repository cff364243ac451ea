/* The gate on one screen: receive, canonicalise, decide, record the intent, run, record the
 * outcome. Nothing runs before its intent is on disk, and nothing is answered before its end is. */
#include "runtime/gate.h"

#include "runtime/base/err.h"
#include "runtime/bundle/kept.h"
#include "runtime/bundle/loaded.h"
#include "runtime/decide/facts.h"
#include "runtime/decide/zone.h"
#include "runtime/record/carry.h"
#include "runtime/record/entry.h"
#include "runtime/record/history.h"
#include "runtime/record/log.h"

#include "capspec/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct gate {
	struct gate_options options;
	const struct workspace *workspace;
	struct loaded *policy;
	struct facts *facts;
	struct log *log;
	struct entry entry;
	struct judge *judge;             /* of the call at hand */
	const struct request *request;
	uint8_t verdict;
	char notice[160];
};

/* ---- a call ---- */

static int gate_invalid(struct gate *g, struct krux_str asked, struct krux_str json,
                        struct gate_answer *out, struct krux_err *err)
{
	struct record r;

	out->end = GATE_INVALID;
	if (entry_invalid(&g->entry, asked, json, out->refusal.why, &r, err))
		return -1;
	return log_append(g->log, &r, &out->record, NULL, err);
}

static int gate_decide(struct gate *g, struct gate_answer *out, struct krux_err *err)
{
	judge_free(g->judge);
	g->judge = judge_new(g->policy->abi, out->request.index,
	                     (struct krux_str){ g->options.agent, strlen(g->options.agent) },
	                     g->facts, err);
	if (!g->judge)
		return -1;
	return judge_call(g->judge, out->request.cbor, &out->request.args, &out->judgement, err);
}

static int gate_record(struct gate *g, enum audit_kind kind, struct gate_answer *out, uint8_t *leaf,
                       struct krux_err *err)
{
	struct record r;

	if (entry_decided(&g->entry, kind, g->policy->abi, &out->request, &out->judgement, g->facts,
	                  &r, err))
		return -1;
	return log_append(g->log, &r, &out->record, leaf, err);
}

static int gate_notify(struct gate *g, struct gate_answer *out, struct krux_err *err)
{
	struct record r;

	if (!out->judgement.obligation->notify && out->judgement.verdict != KRUX_NOTIFY)
		return 0;
	if (entry_notify(&g->entry, out->record, &out->request, &out->judgement, &r, err))
		return -1;
	return log_append(g->log, &r, NULL, NULL, err);
}

/* Below a pruned tree every path is decided like the call itself, and must not be stricter. */
static bool gate_allows(void *ctx, struct krux_str field, struct krux_str path)
{
	struct gate *g = ctx;

	uint8_t below = (uint8_t)judge_path(g->judge, &g->request->args, field, path);

	return !verdict_stricter(below, g->verdict);
}

static void gate_run(struct gate *g, struct krux_pool *pool, struct gate_answer *out)
{
	struct krux_err why = { 0 };
	struct spawn_request q = {
		.cap = out->request.cap, .layer = loaded_layer(g->policy, out->request.cap),
		.args = &out->request.args, .agent = g->options.agent,
		.workspace_fd = g->workspace->fd, .trash_fd = g->workspace->trash,
		.allows = gate_allows, .ctx = g, .waived = g->options.waived,
	};

	g->request = &out->request;
	g->verdict = out->judgement.verdict;
	out->end = GATE_RAN;
	out->started = !g->options.run(&q, pool, &out->result, &why);
	if (!out->started) {
		out->result = (struct spawn_result){ .end = SPAWN_BROKEN };
		snprintf(out->result.why, sizeof out->result.why, "%.127s", why.text);
	}
}

static int gate_outcome(struct gate *g, struct krux_pool *pool, struct gate_answer *out,
                        struct krux_err *err)
{
	const struct spawn_result *s = &out->result;
	struct krux_str why = { s->why, strlen(s->why) };
	struct entry_end end = {
		.intent = out->record,
		.end = s->end,
		.error = s->error,
		.why = s->end == SPAWN_ERROR ? s->recorded_message : why,
		.layer = s->layer,
		.nlayers = s->nlayers,
		.usage = { s->cpu_ns, s->wall_ns, s->rss_bytes },
	};
	struct record r;
	size_t n;

	if (s->end == SPAWN_DONE) {
		n = krux_cbor_write(&s->recorded, NULL, 0);
		end.result = (struct krux_str){ krux_pool_get(pool, n), n };
		if (!n || !end.result.p)
			return err_set(err, ENOMEM, "the answer");
		krux_cbor_write(&s->recorded, (uint8_t *)(uintptr_t)end.result.p, n);
	}
	if (s->end == SPAWN_UNKNOWN && !why.n)
		end.why = KRUX_STR("how the call ended is not known");
	if (entry_outcome(&g->entry, &end, &r, err))
		return -1;
	return log_append(g->log, &r, NULL, NULL, err);
}

int gate_call(struct gate *g, struct krux_pool *pool, struct krux_str capability,
              struct krux_str json, struct gate_answer *out, struct krux_err *err)
{
	*out = (struct gate_answer){ 0 };
	g->entry.pool = pool;
	if (!request_name(g->policy->abi, g->policy->cap, g->policy->ncaps, capability,
	                  &out->request, &out->refusal) ||
	    !request_args(pool, json, &out->request, &out->refusal))
		return gate_invalid(g, capability, json, out, err);
	if (gate_decide(g, out, err))
		return -1;
	switch (out->judgement.verdict) {
	case KRUX_AUTONOMOUS:
	case KRUX_NOTIFY:
		if (gate_record(g, AUDIT_KIND_INTENT, out, NULL, err) || gate_notify(g, out, err))
			return -1;
		gate_run(g, pool, out);
		return gate_outcome(g, pool, out, err);
	case KRUX_APPROVAL:
		out->end = GATE_DEFERRED;
		return gate_record(g, AUDIT_KIND_DEFERRED, out, out->ticket, err);
	default:
		out->end = GATE_DENIED;
		return gate_record(g, AUDIT_KIND_DENIED, out, NULL, err);
	}
}

/* ---- before it ---- */

/* The longest window of the policy. */
static uint64_t horizon(const struct krux_abi *abi)
{
	uint64_t longest = 0;

	for (uint32_t i = 0; i < abi->nfacts; i++) {
		const struct krux_fact_def *def = &abi->facts[i];

		if ((def->kind == KRUX_FACT_RATE || def->kind == KRUX_FACT_BUDGET) && !def->per)
			return UINT64_MAX;
		if (def->per > longest)
			longest = def->per;
	}
	return longest;
}

/* A bundle that the log does not know yet is recorded; one older than the last, or of another policy, is
 * refused, but for development bundles. */
static int gate_bundle(struct gate *g, bool *untrusted, struct krux_err *err)
{
	const struct krux_bundle *b = &g->policy->bundle;
	const uint8_t *last = carry_bundle(log_carry(g->log));
	struct record r = { 0 };

	if (!b->key.dev && carry_bundle_check(log_carry(g->log), b->policy, b->serial, err)) {
		*untrusted = true;
		return err_wrap(err, "bundle %s", g->options.bundle);
	}
	if (last && !memcmp(last, b->digest, HASH_LEN))
		return 0;
	record_set(&r, AUDIT_KIND, AUDIT_KIND_BUNDLE);
	record_text(&r, AUDIT_ENGINE, "kruxrt " KRUX_VERSION);
	record_bytes(&r, AUDIT_BUNDLE, b->digest, HASH_LEN);
	record_str(&r, AUDIT_POLICY, b->policy);
	record_set(&r, AUDIT_SERIAL, b->serial);
	record_set(&r, AUDIT_DEV, b->key.dev);
	record_bytes(&r, AUDIT_KEY, b->key.key, sizeof b->key.key);
	record_set(&r, AUDIT_HORIZON, horizon(g->policy->abi));
	return log_append(g->log, &r, NULL, NULL, err);
}

static void gate_zone(struct gate *g)
{
	const struct krux_str *zone = &g->policy->bundle.zone;
	struct krux_err why = { 0 };
	char name[128];

	/* Without it there is no local time, and the policy blocks what depends on it. */
	snprintf(name, sizeof name, "%.*s", (int)zone->n, zone->p);
	if (zone_set(name, &why))
		snprintf(g->notice, sizeof g->notice, "%.120s: the local time is not known",
		         why.text);
}

/* The lock was free, so nothing that is open still runs. */
static int gate_settle(struct gate *g, struct krux_err *err)
{
	uint64_t unknown;

	if (log_settle(g->log, &unknown, err))
		return -1;
	if (log_dropped(g->log) || unknown)
		snprintf(g->notice, sizeof g->notice,
		         "the log was put right after a crash: %llu torn bytes cut off, "
		         "%llu calls of unknown end",
		         (unsigned long long)log_dropped(g->log), (unsigned long long)unknown);
	return 0;
}

struct gate *gate_open(const struct state *state, const struct workspace *w,
                       const struct gate_options *options, bool *untrusted, struct krux_err *err)
{
	struct gate *g = calloc(1, sizeof *g);

	*untrusted = false;
	if (!g) {
		err_set(err, ENOMEM, "gate");
		return NULL;
	}
	g->options = *options;
	g->workspace = w;
	g->policy = loaded_open(options->bundle, state->trust, options->dev, err);
	if (!g->policy) {
		*untrusted = true;
		goto fail;
	}
	if (kept_put(state, g->policy, err))
		goto fail;
	gate_zone(g);
	g->facts = facts_new(g->policy->abi);
	if (!g->facts) {
		err_set(err, ENOMEM, "gate");
		goto fail;
	}
	g->log = log_open(state->log, state->blobs, NULL, err);
	if (!g->log || gate_settle(g, err) || gate_bundle(g, untrusted, err))
		goto fail;
	history_fill(g->facts, log_carry(g->log), (struct krux_str){ options->agent, strlen(options->agent) },
	             (struct krux_str){ w->path, strlen(w->path) }, log_wall());
	g->entry = (struct entry){
		.blobs = state->blobs, .agent = options->agent, .workspace = w->path,
		.uid = getuid(), .dev = g->policy->bundle.key.dev,
	};
	memcpy(g->entry.bundle, g->policy->bundle.digest, HASH_LEN);
	return g;
fail:
	gate_close(g);
	return NULL;
}

void gate_close(struct gate *g)
{
	if (!g)
		return;
	judge_free(g->judge);
	log_close(g->log);
	facts_free(g->facts);
	loaded_close(g->policy);
	free(g);
}

const char *gate_notice(const struct gate *g)
{
	return g->notice[0] ? g->notice : NULL;
}

bool gate_is_dev(const struct gate *g)
{
	return g->policy->bundle.key.dev;
}
