/* A capability file in canonical layout. It works on tokens, which it never changes, only the
 * blanks between them: what comes out parses to the same tree. One statement is one line;
 * lines that are too long are broken between parts; names, documentation and errors of a
 * block stand in columns; comments keep their place, those within a line move before it. */
#include "compiler/read/read.h"

#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/base/escape.h"
#include "compiler/read/parse.h"
#include "grammar/cap_parse.h"

enum { WIDTH = 100, STEP = 2, HANG = 4, KEYWORD = 7, WIDEST_TYPE = 36 };
enum kind { TOP, CLAUSES, FIELDS, LIMITS };
enum { FIELD_COLON = -1 };              /* the one with blanks on both sides */

struct piece {
	int code;
	struct krux_str text;           /* as it will be printed */
	bool own_line, blank;           /* begins a line; has a blank line before it */
};

struct formatter {
	struct buf *out;
	struct arena *arena;
	struct piece *piece;
	size_t n, cap;
};

/* A statement: pieces [from, to). */
struct range { size_t from, to; };
/* Widths of the columns of a block. */
struct columns { size_t name, text; bool hang; };

/* ---- pieces ---- */

static struct krux_str piece_text(struct formatter *f, int code, const struct token *t, struct krux_str raw)
{
	struct buf b = { 0 };
	struct krux_str s;

	if (code != T_STRING && code != T_DOC && code != T_COMMENT)
		return raw;
	if (code == T_STRING) {
		buf_putc(&b, '"');
		escape_cap(&b, t->text);
		buf_putc(&b, '"');
	} else {
		while (raw.n && (raw.p[raw.n - 1] == ' ' || raw.p[raw.n - 1] == '\t'))
			raw.n--;
		if (code == T_DOC && raw.n > 3 && raw.p[3] != ' ') {
			buf_puts(&b, "/// ");
			raw.p += 3;
			raw.n -= 3;
		}
		buf_str(&b, raw);
	}
	s = arena_str(f->arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return s;
}

static void pieces_read(struct formatter *f, const struct source *src)
{
	bool fields[CAP_NESTING + 1] = { 0 };
	struct parse p;
	struct token t;
	uint32_t end = 0;
	size_t depth = 0;
	int code, before = 0;

	parse_source(&p, f->arena, NULL, src);
	p.quiet = p.keep_comments = true;
	for (; (code = cap_lex(&p, &t)) != CAP_END; before = code == T_COMMENT ? before : code) {
		struct krux_str raw = { src->text.p + t.at, t.n };
		unsigned lines = !end;
		struct piece piece = { code, piece_text(f, code, &t, raw), false, false };

		for (uint32_t i = end; i < t.at; i++)
			lines += src->text.p[i] == '\n';
		piece.own_line = lines > 0;
		piece.blank = lines > 1 && end;
		if (code == T_LC && depth < CAP_NESTING)
			fields[++depth] = before == T_RECORD;
		else if (code == T_RC && depth)
			depth--;
		else if (code == T_COLON && fields[depth])
			piece.code = FIELD_COLON;
		ARENA_PUSH(f->arena, f->piece, f->n, f->cap, piece);
		end = t.at + t.n;
	}
}

static bool opens(int code)
{
	return code == T_LC || code == T_LB || code == T_LP;
}

static bool closes(int code)
{
	return code == T_RC || code == T_RB || code == T_RP;
}

/* Past the bracket that closes the one at i. */
static size_t skip(const struct formatter *f, size_t i, size_t to)
{
	size_t depth = 0;

	for (; i < to; i++) {
		depth += opens(f->piece[i].code);
		depth -= depth && closes(f->piece[i].code);
		if (!depth)
			return i + 1;
	}
	return to;
}

static bool braced(enum kind kind, int code)
{
	return kind == TOP ? code == T_CAPABILITY
	                   : kind == CLAUSES && (code == T_INPUT || code == T_OUTPUT || code == T_LIMITS);
}

/* The statement, comment or line of documentation at i. */
static struct range statement(const struct formatter *f, enum kind kind, size_t i, size_t to)
{
	struct range s = { i, i };
	int first = f->piece[i].code;

