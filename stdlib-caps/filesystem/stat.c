/* filesystem.stat: a path to what is there. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/place.h"

bool filesystem_stat_open(struct handler_call *c)
{
	if (place_open(c, 0, "path", PLACE_LOOK))
		return true;
	/* Nothing above it: then it does not exist either, which is an answer. */
	if (c->place[0].folder >= 0 || !c->error || strcmp(c->error, "NotFound") != 0)
		return false;
	c->error = NULL;
	return true;
}

static struct krux_str permissions_text(struct handler_call *c, mode_t mode)
{
	static const char bits[] = "rwxrwxrwx";
	char *p = krux_pool_get(c->pool, 10);

	if (!p)
		return (struct krux_str){ "", 0 };
	for (unsigned i = 0; i < 9; i++)
		p[i] = mode >> (8 - i) & 1 ? bits[i] : '-';
	if (mode & S_ISUID)
		p[2] = 's';
	if (mode & S_ISGID)
		p[5] = 's';
	if (mode & S_ISVTX)
		p[8] = 't';
	return (struct krux_str){ p, 9 };
}

static void answer_created(struct answer *a, const struct place *at)
{
	struct statx sx;

	if (!statx(at->folder, at->name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &sx) &&
	    sx.stx_mask & STATX_BTIME && sx.stx_btime.tv_sec >= 0 &&
	    sx.stx_btime.tv_sec < INT64_C(9223372036))
		answer_time(a, "created", sx.stx_btime.tv_sec * 1000000000 + sx.stx_btime.tv_nsec);
}

bool filesystem_stat_run(struct handler_call *c)
{
	struct place *at = &c->place[0];
	struct stat st;
	int no = at->folder >= 0 ? place_stat(at, &st) : ENOENT;
	struct answer a;

	if (no && no != ENOENT && no != ENOTDIR)
		return handler_failed(c, no, at->path);
	answer_begin(&a, c->pool);
	answer_text(&a, "path", at->path);
	answer_bool(&a, "exists", !no);
	answer_bool(&a, "protected", path_protected(at->path));
	if (!no) {
		answer_word(&a, "type", answer_type(st.st_mode));
		answer_uint(&a, "size", answer_size(&st));
		answer_time(&a, "modified", answer_modified(&st));
		answer_created(&a, at);
		answer_text(&a, "permissions", permissions_text(c, st.st_mode));
		answer_uint(&a, "links", st.st_nlink);
	}
	return answer_give(&a, c, "IoError");
}
