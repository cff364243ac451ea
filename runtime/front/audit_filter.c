/* Records to yes or no. A record about another one, such as an outcome, is asked for where the other
 * one is. */
#include "runtime/front/audit_filter.h"

#include "runtime/base/err.h"
#include "runtime/decide/judge.h"
#include "runtime/record/blob.h"
#include "runtime/record/log.h"

#include "capspec/canon.h"
#include "capspec/item.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

/* ---- words and times ---- */

/* A moment, a day, or a length of time before now. */
static int time_read(const char *text, uint64_t *out, struct krux_err *err)
{
	char day[32];
	const char *why;
	uint64_t ago;
	int64_t ns;

	if (strlen(text) == 10) {
		memcpy(day, text, 10);
		memcpy(day + 10, "T00:00:00Z", 11);
		text = day;
	}
	if (krux_read_datetime(str(text), &ns, &why) && ns >= 0)
		*out = (uint64_t)ns;
	else if (krux_read_duration(str(text), &ago, &why))
		*out = log_wall() > ago ? log_wall() - ago : 0;
	else
		return err_set(err, 0, "%s: a time is 2026-11-28T12:00:00Z, 2026-11-28, or 15m for so long ago", text);
	return 0;
}

static int kind_read(struct audit_filter *f, struct krux_err *err)
{
	for (f->kind_number = 0; f->kind_number < 64; f->kind_number++) {
		const char *word = record_kind_word(f->kind_number);

		if (word && !strcmp(word, f->kind))
			return 0;
	}
	return err_set(err, 0, "%s: there is no such kind of record", f->kind);
}

static int verdict_read(struct audit_filter *f, struct krux_err *err)
{
	for (f->verdict_number = 0; f->verdict_number < 4; f->verdict_number++)
		if (!strcmp(krux_verdict_text((uint8_t)f->verdict_number), f->verdict))
			return 0;
	return err_set(err, 0, "%s: a verdict is blocked, approval-required, notify or autonomous", f->verdict);
}

int audit_filter_read(struct audit_filter *f, struct krux_err *err)
{
	f->to = UINT64_MAX;
	if ((f->kind && kind_read(f, err)) || (f->verdict && verdict_read(f, err)) ||
	    (f->since && time_read(f->since, &f->from, err)) || (f->until && time_read(f->until, &f->to, err)))
		return -1;
	for (size_t i = 0; f->arg[i]; i++)
		if (!strchr(f->arg[i], '=') || f->arg[i][0] == '=')
			return err_set(err, 0, "%s: PLACE=VALUE is expected, such as path=/workspace/a", f->arg[i]);
	f->requests = f->agent || f->capability || f->verdict || f->rule || f->workspace || f->arg[0];
	return 0;
}

/* ---- arguments ---- */

static bool blob_content(int blobs, struct krux_str pair, uint8_t **kept, struct krux_str *out)
{
	struct item_in in = { (const uint8_t *)pair.p, (const uint8_t *)pair.p + pair.n, NULL };
	struct krux_str name;
	uint64_t two, size;
	size_t n;

	free(*kept);
	*kept = NULL;
	if (blobs < 0 || !item_take(&in, ITEM_LIST, &two) || !item_take_str(&in, ITEM_BYTES, &name) ||
	    !item_take(&in, ITEM_UINT, &size) || size > (64 << 20))
		return false;
	*kept = blob_read(blobs, (const uint8_t *)name.p, (size_t)size + BLOB_SALT, &n, NULL);
	return *kept && blob_is(*kept, n, (const uint8_t *)name.p, out);
}

bool audit_args(int blobs, const struct record *r, struct krux_str *cbor)
{
	static uint8_t *kept;

	if (record_has(r, AUDIT_ARGS)) {
		*cbor = r->field[AUDIT_ARGS].s;
		return true;
	}
	return record_has(r, AUDIT_ARGS_BLOB) && blob_content(blobs, r->field[AUDIT_ARGS_BLOB].s, &kept, cbor);
}

bool audit_facts(int blobs, const struct record *r, struct krux_str *cbor)
{
	static uint8_t *kept;

	*cbor = (struct krux_str){ "", 0 };
	if (record_has(r, AUDIT_FACTS))
		*cbor = r->field[AUDIT_FACTS].s;
	else if (record_has(r, AUDIT_FACTS_BLOB))
		return blob_content(blobs, r->field[AUDIT_FACTS_BLOB].s, &kept, cbor);
	return true;
}

