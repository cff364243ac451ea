/* Proofs: any bytes are refused, or are written again as they were; and a path of any hashes is
 * followed to its end without harm. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "runtime/record/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[NOTE_MAX + PROOF_EXTRA + 64 * TREE_PATH + 64];
	static struct proof p;
	static const char word[] = "extra ";
	const char *why = NULL;
	struct krux_str note;
	size_t n, extra;

	if (!proof_parse((struct krux_str){ (const char *)data, size }, &p, &why)) {
		PROMISE(why);
		return 0;
	}
	note = (struct krux_str){ p.note.text.p, size - (size_t)(p.note.text.p - (const char *)data) };
	n = proof_text(p.index, &p.path, note, out, sizeof out);
	extra = p.extra.n ? sizeof word - 1 + p.extra.n + 1 : 0;
	PROMISE(n + extra == size);
	/* The extra line stands behind the first. */
	PROMISE(!memcmp(out, data, 23) && !memcmp(out + 23, data + 23 + extra, n - 23));
	proof_check(&p, data);
	tree_check_consistency(p.index, p.checkpoint.size, p.checkpoint.root, p.checkpoint.root, &p.path);
	return 0;
}
