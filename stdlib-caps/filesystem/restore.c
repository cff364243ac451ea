/* filesystem.restore: a folder of the trash to the path that it came from. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/filesystem/moved.h"
#include "stdlib-caps/filesystem/trash.h"

bool filesystem_restore_open(struct handler_call *c)
{
	unsigned parents = arg_bool(c, "create_parents") ? PLACE_PARENTS : 0;
	struct krux_str path = arg_text(c, "path");
	char origin[HANDLER_PATH + 1];

	if (!change_lock(c) || !change_begin(c))
		return false;
	c->fd = trash_open(c, arg_text(c, "trash_id"), origin);
	if (c->fd < 0)
		return false;
	/* Back to where it was and nowhere else: the policy has decided about this path only. */
	if (!krux_str_eq(path, (struct krux_str){ origin, strlen(origin) }))
		return handler_fail(c, "WrongPath", "It was deleted from another path.");
	if (!place_open(c, 0, "path", PLACE_CHANGE | PLACE_BELOW | PLACE_TARGET | parents))
		return false;
	handler_grant(c, c->place[0].folder, RIGHT_NAMES | RIGHT_READ_FOLDERS);
	handler_grant(c, c->store, RIGHT_NAMES | RIGHT_READ_FOLDERS);
	return true;
}

bool filesystem_restore_run(struct handler_call *c)
{
	struct krux_str id = arg_text(c, "trash_id");
	struct place *to = &c->place[0];
	struct moved m = { .to_field = "path", .to = to->path };
	char name[CHANGE_ID + 1];
	uint64_t entries;
	struct answer a;

	if (fstatat(c->fd, "item", &c->st, AT_SYMLINK_NOFOLLOW))
		return handler_fail(c, "NotFound", "It was restored already.");
	if (!moved_check(c, c->fd, "item", &m, &c->st, &entries) ||
	    !change_rename(c, c->fd, "item", to, false))
		return false;
	memcpy(name, id.p, CHANGE_ID);
	name[CHANGE_ID] = '\0';
	trash_drop(c, name);
	answer_begin(&a, c->pool);
	answer_text(&a, "path", to->path);
	answer_word(&a, "type", answer_type(c->st.st_mode));
	answer_uint(&a, "entries", entries);
	return answer_give(&a, c, "IoError");
}
