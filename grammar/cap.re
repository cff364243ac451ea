/* Text into tokens: capability files (*.cap), conditions, calls.
 *
 * This file and cap.y are documentation too. A token is the longest text that one of the rules
 * below matches; where two match as much, the earlier rule wins. Words are looked up here, but
 * reserved only where the grammar has a use for them: everywhere else it takes them as names
 * (%fallback in cap.y).
 *
 * What is not a token is reported, and comes back as the token that was most likely meant, so
 * that one slip gives one diagnostic. */
#include "grammar/cap.h"

#include <string.h>

#include "capspec/canon.h"
#include "grammar/cap_parse.h"

struct span cap_span(const struct parse *p, uint32_t at, uint32_t n)
{
	struct span s = p->whole;

	if (p->blurred || !s.src)
		return s;
	if (p->map) {
		s.at = p->map[at];
		s.n = p->map[at + n] - s.at;
	} else {
		s.at += at;
		s.n = n;
	}
	return s;
}

/* ---- what is not a token ---- */

static void say(struct diag *d, const char *expected, const char *fix)
{
	if (d && expected)
		d->expected = (struct krux_str){ expected, strlen(expected) };
	if (d && fix)
		d->fix = (struct krux_str){ fix, strlen(fix) };
}

static bool has(const struct token *t, const char *chars)
{
	for (size_t i = 0; i < t->n; i++)
		if (strchr(chars, t->text.p[i]))
			return true;
	return false;
}

static size_t digits(const struct token *t, size_t i)
{
	while (i < t->n && ((t->text.p[i] >= '0' && t->text.p[i] <= '9') || t->text.p[i] == '_'))
		i++;
	return i;
}

/* Text that starts as a number does and is none. */
static int number_bad(struct parse *p, struct token *t)
{
	size_t d = digits(t, t->text.p[0] == '-');

	if (d < t->n && has(t, ":") && d <= 2) {
		say(CAP_ERROR(p, 21, cap_span(p, t->at, t->n), "'%.*s' is not a time of day", STR_ARG(t->text)),
		    "HH:MM or HH:MM:SS, from 00:00 to 23:59:59", NULL);
		return T_TIME;
	}
	if (has(t, ":")) {
		say(CAP_ERROR(p, 21, cap_span(p, t->at, t->n), "'%.*s' is not a number", STR_ARG(t->text)), NULL,
		    "write IPv6 addresses and dates in double quotes");
		return T_ADDRESS;
	}
	if (d < t->n && t->text.p[d] == '-') {
		say(CAP_ERROR(p, 21, cap_span(p, t->at, t->n), "'%.*s' is not a number", STR_ARG(t->text)), NULL,
		    "write dates in double quotes: \"2026-01-31T12:00:00Z\"");
	} else if (has(t, "/") || (d < t->n && t->text.p[d] == '.' && digits(t, d + 1) < t->n &&
	                           t->text.p[digits(t, d + 1)] == '.')) {
		say(CAP_ERROR(p, 21, cap_span(p, t->at, t->n), "'%.*s' is not an address", STR_ARG(t->text)),
		    "four decimal numbers, such as 10.0.0.1, or a block, such as 10.0.0.0/8", NULL);
		return T_ADDRESS;
	} else if (d < t->n && t->text.p[d] == '.' && digits(t, d + 1) < t->n) {
		say(CAP_ERROR(p, 20, cap_span(p, t->at, t->n), "'%.*s' is not a number", STR_ARG(t->text)),
		    "whole numbers before a unit", NULL);
	} else if (t->text.p[d - 1] == '_' || has(t, "_")) {
		say(CAP_ERROR(p, 20, cap_span(p, t->at, t->n), "'%.*s' is not a number", STR_ARG(t->text)),
		    "single '_' between digits only, as in 1_000", NULL);
	} else {
		struct diag *bad = CAP_ERROR(p, 20, cap_span(p, t->at, t->n), "'%.*s' is not a number", STR_ARG(t->text));

		say(bad, "decimal digits, or digits and one of KiB MiB GiB ns us ms s m h d", NULL);
		/* 10KB, 10k: in steps of 1024, and said so. */
		if (bad && t->n - d <= 2 && strchr("kKmMgG", t->text.p[d]) && (t->n - d == 1 || (t->text.p[d + 1] | 32) == 'b'))
			bad->fix = arena_printf(p->arena, "write %.*s%ciB", (int)d, t->text.p, t->text.p[d] & ~32);
		else if (bad && t->n - d == 2 && (t->text.p[d] | 32) != 'k' && (t->text.p[d + 1] | 32) == 'm')
			bad->fix = KRUX_STR("write times of day as 09:00 and 17:30");
	}
	return T_NUMBER;
}

