/* A record to a signed one in the log. What is signed is the record's body as it will be written, less
 * the signature itself. */
#include "runtime/front/act.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/bundle/trust.h"
#include "runtime/front/owner.h"
#include "runtime/record/carry.h"
#include "runtime/record/log.h"
#include "runtime/record/registry.h"

#include "capspec/guard.h"
#include "capspec/item.h"
#include "capspec/key.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { ACT_MAX = 16384, SIGNERS_MAX = 256, NONCE = 16 };

struct signing {
	struct krux_secret_key key;
	struct krux_public_key public;
	uint8_t nonce[NONCE], body[ACT_MAX], signature[KRUX_SIGNATURE], signers[SIGNERS_MAX];
	size_t n;
};

static enum supervisor_result failed(struct krux_err *err, const char *why)
{
	err_set(err, 0, "%s", why);
	return SUPERVISOR_FAILED;
}

static enum supervisor_result sign(struct signing *s, struct record *r, struct krux_err *err)
{
	record_bytes(r, AUDIT_NONCE, s->nonce, sizeof s->nonce);
	s->n = record_encode_body(r, s->body, sizeof s->body);
	if (!s->n)
		return failed(err, "this is no record: a text is too long or no valid UTF-8");
	if (!krux_key_sign(&s->key, FRAME_DOMAIN_OPERATOR, (struct krux_str){ (char *)s->body, s->n }, s->signature))
		return failed(err, "out of memory");
	return SUPERVISOR_OK;
}

/* ---- by the daemon ---- */

static enum supervisor_result act_ask(struct supervisor *v, struct signing *s, struct record *r, uint64_t *seq,
                                      struct krux_err *err)
{
	struct frame q = { .kind = FRAME_S_NONCE }, a;
	enum supervisor_result result = supervisor_greet(v, err);

	if (!result)
		result = supervisor_ask(v, &q, FRAME_S_GIVEN, &a, err);
	if (result)
		return result;
	memcpy(s->nonce, a.s_given.nonce, sizeof s->nonce);
	result = sign(s, r, err);
	if (result)
		return result;
	q = (struct frame){ .kind = FRAME_S_ACT };
	q.s_act.act = (struct krux_str){ (char *)s->body, s->n };
	q.s_act.operator = (struct krux_str){ s->public.name, strlen(s->public.name) };
	q.s_act.signature = s->signature;
	result = supervisor_ask(v, &q, FRAME_S_DONE, &a, err);
	if (!result)
		*seq = a.s_done.record;
	return result;
}

/* ---- in a stopped state ---- */

static bool is_operator(const struct state *state, const struct krux_public_key *key, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
	struct krux_public_key *trusted;
	size_t n;

	if (!pool || trust_read(state->trust, TRUST_OPERATOR, pool, &trusted, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(trusted[i].name, key->name) && !memcmp(trusted[i].key, key->key, sizeof key->key))
			return true;
	err_set(err, 0, "%s is no operator of this state: its key is not in trust/operators", key->name);
	return false;
}

static void signers_put(struct signing *s, struct record *r)
{
	struct item_out o = { s->signers, sizeof s->signers, 0 };

	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, s->public.name);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)s->public.key, sizeof s->public.key });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)s->signature, sizeof s->signature });
	record_bytes(r, AUDIT_SIGNERS, s->signers, o.n);
}

static enum supervisor_result append(const struct state *state, struct log *log, struct signing *s, struct record *r,
                                     uint64_t *seq, struct krux_err *err)
{
	const struct registry_rules rules = { NULL, geteuid(), geteuid() ? geteuid() : owner_base(state) };
	enum supervisor_result result;

	/* workspace_open has looked at its places. */
	if (registry_check(log_carry(log), r, &rules, err))
		return SUPERVISOR_REFUSED;
	if (carry_key_revoked(log_carry(log), KRUX_STR("operator"), s->public.key)) {
		err_set(err, 0, "%s is no operator any more: its key was taken back", s->public.name);
		return SUPERVISOR_REFUSED;
	}
	randombytes_buf(s->nonce, sizeof s->nonce);
	result = sign(s, r, err);
	if (result)
		return result;
	signers_put(s, r);
	return log_append(log, r, seq, NULL, err) ? SUPERVISOR_FAILED : SUPERVISOR_OK;
}

static enum supervisor_result act_state(const struct act_place *at, struct signing *s, struct record *r,
                                        uint64_t *seq, struct krux_err *err)
{
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	const struct log_options options = { .wait = false };
	enum supervisor_result result;
	struct log *log;

	if (state_open(at->state, &state, err))
		return SUPERVISOR_FAILED;
	if (!is_operator(&state, &s->public, err))
		return SUPERVISOR_REFUSED;
	log = log_open(state.log, state.blobs, &options, err);
	if (!log)
		return SUPERVISOR_FAILED;
	result = append(&state, log, s, r, seq, err);
	log_close(log);
	return result;
}

enum supervisor_result act_do(const struct act_place *at, struct record *r, uint64_t *seq, struct krux_err *err)
{
	struct krux_refusal why = { "", "" };
	enum supervisor_result result;
	struct signing s;

	if (!krux_guard(&why) || !krux_key_secret_read(at->operator, &s.key, &why)) {
		err_set(err, 0, "%s: %s", at->operator, why.why);
		return SUPERVISOR_FAILED;
	}
	krux_key_public(&s.key, &s.public);
	result = at->state ? act_state(at, &s, r, seq, err) : act_ask(at->daemon, &s, r, seq, err);
	krux_key_wipe(&s.key);
	/* What it pointed at is gone. */
	r->have &= ~(1ull << AUDIT_NONCE | 1ull << AUDIT_SIGNERS);
	return result;
}
