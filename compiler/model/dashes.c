/* A "--" is a value where an option stands before it that wants one. How many values an option takes is
 * known of few programs; of the others any option in sight may be the one. */
#include "compiler/model/dashes.h"

#include <string.h>

static bool is_known(struct krux_str name)
{
	static const char *const names[] = {
#define DASHES(name) name,
#include "compiler/model/dashes.def"
#undef DASHES
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == name.n && !memcmp(names[i], name.p, name.n))
			return true;
	return false;
}

struct dashes_of dashes_of(struct krux_str file, struct krux_str real)
{
	bool same = !real.n || krux_str_eq(real, file);

	return (struct dashes_of){ .known = is_known(file) && same, .listed = usage_complete(file), .file = file };
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

/* The option right before i, where its one value would stand. Items that may be left out are looked past. */
static bool is_behind_option(const struct argv_item *item, size_t i, size_t *taker)
{
	while (i && (item[i - 1].kind == ARGV_OPTIONAL || item[i - 1].kind == ARGV_EACH))
		i--;
	*taker = i ? i - 1 : 0;
	return i && is_bare(&item[i - 1]);
}

enum dashes dashes_at(const struct dashes_of *d, const struct argv_item *item, size_t i, enum dashes before, size_t *taker)
{
	if (before == END_OF_OPTIONS || !is_dashes(&item[i]))
		return before;
	if (d->listed)
		return END_OF_OPTIONS;
	if (d->known)
		return is_behind_option(item, i, taker) ? DOUBTFUL : END_OF_OPTIONS;
	/* Flags of what runs a script stand before it, and are none of the script's. */
	for (size_t k = usage_script_at(d->file, item, i); k < i; k++) {
		*taker = k;
		if (is_bare(&item[k]))
			return DOUBTFUL;
	}
	return END_OF_OPTIONS;
}
