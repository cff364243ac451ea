/* Values and lists to the items that fields of a record hold. */
#include "runtime/record/entry.h"

#include "runtime/base/err.h"
#include "runtime/base/uids.h"
#include "runtime/decide/facts.h"
#include "runtime/decide/judge.h"
#include "runtime/decide/query.h"
#include "runtime/decide/remedy.h"
#include "runtime/record/blob.h"
#include "runtime/request/request.h"

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/item.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Facts longer than this go to a blob. */
enum { INLINE_FACTS = 16384 };

/* ---- lists: written twice, first for their length ---- */

typedef void list_fn(struct item_out *, const void *ctx);

static int list_put(struct krux_pool *pool, list_fn *write, const void *ctx, struct krux_str *out,
                    struct krux_err *err)
{
	struct item_out o = { NULL, 0, 0 };

	write(&o, ctx);
	o = (struct item_out){ krux_pool_get(pool, o.n), o.n, 0 };
	if (!o.p)
		return err_set(err, ENOMEM, "record");
	write(&o, ctx);
	*out = (struct krux_str){ (char *)o.p, o.n };
	return 0;
}

struct pair {
	const uint8_t *hash;
	uint64_t n;
};

static void pair_write(struct item_out *o, const void *ctx)
{
	const struct pair *p = ctx;

	item_head(o, ITEM_LIST, 2);
	item_str(o, ITEM_BYTES, (struct krux_str){ (const char *)p->hash, HASH_LEN });
	item_head(o, ITEM_UINT, p->n);
}

struct asked {
	const struct krux_abi *abi;
	struct facts *facts;
};

static void facts_write(struct item_out *o, const void *ctx)
{
	const struct asked *a = ctx;
	const uint32_t *id;
	uint32_t n = facts_list(a->facts, &id);
	uint64_t answer;

	item_head(o, ITEM_LIST, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct krux_fact_def *def = &a->abi->facts[id[i]];

		answer = 0;
		facts_quiet(a->facts, id[i], &answer);
		item_head(o, ITEM_LIST, 5);
		item_head(o, ITEM_UINT, def->kind);
		item_text(o, def->policy);
		item_text(o, def->name);
		item_head(o, ITEM_UINT, def->per);
		item_head(o, ITEM_UINT, answer);
	}
}

static void labels_write(struct item_out *o, const void *ctx)
{
	const struct krux_capability *cap = ctx;

	item_head(o, ITEM_LIST, cap->nlabels);
	for (size_t i = 0; i < cap->nlabels; i++)
		item_str(o, ITEM_TEXT, cap->label[i]);
}

struct counted {
	const struct krux_abi *abi;
	const struct krux_obligation *obligation;
	const struct krux_value *args;
};

static void counters_write(struct item_out *o, const void *ctx)
{
	const struct counted *c = ctx;

	item_head(o, ITEM_LIST, c->obligation->ncounters);
	for (uint32_t i = 0; i < c->obligation->ncounters; i++) {
		const struct krux_fact_def *def = &c->abi->facts[c->obligation->counter[i]];

		item_head(o, ITEM_LIST, 4);
		item_head(o, ITEM_UINT, def->kind);
		item_text(o, def->policy);
		item_text(o, def->name);
		item_head(o, ITEM_UINT,
		          def->kind == KRUX_FACT_RATE ? 1 : query_amount(c->args, def->sum));
	}
}

static void approvals_write(struct item_out *o, const void *ctx)
{
	const struct krux_obligation *b = ctx;

	item_head(o, ITEM_LIST, b->napprovals);
	for (uint32_t i = 0; i < b->napprovals; i++) {
		item_head(o, ITEM_LIST, 2);
		item_head(o, ITEM_UINT, b->approval[i].quorum);
		item_head(o, ITEM_LIST, b->approval[i].nfrom);
		for (uint32_t k = 0; k < b->approval[i].nfrom; k++)
			item_text(o, b->approval[i].from[k]);
	}
}

static void version_write(struct item_out *o, const void *ctx)
{
	const struct krux_capability *cap = ctx;

	item_head(o, ITEM_LIST, 2);
	item_head(o, ITEM_UINT, cap->major);
	item_head(o, ITEM_UINT, cap->minor);
}

static void layers_write(struct item_out *o, const void *ctx)
{
	const struct entry_end *e = ctx;

	item_head(o, ITEM_LIST, e->nlayers);
	for (size_t i = 0; i < e->nlayers; i++)
		item_text(o, e->layer[i]);
}

