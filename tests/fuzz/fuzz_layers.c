/* What the kernel is told: what is read is written as the very same bytes, and its filters are filters. */
#include "tests/fuzz/fuzz.h"

#include "capspec/layers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct krux_str in = { (const char *)data, size }, again;
	struct krux_refusal why = { "", "" };
	struct krux_layers layers;

	if (!krux_layers_read(pool, in, 2, &layers, &why)) {
		PROMISE(why.why[0]);
	} else {
		PROMISE(krux_layers_write(pool, &layers, &again, &why));
		PROMISE(krux_str_eq(in, again));
		for (size_t i = 0; i < layers.n; i++)
			for (unsigned m = 0; layers.list[i].filter && m < KRUX_MACHINES; m++)
				PROMISE(!krux_bpf_wrong(&layers.list[i].filter[m]));
	}
	krux_pool_free(pool);
	return 0;
}
