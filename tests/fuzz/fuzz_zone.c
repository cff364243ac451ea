/* Eight bytes of a moment, then a time zone file: any bytes are read or refused. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "stdlib-caps/system/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t second = 0;
	int32_t offset;

	if (size < 8)
		return 0;
	memcpy(&second, data, 8);
	/* Years that a tm can hold. */
	second %= INT64_C(100000000000);
	if (zone_offset(data + 8, size - 8, second, &offset))
		PROMISE(offset > -1000000 && offset < 1000000);
	return 0;
}
