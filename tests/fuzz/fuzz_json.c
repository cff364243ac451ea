/* JSON: what is read is written as something that reads the same. */
#include "tests/fuzz/fuzz.h"

#include "capspec/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct krux_refusal why = { "", "" };
	struct krux_value v, back;
	size_t n;
	char *text;

	if (!krux_json_read(pool, (struct krux_str){ (const char *)data, size }, &v, &why)) {
		PROMISE(why.why[0]);
	} else {
		n = krux_json_write(&v, NULL, 0);
		text = malloc(n);
		PROMISE(krux_json_write(&v, text, n) == n);
		PROMISE(krux_json_read(pool, (struct krux_str){ text, n }, &back, &why));
		PROMISE(krux_value_eq(&v, &back));
		free(text);
	}
	krux_pool_free(pool);
	return 0;
}
