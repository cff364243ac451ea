/* Limits to groups that have them. A group that was used once is kept for the next call of the same limits: they are set
 * while nothing of a group is used, so that setting them never has to wait for memory to be given back. */
#include "runtime/spawn/groups.h"

#include "runtime/base/err.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/spawn/group_used.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_IDLE = 16 };
_Static_assert(!(GROUP_SOCKETS & CGROUP_CONTROLLERS), "bits of what groups have");

static void group_name(const struct groups *g, const struct cgroup *one, char name[static 16])
{
	snprintf(name, 16, "%u", (unsigned)(one - g->group));
}

/* One that cannot be removed keeps its name for as long as there are groups, as one that is not empty does. */
static void group_forget(struct groups *g, struct cgroup *one)
{
	char name[16];

	group_name(g, one, name);
	group_used_stop(one);
	close(one->fd);
	one->fd = -1;
	if (cgroup_remove(g->above, name, NULL))
		return;
	one->next = g->unmade;
	g->unmade = one;
}

static struct cgroup *group_make(struct groups *g, struct krux_err *err)
{
	struct cgroup *one = g->unmade;
	char name[16];

	if (!one) {
		err_set(err, 0, "too many control groups are in use");
		return NULL;
	}
	group_name(g, one, name);
	one->fd = cgroup_make(g->above, name, err);
	if (one->fd < 0)
		return NULL;
	g->unmade = one->next;
	*one = (struct cgroup){ .fd = one->fd };
	group_used_start(one, false);
	return one;
}

static int number_set(const struct cgroup *one, const char *name, uint64_t n, struct krux_err *err)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, n);
	return cgroup_set(one->fd, name, text, err);
}

/* When its memory is used up, all of it ends: what would be left without one of its processes is no answer. */
static int limits_set(const struct groups *g, struct cgroup *one, const struct group_limits *l, struct krux_err *err)
{
	one->limits = *l;
	if (g->has & CGROUP_MEMORY &&
	    (number_set(one, "memory.max", l->memory, err) || number_set(one, "memory.swap.max", 0, err) ||
	     number_set(one, "memory.oom.group", 1, err)))
		return -1;
	return g->has & CGROUP_PIDS ? number_set(one, "pids.max", l->pids, err) : 0;
}

/* ---- start and end ---- */

int groups_open(struct groups *g, int above, unsigned all, struct krux_err *err)
{
	struct cgroup *one;

	*g = (struct groups){ .above = above, .all = all };
	if (above < 0)
		return 0;
	g->group = calloc(all, sizeof *g->group);
	if (!g->group)
		return err_set(err, ENOMEM, "control groups");
	for (unsigned i = all; i--;) {
		g->group[i] = (struct cgroup){ .fd = -1, .next = g->unmade };
		g->unmade = &g->group[i];
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

static struct cgroup *idle_take(struct groups *g, const struct group_limits *l)
{
	struct cgroup **at = &g->idle, *one;

	while (*at && ((*at)->limits.memory != l->memory || (*at)->limits.pids != l->pids))
		at = &(*at)->next;
	one = *at;
	if (one) {
		*at = one->next;
		g->nidle--;
	}
	return one;
}

/* Files in memory that calls wrote and that are still there, such as those of a workspace in memory, take of the limit of
 * the next, and the kernel cannot take them back. Pages of other files it can. */
static bool is_full(const struct cgroup *one)
{
	const uint64_t much = one->limits.memory / 4;
	uint64_t all, kept;

	return cgroup_get(one->fd, "memory.current", NULL, &all) && all > much &&
		(!cgroup_get(one->fd, "memory.stat", "shmem", &kept) || kept > much);
}

/* The one that was used last goes: the first in the list. */
static void idle_forget(struct groups *g)
{
	struct cgroup *one = g->idle;

	g->idle = one->next;
	g->nidle--;
	group_forget(g, one);
}

struct cgroup *groups_take(struct groups *g, const struct group_limits *limits, struct krux_err *err)
{
	struct cgroup *one = idle_take(g, limits);

	if (one && g->has & CGROUP_MEMORY && is_full(one)) {
		group_forget(g, one);
		one = NULL;
	}
	if (one) {
		group_used_start(one, true);
		return one;
	}
	while (!g->unmade && g->idle)
		idle_forget(g);
	one = group_make(g, err);
	if (one && limits_set(g, one, limits, err)) {
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

void groups_give(struct groups *g, struct cgroup *one, struct group_end *end)
{
	*end = (struct group_end){ .own = true, .has = g->has };
	if (g->has & CGROUP_MEMORY)
		end->out_of_memory = counted(one, "memory.events", "oom_kill", &one->killed);
	if (g->has & CGROUP_PIDS)
		end->refused = counted(one, "pids.events", "max", &one->refused);
	group_used_take(one, end);
	if (one->still)
		group_signal(one, SIGCONT);
	/* It stays where it is until all of the generation is removed. */
	if (one->still || !cgroup_empty(one->fd)) {
		cgroup_kill(one->fd, NULL);
		return;
	}
	/* Linux 6.18 kills what is forked from outside into a group that was killed once. */
	if (one->spent || g->nidle == MOST_IDLE) {
		group_forget(g, one);
		return;
	}
	one->next = g->idle;
	g->idle = one;
	g->nidle++;
}

bool group_signal(struct cgroup *one, int signal)
{
	const bool still = signal == SIGSTOP;

	if (signal == SIGKILL)
		return (one->spent = !cgroup_kill(one->fd, NULL));
	if (cgroup_freeze(one->fd, still, NULL))
		return false;
	one->still = still;
	return true;
}
