/* System calls that no handler has, made by who needs no privilege for them: seccomp alone stops most, and the
 * attempt without it shows that the kernel would have done them. */
#include "tests/live/live.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "tests/live/raw.h"
#include "tests/unit/foreign.h"

long raw(struct handler_call *c, const void *arg)
{
	const struct raw *r = arg;
	long n = syscall(r->nr, r->arg[0], r->arg[1], r->arg[2], r->arg[3], r->arg[4], r->arg[5]);

	(void)c;
	return n >= 0 || errno == r->reached ? 0 : errno;
}


#define RAW(name, nr, reached, ...) \
	{ name, raw, &(const struct raw){ nr, reached, { __VA_ARGS__ } }, .hold = EACH(ON(SECCOMP)) }

#if defined __x86_64__
static long foreign(struct handler_call *c, const void *arg)
{
	const long n = foreign_getpid();

	(void)c, (void)arg;
	return n >= 0 ? 0 : -n;
}

static bool has_foreign(void)
{
	return foreign_calls_are_there() || cannot("this machine has no int 0x80");
}
#endif

static long inject(struct handler_call *c, const void *arg)
{
	char x = 'x';

	(void)c;
	return result_of(syscall(SYS_ioctl, leaked_terminal, *(const long *)arg, &x));
}

static bool sysctl_is(const char *path, int want, const char *says)
{
	FILE *f = fopen(path, "re");
	int n = want;

	if (f) {
		if (fscanf(f, "%d", &n) != 1)
			n = want;
		fclose(f);
	}
	return n == want || cannot("%s", says);
}

static bool terminal_takes(void)
{
	if (leaked_terminal < 0)
		return cannot("no terminal can be made");
	return sysctl_is("/proc/sys/dev/tty/legacy_tiocsti", 1, "dev.tty.legacy_tiocsti is 0");
}

static bool messages_are_open(void)
{
	return sysctl_is("/proc/sys/kernel/dmesg_restrict", 0, "kernel.dmesg_restrict is 1");
}

static const long injects[] = { TIOCSTI, TIOCSTI | 1L << 32 };

static const struct attempt list[] = {
	RAW("io_uring_setup", SYS_io_uring_setup, EFAULT, 1, 0),
	RAW("userfaultfd", SYS_userfaultfd, 0, 1),
	RAW("clone3", SYS_clone3, EINVAL, 0, 0),
	RAW("unshare a user namespace", SYS_unshare, 0, CLONE_NEWUSER),
	RAW("clone with a user namespace", SYS_clone, EINVAL, CLONE_NEWUSER | CLONE_FS),
	RAW("setns", SYS_setns, EBADF, -1, 0),
	RAW("seccomp", SYS_seccomp, EFAULT, SECCOMP_GET_ACTION_AVAIL, 0, 0),
	RAW("prctl for a second filter", SYS_prctl, EFAULT, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0),
	RAW("prctl to be dumpable", SYS_prctl, 0, PR_SET_DUMPABLE, 1),
	RAW("personality", SYS_personality, 0, 0xffffffff),
	RAW("ptrace", SYS_ptrace, ESRCH, PTRACE_ATTACH, 99999999),
	RAW("pidfd_open", SYS_pidfd_open, 0, 1, 0),
	RAW("pidfd_getfd", SYS_pidfd_getfd, EBADF, -1, 0, 0),
	RAW("add_key", SYS_add_key, EFAULT, 0, 0, 0, 0, KEY_SPEC_SESSION_KEYRING),
	RAW("keyctl", SYS_keyctl, 0, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1),
	RAW("request_key", SYS_request_key, EFAULT, 0, 0, 0, 0),
	RAW("memfd_create", SYS_memfd_create, EFAULT, 0, 0),
	RAW("memfd_secret", SYS_memfd_secret, 0, 0),
	RAW("execve", SYS_execve, EFAULT, 0, 0, 0),
	RAW("shmget", SYS_shmget, 0, 0, 4096, 0600),
	RAW("msgget", SYS_msgget, 0, 0, 0600),
	RAW("semget", SYS_semget, 0, 0, 1, 0600),
	RAW("mq_open", SYS_mq_open, EFAULT, 0, O_RDWR | O_CREAT, 0600, 0),
	RAW("fanotify_init", SYS_fanotify_init, 0, FAN_CLASS_NOTIF | FAN_REPORT_FID, 0),
	RAW("name_to_handle_at", SYS_name_to_handle_at, EFAULT, -1, 0, 0, 0, 0),
	RAW("pipe2", SYS_pipe2, EFAULT, 0, 0),
	RAW("dup", SYS_dup, 0, 0),
	RAW("fcntl that says whom signals go to", SYS_fcntl, 0, 0, F_SETOWN, 0),
	RAW("eventfd2", SYS_eventfd2, 0, 0, 0),
	RAW("signalfd4", SYS_signalfd4, EINVAL, -1, 0, 0, 0),
	RAW("timer_create", SYS_timer_create, EINVAL, 9999, 0, 0),
	RAW("epoll_create1", SYS_epoll_create1, 0, 0),
	RAW("rt_sigaction", SYS_rt_sigaction, 0, SIGUSR2, 0, 0, 8),
	RAW("setsid", SYS_setsid, EPERM, 0),
	RAW("sched_setaffinity", SYS_sched_setaffinity, EFAULT, 0, 8, 0),
	RAW("setpriority", SYS_setpriority, 0, 0, 0, 19),
	RAW("setrlimit", SYS_setrlimit, EFAULT, 0, 0),
	{ "mlock", raw, &(const struct raw){ SYS_mlock, 0, { 0 } }, .hold = EACH(ON(SECCOMP) | ON(RLIMITS)) },
	RAW("splice", SYS_splice, EBADF, -1, 0, -1, 0, 1, 0),
	RAW("sendfile", SYS_sendfile, EBADF, -1, -1, 0, 1),
	RAW("copy_file_range", SYS_copy_file_range, EBADF, -1, 0, -1, 0, 1, 0),
	RAW("landlock_create_ruleset", SYS_landlock_create_ruleset, 0, 0, 0, 1),
	RAW("membarrier", SYS_membarrier, 0, 0, 0, 0),
	RAW("shared memory", SYS_mmap, 0, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	RAW("code by mprotect", SYS_mprotect, 0, 0, 0, PROT_READ | PROT_EXEC),
	RAW("ioctl with bits above 32", SYS_ioctl, EBADF, -1, TIOCSTI | 1L << 32, 0),
	{ "read the kernel's messages", raw, &(const struct raw){ SYS_syslog, 0, { 10 } }, messages_are_open,
	  .hold = EACH(ON(SECCOMP)) },
#if defined __x86_64__
	RAW("modify_ldt", SYS_modify_ldt, 0, 0, 0, 0),
	{ "int 0x80", foreign, .before = has_foreign, .hold = EACH(ON(SECCOMP)) },
	RAW("the x32 bit", 0x40000000 | SYS_getpid, 0, 0),
#endif
	{ "TIOCSTI on a leaked terminal", inject, &injects[0], terminal_takes,
	  .hold = EACH(ON(SECCOMP) | ON(DESCRIPTORS) | ON(NS_PID)) },
	{ "TIOCSTI with a bit above 32", inject, &injects[1], terminal_takes,
	  .hold = EACH(ON(SECCOMP) | ON(DESCRIPTORS) | ON(NS_PID)) },
};
const struct attempt_list calls_list = { "system calls", list, sizeof list / sizeof *list };
