/* The driver around the grammar. Text that is right takes one quiet pass. Text that is not is
 * read once more, and here before each token the parser is asked whether it would take it. What
 * it would not take is reported, and then, in this order: a sign that is missing is put in, a
 * wrong one replaced, a stray one left out, or the innermost clause, field or declaration is
 * given up (T_BAD) and reading goes on after it. */
#include "compiler/read/parse.h"

#include <string.h>

#include "capspec/canon.h"
#include "grammar/cap_parse.h"

enum { CALM = 3 };                      /* tokens that must fit before another report */

struct driver {
	struct expect x;
	struct parse *p;
	struct cap_parser *c;
	int code;                       /* the token at hand */
	struct token t;
	struct token last;              /* the one before */
	unsigned since;                 /* tokens that fitted since the last report */
	size_t dropped;                 /* diagnostics that found no room before this text */
};

/* ---- beginning ---- */

static bool text_check(struct parse *p)
{
	const char *nul = memchr(p->text.p, 0, p->text.n);

	if (nul) {
		CAP_ERROR(p, 13, p->whole, "a NUL byte");
		return false;
	}
	if (!krux_utf8_valid(p->text)) {
		CAP_ERROR(p, 12, p->whole, "this text is not valid UTF-8");
		return false;
	}
	return true;
}

bool parse_begin(struct parse *p, struct arena *a, struct diags *ds, struct krux_str text, struct span at)
{
	*p = (struct parse){ .arena = a, .diags = ds, .whole = at };
	if (text.n > KRUX_MAX_SOURCE_BYTES) {
		CAP_ERROR(p, 3, at, "this text has %zu bytes", text.n);
		return false;
	}
	p->text = arena_str(a, text);
	p->cursor = (const unsigned char *)p->text.p;
	if (!text_check(p))
		return false;
	if (!at.src || at.at > at.src->text.n || at.n > at.src->text.n - at.at)
		p->blurred = true;
	else if (at.src->text.n - at.at < text.n || memcmp(at.src->text.p + at.at, text.p, text.n) != 0)
		p->blurred = !(p->map = place_map(a, p->text, at));
	return true;
}

void parse_source(struct parse *p, struct arena *a, struct diags *ds, const struct source *src)
{
	*p = (struct parse){
		.arena = a, .diags = ds, .text = src->text, .cursor = (const unsigned char *)src->text.p,
		.whole = { src, 0, (uint32_t)src->text.n },
	};
}

/* ---- looking ahead ---- */

/* The codes of the next n tokens. */
static void peek(struct driver *d, int *codes, size_t n)
{
	struct parse saved = *d->p;
	struct token t;

	d->p->quiet = true;
	for (size_t i = 0; i < n; i++)
		codes[i] = i && codes[i - 1] == CAP_END ? CAP_END : cap_lex(d->p, &t);
	*d->p = saved;
}

static bool line_start(const struct driver *d)
{
	size_t i = d->t.at;

	while (i && d->p->text.p[i - 1] == ' ')
		i--;
	return !i || d->p->text.p[i - 1] == '\n';
}

static bool is_clause(int code, int next)
{
	switch (code) {
	case T_INPUT:
	case T_OUTPUT:
	case T_LIMITS:
		return next == T_LC;
	case T_ERROR:
		return next == T_NAME;
	case T_EXAMPLE:
		return next == T_STRING;
	case T_EFFECT:
	case T_LABELS:
	case T_HANDLER:
	case T_ANSWER:
		return next != T_COLON;
	}
	return false;
}

/* Does the token begin a declaration, or a clause, where only such would be written? */
static bool begins(struct driver *d, int code)
{
	int next;

	if (!line_start(d))
		return false;
	if (code == T_DOC)
		return true;
	peek(d, &next, 1);
	return is_clause(code, next) || (code == T_CAPABILITY && next != T_COLON) ||
	       (code == T_TYPE && next == T_NAME);
}

/* ---- reports ---- */

static struct diag *report(struct driver *d, unsigned code, struct span at, struct krux_str text)
{
	bool calm = d->since < CALM && d->p->slips;
	struct diag *e = NULL;

	if (calm)
		d->p->quiet = true;
	e = CAP_ERROR(d->p, code, at, "%.*s", STR_ARG(text));
	if (calm)
		d->p->quiet = false;
	d->since = 0;
	return e;
}

/* What has been put right as far as can be seen may be followed by the next report. */
static bool repaired(struct driver *d)
{
	d->since = CALM;
	return true;
}

