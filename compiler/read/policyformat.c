/* A policy's YAML in canonical layout: two blanks a level, lines of at most 110 columns, one
 * blank line at most, comments where they were. Lists and mappings stay in brackets, or not, as
 * they were written, unless a comment inside asks for lines of their own. What comes out is read
 * again and compared: when anything would be lost, nothing is written. */
#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/base/escape.h"
#include "compiler/read/read.h"
#include "compiler/read/yaml.h"

enum {
	WIDTH = 110,
	STEP = 2,
	MAY_BREAK = '\x01',         /* in a line being laid out: a blank that may end it */
};

struct layout {
	struct buf *out;
	const struct source *src;
	const struct yaml_comment *comment;
	size_t ncomments, next;
	bool in_define;             /* texts are conditions */
	bool closed;                /* a blank line here would become part of the text above */
};

/* ---- lines ---- */

static void put_indent(struct layout *l, size_t n)
{
	while (n--)
		buf_putc(l->out, ' ');
}

static size_t column(const struct layout *l)
{
	size_t n = 0;

	while (n < l->out->n && l->out->p[l->out->n - 1 - n] != '\n')
		n++;
	return n;
}

/* Source offset of the start of the line of `at`. */
static size_t line_start(const struct layout *l, size_t at)
{
	while (at && l->src->text.p[at - 1] != '\n')
		at--;
	return at;
}

/* One blank line where the source has any above the line of `at`. */
static void put_blank(struct layout *l, size_t at)
{
	size_t i = line_start(l, at);
	const char *t = l->src->text.p;

	if (!i || !l->out->n || l->closed)
		return;
	for (i--; i && t[i - 1] == ' '; i--)
		;
	if (i && t[i - 1] == '\n')
		buf_putc(l->out, '\n');
}

static void put_comment(struct layout *l, size_t indent)
{
	const struct yaml_comment *c = &l->comment[l->next++];
	struct krux_str s = { l->src->text.p + c->at.at, c->at.n };

	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	if (c->own_line)
		put_blank(l, c->at.at);
	put_indent(l, indent);
	buf_str(l->out, s);
	buf_putc(l->out, '\n');
	l->closed = false;
}

static const struct yaml_comment *comment_next(const struct layout *l, size_t before)
{
	return l->next < l->ncomments && l->comment[l->next].at.at < before ? &l->comment[l->next] : NULL;
}

static void comments_flush(struct layout *l, size_t before, size_t indent)
{
	while (comment_next(l, before))
		put_comment(l, indent);
}

/* The comment that ends the line of something that ends at `end`; then the line itself ends. */
static void line_finish(struct layout *l, size_t end, size_t before)
{
	const struct yaml_comment *c = comment_next(l, before);

	if (c && !c->own_line && c->at.at >= end &&
	    !memchr(l->src->text.p + end, '\n', c->at.at - end)) {
		put_comment(l, 2);
		return;
	}
	buf_putc(l->out, '\n');
}

/* A line with marks where it may be broken; what follows a break is indented by `indent`. */
static void put_wrapped(struct layout *l, struct krux_str s, size_t indent)
{
	size_t col = column(l);

	for (size_t i = 0; i < s.n;) {
		const char *stop = memchr(s.p + i + 1, MAY_BREAK, s.n - i - 1);
		size_t n = (stop ? (size_t)(stop - s.p) : s.n) - i, width = 0;

		for (size_t k = i; k < i + n; k++)
			width += ((unsigned char)s.p[k] & 0xC0) != 0x80;
		if (s.p[i] != MAY_BREAK) {
			buf_put(l->out, s.p + i, n);
		} else if (col + width > WIDTH) {
			buf_putc(l->out, '\n');
			put_indent(l, indent);
			buf_put(l->out, s.p + i + 1, n - 1);
			col = indent - 1;
		} else {
			buf_putc(l->out, ' ');
			buf_put(l->out, s.p + i + 1, n - 1);
		}
		col += width;
		i += n;
	}
}

/* ---- values ---- */

