/* The daemon's answer to a card that its own ticket vouches for, and that to a screen. */
#include "runtime/front/card.h"

#include "runtime/base/err.h"
#include "runtime/base/lookalike.h"
#include "runtime/base/screen.h"
#include "runtime/front/card_changes.h"
#include "runtime/front/show.h"

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/item.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 2000 };                 /* bytes of a text that are printed unless all are asked for */

static bool no(struct krux_err *err, const char *why)
{
	err_set(err, 0, "%s", why);
	return false;
}

bool card_check(struct krux_pool *pool, const struct krux_value *told, struct card *out, struct krux_err *err)
{
	struct krux_str ticket = show_text(told, "ticket"), hex = show_text(told, "deferred");
	uint8_t leaf[HASH_LEN], *bytes = krux_pool_get(pool, hex.n / 2 + 1);
	const struct krux_value *args;
	struct krux_refusal refusal;
	const char *why = "";
	size_t used;

	*out = (struct card){ .told = told };
	if (!bytes)
		return no(err, "out of memory");
	if (!krux_hex_read(ticket, out->ticket, sizeof out->ticket))
		return no(err, "the daemon's answer names no ticket");
	if (!hex.n)
		return no(err, "the daemon does not give the record that the ticket is the hash of");
	if (!krux_hex_read(hex, bytes, hex.n / 2) || !record_decode(bytes, hex.n / 2, &out->record, &used, &why) ||
	    used != hex.n / 2 || out->record.field[AUDIT_KIND].u != AUDIT_KIND_DEFERRED)
		return no(err, "the daemon gives something else than a record for the ticket");
	record_leaf(bytes, used, leaf);
	if (memcmp(leaf, out->ticket, sizeof leaf) != 0)
		return no(err, "THE DAEMON SHOWS ANOTHER CALL THAN THE TICKET'S: the record that it gives does not "
		          "have this hash");
	out->has_changes = record_has(&out->record, AUDIT_RESULT_BLOB);
	if (out->has_changes && !card_changes_read(pool, told, &out->record, &out->changes, err))
		return false;
	if (record_has(&out->record, AUDIT_ARGS)) {
		struct krux_str cbor = out->record.field[AUDIT_ARGS].s;

		return krux_cbor_read(pool, (const uint8_t *)cbor.p, cbor.n, &out->args, &refusal) ||
		       no(err, "the arguments in the record cannot be read");
	}
	args = krux_value_get(told, "args");
	out->args_told = true;
	out->args = args ? *args : (struct krux_value){ .kind = KRUX_V_NULL };
	return true;
}

/* ---- values ---- */

struct page {
	FILE *f;
	bool full, escaped;
	unsigned cut;                  /* texts and bytes of which the end is not shown */
	const struct card *card;
};

static void lookalikes(struct page *p, struct krux_str s)
{
	unsigned len;

	for (size_t i = 0; i < s.n; i += len) {
		uint32_t c = krux_utf8_get(s.p + i, s.n - i, &len);
		char like = c < 128 ? 0 : lookalike(c);

		p->escaped |= c >= 0x7F || c < 0x20;
		if (like)
			fprintf(p->f, "\n                ^ \\u{%" PRIX32 "} looks like %c", c, like);
	}
}

static void text_print(struct page *p, struct krux_str s)
{
	struct krux_str part = s;
	uint8_t digest[KRUX_SHA256];
	char hex[2 * KRUX_SHA256 + 1] = "";

	if (!p->full && s.n > SHOWN)
		for (part.n = SHOWN; part.n && ((uint8_t)s.p[part.n] & 0xC0) == 0x80;)
			part.n--;
	fputc('"', p->f);
	screen_put(p->f, part);
	fputc('"', p->f);
	if (part.n < s.n) {
		p->cut++;
		krux_sha256(s, digest);
		krux_hex_write(digest, sizeof digest, hex);
		fprintf(p->f, "\n                ... %zu of %zu bytes, SHA-256 of all %s; --full shows all", part.n, s.n, hex);
	}
	lookalikes(p, part);
}

static void bytes_print(struct page *p, struct krux_str s)
{
	size_t n = p->full || s.n <= SHOWN ? s.n : SHOWN;

	fprintf(p->f, "%zu bytes ", s.n);
	for (size_t i = 0; i < n; i++)
		fprintf(p->f, "%02x", (uint8_t)s.p[i]);
	if (n < s.n) {
		p->cut++;
		fputs(" ... --full shows all", p->f);
	}
}

