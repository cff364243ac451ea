/* Where in a value something is refused, and why, in words. */
#include "capspec/canon_part.h"

#include <stdarg.h>
#include <stdio.h>

static size_t name_put(char *to, size_t n, size_t cap, struct krux_str name)
{
	for (size_t i = 0; i < name.n && n + 1 < cap; i++)
		to[n++] = name.p[i] > ' ' && name.p[i] < 0x7F && name.p[i] != '"' ? name.p[i] : '?';
	return n;
}

static size_t place_put(const struct place *place, char *to, size_t cap)
{
	size_t n;
	int add = 0;

	if (!place)
		return 0;
	n = place_put(place->up, to, cap);
	if (place->kind == ITEM) {
		add = snprintf(to + n, cap - n, "[%zu]", place->index);
	} else if (place->kind == FIELD) {
		if (n && n + 1 < cap)
			to[n++] = '.';
		n = name_put(to, n, cap, place->name);
	} else {
		add = snprintf(to + n, cap - n, "[\"");
		n = name_put(to, n + (size_t)add < cap ? n + (size_t)add : cap - 1, cap, place->name);
		add = snprintf(to + n, cap - n, "\"]");
	}
	n += (size_t)add;
	return n < cap ? n : cap - 1;
}

bool canon_refuse(struct canon *c, const char *fmt, ...)
{
	char where[256], why[512];
	va_list ap;

	where[place_put(c->place, where, sizeof where)] = 0;
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return krux_refuse(c->refusal, where, why);
}

static const char *kind_words(const struct krux_value *v)
{
	switch (v->kind) {
	case KRUX_V_NULL: return "null";
	case KRUX_V_BOOL: return "a boolean";
	case KRUX_V_UINT:
	case KRUX_V_NINT:
	case KRUX_V_NUMBER: return "a number";
	case KRUX_V_BYTES: return "bytes";
	case KRUX_V_TEXT: return "text";
	case KRUX_V_LIST: return "a list";
	case KRUX_V_MAP:
	case KRUX_V_UMAP: return "a map";
	}
	return "nothing";
}

bool canon_kind_refuse(struct canon *c, const char *expected, const struct krux_value *in)
{
	return canon_refuse(c, "expected %s, got %s", expected, kind_words(in));
}

bool canon_memory_refuse(struct canon *c)
{
	return canon_refuse(c, "out of memory");
}
