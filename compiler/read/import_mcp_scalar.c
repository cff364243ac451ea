/* Strings, enums and numbers of JSON Schema to types. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/read/import_mcp.h"

/* ---- JSON ---- */

bool json_is(struct krux_str s, const char *word)
{
	return s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

const struct krux_value *json_get(const struct krux_value *map, const char *key)
{
	return map && map->kind == KRUX_V_MAP ? krux_value_get(map, key) : NULL;
}

struct krux_str json_text(const struct krux_value *map, const char *key)
{
	const struct krux_value *v = json_get(map, key);

	return v && v->kind == KRUX_V_TEXT ? v->str : (struct krux_str){ 0 };
}

bool json_whole(const struct krux_value *v, krux_i128 *out)
{
	const char *why;

	return v && v->kind == KRUX_V_NUMBER && krux_read_integer(v->str, out, &why) &&
	       *out >= INT64_MIN && *out <= INT64_MAX;
}

void maker_changed(struct maker *m, const char *what)
{
	import_note(m->im, m->notes, IMPORT_CHANGED, m->at, "%.*s: %s", STR_ARG(m->field), what);
}

struct made made_of(const char *type, const char *sample)
{
	return (struct made){ .type = { type, strlen(type) }, .sample = { sample, strlen(sample) } };
}

uint64_t scalar_wire(struct krux_str type)
{
	if (type.n > 11 && !memcmp(type.p, "string max ", 11))
		return strtoull(type.p + 11, NULL, 10) + 5;
	return json_is(type, "url") ? KRUX_MAX_URL + 64 : json_is(type, "path") ? KRUX_MAX_PATH + 5 : KRUX_MAX_NAME + 5;
}

/* ---- strings ---- */

/* An expression in their notation, found anywhere, as one in ours, of the whole; n 0: none. */
static struct krux_str pattern_of(struct maker *m, struct krux_str theirs)
{
	struct krux_str p = theirs, ours;
	bool from = p.n && p.p[0] == '^', to;
	const char *why;

	if (from) {
		p.p++;
		p.n--;
	}
	to = p.n && p.p[p.n - 1] == '$' && !(p.n > 1 && p.p[p.n - 2] == '\\');
	p.n -= to;
	/* Anchors bind tighter than `|`, and .* is not what a pattern with it would mean. */
	if (memchr(p.p, '|', p.n) && !(from && to && p.n > 1 && p.p[0] == '(' && !memchr(p.p + 1, '(', p.n - 1) &&
	                               p.p[p.n - 1] == ')'))
		return (struct krux_str){ 0 };
	/* Groups that do not capture are ours without the sign. */
	if (memmem(p.p, p.n, "(?", 2))
		return (struct krux_str){ 0 };
	ours = arena_printf(m->im->arena, "%s%.*s%s", from ? "" : ".*", STR_ARG(p), to ? "" : ".*");
	return krux_pattern_compile(arena_pool(m->im->arena), ours, &why) ? ours : (struct krux_str){ 0 };
}

/* Does the sample match; if not, the type goes without the pattern rather than the example
 * without a value. */
static bool matches(struct maker *m, struct krux_str pattern, struct krux_str sample)
{
	const char *why;
	struct krux_pattern *p = krux_pattern_compile(arena_pool(m->im->arena), pattern, &why);

	return p && krux_pattern_match(p, sample);
}

static bool is_path_format(struct krux_str format)
{
	return json_is(format, "path") || json_is(format, "file-path");
}

/* Those that are no type here, too. */
bool format_reaches(struct krux_str format)
{
	static const char *const formats[] = { "uri", "url", "uri-reference", "uri-template", "iri", "iri-reference",
		"hostname", "idn-hostname", "ipv4", "ipv6" };
	bool found = is_path_format(format);

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		found |= json_is(format, formats[i]);
	return found;
}

struct made made_string(struct maker *m, const struct krux_value *schema, unsigned depth)
{
	struct krux_str format = json_text(schema, "format"), theirs = json_text(schema, "pattern"), ours = { 0 };
	struct krux_str word = KRUX_STR("example");
	krux_i128 longest = 0, least = 0;
	struct made out = { .kind = DRAFT_OTHER };

	if (json_is(format, "uri") || json_is(format, "url")) {
		maker_changed(m, "a url here is http or https, without user and fragment");
		out = made_of("url", "\"https://example.com/\"");
		out.kind = DRAFT_URL;
		return out;
	}
	if (json_is(format, "date-time"))
		return made_of("datetime", "\"2026-01-01T00:00:00Z\"");
	if (json_is(format, "ipv4") || json_is(format, "ipv6")) {
		maker_changed(m, "an address here is of either version");
		out = made_of("ip", json_is(format, "ipv4") ? "\"192.0.2.1\"" : "\"2001:db8::1\"");
		out.kind = DRAFT_HOST;
		return out;
	}
	if (json_is(format, "hostname") || json_is(format, "idn-hostname"))
		out.kind = DRAFT_HOST;
	else if (is_path_format(format))
		out.kind = DRAFT_PATH;
	else if (format_reaches(format))
		out.kind = DRAFT_CODE;
	if (format.n)
		maker_changed(m, "its format is not checked");
	if (json_whole(json_get(schema, "minLength"), &least) && least > 0)
		maker_changed(m, "its least length is not checked");
	if (theirs.n) {
		ours = pattern_of(m, theirs);
		if (ours.n && !matches(m, ours, word))
			word = (struct krux_str){ 0 };
		if (ours.n && !word.n && matches(m, ours, (struct krux_str){ 0 }))
			word = KRUX_STR("");
		else if (!ours.n || !word.n)
			maker_changed(m, "its pattern is not carried over");
		if (!word.p) {
			ours = (struct krux_str){ 0 };
			word = KRUX_STR("example");
		}
	}
	if (json_whole(json_get(schema, "maxLength"), &longest) && longest >= 0 && longest <= (4 << 20)) {
		/* Theirs counts characters, ours counts bytes. */
		maker_changed(m, "its bound counts bytes here, four for each character");
		longest = longest ? 4 * longest : 1;
		if (longest < (krux_i128)word.n)
			word.n = (size_t)longest;
	} else {
		longest = depth ? 4096 : 65536;
		import_review(m->im, m->notes, "bound");
	}
	if ((uint64_t)longest + 5 > m->budget) {
		maker_changed(m, "its bound is smaller here, so that calls have one");
		longest = m->budget > 4 * sizeof "example" ? (krux_i128)m->budget - 5 : (krux_i128)(3 * sizeof "example");
	}
	out.type = arena_printf(m->im->arena, "string max %lld%s%.*s", (long long)longest, ours.n ? " pattern " : "",
	                        STR_ARG(ours.n ? import_quoted(m->im->arena, ours) : ours));
	out.sample = import_quoted(m->im->arena, word);
	return out;
}

/* ---- enums ---- */

bool json_is_word(struct krux_str s)
{
	bool fine = s.n && s.n <= KRUX_MAX_NAME && s.p[0] >= 'a' && s.p[0] <= 'z';

	for (size_t i = 0; i < s.n && fine; i++)
		fine = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';
	return fine;
}

static void put_escaped(struct buf *b, struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (memchr(".[](){}|*+?\\^$-/\"", s.p[i], 17))
			buf_putc(b, '\\');
		buf_putc(b, s.p[i]);
	}
}

