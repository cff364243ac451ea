/* filesystem.append: content to the end of a file. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"

bool filesystem_append_open(struct handler_call *c)
{
	struct stat st;
	bool there;

	if (!change_lock(c) ||
	    !place_open(c, 0, "path", PLACE_CHANGE | PLACE_BELOW | PLACE_TARGET) ||
	    !change_begin(c) || !change_replaceable(c, &c->place[0], &st, &there))
		return false;
	if (!there && !arg_bool(c, "create"))
		return handler_fail(c, "NotFound", "There is no such file, and create is false.");
	if (!there) {
		handler_grant(c, c->place[0].folder, RIGHT_NAMES);
		return true;
	}
	c->fd = place_file(c, &c->place[0], O_WRONLY | O_APPEND);
	if (c->fd < 0)
		return false;
	/* What is open may be another file than what was looked at. */
	return c->st.st_nlink == 1 || handler_fail(c, "HardLinked", "The file has further names.");
}

static bool answer_appended(struct handler_call *c, uint64_t size, size_t appended, bool created)
{
	struct answer a;

	answer_begin(&a, c->pool);
	answer_text(&a, "path", c->place[0].path);
	answer_uint(&a, "size", size);
	answer_uint(&a, "appended", appended);
	answer_bool(&a, "created", created);
	return answer_give(&a, c, "IoError");
}

bool filesystem_append_run(struct handler_call *c)
{
	struct krux_str path = c->place[0].path, bytes;
	char id[CHANGE_ID + 1];
	struct stat st;
	int fd;

	if (!arg_content(c, "content", &bytes))
		return false;
	if (c->fd >= 0) {
		if (change_write(c, c->fd, bytes.p, bytes.n, path)) {
			if (!fsync(c->fd) && !fstat(c->fd, &st))
				return answer_appended(c, answer_size(&st), bytes.n, false);
			handler_failed(c, errno, path);
		}
		/* All or nothing: take back the part that was written. */
		if (ftruncate(c->fd, c->st.st_size))
			c->detail[0] = '\0';
		return false;
	}
	fd = change_file(c, id);
	if (fd < 0)
		return false;
	if (!change_write(c, fd, bytes.p, bytes.n, path)) {
		unlinkat(c->temp, id, 0);
		return false;
	}
	return change_install(c, fd, id, &c->place[0], 0644, false) &&
	       answer_appended(c, bytes.n, bytes.n, true);
}
