/* The file decide.c: fixed parts, then what the capabilities need, then the tables. */
#include "compiler/emit/emit_c.h"

#include <inttypes.h>

#include "compiler/base/escape.h"
#include "compiler/emit/c.h"
#include "compiler/emit/c_cite.h"
#include "compiler/emit/c_find.h"
#include "compiler/emit/c_table.h"
#include "compiler/emit/prelude.h"

/* What one capability is called in the file. */
struct entry {
	const struct capability *cap;
	const struct c_record *args;
	struct c_decision decide;
};

static void put_part(struct buf *b, struct krux_str text)
{
	buf_str(b, text);
	buf_putc(b, '\n');
}

/* ---- parts ---- */

static void put_banner(struct buf *b, const struct build *build)
{
	buf_puts(b, "/* What a policy decides, as C. Made by kruxc; do not edit: change the policy instead.\n *\n");
	for (size_t i = 0; i < build->npolicies; i++) {
		const struct policy *p = &build->policy[i];

		buf_printf(b, " *   %.*s", STR_ARG(p->name));
		if (p->ast && p->ast->src) {
			buf_puts(b, "  ");
			escape_comment(b, p->ast->src->name);
		}
		buf_putc(b, '\n');
	}
	buf_puts(b, " *\n"
	         " * Fixed parts come first: the ABI, texts, decoding, automata. Then each capability has its\n"
	         " * arguments, their decoder, and decide_NAME, the policy itself, if all are little enough to be\n"
	         " * read; table.txt says the same in words. Tables come last. */\n\n");
}

static bool uses_hosts(const struct c_file *f)
{
	return f->uses[KRUX_T_HOST] || f->uses[KRUX_T_IP] || f->uses[KRUX_T_CIDR] || f->uses[KRUX_T_SECRET] ||
	       f->uses[KRUX_T_URL];
}

static void put_fixed(struct buf *b, const struct c_file *f)
{
	put_part(b, prelude_types());
	put_part(b, prelude_abi());
	put_part(b, prelude_text());
	put_part(b, prelude_cbor());
	if (f->uses[KRUX_T_PATH])
		put_part(b, prelude_path());
	if (uses_hosts(f))
		put_part(b, prelude_host());
	if (f->uses[KRUX_T_URL])
		put_part(b, prelude_url());
	buf_printf(b, "static const uint8_t texts[%zu];\n\n", c_texts_size(f->texts));
	put_part(b, prelude_engine());
	buf_printf(b, "static const uint32_t octets[%zu];\n\n", f->noctets);
	put_part(b, prelude_octets());
	if (f->uses_patterns)
		put_part(b, prelude_pattern());
	put_part(b, prelude_call());
}

static void put_elements(struct buf *b, const struct c_file *f)
{
	buf_puts(b, "union element {\n\tbool none;\n");
	for (size_t i = 0; i < f->nrecords; i++)
		if (f->record[i]->number)
			buf_printf(b, "\tstruct %.*s item_%" PRIu32 ";\n", STR_ARG(f->record[i]->tag), f->record[i]->number);
	buf_printf(b, "};\n\nstatic bool (*const decode_element[%" PRIu32 "])(struct reader *, void *) = {\n",
	           f->nelements + 1);
	for (size_t i = 0; i < f->nrecords; i++)
		if (f->record[i]->number)
			buf_printf(b, "\t[%" PRIu32 "] = decode_%.*s,\n", f->record[i]->number, STR_ARG(f->record[i]->tag));
	buf_puts(b, "};\n\n");
}

static void put_labels(struct buf *b, const struct capability *cap, size_t i)
{
	buf_printf(b, "static const char *const labels_%zu[] = {", i);
	for (size_t k = 0; k < cap->nlabels; k++) {
		buf_puts(b, k ? ", " : " ");
		c_string(b, cap->label[k]);
	}
	buf_puts(b, " };\n");
}

static void put_decisions(struct buf *b, const struct c_file *f, const struct entry *entry, size_t n)
{
	size_t line = 0;

	if (f->as_code) {
		buf_printf(b, "static struct krux_answer (*const decide_of[%zu])(const struct call *, const void *) = {\n", n + 1);
		for (size_t i = 0; i < n; i++)
			if (entry[i].decide.function.n)
				buf_printf(b, "\t[%zu] = %.*s,\n", i, STR_ARG(entry[i].decide.function));
		buf_puts(b, "};\n\n");
	}
	if (!f->by_table)
		return;
	buf_printf(b, "/* %s */\nstatic const uint32_t diagram_of[%zu] = {",
	           f->as_code ? "Of those that decide_of[] leaves out." : "Of each capability.", n + 1);
	for (size_t i = 0; i < n; i++) {
		if (!f->as_code)
			c_item(b, &line, true, arena_printf(f->a, "%" PRIu32, entry[i].decide.at));
		else if (!entry[i].decide.function.n)
			buf_printf(b, "\n\t[%zu] = %" PRIu32 ",  /* %.*s */", i, entry[i].decide.at, STR_ARG(entry[i].cap->name));
	}
	buf_puts(b, "\n};\n\n");
}

