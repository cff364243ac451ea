/* Limits to groups that have them. A group that was used once is kept for the next call: limits are set while little of it is
 * used, so that setting them never has to wait for memory to be given back. */
#include "runtime/spawn/groups.h"

#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/spawn/group_used.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* As many as children wait, and some that calls have just left. */
enum { MOST_IDLE = 96 };
_Static_assert(!(GROUP_SOCKETS & CGROUP_CONTROLLERS), "bits of what groups have");

static void group_name(const struct groups *g, const struct cgroup *one, char name[static 24])
{
	snprintf(name, 24, "%s%u", g->word, (unsigned)(one - g->group));
}

static void push(struct cgroup **list, struct cgroup *one)
{
	one->next = *list;
	*list = one;
}

/* One that cannot be removed keeps its name for as long as there are groups, as one that is not empty does. */
static void group_forget(struct groups *g, struct cgroup *one)
{
	char name[24];

	group_name(g, one, name);
	group_used_close(one);
	if (one->events >= 0)
		close(one->events);
	close(one->fd);
	one->fd = one->events = -1;
	if (!cgroup_remove(g->above, name, NULL))
		push(&g->unmade, one);
}

static struct cgroup *group_make(struct groups *g, struct krux_err *err)
{
	struct cgroup *one = g->unmade;
	char name[24];

	if (!one) {
		err_set(err, 0, "too many control groups are in use");
		return NULL;
	}
	group_name(g, one, name);
	one->fd = cgroup_make(g->above, name, err);
	if (one->fd < 0)
		return NULL;
	g->unmade = one->next;
	*one = (struct cgroup){ .fd = one->fd, .events = file_open(one->fd, "cgroup.events", O_RDONLY, 0, NULL) };
	group_used_open(one, g->has);
	return one;
}

static int number_set(const struct cgroup *one, const char *name, uint64_t n, struct krux_err *err)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, n);
	return cgroup_set(one->fd, name, text, err);
}

static uint64_t memory_of(const struct group_limits *l)
{
	return l->files > UINT64_MAX - l->memory ? UINT64_MAX : l->memory + l->files;
}

static bool is_empty(const struct cgroup *one)
{
	char text[CGROUP_TEXT];
	uint64_t n;

	if (one->events < 0)
		return cgroup_empty(one->fd);
	return cgroup_again(one->events, text) && cgroup_number(text, "populated", &n) && !n;
}

/* ---- limits ---- */

static int memory_set(const struct cgroup *one, const struct group_limits *l, struct krux_err *err)
{
	const uint64_t before = memory_of(&one->limits), n = memory_of(l);
	uint64_t used;

	if (n == before)
		return 0;
	if (n < before && (!cgroup_get(one->fd, "memory.current", NULL, &used) || used > n / 4))
		return err_set(err, EBUSY, "too much of earlier calls lies in the control group");
	return number_set(one, "memory.max", n, err);
}

int groups_limit(const struct groups *g, struct cgroup *one, const struct group_limits *l, struct krux_err *err)
{
	if (g->has & CGROUP_MEMORY && memory_set(one, l, err))
		return -1;
	one->limits.memory = l->memory;
	one->limits.files = l->files;
	if (g->has & CGROUP_PIDS && one->limits.pids != l->pids && number_set(one, "pids.max", l->pids, err))
		return -1;
	one->limits.pids = l->pids;
	return 0;
}

/* When its memory is used up, all of it ends: what would be left without one of its processes is no answer. */
static int limits_begin(const struct groups *g, struct cgroup *one, const struct group_limits *l, struct krux_err *err)
{
	if (g->has & CGROUP_MEMORY &&
	    (number_set(one, "memory.swap.max", 0, err) || number_set(one, "memory.oom.group", 1, err)))
		return -1;
	/* As the kernel makes it. */
	one->limits = (struct group_limits){ .memory = UINT64_MAX, .pids = UINT64_MAX };
	return groups_limit(g, one, l, err);
}

/* ---- start and end ---- */

int groups_open(struct groups *g, int above, const char *word, unsigned all, struct krux_err *err)
{
	struct cgroup *one;

	*g = (struct groups){ .above = above, .all = all };
	if (above < 0)
		return 0;
	snprintf(g->word, sizeof g->word, "%s", word);
	g->group = calloc(all, sizeof *g->group);
	if (!g->group)
		return err_set(err, ENOMEM, "control groups");
	for (unsigned i = all; i--;) {
		g->group[i] = (struct cgroup){ .fd = -1, .events = -1 };
		push(&g->unmade, &g->group[i]);
	}
	one = group_make(g, err);
	if (!one)
		return -1;
	g->has = cgroup_has(one->fd);
	group_forget(g, one);
	return 0;
}

void groups_close(struct groups *g)
{
	for (unsigned i = 0; g->group && i < g->all; i++)
		if (g->group[i].fd >= 0)
			group_forget(g, &g->group[i]);
	free(g->group);
	if (g->above >= 0)
		close(g->above);
	*g = (struct groups){ .above = -1 };
}

