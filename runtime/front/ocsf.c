/* Requests to events. What OCSF has no place for stands under "unmapped". */
#include "runtime/front/ocsf.h"

#include "runtime/decide/judge.h"
#include "runtime/front/audit.h"

#include "capspec/canon.h"
#include "capspec/version.h"

#include <stdio.h>
#include <string.h>

enum { CATEGORY = 6, CLASS = 6003 };

/* What a capability does, by the last word of its name. */
static const struct {
	const char *word;
	unsigned activity;
} activities[] = {
	{ "create", 1 }, { "write", 1 }, { "append", 1 }, { "copy", 1 }, { "send", 1 },
	{ "read", 2 }, { "list", 2 }, { "stat", 2 }, { "search", 2 }, { "get", 2 }, { "info", 2 },
	{ "edit", 3 }, { "move", 3 }, { "update", 3 }, { "set", 3 }, { "restore", 3 },
	{ "delete", 4 }, { "remove", 4 },
};

struct object {
	struct krux_pool *pool;
	struct krux_member member[24];
	size_t n;
};

static void put(struct object *o, const char *key, struct krux_value v)
{
	if (o->n < sizeof o->member / sizeof *o->member)
		o->member[o->n++] = (struct krux_member){ { key, strlen(key) }, v };
}

static void put_number(struct object *o, const char *key, uint64_t u)
{
	put(o, key, (struct krux_value){ .kind = KRUX_V_UINT, .u = u });
}

static void put_str(struct object *o, const char *key, struct krux_str s)
{
	if (s.n)
		put(o, key, (struct krux_value){ .kind = KRUX_V_TEXT, .str = s });
}

static void put_text(struct object *o, const char *key, const char *s)
{
	put_str(o, key, (struct krux_str){ s, strlen(s) });
}

static void put_field(struct object *o, const char *key, const struct record *r, enum audit_field f)
{
	if (record_has(r, f))
		put_str(o, key, r->field[f].s);
}

static void put_hex(struct object *o, const char *key, const void *p, size_t n)
{
	char *hex = krux_pool_get(o->pool, 2 * n);

	if (!hex)
		return;
	krux_hex_write(p, n, hex);
	put_str(o, key, (struct krux_str){ hex, 2 * n });
}

/* A copy; without memory for it an empty one. */
static struct krux_value object_value(const struct object *o)
{
	struct krux_member *copy = krux_pool_get(o->pool, o->n * sizeof *copy + 1);

	if (copy)
		memcpy(copy, o->member, o->n * sizeof *copy);
	return (struct krux_value){ .kind = KRUX_V_MAP, .map = { copy, copy ? o->n : 0 } };
}

/* The inner object, which is copied, becomes a member. */
static void put_object(struct object *o, const char *key, const struct object *inner)
{
	put(o, key, object_value(inner));
}

/* ---- parts ---- */

static unsigned activity_of(const struct record *r)
{
	struct krux_str name = r->field[AUDIT_CAPABILITY].s;
	const char *dot = record_has(r, AUDIT_CAPABILITY) ? memrchr(name.p, '.', name.n) : NULL;
	struct krux_str word = dot ? (struct krux_str){ dot + 1, name.n - (size_t)(dot + 1 - name.p) } : name;

	for (size_t i = 0; dot && i < sizeof activities / sizeof *activities; i++)
		if (krux_str_eq(word, (struct krux_str){ activities[i].word, strlen(activities[i].word) }))
			return activities[i].activity;
	return 99;
}

static const char *activity_name(unsigned id)
{
	static const char *const names[] = { "Unknown", "Create", "Read", "Update", "Delete" };

	return id < 5 ? names[id] : "Other";
}

static void metadata(struct object *o, const struct record *r, const uint8_t *leaf, struct krux_str origin)
{
	static const struct krux_value profile = { .kind = KRUX_V_TEXT, .str = { "security_control", 16 } };
	struct object m = { .pool = o->pool }, product = { .pool = o->pool };

	put_text(&product, "name", "Krux");
	put_text(&product, "vendor_name", "Krux");
	put_text(&product, "version", KRUX_VERSION);
	put_text(&m, "version", "1.1.0");
	put_object(&m, "product", &product);
	put(&m, "profiles", (struct krux_value){ .kind = KRUX_V_LIST, .list = { &profile, 1 } });
	put_hex(&m, "uid", leaf, HASH_LEN);
	put_str(&m, "log_name", origin);
	put_number(&m, "sequence", r->field[AUDIT_SEQ].u);
	put_object(o, "metadata", &m);
}

