/* Paths of the agent to opened folders. The path is cut at its last slash; the folder above is
 * opened by openat2 beneath the workspace, with no symbolic link, magic link or other mount on the
 * way; everything else is done with that descriptor and the one name. So a component that is
 * swapped for a link meanwhile fails, and never leads elsewhere. A handler that goes on from there when
 * it is confined does so name by name. */
#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stdlib-caps/common/pathglob.h"

#define ROOT "/workspace"

int place_openat(int dir, const char *path, uint64_t flags, uint64_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
		           RESOLVE_NO_XDEV,
	};

	/* EAGAIN: a rename somewhere made the kernel unsure that it stayed beneath. */
	for (unsigned tries = 0; tries < 64; tries++) {
		long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);

		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return (int)fd;
	}
	return -1;
}

bool place_same_mount(int a, int b)
{
	struct statx sa, sb;

	return !statx(a, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &sa) &&
	       !statx(b, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &sb) &&
	       sa.stx_mask & sb.stx_mask & STATX_MNT_ID && sa.stx_mnt_id == sb.stx_mnt_id;
}

/* Both descriptors are open when their mounts are compared, so that neither number can be another mount's by then. */
int place_child(int dir, const char *name, int flags, mode_t mode)
{
	int fd;

	if (!*name || strchr(name, '/') || !strcmp(name, "..")) {
		errno = EXDEV;
		return -1;
	}
	do
		fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	if (fd < 0 || place_same_mount(dir, fd))
		return fd;
	close(fd);
	errno = EXDEV;
	return -1;
}

bool path_inside(struct krux_str path, struct krux_str *rest)
{
	size_t n = sizeof ROOT - 1;

	if (path.n < n || memcmp(path.p, ROOT, n) != 0 || (path.n > n && path.p[n] != '/'))
		return false;
	*rest = path.n > n ? (struct krux_str){ path.p + n + 1, path.n - n - 1 }
	                   : (struct krux_str){ "", 0 };
	return true;
}

bool path_reserved(struct krux_str path)
{
	struct krux_str rest;
	size_t n = sizeof PLACE_RESERVED - 1;

	return path_inside(path, &rest) && rest.n >= n && !memcmp(rest.p, PLACE_RESERVED, n) &&
	       (rest.n == n || rest.p[n] == '/');
}

static const char *const protected_text[] = {
#define PROTECTED(glob) glob,
#include "capspec/protected.def"
#undef PROTECTED
};
/* All of their components one after the other, on two pages: each page that a call looks at costs it more than the look. */
enum { NPROTECTED = sizeof protected_text / sizeof *protected_text, PROTECTED_COMPONENTS = 4 * NPROTECTED };
static struct krux_str protected_component[PROTECTED_COMPONENTS];
static uint8_t protected_count[NPROTECTED];

void place_ready(void)
{
	static bool ready;
	struct pathglob g;
	size_t n = 0;

	/* Where it is known nothing is written: the page would be copied for each call. */
	if (ready)
		return;
	for (size_t i = 0; i < NPROTECTED; i++) {
		if (pathglob_read(&g, (struct krux_str){ protected_text[i], strlen(protected_text[i]) }) || g.n > PROTECTED_COMPONENTS - n)
			abort();
		memcpy(protected_component + n, g.component, g.n * sizeof *g.component);
		protected_count[i] = (uint8_t)g.n;
		n += g.n;
	}
	ready = true;
}

bool path_protected(struct krux_str path)
{
	const struct krux_str *component = protected_component;

	place_ready();
	for (size_t i = 0; i < NPROTECTED; component += protected_count[i++])
		if (pathglob_match_components(component, protected_count[i], path))
			return true;
	return path_reserved(path);
}

bool path_changeable(struct handler_call *c, struct krux_str path)
{
	if (path_reserved(path))
		return handler_fail(c, "Protected", "/workspace/" PLACE_RESERVED " belongs to Krux.");
	return !path_protected(path) ||
	       handler_fail(c, "Protected", "%.*s: programs outside the sandbox run what is there.",
	                    handler_shown(path), path.p);
}