/* Names that an enum can have; other texts are alternatives of a pattern, which is the same set. */
struct made made_enum(struct maker *m, const struct krux_value *list)
{
	struct buf names = { 0 }, pattern = { 0 };
	struct name_set seen = { 0 };
	struct made out = { .kind = DRAFT_OTHER };
	size_t longest = 1;
	bool words = true, texts = list->list.n > 0 && list->list.n <= KRUX_MAX_ENUM;

	for (size_t i = 0; i < list->list.n && texts; i++) {
		const struct krux_value *v = &list->list.item[i];

		texts = v->kind == KRUX_V_TEXT;
		if (!texts || !name_set_add(m->im->arena, &seen, v->str))
			continue;
		words &= json_is_word(v->str);
		m->cap->says |= m->input ? mcp_text_says(m->im, v->str) : 0;
		longest = v->str.n > longest ? v->str.n : longest;
		buf_puts(&names, names.n ? ", " : "enum { ");
		buf_str(&names, v->str);
		buf_puts(&pattern, i ? "|" : "");
		put_escaped(&pattern, v->str);
	}
	if (!texts) {
		maker_changed(m, "its values are not all texts, or too many; they are not checked");
		out = made_of("string max 65536", "\"example\"");
	} else if (words) {
		buf_puts(&names, " }");
		out.type = arena_str(m->im->arena, (struct krux_str){ names.p, names.n });
		out.sample = list->list.item[0].str;
	} else {
		struct krux_str p = arena_str(m->im->arena, (struct krux_str){ pattern.p, pattern.n });

		out.type = arena_printf(m->im->arena, "string max %zu pattern %.*s", longest,
		                        STR_ARG(import_quoted(m->im->arena, p)));
		out.sample = import_quoted(m->im->arena, list->list.item[0].str);
	}
	buf_free(&names);
	buf_free(&pattern);
	return out;
}

/* ---- numbers ---- */

