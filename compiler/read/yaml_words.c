/* What libyaml says of a text that is no YAML, in words for people: its sentence in, a
 * diagnostic with code, place and fix out. One row a sentence. */
#include "compiler/read/yaml.h"

#include <string.h>

struct complaint {
	const char *problem;            /* libyaml's, up to its end or a prefix of it */
	const char *context;            /* NULL: any */
	unsigned code;
	bool at_context;                /* where it began tells more than where it was noticed */
	const char *text, *fix;
};

static const struct complaint complaints[] = {
	{ "mapping values are not allowed", NULL, 2002, false,
	  "a second key in one line: `: ` cannot stand inside a value without quotes",
	  "put the value in single quotes" },
	{ "did not find expected alphabetic", "while scanning an alias", 2004, true,
	  "`*` at the start of a value is an alias in YAML, and aliases are refused",
	  "put the value in quotes: \"*\"" },
	{ "did not find expected alphabetic", "while scanning an anchor", 2003, true,
	  "`&` at the start of a value is an anchor in YAML, and anchors are refused",
	  "put the value in quotes" },
	{ "found unexpected end of stream", "while scanning a quoted scalar", 2008, true,
	  "this quote is never closed", "close the quote" },
	{ "found unexpected document indicator", NULL, 2008, true,
	  "this quote is not closed before the end of the document", "close the quote" },
	{ "found unknown escape character", NULL, 2009, false, "no such escape in double quotes",
	  "write \\\\ for a backslash, or use single quotes" },
	{ "did not find expected hexdecimal number", NULL, 2009, false,
	  "an escape with too few hexadecimal digits", "\\x takes 2 digits, \\u takes 4, \\U takes 8" },
	{ "found invalid Unicode character escape", NULL, 2009, false,
	  "an escape that is no Unicode scalar value", "write the character itself" },
	{ "found character that cannot start any token", NULL, 2002, false,
	  "a value cannot begin with this character", "put the value in quotes" },
	{ "could not find expected ':'", NULL, 2002, true, "a key without `:`",
	  "write `key: value`, indented like its neighbours" },
	{ "block sequence entries are not allowed", NULL, 2002, false,
	  "a list item `-` cannot stand here", "begin the list on the line after its key" },
	{ "mapping keys are not allowed", NULL, 2002, false, "a key cannot stand here",
	  "begin the mapping on the line after its key" },
	{ "did not find expected key", NULL, 2010, false,
	  "expected a key here: the indentation fits no mapping that is open",
	  "indent the line like the keys it belongs to" },
	{ "did not find expected '-' indicator", NULL, 2010, false,
	  "expected a list item here: the indentation fits no list that is open",
	  "indent the line like the `-` of its neighbours" },
	{ "did not find expected ',' or ']'", NULL, 2002, true, "this `[` is not closed where it should be",
	  "separate the items by `,` and close the list with `]`" },
	{ "did not find expected ',' or '}'", NULL, 2002, true, "this `{` is not closed where it should be",
	  "separate the pairs by `,` and close the mapping with `}`" },
	{ "did not find expected node content", NULL, 2002, false, "expected a value here",
	  "put the value in quotes" },
	{ "found unexpected ':'", NULL, 2002, false, "`:` cannot stand inside a value without quotes here",
	  "put the value in quotes" },
	{ "did not find expected <document start>", NULL, 2002, false,
	  "text after the end of the document", "indent it like what it belongs to, or remove it" },
	{ "found a tab character", NULL, 2011, false, "a tab in the indentation", "indent with spaces" },
	{ "found an indentation indicator equal to 0", NULL, 2002, false,
	  "the indentation after `|` or `>` counts from 1", "leave the number out" },
	{ "did not find expected comment or line break", NULL, 2002, false,
	  "text after `|` or `>` in the same line", "begin the text on the next line" },
	{ "control characters are not allowed", NULL, 2012, false, "a control character",
	  "remove it, or write it as an escape in double quotes" },
};

/* Sentences that differ in detail but not in what to do. */
static bool of_tag(const char *context, const char *problem)
{
	return strstr(problem, "tag") || strstr(context, "tag") || strstr(problem, "expected '!'");
}

static bool of_directive(const char *context, const char *problem)
{
	return strstr(problem, "directive") || strstr(context, "directive") || strstr(problem, "YAML document");
}

/* Is the key before this colon the first thing of its line. */
static bool begins_line(struct span colon)
{
	const char *text = colon.src->text.p;
	size_t i = colon.at;

	while (i && text[i - 1] != '\n' && text[i - 1] != ' ')
		i--;
	if (i == colon.at)
		return false;
	while (i && text[i - 1] == ' ')
		i--;
	return !i || text[i - 1] == '\n';
}

/* libyaml looks for the colon of a key in its line, and no further than 1,024 characters. */
enum { KEY_MOST = 1024 };

static bool is_long_before(struct span colon)
{
	return colon.at > KEY_MOST && !memchr(colon.src->text.p + colon.at - KEY_MOST, '\n', KEY_MOST);
}

static bool is_long_behind(struct span key)
{
	return key.src && key.src->text.n - key.at > KEY_MOST && !memchr(key.src->text.p + key.at, '\n', KEY_MOST);
}

void yaml_complain(struct diags *ds, const char *problem, const char *context, struct span problem_at,
                   struct span context_at)
{
	struct diag *d;

	problem = problem ? problem : "";
	context = context ? context : "";
	if (problem_at.at < problem_at.src->text.n && problem_at.src->text.p[problem_at.at] == '\t')
		problem = "found a tab character";
	if (!strncmp(problem, "mapping values are not allowed", 30) && problem_at.at < problem_at.src->text.n &&
	    begins_line(problem_at)) {
		if (is_long_before(problem_at)) {
			diag_error(ds, 2002, problem_at, "a key of more than 1,024 characters")->expected =
				KRUX_STR("one of the keys of a policy file, or a name");
			return;
		}
		d = diag_error(ds, 2010, problem_at, "a key below another one that has a value already");
		d->fix = KRUX_STR("indent it like the key above it");
		return;
	}
	if (!strcmp(problem, "could not find expected ':'") && is_long_behind(context_at)) {
		d = diag_error(ds, 2002, context_at, "a key of more than 1,024 characters, or a line that is no `key: value`");
		d->fix = KRUX_STR("write `key: value`, indented like its neighbours; long text stands behind a key");
		return;
	}
	for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++) {
		const struct complaint *c = &complaints[i];

		if (strncmp(problem, c->problem, strlen(c->problem)) != 0 ||
		    (c->context && strcmp(context, c->context) != 0))
			continue;
		d = diag_error(ds, c->code, c->at_context && context_at.src ? context_at : problem_at, "%s",
		               c->text);
		d->fix = (struct krux_str){ c->fix, strlen(c->fix) };
		return;
	}
	if (of_directive(context, problem)) {
		d = diag_error(ds, 2007, context_at.src ? context_at : problem_at, "a line that begins with `%%` is a YAML directive, "
		               "and directives are refused");
		d->fix = KRUX_STR("remove the line");
	} else if (of_tag(context, problem)) {
		d = diag_error(ds, 2005, problem_at, "`!` at the start of a value is a tag in YAML, "
		               "and tags are refused");
		d->fix = KRUX_STR("put the value in quotes");
	} else {
		d = diag_error(ds, 2002, problem_at, "this is not YAML: %s", *problem ? problem : "unreadable");
		d->expected = KRUX_STR("mappings, lists, and plain, quoted or block text");
	}
}
