/* Notes: any bytes are refused, or are a text and lines that together are these very bytes; no key
 * makes a line good that it did not sign. Keys as text are read back as they were. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "runtime/record/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct note_signer signer;
	static struct note note;
	struct krux_str s = { (const char *)data, size };
	struct note_key key;
	char text[NOTE_KEY_TEXT];
	const char *why = NULL;
	size_t n;

	if (!signer.public.type)
		PROMISE(note_signer_make(&signer, KRUX_STR("example.com/fuzz"), NOTE_ED25519, (const uint8_t[32]){ 1 }));
	if (note_key_parse(s, &key, &why)) {
		PROMISE(note_key_text(&key, text) == size && !memcmp(text, data, size));
	} else {
		PROMISE(why);
	}
	why = NULL;
	if (!note_parse(s, &note, &why)) {
		PROMISE(why);
		return 0;
	}
	n = note.text.n;
	PROMISE(note.nlines && n && data[n - 1] == '\n' && data[n] == '\n');
	n++;
	for (size_t i = 0; i < note.nlines; i++) {
		PROMISE(note.line[i].line.p == s.p + n && note_name_valid(note.line[i].name));
		n += note.line[i].line.n;
		PROMISE(data[n - 1] == '\n');
	}
	PROMISE(n == size);
	PROMISE(note_verify(&note, &signer.public, 1) <= 1);
	return 0;
}
