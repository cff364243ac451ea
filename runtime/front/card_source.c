/* A rule's "file:line" to that line, from the sources that a bundle holds. */
#include "runtime/front/card.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include "capspec/bundle.h"
#include "capspec/gzip.h"
#include "capspec/limits.h"

#include <stdlib.h>
#include <string.h>

/* "policies/team.yaml:12": the name without folders, and the number; 0: it is no such place. */
static unsigned long place_read(struct krux_str source, struct krux_str *name)
{
	const char *colon = memrchr(source.p, ':', source.n), *slash;
	unsigned long line = 0;

	if (!colon)
		return 0;
	for (const char *p = colon + 1; p < source.p + source.n && *p >= '0' && *p <= '9' && line < 10000000; p++)
		line = 10 * line + (unsigned long)(*p - '0');
	*name = (struct krux_str){ source.p, (size_t)(colon - source.p) };
	slash = memrchr(name->p, '/', name->n);
	if (slash)
		*name = (struct krux_str){ slash + 1, (size_t)(colon - slash - 1) };
	return line;
}

/* The only source of that name: "src/000-team.yaml.gz". */
static struct krux_str source_find(const struct krux_bundle *b, struct krux_str name, struct krux_pool *pool)
{
	static const char folder[] = "src/", after[] = ".gz";
	const size_t before = sizeof folder - 1 + 4, behind = sizeof after - 1;
	struct krux_str found = { NULL, 0 };

	for (size_t i = 0; i < b->nfiles; i++) {
		struct krux_str f = b->file[i].name;

		if (f.n != before + name.n + behind || memcmp(f.p, folder, sizeof folder - 1) != 0 ||
		    memcmp(f.p + before, name.p, name.n) != 0 || memcmp(f.p + f.n - behind, after, behind) != 0)
			continue;
		if (found.p)
			return (struct krux_str){ NULL, 0 };
		found = b->file[i].data;
	}
	return found.p ? krux_gzip_read(pool, found, KRUX_MAX_SOURCE_BYTES) : found;
}

static struct krux_str line_find(struct krux_str text, unsigned long line)
{
	while (text.n) {
		const char *stop = memchr(text.p, '\n', text.n);
		size_t n = stop ? (size_t)(stop - text.p) : text.n;

		if (!--line)
			return (struct krux_str){ text.p, n };
		text.p += n + (stop != NULL);
		text.n -= n + (stop != NULL);
	}
	return (struct krux_str){ NULL, 0 };
}

int card_source(struct card *c, struct krux_pool *pool, const char *path, struct krux_err *err)
{
	struct krux_str decided = c->record.field[AUDIT_BUNDLE].s, name, bytes;
	struct krux_refusal why = { "", "" };
	CLEAN_FREE uint8_t *file = NULL;
	struct krux_bundle b;
	unsigned long line;
	size_t n;

	file = file_read_path(path, KRUX_MAX_BUNDLE, &n, err);
	if (!file)
		return -1;
	bytes = (struct krux_str){ krux_pool_copy(pool, file, n), n };
	if (!bytes.p)
		return err_set(err, 0, "out of memory");
	if (!krux_bundle_look(pool, bytes, &b, &why))
		return err_set(err, 0, "%s: %s", path, why.why);
	if (decided.n != sizeof b.digest || memcmp(decided.p, b.digest, sizeof b.digest) != 0)
		return err_set(err, 0, "%s: another bundle decided this call", path);
	line = place_read(c->record.field[AUDIT_SOURCE].s, &name);
	if (line)
		c->line = line_find(source_find(&b, name, pool), line);
	return 0;
}
