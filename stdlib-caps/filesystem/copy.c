/* filesystem.copy: a file or tree to the same under another path. The copy grows among the
 * unfinished files and gets its name by one rename at the end. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "capspec/digest.h"
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/common/walk.h"
#include "stdlib-caps/filesystem/moved.h"

enum { COPY_BUFFER = 1 << 18 };
static const uint64_t COPY_BYTES = UINT64_C(1) << 30;

struct copy {
	struct handler_call *call;
	int to[WALK_DEPTH + 1];        /* open folders of the copy, by depth */
	mode_t mode[WALK_DEPTH + 1];
	unsigned depth;                /* of the deepest one */
	uint64_t files, bytes, skipped;
	struct krux_sha256_state hash; /* of the file copied last */
	char *buffer;
	char path[2 * HANDLER_PATH];
};

bool filesystem_copy_open(struct handler_call *c)
{
	struct place *from = &c->place[0], *to = &c->place[1];
	unsigned parents = arg_bool(c, "create_parents") ? PLACE_PARENTS : 0;
	int no;

	if (!change_lock(c) || !place_open(c, 0, "source", PLACE_LOOK))
		return false;
	no = place_stat(from, &c->st);
	if (no)
		return handler_failed(c, no, from->path);
	if (moved_inside(arg_text(c, "destination"), from->path))
		return handler_fail(c, "Inside",
		                    "A thing cannot be copied onto itself or into itself.");
	if (S_ISLNK(c->st.st_mode))
		return handler_failed(c, ELOOP, from->path);
	if (!S_ISDIR(c->st.st_mode) && !S_ISREG(c->st.st_mode))
		return handler_fail(c, "Special", "source is a device, a pipe or a socket.");
	c->fd = S_ISDIR(c->st.st_mode) ? place_folder(c, from) : place_file(c, from, O_RDONLY);
	if (c->fd < 0)
		return false;
	if (!place_open(c, 1, "destination", PLACE_CHANGE | PLACE_BELOW | PLACE_TARGET | parents) ||
	    !change_begin(c))
		return false;
	if (S_ISDIR(c->st.st_mode))
		handler_grant(c, c->fd, RIGHT_READ_FOLDERS | RIGHT_READ_FILES);
	handler_grant(c, to->folder, RIGHT_NAMES);
	return true;
}