static void network_write(struct item_out *o, const struct entry_end *e)
{
	item_head(o, ITEM_LIST, e->nnetwork);
	for (size_t i = 0; i < e->nnetwork; i++) {
		const struct entry_network *w = &e->network[i];
		const uint64_t number[] = { w->port, w->connections, w->refused, w->sent, w->received };

		item_head(o, ITEM_LIST, 1 + sizeof number / sizeof *number + w->proxied);
		item_str(o, ITEM_TEXT, w->host);
		for (size_t k = 0; k < sizeof number / sizeof *number; k++)
			item_head(o, ITEM_UINT, number[k]);
		if (w->proxied)
			item_text(o, "proxy");
	}
}

static const char *const used_words[USED_KINDS] = {
#define USED(id, word) [USED_##id] = word,
#include "capspec/usage.def"
};

static void used_write(struct item_out *o, const struct call_used *u, size_t known)
{
	item_head(o, ITEM_LIST, known);
	for (enum used_kind k = 0; k < USED_KINDS; k++) {
		if (!used_knows(u, k))
			continue;
		item_head(o, ITEM_LIST, 2);
		item_text(o, used_words[k]);
		item_head(o, ITEM_UINT, u->n[k]);
	}
}

/* Only the last of its lists is never empty. */
static void usage_write(struct item_out *o, const void *ctx)
{
	const struct entry_end *e = ctx;
	size_t known = 0;

	for (enum used_kind k = 0; k < USED_KINDS; k++)
		known += used_knows(&e->used, k);
	item_head(o, ITEM_LIST, known ? 5 : e->nnetwork ? 4 : 3);
	for (size_t i = 0; i < 3; i++)
		item_head(o, ITEM_UINT, e->usage[i]);
	if (known || e->nnetwork)
		network_write(o, e);
	if (known)
		used_write(o, &e->used, known);
}

static int list_set(const struct entry *e, struct record *r, enum audit_field f, list_fn *write,
                    const void *ctx, struct krux_err *err)
{
	struct krux_str s = { NULL, 0 };

	if (list_put(e->pool, write, ctx, &s, err))
		return -1;
	record_str(r, f, s);
	return 0;
}

/* `made`: the memory file that holds it already. */
static int blob_keep(const struct entry *e, struct krux_str content, const int *made, uint8_t name[static HASH_LEN],
                     struct krux_err *err)
{
	struct entry_memory *m = e->memory;
	int fd;

	if (e->blobs >= 0)
		return blob_put(e->blobs, content, name, err);
	if (!m || m->n == ENTRY_BLOBS)
		return err_set(err, 0, "a record with too many blobs");
	fd = made ? blob_again(*made, content, name, err) : blob_memory(content, name, err);
	if (fd < 0)
		return -1;
	m->fd[m->n++] = fd;
	return 0;
}

/* The value in field f, or what is too long for it in a blob named by the field `blob`. */
static int value_set(const struct entry *e, struct record *r, enum audit_field f,
                     enum audit_field blob, size_t max, struct krux_str value, struct krux_err *err)
{
	uint8_t name[HASH_LEN];
	struct pair pair = { name, value.n };

	if (value.n <= max) {
		record_str(r, f, value);
		return 0;
	}
	if (blob_keep(e, value, f == AUDIT_ARGS ? e->args_blob : NULL, name, err))
		return -1;
	return list_set(e, r, blob, pair_write, &pair, err);
}

static void caller_set(const struct entry *e, struct record *r)
{
	record_text(r, AUDIT_AGENT, e->agent);
	record_set(r, AUDIT_AUTH, e->auth);
	record_set(r, AUDIT_UID, e->uid);
	record_text(r, AUDIT_WORKSPACE, e->workspace);
	record_bytes(r, AUDIT_BUNDLE, e->bundle, HASH_LEN);
	if (e->dev)
		record_set(r, AUDIT_DEV, 1);
	if (e->connection)
		record_set(r, AUDIT_CONNECTION, e->connection);
	record_text(r, AUDIT_CLAIMED, e->claimed);
}

int entry_approvals(struct krux_pool *pool, const struct krux_obligation *b, struct krux_str *out,
                    struct krux_err *err)
{
	return list_put(pool, approvals_write, b, out, err);
}