static struct span at_hand(const struct driver *d)
{
	if (d->code == CAP_END)
		return cap_span(d->p, d->last.at + d->last.n, 0);
	return cap_span(d->p, d->t.at, d->t.n);
}

static void report_missing(struct driver *d, int code)
{
	uint32_t end = d->last.at + d->last.n;
	bool closes = code == T_RC || code == T_RB || code == T_RP || code == T_SEMI;
	struct diag *e = report(d, 31, cap_span(d->p, end, 0),
	                        arena_printf(d->p->arena, "missing '%s' %s %s", expect_word(code),
	                                     closes ? "at the end of" : "in", expect_context(&d->x)));

	if (e)
		e->expected = arena_printf(d->p->arena, "'%s' before %.*s", expect_word(code),
		                           STR_ARG(expect_found(&d->x, d->code, &d->t)));
}

static struct diag *report_unexpected(struct driver *d)
{
	struct krux_str found = expect_found(&d->x, d->code, &d->t);
	const char *context = expect_context(&d->x);
	struct diag *e;

	if (d->code == CAP_END && !d->last.n && d->x.entry == T_ENTRY_FILE)
		e = report(d, 32, at_hand(d), KRUX_STR("this capability file holds nothing but comments"));
	else if (d->code == CAP_END && !d->last.n)
		e = report(d, 32, at_hand(d), arena_printf(d->p->arena, "%s is missing here", context));
	else if (d->code == CAP_END)
		e = report(d, 32, at_hand(d), arena_printf(d->p->arena, "the text ends inside %s", context));
	else
		e = report(d, 30, at_hand(d), arena_printf(d->p->arena, "unexpected %.*s in %s", STR_ARG(found), context));
	if (e)
		e->expected = expect_list(&d->x);
	return e;
}

/* ---- repairs ---- */

static void put(struct driver *d, int code)
{
	struct token t = { { d->p->text.p + d->last.at + d->last.n, 0 }, d->last.at + d->last.n, 0 };

	cap_nest(d->p, d->x.entry, code);
	cap_feed(d->c, code, t);
}

/* Closing braces that were forgotten before a clause or declaration. */
static bool repair_braces(struct driver *d)
{
	int codes[8] = { T_RC, T_RC, T_RC }, next[64];
	size_t k = 0;

	if (d->x.entry != T_ENTRY_FILE || !begins(d, d->code))
		return false;
	next[0] = d->code;
	peek(d, next + 1, 63);
	while (k < 62 && next[k] == T_DOC)
		k++;
	for (size_t n = 1; n <= 3; n++) {
		codes[n] = next[k];
		codes[n + 1] = next[k + 1];
		if (cap_accepts(d->c, codes, n + 2)) {
			for (size_t i = 0; i < n; i++) {
				report_missing(d, T_RC);
				put(d, T_RC);
			}
			return repaired(d);
		}
		codes[n] = codes[n + 1] = T_RC;
	}
	return false;
}

static bool repair_insert(struct driver *d, const int *next)
{
	static const int signs[] = { T_SEMI, T_COMMA, T_COLON, T_RP, T_RB, T_RC, T_WITH };

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		for (size_t n = 1; n <= (signs[i] == T_RP ? 4 : 1); n++) {
			int codes[] = { signs[i], signs[i], signs[i], signs[i], 0, 0 };

			codes[n] = d->code;
			codes[n + 1] = next[0];
			if (!cap_expects(d->c, signs[i]) || !cap_accepts(d->c, codes, n + (d->code == CAP_END ? 1 : 2)))
				continue;
			report_missing(d, signs[i]);
			while (n--)
				put(d, signs[i]);
			return repaired(d);
		}
	}
	return false;
}

