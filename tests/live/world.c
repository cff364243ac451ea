/* A host in small: what an attempt reaches when it gets out. As root it has a network of its own, whose loopback has
 * the addresses that a handler should never reach. */
#include "tests/live/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/spawn/child.h"

const char *place = "/tmp";
char outside[64], abstract_name[32], victim_secret[16];
int leaked_file = -1, leaked_folder = -1, leaked_terminal = -1, segment = -1, key_serial, owners[OWNERS];
uint16_t listening;
pid_t victim;

static uid_t owner;                    /* of the workspace, and of all that is outside */
static char program[PATH_MAX];

#define MUST(x) do { if (!(x)) { perror(#x); _exit(3); } } while (0)

/* ---- network ---- */

static const char *const addresses[] = { "127.0.0.1", "169.254.169.254", "1.1.1.1", "10.1.2.3" };

/* Of carriers of 10.1.2.3, and one of a network's own. */
static const char *const addresses6[] = { "64:ff9b::a01:203", "2002:a01:203::1", "2001:0:a01:203::1", "fd00::1" };

/* As linux/ipv6.h has it, which goes with no other header of the C library. */
struct address6 {
	struct in6_addr address;
	uint32_t prefix;
	int interface;
};

static void addresses6_add(void)
{
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct address6 a = { .prefix = 128, .interface = (int)if_nametoindex("lo") };

	for (size_t i = 0; i < sizeof addresses6 / sizeof *addresses6; i++)
		MUST(inet_pton(AF_INET6, addresses6[i], &a.address) == 1 && !ioctl(s, SIOCSIFADDR, &a));
	close(s);
}

static void loopback_up(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { 0 };

	MUST(s >= 0);
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct sockaddr_in a = { .sin_family = AF_INET };

		snprintf(r.ifr_name, sizeof r.ifr_name, i ? "lo:%zu" : "lo", i);
		inet_pton(AF_INET, addresses[i], &a.sin_addr);
		memcpy(&r.ifr_addr, &a, sizeof a);
		MUST(!ioctl(s, SIOCSIFADDR, &r));
		r.ifr_flags = IFF_UP | IFF_RUNNING;
		MUST(!ioctl(s, SIOCSIFFLAGS, &r));
	}
	close(s);
	addresses6_add();
}

/* Inherited by the child, who is to have lost them: so not O_CLOEXEC. */
static int listen_at(int family, int type, const void *to, socklen_t n)
{
	int s = socket(family, type | SOCK_NONBLOCK, 0), on = 1;

	MUST(s >= 0);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(s, to, n) || (type == SOCK_STREAM && listen(s, 128))) {
		close(s);
		return -1;
	}
	return s;
}

static void listen_all(bool root)
{
	static const uint16_t ports[] = { 53, 80, 853 };
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t n = sizeof any;
	int s = listen_at(AF_INET6, SOCK_STREAM, &any, n);

	MUST(s >= 0 && !getsockname(s, (struct sockaddr *)&any, &n));
	listening = ntohs(any.sin6_port);
	MUST(listen_at(AF_INET6, SOCK_DGRAM, &any, n) >= 0);
	for (size_t i = 0; root && i < sizeof ports / sizeof *ports; i++) {
		any.sin6_port = htons(ports[i]);
		MUST(listen_at(AF_INET6, SOCK_STREAM, &any, n) >= 0 && listen_at(AF_INET6, SOCK_DGRAM, &any, n) >= 0);
	}
	snprintf(abstract_name, sizeof abstract_name, "krux-live-%d", getpid());
	strcpy(un.sun_path + 1, abstract_name);
	MUST(listen_at(AF_UNIX, SOCK_STREAM, &un, sizeof un) >= 0);
}

/* ---- files ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void put(const char *path, const char *text, uid_t uid)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	MUST(!fchown(fd, uid, uid) && !close(fd));
}

static void folder(const char *path)
{
	MUST(!mkdir(path, 0755) && !chown(path, owner, owner));
}

static void copy(const char *from, const char *to, mode_t mode, uid_t uid)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char buf[65536];
	ssize_t n;

	MUST(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof buf)) > 0)
		MUST(write(out, buf, (size_t)n) == n);
	MUST(!fchown(out, uid, uid) && !fchmod(out, mode) && !close(in) && !close(out));
}

/* What attempts look for is the agent's own by its uid: only the sandbox is between them. */
void world_fresh(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "workspace/socket" };
	static int in_workspace = -1;

	MUST(!nftw("workspace", remove_one, 16, FTW_DEPTH | FTW_PHYS) || errno == ENOENT);
	folder("workspace");
	folder("workspace/drafts");
	folder("workspace/.krux");
	folder("workspace/.krux/trash");
	folder("workspace/.krux/tmp");
	put("workspace/inside", "inside", owner);
	MUST(!symlink("../secret", "workspace/link") && !symlink("/proc/self/root", "workspace/magic"));
	MUST(!link("plain", "workspace/program"));
	put("secret", "secret", owner);
	close(in_workspace);
	in_workspace = listen_at(AF_UNIX, SOCK_STREAM, &un, sizeof un);
	MUST(in_workspace >= 0 && !chmod(un.sun_path, 0777));
	unlink("made");
	unlink("core");
	if (!victim) {
		int ready[2];
		char c;

		MUST(!pipe2(ready, O_CLOEXEC));
		victim = fork();
		MUST(victim >= 0);
		if (!victim) {
			strcpy(victim_secret, "secret");
			signal(SIGUSR1, SIG_DFL);
			if (owner != getuid() && (setgroups(0, NULL) || setresgid(owner, owner, owner) || setresuid(owner, owner, owner)))
				_exit(3);
			prctl(PR_SET_DUMPABLE, 1);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			MUST(write(ready[1], "r", 1) == 1);
			for (;;)
				pause();
		}
		close(ready[1]);
		MUST(read(ready[0], &c, 1) == 1);
		close(ready[0]);
	}
}

