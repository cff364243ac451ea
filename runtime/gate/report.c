/* What supervisors read: the state of the gate, its agents, its tickets, in JSON. The writer escapes
 * what could deceive a reader; whoever prints it escapes again for his screen. */
#include "runtime/gate/gate_part.h"

#include "capspec/canon.h"
#include "capspec/item.h"
#include "capspec/version.h"
#include "runtime/gate/json.h"
#include "runtime/gate/limits.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"

#include <string.h>

static struct krux_value text_value(struct krux_str s)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = s };
}

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

/* ---- the gate ---- */

static void answers_put(struct gate *g, struct object *o)
{
	struct object in = { .pool = g->pool };
	struct krux_value v;

	for (unsigned i = 0; i < FRAME_ENDS; i++)
		if (g->counts[i])
			object_uint(&in, frame_end_word(i), g->counts[i]);
	if (object_end(&in, &v))
		object_value(o, "answers", v);
}

static void limits_put(struct gate *g, struct object *o)
{
	struct object in = { .pool = g->pool };
	struct krux_value v;

	for (size_t i = 0; limits_name(i); i++)
		object_uint(&in, limits_name(i), limits_value(&g->limits, i));
	if (object_end(&in, &v))
		object_value(o, "limits", v);
}

static void held_put(struct gate *g, struct object *o)
{
	size_t n = carry_freezes(g->carry), k = 0;
	struct krux_value *item = krux_pool_get(g->pool, (n + 1) * sizeof *item);

	for (size_t i = 0; item && i < n; i++)
		if (carry_freeze(g->carry, i).n)
			item[k++] = text_value(carry_freeze(g->carry, i));
	object_bool(o, "frozen", g->frozen);
	if (item && k)
		object_list(o, "frozen_agents", item, k);
}

struct krux_str report_status(struct gate *g)
{
	const struct krux_bundle *b = &g->policy->bundle;
	struct object o = { .pool = g->pool };
	uint64_t turned_away;

	object_text(&o, "engine", "kruxrt " KRUX_VERSION);
	object_time(&o, "since", g->started);
	object_uint(&o, "generation", g->options.generation);
	object_hex(&o, "bundle", b->digest, sizeof b->digest);
	object_str(&o, "policy", b->policy);
	object_uint(&o, "serial", b->serial);
	object_text(&o, "signed_by", b->key.name);
	object_bool(&o, "dev", b->key.dev);
	object_uint(&o, "capabilities", g->policy->ncaps);
	held_put(g, &o);
	object_bool(&o, "draining", g->draining);
	object_uint(&o, "connections", server_count(g, false));
	object_uint(&o, "supervisors", server_count(g, true));
	object_uint(&o, "strangers", server_strangers(g, &turned_away));
	object_uint(&o, "strangers_refused", turned_away);
	object_uint(&o, "calls", g->ncalls - g->nwaiting);
	object_uint(&o, "runs", g->nruns);
	object_uint(&o, "waiting", g->nwaiting);
	object_uint(&o, "tickets", g->ncards);
	object_uint(&o, "agents", carry_agents(g->carry));
	object_uint(&o, "approvers", g->napprovers);
	answers_put(g, &o);
	limits_put(g, &o);
	object_text(&o, "notice", g->notice);
	return object_json(&o);
}

static const char *auth_word(enum audit_auth auth)
{
	switch (auth) {
	case AUDIT_AUTH_KEY:
		return "key";
	case AUDIT_AUTH_TOKEN:
		return "token";
	case AUDIT_AUTH_PEER:
		return "uid";
	default:
		return "claimed";
	}
}

static bool agent_value(struct gate *g, const struct agent *a, struct krux_value *out)
{
	struct object o = { .pool = g->pool };

	object_text(&o, "name", a->name);
	object_text(&o, "workspace", a->workspace);
	object_text(&o, "auth", auth_word(a->auth));
	if (a->auth == AUDIT_AUTH_KEY)
		object_hex(&o, "key", a->proof, sizeof a->proof);
	if (a->auth == AUDIT_AUTH_PEER)
		object_uint(&o, "uid", a->uid);
	if (a->runs_as != AGENT_UID_NONE)
		object_uint(&o, "runs_as", a->runs_as);
	object_bool(&o, "revoked", a->revoked);
	object_bool(&o, "frozen", a->frozen || g->frozen);
	object_uint(&o, "connections", a->nsessions);
	object_uint(&o, "tickets", a->ntickets);
	object_uint(&o, "record", a->seq);
	return object_end(&o, out);
}

