/* Files that bundles keep packed: what is read is no more than was asked for, and is written and read alike. */
#include "tests/fuzz/fuzz.h"

#include "capspec/gzip.h"
#include "compiler/emit/gzip.h"

enum { MOST = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct krux_str in = { (const char *)data, size }, text = krux_gzip_read(pool, in, MOST), again;
	struct buf b = { 0 };

	PROMISE(!text.p || text.n <= MOST);
	gzip_write(&b, text.p ? text : in);
	again = krux_gzip_read(pool, (struct krux_str){ b.p, b.n }, MOST);
	PROMISE(size > MOST || (again.p && krux_str_eq(again, text.p ? text : in)));
	buf_free(&b);
	krux_pool_free(pool);
	return 0;
}
