/* krux-handler with another filesystem.read: what an attacker makes of it who has taken it over. The path says what is
 * tried: /workspace/try/GROUP/NUMBER. The answer is an error that says what stopped it. Linked with --wrap; the rest of
 * the daemon is what ships. */
#include "tests/live/live.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum way way;
char why[256];

static const struct attempt *current;
static bool tries;

bool cannot(const char *fmt, ...)
{
	(void)fmt;
	return false;
}

/* ---- what only this process can tell ---- */

extern char **environ;

static long environment(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return environ && *environ ? 0 : ENODATA;
}

static long arguments(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	/* It got none but its own name at most, which says where it lies. */
	return program_invocation_name && strchr(program_invocation_name, '/') ? 0 : ENODATA;
}

static long descriptors(struct handler_call *c, const void *arg)
{
	char byte;

	(void)arg;
	/* A file with content, a channel that answers: all that it should have is folders, and a pipe to write to. */
	for (int fd = 0; fd < 1024; fd++)
		if (fd != c->workspace && fd != c->fd && pread(fd, &byte, 1, 0) == 1)
			return 0;
	return ENODATA;
}

static const struct attempt own[] = {
	{ .name = "environment of the daemon", .go = environment },
	{ .name = "arguments of the daemon", .go = arguments },
	{ .name = "descriptors of the daemon", .go = descriptors },
};
static const struct attempt_list own_list = { "own", own, sizeof own / sizeof *own };

static const struct attempt *attempt_find(struct krux_str path)
{
	static const struct attempt_list *const lists[] = { &own_list, &files_list, &calls_list, &privileged_list };
	char text[64] = "", group[32];
	unsigned n;

	if (path.n < sizeof text)
		memcpy(text, path.p, path.n);
	if (sscanf(text, "/workspace/try/%31[a-z]/%u", group, &n) != 2)
		return NULL;
	tries = true;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (!strncmp(lists[i]->group, group, strlen(group)) && n < lists[i]->n)
			return &lists[i]->list[n];
	return NULL;
}

handler_fn __real_filesystem_read_open, __wrap_filesystem_read_open;
handler_fn __real_filesystem_read_run, __wrap_filesystem_read_run;

bool __wrap_filesystem_read_open(struct handler_call *c)
{
	current = attempt_find(arg_text(c, "path"));
	if (!tries)
		return __real_filesystem_read_open(c);
	if (!current)
		return handler_fail(c, "NotFound", "live: that was all");
	c->fd = openat(c->workspace, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	handler_grant(c, c->fd, RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_NAMES | RIGHT_WRITE_FILES);
	/* The memory of the test's own parent is not here. */
	snprintf(outside, sizeof outside, "/tmp");
	return true;
}

bool __wrap_filesystem_read_run(struct handler_call *c)
{
	long no;

	if (!tries)
		return __real_filesystem_read_run(c);
	no = current->go(c, current->arg);
	return handler_fail(c, "IoError", "live: %s", no ? strerrorname_np((int)no) : "THROUGH");
}
