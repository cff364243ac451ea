/* Conditions, calls and operands: what is refused is said why; what is read prints as something
 * that reads the same. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/read/read.h"

static void print_and_read(struct arena *a, struct diags *ds, const struct expr *e)
{
	struct buf once = { 0 }, twice = { 0 };

	expr_print(&once, e);
	e = condition_parse(a, ds, (struct krux_str){ once.p, once.n }, (struct span){ 0 });
	PROMISE(e);
	expr_print(&twice, e);
	PROMISE(once.n == twice.n && !memcmp(once.p, twice.p, once.n));
	buf_free(&once);
	buf_free(&twice);
}

/* A text that stands somewhere in a source which shows it otherwise, as YAML's scalars do. */
static void elsewhere(struct arena *a, struct krux_str text)
{
	struct source *s = ARENA_NEW(a, struct source);
	size_t half = text.n / 2;
	struct krux_str first = { text.p, half }, second = { text.p + half, text.n - half };
	struct diags *ds = diags_new(a);
	const struct expr *e;

	*s = (struct source){ .name = KRUX_STR("fuzz"), .text = arena_str(a, first), .arena = a };
	e = condition_parse(a, ds, second, (struct span){ s, 0, (uint32_t)half });
	PROMISE((e != NULL) == (ds->errors == 0));
	PROMISE(!e || e->at.at + e->at.n <= half);
	for (size_t i = 0; i < ds->n; i++)
		PROMISE(ds->list[i]->at.at + ds->list[i]->at.n <= half);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct diags *ds = diags_new(a);
	struct krux_str text = { (const char *)data, size }, capability;
	struct source *s = ARENA_NEW(a, struct source);
	struct span at = { s, 0, (uint32_t)size };
	const struct literal *args;
	const struct expr *e;

	*s = (struct source){ .name = KRUX_STR("fuzz"), .text = arena_str(a, text), .arena = a };
	e = condition_parse(a, ds, text, at);
	PROMISE((e != NULL) == (ds->errors == 0));
	if (e) {
		PROMISE(e->at.at + e->at.n <= size);
		print_and_read(a, ds, e);
	}
	elsewhere(a, text);
	ds = diags_new(a);
	PROMISE(call_parse(a, ds, text, at, &capability, &args) == (ds->errors == 0));
	ds = diags_new(a);
	PROMISE((operand_parse(a, ds, text, at) != NULL) == (ds->errors == 0));
	arena_free(a);
	return 0;
}