/* "entries[2].path" below v; NULL: nothing is there. */
static const struct krux_value *place_find(const struct krux_value *v, const char *place, size_t n)
{
	const char *end = place + n;

	while (v && place < end) {
		size_t k = strcspn(place, ".[=");
		char *after;

		if (*place == '.') {
			place++;
		} else if (*place == '[') {
			unsigned long i = strtoul(place + 1, &after, 10);

			if (v->kind != KRUX_V_LIST || i >= v->list.n || *after != ']')
				return NULL;
			v = &v->list.item[i];
			place = after + 1;
		} else {
			const struct krux_value *in = NULL;

			for (size_t i = 0; v->kind == KRUX_V_MAP && i < v->map.n; i++)
				if (krux_str_eq(v->map.member[i].key, (struct krux_str){ place, k }))
					in = &v->map.member[i].value;
			v = in;
			place += k;
		}
	}
	return v;
}

/* Text as it is, anything else as its JSON; of a list, any of its elements. */
static bool value_is(const struct krux_value *v, struct krux_str want)
{
	char text[512];
	size_t n;

	if (v->kind == KRUX_V_TEXT)
		return krux_str_eq(v->str, want);
	for (size_t i = 0; v->kind == KRUX_V_LIST && i < v->list.n; i++)
		if (value_is(&v->list.item[i], want))
			return true;
	n = krux_json_write(v, text, sizeof text);
	return n <= sizeof text && krux_str_eq((struct krux_str){ text, n }, want);
}

static bool args_match(const struct audit_filter *f, int blobs, const struct record *r)
{
	struct krux_pool *pool = krux_pool_new(256 << 20);
	struct krux_value args;
	struct krux_str cbor;
	bool ok = pool && audit_args(blobs, r, &cbor) &&
	          krux_cbor_read(pool, (const uint8_t *)cbor.p, cbor.n, &args, NULL);

	for (size_t i = 0; ok && f->arg[i]; i++) {
		const char *eq = strchr(f->arg[i], '=');
		const struct krux_value *v = place_find(&args, f->arg[i], (size_t)(eq - f->arg[i]));

		ok = v && value_is(v, str(eq + 1));
	}
	krux_pool_free(pool);
	return ok;
}

/* ---- records ---- */

static bool text_is(const struct record *r, enum audit_field field, const char *want)
{
	return !want || (record_has(r, field) && krux_str_eq(r->field[field].s, str(want)));
}

/* "filesystem.read", or "filesystem.*". */
static bool capability_is(const struct record *r, const char *want)
{
	size_t n = want ? strlen(want) : 0;
	struct krux_str name = r->field[AUDIT_CAPABILITY].s;

	if (n < 2 || strcmp(want + n - 2, ".*") != 0)
		return text_is(r, AUDIT_CAPABILITY, want);
	return record_has(r, AUDIT_CAPABILITY) && name.n >= n && !memcmp(name.p, want, n - 1);
}

static bool request_match(const struct audit_filter *f, int blobs, const struct record *r)
{
	if (f->verdict && (!record_has(r, AUDIT_VERDICT) || r->field[AUDIT_VERDICT].u != f->verdict_number))
		return false;
	return text_is(r, AUDIT_AGENT, f->agent) && capability_is(r, f->capability) &&
	       text_is(r, AUDIT_RULE, f->rule) && text_is(r, AUDIT_WORKSPACE, f->workspace) &&
	       (!f->arg[0] || args_match(f, blobs, r));
}

static int seen_add(struct audit_seen *s, uint64_t seq, struct krux_err *err)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 1024;
		uint64_t *more = reallocarray(s->seq, cap, sizeof *more);

		if (!more)
			return err_set(err, ENOMEM, "query");
		s->seq = more;
		s->cap = cap;
	}
	s->seq[s->n++] = seq;
	return 0;
}

static int seq_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int audit_filter_match(const struct audit_filter *f, int blobs, struct audit_seen *seen, const struct record *r,
                       struct krux_err *err)
{
	uint64_t wall = r->field[AUDIT_WALL].u;
	bool ok = true;

	if (f->requests && record_has(r, AUDIT_ABOUT)) {
		ok = seen->n && bsearch(&r->field[AUDIT_ABOUT].u, seen->seq, seen->n, sizeof *seen->seq, seq_order);
		seen->open -= ok && seen->open && (r->field[AUDIT_KIND].u == AUDIT_KIND_OUTCOME ||
		                                   r->field[AUDIT_KIND].u == AUDIT_KIND_UNKNOWN);
	} else if (f->requests) {
		ok = request_match(f, blobs, r);
		if (ok && seen_add(seen, r->field[AUDIT_SEQ].u, err))
			return -1;
		seen->open += ok && r->field[AUDIT_KIND].u == AUDIT_KIND_INTENT;
	}
	return ok && wall >= f->from && wall < f->to && (!f->kind || r->field[AUDIT_KIND].u == f->kind_number);
}