struct krux_str report_agents(struct gate *g)
{
	size_t n = carry_agents(g->carry), k = 0;
	struct krux_value *item = krux_pool_get(g->pool, (n + 1) * sizeof *item);
	struct object o = { .pool = g->pool };

	for (size_t i = 0; item && i < n; i++) {
		const struct agent *a = agent_find(g, carry_agent(g->carry, i)->name);

		if (a && agent_value(g, a, &item[k]))
			k++;
	}
	if (!item)
		return (struct krux_str){ NULL, 0 };
	object_list(&o, "agents", item, k);
	return object_json(&o);
}

/* ---- tickets ---- */

static const struct krux_capability *cap_find(const struct gate *g, const struct record *r)
{
	for (size_t i = 0; i < g->policy->ncaps; i++)
		if (krux_str_eq(g->policy->cap[i].name, r->field[AUDIT_CAPABILITY].s))
			return &g->policy->cap[i];
	return NULL;
}

static void args_put(struct gate *g, const struct card *k, const struct record *r, bool whole, struct object *o)
{
	const struct krux_capability *cap = cap_find(g, r);
	struct krux_str cbor = r->field[AUDIT_ARGS].s;
	struct krux_err err = { 0 };
	struct krux_value args, shown;
	struct krux_refusal why;
	const uint8_t *map = NULL;
	size_t n = 0;

	if (!record_has(r, AUDIT_ARGS)) {
		map = k->blob < 0 ? NULL : memory_map(k->blob, FRAME_MAX, &n, &err);
		cbor = (struct krux_str){ NULL, 0 };
		if (map && n > BLOB_SALT) {
			object_uint(o, "args_size", n - BLOB_SALT);
			/* A list of tickets does not show what is long. */
			if (whole)
				cbor.p = krux_pool_copy(g->pool, map + BLOB_SALT, n - BLOB_SALT);
			cbor.n = cbor.p ? n - BLOB_SALT : 0;
		}
		if (map)
			memory_unmap(map, n);
	}
	if (!cbor.n || !krux_cbor_read(g->pool, (const uint8_t *)cbor.p, cbor.n, &args, &why))
		return;
	if (cap && krux_uncanon(g->pool, cap->input, &args, &shown))
		args = shown;
	object_value(o, "args", args);
}

/* A record's field that is a list of lists, as a list of objects: put says what an inner list holds. */
static void objects_put(struct gate *g, struct krux_str field, const char *name,
                        void (*put)(const struct krux_value *inner, size_t n, struct object *), struct object *o)
{
	struct krux_value list, *item;
	struct krux_refusal why;

	if (!krux_cbor_read(g->pool, (const uint8_t *)field.p, field.n, &list, &why) || list.kind != KRUX_V_LIST)
		return;
	item = krux_pool_get(g->pool, (list.list.n + 1) * sizeof *item);
	for (size_t i = 0; item && i < list.list.n; i++) {
		struct object in = { .pool = g->pool };

		put(list.list.item[i].list.item, list.list.item[i].list.n, &in);
		if (!object_end(&in, &item[i]))
			return;
	}
	if (item)
		object_list(o, name, item, list.list.n);
}

static void approval_put(const struct krux_value *pair, size_t n, struct object *o)
{
	(void)n;
	object_value(o, "quorum", pair[0]);
	object_value(o, "from", pair[1]);
}

/* Of what is not there, the path alone; of what is no file, no size. */
static void file_put(const struct krux_value *file, size_t n, struct object *o)
{
	object_value(o, "path", file[0]);
	if (n > 1)
		object_hex(o, "sha256", (const uint8_t *)file[1].str.p, file[1].str.n);
	if (n > 2)
		object_value(o, "size", file[2]);
	if (n > 3)
		object_value(o, "bytes", file[3]);
}