static size_t node_end(const struct yaml_node *n)
{
	return n->at.at + n->at.n;
}

static bool is_block_text(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && (n->style == YAML_LITERAL || n->style == YAML_FOLDED);
}

/* Does it stay within brackets, or is it one word? */
static bool is_one_line(const struct layout *l, const struct yaml_node *n)
{
	if (n->kind == YAML_SCALAR)
		return !is_block_text(n);
	if (!n->n)
		return true;
	for (size_t i = l->next; n->flow && i < l->ncomments && l->comment[i].at.at < node_end(n); i++)
		if (l->comment[i].at.at > n->at.at)
			return false;
	return n->flow;
}

/* Where plain text may be broken: text anywhere, conditions after `and` and `or`, calls after a
 * comma. Never within quotes, and only where there is one blank. */
enum breaks { BREAK_NONE, BREAK_TEXT, BREAK_CONDITION, BREAK_CALL };

static bool ends_with(struct krux_str t, size_t end, const char *word)
{
	size_t n = strlen(word);

	return end >= n && !memcmp(t.p + end - n, word, n);
}

static bool may_break(struct krux_str t, size_t i, enum breaks how)
{
	if (t.p[i] != ' ' || !i || t.p[i - 1] == ' ' || i + 1 >= t.n || t.p[i + 1] == ' ')
		return false;
	return how == BREAK_TEXT || (how == BREAK_CALL && t.p[i - 1] == ',') ||
	       (how == BREAK_CONDITION && (ends_with(t, i, " and") || ends_with(t, i, " or")));
}

/* A scalar, with break marks if it is plain. */
static void put_scalar(struct buf *b, const struct yaml_node *n, enum breaks how)
{
	struct krux_str raw = { n->at.src->text.p + n->at.at, n->at.n };
	bool quoted = false;

	if (n->style != YAML_PLAIN && !memchr(raw.p, '\n', raw.n) && !is_block_text(n)) {
		buf_str(b, raw);
	} else if (n->style == YAML_PLAIN && !memchr(n->text.p, '\n', n->text.n)) {
		for (size_t i = 0; i < n->text.n; i++) {
			quoted ^= n->text.p[i] == '"';
			buf_putc(b, !quoted && may_break(n->text, i, how) ? MAY_BREAK : n->text.p[i]);
		}
	} else {
		escape_yaml(b, n->text);
	}
}

/* Depth is bounded by the reader. */
static void put_flow(struct buf *b, const struct yaml_node *n)
{
	bool map = n->kind == YAML_MAPPING;

	if (n->kind == YAML_SCALAR) {
		put_scalar(b, n, BREAK_NONE);
		return;
	}
	buf_puts(b, map ? "{" : "[");
	for (const struct yaml_node *k = n->child; k; k = k->next) {
		buf_puts(b, k == n->child ? " " : ",");
		if (k != n->child)
			buf_putc(b, MAY_BREAK);
		put_flow(b, k);
		if (!map)
			continue;
		k = k->next;
		buf_putc(b, ':');
		if (k->kind != YAML_SCALAR || k->at.n)
			buf_putc(b, ' ');
		put_flow(b, k);
	}
	buf_puts(b, !n->n ? "" : " ");
	buf_puts(b, map ? "}" : "]");
}

/* The blanks that `|` takes off every line. */
static size_t text_indent(struct krux_str raw, size_t i)
{
	size_t least = SIZE_MAX;

	for (; i < raw.n; i++) {
		size_t from = i;

		while (i < raw.n && raw.p[i] == ' ')
			i++;
		if (i < raw.n && raw.p[i] != '\n' && i - from < least)
			least = i - from;
		while (i < raw.n && raw.p[i] != '\n')
			i++;
	}
	return least == SIZE_MAX ? 0 : least;
}

