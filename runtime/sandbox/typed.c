/* A program that somebody has typed, which may do all that its user may, to one that does what it was told and nothing else,
 * before it reads what others have written: a daemon's answers, a log, a witness's word. A folder that it is to read or to
 * write is named by whoever typed it; so the paths become grants here, and the rows of the table say what for. */
#include "runtime/sandbox/typed.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/sandbox.h"

#include "capspec/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if SANITIZED
#include "capspec/rights.h"
#endif

enum { LEAST_ABI = 2 };

/* ---- privileges ---- */

static int capabilities_keep(uint64_t keep)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	for (unsigned i = 0; i < 2; i++) {
		data[i].effective &= (uint32_t)(keep >> 32 * i);
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].inheritable = 0;
	}
	return (int)syscall(SYS_capset, &head, data);
}

static int privileges_keep(enum process_kind kind)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || capabilities_keep(process_rows[kind].keeps) ||
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -1 : 0;
}

/* ---- files and ports ---- */

static int place_open(const struct typed_place *p)
{
	CLEAN_FREE char *copy = p->around ? strdup(p->path) : NULL;

	return p->around && !copy ? -1 : open(p->around ? dirname(copy) : p->path, O_PATH | O_CLOEXEC);
}

/* What is not there has no rule, and its command will say so. Neither have pipes, which no rule closes, nor a file where
 * rights of folders are all. */
static int place_allow(int set, int abi, const struct typed_place *p)
{
	CLEAN_FD int fd = p->path ? place_open(p) : -1;

	if (fd < 0 || !landlock_allow(set, abi, fd, process_places[p->place].rights) || errno == EBADFD || errno == ENOMSG)
		return 0;
	return -1;
}

static int rules_add(int set, int abi, const struct typed *t)
{
#if SANITIZED
	/* Sanitizers read files of their own, at the end too. */
	CLEAN_FD int root = open("/", O_PATH | O_CLOEXEC);

	if (landlock_allow(set, abi, root, RIGHT_READ_FILES | RIGHT_READ_FOLDERS))
		return -1;
#endif
	for (size_t i = 0; i < t->n; i++)
		if (place_allow(set, abi, &t->place[i]))
			return -1;
	for (size_t i = 0; i < t->nports; i++)
		if (landlock_allow_port(set, abi, t->port[i]))
			return -1;
	return 0;
}

static int files_restrict(const struct typed *t)
{
	int abi = landlock_abi(), set, no;

	if (abi < LEAST_ABI)
		return 0;
	set = t->parent ? landlock_open_files(abi) : landlock_open(abi);
	if (set < 0)
		return -1;
	if (!rules_add(set, abi, t))
		return landlock_enforce(set);
	no = errno;
	close(set);
	errno = no;
	return -1;
}

/* ---- system calls ---- */

static int calls_restrict(const struct typed *t)
{
	const uint32_t action = SECCOMP_RET_ERRNO;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action))
		return 0;
	return process_calls_restrict(t->kind, t->bundles);
}

int typed_confine(const struct typed *t, struct krux_err *err)
{
	if (privileges_keep(t->kind) || files_restrict(t) || calls_restrict(t))
		return err_set(err, errno, "%s cannot confine itself", process_word(t->kind));
	return 0;
}