/* What the owner leaves, for who is the owner alone. Made by a process of his. */
static void leave_all(int to)
{
	int left[OWNERS] = { 0 };

	if (owner != getuid() && (setgroups(0, NULL) || setresgid(owner, owner, owner) || setresuid(owner, owner, owner)))
		_exit(3);
	/* In -4, the keyring of his uid, which is his once it is linked from -3, that of a session; gone by itself in an hour. */
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	syscall(SYS_keyctl, KEYCTL_LINK, -4, -3);
	left[OWNERS_KEY] = (int)syscall(SYS_add_key, "user", "krux-owner", "secret", 6UL, -4);
	if (left[OWNERS_KEY] > 0 && (syscall(SYS_keyctl, KEYCTL_SETPERM, left[OWNERS_KEY], 0x3f3f0000) ||
	                             syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, left[OWNERS_KEY], 3600)))
		left[OWNERS_KEY] = -1;
	left[OWNERS_QUEUE] = msgget(IPC_PRIVATE, 0600);
	left[OWNERS_SEMAPHORE] = semget(IPC_PRIVATE, 1, 0600);
	_exit(write(to, left, sizeof left) == sizeof left ? 0 : 3);
}

static void owner_leaves(void)
{
	int pair[2], status;
	pid_t pid;

	MUST(!pipe2(pair, O_CLOEXEC));
	pid = fork();
	if (!pid)
		leave_all(pair[1]);
	close(pair[1]);
	MUST(pid > 0 && read(pair[0], owners, sizeof owners) == sizeof owners && waitpid(pid, &status, 0) == pid && !status);
	close(pair[0]);
}

static int victim_end(void)
{
	int status = 0;

	/* Of two signals that wait the lower number ends it. */
	MUST(!kill(victim, SIGTERM) && waitpid(victim, &status, 0) == victim);
	victim = 0;
	return status;
}

bool victim_was_hit(void)
{
	const int status = victim_end();

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1;
}

void victim_renew(void)
{
	victim_end();
}

static void terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || grantpt(master) || unlockpt(master))
		return;
	leaked_terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (leaked_terminal >= 0)
		ioctl(leaked_terminal, TIOCSCTTY, 0);
}

/* Its workspace can be an agent's. */
static bool can_be_mapped(void)
{
	struct child_plan plan = { .workspace = -1 };

	if (!call_workspace(&plan, false, 0))
		return false;
	call_workspace_end(&plan);
	return true;
}

bool world_make(enum way w)
{
	bool root = geteuid() == 0;
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 16);
	char *slash;

	if (!root && w != WAY_USER)
		return cannot("not root");
	MUST(n > 0);
	program[n] = '\0';
	slash = strrchr(program, '/');
	strcpy(slash + 1, "escaped");
	owner = w == WAY_AGENT ? OWNER : w == WAY_ROOT ? 0 : root ? USER : getuid();
	MUST(setsid() > 0 || errno == EPERM);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	if (root) {
		MUST(!unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
		MUST(!syscall(SYS_sethostname, "krux-live", 9UL));
		loopback_up();
	}
	/* Nothing but the layers is to keep an attempt back. */
	setrlimit(RLIMIT_CORE, &(const struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	listen_all(root);
	snprintf(outside, sizeof outside, "%.40s/krux-live-XXXXXX", place);
	MUST(mkdtemp(outside) && !chdir(outside) && !chmod(".", 0755) && !chown(".", owner, owner));
	copy(program, "program", root ? 04755 : 0755, getuid());
	copy(program, "plain", 0755, owner);
	if (root && w == WAY_USER)
		MUST(!setgroups(0, NULL) && !setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
	world_fresh();
	leaked_file = open("secret", O_RDWR);
	leaked_folder = open(".", O_RDONLY | O_DIRECTORY);
	terminal();
	segment = shmget(0x6B727578, 4096, IPC_CREAT | 0666);
	syscall(SYS_keyctl, 1, NULL);  /* a session keyring of its own */
	key_serial = (int)syscall(SYS_add_key, "user", "krux-live", "secret", 6UL, -3);
	owner_leaves();
	return can_be_mapped();
}

void world_end(void)
{
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	if (segment >= 0)
		shmctl(segment, IPC_RMID, NULL);
	if (owners[OWNERS_QUEUE] >= 0)
		msgctl(owners[OWNERS_QUEUE], IPC_RMID, NULL);
	if (owners[OWNERS_SEMAPHORE] >= 0)
		semctl(owners[OWNERS_SEMAPHORE], 0, IPC_RMID);
	MUST(!chdir("/"));
	nftw(outside, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