static int time_of_day(struct parse *p, struct token *t)
{
	const char *s = t->text.p;

	if ((s[0] - '0') * 10 + s[1] - '0' > 23 || s[3] > '5' || (t->n == 8 && s[6] > '5'))
		return number_bad(p, t);
	return T_TIME;
}

static int version(struct parse *p, struct token *t)
{
	unsigned long part = 0;

	for (size_t i = 1; i < t->n; i++) {
		part = t->text.p[i] == '.' ? 0 : part * 10 + (unsigned long)(t->text.p[i] - '0');
		if (part > 65535 || (t->text.p[i] != '.' && t->text.p[i - 1] == '0' &&
		                     (t->text.p[i - 2] == '@' || t->text.p[i - 2] == '.'))) {
			say(CAP_ERROR(p, 22, cap_span(p, t->at, t->n), "'%.*s' is not a version", STR_ARG(t->text)),
			    "@MAJOR.MINOR, each 0 to 65535 without leading zeros", NULL);
			t->text = KRUX_STR("@0.0");
			break;
		}
	}
	return T_VERSION;
}

static int name(struct parse *p, struct token *t, int code)
{
	if (t->n > KRUX_MAX_NAME) {
		say(CAP_ERROR(p, 23, cap_span(p, t->at, t->n), "this name has %u bytes", t->n), "at most 63 bytes", NULL);
		t->text.n = KRUX_MAX_NAME;
	}
	return code;
}

/* Letters that make no name: maxResults, _x, Not_found. */
static int name_bad(struct parse *p, struct token *t)
{
	char *low = arena_get(p->arena, 2 * (size_t)t->n + 1);
	struct diag *d;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		char c = t->text.p[i];

		if (c >= 'A' && c <= 'Z') {
			if (n && low[n - 1] != '_' && low[n - 1] != '-')
				low[n++] = '_';
			c = (char)(c - 'A' + 'a');
		}
		if (n || (c >= 'a' && c <= 'z'))
			low[n++] = c;
	}
	d = CAP_ERROR(p, 23, cap_span(p, t->at, t->n), "'%.*s' is not a name", STR_ARG(t->text));
	say(d, "lower-case letters, digits and '_', beginning with a letter (errors and named types: "
	       "letters and digits beginning with a capital)", NULL);
	if (d && n)
		d->fix = arena_printf(p->arena, "write '%.*s'", (int)n, low);
	if (t->n > KRUX_MAX_NAME)
		t->text.n = KRUX_MAX_NAME;
	return T_WORD;
}

/* Anything else: one report for a run of such bytes. */
static void stray(struct parse *p, const unsigned char *s)
{
	static const char known[] = "\"#;:,.(){}[]<>=!/+?*@- \n\t";
	const unsigned char *end = (const unsigned char *)p->text.p + p->text.n, *e = s;
	uint32_t at = (uint32_t)(s - (const unsigned char *)p->text.p), n;
	struct diag *d;

	do {
		e++;
	} while (e < end && *e && !(*e >= '0' && *e <= '9') && !((*e | 32) >= 'a' && (*e | 32) <= 'z') &&
	         *e != '_' && !strchr(known, *e));
	p->cursor = e;
	n = (uint32_t)(e - s);
	if (*s == '\r') {
		CAP_ERROR(p, 14, cap_span(p, at, 1), "a carriage return");
		return;
	}
	if (n >= 3 && !memcmp(s, "\xE2\x80", 2) && (s[2] == 0x9C || s[2] == 0x9D)) {
		d = CAP_ERROR(p, 16, cap_span(p, at, 3), "a typographic quotation mark");
		say(d, NULL, "write strings in plain double quotes: \"text\"");
		return;
	}
	d = n == 1 ? CAP_ERROR(p, 16, cap_span(p, at, n), "'%c' means nothing here", *s)
	           : CAP_ERROR(p, 16, cap_span(p, at, n), "'%.*s' means nothing here", n > 60 ? 60 : (int)n, (const char *)s);
	if (*s == '`')
		say(d, NULL, "write strings in double quotes: \"text\"");
}