/* Many capabilities have arguments of the same types. */
static void put_decoders(struct buf *b, const struct c_file *f, const struct entry *entry, size_t n)
{
	struct c_words *known = c_words_new(f->a);
	struct buf of = { 0 };
	uint32_t decoders = 0;
	size_t line = 0;
	bool seen;

	buf_puts(b, "static bool (*const decoders[])(struct reader *, void *) = {\n");
	for (size_t i = 0; i < n; i++) {
		uint32_t *number = c_word(known, entry[i].args->tag, &seen);

		if (!seen) {
			*number = decoders++;
			buf_printf(b, "\tdecode_%.*s,\n", STR_ARG(entry[i].args->tag));
		}
		c_item(&of, &line, n > 100, arena_printf(f->a, "%" PRIu32, *number));
	}
	buf_printf(b, "%s};\n\nstatic const uint16_t decoder_of[%zu] = {", n ? "" : "\t0\n", n + 1);
	buf_put(b, of.p, of.n);
	buf_puts(b, "\n};\n\n");
	buf_free(&of);
}

static void put_capabilities(struct buf *b, const struct c_file *f, const struct entry *entry, size_t n)
{
	buf_printf(b, "enum { CAPABILITIES = %zu };\n\n", n);
	for (size_t i = 0; i < n; i++)
		if (entry[i].cap->nlabels)
			put_labels(b, entry[i].cap, i);
	buf_printf(b, "static const struct krux_cap_def caps[%zu] = {\n", n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct capability *cap = entry[i].cap;

		buf_puts(b, "\t{ ");
		c_string(b, cap->name);
		buf_printf(b, ", %u, %u, ", cap->major, cap->minor);
		if (cap->nlabels)
			buf_printf(b, "labels_%zu, %zu, ", i, cap->nlabels);
		else
			buf_puts(b, "0, 0, ");
		buf_printf(b, "%" PRIu32 " },\n", cap->max_args);
	}
	buf_puts(b, "};\n\n");
	put_decoders(b, f, entry, n);
	put_decisions(b, f, entry, n);
}

static void put_arguments(struct buf *b, const struct entry *entry, size_t n)
{
	const struct c_record *last = NULL;

	buf_puts(b, "union arguments {\n\tu128 aligned;\n");
	for (size_t i = 0; i < n; i++) {
		if (entry[i].args != last)
			buf_printf(b, "\tstruct %.*s args_%zu;\n", STR_ARG(entry[i].args->tag), i);
		last = entry[i].args;
	}
	buf_puts(b, "};\n\n");
}

static void put_tables(struct buf *b, struct c_file *f, struct c_cites *cites, const struct entry *entry)
{
	struct buf names = { 0 };

	c_find_print(&names, f->a, &f->build->caps);
	buf_puts(b, "/* ---- tables ---- */\n\n");
	c_outcomes_print(b, f);
	put_capabilities(b, f, entry, f->build->caps.n);
	put_arguments(b, entry, f->build->caps.n);
	c_texts_print(b, f->texts);
	c_octets_print(b, f);
	put_part(b, prelude_variable());
	c_variables_print(b, f->tables);
	c_diagrams_print(b, f->tables);
	put_elements(b, f);
	put_part(b, prelude_diagram());
	put_part(b, !f->as_code && f->by_table ? prelude_table() : f->by_table ? prelude_answer() : prelude_function());
	put_part(b, prelude_cite());
	c_cites_print(b, cites);
	put_part(b, prelude_voice());
	put_part(b, prelude_find());
	buf_put(b, names.p, names.n);
	put_part(b, prelude_lookup());
	put_part(b, prelude_abi_functions());
	buf_free(&names);
}

/* ---- the file ---- */

static bool capabilities_write(struct c_file *f, struct c_cites *cites, struct entry *entry,
                               struct dd *const *manager, const uint32_t *root)
{
	for (size_t i = 0; i < f->build->caps.n; i++) {
		const struct capability *cap = f->build->caps.cap[i];

		entry[i].cap = cap;
		entry[i].args = c_record_input(f, cap);
		entry[i].decide = c_decide(f, cap, entry[i].args, manager[i], root[i]);
		c_cites_add(cites, f, cap, entry[i].args, manager[i]);
		if (dd_overflow(manager[i]))
			diag_error(f->diags, 9001, cap->at, "attribution of %.*s needs more %s", STR_ARG(cap->name),
			           dd_overflow(manager[i]));
		dd_views_drop();
	}
	if (!f->noctets)
		ARENA_PUSH(f->a, f->octet, f->noctets, f->cap_octets, 0);
	c_texts_check(f->texts, f->diags);
	return !f->diags->errors;
}

bool emit_c(struct arena *a, struct diags *ds, const struct build *build, struct decisions *d,
            struct dd *const *manager, const uint32_t *root, enum emit_form form, struct buf *b)
{
	struct c_file f = { .a = a, .diags = ds, .build = build, .decisions = d };
	struct entry *entry = ARENA_ARRAY(a, struct entry, build->caps.n + 1);
	struct c_cites *cites;
	bool ok;

	f.texts = c_texts_new(a);
	f.names = c_words_new(a);
	f.seen = c_words_new(a);
	f.patterns = c_words_new(a);
	f.outcomes = c_outcomes_new(a);
	f.tables = c_tables_new(a);
	f.as_code = form == EMIT_READABLE && c_reads_as_code(&f, manager, root);
	cites = c_cites_new(&f);
	ok = capabilities_write(&f, cites, entry, manager, root);
	if (ok) {
		struct buf tables = { 0 };

		put_tables(&tables, &f, cites, entry);
		put_banner(b, build);
		put_fixed(b, &f);
		c_outcomes_declare(b, &f);
		buf_puts(b, "/* ---- capabilities ---- */\n\n");
		buf_put(b, f.code.p, f.code.n);
		buf_put(b, tables.p, tables.n);
		buf_free(&tables);
	}
	c_cites_free(cites);
	buf_free(&f.code);
	return ok;
}
