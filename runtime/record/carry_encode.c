/* The state to bytes and back. Reading checks the form by a schema first, builds, and then writes
 * again: what does not come out the same was not written by carry_encode. */
#include "runtime/record/carry_part.h"

#include "runtime/base/cleanup.h"

#include "capspec/item.h"

#include <stdlib.h>
#include <string.h>

/* The second has places of agents, and what calls run as: once that is any. */
enum { FORM = 1, FORM_NUMBERED = 2 };

#define BEFORE_AGENTS "(uuuuut[b32][(tu)][(uttt)][(c[(tb32b64)])][(t[t][(tu)])][(tutt[(uu)])]"
#define BEHIND_AGENTS "[(ub32ttu)][(tu)][b16]c"
static const char *const schema[] = {
	[FORM] = BEFORE_AGENTS "[(ttu[b32]uuu)]" BEHIND_AGENTS ")",
	[FORM_NUMBERED] = BEFORE_AGENTS "[(ttu[b32]uuuu)]" BEHIND_AGENTS "[(uu)])",
};
enum { MEMBERS = 17 };

static struct krux_str bytes_of(const void *p, size_t n)
{
	return (struct krux_str){ p, n };
}

/* ---- writing ---- */

struct sorted {
	void **places, **nonces;
	struct calls **calls;                /* by place and capability */
	struct counted **counted;            /* those with entries, by their names */
	size_t ncounted;
};

static int calls_order(const void *a, const void *b)
{
	const struct calls *x = *(struct calls *const *)a, *y = *(struct calls *const *)b;
	int c = table_order(x->of.place->key, y->of.place->key);

	return c ? c : table_order(x->of.capability->key, y->of.capability->key);
}

static int counted_order(const void *a, const void *b)
{
	const struct counted *x = *(struct counted *const *)a, *y = *(struct counted *const *)b;
	int c = table_order(x->of.agent->key, y->of.agent->key);

	if (!c)
		c = (x->of.kind > y->of.kind) - (x->of.kind < y->of.kind);
	if (!c)
		c = table_order(x->of.policy->key, y->of.policy->key);
	return c ? c : table_order(x->of.rule->key, y->of.rule->key);
}

static const struct counted_entry *entry_at(const struct counted *k, size_t i)
{
	return &k->entry[(k->first + i) & (k->room - 1)];
}

static size_t entries_kept(const struct carry *c, const struct counted *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		n += counted_kept(c, entry_at(k, i)->when);
	return n;
}

static void sorted_free(struct sorted *s)
{
	free(s->places);
	free(s->nonces);
	free(s->calls);
	free(s->counted);
}

static bool sorted_make(const struct carry *c, struct sorted *s)
{
	*s = (struct sorted){ table_sorted(&c->places), table_sorted(&c->nonces),
		              (struct calls **)table_sorted(&c->calls),
		              (struct counted **)table_sorted(&c->counted), 0 };
	if (!s->places || !s->nonces || !s->calls || !s->counted)
		return false;
	if (c->calls.n)
		qsort(s->calls, c->calls.n, sizeof *s->calls, calls_order);
	for (size_t i = 0; i < c->counted.n; i++)
		if (entries_kept(c, s->counted[i]))
			s->counted[s->ncounted++] = s->counted[i];
	if (s->ncounted)
		qsort(s->counted, s->ncounted, sizeof *s->counted, counted_order);
	return true;
}

static void tickets_write(struct item_out *o, const struct carry *c)
{
	item_head(o, ITEM_LIST, c->ntickets);
	for (size_t i = 0; i < c->ntickets; i++) {
		const struct carry_ticket *t = &c->ticket[i]->t;

		item_head(o, ITEM_LIST, 2);
		item_str(o, ITEM_BYTES, t->bytes);
		item_head(o, ITEM_LIST, t->naccepts);
		for (size_t k = 0; k < t->naccepts; k++) {
			item_head(o, ITEM_LIST, 3);
			item_str(o, ITEM_TEXT, t->accept[k].name);
			item_str(o, ITEM_BYTES, bytes_of(t->accept[k].key, 32));
			item_str(o, ITEM_BYTES, bytes_of(t->accept[k].signature, 64));
		}
	}
}

