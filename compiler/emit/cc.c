/* Running the C compiler. It sees one file under a fixed relative name in a private folder, an
 * environment of three variables, and limits of time and memory. */
#include "compiler/emit/cc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compiler/base/buf.h"

enum { SECONDS = 120, MOST_OUTPUT = 16384, MOST_OBJECT = 64 << 20, MOST_ARGS = 48 };
#define MOST_MEMORY ((rlim_t)4 << 30)

/* Flags of every compiler; then those that only gcc, only clang know. */
static const char *const flags[] = {
	"-std=gnu11", "-O2", "-g0", "-shared", "-fPIC", "-ffreestanding", "-fno-builtin", "-nostdlib",
	"-fvisibility=hidden", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-stack-protector",
	"-fno-ident", "-fno-common", "-Werror=implicit-function-declaration", "-Wl,-z,defs", "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,-z,relro", "-Wl,-z,now",
	"-Wl,-z,separate-code", "-Wl,--hash-style=gnu", "-Wl,-s", "-ffile-prefix-map=./=",
};
static const char *const gcc_flags[] = {
	"-fno-tree-loop-distribute-patterns", "-frandom-seed=decide", "-fcf-protection=none",
};
static const char *const clang_flags[] = { "-Qunused-arguments" };

struct run {
	const char *program;
	const char *const *argv;
	const char *folder;
	char *path;                          /* $PATH */
	struct buf output;                   /* at most MOST_OUTPUT */
	int status;
	bool timed_out;
};

static bool fail(struct diags *ds, const char *what, const char *detail)
{
	struct diag *d = diag_error(ds, 6003, (struct span){ 0 }, "%s%s%s", what, *detail ? ": " : "", detail);

	d->expected = KRUX_STR("a C compiler, gcc or clang, as $CC or in $PATH");
	return false;
}

/* ---- one child ---- */

static void child_limits(void)
{
	static const struct { int what; rlim_t most; } limit[] = {
		{ RLIMIT_CPU, SECONDS }, { RLIMIT_FSIZE, (rlim_t)4 * MOST_OBJECT }, { RLIMIT_CORE, 0 },
#ifndef __SANITIZE_ADDRESS__
		{ RLIMIT_AS, MOST_MEMORY },
#endif
	};

	for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
		struct rlimit now;

		if (getrlimit(limit[i].what, &now))
			_exit(127);
		if (now.rlim_max != RLIM_INFINITY && now.rlim_max < limit[i].most)
			continue;
		now.rlim_cur = now.rlim_max = limit[i].most;
		if (setrlimit(limit[i].what, &now))
			_exit(127);
	}
}

__attribute__((noreturn)) static void child(const struct run *r, int output)
{
	char *env[4] = { r->path, NULL, NULL, NULL }, tmp[] = "TMPDIR=.", locale[] = "LC_ALL=C";
	char *argv[MOST_ARGS + 1];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t n = 0;

	env[1] = tmp;
	env[2] = locale;
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || chdir(r->folder) ||
	    setpgid(0, 0))
		_exit(127);
	child_limits();
	umask(077);
	for (; n < MOST_ARGS && r->argv[n]; n++)
		argv[n] = strdup(r->argv[n]);
	argv[n] = NULL;
	execve(r->program, argv, env);
	dprintf(2, "%s: %s\n", r->program, strerror(errno));
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads what it says until it has closed its output, or time is up. */
static void output_read(struct run *r, int fd, pid_t pid)
{
	int64_t end = now_ms() + SECONDS * 1000;
	char chunk[4096];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0 || !(n = poll(&p, 1, (int)left))) {
			r->timed_out = true;
			kill(-pid, SIGKILL);
			return;
		}
		if (n < 0)
			continue;
		n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		if (r->output.n + (size_t)n <= MOST_OUTPUT)
			buf_put(&r->output, chunk, (size_t)n);
	}
}

/* False where it could not even be started; else status says how it ended. */
static bool run(struct run *r)
{
	int pipefd[2];
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid)
		child(r, pipefd[1]);
	close(pipefd[1]);
	if (pid > 0) {
		setpgid(pid, pid);
		output_read(r, pipefd[0], pid);
		while (waitpid(pid, &r->status, 0) < 0 && errno == EINTR)
			;
	}
	close(pipefd[0]);
	return pid > 0;
}

/* ---- which compiler ---- */

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* The file that a name in $PATH stands for; NULL for none. */
static const char *program_find(struct arena *a, const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return is_program(name) ? realpath(name, arena_get(a, 4096 + 1)) : NULL;
	while (path && *path) {
		size_t n = strcspn(path, ":");
		struct krux_str file = arena_printf(a, "%.*s/%s", (int)n, path, name);

		if (n && *path == '/' && is_program(file.p))
			return file.p;
		path += n + (path[n] == ':');
	}
	return NULL;
}

