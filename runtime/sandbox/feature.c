/* Tries to facts. The machine stays as it was: whatever a try makes goes with its child. */
#include "runtime/sandbox/feature.h"

#include "runtime/sandbox/feature_try.h"
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const struct feature feature_list[FEATURES] = {
#define FEATURE(need, name, try, loses, get) { FEATURE_##need, name, loses, get, try_##try },
#include "runtime/sandbox/features.def"
#undef FEATURE
};

const char *feature_need_word(enum feature_need need)
{
	static const char *const words[] = { "needed", "waivable", "commands", "connects", "limits", "workspace", "second", "unused" };

	return words[need];
}

bool feature_is_waivable(enum feature_number i)
{
	return feature_list[i].need == FEATURE_WAIVABLE || feature_list[i].need == FEATURE_LIMITS ||
	       feature_list[i].need == FEATURE_WORKSPACE;
}

bool feature_can_be_waived(const char *name)
{
	for (unsigned i = 0; i < FEATURES; i++)
		if (feature_is_waivable(i) && !strcmp(feature_list[i].name, name))
			return true;
	return false;
}

bool feature_is_waived(enum feature_number i, const char *const *waived)
{
	return feature_name_is_waived(feature_list[i].name, waived);
}

bool feature_name_is_waived(const char *name, const char *const *waived)
{
	for (; *waived; waived++) {
		size_t n = strlen(*waived);

		if (!strncmp(name, *waived, n) && (!name[n] || name[n] == '.'))
			return true;
	}
	return false;
}

enum { MOST_SECONDS = 10, MOST_ERRNO = 250, OTHER = 251 };

static void child_try(const struct feature *f) __attribute__((noreturn));

static void child_try(const struct feature *f)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGSYS, SIG_DFL);
	alarm(MOST_SECONDS);
	errno = 0;
	if (!f->try())
		_exit(0);
	_exit(errno > 0 && errno <= MOST_ERRNO ? errno : OTHER);
}

int feature_try(enum feature_number i, int *no)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid)
		child_try(&feature_list[i]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) != OTHER)
		*no = WEXITSTATUS(status);
	else
		*no = WIFEXITED(status) ? ENOTSUP : EPERM;      /* killed: for trying it */
	return 0;
}

int features_try(struct features *f)
{
	*f = (struct features){ .landlock_abi = probe_get()->landlock_abi, .root = geteuid() == 0 };
	for (unsigned i = 0; i < FEATURES; i++)
		if (feature_try(i, &f->no[i]))
			return -1;
	return 0;
}
