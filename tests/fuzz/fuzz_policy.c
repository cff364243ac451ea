/* Policy files: any bytes end in a tree or in diagnostics; the formatter loses nothing, and what
 * it writes it leaves as it is. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/read/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct diags *ds = diags_new(a), *quiet = diags_new(a);
	struct buf once = { 0 }, twice = { 0 };
	const struct source *src = source_text(a, ds, "fuzz", (struct krux_str){ (const char *)data, size });

	if (src && !policyfile_parse(a, ds, src))
		PROMISE(ds->errors);
	if (src && policyfile_format(a, quiet, src, &once)) {
		src = source_text(a, quiet, "again", (struct krux_str){ once.p, once.n });
		PROMISE(src && policyfile_format(a, quiet, src, &twice));
		PROMISE(once.n == twice.n && !memcmp(once.p, twice.p, once.n));
	}
	buf_free(&once);
	buf_free(&twice);
	arena_free(a);
	return 0;
}
