/* Fixes of misuses: the same command, written in a way that a usage has. */
#include "compiler/model/program_name.h"
#include "compiler/model/usage.h"

#include <string.h>

static bool is_dashes(const struct argv_item *item)
{
	return item->kind == ARGV_CONST && krux_str_eq(item->text, KRUX_STR("--"));
}

static bool is_option(const struct argv_item *item)
{
	return item->kind == ARGV_CONST && item->text.n > 1 && item->text.p[0] == '-';
}

static struct argv_item constant(const char *p, size_t n)
{
	return (struct argv_item){ .kind = ARGV_CONST, .text = { p, n } };
}

/* Do `put` items in place of those from `at` to `end` fit, whatever may be wrong further on. */
static bool takes_instead(struct arena *a, const struct given *c, size_t at, size_t end, const struct argv_item *put,
                          size_t nput)
{
	struct argv_item *item = ARENA_ARRAY(a, struct argv_item, c->n + nput);
	const struct given instead = { c->file, item, at + nput + c->n - end, c->labelled };
	struct misuse m;

	memcpy(item, c->item, at * sizeof *item);
	if (nput)
		memcpy(item + at, put, nput * sizeof *item);
	memcpy(item + at + nput, c->item + end, (c->n - end) * sizeof *item);
	return !usage_refuse(a, &instead, &m) || m.at >= at + (nput ? nput : 1);
}

/* Would a "--" before item j do instead of the one at `at`. */
static bool takes_moved(struct arena *a, const struct given *c, size_t at, size_t j)
{
	struct argv_item *item = ARENA_ARRAY(a, struct argv_item, c->n);
	const struct given moved = { c->file, item, c->n, c->labelled };
	struct misuse m;

	memcpy(item, c->item, c->n * sizeof *item);
	memmove(item + j + 1, item + j, (at - j) * sizeof *item);
	item[j] = c->item[at];
	return !usage_refuse(a, &moved, &m);
}

static struct krux_str dashes_fix(struct arena *a, const struct given *c, size_t at)
{
	/* No option gets behind it. */
	for (size_t j = at; j-- && !is_option(&c->item[j]);)
		if (takes_moved(a, c, at, j))
			return c->item[j].kind == ARGV_CONST
			       ? arena_printf(a, "put the \"--\" before \"%.*s\"", STR_ARG(c->item[j].text))
			       : arena_printf(a, "put the \"--\" before `%.*s`", STR_ARG(c->item[j].access.text));
	return takes_instead(a, c, at, at + 1, NULL, 0) ? KRUX_STR("leave the \"--\" out, and let nothing behind it begin with '-'")
	                                                : KRUX_STR("");
}

/* "-rnk2" as "-r", "-n", "-k", "2": some letters, and what is left as the value of the last of them. */
static struct krux_str letters_fix(struct arena *a, const struct given *c, size_t at)
{
	struct krux_str s = c->item[at].text, said = KRUX_STR("write it in parts:");
	struct argv_item *put = ARENA_ARRAY(a, struct argv_item, s.n);
	char *letters = arena_get(a, 2 * s.n);
	size_t n = 0;

	for (size_t i = s.n - 1; i && !n; i--) {
		size_t value = i + 1 < s.n;

		for (size_t k = 0; k < i; k++) {
			memcpy(letters + 2 * k, (char[]){ '-', s.p[k + 1] }, 2);
			put[k] = constant(letters + 2 * k, 2);
		}
		if (value)
			put[i] = constant(s.p + i + 1, s.n - i - 1);
		if (takes_instead(a, c, at, at + 1, put, i + value))
			n = i + value;
	}
	for (size_t k = 0; k < n; k++)
		said = arena_printf(a, "%.*s%s \"%.*s\"", STR_ARG(said), k ? "," : "", STR_ARG(put[k].text));
	return n ? said : KRUX_STR("");
}

/* "--indent=2" as "--indent", "2". */
static struct krux_str apart_fix(struct arena *a, const struct given *c, size_t at, size_t equals)
{
	struct krux_str s = c->item[at].text;
	struct argv_item put[] = { constant(s.p, equals), constant(s.p + equals + 1, s.n - equals - 1) };

	return takes_instead(a, c, at, at + 1, put, 2)
	       ? arena_printf(a, "write it in parts: \"%.*s\", \"%.*s\"", STR_ARG(put[0].text), STR_ARG(put[1].text)) : KRUX_STR("");
}

/* "--tries", n as "--tries=" + n. */
static struct krux_str joined_fix(struct arena *a, const struct given *c, size_t at)
{
	struct krux_str option = c->item[at].text;
	struct argv_item put = c->item[at + 1];
	bool field = put.kind == ARGV_FIELD;