/* ---- calls ---- */

static struct cgroup *taken(struct groups *g, struct cgroup **at)
{
	struct cgroup *one = *at;

	*at = one->next;
	g->nidle--;
	return one;
}

static bool same(const struct group_limits *a, const struct group_limits *b)
{
	return a->memory == b->memory && a->pids == b->pids && a->files == b->files;
}

/* Of the same limits, else the one that was used last. NULL: there is none. */
static struct cgroup *idle_take(struct groups *g, const struct group_limits *l)
{
	struct cgroup **at = &g->idle;

	while (*at && !same(&(*at)->limits, l))
		at = &(*at)->next;
	if (!*at)
		at = &g->idle;
	return *at ? taken(g, at) : NULL;
}

/* Files in memory that calls wrote and that are still there, such as those of a workspace in memory, take of the limit of
 * the next, and the kernel cannot take them back. Pages of other files it can. */
static bool is_full(const struct cgroup *one, uint64_t left)
{
	const uint64_t much = one->limits.memory / 4;
	uint64_t kept;

	return left > much && (!cgroup_get(one->fd, "memory.stat", "shmem", &kept) || kept > much);
}

/* Who has ended and was not waited for lives no more, and counts all the same. */
static bool is_counted(const struct groups *g, const struct cgroup *one)
{
	uint64_t n;

	return g->has & CGROUP_PIDS && (!cgroup_get(one->fd, "pids.current", NULL, &n) || n);
}

/* False: it is none for these limits. */
static bool is_ready(struct groups *g, struct cgroup *one, const struct group_limits *l)
{
	uint64_t left = 0;

	if (is_counted(g, one))
		return false;
	if (g->has & CGROUP_MEMORY)
		cgroup_get(one->fd, "memory.current", NULL, &left);
	if (groups_limit(g, one, l, NULL) || (g->has & CGROUP_MEMORY && is_full(one, left)))
		return false;
	group_used_start(one, left);
	return true;
}

struct cgroup *groups_take(struct groups *g, const struct group_limits *limits, struct krux_err *err)
{
	struct cgroup *one;

	groups_tend(g);
	one = idle_take(g, limits);
	if (one && !is_empty(one)) {
		one->looked = false;
		push(&g->leaving, one);
		one = NULL;
	}
	if (one && is_ready(g, one, limits))
		return one;
	if (one)
		group_forget(g, one);
	while (!g->unmade && g->idle)
		group_forget(g, taken(g, &g->idle));
	one = group_make(g, err);
	if (one && limits_begin(g, one, limits, err)) {
		group_forget(g, one);
		return NULL;
	}
	return one;
}

/* Since the last time. */
static uint64_t counted(const struct cgroup *one, const char *name, const char *word, uint64_t *before)
{
	uint64_t now, since;

	if (!cgroup_get(one->fd, name, word, &now))
		return 0;
	since = now - *before;
	*before = now;
	return since;
}

/* Linux 6.18 kills what is forked from outside into a group that was killed once. */
static void group_keep(struct groups *g, struct cgroup *one)
{
	if (one->spent || g->nidle == MOST_IDLE) {
		group_forget(g, one);
		return;
	}
	push(&g->idle, one);
	g->nidle++;
}

static void group_end(struct cgroup *one)
{
	if (!cgroup_kill(one->fd, NULL))
		one->spent = true;
}

void groups_give(struct groups *g, struct cgroup *one, bool alone, struct group_end *end)
{
	*end = (struct group_end){ .own = true, .has = g->has };
	if (g->has & CGROUP_MEMORY && !alone)
		end->out_of_memory = counted(one, "memory.events", "oom_kill", &one->killed);
	if (g->has & CGROUP_PIDS && !alone)
		end->refused = counted(one, "pids.events", "max", &one->refused);
	group_used_take(one, g->has, end);
	/* What still lives in one that cannot go on ends now, and all others are looked at. */
	if (one->still && !group_signal(one, SIGCONT))
		group_end(one);
	one->looked = false;
	push(&g->leaving, one);
}

bool groups_tend(struct groups *g)
{
	struct cgroup *list = g->leaving, *one;
	bool again = false;

	g->leaving = NULL;
	while ((one = list)) {
		list = one->next;
		if (is_empty(one)) {
			group_keep(g, one);
			continue;
		}
		if (one->looked && !one->spent)
			group_end(one);
		again |= !one->looked;
		one->looked = true;
		push(&g->leaving, one);
	}
	return again;
}

bool group_signal(struct cgroup *one, int signal)
{
	const bool still = signal == SIGSTOP;

	if (signal == SIGKILL) {
		const bool sent = !cgroup_kill(one->fd, NULL);

		one->spent |= sent;
		return sent;
	}
	if (cgroup_freeze(one->fd, still, NULL))
		return false;
	one->still = still;
	return true;
}
