/* Names of other systems to names of ours. */
#include <string.h>

#include "capspec/limits.h"
#include "compiler/base/escape.h"
#include "compiler/read/import_draft.h"

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool import_is_identifier(struct krux_str s)
{
	if (!s.n || s.n > KRUX_MAX_NAME || !is_lower(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '_')
			return false;
	return true;
}

struct krux_str import_identifier(struct arena *a, struct krux_str s)
{
	char *p = arena_get(a, KRUX_MAX_NAME + 1);
	size_t n = 0;

	if (import_is_identifier(s))
		return s;
	for (size_t i = 0; i < s.n && n < KRUX_MAX_NAME; i++) {
		char c = s.p[i];

		if (is_upper(c)) {
			bool word = i && (is_lower(s.p[i - 1]) || is_digit(s.p[i - 1]) ||
			                  (is_upper(s.p[i - 1]) && i + 1 < s.n && is_lower(s.p[i + 1])));

			if (word && n && p[n - 1] != '_' && n + 1 < KRUX_MAX_NAME)
				p[n++] = '_';
			c = (char)(c - 'A' + 'a');
		} else if (!is_lower(c) && !is_digit(c)) {
			c = '_';
		}
		if (c == '_' && (!n || p[n - 1] == '_'))
			continue;
		if (!n && !is_lower(c))
			p[n++] = 'x';
		p[n++] = c;
	}
	while (n && p[n - 1] == '_')
		n--;
	if (!n)
		p[n++] = 'x';
	return (struct krux_str){ p, n };
}

bool import_server(struct arena *a, struct krux_str server, struct krux_str *ns)
{
	static const struct krux_str standard[] = { KRUX_STR("filesystem"), KRUX_STR("network"), KRUX_STR("process"),
		KRUX_STR("system") };
	bool alone = import_is_identifier(server);

	*ns = import_identifier(a, server);
	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++) {
		struct krux_str other = arena_printf(a, "%.*s_server", STR_ARG(standard[i]));

		alone &= !krux_str_eq(*ns, standard[i]) && !krux_str_eq(*ns, other);
		if (krux_str_eq(*ns, standard[i]))
			*ns = other;
	}
	return alone;
}

struct krux_str import_error_name(struct arena *a, struct krux_str s)
{
	char *p = arena_get(a, KRUX_MAX_NAME + 1);
	bool start = true;
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < KRUX_MAX_NAME; i++) {
		char c = s.p[i];

		if (!is_lower(c) && !is_upper(c) && !is_digit(c)) {
			start = true;
			continue;
		}
		if (!n && is_digit(c))
			p[n++] = 'E';
		p[n++] = start && is_lower(c) ? (char)(c - 'a' + 'A') : c;
		start = false;
	}
	return n ? (struct krux_str){ p, n } : KRUX_STR("Failed");
}

struct krux_str import_id(struct arena *a, struct krux_str s)
{
	char *p = arena_get(a, KRUX_MAX_NAME + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < KRUX_MAX_NAME; i++) {
		char c = is_upper(s.p[i]) ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
		bool word = is_lower(c) || is_digit(c);

		if (!word && c != '.' && c != '_')
			c = '-';
		if (!word && (!n || p[n - 1] == c))
			continue;
		p[n++] = c;
	}
	while (n && !is_lower(p[n - 1]) && !is_digit(p[n - 1]))
		n--;
	return n ? (struct krux_str){ p, n } : KRUX_STR("imported");
}

struct krux_str import_stem(const struct source *src)
{
	struct krux_str s = src->name;
	const char *slash = memrchr(s.p, '/', s.n), *dot;

	if (slash) {
		s.n -= (size_t)(slash + 1 - s.p);
		s.p = slash + 1;
	}
	dot = memchr(s.p, '.', s.n);
	if (dot && dot != s.p)
		s.n = (size_t)(dot - s.p);
	return s;
}

struct krux_str import_capability_name(struct arena *a, struct krux_str s)
{
	const char *dot = s.n ? memchr(s.p, '.', s.n) : NULL;
	struct krux_str ns, name;

