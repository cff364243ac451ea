/* Paths, or descriptors from systemd, to listening sockets. */
#include "runtime/front/listen.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { FIRST_PASSED = 3, MOST_PASSED = 16 };

static const struct listen_socket none = { .fd = -1 };

/* ---- from systemd ---- */

static int option_of(int fd, int option)
{
	socklen_t n = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &n) ? -1 : value;
}

static int passed_take(int fd, const char *name, struct listen_socket *out, struct krux_err *err)
{
	if (out->fd >= 0)
		return err_set(err, 0, "systemd passes two sockets with the name %s", name);
	if (option_of(fd, SO_DOMAIN) != AF_UNIX || option_of(fd, SO_TYPE) != SOCK_STREAM ||
	    option_of(fd, SO_ACCEPTCONN) != 1)
		return err_set(err, 0, "the socket %s that systemd passes is no listening Unix "
		               "stream socket", name);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_NONBLOCK))
		return err_set(err, errno, "the socket %s that systemd passes", name);
	out->fd = fd;
	return 0;
}

static void environment_forget(void)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

/* Names stand between colons; NULL: none is left. */
static struct krux_str name_next(const char **rest)
{
	struct krux_str name = { *rest, *rest ? strcspn(*rest, ":") : 0 };

	if (name.p)
		*rest = name.p[name.n] ? name.p + name.n + 1 : NULL;
	return name;
}

static int passed_each(const char *names, int n, struct listen_socket *agent,
                       struct listen_socket *supervisor, struct krux_err *err)
{
	if (n < 1)
		return 0;
	if (n > MOST_PASSED)
		return err_set(err, 0, "systemd passes %d sockets", n);
	for (int i = 0; i < n; i++) {
		struct krux_str name = name_next(&names);
		struct listen_socket *out = krux_str_eq(name, KRUX_STR("agent")) ? agent :
			krux_str_eq(name, KRUX_STR("supervisor")) ? supervisor : NULL;

		if (!out)
			return err_set(err, 0, "systemd passes a socket that is named %.*s; "
			               "FileDescriptorName= has to be agent or supervisor",
			               name.n ? (int)name.n : 7, name.n ? name.p : "nothing");
		if (passed_take(FIRST_PASSED + i, out == agent ? "agent" : "supervisor", out, err))
			return -1;
	}
	if (agent->fd < 0 || supervisor->fd < 0)
		return err_set(err, 0, "systemd passes no socket with the name %s",
		               agent->fd < 0 ? "agent" : "supervisor");
	return 1;
}

int listen_connected(int fd, struct listen_socket *out, struct krux_err *err)
{
	*out = none;
	if (option_of(fd, SO_DOMAIN) != AF_UNIX || option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN))
		return err_set(err, 0, "standard input is no connected Unix stream socket");
	out->fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_PASSED);
	return out->fd < 0 ? err_set(err, errno, "standard input") : 0;
}

int listen_inherit(struct listen_socket *agent, struct listen_socket *supervisor,
                   struct krux_err *err)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int rc;

	*agent = *supervisor = none;
	if (!pid || !count || strtol(pid, NULL, 10) != getpid())
		return 0;
	rc = passed_each(getenv("LISTEN_FDNAMES"), (int)strtol(count, NULL, 10), agent, supervisor, err);
	environment_forget();
	return rc;
}

/* ---- our own ---- */

static int address_of(const char *path, struct sockaddr_un *out, struct krux_err *err)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof out->sun_path)
		return err_set(err, 0, "%s: a socket's path has at most %zu bytes", path,
		               sizeof out->sun_path - 1);
	memcpy(out->sun_path, path, strlen(path));
	return 0;
}

/* Does somebody listen there: 1, 0, or -1 with errno. */
static int somebody(const struct sockaddr_un *at)
{
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (!connect(fd, (const struct sockaddr *)at, sizeof *at) || errno == EAGAIN)
		return 1;
	return errno == ECONNREFUSED || errno == ENOENT ? 0 : -1;
}

/* Removes the socket file of a process that is gone, or about to be. */
static int stale_remove(const char *path, const struct sockaddr_un *at, struct krux_err *err)
{
	const struct timespec pause = { 0, 50000000 };
	struct stat st;
	int there = 1;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : err_set(err, errno, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, 0, "%s: is there and no socket; it is left alone", path);
	for (int i = 0; i < 20 && (there = somebody(at)) > 0; i++)
		nanosleep(&pause, NULL);
	if (there > 0)
		return err_set(err, 0, "%s: another process listens there", path);
	if (there < 0 || (unlink(path) && errno != ENOENT))
		return err_set(err, errno, "%s", path);
	return 0;
}

int listen_make(const char *path, mode_t mode, gid_t group, struct listen_socket *out,
                struct krux_err *err)
{
	CLEAN_FD int fd = -1;
	struct sockaddr_un at;
	struct stat st;
	mode_t before;
	int rc;

	*out = none;
	if (address_of(path, &at, err) || stale_remove(path, &at, err))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, errno, "%s", path);
	before = umask(~mode & 0777);
	rc = bind(fd, (struct sockaddr *)&at, sizeof at);
	umask(before);
	if (rc || lstat(path, &st))
		return err_set(err, errno, "%s", path);
	*out = (struct listen_socket){ -1, strdup(path), st.st_dev, st.st_ino, st.st_ctim };
	if (!out->path)
		return err_set(err, ENOMEM, "%s", path);
	if (group != (gid_t)-1) {
		if (lchown(path, (uid_t)-1, group) || lstat(path, &st)) {
			err_set(err, errno, "%s: give it to the group", path);
			listen_close(out);
			return -1;
		}
		out->made = st.st_ctim;
	}
	out->fd = fd_keep(&fd);
	return 0;
}

int listen_open(const struct listen_socket *s, struct krux_err *err)
{
	if (s->path && listen(s->fd, SOMAXCONN))
		return err_set(err, errno, "%s", s->path);
	return 0;
}

void listen_close(struct listen_socket *s)
{
	struct stat st;

	/* The number alone may be that of a file made since. */
	if (s->path && !lstat(s->path, &st) && st.st_dev == s->dev && st.st_ino == s->ino &&
	    st.st_ctim.tv_sec == s->made.tv_sec && st.st_ctim.tv_nsec == s->made.tv_nsec)
		unlink(s->path);
	free(s->path);
	cleanup_fd(&s->fd);
	*s = none;
}

char *listen_default(const char *name, struct krux_err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *base = geteuid() ? runtime : "/run";
	CLEAN_FREE char *folder = NULL;
	char *path;

	if (!base || *base != '/') {
		err_set(err, 0, "XDG_RUNTIME_DIR is not set; say where with --socket and --supervisor");
		return NULL;
	}
	if (asprintf(&folder, "%s/krux", base) < 0 || asprintf(&path, "%s/%s", folder, name) < 0) {
		err_set(err, ENOMEM, "%s", name);
		return NULL;
	}
	if (mkdir(folder, 0755) && errno != EEXIST) {
		err_set(err, errno, "%s", folder);
		free(path);
		return NULL;
	}
	return path;
}