/* What other languages write. */
static int foreign(struct parse *p, struct token *t, int code, const char *fix)
{
	say(CAP_ERROR(p, 16, cap_span(p, t->at, t->n), "'%.*s' means nothing here", STR_ARG(t->text)), NULL, fix);
	if (*t->text.p == '\'')
		t->text = (struct krux_str){ t->text.p + 1, t->n - 2 };
	return code;
}

/* ---- strings ---- */

/* One escape at s (after the backslash); its scalar, or UINT32_MAX; *n bytes were read. */
static uint32_t escape(const unsigned char *s, const unsigned char *end, uint32_t *n)
{
	uint32_t c = 0, i = 2;

	*n = s < end;
	if (s == end)
		return UINT32_MAX;
	switch (*s) {
	case '"':
	case '\\':
		return *s;
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'u':
		break;
	default:
		return UINT32_MAX;
	}
	if (end - s < 3 || s[1] != '{')
		return UINT32_MAX;
	for (; s + i < end && i < 8 && s[i] != '}'; i++) {
		unsigned char h = s[i] | 32;

		if (s[i] >= '0' && s[i] <= '9')
			c = c << 4 | (s[i] - '0');
		else if (h >= 'a' && h <= 'f')
			c = c << 4 | (h - 'a' + 10u);
		else
			break;
	}
	*n = i;
	if (s + i >= end || s[i] != '}')
		return UINT32_MAX;
	*n = i + 1;
	return !c || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? UINT32_MAX : c;
}

/* The meaning of a string's inside [s, end). */
static struct krux_str unescape(struct parse *p, const unsigned char *s, const unsigned char *end)
{
	char *out = arena_get(p->arena, (size_t)(end - s) + 1);
	size_t k = 0;

	for (uint32_t n; s < end; s += n) {
		const unsigned char *run = memchr(s, '\\', (size_t)(end - s));
		uint32_t c;

		n = (uint32_t)((run ? run : end) - s);
		memcpy(out + k, s, n);
		k += n;
		if (!run)
			break;
		s = run + 1;
		c = escape(s, end, &n);
		if (c != UINT32_MAX) {
			k += krux_utf8_put(c, out + k);
			continue;
		}
		while (s + n < end && (s[n] & 0xC0) == 0x80)
			n++;
		say(CAP_ERROR(p, 18, cap_span(p, (uint32_t)(run - (const unsigned char *)p->text.p), n + 1),
		              "'%.*s' is not an escape", (int)n + 1, (const char *)run),
		    "\\\" \\\\ \\n \\t or \\u{...} with 1 to 6 hex digits of a Unicode scalar other than 0", NULL);
	}
	return (struct krux_str){ out, k };
}

/* [s, e) with its quotes, or without the last one where the line ended. */
static int string(struct parse *p, struct token *t, const unsigned char *s, const unsigned char *e, bool plain)
{
	t->text = plain ? (struct krux_str){ (const char *)s + 1, (size_t)(e - s) - 2 }
	                : unescape(p, s + 1, e - 1);
	if (t->text.n > KRUX_MAX_LITERAL_BYTES) {
		say(CAP_ERROR(p, 19, cap_span(p, t->at, t->n), "this string has %zu bytes", t->text.n), "at most 64 KiB", NULL);
		t->text.n = 0;
	}
	return T_STRING;
}

/* The quote that should have come is taken to stand before the closing punctuation at the end
 * of the line. */
static int string_unclosed(struct parse *p, struct token *t, const unsigned char *s, const unsigned char *e)
{
	say(CAP_ERROR(p, 17, cap_span(p, t->at, t->n), "this string does not end on its line"), "'\"'", NULL);
	while (e > s + 1 && e[-1] == ' ')
		e--;
	if (e > s + 1 && e[-1] == ';')
		e--;
	else
		while (e > s + 1 && strchr(" )}],", e[-1]))
			e--;
	p->cursor = e;
	t->n = (uint32_t)(e - s);
	t->text = unescape(p, s + 1, e);
	if (t->text.n > KRUX_MAX_LITERAL_BYTES)
		t->text.n = 0;
	return T_STRING;
}

