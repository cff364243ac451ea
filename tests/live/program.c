/* A command's program that an attacker has taken over: makes the one attempt that its first argument names. Ends with 0
 * where it got through, else with the errno that stopped it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capspec/relay.h"
#include "tests/live/program.h"

/* In older headers it is missing: Linux 5.6. */
enum { MULTIPATH = 262 };

const char *arg;

static int is_secret(int fd)
{
	char buf[8] = "";

	if (fd < 0)
		return errno;
	return pread(fd, buf, 6, 0) == 6 && (!memcmp(buf, "secret", 6) || !memcmp(buf, "inside", 6)) ? 0 : EBADMSG;
}

static int file_read(void)
{
	return is_secret(open(arg, O_RDONLY));
}

static int leaked(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (!is_secret(fd))
			return 0;
	return EBADF;
}

static int list(void)
{
	return result(open(arg, O_RDONLY | O_DIRECTORY));
}

static int file_write(void)
{
	int fd = open(arg, O_WRONLY | O_CREAT, 0644);

	return result(fd < 0 ? fd : write(fd, "x", 1));
}

static int copy_to(int to)
{
	int from = open("/proc/self/exe", O_RDONLY);
	char piece[65536];
	ssize_t n = -1;

	while (from >= 0 && (n = read(from, piece, sizeof piece)) > 0)
		if (write(to, piece, (size_t)n) != n)
			return errno;
	return n < 0 ? errno : 0;
}