	if (krux_str_eq(s, KRUX_STR("*")))
		return s;
	if (!dot)
		return (struct krux_str){ 0 };
	ns = (struct krux_str){ s.p, (size_t)(dot - s.p) };
	name = (struct krux_str){ dot + 1, s.n - ns.n - 1 };
	if (memchr(ns.p, '*', ns.n) || !name.n || !ns.n)
		return (struct krux_str){ 0 };
	ns = import_identifier(a, ns);
	if (!krux_str_eq(name, KRUX_STR("*"))) {
		if (memchr(name.p, '*', name.n))
			return (struct krux_str){ 0 };
		name = import_identifier(a, name);
	}
	return arena_printf(a, "%.*s.%.*s", STR_ARG(ns), STR_ARG(name));
}

/* ---- sets ---- */

static size_t name_hash(struct krux_str s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return (size_t)(h ^ h >> 29);
}

static struct krux_str *name_slot(const struct name_set *set, struct krux_str s)
{
	size_t i = name_hash(s) & (set->size - 1);

	while (set->slot[i].p && !krux_str_eq(set->slot[i], s))
		i = (i + 1) & (set->size - 1);
	return &set->slot[i];
}

bool name_set_has(const struct name_set *set, struct krux_str s)
{
	return set->size && name_slot(set, s)->p;
}

bool name_set_add(struct arena *a, struct name_set *set, struct krux_str s)
{
	struct name_set old = *set;
	struct krux_str *slot;

	if (2 * set->n >= set->size) {
		set->size = old.size ? 2 * old.size : 64;
		set->slot = ARENA_ARRAY(a, struct krux_str, set->size);
		for (size_t i = 0; i < old.size; i++)
			if (old.slot[i].p)
				*name_slot(set, old.slot[i]) = old.slot[i];
	}
	slot = name_slot(set, s);
	if (slot->p)
		return false;
	*slot = s;
	set->n++;
	return true;
}

struct krux_str name_set_unique(struct arena *a, struct name_set *set, struct krux_str s, char sign)
{
	struct krux_str out = s;

	/* Small numbers first; then ones that are most likely free. */
	for (size_t k = 2; !name_set_add(a, set, out); k = k < 9 ? k + 1 : k + set->n)
		out = arena_printf(a, "%.*s%c%zu", (int)(s.n < KRUX_MAX_NAME - 21 ? s.n : KRUX_MAX_NAME - 21), s.p,
		                   sign, k);
	return out;
}

/* ---- tools ---- */

static bool is_tool_name(struct krux_str s)
{
	bool fine = s.n && s.n <= 128 && (is_lower(s.p[0]) || is_upper(s.p[0]) || s.p[0] == '_');

	for (size_t i = 0; i < s.n && fine; i++)
		fine = is_lower(s.p[i]) || is_upper(s.p[i]) || is_digit(s.p[i]) || memchr("_./-", s.p[i], 4);
	return fine;
}

struct krux_str import_tool_name(struct importer *im, struct notes *notes, struct name_set *tools, struct krux_str raw,
                                 struct span at)
{
	struct krux_str ours;

	if (is_tool_name(raw))
		return raw;
	ours = name_set_unique(im->arena, tools, import_identifier(im->arena, raw), '_');
	import_note(im, notes, IMPORT_RENAMED, at, "no handler can name the tool `%.*s`: the server has to offer it as %.*s",
	            STR_ARG(raw), STR_ARG(ours));
	return ours;
}

/* ---- texts ---- */

struct krux_str import_quoted(struct arena *a, struct krux_str s)
{
	struct buf b = { 0 };
	struct krux_str out;

	buf_putc(&b, '"');
	escape_cap(&b, s);
	buf_putc(&b, '"');
	out = arena_str(a, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return out;
}

struct krux_str import_line(struct arena *a, struct krux_str s)
{
	char *p = arena_get(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool blank = s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\t' || s.p[i] == '\r';

		if (!blank)
			p[n++] = s.p[i];
		else if (n && p[n - 1] != ' ')
			p[n++] = ' ';
	}
	while (n && p[n - 1] == ' ')
		n--;
	return (struct krux_str){ p, n };
}
