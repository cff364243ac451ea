/* YAML text to a strict tree, over libyaml's event stream. What YAML can do beyond mappings,
 * lists and scalars is refused where it stands, and reading goes on to find the rest. */
#include "compiler/read/yaml.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "capspec/limits.h"

enum {
	MOST_VALUES = 2097152,
	FEW_KEYS = 12,              /* compared one by one; more are sorted */
};

struct frame {
	struct yaml_node *node, *last;
	bool in_pair;               /* mapping: the next node is a value */
};

struct reader {
	struct arena *arena;
	struct diags *diags;
	const struct source *src;
	bool ascii, masked;
	size_t index, byte;         /* the same place, in scalars and in bytes */
	const char *tab;            /* the next one that nobody has judged; NULL: none left */
	unsigned tabs;
	struct span first_tab;
	struct frame frame[KRUX_MAX_DEPTH + 1];
	unsigned depth;
	unsigned values;
	struct yaml_node *root;
};

/* libyaml counts scalars; the source is addressed in bytes. */
static uint32_t reader_offset(struct reader *r, yaml_mark_t mark)
{
	struct krux_str t = r->src->text;

	if (r->ascii)
		return (uint32_t)(mark.index < t.n ? mark.index : t.n);
	while (r->index < mark.index && r->byte < t.n) {
		r->index++;
		do
			r->byte++;
		while (r->byte < t.n && ((unsigned char)t.p[r->byte] & 0xC0) == 0x80);
	}
	while (r->index > mark.index && r->byte) {
		r->index--;
		do
			r->byte--;
		while (r->byte && ((unsigned char)t.p[r->byte] & 0xC0) == 0x80);
	}
	return (uint32_t)r->byte;
}

static struct span reader_span(struct reader *r, yaml_mark_t from, yaml_mark_t to)
{
	uint32_t a = reader_offset(r, from), b = reader_offset(r, to);

	return (struct span){ r->src, a, b > a ? b - a : 0 };
}

/* The word that begins at a mark: &name, !tag, %directive. */
static struct span reader_word(struct reader *r, yaml_mark_t from)
{
	struct krux_str t = r->src->text;
	uint32_t a = reader_offset(r, from), n = 0;

	while (a + n < t.n && !memchr(" \n,[]{}", t.p[a + n], 7))
		n++;
	return (struct span){ r->src, a, n };
}

/* ---- tabs ---- */

static void tabs_next(struct reader *r, size_t from)
{
	r->tab = from < r->src->text.n ? memchr(r->src->text.p + from, '\t', r->src->text.n - from) : NULL;
}

/* Tabs before `end` stand outside quotes and block text: only comments may hold them. */
static void tabs_judge(struct reader *r, size_t end)
{
	const char *text = r->src->text.p;

	while (r->tab && (size_t)(r->tab - text) < end) {
		const char *line = r->tab;
		bool comment = false;

		while (line > text && line[-1] != '\n')
			line--;
		for (const char *p = line; p < r->tab && !comment; p++)
			comment = *p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t');
		if (comment) {
			const char *lf = memchr(r->tab, '\n', r->src->text.n - (size_t)(r->tab - text));
			tabs_next(r, lf ? (size_t)(lf - text) : r->src->text.n);
			continue;
		}
		if (!r->tabs++)
			r->first_tab = (struct span){ r->src, (uint32_t)(r->tab - text), 1 };
		tabs_next(r, (size_t)(r->tab - text) + 1);
	}
}

static void tabs_report(struct reader *r)
{
	struct diag *d;

	tabs_judge(r, r->src->text.n);
	if (!r->tabs)
		return;
	d = diag_error(r->diags, 2011, r->first_tab, "a tab outside of comments and quotes");
	if (r->tabs > 1)
		d->text = arena_printf(r->arena, "a tab outside of comments and quotes, the first of %u",
		                       r->tabs);
	d->fix = KRUX_STR("indent with spaces");
}

/* ---- what is refused ---- */