static void places_write(struct item_out *o, const struct carry *c, const struct sorted *s)
{
	size_t at = 0, n;

	item_head(o, ITEM_LIST, c->places.n);
	for (size_t i = 0; i < c->places.n; i++) {
		const struct place *p = s->places[i];

		item_head(o, ITEM_LIST, 3);
		item_str(o, ITEM_TEXT, p->key);
		item_head(o, ITEM_LIST, p->nlabels);
		for (size_t k = 0; k < p->nlabels; k++)
			item_str(o, ITEM_TEXT, p->label[k]->key);
		for (n = 0; at + n < c->calls.n && s->calls[at + n]->of.place == p;)
			n++;
		item_head(o, ITEM_LIST, n);
		for (; n; n--, at++) {
			item_head(o, ITEM_LIST, 2);
			item_str(o, ITEM_TEXT, s->calls[at]->of.capability->key);
			item_head(o, ITEM_UINT, s->calls[at]->n);
		}
	}
}

static void counted_write(struct item_out *o, const struct carry *c, const struct sorted *s)
{
	item_head(o, ITEM_LIST, s->ncounted);
	for (size_t i = 0; i < s->ncounted; i++) {
		const struct counted *k = s->counted[i];

		item_head(o, ITEM_LIST, 5);
		item_str(o, ITEM_TEXT, k->of.agent->key);
		item_head(o, ITEM_UINT, k->of.kind);
		item_str(o, ITEM_TEXT, k->of.policy->key);
		item_str(o, ITEM_TEXT, k->of.rule->key);
		item_head(o, ITEM_LIST, entries_kept(c, k));
		for (size_t e = 0; e < k->n; e++) {
			if (!counted_kept(c, entry_at(k, e)->when))
				continue;
			item_head(o, ITEM_LIST, 2);
			item_head(o, ITEM_UINT, entry_at(k, e)->when);
			item_head(o, ITEM_UINT, entry_at(k, e)->amount);
		}
	}
}

static void agents_write(struct item_out *o, const struct carry *c)
{
	item_head(o, ITEM_LIST, c->nagents);
	for (size_t i = 0; i < c->nagents; i++) {
		const struct carry_agent *a = &c->agent[i]->a;
		bool proof = a->auth != AUDIT_AUTH_PEER;

		item_head(o, ITEM_LIST, 7 + c->numbered);
		item_str(o, ITEM_TEXT, a->name);
		item_str(o, ITEM_TEXT, a->workspace);
		item_head(o, ITEM_UINT, a->auth);
		item_head(o, ITEM_LIST, proof);
		if (proof)
			item_str(o, ITEM_BYTES, bytes_of(a->proof, HASH_LEN));
		item_head(o, ITEM_UINT, a->uid);
		item_head(o, ITEM_UINT, a->revoked);
		item_head(o, ITEM_UINT, a->seq);
		if (c->numbered)
			item_head(o, ITEM_UINT, a->place);
	}
}

static void keys_write(struct item_out *o, const struct carry *c)
{
	item_head(o, ITEM_LIST, c->nkeys);
	for (size_t i = 0; i < c->nkeys; i++) {
		item_head(o, ITEM_LIST, 5);
		item_head(o, ITEM_UINT, c->key[i].seq);
		item_str(o, ITEM_BYTES, bytes_of(c->key[i].key, 32));
		item_str(o, ITEM_TEXT, c->key[i].role);
		item_str(o, ITEM_TEXT, c->key[i].name);
		item_head(o, ITEM_UINT, c->key[i].revoked);
	}
}

