/* A "--" is a value where an option stands before it that wants one. How many values an option takes is
 * known of few programs; of the others any option in sight may be the one. */
#include "compiler/model/dashes.h"

#include <string.h>

static const struct row {
	const char *name;
	bool first;
	const char *several;
} rows[] = {
#define DASHES(name, first, several) { name, first, several },
#include "compiler/model/dashes.def"
#undef DASHES
};

static const struct row *row_find(struct krux_str name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strlen(rows[i].name) == name.n && !memcmp(rows[i].name, name.p, name.n))
			return &rows[i];
	return NULL;
}

struct dashes_of dashes_of(struct krux_str file, struct krux_str real)
{
	const struct row *row = row_find(file);
	const struct interpreter *in = interpreter_find(file);

	if (row && real.n && row_find(real) != row)
		row = NULL;
	return (struct dashes_of){ .known = row, .first = row && row->first, .several = row ? row->several : "",
	                           .script = in && in->way == WAY_SCRIPT ? in : NULL };
}

static bool is_dashes(const struct argv_item *item)
{
	return item->kind == ARGV_CONST && krux_str_eq(item->text, KRUX_STR("--"));
}

/* A constant that begins with '-', without a value of its own. */
static bool is_bare(const struct argv_item *item)
{
	return item->kind == ARGV_CONST && item->text.n && item->text.p[0] == '-' && !is_dashes(item) &&
	       !memchr(item->text.p, '=', item->text.n);
}

static bool among(const char *options, struct krux_str s)
{
	for (; *options; options += strcspn(options, " "), options += *options == ' ')
		if (strcspn(options, " ") == s.n && !memcmp(options, s.p, s.n))
			return true;
	return false;
}

/* The option right before i, where its one value would stand. Items that may be left out are looked past. */
static bool is_behind_option(const struct argv_item *item, size_t i, size_t *taker)
{
	while (i && (item[i - 1].kind == ARGV_OPTIONAL || item[i - 1].kind == ARGV_EACH))
		i--;
	*taker = i ? i - 1 : 0;
	return i && is_bare(&item[i - 1]);
}

/* Flags of what runs a script stand before it, and are none of the script's. */
static size_t script_at(const struct dashes_of *d, const struct argv_item *item, size_t n)
{
	size_t i = 0;

	while (d->script && i < n && is_bare(&item[i]) && among(d->script->harmless, item[i].text))
		i++;
	return i;
}

enum dashes dashes_at(const struct dashes_of *d, const struct argv_item *item, size_t i, enum dashes before, size_t *taker)
{
	if (before == END_OF_OPTIONS || !is_dashes(&item[i]))
		return before;
	if (d->first && i && item[0].kind == ARGV_CONST && item[0].text.n && item[0].text.p[0] != '-') {
		*taker = 0;
		return DOUBTFUL;
	}
	if (d->known && is_behind_option(item, i, taker))
		return DOUBTFUL;
	for (size_t k = script_at(d, item, i); k < i; k++) {
		*taker = k;
		if (is_bare(&item[k]) && (!d->known || among(d->several, item[k].text)))
			return DOUBTFUL;
	}
	return END_OF_OPTIONS;
}