static void actor(struct object *o, const struct record *r)
{
	struct object a = { .pool = o->pool }, user = { .pool = o->pool }, source = { .pool = o->pool };
	char *uid = krux_pool_get(o->pool, 24);

	put_field(&user, "name", r, AUDIT_AGENT);
	if (uid && record_has(r, AUDIT_UID)) {
		snprintf(uid, 24, "%llu", (unsigned long long)r->field[AUDIT_UID].u);
		put_text(&user, "uid", uid);
	}
	put_object(&a, "user", &user);
	put_field(&a, "invoked_by", r, AUDIT_CLAIMED);
	put_object(o, "actor", &a);
	put_text(&source, "name", "local");
	put_hex(&source, "uid", r->field[AUDIT_BOOT].s.p, r->field[AUDIT_BOOT].s.n);
	put_object(o, "src_endpoint", &source);
}

static void api(struct object *o, const struct record *r, const struct record *end, struct krux_str args)
{
	struct object a = { .pool = o->pool }, service = { .pool = o->pool }, request = { .pool = o->pool },
	              response = { .pool = o->pool };
	struct krux_str name = r->field[record_has(r, AUDIT_CAPABILITY) ? AUDIT_CAPABILITY : AUDIT_ASKED].s;
	const char *dot = memchr(name.p, '.', name.n);
	char *text = krux_pool_get(o->pool, 72);
	struct krux_value v;

	put(&a, "operation", (struct krux_value){ .kind = KRUX_V_TEXT, .str = name });
	if (dot) {
		put_str(&service, "name", (struct krux_str){ name.p, (size_t)(dot - name.p) });
		put_object(&a, "service", &service);
	}
	if (text) {
		snprintf(text, 24, "%llu", (unsigned long long)r->field[AUDIT_SEQ].u);
		put_text(&request, "uid", text);
		audit_version(r, text + 24);
		put_text(&a, "version", text + 24);
	}
	if (args.n && krux_cbor_read(o->pool, (const uint8_t *)args.p, args.n, &v, NULL))
		put(&request, "data", v);
	put_object(&a, "request", &request);
	if (end) {
		put_field(&response, "error", end, AUDIT_ERROR);
		put_field(&response, "message", end, AUDIT_WHY);
		put_object(&a, "response", &response);
	}
	put_object(o, "api", &a);
}

/* 1 success, 2 failure, 0 not known, 99 other. The code is ours for how it ended; the detail says why it ended so in
 * this very case, the message what the rule's author says of all such. An action is a yes or a no, and a call that waits
 * has no yes yet. */
static void status(struct object *o, const struct record *r, const struct record *end)
{
	uint64_t kind = r->field[AUDIT_KIND].u, how = end && record_has(end, AUDIT_END) ? end->field[AUDIT_END].u : 0;
	bool ran = kind == AUDIT_KIND_INTENT, waits = kind == AUDIT_KIND_DEFERRED;
	unsigned id = !ran ? (waits ? 99 : 2) : !how ? 0 : how == 1 ? 1 : 2;

	put_number(o, "status_id", id);
	put_text(o, "status", id == 1 ? "Success" : id == 2 ? "Failure" : id == 99 ? "approval-required" : "Unknown");
	if (!ran)
		put_text(o, "status_code", record_kind_word(kind));
	else if (end)
		put_text(o, "status_code", record_has(end, AUDIT_END) ? audit_end_word(how) : "unknown");
	if (ran && end)
		put_field(o, "status_detail", end, record_has(end, AUDIT_WHY) ? AUDIT_WHY : AUDIT_ERROR);
	else if (!ran)
		put_field(o, "status_detail", r, AUDIT_WHY);
	put_field(o, "message", r, AUDIT_REASON);
	put_number(o, "severity_id", ran || waits ? 1 : 2);
	put_number(o, "action_id", ran ? 1 : 2);
	put_number(o, "disposition_id", ran ? 1 : waits ? 99 : 2);
	put_text(o, "disposition", ran ? "Allowed" : waits ? "approval-required" : "Blocked");
}

/* What came of each host and port that the call could connect to: `network` in capspec/audit.cddl, with the names that
 * its members have there. */