static void value_print(struct page *p, const struct krux_value *v)
{
	switch (v->kind) {
	case KRUX_V_NULL:
		fputs("null", p->f);
		break;
	case KRUX_V_BOOL:
		fputs(v->b ? "true" : "false", p->f);
		break;
	case KRUX_V_UINT:
		fprintf(p->f, "%" PRIu64, v->u);
		break;
	case KRUX_V_NINT:
		fprintf(p->f, "-%" PRIu64, v->u + 1);
		break;
	case KRUX_V_NUMBER:
		screen_put(p->f, v->str);
		break;
	case KRUX_V_BYTES:
		bytes_print(p, v->str);
		break;
	case KRUX_V_TEXT:
		text_print(p, v->str);
		break;
	case KRUX_V_LIST:
		fputs("[", p->f);
		for (size_t i = 0; i < v->list.n; i++) {
			fputs(i ? ", " : " ", p->f);
			value_print(p, &v->list.item[i]);
		}
		fputs(" ]", p->f);
		break;
	case KRUX_V_MAP:
	case KRUX_V_UMAP:
		fputs("{", p->f);
		for (size_t i = 0; i < v->map.n; i++) {
			fputs(i ? ", " : " ", p->f);
			text_print(p, v->map.member[i].key);
			fputs(": ", p->f);
			value_print(p, &v->map.member[i].value);
		}
		fputs(" }", p->f);
		break;
	}
}

/* ---- lines ---- */

static void label(struct page *p, const char *name)
{
	fprintf(p->f, "  %-11s ", name);
}

static void line(struct page *p, const char *name, enum audit_field f)
{
	if (!record_has(&p->card->record, f))
		return;
	label(p, name);
	screen_put(p->f, p->card->record.field[f].s);
	lookalikes(p, p->card->record.field[f].s);
	fputc('\n', p->f);
}

static void hash_print(struct page *p, struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		fprintf(p->f, "%02x", (uint8_t)s.p[i]);
}

static void time_line(struct page *p, const char *name, uint64_t ns)
{
	char text[64] = "";

	krux_datetime_text((int64_t)ns, text, sizeof text - 1);
	label(p, name);
	fprintf(p->f, "%s\n", text);
}

static void call_lines(struct page *p)
{
	const struct record *r = &p->card->record;
	struct krux_str version = r->field[AUDIT_VERSION].s;
	struct item_in in = { (const uint8_t *)version.p, (const uint8_t *)version.p + version.n, NULL };
	uint64_t two, major = 0, minor = 0;
	const struct krux_value *args = &p->card->args;

	label(p, "call");
	screen_put(p->f, r->field[AUDIT_CAPABILITY].s);
	if (item_take(&in, ITEM_LIST, &two) && item_take(&in, ITEM_UINT, &major) && item_take(&in, ITEM_UINT, &minor))
		fprintf(p->f, "@%" PRIu64 ".%" PRIu64, major, minor);
	fputc('\n', p->f);
	if (p->card->args_told)
		fputs("              the arguments are too large for the record, which has their hash alone: what is shown is the "
		      "daemon's word\n", p->f);
	for (size_t i = 0; args->kind == KRUX_V_MAP && i < args->map.n; i++) {
		fputs("              ", p->f);
		screen_put(p->f, args->map.member[i].key);
		fputs(": ", p->f);
		value_print(p, &args->map.member[i].value);
		fputc('\n', p->f);
	}
}

static void who_line(struct page *p)
{
	static const char *const auth[] = { "claimed by the owner of the state", "by its key", "by its token", "by its uid" };
	const struct record *r = &p->card->record;

	label(p, "agent");
	screen_put(p->f, r->field[AUDIT_AGENT].s);
	fprintf(p->f, ", known %s", auth[r->field[AUDIT_AUTH].u & 3]);
	if (record_has(r, AUDIT_CLAIMED)) {
		fputs("; calls itself ", p->f);
		text_print(p, r->field[AUDIT_CLAIMED].s);
	}
	fputc('\n', p->f);
}

static void rule_line(struct page *p)
{
	const struct record *r = &p->card->record;

	label(p, "rule");
	screen_put(p->f, r->field[AUDIT_RULE].s);
	if (r->field[AUDIT_SOURCE].s.n)
		fputs(", ", p->f);
	screen_put(p->f, r->field[AUDIT_SOURCE].s);
	fputc('\n', p->f);
	if (!p->card->line.n)
		return;
	label(p, "");
	screen_put(p->f, p->card->line);
	fputc('\n', p->f);
}

