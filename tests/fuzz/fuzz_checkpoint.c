/* Checkpoints: any text is refused, or is origin, size, root and extension that together are these
 * very bytes. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "runtime/record/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_str s = { (const char *)data, size };
	char text[CHECKPOINT_TEXT];
	const char *why = NULL;
	struct checkpoint c;
	size_t n;

	if (!checkpoint_parse(s, &c, &why)) {
		PROMISE(why);
		return 0;
	}
	n = checkpoint_text(&c, text);
	if (n) {
		PROMISE(n + c.extension.n == size && !memcmp(text, data, n));
		PROMISE(!c.extension.n || !memcmp(c.extension.p, data + n, c.extension.n));
	} else {
		PROMISE(!note_name_valid(c.origin));
	}
	return 0;
}
