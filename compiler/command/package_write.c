/* A package to a folder that may hold an older one, and files of others, which are found first: one that stands in the
 * place of a part is refused. All of the package is written into a folder of its own, where a full disk hurts nothing.
 * Then the old bundle is taken away, the old parts are removed, the new ones are moved into place, and the bundle last:
 * where there is a bundle, all else is its own, whenever this ends. What the old manifest names is what may be removed;
 * the new one is in place after that, and before what it names, so that a build after one that was interrupted knows
 * of all parts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/arena.h"
#include "compiler/command/command.h"
#include "compiler/command/package_old.h"
#include "compiler/command/package_write.h"
#include "compiler/emit/package.h"

#define STAGE ".kruxc-new"

enum { DEEPEST = 8 };

struct place {
	struct arena *arena;
	const char *root;               /* as it was given */
	const struct package *pkg;
	int out, stage;                 /* the folder, and the one within it */
	struct old_package old;         /* what was built into it before */
	const struct old_part **stale;  /* those of its parts that go */
	size_t nstale;
};

static bool fail(const struct place *p, const char *what, const char *name)
{
	command_say("kruxc: cannot %s %s%s%s: %s", what, p->root, *name ? "/" : "", name, strerror(errno));
	return false;
}

static int folder_open(int at, const char *name, bool links)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (links ? 0 : O_NOFOLLOW));
}

/* ---- what was left behind ---- */

/* Below a folder of ours; a link is removed, and never followed. */
static bool tree_remove(int at, const char *name, unsigned depth)
{
	int fd;
	DIR *dir;
	struct dirent *e;
	bool fine = true;

	if (!unlinkat(at, name, 0) || errno == ENOENT)
		return true;
	fd = depth < DEEPEST ? folder_open(at, name, false) : -1;
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		/* Where nothing may be written, that is said first, even of what is not there. */
		return fd < 0 && errno == ENOENT;
	}
	while (fine && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			fine = tree_remove(dirfd(dir), e->d_name, depth + 1);
	closedir(dir);
	return fine && !unlinkat(at, name, AT_REMOVEDIR);
}

/* ---- the new parts ---- */

/* The folder that a part is in, made where it is not there. */
static bool folder_make(const struct place *p, int at, struct krux_str name)
{
	const char *slash = memrchr(name.p, '/', name.n);
	char *folder = slash ? arena_copy(p->arena, name.p, (size_t)(slash - name.p)) : NULL;
	int fd;

	if (!slash)
		return true;
	if (mkdirat(at, folder, 0755) && errno != EEXIST)
		return fail(p, "make the folder", folder);
	fd = folder_open(at, folder, false);
	if (fd < 0)
		return fail(p, "use as a folder", folder);
	close(fd);
	return true;
}

