/* filesystem.delete: a path to a folder of the trash, by one rename. */
#include <errno.h>
#include <time.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/entries.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/filesystem/moved.h"
#include "stdlib-caps/filesystem/trash.h"

bool filesystem_delete_open(struct handler_call *c)
{
	struct timespec now;
	int no;

	if (!change_lock(c) || !place_open(c, 0, "path", PLACE_CHANGE | PLACE_BELOW) ||
	    !change_begin(c))
		return false;
	no = place_stat(&c->place[0], &c->st);
	if (no)
		return handler_failed(c, no, c->place[0].path);
	clock_gettime(CLOCK_REALTIME, &now);
	c->place[1] = (struct place){ .path = c->place[0].path, .name = "item" };
	c->place[1].folder = trash_add(c, c->place[0].path, (uint64_t)now.tv_sec, c->id);
	if (c->place[1].folder < 0)
		return false;
	/* Equal rights on both: Landlock moves nothing to where more could be done with it. */
	handler_grant(c, c->place[0].folder, RIGHT_NAMES | RIGHT_READ_FOLDERS);
	handler_grant(c, c->store, RIGHT_NAMES | RIGHT_READ_FOLDERS);
	return true;
}

static bool empty_enough(struct handler_call *c, const struct place *at)
{
	struct entries in;
	bool empty;

	if (!S_ISDIR(c->st.st_mode) || arg_bool(c, "recursive"))
		return true;
	if (!entries_open(&in, at->folder, at->name))
		return handler_failed(c, errno, at->path);
	empty = !entries_next(&in);
	entries_close(&in);
	return empty ||
	       handler_fail(c, "NotEmpty", "The folder holds something, and recursive is false.");
}

/* The check, the rename, and none of either left behind. */
static bool item_delete(struct handler_call *c, uint64_t *entries)
{
	struct place *at = &c->place[0], *item = &c->place[1];
	struct moved m = { .from_field = "path", .from = at->path };
	struct stat st;

	if (empty_enough(c, at) && moved_check(c, at->folder, at->name, &m, &c->st, entries) &&
	    change_rename(c, at->folder, at->name, item, false))
		return true;
	/* The rename may have happened before what failed. */
	if (place_stat(item, &st) == ENOENT)
		trash_drop(c, c->id);
	return false;
}

bool filesystem_delete_run(struct handler_call *c)
{
	uint64_t entries, second;
	struct timespec now;
	struct answer a;

	clock_gettime(CLOCK_REALTIME, &now);
	second = (uint64_t)now.tv_sec;
	trash_expire(c, second);
	if (!item_delete(c, &entries))
		return false;
	answer_begin(&a, c->pool);
	answer_text(&a, "path", c->place[0].path);
	answer_word(&a, "trash_id", c->id);
	answer_time(&a, "recoverable_until", ((int64_t)second + TRASH_DAYS * 86400) * 1000000000);
	answer_uint(&a, "entries", entries);
	return answer_give(&a, c, "IoError");
}
