/* Schemas: what is read is written as the very same bytes. */
#include "tests/fuzz/fuzz.h"

#include "capspec/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct krux_str in = { (const char *)data, size }, again;
	const struct krux_capability *caps;
	struct krux_refusal why = { "", "" };
	size_t n;

	if (!krux_schema_read(pool, in, &caps, &n, &why)) {
		PROMISE(why.why[0]);
	} else {
		PROMISE(krux_schema_encode(pool, caps, n, &again, &why));
		PROMISE(krux_str_eq(in, again));
	}
	krux_pool_free(pool);
	return 0;
}
