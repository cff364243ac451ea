/* Import: any bytes end in warnings and a result that the compiler reads and lays out as it is,
 * or in an error. The first byte chooses the format. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/read/import.h"
#include "compiler/read/read.h"

static void check(struct arena *a, const struct imported *f)
{
	bool cap = f->name.n > 4 && !memcmp(f->name.p + f->name.n - 4, ".cap", 4);
	struct diags *ds = diags_new(a);
	const struct source *src = source_text(a, ds, "imported", f->text);
	struct buf again = { 0 };

	PROMISE(src);
	if (cap) {
		const struct capfile *file = capfile_parse(a, ds, src);

		PROMISE(file && !ds->errors);
		capfile_format(&again, file);
	} else {
		PROMISE(policyfile_parse(a, ds, src) && policyfile_format(a, ds, src, &again));
		PROMISE(!ds->errors);
	}
	PROMISE(krux_str_eq(f->text, (struct krux_str){ again.p, again.n }));
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum import_kind kinds[] = { IMPORT_KRUXOS, IMPORT_MCP, IMPORT_CLAUDE };
	struct arena *a = arena_new();
	struct diags *ds = diags_new(a);
	struct imports out = { 0 };
	const struct source *src = NULL;

	if (size > 1)
		src = source_text(a, ds, "fuzz.x", (struct krux_str){ (const char *)data + 1, size - 1 });
	if (src) {
		bool fine = import_run(a, ds, kinds[data[0] % 3], &src, 1, &out);

		PROMISE(fine == !ds->errors);
		for (size_t i = 0; i < ds->n; i++)
			PROMISE(ds->list[i]->code != 6107);
		for (size_t i = 0; i < out.n; i++)
			check(a, &out.file[i]);
	}
	arena_free(a);
	return 0;
}