static const char *compiler_find(struct arena *a, struct diags *ds)
{
	static const char *const known[] = { "gcc", "clang", "cc" };
	const char *given = getenv("CC"), *found;

	if (given && *given) {
		found = program_find(a, given);
		if (!found)
			fail(ds, "$CC is no program", given);
		return found;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		found = program_find(a, known[i]);
		if (found)
			return found;
	}
	fail(ds, "there is no C compiler", "");
	return NULL;
}

/* ---- the private folder ---- */

static const char *folder_make(struct arena *a)
{
	const char *tmp = getenv("TMPDIR");
	struct krux_str path = arena_printf(a, "%s/kruxc-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	char *folder = arena_copy(a, path.p, path.n);

	return mkdtemp(folder);
}

/* Everything in it, which is flat, and itself. */
static void folder_remove(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(folder);
}

static bool source_write(struct arena *a, const char *folder, struct krux_str text)
{
	struct krux_str path = arena_printf(a, "%s/decide.c", folder);
	FILE *f = fopen(path.p, "wbxe");
	bool ok;

	if (!f)
		return false;
	ok = fwrite(text.p, 1, text.n, f) == text.n;
	return !fclose(f) && ok;
}

static bool object_read(struct arena *a, const char *folder, struct krux_str *out)
{
	struct krux_str path = arena_printf(a, "%s/decide.so", folder);
	FILE *f = fopen(path.p, "rbe");
	struct stat st;
	char *p;
	bool ok = false;

	if (!f)
		return false;
	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= MOST_OBJECT) {
		p = arena_get(a, (size_t)st.st_size);
		ok = fread(p, 1, (size_t)st.st_size, f) == (size_t)st.st_size;
		*out = (struct krux_str){ p, (size_t)st.st_size };
	}
	fclose(f);
	return ok;
}

/* ---- the two runs ---- */

/* The first line of a text, without control characters at its end. */
static struct krux_str first_line(struct arena *a, const struct buf *b)
{
	size_t n = 0;

	while (n < b->n && b->p[n] != '\n' && b->p[n] != '\r')
		n++;
	return arena_str(a, (struct krux_str){ b->p, n });
}

static bool version_ask(struct arena *a, struct diags *ds, struct run *r, struct krux_str *version)
{
	const char *argv[] = { r->program, "--version", NULL };
	bool ok;

	r->argv = argv;
	ok = run(r) && !r->timed_out && WIFEXITED(r->status) && !WEXITSTATUS(r->status) && r->output.n;
	if (ok)
		*version = first_line(a, &r->output);
	else
		fail(ds, "the C compiler does not say its version", r->program);
	r->output.n = 0;
	return ok;
}

static bool compile(struct arena *a, struct diags *ds, struct run *r, struct krux_str version)
{
	bool clang = memmem(version.p, version.n, "clang", 5) != NULL;
	const char *const *more = clang ? clang_flags : gcc_flags;
	size_t nmore = clang ? sizeof clang_flags / sizeof *clang_flags : sizeof gcc_flags / sizeof *gcc_flags;
	const char *argv[MOST_ARGS + 1] = { r->program };
	size_t n = 1;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		argv[n++] = flags[i];
	for (size_t i = 0; i < nmore; i++)
		argv[n++] = more[i];
	argv[n++] = "-o";
	argv[n++] = "decide.so";
	argv[n++] = "decide.c";
	r->argv = argv;
	if (!run(r))
		return fail(ds, "the C compiler cannot be started", strerror(errno));
	if (r->timed_out)
		return fail(ds, "the C compiler takes more than two minutes", r->program);
	if (!WIFEXITED(r->status) || WEXITSTATUS(r->status)) {
		struct krux_str said = arena_str(a, (struct krux_str){ r->output.p, r->output.n });

		return fail(ds, "the C compiler fails", said.n ? said.p : r->program);
	}
	return true;
}

bool cc_shared_object(struct arena *a, struct diags *ds, struct krux_str c_text, struct krux_str *so,
                      struct krux_str *version)
{
	struct run r = { .program = compiler_find(a, ds) };
	const char *path = getenv("PATH");
	bool ok = false;

	if (!r.program)
		return false;
	r.path = arena_copy(a, "PATH=", 5);
	if (path) {
		struct krux_str all = arena_printf(a, "PATH=%s", path);
		r.path = arena_copy(a, all.p, all.n);
	}
	r.folder = folder_make(a);
	if (!r.folder)
		return fail(ds, "no private folder can be made for the C compiler", strerror(errno));
	if (!source_write(a, r.folder, c_text))
		fail(ds, "decide.c cannot be written for the C compiler", strerror(errno));
	else if (version_ask(a, ds, &r, version) && compile(a, ds, &r, *version)) {
		ok = object_read(a, r.folder, so);
		if (!ok)
			fail(ds, "the C compiler has written no shared object", r.program);
	}
	folder_remove(r.folder);
	buf_free(&r.output);
	return ok;
}
