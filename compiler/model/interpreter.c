/* Interpreters: may these arguments reach this program. Where it is not certain that an
 * argument stays data, the answer is no. */
#include "compiler/model/interpreter.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/pattern.h"

#define NO_OPERATION KRUX_STR("")

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

/* ---- options ---- */

/* The next word of a row's list; n 0: none is left. */
static struct krux_str word_next(const char **list)
{
	const char *word = *list;
	size_t n = strcspn(word, " ");

	*list = word + n + (word[n] == ' ');
	return (struct krux_str){ word, n };
}

/* The option that a word means where that operation is run ("merge:-s"); n 0: none. */
static struct krux_str option_of(struct krux_str word, struct krux_str operation)
{
	const char *colon = word.p[0] == '-' ? NULL : memchr(word.p, ':', word.n);
	size_t n = colon ? (size_t)(colon - word.p) : 0;

	if (!colon)
		return word;
	if (!krux_str_eq((struct krux_str){ word.p, n }, operation))
		return KRUX_STR("");
	return (struct krux_str){ colon + 1, word.n - n - 1 };
}

static bool begins(struct krux_str s, struct krux_str with)
{
	return s.n >= with.n && !memcmp(s.p, with.p, with.n);
}

/* "-c", "-cCODE" and "--eval", "--eval=CODE", "--ev=CODE"; whether another option begins with "--ev" as well
 * is not known here. */
static bool is_written(struct krux_str option, struct krux_str s)
{
	const char *value = s.n ? memchr(s.p, '=', s.n) : NULL;
	size_t length = value ? (size_t)(value - s.p) : s.n;

	if (begins(s, option))
		return s.n == option.n || option.p[1] != '-' || s.p[option.n] == '=';
	return length > 2 && begins(s, KRUX_STR("--")) && begins(option, (struct krux_str){ s.p, length });
}

/* Is a letter of "-czf" that option of one letter. */
static bool is_letter(struct krux_str option, struct krux_str s)
{
	return option.n == 2 && option.p[0] == '-' && s.n > 2 && s.p[0] == '-' && s.p[1] != '-' &&
	       memchr(s.p + 1, option.p[1], s.n - 1);
}

/* Is that constant one of the options that take code, with a value attached or among letters too. */
static bool takes_code(const struct interpreter *in, struct krux_str operation, struct krux_str s)
{
	const char *list = in->code;

	while (*list) {
		struct krux_str option = option_of(word_next(&list), operation);

		if (option.n && (is_written(option, s) || is_letter(option, s)))
			return true;
	}
	return false;
}

