/* A parser's state into words: what is being read, and what could come next. */
#include <stdio.h>
#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/read/parse.h"
#include "grammar/cap_parse.h"

/* Codes in the order in which they are offered. */
static const struct word {
	int code;
	const char *word;
} words[] = {
	{ T_SEMI, ";" }, { T_COLON, ":" }, { T_COMMA, "," }, { T_DOT, "." }, { T_DOTDOT, ".." },
	{ T_LP, "(" }, { T_RP, ")" }, { T_LB, "[" }, { T_RB, "]" }, { T_LC, "{" }, { T_RC, "}" },
	{ T_ASSIGN, "=" }, { T_ARROW, "->" }, { T_PLUS, "+" }, { T_QUESTION, "?" }, { T_STAR, "*" },
	{ T_EQ, "==" }, { T_NE, "!=" }, { T_LT, "<" }, { T_LE, "<=" }, { T_GT, ">" }, { T_GE, ">=" },
	{ T_AND, "and" }, { T_OR, "or" }, { T_NOT, "not" }, { T_TRUE, "true" }, { T_FALSE, "false" },
	{ T_IN, "in" }, { T_UNDER, "under" }, { T_MATCHES, "matches" }, { T_LIKE, "like" },
	{ T_STARTS, "starts" }, { T_ENDS, "ends" }, { T_WITH, "with" }, { T_CONTAINS, "contains" },
	{ T_HAS, "has" }, { T_ANY, "any" }, { T_ALL, "all" }, { T_IT, "it" }, { T_SIZE, "size" },
	{ T_WORKSPACE, "workspace" }, { T_CALLS, "calls" }, { T_NAMESPACE, "namespace" },
	{ T_TYPE, "type" }, { T_CAPABILITY, "capability" }, { T_INPUT, "input" }, { T_OUTPUT, "output" },
	{ T_ERROR, "error" }, { T_RECOVER, "recover" }, { T_EFFECT, "effect" }, { T_LABELS, "labels" },
	{ T_LIMITS, "limits" }, { T_HANDLER, "handler" }, { T_ANSWER, "answer" },
	{ T_DURABLE, "durable" }, { T_CHANGES, "changes" }, { T_APPROVE, "approve" }, { T_EXAMPLE, "example" }, { T_BUILTIN, "builtin" },
	{ T_COMMAND, "command" }, { T_SHA256, "sha256" }, { T_ARGV, "argv" },
	{ T_BACKGROUND, "background" }, { T_MCP, "mcp" },
	{ T_TOOL, "tool" }, { T_RESIDENT, "resident" }, { T_TREE, "tree" }, { T_PRUNES, "prunes" },
	{ T_OPTIONAL, "optional" }, { T_UNUSED, "unused" }, { T_ENUM, "enum" }, { T_LIST, "list" },
	{ T_MAP, "map" }, { T_RECORD, "record" }, { T_DECIMAL, "decimal" }, { T_MAX, "max" },
	{ T_PATTERN, "pattern" },
};
enum { WORDS = sizeof words / sizeof *words };

/* Kinds of tokens, in the same way. */
static const struct word kinds[] = {
	{ T_WORD, "a name" }, { T_NAME, "a Name beginning with a capital" }, { T_STRING, "a string" },
	{ T_NUMBER, "a number" }, { T_ADDRESS, "an address" }, { T_TIME, "a time of day" },
	{ T_VERSION, "a version such as @1.0" }, { T_DOC, "documentation (///)" }, { CAP_END, "the end" },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What is said for several codes at once, if all of them are expected. */
static const struct group {
	const char *words;
	int code[16];                   /* up to CAP_END */
} groups[] = {
	{ "a clause (input, output, error, effect, labels, limits, handler, answer, changes, example)",
	  { T_INPUT, T_OUTPUT, T_ERROR, T_EFFECT, T_LABELS, T_LIMITS, T_HANDLER, T_ANSWER, T_CHANGES,
	    T_EXAMPLE } },
	{ "a type", { T_WORD, T_NAME, T_ENUM, T_LIST, T_MAP, T_RECORD, T_DECIMAL } },
	{ "a test such as size(content) < 10KiB, 'not' or '('", { T_LP, T_NOT, T_WORD, T_HAS, T_TRUE, T_FALSE, T_ANY, T_ALL, T_SIZE, T_IT, T_WORKSPACE } },
	{ "a field", { T_WORD, T_SIZE, T_ANY, T_ALL, T_WORKSPACE } },
	{ "a value", { T_STRING, T_NUMBER, T_WORD, T_ADDRESS, T_TIME } },
	{ "an operator (== != < <= > >= in under matches like contains, starts with, ends with)",
	  { T_EQ, T_NE, T_LT, T_LE, T_GT, T_GE, T_IN, T_UNDER, T_MATCHES, T_LIKE, T_CONTAINS, T_STARTS, T_ENDS } },
};
enum { GROUPS = sizeof groups / sizeof *groups };

const char *expect_word(int code)
{
	for (size_t i = 0; i < WORDS; i++)
		if (words[i].code == code)
			return words[i].word;
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].code == code)
			return kinds[i].word;
	return "";
}

