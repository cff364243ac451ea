/* The first process of the guest: makes it a machine, runs what /tests says, one line each (NAME UID PROGRAM
 * ARGUMENTS; with the program "folder" it makes that folder, which is then UID's), and switches it off. What it says goes to the serial port. */
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 16 };

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		printf("guest: %s: %m\n", path);
	close(fd);
}

static void mounted(const char *type, const char *at)
{
	mkdir(at, 0755);
	if (mount(type, at, type, 0, NULL))
		printf("guest: %s: %m\n", at);
}

/* The first root cannot be pivoted away from; the same one on top of itself can. */
static void root_made(void)
{
	mkdir("/again", 0755);
	if (mount("/", "/again", NULL, MS_BIND, NULL) || chdir("/again") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		printf("guest: root: %m\n");
}

static void modules_loaded(void)
{
	FILE *f = fopen("/modules/order", "re");
	char name[128], path[160];

	while (f && fscanf(f, "%127s", name) == 1) {
		int fd;

		snprintf(path, sizeof path, "/modules/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			printf("guest: %s: %m\n", name);
		close(fd);
	}
	if (f)
		fclose(f);
}

/* In memory, of the image that came along. */
static void disk_made(void)
{
	static char piece[1 << 16];
	int from = open("/disk.image", O_RDONLY | O_CLOEXEC), to = open("/dev/ram0", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	while ((n = read(from, piece, sizeof piece)) > 0 && write(to, piece, (size_t)n) == n)
		;
	if (n || close(to) || close(from) || mkdir("/disk", 0755) || mount("/dev/ram0", "/disk", "ext4", 0, NULL) || unlink("/disk.image"))
		printf("guest: disk: %m\n");
}

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &r))
		printf("guest: lo: %m\n");
	close(s);
}

static void run(char *line)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "TZ=UTC", "LC_ALL=C", "HOME=/tmp", NULL };
	char *word[WORDS + 1] = { NULL }, *rest = line;
	unsigned uid = 0;
	size_t n = 0;
	int status = -1;
	pid_t pid;

	while (n < WORDS && (word[n] = strtok_r(n ? NULL : line, " \n", &rest)))
		n++;
	if (n < 3 || sscanf(word[1], "%u", &uid) != 1)
		return;
	printf("guest: begin %s\n", word[0]);
	fflush(stdout);
	/* The folder of a workspace, which is nobody's before. */
	if (!strcmp(word[2], "folder")) {
		mkdir(word[3] ? word[3] : "", 0755);
		if (!word[3] || chown(word[3], uid, uid))
			printf("guest: %s: %m\n", line);
		return;
	}
	pid = fork();
	if (!pid) {
		setsid();
		if (!uid || (!setgroups(0, NULL) && !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid)))
			syscall(SYS_execve, word[2], word + 2, env);
		printf("guest: %s: %m\n", word[2]);
		fflush(stdout);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("\nguest: end %s %d\n", word[0], WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	fflush(stdout);
}

int main(void)
{
	char line[512];
	FILE *f;

	mounted("devtmpfs", "/dev");
	dup2(open("/dev/ttyS0", O_RDWR | O_NOCTTY), 1);
	dup2(1, 2);
	root_made();
	mounted("devtmpfs", "/dev");
	mounted("proc", "/proc");
	mounted("sysfs", "/sys");
	mounted("securityfs", "/sys/kernel/security");
	mounted("cgroup2", "/sys/fs/cgroup");
	mounted("tmpfs", "/tmp");
	mounted("tmpfs", "/run");
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mounted("devpts", "/dev/pts");
	mounted("tmpfs", "/dev/shm");
	mounted("mqueue", "/dev/mqueue");
	chmod("/tmp", 01777);
	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory +pids +cpu +io");
	put("/proc/sys/kernel/dmesg_restrict", "0");
	put("/proc/sys/kernel/printk", "1");
	modules_loaded();
	disk_made();
	loopback_up();
	f = fopen("/tests", "re");
	while (f && fgets(line, sizeof line, f))
		run(line);
	printf("guest: off\n");
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
