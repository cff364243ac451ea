/* Interpreters: may these arguments reach this program. Where it is not certain that an
 * argument stays data, the answer is no. */
#include "compiler/model/interpreter.h"

#include <string.h>

#include "compiler/model/pattern.h"

static const struct interpreter interpreters[] = {
#define INTERPRETER(name, way, harmless, code) { name, WAY_##way, harmless, code },
#include "compiler/model/interpreters.def"
#undef INTERPRETER
};

/* ---- the table ---- */

static bool is_version(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '.' && s.p[i] != '-')
			return false;
	return true;
}

static bool ends(struct krux_str s, const char *tail)
{
	size_t n = strlen(tail);

	return s.n > n && !memcmp(s.p + s.n - n, tail, n);
}

/* The name without one thing that distributions put around names: what machine it is for, or how it
 * was built. Unchanged: there is none. */
static struct krux_str plainer(struct krux_str s)
{
	static const char *const builds[] = { "-static", ".static", "-multiarch", "-minimal", ".distrib", ".real",
	                                      "-debug", "-dbg", "-wrapped", ".exe" };
	static const char *const systems[] = { "-linux-gnu", "-linux-musl", "-pc-linux", "-unknown-linux" };
	const char *at;

	for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
		if (ends(s, builds[i]))
			return (struct krux_str){ s.p, s.n - strlen(builds[i]) };
	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
		const char *dash, *rest;

		at = memmem(s.p, s.n, systems[i], strlen(systems[i]));
		if (!at)
			continue;
		/* "x86_64-linux-gnu-gcc", or "perl5.36-x86_64-linux-gnu". */
		rest = at + strlen(systems[i]);
		rest = memchr(rest, '-', (size_t)(s.p + s.n - rest));
		dash = memrchr(s.p, '-', (size_t)(at - s.p));
		if (rest && rest + 1 < s.p + s.n)
			return (struct krux_str){ rest + 1, (size_t)(s.p + s.n - rest) - 1 };
		if (dash && dash > s.p)
			return (struct krux_str){ s.p, (size_t)(dash - s.p) };
	}
	return s;
}

static const struct interpreter *row_find(struct krux_str file)
{
	for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++) {
		const char *name = interpreters[i].name;
		size_t n = strlen(name);
		bool star = name[n - 1] == '*';

		n -= star;
		if (file.n >= n && !memcmp(file.p, name, n) &&
		    (star || is_version((struct krux_str){ file.p + n, file.n - n })))
			return &interpreters[i];
	}
	return NULL;
}

const struct interpreter *interpreter_find(struct krux_str file)
{
	for (;;) {
		const struct interpreter *in = row_find(file);
		struct krux_str next = plainer(file);

		if (in || next.n == file.n)
			return in;
		file = next;
	}
}

/* Is it a beginning of that long option; whether another begins so as well is not known here. */
static bool abbreviates(struct krux_str s, const char *option, size_t n)
{
	const char *value = s.n ? memchr(s.p, '=', s.n) : NULL;
	size_t length = value ? (size_t)(value - s.p) : s.n;

	return length > 2 && length < n && s.p[0] == '-' && s.p[1] == '-' && !memcmp(s.p, option, length);
}

bool interpreter_option(const char *options, struct krux_str s)
{
	while (*options) {
		size_t n = strcspn(options, " ");

		/* "-c", "-cCODE" and "--eval", "--eval=CODE", "--ev=CODE". */
		if (s.n >= n && !memcmp(s.p, options, n) &&
		    (s.n == n || options[1] != '-' || s.p[n] == '='))
			return true;
		if (abbreviates(s, options, n))
			return true;
		options += n + (options[n] == ' ');
	}
	return false;
}

/* Is that constant exactly one of the options. */
static bool option_is(const char *options, struct krux_str s)
{
	while (*options) {
		size_t n = strcspn(options, " ");

		if (s.n == n && !memcmp(s.p, options, n))
			return true;
		options += n + (options[n] == ' ');
	}
	return false;
}

/* ---- values as text ---- */

static const struct regex *pattern_of(struct arena *a, const struct krux_type *t)
{
	const char *why;
	size_t at;

	return t->pattern.n ? regex_parse(a, t->pattern, &why, &at) : NULL;
}