/* Block text, moved to a new indentation line by line. */
static void put_block_text(struct layout *l, const struct yaml_node *n, size_t indent, size_t before)
{
	struct krux_str raw = { n->at.src->text.p + n->at.at, n->at.n };
	const char *lf = memchr(raw.p, '\n', raw.n);
	size_t i = lf ? (size_t)(lf - raw.p) + 1 : raw.n, old = text_indent(raw, i), first, ends = 0;

	while (ends < n->text.n && n->text.p[n->text.n - 1 - ends] == '\n')
		ends++;
	if (ends == n->text.n || n->text.p[n->text.n - 1 - ends] == ' ') {
		/* Nothing but line ends, or blanks that nobody sees: quotes show them. */
		escape_yaml(l->out, n->text);
		line_finish(l, node_end(n), before);
		return;
	}
	for (first = i; first < raw.n && raw.p[first] == '\n'; first++)
		;
	buf_putc(l->out, n->style == YAML_LITERAL ? '|' : '>');
	/* Where the first line of text is indented deeper than others, the depth has to be said. */
	for (size_t k = first; k < raw.n && raw.p[k] == ' '; k++)
		if (k - first == old) {
			buf_printf(l->out, "%d", STEP);
			break;
		}
	buf_puts(l->out, ends == 0 ? "-" : ends == 1 ? "" : "+");
	line_finish(l, n->at.at, before);
	while (i < raw.n) {
		size_t cut = i;

		while (cut < raw.n && raw.p[cut] == ' ' && cut - i < old)
			cut++;
		for (i = cut; i < raw.n && raw.p[i] != '\n'; i++)
			;
		if (i > cut) {
			put_indent(l, indent);
			buf_put(l->out, raw.p + cut, i - cut);
		}
		buf_putc(l->out, '\n');
		i++;
	}
	for (size_t k = 1; k < ends; k++)
		buf_putc(l->out, '\n');
	l->closed = ends > 1;
}

/* ---- blocks ---- */

static void put_entries(struct layout *l, const struct yaml_node *n, size_t indent, bool inline_first,
                        size_t before);

/* Comments before this offset go above the line of an entry. */
static size_t comments_above(const struct layout *l, const struct yaml_node *n)
{
	while (n->kind != YAML_SCALAR && !is_one_line(l, n)) {
		bool map = n->kind == YAML_MAPPING;

		n = n->child;
		if (map && !is_one_line(l, n->next))
			break;
		n = map ? n->next : n;
	}
	return n->at.at;
}

static enum breaks breaks_of(const struct layout *l, const struct yaml_node *key)
{
	if (l->in_define || (key && krux_str_eq(key->text, KRUX_STR("when"))))
		return BREAK_CONDITION;
	return key && krux_str_eq(key->text, KRUX_STR("call")) ? BREAK_CALL : BREAK_TEXT;
}

/* What follows `key:`, or `-` where there is no key. `before` is where the next entry begins. */
static void put_value(struct layout *l, const struct yaml_node *v, size_t indent,
                      const struct yaml_node *key, size_t before)
{
	struct buf b = { 0 };

	if (is_block_text(v)) {
		buf_putc(l->out, ' ');
		put_block_text(l, v, indent + STEP, before);
	} else if (is_one_line(l, v)) {
		if (v->kind == YAML_SCALAR)
			put_scalar(&b, v, breaks_of(l, key));
		else
			put_flow(&b, v);
		if (b.n)
			buf_putc(l->out, ' ');
		put_wrapped(l, (struct krux_str){ b.p, b.n }, indent + STEP);
		line_finish(l, node_end(v), before);
		buf_free(&b);
	} else if (!key) {
		buf_putc(l->out, ' ');
		put_entries(l, v, indent + STEP, true, before);
	} else {
		line_finish(l, node_end(key), v->child->at.at);
		put_entries(l, v, indent + STEP, false, before);
	}
}

/* Comments after the last entry that are indented like the entries. */
static void comments_below(struct layout *l, const struct yaml_node *n, size_t indent, size_t before)
{
	size_t deep = n->at.at - line_start(l, n->at.at);
	const struct yaml_comment *c;

	if (n->flow) {
		comments_flush(l, node_end(n), indent);
		return;
	}
	while ((c = comment_next(l, before)) && c->own_line && c->at.at - line_start(l, c->at.at) >= deep)
		put_comment(l, indent);
}

