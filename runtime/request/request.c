/* JSON to canonical CBOR by the capability's type. */
#include "runtime/request/request.h"

#include "capspec/canon.h"
#include "capspec/krux_abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text);
}

/* ---- names ---- */

/* Edits between two short names: letters put in, left out or changed. */
static unsigned distance(struct krux_str a, struct krux_str b)
{
	unsigned row[65];

	if (a.n > 64 || b.n > 64)
		return 64;
	for (unsigned k = 0; k <= b.n; k++)
		row[k] = k;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (unsigned k = 1; k <= b.n; k++) {
			unsigned best = corner + (a.p[i - 1] != b.p[k - 1]);

			if (row[k] + 1 < best)
				best = row[k] + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			corner = row[k];
			row[k] = best;
		}
	}
	return row[b.n];
}

static struct krux_str without_version(struct krux_str name)
{
	const char *at = name.n ? memchr(name.p, '@', name.n) : NULL;

	return at ? (struct krux_str){ name.p, (size_t)(at - name.p) } : name;
}

static void name_remedy(const struct krux_capability *caps, size_t n, struct krux_str name,
                        char *out, size_t cap)
{
	const struct krux_capability *best = NULL;
	unsigned least = 4;
	size_t len;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(without_version(name), caps[i].name);

		if (d < least) {
			least = d;
			best = &caps[i];
		}
	}
	if (best && !least) {
		snprintf(out, cap, "There is %.*s@%u.%u; leave the version away to get the newest.",
		         (int)best->name.n, best->name.p, best->major, best->minor);
		return;
	}
	if (best) {
		snprintf(out, cap, "Did you mean %.*s?", (int)best->name.n, best->name.p);
		return;
	}
	len = (size_t)snprintf(out, cap, "There are");
	for (size_t i = 0; i < n && len < cap; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s %.*s", i ? "," : "",
		                        (int)caps[i].name.n, caps[i].name.p);
	if (len >= cap)
		memcpy(out + cap - 5, " ...", 5);
}

bool request_name(const struct krux_abi *abi, const struct krux_capability *caps, size_t n,
                  struct krux_str name, struct request *out, struct request_refusal *r)
{
	int id = name.n <= 256 ? abi->find(name.p, (uint32_t)name.n) : -1;

	if (id >= 0 && (size_t)id < n) {
		*out = (struct request){ .cap = &caps[id], .index = (uint32_t)id };
		return true;
	}
	*r = (struct request_refusal){ 0 };
	copy(r->why, sizeof r->why, "there is no such capability");
	name_remedy(caps, n, name, r->remedy, sizeof r->remedy);
	return false;
}

/* ---- arguments ---- */

/* "path (path), limit (uint, optional)": what the capability takes. */
static void fields_remedy(const struct krux_capability *cap, char *out, size_t room)
{
	size_t len = (size_t)snprintf(out, room, "%.*s takes", (int)cap->name.n, cap->name.p);

	if (!cap->input->nfields)
		snprintf(out + len, room - len, " no arguments: give {}.");
	for (size_t i = 0; i < cap->input->nfields && len < room; i++) {
		const struct krux_field *f = &cap->input->field[i];

		len += (size_t)snprintf(out + len, room - len, "%s %.*s (%s%s)", i ? "," : "",
		                        (int)f->name.n, f->name.p, krux_type_word(f->type->kind),
		                        f->optional || f->deflt ? ", may be left out" : "");
	}
	if (len >= room)
		memcpy(out + room - 5, " ...", 5);
}

/* The field that a place such as "entries[3].path" begins with; NULL: none. */
static const struct krux_field *field_at(const struct krux_capability *cap, const char *where)
{
	size_t n = strcspn(where, ".[");

	for (size_t i = 0; i < cap->input->nfields; i++)
		if (cap->input->field[i].name.n == n &&
		    !memcmp(cap->input->field[i].name.p, where, n))
			return &cap->input->field[i];
	return NULL;
}

void request_refuse(const struct krux_capability *cap, const char *where, const char *why,
                    struct request_refusal *r)
{
	const struct krux_field *f = field_at(cap, where);

	*r = (struct request_refusal){ 0 };
	copy(r->where, sizeof r->where, where);
	copy(r->why, sizeof r->why, why);
	if (f && f->doc.n)
		snprintf(r->remedy, sizeof r->remedy, "%.*s (%s): %.*s", (int)f->name.n, f->name.p,
		         krux_type_word(f->type->kind), (int)f->doc.n, f->doc.p);
	else
		fields_remedy(cap, r->remedy, sizeof r->remedy);
}

static bool args_refuse(const struct krux_capability *cap, const struct krux_refusal *why,
                        struct request_refusal *r)
{
	request_refuse(cap, why->where, why->why, r);
	return false;
}

bool request_args(struct krux_pool *pool, struct krux_str json, struct request *q,
                  struct request_refusal *r)
{
	struct krux_refusal why = { "", "" };
	struct krux_value written;
	uint8_t *cbor;
	size_t n, room;

	*r->where = *r->why = *r->remedy = 0;
	if (!krux_json_read(pool, json, &written, &why)) {
		copy(r->where, sizeof r->where, why.where);
		snprintf(r->why, sizeof r->why, "the arguments are not JSON: %.200s", why.why);
		fields_remedy(q->cap, r->remedy, sizeof r->remedy);
		return false;
	}
	if (!krux_canon(pool, q->cap->input, &written, &q->args, &why))
		return args_refuse(q->cap, &why, r);
	/* Nearly always it is no longer than its JSON and the defaults of a few fields. */
	room = json.n + 64;
	cbor = krux_pool_get(pool, room);
	n = krux_cbor_write(&q->args, cbor, cbor ? room : 0);
	if (!n || n > q->cap->max_args) {
		krux_refuse(&why, "", "the arguments are larger than this capability takes");
		return args_refuse(q->cap, &why, r);
	}
	if (!cbor || n > room) {
		cbor = krux_pool_get(pool, n);
		if (!cbor) {
			copy(r->why, sizeof r->why, "out of memory");
			return false;
		}
		krux_cbor_write(&q->args, cbor, n);
	}
	q->cbor = (struct krux_str){ (char *)cbor, n };
	return true;
}
