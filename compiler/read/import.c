/* Import on one screen: which importer reads which file, and what they say of it. */
#include "compiler/read/import.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/escape.h"
#include "compiler/read/import_draft.h"

enum {
	MOST_WORK = 4000000,
	FEW_NOTES = 16,             /* among which none is written twice */
};

bool import_afford(struct importer *im, unsigned long cost)
{
	bool before = im->work <= MOST_WORK;

	if (before)
		im->work += cost;
	if (before && im->work > MOST_WORK)
		diag_error(im->diags, 9031, ((struct span){ im->src, 0, 0 }), "this file is too large to be imported")->fix =
			KRUX_STR("cut it into several");
	return im->work <= MOST_WORK;
}

/* ---- notes ---- */

static void note_push(struct importer *im, struct notes *notes, const char *prefix, struct krux_str text)
{
	struct krux_str line = arena_printf(im->arena, "%s: %.*s", prefix, STR_ARG(text));

	for (size_t i = notes->n > FEW_NOTES ? notes->n - FEW_NOTES : 0; i < notes->n; i++)
		if (krux_str_eq(notes->line[i], line))
			return;
	ARENA_PUSH(im->arena, notes->line, notes->n, notes->cap, line);
}

void import_note(struct importer *im, struct notes *notes, unsigned code, struct span at, const char *fmt, ...)
{
	struct krux_str text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(im->arena, fmt, ap);
	va_end(ap);
	diag_warn(im->diags, code, at, "%.*s", STR_ARG(text));
	note_push(im, notes, code == IMPORT_LOST ? "not carried over" : code == IMPORT_RENAMED ? "renamed"
	          : code == IMPORT_DENIED ? "denied in doubt" : "changed", text);
}

void import_review(struct importer *im, struct notes *notes, const char *fmt, ...)
{
	struct krux_str text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(im->arena, fmt, ap);
	va_end(ap);
	note_push(im, notes, "review", text);
	im->invented = true;
}

void import_say(struct importer *im, struct notes *notes, struct krux_str line)
{
	ARENA_PUSH(im->arena, notes->line, notes->n, notes->cap, line);
}

void notes_put(struct buf *b, const struct notes *notes, const char *indent)
{
	for (size_t i = 0; i < notes->n; i++) {
		buf_printf(b, "%s# ", indent);
		escape_screen(b, notes->line[i]);
		buf_putc(b, '\n');
	}
}

void notes_put_behind(struct buf *b, const struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		buf_puts(b, i ? "; " : "  # ");
		escape_screen(b, notes->line[i]);
	}
}

/* ---- JSON ---- */

const struct krux_value *import_json(struct importer *im, struct krux_str fix)
{
	struct krux_value *v = ARENA_NEW(im->arena, struct krux_value);
	struct krux_refusal why = { "", "" };
	struct krux_str t = im->src->text;
	struct span at = { im->src, 0, 1 };
	unsigned long line, col;
	char *end;

	if (krux_json_read(arena_pool(im->arena), t, v, &why))
		return v;
	line = strtoul(why.where, &end, 10);
	col = *end == ':' ? strtoul(end + 1, NULL, 10) : 1;
	for (size_t i = 0; i < t.n && line > 1; i++)
		if (t.p[i] == '\n' && --line == 1)
			at.at = (uint32_t)i + 1;
	for (; col > 1 && at.at < t.n; col--)
		do
			at.at++;
		while (at.at < t.n && ((unsigned char)t.p[at.at] & 0xC0) == 0x80);
	diag_error(im->diags, IMPORT_NO_SHAPE, at, "this is no JSON: %s", why.why)->fix = fix;
	return NULL;
}

struct span import_json_at(const struct importer *im, struct krux_str s)
{
	const char *from = im->src->text.p, *to = from + im->src->text.n;
	struct span at = { im->src, 0, 1 };

	if (s.p && (uintptr_t)s.p >= (uintptr_t)from && (uintptr_t)s.p + s.n <= (uintptr_t)to) {
		at.at = (uint32_t)(s.p - from);
		at.n = (uint32_t)s.n;
	}
	return at;
}

/* ---- one file after another ---- */

typedef void import_fn(struct importer *);
static import_fn *const importers[] = {
	[IMPORT_KRUXOS] = import_kruxos, [IMPORT_MCP] = import_mcp, [IMPORT_CLAUDE] = import_claude,
};

bool import_run(struct arena *a, struct diags *ds, enum import_kind kind, const struct source *const *src,
                size_t n, struct imports *out)
{
	struct importer im = { .arena = a, .diags = ds };
	size_t errors = ds->errors, before;
	struct diag *d;

	for (size_t i = 0; i < n && kind == IMPORT_KRUXOS; i++)
		import_kruxos_names(&im, src[i]);
	for (size_t i = 0; i < n; i++) {
		im.src = src[i];
		im.invented = false;
		im.work = 0;
		before = ds->errors;
		importers[kind](&im);
		if (!im.invented || ds->errors != before)
			continue;
		d = diag_warn(ds, IMPORT_INVENTED, ((struct span){ src[i], 0, 0 }),
		              "something had to be invented: a bound, a limit, an effect or the like");
		d->fix = KRUX_STR("look at each `# review:` in the output");
	}
	*out = (struct imports){ im.file, im.nfiles };
	return ds->errors == errors;
}