static void put_entries(struct layout *l, const struct yaml_node *n, size_t indent, bool inline_first,
                        size_t before)
{
	bool map = n->kind == YAML_MAPPING;

	for (const struct yaml_node *k = n->child, *next; k; k = next) {
		const struct yaml_node *v = map ? k->next : k;
		size_t end = n->flow ? node_end(n) : before;

		next = v->next;
		if (next)
			end = next->at.at;
		if (!inline_first || k != n->child) {
			comments_flush(l, map && is_one_line(l, v) ? v->at.at : comments_above(l, k), indent);
			if (!n->flow)
				put_blank(l, k->at.at);
			put_indent(l, indent);
		}
		l->closed = false;
		if (map) {
			put_scalar(l->out, k, BREAK_NONE);
			buf_putc(l->out, ':');
		} else {
			buf_putc(l->out, '-');
		}
		l->in_define = indent ? l->in_define : map && krux_str_eq(k->text, KRUX_STR("define"));
		put_value(l, v, indent, map ? k : NULL, end);
	}
	comments_below(l, n, indent, before);
}

/* ---- nothing is lost ---- */

static bool same_tree(const struct yaml_node *a, const struct yaml_node *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == YAML_SCALAR)
		return krux_str_eq(a->text, b->text) && (a->style == YAML_PLAIN || a->text.n ||
		                                         b->style != YAML_PLAIN);
	for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
		if (!same_tree(a, b))
			return false;
	return a == b;
}

static bool same_comments(const struct yaml_comment *a, size_t na, const struct yaml_comment *b, size_t nb)
{
	for (size_t i = 0; i < na && i < nb; i++) {
		const char *p = a[i].at.src->text.p + a[i].at.at, *q = b[i].at.src->text.p + b[i].at.at;

		if (a[i].at.n < b[i].at.n || memcmp(p, q, b[i].at.n) != 0)
			return false;
		for (size_t k = b[i].at.n; k < a[i].at.n; k++)
			if (p[k] != ' ' && p[k] != '\t')
				return false;
	}
	return na == nb;
}

static bool is_kept(struct arena *a, const struct yaml_doc *doc, const struct layout *l)
{
	struct source *again = ARENA_NEW(a, struct source);
	struct diags *quiet = diags_new(a);
	const struct yaml_comment *comment;
	const struct yaml_doc *read;
	size_t n;

	again->arena = a;
	again->name = doc->src->name;
	again->text = arena_str(a, (struct krux_str){ l->out->p, l->out->n });
	read = yaml_read(a, quiet, again);
	if (!read || quiet->errors || !same_tree(doc->root, read->root))
		return false;
	comment = yaml_comments(a, read, &n);
	return same_comments(l->comment, l->ncomments, comment, n);
}

bool policyfile_format(struct arena *a, struct diags *ds, const struct source *src, struct buf *out)
{
	size_t errors = ds->errors;
	const struct yaml_doc *doc = yaml_read(a, ds, src);
	struct buf text = { 0 };
	struct layout l = { .out = &text, .src = src };
	bool kept;

	if (!doc || ds->errors != errors)
		return false;
	if (doc->root->kind == YAML_SCALAR || !doc->root->n) {
		diag_error(ds, 2022, doc->root->at, "a policy file is a mapping");
		return false;
	}
	l.comment = yaml_comments(a, doc, &l.ncomments);
	put_entries(&l, doc->root, 0, false, src->text.n);
	comments_flush(&l, src->text.n + 1, 0);
	kept = is_kept(a, doc, &l);
	if (kept) {
		buf_put(out, text.p, text.n);
	} else {
		struct diag *d = diag_error(ds, 2030, ((struct span){ src, 0, 0 }),
		                            "the canonical layout cannot keep all of this file");
		d->fix = KRUX_STR("give comments lines of their own, and write unusual text in double quotes");
	}
	buf_free(&text);
	return kept;
}
