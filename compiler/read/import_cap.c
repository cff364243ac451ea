/* Drafts of capabilities to .cap text. What a capability must have and no source said is filled
 * in here, each with a request to review it. The text is read back before anybody gets it. */
#include <string.h>

#include "capspec/limits.h"
#include "compiler/base/escape.h"
#include "compiler/read/import_draft.h"
#include "compiler/read/read.h"

/* ---- documentation ---- */

static void doc_push(struct importer *im, struct draft_cap *c, struct krux_str line)
{
	ARENA_PUSH(im->arena, c->doc.line, c->doc.n, c->doc.cap, line);
}

/* Lines of a text, without blanks at their ends. */
static void doc_push_lines(struct importer *im, struct draft_cap *c, const char *prefix, struct krux_str text)
{
	while (text.n) {
		const char *lf = memchr(text.p, '\n', text.n);
		size_t n = lf ? (size_t)(lf - text.p) : text.n;
		struct krux_str line = { text.p, n };

		while (line.n && memchr(" \t\r", line.p[line.n - 1], 3))
			line.n--;
		if (line.n || c->doc.n)
			doc_push(im, c, *prefix ? arena_printf(im->arena, "%s%.*s", prefix, STR_ARG(line)) : line);
		prefix = "";
		text.p += n + (lf != NULL);
		text.n -= n + (lf != NULL);
	}
}

/* The first sentence, at most KRUX_MAX_SUMMARY bytes as it will be written, with a stop. */
static struct krux_str summary_of(struct importer *im, struct krux_str line)
{
	struct krux_str s = line;

	for (size_t i = 0; i + 1 < line.n; i++)
		if (line.p[i] == '.' && line.p[i + 1] == ' ' && i + 1 >= 12) {
			s.n = i + 1;
			break;
		}
	if (s.n >= KRUX_MAX_SUMMARY) {
		s.n = KRUX_MAX_SUMMARY - 4;
		while (s.n && s.p[s.n] != ' ')
			s.n--;
		if (!s.n)
			s.n = KRUX_MAX_SUMMARY - 4;
		while (s.n && ((unsigned char)line.p[s.n] & 0xC0) == 0x80)
			s.n--;
		return arena_printf(im->arena, "%.*s...", STR_ARG(s));
	}
	if (s.n && s.p[s.n - 1] != '.')
		return arena_printf(im->arena, "%.*s.", STR_ARG(s));
	return s;
}

void draft_describe(struct importer *im, struct draft_cap *c, struct krux_str text)
{
	struct krux_str line = import_line(im->arena, text), summary = summary_of(im, line);

	if (!line.n || (line.n >= 4 && !memcmp(line.p, "use:", 4))) {
		summary = arena_printf(im->arena, "Imported as %.*s.%.*s.", STR_ARG(c->ns), STR_ARG(c->name));
		import_review(im, &c->notes, "the source did not say what it does");
	}
	doc_push(im, c, summary);
	/* Nothing is cut away: what is more than the summary follows it. */
	if (summary.p == line.p && summary.n < line.n && !memchr(text.p, '\n', text.n))
		doc_push_lines(im, c, "", (struct krux_str){ line.p + summary.n + 1, line.n - summary.n - 1 });
	else if (summary.n < line.n)
		doc_push_lines(im, c, "", text);
}

void draft_use(struct importer *im, struct draft_cap *c, struct krux_str text)
{
	while (text.n && memchr(" \n\t\r", text.p[0], 4)) {
		text.p++;
		text.n--;
	}
	while (text.n && memchr(" \n\t\r", text.p[text.n - 1], 4))
		text.n--;
	doc_push_lines(im, c, "use: ", text);
}

/* ---- fields ---- */

static struct draft_field *field_add(struct importer *im, struct draft_field **list, size_t *n, size_t *cap,
                                     struct name_set *taken, struct krux_str raw, struct span at)
{
	struct draft_field f = { .name = import_identifier(im->arena, raw), .at = at };

