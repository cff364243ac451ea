/* A package to a folder that may hold an older one, and files of others. All of it is written into a folder of its own
 * first, where a full disk hurts nothing. Then the old bundle is taken away, parts that are no longer part are removed,
 * the new ones are moved into place, and the bundle last: where there is a bundle, all else is its own, whenever this
 * ends. What the old manifest lists is what may be removed; the new one is in place before what it lists, so that
 * a build after one that was interrupted knows of all parts. */
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
#include "compiler/command/package_write.h"
#include "compiler/emit/package.h"

#define STAGE ".kruxc-new"
#define BUNDLE "bundle.krux"
#define MANIFEST "manifest.txt"

enum { MOST_MANIFEST = 16 << 20, DEEPEST = 8 };

struct place {
	struct arena *arena;
	const char *root;               /* as it was given */
	const struct package *pkg;
	int out, stage;                 /* the folder, and the one within it */
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
		return false;
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
	return part_write(p, BUNDLE, p->pkg->bundle) && (!syncfs(p->stage) || fail(p, "write", STAGE));
}

/* ---- the old parts ---- */

static bool is_part(const struct package *pkg, struct krux_str name)
{
	for (size_t i = 0; i < pkg->nfiles; i++)
		if (krux_str_eq(pkg->file[i].name, name))
			return true;
	return false;
}

/* A name that a part can have: a manifest that somebody wrote himself removes nothing else. */
static bool could_be_part(struct krux_str name)
{
	static const char *const folders[] = { "docs/", "mcp/", "sandbox/", "src/" };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		size_t n = strlen(folders[i]);

		if (name.n > n && !memcmp(name.p, folders[i], n))
			return !memchr(name.p + n, '/', name.n - n) && name.p[n] != '.';
	}
	return false;
}

static bool part_remove(const struct place *p, const char *name)
{
	const char *slash = strchr(name, '/');
	int folder = folder_open(p->out, arena_copy(p->arena, name, (size_t)(slash - name)), false);
	bool fine = folder < 0 || !unlinkat(folder, slash + 1, 0) || errno == ENOENT;

	if (!fine)
		fail(p, "remove", name);
	if (folder >= 0)
		close(folder);
	return fine;
}

/* The old manifest, n 0 where there is none. */
static struct krux_str manifest_read(const struct place *p)
{
	int fd = openat(p->out, MANIFEST, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct krux_str out = { 0 };
	struct stat st;
	size_t n = 0;
	ssize_t got = 1;
	char *text;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MOST_MANIFEST) {
		text = arena_get(p->arena, (size_t)st.st_size + 1);
		while (got > 0 && n < (size_t)st.st_size) {
			got = read(fd, text + n, (size_t)st.st_size - n);
			n += got > 0 ? (size_t)got : 0;
		}
		out = (struct krux_str){ text, n };
	}
	if (fd >= 0)
		close(fd);
	return out;
}

/* Its lines "  DIGEST  NAME", below "sha256". */
static bool parts_remove(const struct place *p)
{
	struct krux_str text = manifest_read(p);
	const char *from = text.n ? memmem(text.p, text.n, "\nsha256\n", 8) : NULL, *end = text.p + text.n, *lf;

	for (from = from ? from + 8 : end; from < end; from = lf + 1) {
		struct krux_str name;

		lf = memchr(from, '\n', (size_t)(end - from));
		if (!lf)
			break;
		if (lf - from <= 68)
			continue;
		name = (struct krux_str){ from + 68, (size_t)(lf - from) - 68 };
		if (could_be_part(name) && !memchr(name.p, 0, name.n) && !is_part(p->pkg, name) &&
		    !part_remove(p, arena_str(p->arena, name).p))
			return false;
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
	if (!part_move(p, MANIFEST))
		return false;
	for (size_t i = 0; i < p->pkg->nfiles; i++)
		if (!krux_str_eq(p->pkg->file[i].name, KRUX_STR(MANIFEST)) &&
		    !part_move(p, arena_str(p->arena, p->pkg->file[i].name).p))
			return false;
	return true;
}

/* Nothing that is there stands in the way of a part; found out before anything is taken away. */
static bool way_check(const struct place *p)
{
	struct stat st;

	for (size_t i = 0; i < p->pkg->nfiles; i++) {
		const char *name = arena_str(p->arena, p->pkg->file[i].name).p;

		if (!folder_make(p, p->out, p->pkg->file[i].name))
			return false;
		if (!fstatat(p->out, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode)) {
			errno = EISDIR;
			return fail(p, "write", name);
		}
	}
	return true;
}

static bool exchange(const struct place *p)
{
	if (!way_check(p))
		return false;
	if (unlinkat(p->out, BUNDLE, 0) && errno != ENOENT)
		return fail(p, "take away", BUNDLE);
	return (!fsync(p->out) || fail(p, "write", "")) && parts_remove(p) && parts_move(p) && part_move(p, BUNDLE) &&
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
		fine = fine && parts_write(&p) && exchange(&p);
		tree_remove(p.out, STAGE, 0);
	}
	if (p.stage >= 0)
		close(p.stage);
	close(p.out);
	return fine;
}