/* Is that constant exactly one of the words. */
static bool is_among(const char *list, struct krux_str s)
{
	while (*list)
		if (krux_str_eq(word_next(&list), s))
			return true;
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

/* Where the first stands that is no constant; n: nowhere. */
static size_t field_first(const struct argv_item *item, size_t n)
{
	size_t i = 0;

	while (i < n && item[i].kind == ARGV_CONST)
		i++;
	return i;
}

static bool is_option(const struct argv_item *item)
{
	return item->kind == ARGV_CONST && item->text.n > 1 && item->text.p[0] == '-' &&
	       !krux_str_eq(item->text, KRUX_STR("--"));
}

/* Is it a file whose content no call and no process decides, as far as a path can tell. */
static bool is_fixed(struct krux_str path)
{
	static const char others[] = "/workspace /tmp /var/tmp /dev /proc /sys /run /var/run /var/lock";
	char canon[4096];
	const char *why, *list = others;
	int n = krux_canon_path(path, canon, sizeof canon, &why);

	if (n < 2 || !krux_str_eq(path, (struct krux_str){ canon, (size_t)n }))
		return false;
	while (*list) {
		struct krux_str folder = word_next(&list);

		if (begins(path, folder) && (path.n == folder.n || path.p[folder.n] == '/'))
			return false;
	}
	return true;
}

/* What is known of a script by its name; names with a star are those of programs. */
static const struct interpreter *script_row(struct krux_str path)
{
	const char *slash = memrchr(path.p, '/', path.n);
	const struct interpreter *in = interpreter_find((struct krux_str){ slash + 1, (size_t)(path.p + path.n - slash) - 1 });

	return in && !strchr(in->name, '*') ? in : NULL;
}

/* A script that is fixed comes before any field; what follows it is data of the script. */
static const char *script_refuse(struct arena *a, const struct interpreter *in, const struct argv_item *item,
                                 size_t n, size_t *at)
{
	const struct interpreter *script;
	size_t i = 0;

	while (i < n && is_option(&item[i]) && is_among(in->harmless, item[i].text))
		i++;
	*at = i;
	if (i < n && item[i].kind == ARGV_CONST && krux_str_eq(item[i].text, KRUX_STR("--")))
		*at = ++i;
	if (i == n || item[i].kind != ARGV_CONST)
		return "an argument controls the script that is run";
	if (is_option(&item[i]))
		return takes_code(in, NO_OPERATION, item[i].text)
			? "an option that takes code stands beside an argument"
			: "an option that could take code stands beside an argument";
	if (!is_fixed(item[i].text))
		return "the script is not a fixed file outside of the workspace";
	script = script_row(item[i].text);
	if (script && interpreter_refuse(a, script, item + i + 1, n - i - 1, at)) {
		*at += i + 1;
		return "a script of that name runs what it is given";
	}
	return NULL;
}

/* Do the constants say the program: behind an option that takes it, or as the first that is neither an option
 * nor what an option may have for its value. */
static bool is_program_given(const struct interpreter *in, const struct argv_item *item, size_t n)
{
	static const char takers[] = "-e -f -E --expression --file --source --exec";

	for (size_t i = 0; i < n; i++) {
		struct krux_str s = item[i].text;
		const char *value = s.n ? memchr(s.p, '=', s.n) : NULL;

		if (is_among(in->harmless, s))
			continue;
		if (!is_option(&item[i]))
			return !krux_str_eq(s, KRUX_STR("--")) || i + 1 < n;
		if (is_among(takers, s))
			return i + 1 < n;
		if (value && s.p[1] == '-' && is_among(takers, (struct krux_str){ s.p, (size_t)(value - s.p) }))
			return true;
		/* Of any other option nothing says whether the next is its value. */
		i += !value;
	}
	return false;
}

static const char *text_refuse(struct arena *a, const struct interpreter *in,
                               const struct argv_item *item, size_t n, size_t *at)
{
	*at = field_first(item, n);
	if (!is_program_given(in, item, *at))
		return "an argument controls the program that is run";
	for (size_t i = *at; i < n; i++) {
		*at = i;
		if (item[i].kind == ARGV_CONST)
			continue;
		if (item[i].kind == ARGV_JOINED)
			return "an argument controls an option or a variable";
		if (item_type(&item[i])->kind != KRUX_T_PATH &&
		    text_can_hold(a, item_type(&item[i]), '='))
			return "an argument could set a variable";
	}
	return NULL;
}

/* The first argument is the letters of options; which of them takes which value is not followed here. */
static const char *letters_refuse(const struct interpreter *in, const struct argv_item *item, size_t n, size_t *at)
{
	char dashed[64] = "-";

	*at = field_first(item, n);
	if (!*at && item[0].kind != ARGV_JOINED)
		return item_type(&item[0])->kind == KRUX_T_PATH ? NULL : "an argument controls the letters of options";
	if (!item[0].text.n || item[0].text.p[0] == '-')
		return NULL;
	if (!*at)
		return "an argument controls the letters of options";
	if (item[0].text.n + 2 > sizeof dashed)
		return "an argument stands behind too many letters of options";
	memcpy(dashed + 1, item[0].text.p, item[0].text.n);
	return takes_code(in, NO_OPERATION, (struct krux_str){ dashed, item[0].text.n + 1 })
		? "an argument controls an option that takes code"
		: NULL;
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
			command = command || takes_code(in, NO_OPERATION, item[i].text);
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

/* Where the operation stands: the first constant that is neither an option nor the value of one; n: nowhere. */
static size_t operation_at(const struct interpreter *in, const struct argv_item *item, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool value = i && is_option(&item[i - 1]) && is_among(in->harmless, item[i - 1].text);

		if (item[i].kind == ARGV_CONST && !is_option(&item[i]) && !value)
			return i;
	}
	return n;
}

/* What names an operation comes first, and is constant; some operations run their arguments. */
static const char *verb_refuse(const struct interpreter *in, const struct argv_item *item, size_t n, size_t *at)
{
	size_t operation = operation_at(in, item, n);

	*at = field_first(item, n);
	if (*at < operation)
		return "an argument controls which operation is run";
	return is_among(in->code, item[operation].text)
		? "an argument controls an operation that runs commands or sets them"
		: NULL;
}

/* A value of an option that takes code, or a file of options. */
static const char *code_refuse(struct arena *a, const struct interpreter *in, const struct argv_item *item, size_t n,
                               size_t *at)
{
	size_t verb = in->way == WAY_VERB ? operation_at(in, item, n) : n;
	struct krux_str operation = verb < n ? item[verb].text : NO_OPERATION;
	bool files = is_among(in->code, KRUX_STR("@"));

	for (size_t i = 0; i < n; i++) {
		bool joined = item[i].kind == ARGV_JOINED && item[i].text.n;

		*at = i;
		if (item[i].kind == ARGV_CONST)
			continue;
		if (files && (joined ? item[i].text.p[0] == '@' : text_can_start(a, item_type(&item[i]), '@')))
			return "an argument could name a file of options";
		if ((joined && item[i].text.p[0] == '-' && takes_code(in, operation, item[i].text)) ||
		    (i && is_option(&item[i - 1]) && takes_code(in, operation, item[i - 1].text)))
			return "an argument controls an option that takes code";
	}
	return NULL;
}

const char *interpreter_refuse(struct arena *a, const struct interpreter *in,
                               const struct argv_item *item, size_t n, size_t *at)
{
	const char *why = NULL;

	*at = field_first(item, n);
	if (*at == n)
		return NULL;
	switch (in->way) {
	case WAY_SCRIPT:
		return script_refuse(a, in, item, n, at);
	case WAY_ANY:
		return "it runs what it is given, so it takes no argument of a call at all";
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
		return why ? why : verb_refuse(in, item, n, at);
	case WAY_LETTERS:
		why = letters_refuse(in, item, n, at);
		break;
	case WAY_PLAIN:
		break;
	}
	return why ? why : code_refuse(a, in, item, n, at);
}