/* The same program, which only ends. */
static int executed(int fd, const char *path)
{
	static char name[] = "program", verb[] = "end";
	char *const argv[] = { name, verb, NULL }, *const none[] = { NULL };
	int status, no = copy_to(fd);
	pid_t pid;

	if (no)
		return no;
	if (path)
		close(fd);
	pid = fork();
	if (!pid) {
		if (path)
			execve(path, argv, none);
		else
			syscall(SYS_execveat, fd, "", argv, none, AT_EMPTY_PATH);
		_exit(errno);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid ? errno : WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

static int execute_file(void)
{
	int fd = open(arg, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	return fd < 0 ? errno : executed(fd, arg);
}

static int execute_memory(void)
{
	int fd = (int)syscall(SYS_memfd_create, "m", 0);

	return fd < 0 ? errno : executed(fd, NULL);
}

static int end(void)
{
	return 0;
}

/* ---- system calls ---- */

/* No terminal is at hand: who hears that has got as far as the kernel's own look at it. */
static int type_into(void)
{
	return ioctl(0, strtoul(arg, NULL, 0), "x") < 0 && errno != ENOTTY ? errno : 0;
}

static int unshare_user(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int clone_user(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	return result(pid);
}

static int clone3_user(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof args);

	if (!pid)
		_exit(0);
	return result(pid);
}

static int raw(void)
{
	return result(syscall(strtol(arg, NULL, 0), -1, 0, 0, 0, 0, 0));
}

static int keyring(void)
{
	return result(syscall(SYS_keyctl, 0, -3, 1));
}

/* By its own parent. */
static int trace_me(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(result(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
	return pid < 0 || waitpid(pid, &status, 0) != pid ? errno : WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

static int trace_first(void)
{
	return result(ptrace(PTRACE_SEIZE, 1, NULL, NULL));
}

/* Where the signal comes, it ends the call that sent it. */
static int freeze_first(void)
{
	if (kill(1, SIGTSTP))
		return errno;
	sleep(5);
	return 0;
}

static int second_filter(void)
{
	return prctl(PR_SET_SECCOMP, 2, NULL) && errno != EFAULT ? errno : 0;
}

static int shared_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int inet(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

/* The argument is "ADDRESS PORT". */
static socklen_t to_fill(struct sockaddr_storage *to)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	char text[64] = "";
	unsigned port = 0;

	memset(to, 0, sizeof *to);
	sscanf(arg, "%63s %u", text, &port);
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		return sizeof *four;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)port);
	inet_pton(AF_INET6, text, &six->sin6_addr);
	return sizeof *six;
}

static int reach(int type)
{
	struct sockaddr_storage to;
	const socklen_t n = to_fill(&to);
	const int s = socket(to.ss_family, type, 0);

	return s < 0 || connect(s, (void *)&to, n) || write(s, "x", 1) != 1 ? errno : 0;
}

static int tcp(void)
{
	return reach(SOCK_STREAM);
}

static int udp(void)
{
	return reach(SOCK_DGRAM);
}

static int send_to(int type, int flags)
{
	struct sockaddr_storage to;
	const socklen_t n = to_fill(&to);
	const int s = socket(to.ss_family, type, 0);

	return s < 0 ? errno : result(sendto(s, "x", 1, flags, (void *)&to, n));
}

static int udp_to(void)
{
	return send_to(SOCK_DGRAM, 0);
}

static int fast_open(void)
{
	return send_to(SOCK_STREAM, MSG_FASTOPEN);
}

/* Where the host listens already, who shares its network hears that. */
static int bind_there(void)
{
	struct sockaddr_storage to;
	const socklen_t n = to_fill(&to);
	const int s = socket(to.ss_family, SOCK_STREAM, 0);

	if (s < 0)
		return errno;
	if (!bind(s, (void *)&to, n))
		return ENONET;
	return errno == EADDRINUSE ? 0 : errno;
}

static int multipath(void)
{
	return result(socket(AF_INET, SOCK_STREAM, MULTIPATH));
}

static int datagrams(void)
{
	int pair[2];

	return result(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
}

static int to_socket(bool abstract)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (s < 0)
		return errno;
	snprintf(un.sun_path + abstract, sizeof un.sun_path - 1, "%s", arg);
	return result(connect(s, (void *)&un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + strlen(arg))));
}

static int to_abstract(void)
{
	return to_socket(true);
}

static int to_path(void)
{
	return to_socket(false);
}

/* ---- a network with a relay ---- */

static struct sockaddr_in named(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	char address[64] = "";
	unsigned port = 0;

	if (sscanf(arg, "%63s %u", address, &port) == 2)
		inet_pton(AF_INET, address, &a.sin_addr);
	a.sin_port = htons((uint16_t)port);
	return a;
}

/* On a loopback what comes back is there at once; that nobody listens was said by who is reached, too. */
static int reached(int s, long r)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(int);
	int no = r < 0 ? errno : 0, error = 0;

	if (no && no != EINPROGRESS)
		return no == ECONNREFUSED ? 0 : no;
	if (getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &n) || error)
		return error == ECONNREFUSED ? 0 : error ? error : errno;
	n = sizeof a;
	return getpeername(s, (void *)&a, &n) ? EINPROGRESS : 0;
}

static int reach_tcp(void)
{
	const struct sockaddr_in a = named();
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	return s < 0 ? errno : reached(s, connect(s, (const void *)&a, sizeof a));
}

static int reach_fast(void)
{
	const struct sockaddr_in a = named();
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	return s < 0 ? errno : reached(s, sendto(s, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (const void *)&a, sizeof a));
}

static int reach_udp(void)
{
	const struct sockaddr_in a = named();
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	return s < 0 ? errno : result(sendto(s, "x", 1, 0, (const void *)&a, sizeof a));
}

static int listens(void)
{
	const struct sockaddr_in a = named();
	int s = socket(AF_INET, SOCK_STREAM, 0);

	return s < 0 ? errno : result(bind(s, (const void *)&a, sizeof a) || listen(s, 1) ? -1 : 0);
}

static int inet6(void)
{
	return result(socket(AF_INET6, SOCK_STREAM, 0));
}

/* All tables. */
static int flush(void)
{
	struct piece { struct nlmsghdr h; struct nfgenmsg g; } batch[3] = {
		{ { sizeof *batch, NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 0, 0 }, { .res_id = htons(NFNL_SUBSYS_NFTABLES) } },
		{ { sizeof *batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, NLM_F_REQUEST, 1, 0 }, { .nfgen_family = 0 } },
		{ { sizeof *batch, NFNL_MSG_BATCH_END, NLM_F_REQUEST, 2, 0 }, { .res_id = htons(NFNL_SUBSYS_NFTABLES) } },
	};
	struct { struct nlmsghdr h; struct nlmsgerr e; char more[512]; } said;
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);

	if (s < 0 || send(s, batch, sizeof batch, 0) < 0)
		return errno;
	return recv(s, &said, sizeof said, MSG_DONTWAIT) > 0 ? -said.e.error : 0;
}