/* ---- tokens ----
 *
 * s is where the token starts, cur where reading goes on. RETURN gives a token as it is; where
 * more is to say, TOKEN fills it and a function says it. */
#define TOKEN() (t->at = (uint32_t)(s - start), t->n = (uint32_t)(cur - s), \
	         t->text = (struct krux_str){ (const char *)s, t->n }, p->cursor = cur)
#define RETURN(code) do { TOKEN(); return (code); } while (0)

/*!rules:re2c
re2c:define:YYCTYPE  = "unsigned char";
re2c:define:YYCURSOR = cur;
re2c:define:YYMARKER = mark;
re2c:define:YYLIMIT  = limit;
re2c:yyfill:enable   = 0;
re2c:eof             = 0;

digit    = [0-9];
digits   = digit+ ("_" digit+)*;
unit     = "KiB" | "MiB" | "GiB" | "ns" | "us" | "ms" | "s" | "m" | "h" | "d";
word     = [a-z][a-z0-9_]* ("-"+ [a-z0-9_]+)*;
alnum    = [0-9A-Za-z_];
rest     = [^\n];
plain    = [^"\\\n];
escaped  = "\\" rest;

// Blanks and comments stand between tokens.
[ \n]+                       { continue; }
"\t"                         {
	if (!p->tabs++ && !p->quiet)
		p->tab_at = (uint32_t)(s - start);
	continue;
}
// Three strokes are documentation of the capability that follows.
"///" rest*                  { RETURN(T_DOC); }
("#" | "//") rest*           {
	if (p->keep_comments)
		RETURN(T_COMMENT);
	continue;
}
";"                          { RETURN(T_SEMI); }
":"                          { RETURN(T_COLON); }
","                          { RETURN(T_COMMA); }
"."                          { RETURN(T_DOT); }
".."                         { RETURN(T_DOTDOT); }
"("                          { RETURN(T_LP); }
")"                          { RETURN(T_RP); }
"["                          { RETURN(T_LB); }
"]"                          { RETURN(T_RB); }
"{"                          { RETURN(T_LC); }
"}"                          { RETURN(T_RC); }
"="                          { RETURN(T_ASSIGN); }
"->"                         { RETURN(T_ARROW); }
"+"                          { RETURN(T_PLUS); }
"?"                          { RETURN(T_QUESTION); }
"*"                          { RETURN(T_STAR); }
"=="                         { RETURN(T_EQ); }
"!="                         { RETURN(T_NE); }
"<"                          { RETURN(T_LT); }
"<="                         { RETURN(T_LE); }
">"                          { RETURN(T_GT); }
">="                         { RETURN(T_GE); }

// Words of conditions.
"and"                        { RETURN(T_AND); }
"or"                         { RETURN(T_OR); }
"not"                        { RETURN(T_NOT); }
"true"                       { RETURN(T_TRUE); }
"false"                      { RETURN(T_FALSE); }
"in"                         { RETURN(T_IN); }
"under"                      { RETURN(T_UNDER); }
"matches"                    { RETURN(T_MATCHES); }
"like"                       { RETURN(T_LIKE); }
"starts"                     { RETURN(T_STARTS); }
"ends"                       { RETURN(T_ENDS); }
"with"                       { RETURN(T_WITH); }
"contains"                   { RETURN(T_CONTAINS); }
"has"                        { RETURN(T_HAS); }
"any"                        { RETURN(T_ANY); }
"all"                        { RETURN(T_ALL); }
"it"                         { RETURN(T_IT); }
"size"                       { RETURN(T_SIZE); }
"workspace"                  { RETURN(T_WORKSPACE); }
"calls"                      { RETURN(T_CALLS); }

// Words of capability files.
"namespace"                  { RETURN(T_NAMESPACE); }
"type"                       { RETURN(T_TYPE); }
"capability"                 { RETURN(T_CAPABILITY); }
"input"                      { RETURN(T_INPUT); }
"output"                     { RETURN(T_OUTPUT); }
"error"                      { RETURN(T_ERROR); }
"recover"                    { RETURN(T_RECOVER); }
"effect"                     { RETURN(T_EFFECT); }
"labels"                     { RETURN(T_LABELS); }
"limits"                     { RETURN(T_LIMITS); }
"handler"                    { RETURN(T_HANDLER); }
"answer"                     { RETURN(T_ANSWER); }
"changes"                    { RETURN(T_CHANGES); }
"approve"                    { RETURN(T_APPROVE); }
"durable"                    { RETURN(T_DURABLE); }
"example"                    { RETURN(T_EXAMPLE); }
"builtin"                    { RETURN(T_BUILTIN); }
"command"                    { RETURN(T_COMMAND); }
"sha256"                     { RETURN(T_SHA256); }
"argv"                       { RETURN(T_ARGV); }
"background"                 { RETURN(T_BACKGROUND); }
"mcp"                        { RETURN(T_MCP); }
"tool"                       { RETURN(T_TOOL); }
"resident"                   { RETURN(T_RESIDENT); }
"tree"                       { RETURN(T_TREE); }
"prunes"                     { RETURN(T_PRUNES); }
"optional"                   { RETURN(T_OPTIONAL); }
"unused"                     { RETURN(T_UNUSED); }
"enum"                       { RETURN(T_ENUM); }
"list"                       { RETURN(T_LIST); }
"map"                        { RETURN(T_MAP); }
"record"                     { RETURN(T_RECORD); }
"decimal"                    { RETURN(T_DECIMAL); }
"max"                        { RETURN(T_MAX); }
"pattern"                    { RETURN(T_PATTERN); }

// Names: words of lower-case letters; errors and named types begin with a capital.
word                         { TOKEN(); return name(p, t, T_WORD); }
[A-Z][A-Za-z0-9]*            { TOKEN(); return name(p, t, T_NAME); }
[A-Za-z_] alnum* ("-"+ alnum+)* { TOKEN(); return name_bad(p, t); }

"@" digit+ ("." digit+)?     { TOKEN(); return version(p, t); }

// Numbers keep their text: what 10KiB or 1.50 means is the type's business.
"-"? digits unit?            { RETURN(T_NUMBER); }
"-"? digits "." digits       { RETURN(T_NUMBER); }
digit{2} ":" digit{2} (":" digit{2})? { TOKEN(); return time_of_day(p, t); }
digit+ "." digit+ "." digit+ "." digit+ ("/" digit+)? { RETURN(T_ADDRESS); }
"-"? digit alnum* (("." | ":"+ | "/" | "-") alnum+)* { TOKEN(); return number_bad(p, t); }

["] plain* ["]               { TOKEN(); return string(p, t, s, cur, true); }
["] (plain | escaped)* ["]   { TOKEN(); return string(p, t, s, cur, false); }
["] (plain | escaped)* "\\"? { TOKEN(); return string_unclosed(p, t, s, cur); }

"&&" | "&"                   { TOKEN(); return foreign(p, t, T_AND, "write 'and'"); }
"||" | "|"                   { TOKEN(); return foreign(p, t, T_OR, "write 'or'"); }
"!"                          { TOKEN(); return foreign(p, t, T_NOT, "write 'not'"); }
"'" [^'\n]* "'"              { TOKEN(); return foreign(p, t, T_STRING, "write strings in double quotes: \"text\""); }

"/" [0-9A-Za-z_.*-] [0-9A-Za-z_.*/-]* {
	TOKEN();
	return foreign(p, t, T_STRING, "write paths in double quotes");
}
[0-9A-Fa-f]* ":" [0-9A-Fa-f]* ":" [0-9A-Fa-f:]* ("." digit+)* ("/" digit+)? {
	TOKEN();
	return foreign(p, t, T_STRING, "write IPv6 addresses in double quotes");
}

$                            { RETURN(CAP_END); }
*                            { stray(p, s); cur = p->cursor; continue; }
*/

int cap_lex(struct parse *p, struct token *t)
{
	const unsigned char *start = (const unsigned char *)p->text.p, *limit = start + p->text.n;
	const unsigned char *cur = p->cursor, *mark, *s;

	for (;;) {
		s = cur;
		/*!use:re2c */
	}
}
