/* filesystem.write: content to a file, whole and at once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "capspec/digest.h"
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"

bool filesystem_write_open(struct handler_call *c)
{
	unsigned parents = arg_bool(c, "create_parents") ? PLACE_PARENTS : 0;
	struct stat st;
	bool there;

	if (!change_lock(c) ||
	    !place_open(c, 0, "path", PLACE_CHANGE | PLACE_BELOW | PLACE_TARGET | parents) ||
	    !change_begin(c) || !change_replaceable(c, &c->place[0], &st, &there))
		return false;
	if (there && arg_is(c, "mode", "create"))
		return handler_fail(c, "Exists", "A file is there.");
	if (there && arg_has(c, "if_sha256")) {
		c->fd = place_file(c, &c->place[0], O_RDONLY);
		if (c->fd < 0)
			return false;
	} else if (arg_has(c, "if_sha256")) {
		return handler_fail(c, "Changed", "There is no file.");
	}
	c->st = st;
	c->st.st_mode = there ? st.st_mode : S_IFREG | 0644;
	c->st.st_nlink = there;
	handler_grant(c, c->place[0].folder, RIGHT_NAMES);
	return true;
}

static bool unchanged(struct handler_call *c)
{
	struct krux_str expected = arg_text(c, "if_sha256");
	struct krux_sha256_state state;
	uint8_t digest[32];
	char *buf;
	ssize_t n;

	if (c->fd < 0)
		return true;
	buf = krux_pool_get(c->pool, 65536);
	if (!buf)
		return handler_memory(c, "IoError");
	krux_sha256_start(&state);
	while ((n = read(c->fd, buf, 65536)) > 0)
		krux_sha256_add(&state, buf, (size_t)n);
	if (n < 0)
		return handler_failed(c, errno, c->place[0].path);
	krux_sha256_end(&state, digest);
	if (expected.n != 32 || memcmp(digest, expected.p, 32) != 0)
		return handler_fail(c, "Changed", "The file has another SHA-256 now.");
	return true;
}

bool filesystem_write_run(struct handler_call *c)
{
	char id[CHANGE_ID + 1];
	struct krux_str bytes;
	uint8_t digest[32];
	struct answer a;
	int fd;

	if (!arg_content(c, "content", &bytes) || !unchanged(c))
		return false;
	fd = change_file(c, id);
	if (fd < 0)
		return false;
	if (!change_write(c, fd, bytes.p, bytes.n, c->place[0].path)) {
		unlinkat(c->temp, id, 0);
		return false;
	}
	if (!change_install(c, fd, id, &c->place[0], c->st.st_mode, c->st.st_nlink))
		return false;
	krux_sha256(bytes, digest);
	answer_begin(&a, c->pool);
	answer_text(&a, "path", c->place[0].path);
	answer_uint(&a, "size", bytes.n);
	answer_digest(&a, "sha256", digest);
	answer_bool(&a, "created", !c->st.st_nlink);
	return answer_give(&a, c, "IoError");
}