static void network(struct object *u, const struct krux_value *list)
{
	static const char *const names[] = { "host", "port", "connections", "refused", "sent", "received" };
	const size_t n = sizeof names / sizeof *names;
	struct krux_value *target = krux_pool_get(u->pool, list->list.n * sizeof *target);

	if (!target)
		return;
	for (size_t i = 0; i < list->list.n; i++) {
		struct object t = { .pool = u->pool };

		for (size_t k = 0; k < n; k++)
			put(&t, names[k], list->list.item[i].list.item[k]);
		if (list->list.item[i].list.n > n)
			put(&t, "proxy", (struct krux_value){ .kind = KRUX_V_BOOL, .b = true });
		target[i] = object_value(&t);
	}
	put(u, "network", (struct krux_value){ .kind = KRUX_V_LIST, .list = { target, list->list.n } });
}

static void used(struct object *all, const struct krux_value *list)
{
	static const struct krux_str words[] = {
#define USED(id, word) { word, sizeof word - 1 },
#include "capspec/usage.def"
	};

	for (size_t k = 0; k < sizeof words / sizeof *words; k++)
		for (size_t i = 0; i < list->list.n; i++) {
			const struct krux_value *pair = list->list.item[i].list.item;

			if (krux_str_eq(pair[0].str, words[k])) {
				put(all, words[k].p, pair[1]);
				break;
			}
		}
}

/* The numbers that every outcome has, and those of `used` under their own names. */
static void usage(struct object *u, const struct record *end)
{
	static const char *const names[] = { "cpu", "wall", "rss" };
	const struct krux_str bytes = end->field[AUDIT_USAGE].s;
	struct object all = { .pool = u->pool };
	struct krux_value v;

	if (!record_has(end, AUDIT_USAGE) || !krux_cbor_read(u->pool, (const uint8_t *)bytes.p, bytes.n, &v, NULL))
		return;
	for (size_t k = 0; k < sizeof names / sizeof *names; k++)
		put(&all, names[k], v.list.item[k]);
	if (v.list.n > 4)
		used(&all, &v.list.item[4]);
	put_object(u, "usage", &all);
	if (v.list.n > 3 && v.list.item[3].list.n)
		network(u, &v.list.item[3]);
}

static void unmapped(struct object *o, const struct record *r, const struct record *end)
{
	struct object u = { .pool = o->pool };

	put_text(&u, "kind", record_kind_word(r->field[AUDIT_KIND].u));
	if (record_has(r, AUDIT_VERDICT))
		put_text(&u, "verdict", krux_verdict_text((uint8_t)r->field[AUDIT_VERDICT].u));
	if (record_has(r, AUDIT_WOULD))
		put_text(&u, "would", krux_verdict_text((uint8_t)r->field[AUDIT_WOULD].u));
	put_field(&u, "rule", r, AUDIT_RULE);
	put_field(&u, "source", r, AUDIT_SOURCE);
	put_field(&u, "workspace", r, AUDIT_WORKSPACE);
	if (record_has(r, AUDIT_BUNDLE))
		put_hex(&u, "bundle", r->field[AUDIT_BUNDLE].s.p, r->field[AUDIT_BUNDLE].s.n);
	if (end)
		usage(&u, end);
	put_object(o, "unmapped", &u);
}

bool ocsf_print(const struct record *r, const uint8_t leaf[static HASH_LEN], struct krux_str origin,
                const struct record *end, struct krux_str args, void *file)
{
	struct object o = { .pool = krux_pool_new(256 << 20) };
	unsigned activity = activity_of(r);
	char *text = NULL;
	size_t n;

	if (!o.pool)
		return false;
	put_number(&o, "activity_id", activity);
	put_text(&o, "activity_name", activity_name(activity));
	put_number(&o, "category_uid", CATEGORY);
	put_text(&o, "category_name", "Application Activity");
	put_number(&o, "class_uid", CLASS);
	put_text(&o, "class_name", "API Activity");
	put_number(&o, "type_uid", CLASS * 100 + activity);
	put_number(&o, "time", r->field[AUDIT_WALL].u / 1000000);
	status(&o, r, end);
	metadata(&o, r, leaf, origin);
	actor(&o, r);
	api(&o, r, end, args);
	unmapped(&o, r, end);
	n = krux_json_write(&(struct krux_value){ .kind = KRUX_V_MAP, .map = { o.member, o.n } }, NULL, 0);
	text = krux_pool_get(o.pool, n + 1);
	if (text) {
		krux_json_write(&(struct krux_value){ .kind = KRUX_V_MAP, .map = { o.member, o.n } }, text, n);
		text[n] = '\n';
		fwrite(text, 1, n + 1, file);
	}
	krux_pool_free(o.pool);
	return text != NULL;
}