static void refuse_anchor(struct reader *r, const yaml_event_t *e, const yaml_char_t *anchor,
                          const yaml_char_t *tag)
{
	struct diag *d;

	if (anchor) {
		d = diag_error(r->diags, 2003, reader_word(r, e->start_mark), "anchors are refused: a reader "
		               "must see what a place says without looking elsewhere");
		d->fix = KRUX_STR("remove the anchor and write the value out where it is used, or use define:");
	}
	if (tag) {
		d = diag_error(r->diags, 2005, reader_word(r, e->start_mark),
		               "tags are refused: the type of a value comes from its place");
		d->fix = KRUX_STR("remove the tag");
	}
}

static void refuse_alias(struct reader *r, const yaml_event_t *e)
{
	struct diag *d = diag_error(r->diags, 2004, reader_span(r, e->start_mark, e->end_mark),
	                            "aliases are refused: a reader must see what a place says without "
	                            "looking elsewhere");

	d->fix = KRUX_STR("write the value out, or put it in quotes if the `*` was meant as text");
}

static void refuse_key(struct reader *r, struct yaml_node *key)
{
	struct diag *d;

	if (key->kind != YAML_SCALAR) {
		d = diag_error(r->diags, 2015, key->at, "a key must be text, not %s", yaml_kind_words(key));
		d->fix = KRUX_STR("write key: value");
		key->broken = true;
	} else if (key->style == YAML_PLAIN && krux_str_eq(key->text, KRUX_STR("<<"))) {
		d = diag_error(r->diags, 2006, key->at, "merge keys are refused: a reader must see what a "
		               "mapping holds");
		d->fix = KRUX_STR("write the keys out");
		key->broken = true;
	}
}

static void refuse_twice(struct reader *r, const struct yaml_node *first, const struct yaml_node *second)
{
	struct diag *d = diag_error(r->diags, 2016, second->at, "the key `%.*s` is given twice",
	                            STR_ARG(second->text));

	d->fix = KRUX_STR("remove one of them");
	d->other = first->at;
	d->other_text = KRUX_STR("first given here");
	((struct yaml_node *)(uintptr_t)second)->broken = true;
}

static int key_order(const void *pa, const void *pb)
{
	const struct yaml_node *a = *(const struct yaml_node *const *)pa,
	                       *b = *(const struct yaml_node *const *)pb;
	int c = memcmp(a->text.p, b->text.p, a->text.n < b->text.n ? a->text.n : b->text.n);

	if (c)
		return c;
	if (a->text.n != b->text.n)
		return a->text.n < b->text.n ? -1 : 1;
	return a->at.at < b->at.at ? -1 : 1;
}

static void check_keys(struct reader *r, const struct yaml_node *map)
{
	const struct yaml_node **key;
	size_t n = 0;

	if (map->n <= FEW_KEYS) {
		for (const struct yaml_node *k = map->child; k; k = k->next->next)
			for (const struct yaml_node *e = map->child; e != k; e = e->next->next)
				if (!k->broken && !e->broken && krux_str_eq(e->text, k->text)) {
					refuse_twice(r, e, k);
					break;
				}
		return;
	}
	key = ARENA_ARRAY(r->arena, const struct yaml_node *, map->n);
	for (const struct yaml_node *k = map->child; k; k = k->next->next)
		if (!k->broken)
			key[n++] = k;
	qsort(key, n, sizeof *key, key_order);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (krux_str_eq(key[first]->text, key[i]->text))
			refuse_twice(r, key[first], key[i]);
		else
			first = i;
	}
}

/* Characters that libyaml takes for line ends and nobody sees. */
static bool check_breaks(struct reader *r)
{
	static const struct { char bytes[4]; const char *name, *fix; } bad[] = {
		{ "\xC2\x85", "U+0085 (next line)", "remove it, or write \\N in double quotes" },
		{ "\xE2\x80\xA8", "U+2028 (line separator)", "remove it, or write \\L in double quotes" },
		{ "\xE2\x80\xA9", "U+2029 (paragraph separator)", "remove it, or write \\P in double quotes" },
	};
	struct krux_str t = r->src->text;
	bool fine = true;

	for (size_t i = 0; i < sizeof bad / sizeof *bad && !r->ascii; i++) {
		size_t n = strlen(bad[i].bytes);
		const char *p = memmem(t.p, t.n, bad[i].bytes, n);
		struct diag *d;

		if (!p)
			continue;
		d = diag_error(r->diags, 2013, ((struct span){ r->src, (uint32_t)(p - t.p), (uint32_t)n }),
		               "%s ends a line where nobody sees it", bad[i].name);
		d->fix = (struct krux_str){ bad[i].fix, strlen(bad[i].fix) };
		fine = false;
	}
	return fine;
}