static bool bytes_copy(struct copy *k, int from, int to, struct krux_str path)
{
	ssize_t n;

	krux_sha256_start(&k->hash);
	while ((n = read(from, k->buffer, COPY_BUFFER)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return handler_failed(k->call, errno, path);
		k->bytes += (uint64_t)n;
		if (k->bytes > COPY_BYTES)
			return handler_fail(k->call, "TooLarge",
			                    "There is more than 1 GiB to copy.");
		krux_sha256_add(&k->hash, k->buffer, (size_t)n);
		if (!change_write(k->call, to, k->buffer, (size_t)n, path))
			return false;
	}
	k->files++;
	return true;
}

static bool file_copy(struct copy *k, const struct walk_entry *e)
{
	struct handler_call *c = k->call;
	int from = place_child(e->folder, e->name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0), to;
	struct stat st;
	bool ok;

	if (from < 0 || fstat(from, &st))
		return handler_failed(c, errno, e->path);
	if (!S_ISREG(st.st_mode))
		return handler_fail(c, "Special", "%.*s changed meanwhile.", handler_shown(e->path),
		                    e->path.p);
	to = place_child(k->to[e->depth - 1], e->name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (to < 0) {
		handler_failed(c, errno, e->path);
		close(from);
		return false;
	}
	ok = bytes_copy(k, from, to, e->path);
	if (ok && (fchmod(to, st.st_mode & 0777) || fsync(to)))
		ok = handler_failed(c, errno, e->path);
	close(from);
	close(to);
	return ok;
}

/* Folders get their own permissions last, so that a read-only one can be filled. */
static bool folders_close(struct copy *k, unsigned depth)
{
	while (k->depth > depth) {
		int fd = k->to[k->depth];
		bool ok = !fchmod(fd, k->mode[k->depth] & 0777) && !fsync(fd);

		close(fd);
		k->depth--;
		if (!ok)
			return handler_failed(k->call, errno, k->call->place[1].path);
	}
	return true;
}

static bool folder_copy(struct copy *k, const struct walk_entry *e)
{
	int to;

	if (mkdirat(k->to[e->depth - 1], e->name, 0700) ||
	    (to = place_child(k->to[e->depth - 1], e->name, O_RDONLY | O_DIRECTORY, 0)) < 0)
		return handler_failed(k->call, errno, e->path);
	k->to[e->depth] = to;
	k->mode[e->depth] = e->st.st_mode;
	k->depth = e->depth;
	return true;
}

static bool target_allowed(struct copy *k, struct krux_str below)
{
	struct handler_call *c = k->call;
	struct krux_str to = c->place[1].path, path = { k->path, to.n + 1 + below.n };

	if (path.n > HANDLER_PATH)
		return handler_fail(c, "TooLarge",
		                    "A path of the copy would have more than 4096 bytes.");
	memcpy(k->path, to.p, to.n);
	k->path[to.n] = '/';
	memcpy(k->path + to.n + 1, below.p, below.n);
	if (!path_changeable(c, path))
		return false;
	if (!c->allows(c->allows_ctx, KRUX_STR("destination"), path))
		return handler_fail(c, "NotAllowed", "%.*s: the policy does not allow it.",
			handler_shown(path), path.p);
	return true;
}

static enum walk_next copy_visit(void *ctx, const struct walk_entry *e)
{
	struct copy *k = ctx;
	bool ok;

	if (!folders_close(k, e->depth - 1) || !target_allowed(k, e->below))
		return WALK_STOP;
	if (S_ISDIR(e->st.st_mode)) {
		ok = folder_copy(k, e);
	} else if (S_ISREG(e->st.st_mode)) {
		ok = file_copy(k, e);
	} else if (arg_bool(k->call, "skip_special")) {
		k->skipped++;
		ok = true;
	} else {
		ok = handler_fail(k->call, "Special", "%.*s is a %s.", handler_shown(e->path),
		                  e->path.p,
		                  S_ISLNK(e->st.st_mode) ? "symbolic link" : "special file");
	}
	return ok ? WALK_ON : WALK_STOP;
}

static bool tree_copy(struct copy *k, const char *id)
{
	struct handler_call *c = k->call;
	struct walk w = { .call = c,
		          .field = "source",
		          .hidden = true,
		          .all = true,
		          .max = WALK_PART,
		          .visit = copy_visit,
		          .ctx = k };
	bool ok;

	if (mkdirat(c->temp, id, 0700) ||
	    (k->to[0] = place_child(c->temp, id, O_RDONLY | O_DIRECTORY, 0)) < 0)
		return handler_failed(c, errno, c->place[1].path);
	ok = walk_below(&w, c->fd, c->place[0].path) && !c->error && folders_close(k, 0);
	if (ok && (fchmod(k->to[0], c->st.st_mode & 0777) || fsync(k->to[0])))
		ok = handler_failed(c, errno, c->place[1].path);
	return ok && change_rename(c, c->temp, id, &c->place[1], false);
}

static bool single_copy(struct copy *k)
{
	struct handler_call *c = k->call;
	char id[CHANGE_ID + 1];
	bool there, replace = arg_bool(c, "overwrite");
	struct stat st;
	int fd;

	if (!change_replaceable(c, &c->place[1], &st, &there))
		return !strcmp(c->error, "NotAFile") &&
		       handler_fail(c, "Exists",
		                    "What is at destination is not a "
		                    "file, and is not replaced.");
	if (there && !replace)
		return handler_fail(c, "Exists", "A file is at destination.");
	fd = change_file(c, id);
	if (fd < 0)
		return false;
	if (!bytes_copy(k, c->fd, fd, c->place[0].path)) {
		unlinkat(c->temp, id, 0);
		return false;
	}
	return change_install(c, fd, id, &c->place[1], c->st.st_mode, there);
}

static bool copy_answer(struct handler_call *c, struct copy *k)
{
	uint8_t digest[32];
	struct answer a;

	answer_begin(&a, c->pool);
	answer_text(&a, "source", c->place[0].path);
	answer_text(&a, "destination", c->place[1].path);
	answer_uint(&a, "files", k->files);
	answer_uint(&a, "size", k->bytes);
	answer_uint(&a, "skipped", k->skipped);
	if (!S_ISDIR(c->st.st_mode)) {
		krux_sha256_end(&k->hash, digest);
		answer_digest(&a, "sha256", digest);
	}
	return answer_give(&a, c, "IoError");
}

bool filesystem_copy_run(struct handler_call *c)
{
	struct copy *k = krux_pool_get(c->pool, sizeof *k);
	unsigned budget = WALK_PART + 1;
	char id[CHANGE_ID + 1];
	struct stat st;

	if (!k || !(k->buffer = krux_pool_get(c->pool, COPY_BUFFER)))
		return handler_memory(c, "IoError");
	k->call = c;
	if (!S_ISDIR(c->st.st_mode))
		return single_copy(k) && copy_answer(c, k);
	if (place_stat(&c->place[1], &st) != ENOENT)
		return handler_fail(c, "Exists",
		                    "Something is at destination; a folder replaces nothing.");
	if (!change_id(c, 0, id))
		return false;
	if (!tree_copy(k, id)) {
		/* What is not removed here, the next change removes. */
		folders_close(k, 0);
		change_remove(c->temp, id, &budget);
		return false;
	}
	return copy_answer(c, k);
}
