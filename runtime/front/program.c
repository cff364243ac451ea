/* A process to a program that may start, and its exit code. */
#include "runtime/front/program.h"

#include "runtime/base/screen.h"
#include "runtime/front/front.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A closed descriptor 0, 1 or 2 must not become a file of the state folder. What is put there fails
 * when it is used, as the closed one would. */
static bool descriptors_ready(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return false;
	return true;
}

bool program_ready(void)
{
	if (!descriptors_ready())
		return false;
	/* A file that may not grow is an error to report, also in the middle of a record. */
	signal(SIGXFSZ, SIG_IGN);
	if (sodium_init() < 0) {
		fputs("kruxrt: the system gives no random numbers\n", stderr);
		return false;
	}
	return true;
}

int program_end(int code)
{
	const int no = fflush(stdout) ? errno : 0;

	if (!no && !ferror(stdout))
		return code;
	if (code != EXIT_SYSTEM)
		fprintf(stderr, "kruxrt: the output could not be written%s%s\n", no ? ": " : "", no ? strerror(no) : "");
	return EXIT_SYSTEM;
}

int program_command(const struct command *commands, size_t n, int argc, char **argv)
{
	for (size_t i = 0; i < n; i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].name))
			return program_end(commands[i].run(argc - 2, argv + 2));
	return -1;
}

bool program_beside(const char *name, char path[static PROGRAM_PATH])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	if (n <= 0 || n >= PATH_MAX) {
		errno = n < 0 ? errno : ENAMETOOLONG;
		return false;
	}
	path[n] = 0;
	slash = strrchr(path, '/');
	snprintf(slash ? slash + 1 : path, NAME_MAX + 1, "%s", name);
	return true;
}

int program_become(const char *name, char **argv)
{
	char path[PROGRAM_PATH];

	if (program_beside(name, path)) {
		argv[0] = path;
		execv(path, argv);
		name = path;
	}
	fputs("kruxrt: ", stderr);
	screen_puts(stderr, name);
	fprintf(stderr, ": %s\n", strerror(errno));
	return EXIT_SYSTEM;
}