/* ---- records ---- */

int entry_rule(struct krux_pool *pool, const struct judgement *j, char **rule, char **source, struct krux_err *err)
{
	struct krux_str r, s;

	if (!cite_text(pool, &j->voice, &r, &s))
		return err_set(err, ENOMEM, "record");
	*rule = (char *)(uintptr_t)r.p;
	*source = (char *)(uintptr_t)s.p;
	return 0;
}

static int rule_set(const struct entry *e, const struct judgement *j, struct record *r,
                    struct krux_err *err)
{
	char *rule = NULL, *source = NULL;

	if (entry_rule(e->pool, j, &rule, &source, err))
		return -1;
	record_str(r, AUDIT_RULE, (struct krux_str){ rule, strlen(rule) });
	record_str(r, AUDIT_SOURCE, (struct krux_str){ source, strlen(source) });
	record_text(r, AUDIT_REASON, j->reason);
	return 0;
}

static int nonce_set(const struct entry *e, struct record *r, struct krux_err *err)
{
	uint8_t *nonce;

	if (e->nonce) {
		record_bytes(r, AUDIT_NONCE, e->nonce, 16);
		return 0;
	}
	nonce = krux_pool_get(e->pool, 16);
	if (!nonce)
		return err_set(err, ENOMEM, "record");
	randombytes_buf(nonce, 16);
	record_bytes(r, AUDIT_NONCE, nonce, 16);
	return 0;
}

static void runs_as_write(struct item_out *o, const void *ctx)
{
	const struct entry *e = ctx;

	item_head(o, ITEM_LIST, 1);
	item_head(o, ITEM_UINT, e->runs_as);
}

static int intent_set(const struct entry *e, const struct krux_abi *abi, const struct request *q,
                      const struct judgement *j, struct record *r, struct krux_err *err)
{
	struct counted counted = { abi, j->obligation, &q->args };

	if (q->cap->nlabels && list_set(e, r, AUDIT_LABELS, labels_write, q->cap, err))
		return -1;
	if (j->obligation->ncounters &&
	    list_set(e, r, AUDIT_COUNTERS, counters_write, &counted, err))
		return -1;
	if (e->runs_as != AGENT_UID_NONE && list_set(e, r, AUDIT_RUNS_AS, runs_as_write, e, err))
		return -1;
	return nonce_set(e, r, err);
}

static int deferred_set(const struct entry *e, const struct judgement *j, struct record *r,
                        struct krux_err *err)
{
	record_set(r, AUDIT_TTL, j->obligation->ttl);
	if (list_set(e, r, AUDIT_APPROVALS, approvals_write, j->obligation, err))
		return -1;
	return nonce_set(e, r, err);
}

static void ticket_set(const struct entry_ticket *t, enum audit_kind kind, struct record *r)
{
	if (t->ticket && kind != AUDIT_KIND_DEFERRED)
		record_bytes(r, AUDIT_TICKET, t->ticket, HASH_LEN);
	if (t->signers.n && kind == AUDIT_KIND_INTENT)
		record_str(r, AUDIT_SIGNERS, t->signers);
	if (t->expires && kind == AUDIT_KIND_DEFERRED)
		record_set(r, AUDIT_EXPIRES, t->expires);
	if (t->shown.n && kind == AUDIT_KIND_DEFERRED)
		record_str(r, AUDIT_SHOWN, t->shown);
}

static int changes_set(const struct entry *e, enum audit_kind kind, struct record *r, struct krux_err *err)
{
	const struct entry_changes *c = e->changes;
	uint8_t name[HASH_LEN];
	struct pair pair = { name, c->content.n };

	record_set(r, AUDIT_ABOUT, c->about);
	if (kind != AUDIT_KIND_DEFERRED)
		return 0;
	if (blob_keep(e, c->content, c->blob, name, err))
		return -1;
	return list_set(e, r, AUDIT_RESULT_BLOB, pair_write, &pair, err);
}

int entry_decided(const struct entry *e, enum audit_kind kind, const struct krux_abi *abi,
                  const struct request *q, const struct judgement *j, struct facts *facts,
                  struct record *r, struct krux_err *err)
{
	struct asked asked = { abi, facts };
	struct krux_str read = { NULL, 0 }, why;