	if (*n == KRUX_MAX_FIELDS)
		return NULL;
	for (size_t i = 0; i < *n; i++)
		name_set_add(im->arena, taken, (*list)[i].name);
	f.name = name_set_unique(im->arena, taken, f.name, '_');
	if (!krux_str_eq(f.name, raw))
		import_note(im, &f.notes, IMPORT_RENAMED, at, "the field `%.*s` is %.*s here", STR_ARG(raw),
		            STR_ARG(f.name));
	ARENA_PUSH(im->arena, *list, *n, *cap, f);
	return &(*list)[*n - 1];
}

struct draft_field *draft_input(struct importer *im, struct draft_cap *c, struct krux_str raw, struct span at)
{
	/* In conditions these are the effects of the call. */
	static const char *const words[] = { "lists", "reads", "creates", "writes", "deletes", "connects", "executes" };
	struct name_set taken = { 0 };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		name_set_add(im->arena, &taken, (struct krux_str){ words[i], strlen(words[i]) });
	return field_add(im, &c->input, &c->ninput, &c->input_cap, &taken, raw, at);
}

struct draft_field *draft_output(struct importer *im, struct draft_cap *c, struct krux_str raw, struct span at)
{
	struct name_set taken = { 0 };

	return field_add(im, &c->output, &c->noutput, &c->output_cap, &taken, raw, at);
}

/* ---- what has to be there ---- */

void draft_complete(struct importer *im, struct draft_cap *c)
{
	struct draft_error failed = {
		.name = KRUX_STR("Failed"), .doc = KRUX_STR("The call failed."), .recover = KRUX_STR("ask"),
		.hint = KRUX_STR("Tell the operator what was tried."),
	};
	bool use = false;

	for (size_t i = 0; i < c->doc.n && !use; i++)
		use = c->doc.line[i].n >= 4 && !memcmp(c->doc.line[i].p, "use:", 4);
	if (!use) {
		doc_push(im, c, KRUX_STR("use: where the sentence above is what is needed."));
		import_review(im, &c->notes, "the source did not say when to use it");
	}
	for (size_t i = 0; i < c->ninput + c->noutput; i++) {
		struct draft_field *f = i < c->ninput ? &c->input[i] : &c->output[i - c->ninput];

		if (f->doc.n)
			continue;
		f->doc = arena_printf(im->arena, "%.*s.", STR_ARG(f->name));
		import_review(im, &f->notes, "the source did not say what it is");
	}
	if (!c->nerrors) {
		import_review(im, &failed.notes, "the source named no error");
		ARENA_PUSH(im->arena, c->error, c->nerrors, c->errors_cap, failed);
	}
}

/* ---- writing ---- */

static void put_string(struct buf *b, struct krux_str s)
{
	buf_putc(b, '"');
	escape_cap(b, s);
	buf_putc(b, '"');
}

static void put_field(struct buf *b, const struct draft_field *f)
{
	/* One short matter fits behind the line. */
	bool behind = f->notes.n == 1 && f->notes.line[0].n < 60;

	if (!behind)
		notes_put(b, &f->notes, "    ");
	buf_puts(b, "    ");
	buf_str(b, f->name);
	buf_puts(b, f->optional ? " : optional " : " : ");
	buf_str(b, f->type);
	if (f->deflt.n) {
		buf_puts(b, " = ");
		buf_str(b, f->deflt);
	}
	buf_putc(b, ' ');
	put_string(b, f->doc);
	buf_putc(b, ';');
	if (behind)
		notes_put_behind(b, &f->notes);
	buf_putc(b, '\n');
}

static void put_fields(struct buf *b, const char *word, const struct draft_field *f, size_t n)
{
	buf_printf(b, "  %s {\n", word);
	for (size_t i = 0; i < n; i++)
		put_field(b, &f[i]);
	buf_puts(b, "  }\n");
}

