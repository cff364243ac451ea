/* A list of blocks to its items. */
#include "runtime/front/reached.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int reached_read(struct reached *r, const char *list, struct krux_err *err)
{
	struct named named = { .n = 0 };
	char *rest;

	*r = (struct reached){ .text = NULL };
	if (!list)
		return 0;
	rest = r->text = strdup(list);
	if (!r->text)
		return err_set(err, ENOMEM, "--reach");
	for (char *block; (block = strsep(&rest, ","));) {
		if (named_add(&named, block, err))
			return err_wrap(err, "--reach");
		r->block[named.n - 1] = block;
	}
	return 0;
}

void reached_free(struct reached *r)
{
	free(r->text);
	*r = (struct reached){ .text = NULL };
}