static bool part_write(const struct place *p, const char *name, struct krux_str data)
{
	int fd = openat(p->stage, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	bool fine = fd >= 0 && fd_write(fd, data.p, data.n);
	int why = errno;

	if (fd >= 0 && close(fd) && fine) {
		fine = false;
		why = errno;
	}
	errno = why;
	return fine || fail(p, "write", name);
}

static bool parts_write(const struct place *p)
{
	for (size_t i = 0; i < p->pkg->nfiles; i++) {
		const struct krux_bundle_file *f = &p->pkg->file[i];

		if (!folder_make(p, p->stage, f->name) || !part_write(p, arena_str(p->arena, f->name).p, f->data))
			return false;
	}
	/* One wait for the disk, not one for each part. */
	return part_write(p, PACKAGE_BUNDLE, p->pkg->bundle) && (!syncfs(p->stage) || fail(p, "write", STAGE));
}

/* ---- the old parts ---- */

static bool is_part(const struct package *pkg, struct krux_str name)
{
	for (size_t i = 0; i < pkg->nfiles; i++)
		if (krux_str_eq(pkg->file[i].name, name))
			return true;
	return false;
}

/* Nothing of somebody else's stands in the place of a part: what the old manifest does not name. */
static bool place_check(const struct place *p, const char *name)
{
	struct stat st;

	if (fstatat(p->out, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT || errno == ENOTDIR || fail(p, "look at", name);
	if (!S_ISDIR(st.st_mode) && old_package_names(&p->old, name))
		return true;
	command_say("kruxc: cannot write %s/%s: a %s is there; name another folder with -o, or take it away", p->root, name,
	            S_ISDIR(st.st_mode) ? "folder" : "file that no build wrote");
	return false;
}

/* The parts that will be removed; what somebody changed of them stays, and is no part of any build from now on. */
static void stale_find(struct place *p)
{
	p->stale = ARENA_ARRAY(p->arena, const struct old_part *, p->old.n + 1);
	for (size_t i = 0; i < p->old.n; i++) {
		const struct old_part *part = &p->old.part[i];
		enum old_state state;

		if (!old_part_may_go(part) || is_part(p->pkg, (struct krux_str){ part->name, strlen(part->name) }))
			continue;
		state = old_part_state(p->arena, p->out, part);
		if (state == OLD_AS_BUILT)
			p->stale[p->nstale++] = part;
		if (state == OLD_CHANGED)
			command_say("kruxc: %s/%s stays: it is no part any more, but was changed since it was built", p->root, part->name);
	}
}

/* All that can be known to stand in the way is found before anything is changed. */
static bool old_check(struct place *p)
{
	p->old = old_package_read(p->arena, p->out);
	for (size_t i = 0; i < p->pkg->nfiles; i++)
		if (!place_check(p, arena_str(p->arena, p->pkg->file[i].name).p))
			return false;
	if (!place_check(p, PACKAGE_BUNDLE))
		return false;
	stale_find(p);
	return true;
}

/* Also what will be written anew: no manifest shall name bytes of another build, since they would pass for changed. */
static bool parts_remove(const struct place *p)
{
	for (size_t i = 0; i < p->nstale; i++)
		if (!old_part_remove(p->arena, p->out, p->stale[i]))
			return fail(p, "remove", p->stale[i]->name);
	for (size_t i = 0; i < p->pkg->nfiles; i++) {
		const char *name = arena_str(p->arena, p->pkg->file[i].name).p;

		if (strcmp(name, PACKAGE_MANIFEST) != 0 && unlinkat(p->out, name, 0) && errno != ENOENT)
			return fail(p, "remove", name);
	}
	return true;
}

/* ---- in their place ---- */

static bool part_move(const struct place *p, const char *name)
{
	return !renameat(p->stage, name, p->out, name) || fail(p, "write", name);
}

static bool parts_move(const struct place *p)
{
	if (!part_move(p, PACKAGE_MANIFEST))
		return false;
	for (size_t i = 0; i < p->pkg->nfiles; i++)
		if (!krux_str_eq(p->pkg->file[i].name, KRUX_STR(PACKAGE_MANIFEST)) &&
		    !part_move(p, arena_str(p->arena, p->pkg->file[i].name).p))
			return false;
	return true;
}

static bool folders_make(const struct place *p)
{
	for (size_t i = 0; i < p->pkg->nfiles; i++)
		if (!folder_make(p, p->out, p->pkg->file[i].name))
			return false;
	return true;
}

static bool exchange(const struct place *p)
{
	if (!folders_make(p))
		return false;
	if (unlinkat(p->out, PACKAGE_BUNDLE, 0) && errno != ENOENT)
		return fail(p, "take away", PACKAGE_BUNDLE);
	/* Also where the machine ends: the names of the parts, in all their folders, are on the disk before the bundle's is. */
	return (!fsync(p->out) || fail(p, "write", "")) && parts_remove(p) && parts_move(p) &&
	       (!syncfs(p->out) || fail(p, "write", "")) && part_move(p, PACKAGE_BUNDLE) &&
	       (!fsync(p->out) || fail(p, "write", ""));
}

bool package_write(struct arena *a, const char *root, const struct package *pkg)
{
	struct place p = { .arena = a, .root = root, .pkg = pkg, .stage = -1 };
	bool fine;

	if (mkdir(root, 0755) && errno != EEXIST)
		return fail(&p, "make the folder", "");
	p.out = folder_open(AT_FDCWD, root, true);
	if (p.out < 0)
		return fail(&p, "use as a folder", "");
	/* Two builds do not mix; the lock ends with the descriptor. */
	fine = !flock(p.out, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK;
	if (!fine)
		command_say("kruxc: another build writes to %s", root);
	if (fine) {
		fine = (tree_remove(p.out, STAGE, 0) && !mkdirat(p.out, STAGE, 0755) &&
		        (p.stage = folder_open(p.out, STAGE, false)) >= 0) || fail(&p, "make the folder", STAGE);
		fine = fine && old_check(&p) && parts_write(&p) && exchange(&p);
		tree_remove(p.out, STAGE, 0);
	}
	if (p.stage >= 0)
		close(p.stage);
	close(p.out);
	return fine;
}
