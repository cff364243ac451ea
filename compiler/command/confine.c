/* kruxc to a process that reads and does what its command is for, before it reads the first byte of anybody's text: it
 * writes where that command writes, makes no socket, looks into no other process, and executes nothing but the compiler of
 * a build. What it reads is not narrowed: links lead out of folders, and capabilities name programs of the machine. */
#include "compiler/command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capspec/landlock.h"
#include "capspec/rights.h"

#if defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#elif defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif

enum {
	READS = RIGHT_READ_FILES | RIGHT_READ_FOLDERS,
	WRITES = READS | RIGHT_WRITE_FILES | RIGHT_NAMES,
	LEAST_ABI = 2,                     /* parts of a bundle move from one folder into another */
};

/* ---- files ---- */

struct rules { int set, abi; };

/* What is not there has no rule, and its command will say so. Neither have pipes, which no rule closes. */
static bool rule_add(const struct rules *r, const char *path, unsigned rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	bool fine = fd < 0 || !landlock_allow(r->set, r->abi, fd, rights) || errno == EBADFD;

	if (fd >= 0)
		close(fd);
	return fine;
}

/* The folder that a path is in: where it is made, or where a file that takes its place is. */
static bool around_add(const struct rules *r, const char *path)
{
	char *copy = strdup(path);
	bool fine = copy && rule_add(r, dirname(copy), WRITES);

	free(copy);
	return fine;
}

/* A folder that is there is written into, a device or a pipe is written to, anything else is put in its place. */
static bool output_add(const struct rules *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) || S_ISREG(st.st_mode))
		return around_add(r, path);
	return rule_add(r, path, S_ISDIR(st.st_mode) ? WRITES : RIGHT_WRITE_FILES);
}

static bool writes_add(const struct rules *r, const struct options *o, enum command_writes writes)
{
	const char *tmp = getenv("TMPDIR");
	bool fine = !o->output || output_add(r, o->output);

	if (writes == WRITES_BUILD)
		fine = fine && rule_add(r, tmp && *tmp == '/' ? tmp : "/tmp", WRITES) && rule_add(r, "/dev/null", READS | RIGHT_WRITE_FILES);
	if (writes == WRITES_NAMES || (writes == WRITES_IN_PLACE && o->write))
		for (size_t i = 0; i < o->nargs && fine; i++)
			fine = around_add(r, o->arg[i]);
	return fine;
}

static bool files_confine(const struct options *o, enum command_writes writes)
{
	struct rules r = { -1, landlock_abi() };
	bool fine;

	if (r.abi < LEAST_ABI)
		return true;
	r.set = landlock_open(r.abi);
	if (r.set < 0)
		return false;
	fine = rule_add(&r, "/", writes == WRITES_BUILD ? READS | RIGHT_EXECUTE : READS) && writes_add(&r, o, writes);
	if (fine)
		return !landlock_enforce(r.set);
	close(r.set);
	return false;
}

/* ---- system calls ---- */

/* Of those that programs of commands have, kruxc needs no socket either, and runs one program. */
static const struct { int nr; bool builds; } never[] = {
#define NEVER(name, gives) { SCMP_SYS(name), false },
#define NEVER_BUILTIN(name, gives)
#include "capspec/never.def"
	{ SCMP_SYS(socket), false }, { SCMP_SYS(execve), true }, { SCMP_SYS(execveat), true },
};

/* builds: a compiler is started, and put under a filter of its own. */
static bool is_refused(size_t i, bool builds)
{
#ifdef SANITIZED
	if (never[i].nr == SCMP_SYS(ptrace))
		return false;              /* to look for leaks at the end */
#endif
	return !builds || (!never[i].builds && never[i].nr != SCMP_SYS(seccomp));
}

static bool calls_confine(bool builds)
{
	const uint32_t action = SECCOMP_RET_ERRNO;
	scmp_filter_ctx f;
	int no;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action))
		return true;
	f = seccomp_init(SCMP_ACT_ALLOW);
	if (!f)
		return false;
	no = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; i < sizeof never / sizeof *never && !no; i++)
		if (is_refused(i, builds))
			no = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), never[i].nr, 0);
	no = no ? no : seccomp_load(f);
	seccomp_release(f);
	errno = no < 0 ? -no : errno;
	return !no;
}

bool command_confine(const struct options *o, enum command_writes writes)
{
	if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && files_confine(o, writes) && calls_confine(writes == WRITES_BUILD))
		return true;
	command_say("kruxc: cannot confine itself: %s", strerror(errno));
	return false;
}