/* What the relay says to a CONNECT: yes. */
static int relay_open(int *s)
{
	const struct sockaddr_in relay = { .sin_family = AF_INET, .sin_port = htons(RELAY_PORT),
		                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char text[256], address[64] = "";
	unsigned port = 0;
	ssize_t n;

	sscanf(arg, "%63s %u", address, &port);
	snprintf(text, sizeof text, "CONNECT %s:%u HTTP/1.1\r\n\r\n", address, port);
	*s = socket(AF_INET, SOCK_STREAM, 0);
	if (*s < 0 || connect(*s, (const void *)&relay, sizeof relay) || write(*s, text, strlen(text)) < 0 ||
	    (n = read(*s, text, sizeof text - 1)) < 0)
		return errno;
	text[n] = 0;
	return strncmp(text, "HTTP/1.1 200 ", 13) ? EPERM : 0;
}

static int through(void)
{
	int s;

	return relay_open(&s);
}

/* The relay's end of it comes before a byte of the host's does. */
static int plain(void)
{
	static const char said[] = "GET / HTTP/1.1\r\n\r\n";
	char byte = 0;
	int s, no = relay_open(&s);

	if (no)
		return EPROTO;
	if (write(s, said, sizeof said - 1) < 0)
		return errno;
	/* An alert of TLS, or the end. */
	return read(s, &byte, 1) == 1 && byte != 21 ? 0 : EPERM;
}

static int mount_over(void)
{
	return result(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
}

static int device(void)
{
	return result(mknod("/tmp/kmem", S_IFCHR | 0600, makedev(1, 1)));
}

static int whiteout(void)
{
	return result(mknod(arg, S_IFCHR, makedev(0, 0)));
}

/* ---- limits ---- */

static int bomb(void)
{
	for (int i = 0; i < 64; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return errno;
		if (!pid)
			pause();
	}
	return 0;
}

static int fill(void)
{
	static char piece[1 << 20];
	int fd = open("/tmp/big", O_WRONLY | O_CREAT, 0600);

	for (int i = 0; i < 64; i++)
		if (fd < 0 || write(fd, piece, sizeof piece) != sizeof piece)
			return errno ? errno : ENOSPC;
	return 0;
}

static int hog(void)
{
	for (int i = 0; i < 64; i++) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return errno;
		memset(p, 1, 1 << 20);
	}
	return 0;
}

/* Each of them takes no more than one process may. */
static int hogs(void)
{
	enum { PROCESSES = 6, EACH = 6 << 20 };
	int pair[2];
	char c;

	if (pipe(pair))
		return errno;
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();
		char *p;

		if (pid < 0)
			return errno;
		if (pid)
			continue;
		p = mmap(NULL, EACH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p != MAP_FAILED)
			memset(p, 1, EACH);
		(void)!write(pair[1], p == MAP_FAILED ? "-" : "+", 1);
		pause();
	}
	for (int i = 0; i < PROCESSES; i++)
		if (read(pair[0], &c, 1) != 1 || c != '+')
			return ENOMEM;
	return 0;
}

/* ---- what is to be committed: seen from outside ---- */

static int hook(void)
{
	mkdir("/workspace/.git", 0755);
	mkdir("/workspace/.git/hooks", 0755);
	return file_write();
}

static int moved_hook(void)
{
	mkdir("/workspace/g", 0755);
	mkdir("/workspace/g/hooks", 0755);
	close(open("/workspace/g/hooks/x", O_WRONLY | O_CREAT, 0755));
	return result(rename("/workspace/g", "/workspace/.git"));
}

static int linked(void)
{
	return result(symlink(arg, "/workspace/made"));
}

/* A process of its own session, which changes something when the program has ended. */
static int outlives(void)
{
	int pair[2];
	char c;

	if (pipe(pair))
		return errno;
	if (!fork()) {
		setsid();
		prctl(PR_SET_NAME, "krux-outlives");
		signal(SIGHUP, SIG_IGN);
		close(pair[0]);
		(void)!write(pair[1], "x", 1);
		while (getppid() != 1)
			;
		for (;;)
			close(open("/workspace/made", O_WRONLY | O_CREAT, 0644));
	}
	return read(pair[0], &c, 1) == 1 ? 0 : EIO;
}

static const struct attempt_made attempts[] = {
	{ "read", file_read }, { "leaked", leaked }, { "list", list }, { "write", file_write }, { "execute", execute_file },
	{ "execute-memory", execute_memory }, { "end", end }, { "type", type_into }, { "unshare", unshare_user },
	{ "clone", clone_user }, { "clone3", clone3_user }, { "raw", raw }, { "keyring", keyring }, { "trace-me", trace_me },
	{ "trace-first", trace_first }, { "freeze-first", freeze_first },
	{ "filter", second_filter }, { "shared", shared_memory }, { "inet", inet },
	{ "tcp", tcp }, { "udp", udp }, { "udp-to", udp_to }, { "fast", fast_open }, { "bind", bind_there }, { "multipath", multipath },
	{ "reach", reach_tcp }, { "reach-fast", reach_fast }, { "reach-udp", reach_udp }, { "listens", listens }, { "inet6", inet6 }, { "flush", flush },
	{ "through", through }, { "plain", plain },
	{ "datagrams", datagrams }, { "abstract", to_abstract }, { "socket", to_path }, { "mount", mount_over },
	{ "device", device }, { "whiteout", whiteout }, { "bomb", bomb }, { "fill", fill }, { "hog", hog }, { "hogs", hogs },
	{ "hook", hook }, { "moved-hook", moved_hook }, { "linked", linked }, { "outlives", outlives },
};

/* From an agent both come behind "=", since an argument of a call's may not look like an option. */
int main(int argc, char **argv)
{
	arg = argc > 2 ? argv[2] + (argv[2][0] == '=') : "";
	for (size_t i = 0; argc > 1 && i < sizeof attempts / sizeof *attempts; i++)
		if (!strcmp(attempts[i].name, argv[1] + (argv[1][0] == '=')))
			return attempts[i].go() & 0xff;
	for (const struct attempt_made *a = attempts_of_agents; argc > 1 && a->name; a++)
		if (!strcmp(a->name, argv[1] + (argv[1][0] == '=')))
			return a->go() & 0xff;
	return EINVAL;
}
