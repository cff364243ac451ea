/* What an operator writes: the first byte says whether it is a limit, a public key, a secret key or the list of
 * witnesses. It is refused with a reason, or means what is written again as these very bytes. */
#include "tests/fuzz/fuzz.h"

#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/gate/gate_run.h"
#include "runtime/gate/limits.h"
#include "runtime/record/witnesses.h"

#include "capspec/key.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void limit(struct krux_str s)
{
	struct gate_limits l = { 0 };
	struct krux_err err = { 0 };
	char *text = strndup(s.p, s.n), again[64];
	bool found = false;

	if (limits_set(&l, text, &err)) {
		PROMISE(*err.text);
		free(text);
		return;
	}
	for (size_t i = 0; limits_name(i); i++)
		if (limits_value(&l, i)) {
			PROMISE(!found);
			found = true;
			snprintf(again, sizeof again, "%s=%llu", limits_name(i), (unsigned long long)limits_value(&l, i));
			PROMISE(!strcmp(text, again));
		}
	PROMISE(found);
	/* The same once more is refused. */
	PROMISE(limits_set(&l, text, &err));
	free(text);
}

/* But for the end of the line, which need not be there. */
static void same_line(struct krux_str s, const char *text, size_t n)
{
	PROMISE(n == s.n + (s.n + 1 == n) && !memcmp(text, s.p, s.n));
}

static void public_key(struct krux_str s)
{
	struct krux_refusal why = { "", "" };
	char text[KRUX_KEY_LINE];
	struct krux_public_key key;

	if (krux_key_public_parse(s, &key, &why))
		same_line(s, text, krux_key_public_text(&key, text));
	else
		PROMISE(*why.why);
}

static void secret_key(struct krux_str s)
{
	struct krux_refusal why = { "", "" };
	char text[KRUX_KEY_LINE];
	struct krux_secret_key key;

	if (krux_key_secret_parse(s, &key, &why))
		same_line(s, text, krux_key_secret_text(&key, text));
	else
		PROMISE(*why.why);
}

static char folder[] = "/tmp/krux-fuzz-XXXXXX";

static void folder_remove(void)
{
	rmdir(folder);
}

/* Each witness that is read stands in the file as it is written here. */
static void witnesses(struct krux_str s)
{
	static struct witness list[WITNESSES_MAX];
	static int trust = -1;
	struct krux_err err = { 0 };
	size_t n;

	if (trust < 0) {
		PROMISE(mkdtemp(folder) && !atexit(folder_remove));
		trust = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	PROMISE(trust >= 0 && !file_replace(trust, "witnesses", 0600, s.p, s.n, &err));
	if (witnesses_read(trust, list, &n, &err)) {
		PROMISE(*err.text);
		n = 0;
	}
	unlinkat(trust, "witnesses", 0);
	for (size_t i = 0; i < n; i++) {
		char text[NOTE_KEY_TEXT + 1 + WITNESS_URL];
		size_t k = note_key_text(&list[i].key, text);

		text[k++] = ' ';
		memcpy(text + k, list[i].url, strlen(list[i].url));
		PROMISE(memmem(s.p, s.n, text, k + strlen(list[i].url)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const read[])(struct krux_str) = { limit, public_key, secret_key, witnesses };

	if (size)
		read[data[0] % 4]((struct krux_str){ (const char *)data + 1, size - 1 });
	return 0;
}