/* "t?b32?u?u", `parts` of these. */
static bool shown_line(struct page *p, struct item_in *in, uint64_t parts)
{
	struct krux_str path, hash = { NULL, 0 };
	uint64_t size = 0, bytes = 0;
	bool tree;

	if (!item_take_str(in, ITEM_TEXT, &path) || (parts > 1 && !item_take_str(in, ITEM_BYTES, &hash)) ||
	    (parts > 2 && !item_take(in, ITEM_UINT, &size)) || (parts > 3 && !item_take(in, ITEM_UINT, &bytes)))
		return false;
	tree = path.n && path.p[path.n - 1] == '/';
	label(p, tree ? "tree" : "file");
	screen_put(p->f, path);
	if (parts == 1)
		fputs(", not there, and not to be there when it runs", p->f);
	else if (parts == 2)
		fputs(", no file: a link, a pipe, a device, a socket or a folder by itself; SHA-256 of its entry ", p->f);
	else if (parts > 3)
		fprintf(p->f, ", %" PRIu64 " entries of %" PRIu64 " bytes, which it runs from: SHA-256 of their contents ", size, bytes);
	else
		fprintf(p->f, tree ? ", %" PRIu64 " entries, SHA-256 of them " : ", %" PRIu64 " bytes, SHA-256 ", size);
	if (parts > 1)
		hash_print(p, hash);
	fputc('\n', p->f);
	return true;
}

static void shown_lines(struct page *p)
{
	struct krux_str field;
	struct item_in in;
	uint64_t n, parts;

	if (!record_has(&p->card->record, AUDIT_SHOWN))
		return;
	field = p->card->record.field[AUDIT_SHOWN].s;
	in = (struct item_in){ (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	if (!item_take(&in, ITEM_LIST, &n))
		return;
	while (n-- && item_take(&in, ITEM_LIST, &parts) && shown_line(p, &in, parts))
		;
}

/* "[(u[t])]" */
static void approvals_lines(struct page *p)
{
	struct krux_str field = p->card->record.field[AUDIT_APPROVALS].s, name;
	struct item_in in = { (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	const struct krux_value *by;
	uint64_t n, two, quorum, names;
	size_t nby;

	if (!item_take(&in, ITEM_LIST, &n))
		return;
	while (n-- && item_take(&in, ITEM_LIST, &two) && item_take(&in, ITEM_UINT, &quorum) &&
	       item_take(&in, ITEM_LIST, &names)) {
		label(p, "approval");
		fprintf(p->f, "%" PRIu64 " of ", quorum);
		if (!names)
			fputs("anyone", p->f);
		for (uint64_t i = 0; i < names && item_take_str(&in, ITEM_TEXT, &name); i++) {
			fputs(i ? ", " : "", p->f);
			screen_put(p->f, name);
		}
		fputc('\n', p->f);
	}
	by = show_list(p->card->told, "accepted_by", &nby);
	if (!nby)
		return;
	label(p, "accepted by");
	for (size_t i = 0; i < nby; i++) {
		fputs(i ? ", " : "", p->f);
		if (by[i].kind == KRUX_V_TEXT)
			screen_put(p->f, by[i].str);
	}
	fputc('\n', p->f);
}

unsigned card_print(const struct card *c, bool full, void *file)
{
	struct page p = { .f = file, .full = full, .card = c };
	const struct record *r = &c->record;

	fputs("ticket ", p.f);
	hash_print(&p, (struct krux_str){ (const char *)c->ticket, sizeof c->ticket });
	fputc('\n', p.f);
	who_line(&p);
	line(&p, "workspace", AUDIT_WORKSPACE);
	call_lines(&p);
	rule_line(&p);
	line(&p, "reason", AUDIT_REASON);
	shown_lines(&p);
	if (c->has_changes) {
		label(&p, "run");
		fprintf(p.f, "record %" PRIu64 ", and has ended: it does not run again\n", r->field[AUDIT_ABOUT].u);
		p.cut += card_changes_print(&c->changes, full, &p.escaped, p.f);
	}
	approvals_lines(&p);
	time_line(&p, "asked", r->field[AUDIT_WALL].u);
	time_line(&p, "expires", record_has(r, AUDIT_EXPIRES) ? r->field[AUDIT_EXPIRES].u
	                                                     : r->field[AUDIT_WALL].u + r->field[AUDIT_TTL].u);
	label(&p, "bundle");
	hash_print(&p, r->field[AUDIT_BUNDLE].s);
	fputs(record_has(r, AUDIT_DEV) && r->field[AUDIT_DEV].u ? ", signed with a DEVELOPMENT KEY\n" : "\n", p.f);
	if (p.escaped)
		fputs("  (what is not printable ASCII is shown as \\u{NUMBER} or \\xNN; common look-alikes are named)\n", p.f);
	return p.cut;
}
