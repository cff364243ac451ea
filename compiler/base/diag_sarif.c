/* One run, one result a diagnostic, one rule a code. A fix is a sentence here and no replacement of
 * bytes, so it stands in the message and not in `fixes`. */
#include "compiler/base/diag_sarif.h"

#include <string.h>

#include "capspec/version.h"
#include "compiler/base/escape.h"

static void text_write(struct buf *b, const char *key, struct krux_str s)
{
	buf_printf(b, "\"%s\":\"", key);
	escape_json(b, s);
	buf_putc(b, '"');
}

/* A relative reference as it was given; a file that was given with its whole path is a URI. */
static void uri_write(struct buf *b, const struct source *src)
{
	bool absolute = src->path.n && src->path.p[0] == '/';

	buf_puts(b, absolute ? "{\"uri\":\"file://" : "{\"uri\":\"");
	escape_uri(b, src->path);
	buf_puts(b, "\"}");
}

static void location_write(struct buf *b, struct span at, const char *text, size_t n)
{
	struct span end = { at.src, at.at + at.n, 0 };
	uint32_t line, col;

	buf_puts(b, "{\"physicalLocation\":{\"artifactLocation\":");
	uri_write(b, at.src);
	/* Of a file without a text, such as one that cannot be opened, there is no part. */
	if (at.src->text.n) {
		span_place(at, &line, &col);
		buf_printf(b, ",\"region\":{\"startLine\":%u,\"startColumn\":%u", line, col);
		span_place(end, &line, &col);
		buf_printf(b, ",\"endLine\":%u,\"endColumn\":%u}", line, col);
	}
	buf_putc(b, '}');
	if (n) {
		buf_puts(b, ",\"message\":{");
		text_write(b, "text", (struct krux_str){ text, n });
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

static bool code_used(const struct diags *ds, unsigned code)
{
	for (size_t i = 0; i < ds->n; i++)
		if (ds->list[i]->code == code)
			return true;
	return false;
}

/* The rules are those that results speak of, in order of their numbers. */
static size_t rules_write(struct buf *b, const struct diags *ds, unsigned *rule)
{
	static const struct { unsigned code; const char *title; } all[] = {
#define CODE(number, title) { number, title },
#include "capspec/codes.def"
#undef CODE
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (!code_used(ds, all[i].code))
			continue;
		buf_printf(b, "%s{\"id\":\"K%04u\",\"shortDescription\":{", n ? "," : "", all[i].code);
		text_write(b, "text", (struct krux_str){ all[i].title, strlen(all[i].title) });
		buf_printf(b, "},\"help\":{\"text\":\"kruxc explain K%04u\"}}", all[i].code);
		rule[n++] = all[i].code;
	}
	return n;
}

static void message_write(struct buf *b, const struct diag *d)
{
	buf_puts(b, "\"message\":{\"text\":\"");
	escape_json(b, d->text);
	if (d->expected.n) {
		buf_puts(b, "; expected ");
		escape_json(b, d->expected);
	}
	if (d->fix.n) {
		buf_puts(b, "; fix: ");
		escape_json(b, d->fix);
	}
	buf_puts(b, "\"}");
}

static void result_write(struct buf *b, const struct diag *d, const unsigned *rule, size_t nrules)
{
	size_t k = 0;

	buf_printf(b, "{\"ruleId\":\"K%04u\"", d->code);
	while (k < nrules && rule[k] != d->code)
		k++;
	if (k < nrules)
		buf_printf(b, ",\"ruleIndex\":%zu", k);
	buf_printf(b, ",\"level\":\"%s\",", d->level == DIAG_ERROR ? "error" : "warning");
	message_write(b, d);
	buf_puts(b, ",\"locations\":[");
	if (d->at.src)
		location_write(b, d->at, "", 0);
	buf_putc(b, ']');
	if (d->other.src) {
		buf_puts(b, ",\"relatedLocations\":[");
		location_write(b, d->other, d->other_text.p, d->other_text.n);
		buf_putc(b, ']');
	}
	buf_putc(b, '}');
}

void sarif_print(struct buf *b, const struct diags *ds)
{
	unsigned *rule = ARENA_ARRAY(ds->arena, unsigned, ds->n + 1);
	const char *comma = "";
	size_t n;

	buf_puts(b, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\","
	            "\"runs\":[{\"tool\":{\"driver\":{\"name\":\"kruxc\",\"version\":\"" KRUX_VERSION "\",\"rules\":[");
	n = rules_write(b, ds, rule);
	buf_puts(b, "]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
	for (size_t i = 0; i < ds->n; i++) {
		if (i && !diag_order(&ds->list[i - 1], &ds->list[i]))
			continue;
		buf_puts(b, comma);
		result_write(b, ds->list[i], rule, n);
		comma = ",";
	}
	buf_puts(b, "]}]}\n");
}
