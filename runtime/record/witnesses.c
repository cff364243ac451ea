/* Lines of trust/witnesses to keys and addresses. */
#include "runtime/record/witnesses.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int line_read(struct krux_str line, unsigned number, struct witness *out, struct krux_err *err)
{
	const char *space = memchr(line.p, ' ', line.n), *why;
	struct krux_str url;

	if (!space)
		return err_set(err, 0, "trust/witnesses:%u: a key and an address are expected", number);
	if (!note_key_parse((struct krux_str){ line.p, (size_t)(space - line.p) }, &out->key, &why))
		return err_set(err, 0, "trust/witnesses:%u: the key %s", number, why);
	if (out->key.type != NOTE_COSIGNATURE)
		return err_set(err, 0, "trust/witnesses:%u: that is no key for cosignatures", number);
	url = (struct krux_str){ space + 1, line.n - (size_t)(space + 1 - line.p) };
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	if (!url.n || url.n >= WITNESS_URL || memchr(url.p, ' ', url.n) || memchr(url.p, 0, url.n))
		return err_set(err, 0, "trust/witnesses:%u: the address is none", number);
	memcpy(out->url, url.p, url.n);
	out->url[url.n] = 0;
	return 0;
}

int witnesses_read(int trust, struct witness out[static WITNESSES_MAX], size_t *n, struct krux_err *err)
{
	CLEAN_FREE uint8_t *text = NULL;
	struct krux_err why = { 0 };
	unsigned number = 0;
	size_t size;

	*n = 0;
	text = file_read(trust, "witnesses", 64 << 10, &size, &why);
	if (!text)
		return why.no == ENOENT ? 0 : err_set(err, why.no, "trust/witnesses");
	for (char *p = (char *)text, *end = p + size, *lf; p < end; p = lf + 1) {
		struct krux_str line;

		lf = memchr(p, '\n', (size_t)(end - p));
		if (!lf)
			lf = end;
		line = (struct krux_str){ p, (size_t)(lf - p) };
		number++;
		if (!line.n || line.p[0] == '#')
			continue;
		if (*n == WITNESSES_MAX)
			return err_set(err, 0, "trust/witnesses: more than %d witnesses", WITNESSES_MAX);
		if (line_read(line, number, &out[*n], err))
			return -1;
		for (size_t i = 0; i < *n; i++)
			if (out[i].key.id == out[*n].key.id)
				return err_set(err, 0, "trust/witnesses:%u: this key stands there twice", number);
		++*n;
	}
	return 0;
}

void witness_file(const struct note_key *key, char out[static WITNESS_FILE])
{
	snprintf(out, WITNESS_FILE, "witness/%08x", key->id);
}