/* The folder `path` (no leading slash, n 0 for dir itself), making what is missing. */
static int folder_make(int dir, char *path)
{
	char *p = path;
	int at = place_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);

	while (at >= 0 && *p) {
		char *slash = strchr(p, '/');
		int next, made, no;

		if (slash)
			*slash = '\0';
		made = !mkdirat(at, p, 0755);
		no = errno;
		next = place_openat(at, p, O_RDONLY | O_DIRECTORY, 0);
		if (made && next >= 0)
			fsync(at);
		/* It is missing because it cannot be made: that is the reason to give. */
		no = !made && errno == ENOENT && no != EEXIST ? no : errno;
		close(at);
		errno = no;
		at = next;
		p = slash ? slash + 1 : p + strlen(p);
	}
	return at;
}

static bool path_refused(struct handler_call *c, struct krux_str path, unsigned flags,
                         struct krux_str *rest)
{
	if (!path_inside(path, rest) || (flags & PLACE_BELOW && !rest->n))
		handler_say(c, "PathOutOfScope", "%.*s is not %s /workspace.", handler_shown(path),
		             path.p, flags & PLACE_BELOW ? "below" : "in");
	else if (path_reserved(path) && !(flags & PLACE_CHANGE))
		handler_say(c, "AccessDenied", "/workspace/" PLACE_RESERVED " belongs to Krux.");
	else
		return flags & PLACE_CHANGE && !path_changeable(c, path);
	return true;
}

bool place_open(struct handler_call *c, unsigned i, const char *field, unsigned flags)
{
	struct place *at = &c->place[i];
	char path[HANDLER_PATH + 1];
	struct krux_str rest;
	char *name;

	*at = (struct place){ .path = arg_text(c, field), .folder = -1 };
	c->target = (flags & PLACE_TARGET) != 0;
	if (path_refused(c, at->path, flags, &rest))
		return false;
	if (rest.n >= sizeof path)
		return handler_failed(c, ENAMETOOLONG, at->path);
	memcpy(path, rest.p, rest.n);
	path[rest.n] = '\0';
	name = memrchr(path, '/', rest.n);
	name = name ? name + 1 : path;
	if (strlen(name) >= sizeof at->name)
		return handler_failed(c, ENAMETOOLONG, at->path);
	memcpy(at->name, *name ? name : ".", strlen(*name ? name : ".") + 1);
	if (name > path)
		name[-1] = '\0';
	else
		path[0] = '\0';
	at->folder = flags & PLACE_PARENTS ? folder_make(c->workspace, path) :
		place_openat(c->workspace, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);
	return at->folder >= 0 || handler_failed(c, errno, at->path);
}

int place_stat(const struct place *at, struct stat *st)
{
	return fstatat(at->folder, at->name, st, AT_SYMLINK_NOFOLLOW) ? errno : 0;
}

/* What is there, which is no link; -1: said. */
static int place_look(struct handler_call *c, const struct place *at, struct stat *st)
{
	int no = place_stat(at, st);

	if (!no && S_ISLNK(st->st_mode))
		no = ELOOP;
	if (no)
		handler_failed(c, no, at->path);
	return no ? -1 : 0;
}

int place_file(struct handler_call *c, const struct place *at, int flags)
{
	struct stat st;
	int fd;

	if (place_look(c, at, &st))
		return -1;
	if (!S_ISREG(st.st_mode))
		return handler_say(c, "NotAFile", S_ISDIR(st.st_mode) ? "It is a folder." :
			"It is a device, a pipe or a socket."), -1;
	fd = place_openat(at->folder, at->name, (uint64_t)flags | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return handler_failed(c, errno, at->path), -1;
	/* It may have been swapped since: only what is open counts. */
	if (fstat(fd, &c->st) || !S_ISREG(c->st.st_mode)) {
		close(fd);
		return handler_say(c, "NotAFile", "It changed while it was opened."), -1;
	}
	return fd;
}

int place_folder(struct handler_call *c, const struct place *at)
{
	struct stat st;
	int fd;

	if (place_look(c, at, &st))
		return -1;
	if (!S_ISDIR(st.st_mode))
		return handler_say(c, "NotADirectory", "It is not a folder."), -1;
	fd = place_openat(at->folder, at->name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return handler_failed(c, errno, at->path), -1;
	return fd;
}
