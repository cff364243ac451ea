/* The tables compiler_places.def and compiler_calls.def, and where the compiler is installed, to Landlock and seccomp. A
 * program in a folder bin brings what is installed beside that; any other brings its own file, since the folder may be
 * somebody's home. */
#include "compiler/emit/cc_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capspec/rights.h"
#include "compiler/base/buf.h"
#include "compiler/emit/filter.h"

_Static_assert(sizeof(struct krux_bpf) == sizeof(struct sock_filter), "instructions of the kernel");

#if defined __x86_64__
enum { HERE = KRUX_X86_64 };
#elif defined __aarch64__
enum { HERE = KRUX_AARCH64 };
#else
enum { HERE = KRUX_MACHINES };
#endif

enum {
	MOST_PLACES = 64,
	READS = RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_EXECUTE,
	/* No links, folders, sockets or pipes: kruxc reads what it leaves behind. */
	WORKS = RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_WRITE_FILES | RIGHT_PLAIN_NAMES,
};

static const struct place { const char *path; unsigned rights; } places[] = {
#define PLACE(path, rights) { path, rights },
#include "capspec/compiler_places.def"
};

/* What is installed beside a folder bin. */
static const char *const beside[] = { "bin", "lib", "lib32", "lib64", "libexec", "include" };

/* ---- waivers ---- */

static const char *const names[] = { "landlock", "seccomp" };

static bool word_among(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; list && *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == n && !strncmp(list, word, n))
			return true;
	return false;
}

struct krux_str cc_missing_wrong(const struct cc_allowed *allowed)
{
	const char *list = allowed->missing;

	while (list && *list) {
		size_t n = strcspn(list, ",");
		bool known = false;

		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			known |= strlen(names[i]) == n && !strncmp(list, names[i], n);
		if (!known)
			return (struct krux_str){ list, n };
		list += n + (list[n] == ',');
	}
	return (struct krux_str){ NULL, 0 };
}

/* True: that is waived. */
static bool lacks(struct diags *ds, const struct cc_allowed *allowed, const char *name, const char *why)
{
	struct diag *d;

	if (word_among(allowed->missing, name))
		return true;
	d = diag_error(ds, 6006, (struct span){ 0 }, "the C compiler cannot be confined here: no %s: %s", name, why);
	d->fix = arena_printf(ds->arena, "build where the kernel has it, or go on without it: --allow-missing %s", name);
	return false;
}

/* ---- the list ---- */

static bool place_add(struct arena *a, struct confinement *c, const char *path, unsigned rights)
{
	int fd = c->n < MOST_PLACES ? open(path, O_PATH | O_CLOEXEC) : -1;

	if (fd < 0)
		return false;
	c->place[c->n] = arena_copy(a, path, strlen(path));
	c->grant[c->n++] = (struct landlock_grant){ fd, rights };
	return true;
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && path[n] == '/';
}

static bool is_placed(const char *path)
{
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (is_below(path, places[i].path))
			return true;
	return false;
}

/* Where links in $PATH lead to; a compiler finds its parts from there, too. */
static void home_add(struct arena *a, struct confinement *c, const char *program)
{
	char *whole = realpath(program, NULL), *slash;

	if (!whole || is_placed(whole)) {
		free(whole);
		return;
	}
	place_add(a, c, whole, READS);
	slash = strrchr(whole, '/');
	*slash = 0;
	slash = strrchr(whole, '/');
	if (slash && !strcmp(slash, "/bin"))
		for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
			place_add(a, c, arena_printf(a, "%.*s/%s", (int)(slash - whole), whole, beside[i]).p, READS);
	free(whole);
}