/* ---- the tree ---- */

static struct yaml_node *node_add(struct reader *r, enum yaml_kind kind, struct span at)
{
	struct yaml_node *n = ARENA_NEW(r->arena, struct yaml_node);
	struct frame *f = r->depth ? &r->frame[r->depth - 1] : NULL;

	n->kind = kind;
	n->at = at;
	if (!f) {
		r->root = n;
		return n;
	}
	if (f->last)
		f->last->next = n;
	else
		f->node->child = n;
	f->last = n;
	if (f->node->kind == YAML_SEQUENCE || f->in_pair)
		f->node->n++;
	return n;
}

/* The node just completed may have been a key. */
static void node_done(struct reader *r, struct yaml_node *n)
{
	struct frame *f = r->depth ? &r->frame[r->depth - 1] : NULL;

	if (!f || f->node->kind != YAML_MAPPING)
		return;
	if (!f->in_pair)
		refuse_key(r, n);
	f->in_pair = !f->in_pair;
}

static void scalar_add(struct reader *r, const yaml_event_t *e)
{
	struct krux_str text = { (const char *)e->data.scalar.value, e->data.scalar.length };
	struct span at = reader_span(r, e->start_mark, e->end_mark);
	size_t end = at.at + at.n;
	struct yaml_node *n;
	const char *raw = r->src->text.p + at.at;
	bool quoted = true;

	n = node_add(r, YAML_SCALAR, at);
	switch (e->data.scalar.style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE: n->style = YAML_SINGLE; break;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE: n->style = YAML_DOUBLE; break;
	case YAML_LITERAL_SCALAR_STYLE: n->style = YAML_LITERAL; break;
	case YAML_FOLDED_SCALAR_STYLE: n->style = YAML_FOLDED; break;
	default: n->style = YAML_PLAIN; quoted = false; break;
	}
	refuse_anchor(r, e, e->data.scalar.anchor, e->data.scalar.tag);
	if (r->tab) {
		tabs_judge(r, at.at);
		if (quoted && r->tab && (size_t)(r->tab - r->src->text.p) < end)
			tabs_next(r, end);
	}
	while (n->at.n && memchr(" \n", raw[n->at.n - 1], 2))
		n->at.n--;
	if (memchr(text.p, 0, text.n))
		diag_error(r->diags, 13, n->at, "this text holds a NUL")->fix = KRUX_STR("leave out the \\0");
	if (r->masked)
		text = yaml_unmask(r->arena, text);
	if (text.n == at.n && !memcmp(text.p, raw, text.n))
		n->text = (struct krux_str){ raw, text.n };
	else if (text.n + 2 == at.n && !memcmp(text.p, raw + 1, text.n))
		n->text = (struct krux_str){ raw + 1, text.n };
	else
		n->text = arena_str(r->arena, text);
	node_done(r, n);
}

