/* Stands for a C compiler that some text has taken over: its input is not C but a line "WHAT ARGUMENT", which it tries.
 * It says how that ended, exits with 1 where it was refused, and else leaves a decide.so behind. Built without sanitizers. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATIENCE = 60 };                /* seconds of what is left behind */

static int file_read(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || read(fd, &c, 1) != 1 ? -1 : 0;
}

static int file_write(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 ? -1 : 0;
}

static int folder_list(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? -1 : 0;
}

static int file_run(const char *path)
{
	return execl(path, path, NULL);
}

static int file_remove(const char *path)
{
	return unlink(path);
}

static int file_chmod(const char *path)
{
	return chmod(path, 0777);
}

static int file_truncate(const char *path)
{
	return truncate(path, 0);
}

/* What opening to read does where nobody looks at the flags. */
static int file_empty(const char *path)
{
	return open(path, O_RDONLY | O_TRUNC | O_CLOEXEC) < 0 ? -1 : 0;
}

static int file_times(const char *path)
{
	return utimensat(AT_FDCWD, path, NULL, 0);
}

static int folder_make(const char *path)
{
	return mkdir(path, 0700);
}

static int link_leave(const char *path)
{
	return symlink(path, "decide.so");
}

static int pipe_leave(const char *path)
{
	return mkfifo(path, 0600);
}

static int port_connect(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&to, sizeof to);
}

static int parent_signal(const char *pid)
{
	return kill(atoi(pid), 0);
}

static int parent_trace(const char *pid)
{
	return (int)ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL);
}

static int parent_memory(const char *pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/environ", atoi(pid));
	return file_read(path);
}

/* The kernel would send a signal for it. */
static int parent_owner(const char *pid)
{
	int fd[2];

	return pipe(fd) ? -1 : fcntl(fd[0], F_SETOWN, atoi(pid));
}

static int group_leave(const char *nothing)
{
	pid_t pid = fork();

	(void)nothing;
	if (pid)
		exit(pid < 0);
	if (setsid() >= 0 || setpgid(0, 0) >= 0) {
		alarm(PATIENCE);
		pause();
	}
	return -1;
}

/* It holds what its parent writes to, and does not end. */
static int process_leave(const char *nothing)
{
	pid_t pid = fork();

	(void)nothing;
	if (pid)
		return pid < 0 ? -1 : 0;
	alarm(PATIENCE);
	for (;;)
		pause();
}

static int limit_lift(const char *nothing)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)nothing;
	return setrlimit(RLIMIT_FSIZE, &all);
}

static int namespace_enter(const char *nothing)
{
	(void)nothing;
	return (int)syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */);
}

static int descriptor_read(const char *number)
{
	char c;

	return read(atoi(number), &c, 1) == 1 ? 0 : -1;
}

static int variable_read(const char *name)
{
	errno = ENOENT;
	return getenv(name) ? 0 : -1;
}

static int terminal_open(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC) < 0 ? -1 : 0;
}

static int abort_now(const char *nothing)
{
	(void)nothing;
	abort();
}

static const struct {
	const char *word;
	int (*attempt)(const char *);
} attempts[] = {
	{ "read", file_read }, { "write", file_write }, { "list", folder_list }, { "run", file_run }, { "remove", file_remove },
	{ "chmod", file_chmod }, { "truncate", file_truncate }, { "empty", file_empty }, { "times", file_times },
	{ "folder", folder_make }, { "link", link_leave }, { "pipe", pipe_leave }, { "connect", port_connect },
	{ "signal", parent_signal }, { "trace", parent_trace }, { "memory", parent_memory }, { "owner", parent_owner },
	{ "leave", group_leave }, { "stay", process_leave }, { "limit", limit_lift }, { "namespace", namespace_enter },
	{ "descriptor", descriptor_read }, { "variable", variable_read }, { "terminal", terminal_open }, { "abort", abort_now },
};

int main(int argc, char **argv)
{
	char word[32], argument[4096] = "";
	FILE *f;

	if (argc > 1 && !strcmp(argv[1], "--version"))
		return puts("fake compiler 1") < 0;
	f = fopen("decide.c", "re");
	if (!f || fscanf(f, "%31s %4095s", word, argument) < 1)
		return 2;
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		if (strcmp(attempts[i].word, word) != 0)
			continue;
		if (attempts[i].attempt(argument)) {
			fprintf(stderr, "%s %s: %s\n", word, argument, strerror(errno));
			return 1;
		}
		f = fopen("decide.so", "we");
		return !f || fputs("done", f) < 0 || fclose(f);
	}
	return 2;
}
