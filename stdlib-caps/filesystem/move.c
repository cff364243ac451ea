/* filesystem.move: a path to another path, by one rename. */
#include <errno.h>
#include <string.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/filesystem/moved.h"

bool filesystem_move_open(struct handler_call *c)
{
	struct place *from = &c->place[0], *to = &c->place[1];
	unsigned parents = arg_bool(c, "create_parents") ? PLACE_PARENTS : 0;
	int no;

	if (!change_lock(c) || !place_open(c, 0, "source", PLACE_CHANGE | PLACE_BELOW))
		return false;
	no = place_stat(from, &c->st);
	if (no)
		return handler_failed(c, no, from->path);
	if (S_ISLNK(c->st.st_mode))
		return handler_failed(c, ELOOP, from->path);
	if (moved_inside(arg_text(c, "destination"), from->path))
		return handler_fail(c, "Inside",
		                    "A thing cannot be moved to itself or into itself.");
	if (!place_open(c, 1, "destination", PLACE_CHANGE | PLACE_BELOW | PLACE_TARGET | parents) ||
	    !change_begin(c))
		return false;
	handler_grant(c, from->folder, RIGHT_NAMES | RIGHT_READ_FOLDERS);
	handler_grant(c, to->folder, RIGHT_NAMES | RIGHT_READ_FOLDERS);
	return true;
}

static bool target_check(struct handler_call *c, bool *replace)
{
	struct place *to = &c->place[1];
	struct stat st;
	int no = place_stat(to, &st);

	*replace = false;
	if (no == ENOENT)
		return true;
	if (no)
		return handler_failed(c, no, to->path);
	if (!arg_bool(c, "overwrite") || !S_ISREG(st.st_mode) || !S_ISREG(c->st.st_mode))
		return handler_fail(c, "Exists", S_ISREG(st.st_mode) ? "A file is at destination." :
			"What is at destination is not a file, and is not replaced.");
	if (st.st_nlink > 1)
		return handler_fail(c, "HardLinked", "The file at destination has further names.");
	*replace = true;
	return true;
}

bool filesystem_move_run(struct handler_call *c)
{
	struct place *from = &c->place[0], *to = &c->place[1];
	struct moved m = { .from_field = "source", .to_field = "destination", .from = from->path, .to = to->path };
	uint64_t entries;
	struct answer a;
	bool replace;
	int no = place_stat(from, &c->st);

	if (no)
		return handler_failed(c, no, from->path);
	if (!target_check(c, &replace) ||
	    !moved_check(c, from->folder, from->name, &m, &c->st, &entries) ||
	    !change_rename(c, from->folder, from->name, to, replace))
		return false;
	answer_begin(&a, c->pool);
	answer_text(&a, "source", from->path);
	answer_text(&a, "destination", to->path);
	answer_word(&a, "type", answer_type(c->st.st_mode));
	answer_uint(&a, "entries", entries);
	return answer_give(&a, c, "IoError");
}
