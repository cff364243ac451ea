/* What calls that connect need besides the kernel: two programs, a name server, and certificates. */
#include "runtime/sandbox/feature_try.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* By hand, and without what the loader looks for, a program of the daemon's ends with these. */
enum { BY_HAND = 2, NOT_LOADED = 127, NOBODY = 65534 };

static int refuse(int no)
{
	errno = no;
	return -1;
}

/* ---- programs ---- */

static void program_become(int program) __attribute__((noreturn));

static void program_become(int program)
{
	char *none[] = { NULL }, *argv[] = { (char[]){ "krux" }, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	execveat(program, "", argv, none, AT_EMPTY_PATH);
	_exit(errno == ENOENT ? NOT_LOADED : BY_HAND + 1);
}

static int program_try(enum process_kind kind)
{
	struct krux_err err = { 0 };
	struct parts p;
	int status = 0;
	pid_t pid;

	if (parts_open(&p, &err))
		return refuse(err.no ? err.no : EPERM);
	if (p.program[kind] < 0)
		return refuse(ENOENT);
	pid = fork();
	if (!pid)
		program_become(p.program[kind]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == BY_HAND)
		return 0;
	return refuse(WIFEXITED(status) && WEXITSTATUS(status) == NOT_LOADED ? ELIBACC : ENOEXEC);
}

int try_egress(void)
{
	return program_try(PROCESS_EGRESS);
}

int try_egress_web(void)
{
	return program_try(PROCESS_WEB);
}

/* ---- files ---- */

/* ENODATA where no line of it is what is looked for. */
static int file_has(const char *path, bool (*is)(const char *line))
{
	CLEAN_FREE char *line = NULL;
	FILE *f = fopen(path, "re");
	bool found = false;
	size_t room = 0;

	if (!f)
		return -1;
	while (!found && getline(&line, &room, f) > 0)
		found = is(line);
	fclose(f);
	return found ? 0 : refuse(ENODATA);
}

static bool names_server(const char *line)
{
	static const char word[] = "nameserver";

	line += strspn(line, " \t");
	return !strncmp(line, word, sizeof word - 1) && (line[sizeof word - 1] == ' ' || line[sizeof word - 1] == '\t');
}

/* As root egress is a user that has nothing. */
int try_egress_names(void)
{
	if (!geteuid() && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		return -1;
	return file_has("/etc/resolv.conf", names_server);
}

static bool begins_certificate(const char *line)
{
	return strstr(line, "-----BEGIN CERTIFICATE-----") || strstr(line, "-----BEGIN TRUSTED CERTIFICATE-----");
}

int try_egress_certificates(void)
{
	static const char *const bundles[] = {
#define CERTIFICATES(path) path,
#include "capspec/certificates.def"
#undef CERTIFICATES
	};

	for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
		if (!access(bundles[i], R_OK))
			return file_has(bundles[i], begins_certificate);
	return refuse(ENOENT);
}