static void put_example(struct buf *b, const struct draft_cap *c)
{
	size_t given = 0;

	buf_puts(b, "  example \"invented\" {");
	for (size_t i = 0; i < c->ninput; i++) {
		const struct draft_field *f = &c->input[i];

		if (f->optional || f->deflt.n)
			continue;
		buf_puts(b, given++ ? ", " : " ");
		buf_str(b, f->name);
		buf_puts(b, ": ");
		buf_str(b, f->sample);
	}
	buf_puts(b, given ? " } -> {};  # review: invented\n" : "} -> {};  # review: invented\n");
}

static void put_cap(struct buf *b, const struct draft_cap *c)
{
	bool written = false;

	buf_putc(b, '\n');
	for (size_t i = 0; i < c->doc.n; i++) {
		struct krux_str line = c->doc.line[i];

		buf_puts(b, line.n ? "/// " : "///");
		escape_screen(b, line);
		buf_putc(b, '\n');
	}
	buf_puts(b, "capability ");
	buf_str(b, c->name);
	buf_printf(b, " @%u.%u {\n", c->major, c->minor);
	notes_put(b, &c->notes, "  ");
	put_fields(b, "input", c->input, c->ninput);
	put_fields(b, "output", c->output, c->noutput);
	for (size_t i = 0; i < c->nerrors; i++) {
		const struct draft_error *e = &c->error[i];

		buf_puts(b, "  error ");
		buf_str(b, e->name);
		buf_putc(b, ' ');
		put_string(b, e->doc);
		buf_puts(b, " recover ");
		buf_str(b, e->recover);
		buf_putc(b, ' ');
		put_string(b, e->hint);
		buf_putc(b, ';');
		notes_put_behind(b, &e->notes);
		buf_putc(b, '\n');
		written = true;
	}
	buf_puts(b, written ? "" : "\n");
	notes_put(b, &c->effect_notes, "  ");
	buf_puts(b, "  effect ");
	buf_str(b, c->effect);
	buf_puts(b, ";\n  limits { memory 256MiB; cpu 10s; wall 60s; pids 16; files 64; output 4MiB; }  # review: invented\n");
	notes_put(b, &c->handler_notes, "  ");
	buf_puts(b, "  handler ");
	buf_str(b, c->handler);
	buf_puts(b, ";\n");
	put_example(b, c);
	buf_puts(b, "}\n");
}

void draft_file_add(struct importer *im, const struct draft_file *f)
{
	struct diags *quiet = diags_new(im->arena);
	struct krux_str name = name_set_unique(im->arena, &im->caps, f->ns, '-');
	struct imported out = { .name = arena_printf(im->arena, "%.*s.cap", STR_ARG(name)) };
	const struct capfile *parsed;
	const struct source *src;
	struct buf b = { 0 }, laid = { 0 };

	notes_put(&b, &f->notes, "");
	buf_puts(&b, "namespace ");
	buf_str(&b, f->ns);
	buf_putc(&b, ' ');
	put_string(&b, f->doc);
	buf_puts(&b, ";\n");
	for (size_t i = 0; i < f->ncaps; i++)
		put_cap(&b, &f->cap[i]);
	src = source_text(im->arena, quiet, "imported", (struct krux_str){ b.p, b.n });
	parsed = src ? capfile_parse(im->arena, quiet, src) : NULL;
	if (!parsed || quiet->errors) {
		/* Something that no draft should hold: say so instead of handing it on. */
		diag_error(im->diags, IMPORT_BROKEN, ((struct span){ im->src, 0, 0 }),
		           "this cannot be imported: the result would be wrong: %.*s",
		           STR_ARG(quiet->n ? quiet->list[0]->text : KRUX_STR("it is empty")));
		buf_free(&b);
		return;
	}
	capfile_format(&laid, parsed);
	out.text = arena_str(im->arena, (struct krux_str){ laid.p, laid.n });
	ARENA_PUSH(im->arena, im->file, im->nfiles, im->files_cap, out);
	buf_free(&b);
	buf_free(&laid);
}
