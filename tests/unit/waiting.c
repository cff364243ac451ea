/* /proc to the processes of a spawner, and calls to it. */
#include "tests/unit/waiting.h"

#include "tests/unit/spawning.h"

#include "capspec/item.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stat_line { char name[32], state; pid_t parent; };

static bool stat_read(pid_t pid, struct stat_line *l)
{
	char path[64], text[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return sscanf(text, "%*d (%31[^)]) %c %d", l->name, &l->state, &l->parent) == 3;
}

unsigned waiting_processes(const char *name, pid_t pid[static WAITING_MOST])
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	unsigned n = 0;

	ck_assert_ptr_nonnull(proc);
	while ((e = readdir(proc)) && n < WAITING_MOST) {
		pid_t number = (pid_t)strtol(e->d_name, NULL, 10);
		struct stat_line l;

		if (number > 0 && stat_read(number, &l) && l.parent == handler_pid && l.state != 'Z' && !strcmp(l.name, name))
			pid[n++] = number;
	}
	closedir(proc);
	return n;
}

unsigned waiting_until(const char *name, unsigned least, unsigned most, pid_t pid[static WAITING_MOST])
{
	unsigned n = 0;

	for (int i = 0; i < WAITING_PATIENCE; i++) {
		n = waiting_processes(name, pid);
		if (n >= least && n <= most)
			return n;
		poll(NULL, 0, 5);
	}
	ck_abort_msg("%u processes %s, not %u to %u", n, name, least, most);
}

bool waiting_lives(pid_t pid)
{
	struct stat_line l;

	return stat_read(pid, &l) && l.state != 'Z';
}

void waiting_kill(void)
{
	pid_t pid[WAITING_MOST];
	unsigned n = WAITING_MOST;

	for (int i = 0; i < WAITING_PATIENCE && n; i++) {
		n = waiting_processes(WAITING_CHILD, pid);
		for (unsigned k = 0; k < n; k++)
			kill(pid[k], SIGKILL);
		if (n)
			poll(NULL, 0, 2);
	}
	ck_assert_uint_eq(n, 0);
}

void waiting_put(struct written *w, const char *file, uint64_t cookie)
{
	struct record r = written_request(w, AUDIT_KIND_INTENT, file, KRUX_AUTONOMOUS);

	written_encode(w, &r);
	spawning_run(w, NULL, cookie);
}

void waiting_call(uint64_t cookie, enum spawn_end end)
{
	struct written w;

	waiting_put(&w, "/workspace/a", cookie);
	expect_done(w.seq, cookie, end);
}

void waiting_begin(void)
{
	pid_t pid[WAITING_MOST];

	spawning_file("a", "hello\n");
	waiting_call(1, SPAWN_DONE);
	waiting_until(WAITING_CHILD, 1, WAITING_MOST, pid);
}

void waiting_read(void)
{
	uint8_t bytes[4400];
	struct item_out o = { bytes, sizeof bytes, 0 };
	struct message m;

	item_head(&o, ITEM_LIST, 2);
	item_text(&o, spawning_place.path);
	item_head(&o, ITEM_LIST, 1);
	item_text(&o, "/workspace/a");
	spawning_put(&to_gate, MESSAGE_LOOK, 1, &(struct part){ bytes, o.n }, 1, NULL, 0);
	ck_assert(spawning_take(&to_gate, MESSAGE_LOOK, &m));
}

static bool confined(pid_t pid)
{
	char path[64], text[4096];
	const char *nnp;
	int fd;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	nnp = strstr(text, "NoNewPrivs:\t1");
	return nnp && strstr(text, "CapEff:\t0000000000000000");
}

unsigned waiting_ready(pid_t pid[static WAITING_MOST], unsigned least)
{
	unsigned n = 0, all = 0;

	for (int i = 0; i < WAITING_PATIENCE && all < least; i++) {
		n = waiting_processes(WAITING_CHILD, pid);
		all = 0;
		for (unsigned k = 0; k < n; k++)
			all += confined(pid[k]);
		all = all == n ? n : 0;
		poll(NULL, 0, 2);
	}
	ck_assert_uint_ge(all, least);
	return n;
}