	*r = (struct record){ 0 };
	record_set(r, AUDIT_KIND, kind);
	caller_set(e, r);
	record_str(r, AUDIT_CAPABILITY, q->cap->name);
	record_set(r, AUDIT_VERDICT, j->verdict);
	record_set(r, AUDIT_WOULD, j->would);
	if (list_set(e, r, AUDIT_VERSION, version_write, q->cap, err) || rule_set(e, j, r, err) ||
	    value_set(e, r, AUDIT_ARGS, AUDIT_ARGS_BLOB, ENTRY_INLINE, q->cbor, err) ||
	    list_put(e->pool, facts_write, &asked, &read, err))
		return -1;
	if (read.n > 1 && value_set(e, r, AUDIT_FACTS, AUDIT_FACTS_BLOB, INLINE_FACTS, read, err))
		return -1;
	if (e->changes && changes_set(e, kind, r, err))
		return -1;
	if (e->ticket)
		ticket_set(e->ticket, kind, r);
	if (kind == AUDIT_KIND_INTENT)
		return intent_set(e, abi, q, j, r, err);
	why = remedy_record(e->pool, j);
	if (why.n)
		record_str(r, AUDIT_WHY, why);
	return kind == AUDIT_KIND_DEFERRED ? deferred_set(e, j, r, err) : 0;
}

/* Text of a caller as a record may hold it: at most 255 bytes, and UTF-8. */
static char *asked_text(struct krux_pool *pool, struct krux_str asked)
{
	char *s = krux_pool_copy(pool, asked.p, asked.n < 255 ? asked.n : 255);

	for (size_t i = 0; s && i < asked.n && i < 255; i++)
		if (s[i] < ' ' || s[i] > '~')
			s[i] = '?';
	return s;
}

int entry_invalid(const struct entry *e, struct krux_str asked, struct krux_str input,
                  const char *why, struct record *r, struct krux_err *err)
{
	char *named = asked_text(e->pool, asked),
	     *said = asked_text(e->pool, (struct krux_str){ why, strlen(why) });
	uint8_t hash[HASH_LEN];
	struct pair pair = { hash, input.n };

	if (!named || !said)
		return err_set(err, ENOMEM, "record");
	krux_sha256(input, hash);
	*r = (struct record){ 0 };
	record_set(r, AUDIT_KIND, AUDIT_KIND_INVALID);
	caller_set(e, r);
	record_str(r, AUDIT_ASKED, (struct krux_str){ named, strlen(named) });
	record_str(r, AUDIT_WHY, (struct krux_str){ said, strlen(said) });
	return list_set(e, r, AUDIT_INPUT, pair_write, &pair, err);
}

int entry_notify(const struct entry *e, uint64_t intent, const struct request *q,
                 const struct judgement *j, struct record *r, struct krux_err *err)
{
	*r = (struct record){ 0 };
	record_set(r, AUDIT_KIND, AUDIT_KIND_NOTIFY);
	record_set(r, AUDIT_ABOUT, intent);
	record_text(r, AUDIT_AGENT, e->agent);
	record_str(r, AUDIT_CAPABILITY, q->cap->name);
	if (rule_set(e, j, r, err))
		return -1;
	r->have &= ~(1ull << AUDIT_SOURCE);
	return 0;
}

/* At most n bytes of valid text, whole scalars. */
static struct krux_str cut(struct krux_str s, size_t n)
{
	if (s.n <= n)
		return s;
	while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return (struct krux_str){ s.p, n };
}

int entry_outcome(const struct entry *e, const struct entry_end *end, struct record *r,
                  struct krux_err *err)
{
	*r = (struct record){ 0 };
	record_set(r, AUDIT_KIND, end->end ? AUDIT_KIND_OUTCOME : AUDIT_KIND_UNKNOWN);
	record_set(r, AUDIT_ABOUT, end->intent);
	if (end->end)
		record_set(r, AUDIT_END, end->end);
	if (end->result.n &&
	    value_set(e, r, AUDIT_RESULT, AUDIT_RESULT_BLOB, ENTRY_INLINE, end->result, err))
		return -1;
	if (end->error.n)
		record_str(r, AUDIT_ERROR, end->error);
	if (end->why.n)
		record_str(r, AUDIT_WHY, cut(end->why, 512));
	if ((end->end || end->nlayers) && list_set(e, r, AUDIT_LAYERS, layers_write, end, err))
		return -1;
	return list_set(e, r, AUDIT_USAGE, usage_write, end, err);
}