/* A number of JSON as its integer part, towards zero, and the sign of what is left of it. What is beyond 64 bits is
 * somewhere beyond them. */
static bool number_split(struct krux_str s, krux_i128 *whole, int *rest)
{
	bool minus = s.n && s.p[0] == '-', point = false, left = false;
	long long places = 0, scale = 0, seen = 0;
	krux_i128 n = 0;
	size_t i = minus;

	for (; i < s.n && (s.p[i] == '.' || (s.p[i] >= '0' && s.p[i] <= '9')); i++) {
		places += point;
		point |= s.p[i] == '.';
	}
	if (i < s.n && (s.p[i] | 0x20) == 'e') {
		char text[16] = "";

		memcpy(text, s.p + i + 1, s.n - i - 1 < sizeof text - 1 ? s.n - i - 1 : sizeof text - 1);
		scale = strtoll(text, NULL, 10);
		if (s.n - i - 1 >= sizeof text)
			return false;
	}
	scale -= places;
	for (size_t k = minus; k < i; k++)
		seen += s.p[k] != '.';
	/* The digits before the point, and zeros where there are none left. */
	for (size_t k = minus; k < i; k++) {
		if (s.p[k] == '.')
			continue;
		if (seen-- + scale > 0)
			n = n > INT64_MAX ? n : n * 10 + (s.p[k] - '0');
		else
			left |= s.p[k] != '0';
	}
	for (long long k = 0; k < scale && n && n <= INT64_MAX; k++)
		n *= 10;
	*whole = minus ? -n : n;
	*rest = !left ? 0 : minus ? -1 : 1;
	return true;
}

/* A bound of an integer, rounded to the next that is within it: *lo goes up, *hi goes down. */
static void bound_apply(struct maker *m, const struct krux_value *schema, const char *key, bool least, bool open,
                        krux_i128 *lo, krux_i128 *hi)
{
	const struct krux_value *v = json_get(schema, key);
	krux_i128 n;
	int rest;

	if (!v || (open && v->kind == KRUX_V_BOOL))
		return;
	if (v->kind != KRUX_V_NUMBER || !number_split(v->str, &n, &rest)) {
		maker_changed(m, "a bound of it is no number; it is not checked");
		return;
	}
	if (rest)
		maker_changed(m, "its bound is rounded to a whole number within it");
	if (n < INT64_MIN || n > INT64_MAX)
		maker_changed(m, "its bound is beyond 64 bits, as no whole number is here");
	if (least)
		n += rest > 0 || (open && !rest);
	else
		n -= rest < 0 || (open && !rest);
	if (least && n > *lo)
		*lo = n;
	if (!least && n < *hi)
		*hi = n;
}

/* In older schemas `exclusiveMaximum: true` says it of maximum. */
static bool is_open(const struct krux_value *schema, const char *key)
{
	const struct krux_value *v = json_get(schema, key);

	return v && v->kind == KRUX_V_BOOL && v->b;
}

struct made made_integer(struct maker *m, const struct krux_value *schema)
{
	krux_i128 lo = INT64_MIN, hi = INT64_MAX, sample;
	const char *const other[] = { "multipleOf" };
	struct made out = { .kind = DRAFT_OTHER };

	bound_apply(m, schema, "minimum", true, is_open(schema, "exclusiveMinimum"), &lo, &hi);
	bound_apply(m, schema, "exclusiveMinimum", true, true, &lo, &hi);
	bound_apply(m, schema, "maximum", false, is_open(schema, "exclusiveMaximum"), &lo, &hi);
	bound_apply(m, schema, "exclusiveMaximum", false, true, &lo, &hi);
	if (json_get(schema, other[0]))
		maker_changed(m, "multipleOf is not checked");
	if (lo > hi) {
		maker_changed(m, "its range is empty; it is not checked");
		lo = INT64_MIN;
		hi = INT64_MAX;
	}
	sample = lo <= 1 && hi >= 1 ? 1 : lo;
	if (lo == INT64_MIN && hi == INT64_MAX)
		out.type = KRUX_STR("int");
	else
		out.type = arena_printf(m->im->arena, "int %lld..%lld", (long long)lo, (long long)hi);
	out.sample = arena_printf(m->im->arena, "%lld", (long long)sample);
	return out;
}

struct made made_number(struct maker *m, const struct krux_value *schema)
{
	static const char *const bounds[] = { "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum" };

	import_review(m->im, m->notes, "six digits after the point");
	if (json_get(schema, "multipleOf"))
		maker_changed(m, "multipleOf is not checked");
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
		if (json_get(schema, bounds[i])) {
			maker_changed(m, "the range of a number that is not whole is not checked");
			break;
		}
	return made_of("decimal 6", "1");
}