static bool collection_open(struct reader *r, const yaml_event_t *e)
{
	bool map = e->type == YAML_MAPPING_START_EVENT;
	struct span at = reader_span(r, e->start_mark, e->start_mark);
	struct yaml_node *n;

	if (map)
		refuse_anchor(r, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
	else
		refuse_anchor(r, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
	if (r->depth == KRUX_MAX_DEPTH) {
		diag_error(r->diags, 2017, ((struct span){ r->src, at.at, 1 }), "nested more than %d deep",
		           KRUX_MAX_DEPTH);
		return false;
	}
	n = node_add(r, map ? YAML_MAPPING : YAML_SEQUENCE, at);
	n->flow = map ? e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
	              : e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	r->frame[r->depth++] = (struct frame){ .node = n };
	return true;
}

static void collection_close(struct reader *r, const yaml_event_t *e)
{
	struct frame *f = &r->frame[--r->depth];
	struct yaml_node *n = f->node;
	struct span end;

	assert(n);
	end = f->last ? f->last->at : n->at;
	if (n->flow)
		end = reader_span(r, e->end_mark, e->end_mark);
	n->at = span_join(n->at, end);
	if (n->kind == YAML_MAPPING)
		check_keys(r, n);
	node_done(r, n);
}

/* ---- the event stream ---- */

static void document_open(struct reader *r, const yaml_event_t *e, unsigned *documents)
{
	struct diag *d;

	if (e->data.document_start.version_directive ||
	    e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end) {
		d = diag_error(r->diags, 2007, reader_word(r, e->start_mark),
		               "a line that begins with `%%` is a YAML directive, and directives are refused");
		d->fix = KRUX_STR("remove the line");
	}
	if ((*documents)++) {
		d = diag_error(r->diags, 2014, reader_word(r, e->start_mark), "a second document in one file");
		d->fix = KRUX_STR("put it into a file of its own");
	}
}

/* False: stop, there is nothing more to learn. */
static bool event_take(struct reader *r, const yaml_event_t *e, unsigned *documents)
{
	if (e->type == YAML_SCALAR_EVENT || e->type == YAML_ALIAS_EVENT ||
	    e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT) {
		if (++r->values > MOST_VALUES) {
			diag_error(r->diags, 9030, reader_span(r, e->start_mark, e->end_mark),
			           "more than 2,097,152 values in one file");
			return false;
		}
	}
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		document_open(r, e, documents);
		return *documents == 1;
	case YAML_SCALAR_EVENT:
		scalar_add(r, e);
		return true;
	case YAML_ALIAS_EVENT: {
		struct yaml_node *n = node_add(r, YAML_SCALAR, reader_span(r, e->start_mark, e->end_mark));

		refuse_alias(r, e);
		n->text = (struct krux_str){ r->src->text.p + n->at.at, n->at.n };
		n->broken = true;
		node_done(r, n);
		return true;
	}
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return collection_open(r, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		collection_close(r, e);
		return true;
	default:
		return true;
	}
}

static void parser_complain(struct reader *r, const yaml_parser_t *p)
{
	struct span problem = { r->src, 0, 1 }, context = { 0 };

	if (p->error == YAML_MEMORY_ERROR) {
		fputs("kruxc: out of memory\n", stderr);
		exit(3);
	}
	if (p->error == YAML_READER_ERROR) {
		/* problem_offset is in bytes of what libyaml was given, which masking has moved. */
		problem.at = r->masked || p->problem_offset >= r->src->text.n ? 0 : (uint32_t)p->problem_offset;
	} else {
		problem.at = reader_offset(r, p->problem_mark);
		if (p->context)
			context = (struct span){ r->src, reader_offset(r, p->context_mark), 1 };
	}
	yaml_complain(r->diags, p->problem, p->context, problem, context);
}

/* True when the whole stream was read. */
static bool stream_read(struct reader *r, struct krux_str text, unsigned *documents)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true, whole = false;

	if (!yaml_parser_initialize(&parser)) {
		fputs("kruxc: out of memory\n", stderr);
		exit(3);
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
	while (more) {
		if (!yaml_parser_parse(&parser, &event)) {
			parser_complain(r, &parser);
			break;
		}
		whole = event.type == YAML_STREAM_END_EVENT;
		more = !whole && event_take(r, &event, documents);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return whole;
}

const struct yaml_doc *yaml_read(struct arena *a, struct diags *ds, const struct source *src)
{
	struct reader r = { .arena = a, .diags = ds, .src = src, .ascii = true };
	struct krux_str masked = yaml_mask(a, src->text);
	unsigned documents = 0;
	struct yaml_doc *doc;
	bool whole;

	r.masked = masked.p != src->text.p;
	for (size_t i = 0; i < src->text.n && r.ascii; i++)
		r.ascii = (unsigned char)src->text.p[i] < 0x80;
	tabs_next(&r, 0);
	if (!check_breaks(&r))
		return NULL;
	whole = stream_read(&r, masked, &documents);
	if (whole)
		tabs_report(&r);
	if (whole && (!r.root || (r.root->kind == YAML_SCALAR && !r.root->at.n))) {
		diag_error(ds, 2001, ((struct span){ src, 0, 0 }), "there is nothing in this file but comments")
			->expected = KRUX_STR("`krux: policy/1`, `name`, `layer`, and a `default` or rules");
		return NULL;
	}
	if (!whole)
		return NULL;
	doc = ARENA_NEW(a, struct yaml_doc);
	doc->src = src;
	doc->root = r.root;
	return doc;
}