/* A word for a string, a string for a word, a word for a Name. */
static bool repair_quotes(struct driver *d, const int *next)
{
	static const struct { int is, should; const char *fix; } kinds[] = {
		{ T_WORD, T_STRING, "write it in double quotes" },
		{ T_STRING, T_WORD, "write it without quotes" },
		{ T_WORD, T_NAME, "write it with a capital, as in NotFound" },
		{ T_NAME, T_WORD, "write it in lower case" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int codes[] = { kinds[i].should, next[0] };
		struct diag *e;

		if (d->code == T_STRING && cap_expects(d->c, T_HAS))
			continue;
		if (d->code != kinds[i].is || !cap_expects(d->c, codes[0]) || !cap_accepts(d->c, codes, 2))
			continue;
		e = report_unexpected(d);
		if (e)
			e->fix = (struct krux_str){ kinds[i].fix, strlen(kinds[i].fix) };
		d->code = kinds[i].should;
		return true;
	}
	return false;
}

static bool repair_replace(struct driver *d, const int *next)
{
	static const int signs[] = { T_EQ, T_ASSIGN, T_COLON, T_SEMI, T_COMMA };
	int meant = d->code == T_WORD ? expect_meant(&d->x, &d->t) : -1;
	struct diag *e;

	if (meant >= 0) {
		int codes[] = { meant, next[0] };

		if (cap_accepts(d->c, codes, 2)) {
			e = report_unexpected(d);
			if (e)
				e->fix = arena_printf(d->p->arena, "did you mean '%s'?", expect_word(meant));
			d->code = meant;
			return repaired(d);
		}
	}
	if (repair_quotes(d, next))
		return repaired(d);
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		int codes[] = { signs[i], next[0] };

		if (expect_word(d->code)[0] >= 'a' || signs[i] == d->code || !cap_accepts(d->c, codes, 2))
			continue;
		e = report_unexpected(d);
		if (e)
			e->fix = arena_printf(d->p->arena, "write '%s'", expect_word(signs[i]));
		d->code = signs[i];
		return repaired(d);
	}
	return false;
}

static bool is_bracket(int code)
{
	return code == T_LP || code == T_RP || code == T_LB || code == T_RB || code == T_LC || code == T_RC;
}

static bool word_is(const struct driver *d, const char *a, const char *b, const char *c)
{
	const char *words[] = { a, b, c };

	for (size_t i = 0; i < 3; i++)
		if (strlen(words[i]) == d->t.n && !memcmp(words[i], d->t.text.p, d->t.n))
			return true;
	return false;
}

/* Advice that the grammar cannot give. */
static void advise(struct driver *d, struct diag *e)
{
	if (!e || e->fix.n || d->x.entry == T_ENTRY_FILE)
		return;
	if (d->code == T_NOT && cap_expects(d->c, T_EQ))
		e->fix = KRUX_STR("write 'not' before the test: not x in [ ... ]");
	else if (cap_expects(d->c, T_HAS) && (d->code == T_NUMBER || d->code == T_STRING || d->code == T_ADDRESS ||
	                                     d->code == T_TIME))
		e->fix = KRUX_STR("write the field on the left and the value on the right");
	else if (d->code == T_LC)
		e->fix = KRUX_STR("write lists in brackets: [ \"a\", \"b\" ]");
	else if (d->code == T_COMMA && cap_expects(d->c, T_DOTDOT))
		e->fix = KRUX_STR("write several values in brackets: [ 1, 2 ]");
	else if (d->code == T_WORD && cap_expects(d->c, T_EQ) && word_is(d, "is", "equals", "eq"))
		e->fix = KRUX_STR("write '=='");
	else if (d->code == T_WORD && cap_expects(d->c, T_EQ) && word_is(d, "starts-with", "starts_with", "startswith"))
		e->fix = KRUX_STR("write 'starts with'");
	else if (d->code == T_WORD && cap_expects(d->c, T_EQ) && word_is(d, "ends-with", "ends_with", "endswith"))
		e->fix = KRUX_STR("write 'ends with'");
}

/* Gives up the innermost construct that can be: skips to its end. */
static bool resume(struct driver *d)
{
	char open[CAP_NESTING + 8];
	struct token before = d->last;
	size_t n = 0;
	bool moved = false, ended;
	int level;

	for (size_t i = 0, k; cap_symbol(d->c, i) != -2; i++) {
		k = (size_t)cap_symbol(d->c, i);
		if (n < sizeof open && (k == T_LP || k == T_LB || k == T_LT || k == T_LC))
			open[n++] = k == T_LC;
	}
	for (size_t i = 0; i < n / 2; i++) {
		char c = open[i];
		open[i] = open[n - 1 - i];
		open[n - 1 - i] = c;
	}
	level = d->x.entry == T_ENTRY_FILE ? cap_retreat(d->c) : -1;
	if (level < 0)
		return false;
	for (;; before = d->t, d->code = cap_lex(d->p, &d->t), moved = true) {
		if (d->code == CAP_END || (moved && begins(d, d->code)))
			break;
		if (d->code == T_SEMI || d->code == T_RC) {
			while (n > (size_t)level && !open[n - 1])
				n--;
			if (n <= (size_t)level)
				break;
			n -= d->code == T_RC;
		} else if (d->code == T_RP || d->code == T_RB || d->code == T_GT) {
			n -= n > (size_t)level && !open[n - 1];
		} else if (d->code == T_LP || d->code == T_LB || d->code == T_LT || d->code == T_LC) {
			if (n == sizeof open)
				return false;
			open[n++] = d->code == T_LC;
		}
	}
	d->p->nesting = (unsigned)level;
	put(d, T_BAD);
	d->since = 0;
	d->last = before;
	/* What ended it: a ';' belongs to it, all else is read again unless it has no use here. */
	ended = d->code == T_SEMI;
	if (ended || (!moved && !cap_accepts(d->c, &d->code, 1) && d->code != CAP_END)) {
		d->last = d->t;
		d->code = cap_lex(d->p, &d->t);
	}
	if (ended || cap_accepts(d->c, &d->code, 1))
		d->since = CALM;
	return true;
}