static void numbers_write(struct item_out *o, const struct carry *c)
{
	item_head(o, ITEM_UINT, c->numbered ? FORM_NUMBERED : FORM);
	item_head(o, ITEM_UINT, c->next);
	item_head(o, ITEM_UINT, c->latest);
	item_head(o, ITEM_UINT, c->horizon);
	item_head(o, ITEM_UINT, c->acknowledged);
	item_str(o, ITEM_TEXT, c->origin->key);
	item_head(o, ITEM_LIST, c->has_bundle);
	if (c->has_bundle)
		item_str(o, ITEM_BYTES, bytes_of(c->bundle, HASH_LEN));
	item_head(o, ITEM_LIST, c->nserials);
	for (size_t i = 0; i < c->nserials; i++) {
		item_head(o, ITEM_LIST, 2);
		item_str(o, ITEM_TEXT, c->serial[i].policy->key);
		item_head(o, ITEM_UINT, c->serial[i].serial);
	}
	item_head(o, ITEM_LIST, carry_intents(c));
	for (size_t i = 0; i < carry_intents(c); i++) {
		const struct carry_intent *in = carry_intent(c, i);

		item_head(o, ITEM_LIST, 4);
		item_head(o, ITEM_UINT, in->seq);
		item_str(o, ITEM_TEXT, in->agent);
		item_str(o, ITEM_TEXT, in->workspace);
		item_str(o, ITEM_TEXT, in->capability);
	}
}

static void uids_write(struct item_out *o, const struct agent_uids *uids)
{
	item_head(o, ITEM_LIST, uids->count != 0);
	if (!uids->count)
		return;
	item_head(o, ITEM_LIST, 2);
	item_head(o, ITEM_UINT, uids->base);
	item_head(o, ITEM_UINT, uids->count);
}

static void state_write(struct item_out *o, const struct carry *c, const struct sorted *s)
{
	struct tree whole = c->tree;
	uint8_t tree[TREE_PACKED];

	waiting_add(c, &whole);
	item_head(o, ITEM_LIST, MEMBERS + c->numbered);
	numbers_write(o, c);
	tickets_write(o, c);
	places_write(o, c, s);
	counted_write(o, c, s);
	agents_write(o, c);
	keys_write(o, c);
	item_head(o, ITEM_LIST, c->nfreezes);
	for (size_t i = 0; i < c->nfreezes; i++) {
		item_head(o, ITEM_LIST, 2);
		item_str(o, ITEM_TEXT, c->freeze[i].agent->key);
		item_head(o, ITEM_UINT, c->freeze[i].seq);
	}
	item_head(o, ITEM_LIST, c->nonces.n);
	for (size_t i = 0; i < c->nonces.n; i++)
		item_str(o, ITEM_BYTES, bytes_of(((const struct nonce *)s->nonces[i])->bytes, 16));
	item_str(o, ITEM_BYTES, bytes_of(tree, tree_pack(&whole, tree)));
	if (c->numbered)
		uids_write(o, &c->uids);
}

uint8_t *carry_encode(const struct carry *c, size_t *n)
{
	struct item_out o = { NULL, 0, 0 };
	struct sorted s;

	if (sorted_make(c, &s)) {
		state_write(&o, c, &s);
		o = (struct item_out){ malloc(o.n), o.n, 0 };
		if (o.p)
			state_write(&o, c, &s);
	}
	sorted_free(&s);
	*n = o.n;
	return o.p;
}

/* ---- reading what the schema has passed ---- */

static uint64_t number(struct item_in *in)
{
	uint64_t v = 0;

	return item_take(in, ITEM_UINT, &v) ? v : 0;
}

static uint64_t list(struct item_in *in)
{
	uint64_t n = 0;

	return item_take(in, ITEM_LIST, &n) ? n : 0;
}

static struct krux_str text(struct item_in *in)
{
	struct krux_str s = { NULL, 0 };

	item_take_str(in, ITEM_TEXT, &s);
	return s;
}

static void fixed(struct item_in *in, uint8_t *out, size_t n)
{
	struct krux_str s = { NULL, 0 };

	if (item_take_str(in, ITEM_BYTES, &s) && s.n == n)
		memcpy(out, s.p, n);
}

