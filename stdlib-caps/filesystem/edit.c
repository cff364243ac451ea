/* filesystem.edit: a file to the same file with one literal text replaced throughout. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"

enum { EDIT_MAX = 16 << 20 };

bool filesystem_edit_open(struct handler_call *c)
{
	struct stat st;
	bool there;

	if (!change_lock(c) || !place_open(c, 0, "path", PLACE_CHANGE | PLACE_BELOW) ||
	    !change_begin(c) || !change_replaceable(c, &c->place[0], &st, &there))
		return false;
	c->fd = place_file(c, &c->place[0], O_RDONLY);
	if (c->fd < 0)
		return false;
	if (c->st.st_size > EDIT_MAX)
		return handler_fail(c, "TooLarge", "The file has %lld bytes.",
		                    (long long)c->st.st_size);
	handler_grant(c, c->place[0].folder, RIGHT_NAMES);
	return true;
}

static bool text_read(struct handler_call *c, struct krux_str *out)
{
	size_t n = (size_t)c->st.st_size, got = 0;
	char *buf = krux_pool_get(c->pool, n + 1);

	if (!buf)
		return handler_memory(c, "IoError");
	while (got < n) {
		ssize_t k = read(c->fd, buf + got, n - got);

		if (k < 0 && errno != EINTR)
			return handler_failed(c, errno, c->place[0].path);
		if (!k)
			break;
		got += k > 0 ? (size_t)k : 0;
	}
	*out = (struct krux_str){ buf, got };
	return krux_utf8_valid(*out) || handler_fail(c, "NotUtf8", "The file is not UTF-8 text.");
}

/* Occurrences that do not overlap, from the left. */
static size_t text_count(struct krux_str text, struct krux_str find)
{
	const char *p = text.p, *end = text.p + text.n;
	size_t n = 0;

	while ((p = memmem(p, (size_t)(end - p), find.p, find.n))) {
		p += find.n;
		n++;
	}
	return n;
}

static bool text_replace(struct handler_call *c, struct krux_str text, struct krux_str find,
                         size_t count, struct krux_str *out)
{
	struct krux_str with = arg_text(c, "replace");
	size_t n = text.n - count * find.n + count * with.n;
	const char *p = text.p, *end = text.p + text.n, *hit;
	char *buf, *to;

	if (n > EDIT_MAX)
		return handler_fail(c, "TooLarge", "The file would have %zu bytes.", n);
	to = buf = krux_pool_get(c->pool, n + 1);
	if (!buf)
		return handler_memory(c, "IoError");
	while ((hit = memmem(p, (size_t)(end - p), find.p, find.n))) {
		to = mempcpy(to, p, (size_t)(hit - p));
		to = mempcpy(to, with.p, with.n);
		p = hit + find.n;
	}
	memcpy(to, p, (size_t)(end - p));
	*out = (struct krux_str){ buf, n };
	return true;
}

static bool text_install(struct handler_call *c, struct krux_str text)
{
	char id[CHANGE_ID + 1];
	struct stat now;
	int fd;

	/* A change by someone who does not take turns with us must not be lost. */
	if (place_stat(&c->place[0], &now) || now.st_ino != c->st.st_ino ||
	    now.st_size != c->st.st_size || answer_modified(&now) != answer_modified(&c->st))
		return handler_fail(c, "IoError",
		                    "The file was changed by something else meanwhile.");
	fd = change_file(c, id);
	if (fd < 0)
		return false;
	if (!change_write(c, fd, text.p, text.n, c->place[0].path)) {
		unlinkat(c->temp, id, 0);
		return false;
	}
	return change_install(c, fd, id, &c->place[0], c->st.st_mode, true);
}

bool filesystem_edit_run(struct handler_call *c)
{
	struct krux_str find = arg_text(c, "find"), before = { 0 }, after = { 0 };
	uint64_t expected = arg_uint(c, "expected");
	uint8_t digest[2][32];
	struct answer a;
	size_t count;

	if (!text_read(c, &before))
		return false;
	if (!find.n)
		return handler_fail(c, "CountDiffers", "find is empty.");
	count = text_count(before, find);
	if (count != expected)
		return handler_fail(c, "CountDiffers",
		                    "find occurs %zu times, expected %llu. Nothing was changed.",
		                    count, (unsigned long long)expected);
	if (!text_replace(c, before, find, count, &after) || !text_install(c, after))
		return false;
	krux_sha256(before, digest[0]);
	krux_sha256(after, digest[1]);
	answer_begin(&a, c->pool);
	answer_text(&a, "path", c->place[0].path);
	answer_uint(&a, "replaced", count);
	answer_uint(&a, "size", after.n);
	answer_digest(&a, "before", digest[0]);
	answer_digest(&a, "sha256", digest[1]);
	return answer_give(&a, c, "IoError");
}
