/* A change set of anybody: what is read is written as the very same bytes, and can be shown. */
#include "tests/fuzz/fuzz.h"

#include "runtime/base/changeset.h"
#include "runtime/front/card_changes.h"

#include <stdio.h>
#include <stdlib.h>

static void same_again(struct krux_str in, struct changeset s)
{
	struct krux_str (*refused)[2] = calloc((size_t)s.nrefused + 1, sizeof *refused);
	struct item_out o = { malloc(in.n), in.n, 0 };
	struct changeset all = s;
	struct change c;
	uint64_t n = 0;

	PROMISE(refused && o.p);
	while (changeset_refused(&s, &refused[n][0], &refused[n][1]))
		n++;
	PROMISE(n == all.nrefused);
	changeset_begin(&o, &all, (const struct krux_str (*)[2])refused);
	for (n = 0; changeset_change(&s, &c); n++)
		changeset_add(&o, &c);
	PROMISE(n == all.nchanges && o.n == in.n && !memcmp(o.p, in.p, in.n));
	free(o.p);
	free(refused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_str in = { (const char *)data, size };
	static FILE *nowhere;
	bool escaped = false;
	struct changeset s;
	const char *why;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!changeset_read(in, &s, &why)) {
		PROMISE(*why);
		return 0;
	}
	same_again(in, s);
	if (nowhere)
		card_changes_print(&s, true, &escaped, nowhere);
	return 0;
}