/* The token at hand is not taken as it is: reports and repairs. False: reading is over.
 * On return d->code and d->t are the token to go on with. */
static bool repair(struct driver *d)
{
	struct diag *e;
	int next[2];

	if (repair_braces(d))
		return true;
	if (d->code == T_DOC && d->x.entry == T_ENTRY_FILE) {
		e = report(d, 33, at_hand(d), KRUX_STR("documentation of something that has none"));
		if (e)
			e->fix = KRUX_STR("write '//' for a comment; '///' stands before a capability");
		while (d->code == T_DOC)
			d->code = cap_lex(d->p, &d->t);
		return repaired(d);
	}
	peek(d, next, 2);
	if (repair_insert(d, next) || repair_replace(d, next))
		return true;
	e = report_unexpected(d);
	advise(d, e);
	if (d->code != CAP_END && !is_bracket(d->code) && cap_accepts(d->c, next, next[0] == CAP_END ? 1 : 2)) {
		d->code = cap_lex(d->p, &d->t);
		return repaired(d);
	}
	return resume(d);
}

/* ---- the second pass ---- */

/* Keywords are names where they can be one. Where the next token shows that this one is not,
 * a closing brace is missing before it. */
static bool fits(struct driver *d)
{
	int codes[2];

	if (!cap_accepts(d->c, &d->code, 1))
		return false;
	if (d->x.entry != T_ENTRY_FILE || cap_expects(d->c, d->code) || !begins(d, d->code))
		return true;
	codes[0] = d->code;
	peek(d, codes + 1, 1);
	if (!cap_accepts(d->c, codes, 2))
		repair_braces(d);
	return true;
}

static bool read_on(struct driver *d)
{
	struct diag *e;
	unsigned slips;

	for (;;) {
		slips = d->p->slips;
		d->code = cap_lex(d->p, &d->t);
		if (d->p->slips != slips)
			d->since = 0;
		for (unsigned tries = 0; !fits(d); tries++)
			if (tries > CAP_NESTING || d->p->diags->dropped > d->dropped || !repair(d))
				return false;
		if (!cap_nest(d->p, d->x.entry, d->code)) {
			e = CAP_ERROR(d->p, 24, at_hand(d), "nested too deep");
			if (e)
				e->expected = KRUX_STR("at most 64 brackets open at a time");
			return false;
		}
		cap_feed(d->c, d->code, d->t);
		d->since++;
		d->last = d->t;
		if (d->p->too_deep)
			CAP_ERROR(d->p, 24, at_hand(d), "nested too deep");
		if (d->p->refused || d->code == CAP_END)
			return !d->p->refused;
	}
}

static bool read_again(struct parse *p, int entry)
{
	struct driver d = { .p = p, .c = cap_parser_new(p), .since = CALM, .dropped = p->diags->dropped };
	struct token t = { 0 };

	d.x = (struct expect){ p, d.c, entry };
	cap_feed(d.c, entry, t);
	read_on(&d);
	cap_parser_free(d.c);
	if (p->tabs) {
		struct diag *e = CAP_ERROR(p, 15, cap_span(p, p->tab_at, 1), "a tab outside comments and strings");

		if (e && p->tabs > 1)
			e->expected = arena_printf(p->arena, "blanks; there are %u tabs", p->tabs);
	}
	return !p->slips;
}

bool parse_run(struct parse *p, int entry)
{
	struct parse start = *p;

	if (cap_parse(p, entry))
		return true;
	*p = start;
	if (p->file)
		*p->file = (struct capfile){ .src = p->whole.src };
	return read_again(p, entry);
}