static void accepts_put(struct gate *g, const struct carry_ticket *t, struct object *o)
{
	struct krux_value *item = krux_pool_get(g->pool, (t->naccepts + 1) * sizeof *item);
	size_t n = 0;

	for (size_t i = 0; item && i < t->naccepts; i++)
		if (accept_counts(g, t, i))
			item[n++] = text_value(t->accept[i].name);
	if (item)
		object_list(o, "accepted_by", item, n);
}

static void version_put(struct krux_str field, struct object *o)
{
	struct item_in in = { (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	uint64_t two, major, minor;

	if (item_take(&in, ITEM_LIST, &two) && item_take(&in, ITEM_UINT, &major) && item_take(&in, ITEM_UINT, &minor))
		object_printf(o, "version", "%llu.%llu", (unsigned long long)major, (unsigned long long)minor);
}

/* The blob as it is, salt and all, for who decides to hold it against the record. */
static void changes_put(const struct card *k, struct object *o)
{
	struct krux_err err = { 0 };
	const uint8_t *p;
	size_t n = 0;

	p = k->changes < 0 ? NULL : memory_map(k->changes, FRAME_MAX, &n, &err);
	if (!p)
		return;
	object_hex(o, "changes", p, n);
	memory_unmap(p, n);
}

static bool ticket_value(struct gate *g, const struct carry_ticket *t, bool whole, struct krux_value *out)
{
	const struct card *k = card_find(g, t->leaf);
	struct object o = { .pool = g->pool };
	struct record r;
	const char *why;
	size_t used;

	if (!k || !record_decode((const uint8_t *)t->bytes.p, t->bytes.n, &r, &used, &why))
		return false;
	object_hex(&o, "ticket", t->leaf, sizeof t->leaf);
	/* What the ticket is the hash of: who signs looks at this, and need not believe the rest. */
	if (whole)
		object_hex(&o, "deferred", (const uint8_t *)t->bytes.p, t->bytes.n);
	object_uint(&o, "record", t->seq);
	object_str(&o, "agent", t->agent);
	object_text(&o, "auth", auth_word((enum audit_auth)r.field[AUDIT_AUTH].u));
	if (record_has(&r, AUDIT_CLAIMED))
		object_str(&o, "claimed", r.field[AUDIT_CLAIMED].s);
	object_str(&o, "workspace", t->workspace);
	object_str(&o, "capability", t->capability);
	version_put(r.field[AUDIT_VERSION].s, &o);
	args_put(g, k, &r, whole, &o);
	if (k->about)
		object_uint(&o, "run", k->about);
	if (whole && k->about)
		changes_put(k, &o);
	if (record_has(&r, AUDIT_SHOWN))
		objects_put(g, r.field[AUDIT_SHOWN].s, "shown", file_put, &o);
	object_text(&o, "verdict", krux_verdict_text((uint8_t)r.field[AUDIT_VERDICT].u));
	object_str(&o, "rule", r.field[AUDIT_RULE].s);
	object_str(&o, "source", r.field[AUDIT_SOURCE].s);
	if (record_has(&r, AUDIT_REASON))
		object_str(&o, "reason", r.field[AUDIT_REASON].s);
	object_hex(&o, "bundle", (const uint8_t *)r.field[AUDIT_BUNDLE].s.p, HASH_LEN);
	if (record_has(&r, AUDIT_DEV))
		object_bool(&o, "dev", true);
	objects_put(g, r.field[AUDIT_APPROVALS].s, "approvals", approval_put, &o);
	accepts_put(g, t, &o);
	object_time(&o, "asked", t->wall);
	object_time(&o, "expires", t->expires);
	return object_end(&o, out);
}

struct krux_str report_tickets(struct gate *g, const uint8_t *leaf)
{
	size_t n = carry_tickets(g->carry), k = 0;
	struct krux_value *item = krux_pool_get(g->pool, (n + 1) * sizeof *item);
	struct object o = { .pool = g->pool };

	for (size_t i = 0; item && i < n; i++) {
		const struct carry_ticket *t = carry_ticket(g->carry, i);

		if (leaf && memcmp(t->leaf, leaf, TICKET_LEN) != 0)
			continue;
		if (ticket_value(g, t, leaf != NULL, &item[k]))
			k++;
	}
	if (!item || (leaf && !k))
		return (struct krux_str){ NULL, 0 };
	if (leaf)
		return json_of(g->pool, item);
	object_list(&o, "tickets", item, k);
	return object_json(&o);
}

struct krux_str report_event(struct gate *g, const struct record *r, uint64_t seq)
{
	struct object o = { .pool = g->pool };

	object_text(&o, "event", "notify");
	object_uint(&o, "record", seq);
	object_str(&o, "agent", r->field[AUDIT_AGENT].s);
	object_str(&o, "capability", r->field[AUDIT_CAPABILITY].s);
	object_str(&o, "rule", r->field[AUDIT_RULE].s);
	if (record_has(r, AUDIT_REASON))
		object_str(&o, "reason", r->field[AUDIT_REASON].s);
	object_time(&o, "time", gate_wall());
	return object_json(&o);
}

/* ---- capabilities, for agents ---- */

static bool field_value(struct gate *g, const struct krux_field *f, struct krux_value *out)
{
	struct object o = { .pool = g->pool };
	struct krux_value shown;

	object_str(&o, "name", f->name);
	object_text(&o, "type", krux_type_word(f->type->kind));
	object_str(&o, "doc", f->doc);
	if (f->optional)
		object_bool(&o, "optional", true);
	if (f->deflt && krux_uncanon(g->pool, f->type, f->deflt, &shown))
		object_value(&o, "default", shown);
	return object_end(&o, out);
}

static void fields_put(struct gate *g, struct object *o, const char *key, const struct krux_type *t)
{
	struct krux_value *item = krux_pool_get(g->pool, (t->nfields + 1) * sizeof *item);
	size_t k = 0;

	for (size_t i = 0; item && i < t->nfields; i++)
		if (field_value(g, &t->field[i], &item[k]))
			k++;
	if (item)
		object_list(o, key, item, k);
}

static void errors_put(struct gate *g, struct object *o, const struct krux_capability *cap)
{
	struct krux_value *item = krux_pool_get(g->pool, (cap->nerrors + 1) * sizeof *item);
	size_t k = 0;

	for (size_t i = 0; item && i < cap->nerrors; i++) {
		struct object in = { .pool = g->pool };

		object_str(&in, "name", cap->error[i].name);
		object_str(&in, "doc", cap->error[i].doc);
		object_str(&in, "recover", cap->error[i].recover);
		object_str(&in, "hint", cap->error[i].hint);
		if (object_end(&in, &item[k]))
			k++;
	}
	if (item)
		object_list(o, "errors", item, k);
}

struct krux_str report_capability(struct gate *g, const struct krux_capability *cap)
{
	struct object o = { .pool = g->pool };

	object_str(&o, "name", cap->name);
	object_printf(&o, "version", "%u.%u", cap->major, cap->minor);
	object_str(&o, "summary", cap->summary);
	object_str(&o, "doc", cap->doc);
	object_str(&o, "use", cap->use);
	object_bool(&o, "durable", cap->durable);
	if (cap->handler.background)
		object_bool(&o, "background", true);
	fields_put(g, &o, "input", cap->input);
	fields_put(g, &o, "output", cap->output);
	errors_put(g, &o, cap);
	return object_json(&o);
}

struct krux_str report_capabilities(struct gate *g)
{
	struct krux_value *item = krux_pool_get(g->pool, (g->policy->ncaps + 1) * sizeof *item);
	struct object o = { .pool = g->pool };
	size_t k = 0;

	for (size_t i = 0; item && i < g->policy->ncaps; i++) {
		const struct krux_capability *cap = &g->policy->cap[i];
		struct object in = { .pool = g->pool };

		object_str(&in, "name", cap->name);
		object_printf(&in, "version", "%u.%u", cap->major, cap->minor);
		object_str(&in, "summary", cap->summary);
		if (object_end(&in, &item[k]))
			k++;
	}
	if (!item)
		return str("");
	object_list(&o, "capabilities", item, k);
	return object_json(&o);
}
