/* Capability files: what is refused is said why, within the text; what is read has one layout,
 * which reads without an error and is its own layout. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/read/read.h"

static void lay_out_and_read(struct arena *a, struct diags *ds, const struct capfile *f)
{
	struct buf once = { 0 }, twice = { 0 };
	const struct source *s;
	const struct capfile *g;

	capfile_format(&once, f);
	s = source_text(a, ds, "once", (struct krux_str){ once.p, once.n });
	PROMISE(s);
	g = capfile_parse(a, ds, s);
	PROMISE(g && !ds->errors && g->ncaps == f->ncaps && g->ntypes == f->ntypes);
	capfile_format(&twice, g);
	PROMISE(once.n == twice.n && !memcmp(once.p, twice.p, once.n));
	buf_free(&once);
	buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct diags *ds = diags_new(a);
	const struct source *s = source_text(a, ds, "fuzz", (struct krux_str){ (const char *)data, size });
	const struct capfile *f;

	PROMISE(s || ds->errors);
	if (s) {
		f = capfile_parse(a, ds, s);
		PROMISE(f || ds->errors);
		for (size_t i = 0; i < ds->n; i++)
			PROMISE(ds->list[i]->text.n && ds->list[i]->at.src == s &&
			        ds->list[i]->at.at + ds->list[i]->at.n <= s->text.n);
		if (f && !ds->errors)
			lay_out_and_read(a, ds, f);
	}
	arena_free(a);
	return 0;
}