static bool numbers_read(struct item_in *in, struct carry *c)
{
	uint64_t n;

	list(in);
	n = number(in);
	if (n != FORM && n != FORM_NUMBERED)
		return false;
	c->numbered = n == FORM_NUMBERED;
	c->next = number(in);
	c->latest = number(in);
	c->horizon = number(in);
	c->acknowledged = number(in);
	c->origin = name_keep(c, text(in));
	n = list(in);
	c->has_bundle = n != 0;
	for (uint64_t i = 0; i < n; i++)
		fixed(in, c->bundle, HASH_LEN);
	for (uint64_t i = list(in); i; i--) {
		struct krux_str policy;

		list(in);
		policy = text(in);
		if (!serial_keep(c, policy, number(in)))
			return false;
	}
	for (uint64_t i = list(in); i; i--) {
		const struct name *agent, *workspace, *capability;
		struct carry_intent intent;

		list(in);
		intent.seq = number(in);
		agent = name_keep(c, text(in));
		workspace = name_keep(c, text(in));
		capability = name_keep(c, text(in));
		if (!agent || !workspace || !capability)
			return false;
		intent.agent = agent->key;
		intent.workspace = workspace->key;
		intent.capability = capability->key;
		if (intent.seq >= c->next ||
		    (carry_intents(c) && intent.seq <= c->intent[c->nintents - 1].seq) ||
		    !intent_keep(c, &intent))
			return false;
	}
	return c->origin != NULL;
}

static bool ticket_read(struct item_in *in, struct carry *c)
{
	struct krux_str bytes = { NULL, 0 };
	uint8_t leaf[HASH_LEN];
	struct ticket *t;
	struct record r;
	const char *why;
	size_t used;

	list(in);
	item_take_str(in, ITEM_BYTES, &bytes);
	if (!record_decode((const uint8_t *)bytes.p, bytes.n, &r, &used, &why) || used != bytes.n ||
	    r.field[AUDIT_KIND].u != AUDIT_KIND_DEFERRED)
		return false;
	record_leaf((const uint8_t *)bytes.p, bytes.n, leaf);
	if (r.field[AUDIT_SEQ].u >= c->next ||
	    (c->ntickets && r.field[AUDIT_SEQ].u <= c->ticket[c->ntickets - 1]->t.seq) ||
	    !ticket_keep(c, &r, bytes, leaf))
		return false;
	t = c->ticket[c->ntickets - 1];
	for (uint64_t i = list(in); i; i--) {
		struct carry_accept a;

		list(in);
		a.name = text(in);
		fixed(in, a.key, sizeof a.key);
		fixed(in, a.signature, sizeof a.signature);
		for (size_t k = 0; k < t->t.naccepts; k++)
			if (!memcmp(t->t.accept[k].key, a.key, sizeof a.key))
				return false;
		if (!accept_keep(t, &a, c))
			return false;
	}
	return true;
}

static bool place_read(struct item_in *in, struct carry *c)
{
	struct place *p;

	list(in);
	p = place_keep(c, text(in));
	if (!p)
		return false;
	for (uint64_t i = list(in); i; i--)
		if (!label_keep(c, p, text(in)))
			return false;
	for (uint64_t i = list(in); i; i--) {
		const struct name *capability;
		struct calls *calls;

		list(in);
		capability = name_keep(c, text(in));
		calls = capability ? calls_keep(c, p, capability) : NULL;
		if (!calls)
			return false;
		calls->n = number(in);
	}
	return true;
}

static bool counted_read(struct item_in *in, struct carry *c)
{
	struct counted_of of;
	struct counted *k;

	list(in);
	of.agent = name_keep(c, text(in));
	of.kind = number(in);
	of.policy = name_keep(c, text(in));
	of.rule = name_keep(c, text(in));
	k = of.agent && of.policy && of.rule ? counted_keep(c, &of) : NULL;
	if (!k)
		return false;
	for (uint64_t i = list(in); i; i--) {
		uint64_t when;

		list(in);
		when = number(in);
		if (when > c->latest || !counted_push(c, k, when, number(in)))
			return false;
	}
	return true;
}