/* What a `{` belongs to: inside one of its parts, or between them. */
static const char *block_context(int before, bool between)
{
	switch (before) {
	case T_INPUT:
		return between ? "input" : "a field of input";
	case T_OUTPUT:
		return between ? "output" : "a field of output";
	case T_RECORD:
		return between ? "a record" : "a field of a record";
	case T_LIMITS:
		return between ? "limits" : "a limit";
	case T_ENUM:
		return "an enum";
	case T_VERSION:
		return "a capability";
	}
	return "a record";
}

static const char *keyword_context(int code)
{
	switch (code) {
	case T_NAMESPACE:
		return "the namespace line";
	case T_TYPE:
		return "a type";
	case T_CAPABILITY:
		return "the first line of a capability";
	case T_INPUT:
	case T_OUTPUT:
		return "an input or output clause";
	case T_ERROR:
		return "an error clause";
	case T_EFFECT:
		return "an effect clause";
	case T_LABELS:
		return "a labels clause";
	case T_LIMITS:
		return "a limits clause";
	case T_HANDLER:
		return "a handler clause";
	case T_ANSWER:
		return "an answer clause";
	case T_CHANGES:
		return "a changes clause";
	case T_EXAMPLE:
		return "an example";
	case T_LB:
		return "a list";
	case T_ENTRY_FILE:
		return "a capability file";
	case T_ENTRY_CONDITION:
		return "a condition";
	case T_ENTRY_CALL:
		return "a call";
	case T_ENTRY_OPERAND:
		return "an operand";
	}
	return NULL;
}

const char *expect_context(const struct expect *x)
{
	if (cap_expects(x->parser, T_LABELS))
		return "a capability";
	for (size_t i = 0;; i++) {
		int code = cap_symbol(x->parser, i);
		const char *words_of = keyword_context(code);

		if (code == T_LC)
			words_of = block_context(cap_symbol(x->parser, i + 1), cap_expects(x->parser, T_RC));

		if (code == T_LC && cap_symbol(x->parser, i + 1) == T_STRING)
			return "an example";
		if (words_of)
			return words_of;
		if (code == -2)
			return "a capability file";
	}
}

struct krux_str expect_list(const struct expect *x)
{
	bool want[256] = { 0 }, said[256] = { 0 };
	const char *part[16];
	bool quoted[16];
	size_t n = 0;
	struct buf b = { 0 };
	struct krux_str s;

	for (size_t i = 0; i < WORDS; i++)
		want[words[i].code] = cap_expects(x->parser, words[i].code);
	for (size_t i = 0; i < KINDS; i++)
		want[kinds[i].code] = cap_expects(x->parser, kinds[i].code);
	want[T_CALLS] = want[T_CALLS] && !want[T_WORD];
	for (size_t g = 0; g < GROUPS; g++) {
		const int *c = groups[g].code;

		while (*c && want[*c] && !said[*c])
			c++;
		if (*c)
			continue;
		quoted[n] = false;
		part[n++] = groups[g].words;
		for (c = groups[g].code; *c; c++)
			said[*c] = true;
	}
	for (size_t i = 0; i < WORDS + KINDS && n < 15; i++) {
		const struct word *w = i < WORDS ? &words[i] : &kinds[i - WORDS];

		if (!want[w->code] || said[w->code])
			continue;
		quoted[n] = i < WORDS;
		part[n++] = w->word;
	}
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s%s%s", !i ? "" : i + 1 < n ? ", " : " or ", quoted[i] ? "'" : "", part[i],
		           quoted[i] ? "'" : "");
	s = arena_str(x->p->arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return s;
}

struct krux_str expect_found(const struct expect *x, int code, const struct token *t)
{
	int n = t->n > 40 ? 40 : (int)t->n;

	if (code == CAP_END)
		return KRUX_STR("the end");
	if (code == T_DOC)
		return KRUX_STR("documentation");
	while (n < (int)t->n && n && ((unsigned char)x->p->text.p[t->at + (uint32_t)n] & 0xC0) == 0x80)
		n--;
	if (code == T_STRING)
		return arena_printf(x->p->arena, "%.*s%s", n, x->p->text.p + t->at, n < (int)t->n ? "..." : "");
	return arena_printf(x->p->arena, "'%.*s%s'", n, x->p->text.p + t->at, n < (int)t->n ? "..." : "");
}

int expect_meant(const struct expect *x, const struct token *t)
{
	struct krux_str names[WORDS], nearest;
	int code[WORDS];
	size_t n = 0;

	for (size_t i = 0; i < WORDS; i++) {
		if (words[i].word[0] < 'a' || !cap_expects(x->parser, words[i].code))
			continue;
		names[n] = (struct krux_str){ words[i].word, strlen(words[i].word) };
		code[n++] = words[i].code;
	}
	nearest = t->n > 2 ? diag_nearest(t->text, names, n) : (struct krux_str){ 0 };
	for (size_t i = 0; i < n; i++)
		if (nearest.n && nearest.p == names[i].p)
			return code[i];
	return -1;
}