bool text_can_start(struct arena *a, const struct krux_type *t, char c)
{
	const struct regex *r;

	switch (t->kind) {
	case KRUX_T_STRING:
		r = pattern_of(a, t);
		return !r || regex_can_start(r, (unsigned char)c);
	case KRUX_T_SECRET:
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		       c == '-';
	case KRUX_T_INT:
	case KRUX_T_DECIMAL:
		return (c == '-' && t->lo < 0) || (c >= '0' && c <= '9');
	case KRUX_T_ENUM:
		for (size_t i = 0; i < t->nnames; i++)
			if (t->name[i].n && t->name[i].p[0] == c)
				return true;
		return false;
	case KRUX_T_PATH:
		return c == '/';
	default:
		/* Digits, letters, and ':' of addresses. */
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_';
	}
}

bool text_can_hold(struct arena *a, const struct krux_type *t, char c)
{
	const struct regex *r;

	switch (t->kind) {
	case KRUX_T_STRING:
		r = pattern_of(a, t);
		return !r || regex_can_hold(r, (unsigned char)c);
	case KRUX_T_PATH:
	case KRUX_T_URL:
		return true;
	default:
		return c != '=' && c != '\n';
	}
}

/* ---- what an argument may not be ---- */

static const struct krux_type *item_type(const struct argv_item *item)
{
	const struct krux_type *t = item->access.type;

	return item->kind == ARGV_EACH ? t->elem : t;
}

static bool is_option(const struct argv_item *item)
{
	return item->kind == ARGV_CONST && item->text.n > 1 && item->text.p[0] == '-' &&
	       !krux_str_eq(item->text, KRUX_STR("--"));
}

static bool outside_workspace(struct krux_str path)
{
	static const char workspace[] = "/workspace";
	size_t n = sizeof workspace - 1;

	return path.n && path.p[0] == '/' && !memmem(path.p, path.n, "/../", 4) &&
	       !(path.n >= n && !memcmp(path.p, workspace, n) && (path.n == n || path.p[n] == '/'));
}

/* A script that is fixed comes before any field; what follows it is data of the script. */
static const char *script_refuse(const struct interpreter *in, const struct argv_item *item,
                                 size_t n, size_t *at)
{
	size_t i = 0;

	while (i < n && is_option(&item[i]) && option_is(in->harmless, item[i].text))
		i++;
	*at = i;
	if (i < n && item[i].kind == ARGV_CONST && krux_str_eq(item[i].text, KRUX_STR("--")))
		*at = ++i;
	if (i == n || item[i].kind != ARGV_CONST)
		return "an argument controls the script that is run";
	if (is_option(&item[i]))
		return interpreter_option(in->code, item[i].text)
			? "an option that takes code stands beside an argument"
			: "an option that could take code stands beside an argument";
	if (!outside_workspace(item[i].text))
		return "the script is not a fixed file outside of the workspace";
	return NULL;
}

/* Is it a constant program: the first that is no option, or the value of one. */
static bool is_program(const struct interpreter *in, struct krux_str s)
{
	const char *value = s.n ? memchr(s.p, '=', s.n) : NULL;

	return s.n && (s.p[0] != '-' || (value && (s.p[1] != '-' || option_is(in->code, (struct krux_str){ s.p, (size_t)(value - s.p) })) &&
	                                 interpreter_option(in->code, s)));
}

static const char *text_refuse(struct arena *a, const struct interpreter *in,
                               const struct argv_item *item, size_t n, size_t *at)
{
	/* Options that are followed by the program, and those before it of which nothing says that they have no
	 * value: so many constants are no program. */
	static const char give[] = "-e -f -E --expression --file --source --exec";
	bool program = false;
	size_t values = 0;

	for (size_t i = 0; i < n; i++) {
		*at = i;
		if (item[i].kind == ARGV_CONST) {
			if (program || option_is(in->harmless, item[i].text))
				continue;
			if (!is_program(in, item[i].text))
				values += !option_is(give, item[i].text) && !(item[i].text.n && memchr(item[i].text.p, '=', item[i].text.n));
			else if (values)
				values--;
			else
				program = true;
			continue;
		}
		if (!program)
			return "an argument controls the program that is run";
		if (item[i].kind == ARGV_JOINED)
			return "an argument controls an option or a variable";
		if (item_type(&item[i])->kind != KRUX_T_PATH &&
		    text_can_hold(a, item_type(&item[i]), '='))
			return "an argument could set a variable";
	}
	return NULL;
}

/* The first argument of tar is its options, without a dash too; whose values follow is not followed here. */
static const char *letters_refuse(const struct argv_item *item, size_t n, size_t *at)
{
	const struct krux_str first = n && item[0].kind == ARGV_CONST ? item[0].text : KRUX_STR("");

	if (!first.n || first.p[0] == '-' || !(memchr(first.p, 'I', first.n) || memchr(first.p, 'F', first.n)))
		return NULL;
	for (*at = 1; *at < n; ++*at)
		if (item[*at].kind != ARGV_CONST)
			return "an argument controls an option that takes code";
	return NULL;
}