	if (first == T_COMMENT || first == T_DOC) {
		s.to = i + 1;
		return s;
	}
	while (s.to < to) {
		bool brace = f->piece[s.to].code == T_LC, end = f->piece[s.to].code == T_SEMI;

		s.to = opens(f->piece[s.to].code) ? skip(f, s.to, to) : s.to + 1;
		if (end || (brace && braced(kind, first)))
			break;
	}
	return s;
}

/* ---- one line ---- */

static bool tight(int before, int code)
{
	switch (code) {
	case T_SEMI:
	case T_COMMA:
	case T_RP:
	case T_LP:
	case T_LT:
	case T_GT:
	case T_DOT:
	case T_DOTDOT:
	case T_COLON:
		return true;
	}
	return before == T_LP || before == T_LT || before == T_DOT || before == T_DOTDOT;
}

/* A statement that is too long goes on in the next line before these. */
static bool breaks(int code)
{
	return code == T_ARROW || code == T_SHA256 || code == T_ARGV || code == T_TOOL;
}

/* And where that is not enough, after a comma. */
static bool breakable(int before, int code)
{
	return before == T_COMMA || breaks(code);
}

static size_t width(struct krux_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static size_t range_width(const struct formatter *f, struct range r)
{
	size_t n = 0;
	int before = 0;

	for (size_t i = r.from; i < r.to; i++) {
		const struct piece *p = &f->piece[i];

		n += (before && !tight(before, p->code)) + width(p->text);
		before = p->code;
	}
	return n;
}

static void pad(struct formatter *f, size_t n)
{
	while (n--)
		buf_putc(f->out, ' ');
}

/* Pieces with single blanks, from column `col` on; returns the column after them. */
static size_t put(struct formatter *f, struct range r, size_t indent, size_t col)
{
	bool broken = col + range_width(f, r) > WIDTH;
	int before = 0;

	for (size_t i = r.from; i < r.to; i++) {
		const struct piece *p = &f->piece[i];
		bool blank = before && !tight(before, p->code);

		if (before && breakable(before, p->code)) {
			struct range part = { i, i + 1 };

			while (part.to < r.to && !breakable(f->piece[part.to - 1].code, f->piece[part.to].code))
				part.to++;
			if (col + blank + range_width(f, part) > WIDTH || (broken && breaks(p->code))) {
				buf_putc(f->out, '\n');
				pad(f, indent + HANG);
				col = indent + HANG;
				blank = false;
			}
		}
		pad(f, blank);
		buf_str(f->out, p->text);
		col += blank + width(p->text);
		before = p->code;
	}
	return col;
}

/* The comment that ends the line before piece i; then the end of the line. */
static size_t line_end(struct formatter *f, size_t i, size_t to)
{
	if (i < to && f->piece[i].code == T_COMMENT && !f->piece[i].own_line) {
		buf_puts(f->out, "  ");
		buf_str(f->out, f->piece[i++].text);
	}
	buf_putc(f->out, '\n');
	return i;
}

/* Comments inside a statement go before it, but those among the fields of a record. */
static void settle(struct formatter *f, struct range r, enum kind kind)
{
	size_t to = r.to, n = 0, keep = 0;
	struct piece *rest, *comment;

	if (f->piece[r.from].code == T_COMMENT || f->piece[r.from].code == T_DOC)
		return;
	if (braced(kind, f->piece[r.from].code))
		for (to = r.from; to < r.to && f->piece[to].code != T_LC; to++)
			;
	rest = ARENA_ARRAY(f->arena, struct piece, to - r.from + 1);
	comment = ARENA_ARRAY(f->arena, struct piece, to - r.from + 1);
	for (size_t i = r.from, fields = 0; i < to; i++) {
		if (i >= fields && f->piece[i].code == T_RECORD && i + 1 < to && f->piece[i + 1].code == T_LC)
			fields = skip(f, i + 1, to);
		if (f->piece[i].code == T_COMMENT && i >= fields)
			comment[n++] = f->piece[i];
		else
			rest[keep++] = f->piece[i];
	}
	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		comment[i].own_line = true, comment[i].blank = false;
	comment[0].blank = rest[0].blank;
	rest[0].blank = false;
	memcpy(&f->piece[r.from], comment, n * sizeof *comment);
	memcpy(&f->piece[r.from + n], rest, keep * sizeof *rest);
}

/* ---- statements ---- */

static void block(struct formatter *f, struct range r, size_t indent, enum kind kind);

/* Where the documentation of a field stands, or the end. */
static size_t field_doc(const struct formatter *f, struct range r)
{
	size_t last = r.to - 1, before;

	if (last <= r.from + 2 || f->piece[last].code != T_SEMI)
		return r.to;
	last--;
	before = last - 1;
	if (f->piece[last].code != T_STRING || f->piece[before].code == T_ASSIGN || f->piece[before].code == T_PATTERN)
		return r.to;
	return last;
}

/* The record of a field's type that deserves lines of its own: the range of its fields. */
static bool record_of(const struct formatter *f, struct range r, size_t indent, struct range *fields)
{
	bool apart = indent + range_width(f, r) > WIDTH;

	for (size_t i = r.from; i + 1 < r.to; i++) {
		if (f->piece[i].code != T_RECORD || f->piece[i + 1].code != T_LC)
			continue;
		fields->from = i + 2;
		fields->to = skip(f, i + 1, r.to) - 1;
		for (size_t k = fields->from; k < fields->to; k++)
			apart = apart || f->piece[k].code == T_COMMENT ||
			        (f->piece[k].code == T_SEMI && f->piece[k - 1].code == T_STRING);
		return apart && fields->to > fields->from;
	}
	return false;
}

/* Pieces with a record in lines of its own. */
static void put_record(struct formatter *f, struct range r, struct range fields, size_t indent, size_t col)
{
	size_t i;

	put(f, (struct range){ r.from, fields.from }, indent, col);
	i = line_end(f, fields.from, fields.to);
	block(f, (struct range){ i, fields.to }, indent + STEP, FIELDS);
	pad(f, indent);
	put(f, (struct range){ fields.to, r.to }, indent, indent);
}

static void put_field(struct formatter *f, struct range r, size_t indent, struct columns c)
{
	size_t doc = field_doc(f, r), name = width(f->piece[r.from].text), text, tail, left;
	struct range type = { r.from + 2, doc }, fields;

	pad(f, indent);
	put(f, (struct range){ r.from, r.from + 1 }, indent, 0);
	pad(f, c.name - name);
	buf_puts(f->out, " : ");
	if (record_of(f, r, indent + c.name - name, &fields)) {
		put_record(f, (struct range){ r.from + 2, r.to }, fields, indent, indent + c.name + 3);
		return;
	}
	put(f, type, indent, indent + c.name + 3);
	if (doc == r.to)
		return;
	text = range_width(f, type);
	tail = range_width(f, (struct range){ doc, r.to });
	left = WIDTH - indent - c.name - 3;
	if (text < c.text)
		text = c.text - text + 2;
	else
		c.text = text, text = 2;
	if (c.text + 2 + tail <= left) {
		pad(f, text);
	} else {
		buf_putc(f->out, '\n');
		pad(f, indent + HANG);
	}
	put(f, (struct range){ doc, r.to }, indent, 0);
}

static void put_error(struct formatter *f, struct range r, size_t indent, struct columns c)
{
	size_t part[3] = { r.from + 2, r.from + 3, r.to }, w;

	pad(f, indent);
	w = put(f, (struct range){ r.from, part[0] }, indent, 0);
	pad(f, c.name - w + 1);
	w = put(f, (struct range){ part[0], part[1] }, indent, 0);
	if (c.hang) {
		buf_putc(f->out, '\n');
		pad(f, indent + HANG);
		put(f, (struct range){ part[1], r.to }, indent, indent + HANG);
		return;
	}
	pad(f, c.text - w + 1);
	put(f, (struct range){ part[1], part[2] }, indent, 0);
}

/* keyword { ... }: limits in one line where that is possible. */
static void put_braced(struct formatter *f, struct range r, size_t indent, bool padded)
{
	int first = f->piece[r.from].code;
	struct range head = r, body;
	size_t i;

	for (head.to = r.from; head.to < r.to && f->piece[head.to].code != T_LC; head.to++)
		;
	head.to += head.to < r.to;
	body = (struct range){ head.to, r.to - 1 };
	pad(f, indent);
	if (padded) {
		i = put(f, (struct range){ r.from, r.from + 1 }, indent, 0);
		pad(f, KEYWORD - i + 1);
		put(f, (struct range){ r.from + 1, head.to }, indent, 0);
	} else {
		put(f, head, indent, 0);
	}
	if (body.from >= body.to) {
		buf_puts(f->out, " }");
		return;
	}
	for (i = body.from; i < body.to && f->piece[i].code != T_COMMENT; i++)
		;
	if (first == T_LIMITS && i == body.to && indent + KEYWORD + 5 + range_width(f, body) <= WIDTH) {
		buf_putc(f->out, ' ');
		put(f, body, indent, 0);
		buf_puts(f->out, " }");
		return;
	}
	i = line_end(f, body.from, body.to);
	block(f, (struct range){ i, body.to }, indent + STEP,
	      first == T_CAPABILITY ? CLAUSES : first == T_LIMITS ? LIMITS : FIELDS);
	pad(f, indent);
	buf_putc(f->out, '}');
}

static void put_statement(struct formatter *f, enum kind kind, struct range r, size_t indent,
                          struct columns fields, struct columns errors)
{
	int first = f->piece[r.from].code;
	struct range record;
	size_t w;

	if (braced(kind, first)) {
		put_braced(f, r, indent, first == T_LIMITS);
		return;
	}
	if (kind == FIELDS) {
		put_field(f, r, indent, fields);
	} else if (kind == CLAUSES && first == T_ERROR) {
		put_error(f, r, indent, errors);
	} else if (kind == CLAUSES && first != T_EXAMPLE && first != T_CHANGES) {
		pad(f, indent);
		w = put(f, (struct range){ r.from, r.from + 1 }, indent, 0);
		pad(f, KEYWORD - w + 1);
		put(f, (struct range){ r.from + 1, r.to }, indent, indent + KEYWORD + 1);
	} else {
		pad(f, indent);
		if (record_of(f, r, indent, &record))
			put_record(f, r, record, indent, indent);
		else
			put(f, r, indent, indent);
	}
}

/* ---- blocks ---- */

static void widen(size_t *width_of, size_t w)
{
	if (w > *width_of)
		*width_of = w;
}

static void measure(const struct formatter *f, struct range r, enum kind kind, struct columns *fields,
                    struct columns *errors)
{
	size_t recover = 0;

	for (size_t i = r.from; i < r.to;) {
		struct range s = statement(f, kind, i, r.to), record;
		int first = f->piece[i].code;
		size_t doc;

		i = s.to;
		if (first == T_COMMENT || first == T_DOC)
			continue;
		if (kind == FIELDS) {
			size_t w;

			doc = field_doc(f, s);
			w = range_width(f, (struct range){ s.from + 2, doc });
			widen(&fields->name, width(f->piece[s.from].text));
			if (doc < s.to && w <= WIDEST_TYPE && !record_of(f, s, 0, &record))
				widen(&fields->text, w);
		} else if (kind == CLAUSES && first == T_ERROR && s.to - s.from > 3) {
			widen(&errors->name, range_width(f, (struct range){ s.from, s.from + 2 }));
			widen(&errors->text, width(f->piece[s.from + 2].text));
			widen(&recover, range_width(f, (struct range){ s.from + 3, s.to }));
		}
	}
	errors->hang = STEP + errors->name + 1 + errors->text + 1 + recover > WIDTH;
}

/* Is there an empty line between two statements? */
static bool apart(const struct formatter *f, enum kind kind, int before, size_t i)
{
	int code = f->piece[i].code;

	if (kind != TOP)
		return f->piece[i].blank;
	if (before == T_NAMESPACE || before == T_CAPABILITY)
		return true;
	if (before == T_DOC)
		return false;
	if ((code == T_DOC || code == T_CAPABILITY) && before != T_COMMENT)
		return true;
	return f->piece[i].blank;
}

static void block(struct formatter *f, struct range r, size_t indent, enum kind kind)
{
	struct columns fields = { 0 }, errors = { 0 };
	int before = 0;

	for (size_t i = r.from; i < r.to;) {
		struct range s = statement(f, kind, i, r.to);

		settle(f, s, kind);
		i = s.to;
	}
	measure(f, r, kind, &fields, &errors);
	for (size_t i = r.from; i < r.to;) {
		struct range s = statement(f, kind, i, r.to);
		int code = f->piece[i].code;

		if (before && apart(f, kind, before, i))
			buf_putc(f->out, '\n');
		before = code;
		if (code == T_COMMENT || code == T_DOC) {
			pad(f, indent);
			buf_str(f->out, f->piece[i].text);
			buf_putc(f->out, '\n');
			i = s.to;
			continue;
		}
		put_statement(f, kind, s, indent, fields, errors);
		i = line_end(f, s.to, r.to);
	}
}

void capfile_format(struct buf *out, const struct capfile *file)
{
	struct formatter f = { .out = out, .arena = arena_new() };

	pieces_read(&f, file->src);
	block(&f, (struct range){ 0, f.n }, 0, TOP);
	arena_free(f.arena);
}