static bool named_add(struct arena *a, struct diags *ds, struct confinement *c, const char *list)
{
	while (list && *list) {
		size_t n = strcspn(list, ":");
		const char *path = arena_copy(a, list, n);
		const bool room = c->n < MOST_PLACES - 1;     /* one is the compiler's folder */

		if (n && (!room || !place_add(a, c, path, READS))) {
			diag_error(ds, 6006, (struct span){ 0 }, "%s, which --compiler-reads names: %s", path,
			           room ? strerror(errno) : "there are more places than 64");
			return false;
		}
		list += n + (list[n] == ':');
	}
	return true;
}

/* NULL, or why there is none. */
static const char *seccomp_missing(void)
{
	const uint32_t action = SECCOMP_RET_ERRNO;

	if (HERE >= (int)KRUX_MACHINES)
		return "there is no filter for this machine";
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) ? strerror(errno) : NULL;
}

const char *cc_lacks(void)
{
	if (seccomp_missing())
		return landlock_abi() ? "seccomp" : "landlock and seccomp";
	return landlock_abi() ? NULL : "landlock";
}

static bool filter_find(struct arena *a, struct diags *ds, const struct cc_allowed *allowed, struct confinement *c)
{
	struct filter *f = ARENA_NEW(a, struct filter);
	const char *why = seccomp_missing();

	if (why)
		return lacks(ds, allowed, "seccomp", why);
	if (!filter_make(a, CALLS_COMPILER, f, &why)) {
		diag_error(ds, 6004, (struct span){ 0 }, "no filter for the C compiler can be made: %s", why);
		return false;
	}
	c->filter = &f->program[HERE];
	return true;
}

bool confinement_make(struct arena *a, struct diags *ds, const struct cc_allowed *allowed, const char *program,
                      const char *folder, struct confinement *c)
{
	*c = (struct confinement){ .abi = landlock_abi(), .grant = ARENA_ARRAY(a, struct landlock_grant, MOST_PLACES),
	                           .place = ARENA_ARRAY(a, const char *, MOST_PLACES) };
	if (!c->abi && !lacks(ds, allowed, "landlock", strerror(errno)))
		return false;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		place_add(a, c, places[i].path, places[i].rights);
	c->nsystem = c->n;
	home_add(a, c, program);
	if (!named_add(a, ds, c, allowed->reads))
		return false;
	if (!place_add(a, c, folder, WORKS)) {
		diag_error(ds, 6006, (struct span){ 0 }, "the private folder of the C compiler: %s", strerror(errno));
		return false;
	}
	return filter_find(a, ds, allowed, c);
}

void confinement_close(struct confinement *c)
{
	for (size_t i = 0; i < c->n; i++)
		close(c->grant[i].fd);
	c->n = 0;
}

/* ---- put on ---- */

/* To enter folders that only their owner may is left, so that root can use a user's compiler: Landlock has the last
 * word there. A limit that root could lift again is none. */
static int capabilities_drop(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct has[2], left[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (syscall(SYS_capget, &head, has))
		return -1;
	left[0].permitted = left[0].effective = has[0].permitted & 1U << CAP_DAC_READ_SEARCH;
	return (int)syscall(SYS_capset, &head, left);
}

const char *confinement_put_on(const struct confinement *c)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || capabilities_drop() ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return "take its privileges";
	if (c->abi && landlock_restrict(c->abi, c->grant, c->n))
		return "put Landlock on it";
	if (c->filter) {
		const struct sock_fprog program = { (unsigned short)c->filter->n,
			                            (struct sock_filter *)(uintptr_t)c->filter->code };

		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
			return "put seccomp on it";
	}
	return NULL;
}

struct krux_str confinement_words(struct arena *a, const struct confinement *c)
{
	struct buf b = { 0 };
	struct krux_str words;

	buf_puts(&b, "it runs confined: no network, one folder to write, and to read the system's own (/usr, /lib)");
	for (size_t i = c->nsystem; i + 1 < c->n; i++)
		buf_printf(&b, ", %s", c->place[i]);
	buf_puts(&b, "; give it what else it needs with --compiler-reads FOLDER, or name another with $CC");
	words = arena_str(a, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return words;
}
