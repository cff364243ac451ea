/* Namespaces, privileges, seccomp, Landlock and the calls that everything rests on, each used once. */
#include "runtime/sandbox/feature_try.h"

#include "runtime/sandbox/sandbox.h"

#include "capspec/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As a call does: beside a user namespace for who is not root. */
static int namespace_take(int flag)
{
	return unshare(flag | (geteuid() ? CLONE_NEWUSER : 0));
}

int try_mount_namespace(void)
{
	return namespace_take(CLONE_NEWNS);
}

int try_pid_namespace(void)
{
	return namespace_take(CLONE_NEWPID);
}

int try_net_namespace(void)
{
	return namespace_take(CLONE_NEWNET);
}

int try_ipc_namespace(void)
{
	return namespace_take(CLONE_NEWIPC);
}

int try_uts_namespace(void)
{
	return namespace_take(CLONE_NEWUTS) || sethostname("krux", 4) ? -1 : 0;
}

int try_cgroup_namespace(void)
{
	return namespace_take(CLONE_NEWCGROUP);
}

int try_time_namespace(void)
{
	return namespace_take(CLONE_NEWTIME);
}

int try_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

int try_no_new_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* One system call that ends its process. */
static void killed_be(void) __attribute__((noreturn));

static void killed_be(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof code / sizeof *code, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		_exit(errno);
	syscall(SYS_getppid);
	_exit(ENOTSUP);
}

int try_seccomp(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		killed_be();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return 0;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : ENOTSUP;
	return -1;
}

/* A domain without a rule: then no folder can be opened. */
int try_landlock(void)
{
	int abi = probe_get()->landlock_abi;

	if (abi < 2) {
		errno = abi ? ENOTSUP : ENOSYS;
		return -1;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || landlock_restrict(abi, NULL, 0))
		return -1;
	if (open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 && errno == EACCES)
		return 0;
	errno = ENOTSUP;
	return -1;
}

int try_openat2(void)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || syscall(SYS_openat2, root, ".", &how, sizeof how) < 0)
		return -1;
	/* Out of it leads nowhere. */
	if (syscall(SYS_openat2, root, "../..", &how, sizeof how) < 0 && errno == EXDEV)
		return 0;
	errno = ENOTSUP;
	return -1;
}

int try_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return fd < 0 ? -1 : (int)syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0);
}

int try_memfd_seals(void)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd = memfd_create("krux", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, "a", 1) != 1 || fcntl(fd, F_ADD_SEALS, seals))
		return -1;
	if (write(fd, "b", 1) < 0 && errno == EPERM)
		return 0;
	errno = ENOTSUP;
	return -1;
}
