/* Every check of a build, in order. */
#include "compiler/check/check.h"

bool build_check(struct arena *a, struct diags *ds, const struct build *b)
{
	size_t before = ds->errors;

	check_empty_all(a, ds, b);
	check_zone(ds, b);
	check_claims(a, ds, b);
	if (ds->errors == before)
		check_unused(ds, b);
	return ds->errors == before;
}
