/* filesystem.read: a file to its bytes, as text or base64. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/place.h"

bool filesystem_read_open(struct handler_call *c)
{
	return place_open(c, 0, "path", PLACE_LOOK) &&
	       (c->fd = place_file(c, &c->place[0], O_RDONLY)) >= 0;
}

/* Up to n bytes from offset; -1 with the call failed. */
static ssize_t bytes_read(struct handler_call *c, char *buf, size_t n, uint64_t offset)
{
	size_t got = 0;

	while (got < n) {
		ssize_t k = pread(c->fd, buf + got, n - got, (off_t)(offset + got));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return handler_failed(c, errno, c->place[0].path), -1;
		if (!k)
			break;
		got += (size_t)k;
	}
	return (ssize_t)got;
}

/* Without the scalar that the end has cut in half. */
static size_t whole_scalars(const char *p, size_t n)
{
	size_t i = n;

	while (i && n - i < 3 && ((uint8_t)p[i - 1] & 0xC0) == 0x80)
		i--;
	if (i && (uint8_t)p[i - 1] >= 0xC0) {
		unsigned lead = (uint8_t)p[i - 1], need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

		if (n - (i - 1) < need)
			return i - 1;
	}
	return n;
}

static bool content_encode(struct handler_call *c, struct krux_str bytes, struct krux_str *out)
{
	size_t cap;
	char *text;

	if (!arg_is(c, "encoding", "base64")) {
		*out = bytes;
		if (memchr(bytes.p, '\0', bytes.n) || !krux_utf8_valid(bytes))
			return handler_fail(
				c, "NotUtf8",
				"The bytes from offset are not UTF-8 text without NUL.");
		return true;
	}
	cap = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_ORIGINAL);
	text = krux_pool_get(c->pool, cap);
	if (!text)
		return handler_memory(c, "IoError");
	sodium_bin2base64(text, cap, (const uint8_t *)bytes.p, bytes.n,
	                  sodium_base64_VARIANT_ORIGINAL);
	*out = (struct krux_str){ text, strlen(text) };
	return true;
}

bool filesystem_read_run(struct handler_call *c)
{
	uint64_t size = answer_size(&c->st), offset = arg_uint(c, "offset"),
		 limit = arg_uint(c, "limit");
	uint64_t left = offset < size ? size - offset : 0;
	/* One more, to see that a file that grows goes on. */
	size_t want = (size_t)(left < limit ? left : limit) + 1;
	char *buf = krux_pool_get(c->pool, want);
	struct krux_str bytes, content = { 0 };
	uint8_t digest[32];
	struct answer a;
	ssize_t got;

	if (!buf)
		return handler_memory(c, "IoError");
	got = offset > INT64_MAX ? 0 : bytes_read(c, buf, want, offset);
	if (got < 0)
		return false;
	bytes = (struct krux_str){ buf, (size_t)got < want ? (size_t)got : want - 1 };
	if ((size_t)got == want && !arg_is(c, "encoding", "base64"))
		bytes.n = whole_scalars(buf, bytes.n);
	if (!bytes.n && want > 1 && got)
		return handler_fail(c, "NotUtf8", "limit ends inside the first character.");
	if (!content_encode(c, bytes, &content))
		return false;
	krux_sha256(bytes, digest);
	answer_begin(&a, c->pool);
	answer_text(&a, "content", content);
	answer_uint(&a, "size", size);
	answer_bool(&a, "truncated", bytes.n < (size_t)got);
	if (bytes.n < (size_t)got)
		answer_uint(&a, "next", offset + bytes.n);
	answer_digest(&a, "sha256", digest);
	answer_time(&a, "modified", answer_modified(&c->st));
	return answer_give(&a, c, "IoError");
}