	if (!field && put.kind != ARGV_CONST)
		return KRUX_STR("");
	put.kind = field ? ARGV_JOINED : ARGV_CONST;
	put.text = arena_printf(a, "%.*s=%.*s", STR_ARG(option), field ? 0 : (int)put.text.n, field ? "" : put.text.p);
	if (!takes_instead(a, c, at, at + 2, &put, 1))
		return KRUX_STR("");
	return field ? arena_printf(a, "join its value to it: \"%.*s\" + %.*s", STR_ARG(put.text), STR_ARG(put.access.text))
	             : arena_printf(a, "join its value to it: \"%.*s\"", STR_ARG(put.text));
}

/* "--reverse" as "-r", where that is what a usage has. */
static struct krux_str short_fix(struct arena *a, const struct given *c, size_t at)
{
	static const struct { const char *program, *word, *shorter; } known[] = {
		{ "sort", "--reverse", "-r" }, { "sort", "--numeric-sort", "-n" }, { "sort", "--unique", "-u" },
		{ "sort", "--key", "-k" }, { "sort", "--ignore-case", "-f" }, { "sort", "--output", "-o" },
		{ "curl", "--silent", "-s" }, { "curl", "--show-error", "-S" }, { "curl", "--fail", "-f" },
		{ "curl", "--location", "-L" }, { "curl", "--head", "-I" }, { "curl", "--output", "-o" },
		{ "wget", "--quiet", "-q" }, { "wget", "--output-document", "-O" },
		{ "jq", "--raw-output", "-r" }, { "jq", "--compact-output", "-c" }, { "jq", "--exit-status", "-e" },
		{ "jq", "--slurp", "-s" }, { "jq", "--sort-keys", "-S" }, { "jq", "--null-input", "-n" },
		{ "jq", "--join-output", "-j" }, { "rg", "--ignore-case", "-i" }, { "rg", "--line-number", "-n" },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct argv_item put = constant(known[i].shorter, strlen(known[i].shorter));

		if (program_is(known[i].program, c->file) && krux_str_eq(c->item[at].text, ((struct krux_str){ known[i].word, strlen(known[i].word) })) &&
		    takes_instead(a, c, at, at + 1, &put, 1))
			return arena_printf(a, "write it short: \"%s\"", known[i].shorter);
	}
	return KRUX_STR("");
}

/* "czf" as "-czf". */
static struct krux_str dash_fix(struct arena *a, const struct given *c, size_t at)
{
	struct krux_str s = c->item[at].text;
	struct argv_item put = { .kind = ARGV_CONST, .text = arena_printf(a, "-%.*s", STR_ARG(s)) };

	return at == 0 && s.n && takes_instead(a, c, at, at + 1, &put, 1)
	       ? arena_printf(a, "write it with its dash: \"%.*s\"", STR_ARG(put.text)) : KRUX_STR("");
}

/* "-c", "-z", "-f" as "-czf". */
static struct krux_str together_fix(struct arena *a, const struct given *c, size_t at)
{
	struct argv_item put = { .kind = ARGV_CONST, .text = KRUX_STR("-") };
	size_t end = at;

	while (end < c->n && is_option(&c->item[end]) && c->item[end].text.n == 2 && !is_dashes(&c->item[end]))
		put.text = arena_printf(a, "%.*s%c", STR_ARG(put.text), c->item[end++].text.p[1]);
	return end > at + 1 && takes_instead(a, c, at, end, &put, 1)
	       ? arena_printf(a, "write it in one: \"%.*s\"", STR_ARG(put.text)) : KRUX_STR("");
}

struct krux_str usage_fix(struct arena *a, const struct given *c, size_t at)
{
	const size_t most = 64;            /* of letters: no command that somebody means has more */
	struct krux_str s = at < c->n ? c->item[at].text : KRUX_STR("");
	const char *equals;

	if (at < c->n && c->item[at].kind == ARGV_CONST && !is_option(&c->item[at]))
		return dash_fix(a, c, at);
	if (at >= c->n || !is_option(&c->item[at]))
		return KRUX_STR("");
	if (is_dashes(&c->item[at]))
		return dashes_fix(a, c, at);
	equals = memchr(s.p, '=', s.n);
	if (s.p[1] == '-' && equals)
		return apart_fix(a, c, at, (size_t)(equals - s.p));
	if (s.p[1] == '-') {
		struct krux_str fix = short_fix(a, c, at);

		return !fix.n && at + 1 < c->n ? joined_fix(a, c, at) : fix;
	}
	if (s.n == 2)
		return together_fix(a, c, at);
	return s.n > 2 && s.n < most ? letters_fix(a, c, at) : KRUX_STR("");
}
