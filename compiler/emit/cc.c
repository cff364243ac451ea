/* Running the C compiler. It sees one file under a fixed relative name in a private folder, an
 * environment of three variables, and limits of time and memory; cc_confine.c holds it. */
#include "compiler/emit/cc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/base/buf.h"
#include "compiler/emit/cc_confine.h"
#include "compiler/emit/cc_run.h"

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

static bool fail(struct diags *ds, const char *what, const char *detail)
{
	struct diag *d = diag_error(ds, 6003, (struct span){ 0 }, "%s%s%s", what, *detail ? ": " : "", detail);

	d->expected = KRUX_STR("a C compiler, gcc or clang, as $CC or in $PATH");
	return false;
}

/* ---- which compiler ---- */

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* Start a compiler, and keep files or reach machines where a confined one cannot. */
static bool is_wrapper(const char *path)
{
	static const char *const known[] = { "ccache", "sccache", "distcc", "icecc" };
	char *whole = realpath(path, NULL);
	const char *slash = whole ? strrchr(whole, '/') : NULL;
	bool is = false;

	for (size_t i = 0; slash && i < sizeof known / sizeof *known; i++)
		is |= !strcmp(slash + 1, known[i]);
	free(whole);
	return is;
}

/* The file that a name in $PATH stands for, past those that only start it; NULL for none. */
static const char *program_find(struct arena *a, const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return is_program(name) ? realpath(name, arena_get(a, 4096 + 1)) : NULL;
	while (path && *path) {
		size_t n = strcspn(path, ":");
		struct krux_str file = arena_printf(a, "%.*s/%s", (int)n, path, name);

		if (n && *path == '/' && is_program(file.p) && !is_wrapper(file.p))
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
		if (found && is_wrapper(found)) {
			fail(ds, "$CC only starts a compiler, which has to be named itself", given);
			return NULL;
		}
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

/* Whatever a compiler could leave there, a link or a pipe among it. */
static bool object_read(struct arena *a, const char *folder, struct krux_str *out)
{
	struct krux_str path = arena_printf(a, "%s/decide.so", folder);
	int fd = open(path.p, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "rb") : NULL;
	struct stat st;
	char *p;
	bool ok = false;

	if (!f)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= CC_MOST_OBJECT) {
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

/* What it said, and what it may do: few say in so many words that something was refused. */
static bool run_fail(struct arena *a, struct diags *ds, const struct cc_run *r, const char *what)
{
	struct krux_str said = arena_str(a, (struct krux_str){ r->output.p ? r->output.p : "", r->output.n });

	fail(ds, what, said.n ? said.p : r->program);
	ds->list[ds->n - 1]->fix = confinement_words(a, r->confinement);
	return false;
}

/* False after a diagnostic: it does not say yes, or not alone. */
static bool run_checked(struct arena *a, struct diags *ds, struct cc_run *r, const char *no)
{
	if (!cc_run(r))
		return fail(ds, "the C compiler cannot be started", strerror(errno));
	if (r->timed_out)
		return fail(ds, "the C compiler takes more than two minutes", r->program);
	if (WIFSIGNALED(r->status))
		return run_fail(a, ds, r, arena_printf(a, "the C compiler is ended by %s", strsignal(WTERMSIG(r->status))).p);
	if (WEXITSTATUS(r->status))
		return run_fail(a, ds, r, no);
	if (r->left)
		return fail(ds, "the C compiler has left a process behind, which was ended", r->program);
	return true;
}

static bool version_ask(struct arena *a, struct diags *ds, struct cc_run *r, struct krux_str *version)
{
	static const char no[] = "the C compiler does not say its version";
	const char *argv[] = { r->program, "--version", NULL };

	r->argv = argv;
	if (!run_checked(a, ds, r, no))
		return false;
	*version = first_line(a, &r->output);
	return version->n || fail(ds, no, r->program);
}

static bool compile(struct arena *a, struct diags *ds, struct cc_run *r, struct krux_str version)
{
	bool clang = memmem(version.p, version.n, "clang", 5) != NULL;
	const char *const *more = clang ? clang_flags : gcc_flags;
	size_t nmore = clang ? sizeof clang_flags / sizeof *clang_flags : sizeof gcc_flags / sizeof *gcc_flags;
	const char *argv[CC_MOST_ARGS + 1] = { r->program };
	size_t n = 1;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		argv[n++] = flags[i];
	for (size_t i = 0; i < nmore; i++)
		argv[n++] = more[i];
	argv[n++] = "-o";
	argv[n++] = "decide.so";
	argv[n++] = "decide.c";
	r->argv = argv;
	return run_checked(a, ds, r, "the C compiler fails");
}

static bool both_run(struct arena *a, struct diags *ds, struct cc_run *r, struct krux_str c_text, struct krux_str *so,
                     struct krux_str *version)
{
	if (!source_write(a, r->folder, c_text))
		return fail(ds, "decide.c cannot be written for the C compiler", strerror(errno));
	return version_ask(a, ds, r, version) && compile(a, ds, r, *version) &&
	       (object_read(a, r->folder, so) || fail(ds, "the C compiler has written no shared object", r->program));
}

bool cc_shared_object(struct arena *a, struct diags *ds, const struct cc_allowed *allowed, struct krux_str c_text,
                      struct krux_str *so, struct krux_str *version)
{
	const char *path = getenv("PATH");
	struct confinement confinement;
	struct cc_run r = { .program = compiler_find(a, ds), .confinement = &confinement };
	bool ok;

	if (!r.program)
		return false;
	r.path = arena_printf(a, "PATH=%s", path ? path : "").p;
	r.folder = folder_make(a);
	if (!r.folder)
		return fail(ds, "no private folder can be made for the C compiler", strerror(errno));
	ok = confinement_make(a, ds, allowed, r.program, r.folder, &confinement) && both_run(a, ds, &r, c_text, so, version);
	confinement_close(&confinement);
	folder_remove(r.folder);
	buf_free(&r.output);
	return ok;
}