static bool agent_read(struct item_in *in, struct carry *c)
{
	struct carry_agent a = { .revoked = false };
	uint64_t auth;

	list(in);
	a.name = text(in);
	a.workspace = text(in);
	auth = number(in);
	if (auth == AUDIT_AUTH_CLAIMED || auth > AUDIT_AUTH_PEER)
		return false;
	a.auth = (enum audit_auth)auth;
	for (uint64_t i = list(in); i; i--)
		fixed(in, a.proof, HASH_LEN);
	a.uid = number(in);
	a.revoked = number(in) != 0;
	a.seq = number(in);
	if (c->numbered)
		a.place = number(in);
	return agent_keep(c, &a);
}

/* No two agents have one place, so that none has another's uid. */
static bool places_differ(const struct carry *c)
{
	CLEAN_FREE bool *taken = calloc(c->nagents + 1, sizeof *taken);

	for (size_t i = 0; taken && i < c->nagents; i++) {
		uint64_t place = c->agent[i]->a.place;

		if (place >= c->nagents || taken[place])
			return false;
		taken[place] = true;
	}
	return taken != NULL;
}

static bool uids_read(struct item_in *in, struct carry *c)
{
	uint64_t base, count, n = list(in);

	if (!n)
		return true;
	list(in);
	base = number(in);
	count = number(in);
	if (n > 1 || !count || count > AGENT_UID_NONE || base > AGENT_UID_NONE - count)
		return false;
	c->uids = (struct agent_uids){ (uint32_t)base, (uint32_t)count };
	return true;
}

static bool key_read(struct item_in *in, struct carry *c)
{
	struct carry_key k;

	list(in);
	k.seq = number(in);
	fixed(in, k.key, sizeof k.key);
	k.role = text(in);
	k.name = text(in);
	k.revoked = number(in);
	return (!c->nkeys || k.seq > c->key[c->nkeys - 1].seq) && key_keep(c, &k);
}

static bool freeze_read(struct item_in *in, struct carry *c)
{
	struct krux_str agent;

	list(in);
	agent = text(in);
	return freeze_keep(c, agent, number(in));
}

static bool nonce_read(struct item_in *in, struct carry *c)
{
	uint8_t nonce[16];

	fixed(in, nonce, sizeof nonce);
	return !table_find(&c->nonces, bytes_of(nonce, 16)) && nonce_keep(c, nonce);
}

static bool state_read(struct item_in *in, struct carry *c)
{
	static bool (*const each[])(struct item_in *, struct carry *) = {
		ticket_read, place_read, counted_read, agent_read, key_read, freeze_read, nonce_read,
	};
	struct krux_str tree = { NULL, 0 };

	if (!numbers_read(in, c))
		return false;
	for (size_t k = 0; k < sizeof each / sizeof *each; k++)
		for (uint64_t i = list(in); i; i--)
			if (!each[k](in, c))
				return false;
	return item_take_str(in, ITEM_BYTES, &tree) && tree_unpack(&c->tree, (const uint8_t *)tree.p, tree.n) &&
	       (!c->numbered || (places_differ(c) && uids_read(in, c)));
}

/* Of the form that it says it has; of another, the first: it is refused by that. */
static const char *schema_of(struct item_in in)
{
	uint64_t n, form;

	return item_take(&in, ITEM_LIST, &n) && item_take(&in, ITEM_UINT, &form) && form == FORM_NUMBERED ?
	               schema[FORM_NUMBERED] : schema[FORM];
}

struct carry *carry_decode(struct krux_str s, const char **why)
{
	struct item_in in = { (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, "it is not what a state holds" };
	struct item_in check = in;
	const char *form = schema_of(in);
	struct carry *c = NULL;
	uint8_t *again;
	size_t n;
	bool same;

	if (!item_check(&check, &form) || check.p != check.end) {
		*why = check.why;
		return NULL;
	}
	c = carry_new();
	if (!c || !state_read(&in, c)) {
		*why = in.why;
		carry_free(c);
		return NULL;
	}
	again = carry_encode(c, &n);
	same = again && n == s.n && !memcmp(again, s.p, n);
	free(again);
	if (same)
		return c;
	*why = "a state that was not written by this program";
	carry_free(c);
	return NULL;
}
