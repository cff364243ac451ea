/* CBOR: what is read is written as the very same bytes, and prints as JSON. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "capspec/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct krux_refusal why = { "", "" };
	struct krux_value v;
	uint8_t *again;

	if (!krux_cbor_read(pool, data, size, &v, &why)) {
		PROMISE(why.why[0]);
	} else {
		again = malloc(size);
		PROMISE(krux_cbor_write(&v, again, size) == size);
		PROMISE(memcmp(again, data, size) == 0);
		PROMISE(krux_json_write(&v, NULL, 0) > 0);
		free(again);
	}
	krux_pool_free(pool);
	return 0;
}