static const char *rules_refuse(struct arena *a, const struct argv_item *item, size_t n, size_t *at)
{
	for (size_t i = 0; i < n; i++) {
		*at = i;
		if (item[i].kind == ARGV_CONST)
			continue;
		if (item[i].kind == ARGV_JOINED || text_can_hold(a, item_type(&item[i]), '='))
			return "an argument could set a variable";
	}
	return NULL;
}

static const char *search_refuse(struct arena *a, const struct interpreter *in,
                                 const struct argv_item *item, size_t n, size_t *at)
{
	bool command = false;

	for (size_t i = 0; i < n; i++) {
		*at = i;
		if (item[i].kind == ARGV_CONST) {
			command = command || interpreter_option(in->code, item[i].text);
			continue;
		}
		if (command)
			return "an argument stands in a command that is run";
		for (const char *c = "-(!,)"; *c; c++)
			if (item[i].kind == ARGV_JOINED && item[i].text.n
			            ? item[i].text.p[0] == *c
			            : text_can_start(a, item_type(&item[i]), *c))
				return "an argument could be a part of the expression";
	}
	return NULL;
}

/* Is a letter among those of "-czf" an option that takes code. */
static bool letters_hold(const char *options, struct krux_str s)
{
	if (s.n < 3 || s.p[1] == '-')
		return false;
	for (; *options; options += strcspn(options, " "), options += *options == ' ')
		if (options[0] == '-' && options[1] && (!options[2] || options[2] == ' ') && memchr(s.p + 1, options[1], s.n - 1))
			return true;
	return false;
}

/* What names an operation comes first, and is constant; some operations run their arguments. */
static const char *verb_refuse(const struct interpreter *in, const struct argv_item *item, size_t n, size_t *at)
{
	bool runs = false, verb = false;

	for (size_t i = 0; i < n; i++) {
		*at = i;
		if (item[i].kind == ARGV_CONST) {
			bool first = !verb && !is_option(&item[i]) && !(i && is_option(&item[i - 1]) && option_is(in->harmless, item[i - 1].text));

			runs = runs || (first && option_is(in->code, item[i].text));
			verb = verb || first;
			continue;
		}
		if (!verb)
			return "an argument controls which operation is run";
		if (runs)
			return "an argument controls an operation that runs commands or sets them";
	}
	return NULL;
}

/* A value of an option that takes code, or a file of options. */
static const char *code_refuse(struct arena *a, const struct interpreter *in, const struct argv_item *item, size_t n,
                               size_t *at)
{
	bool files = option_is(in->code, KRUX_STR("@"));

	for (size_t i = 0; i < n; i++) {
		*at = i;
		if (item[i].kind == ARGV_CONST)
			continue;
		if (files && (item[i].kind == ARGV_JOINED && item[i].text.n ? item[i].text.p[0] == '@'
		                                                            : text_can_start(a, item_type(&item[i]), '@')))
			return "an argument could name a file of options";
		if (item[i].kind == ARGV_JOINED && item[i].text.n && item[i].text.p[0] == '-' &&
		    interpreter_option(in->code, item[i].text))
			return "an argument controls an option that takes code";
		if (i && is_option(&item[i - 1]) &&
		    (interpreter_option(in->code, item[i - 1].text) || letters_hold(in->code, item[i - 1].text)))
			return "an argument controls an option that takes code";
	}
	return NULL;
}

const char *interpreter_refuse(struct arena *a, const struct interpreter *in,
                               const struct argv_item *item, size_t n, size_t *at)
{
	const char *why = NULL;
	size_t first = 0;

	while (first < n && item[first].kind == ARGV_CONST)
		first++;
	if (first == n)
		return NULL;
	switch (in->way) {
	case WAY_SCRIPT:
		return script_refuse(in, item, n, at);
	case WAY_TEXT:
		why = text_refuse(a, in, item, n, at);
		break;
	case WAY_RULES:
		why = rules_refuse(a, item, n, at);
		break;
	case WAY_SEARCH:
		why = search_refuse(a, in, item, n, at);
		break;
	case WAY_VERB:
		why = code_refuse(a, in, item, n, at);
		why = why ? why : verb_refuse(in, item, n, at);
		break;
	case WAY_ANY:
		*at = first;
		return "it runs what it is given, so it takes no argument of a call at all";
	case WAY_PLAIN:
		why = strcmp(in->name, "tar") == 0 ? letters_refuse(item, n, at) : NULL;
		break;
	}
	return why ? why : code_refuse(a, in, item, n, at);
}
