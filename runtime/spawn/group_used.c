/* What a group's files say after a call, and said before it, to what that call used. They count for as long as there is the
 * group, which has had other calls: so what is told is a difference, or a greatest that has grown, and what may be another
 * call's is not told. */
#include "runtime/spawn/group_used.h"

#include "runtime/sandbox/cgroup.h"

#include <unistd.h>

static bool cpu_read(const struct cgroup *one, uint64_t us[static GROUP_CPU])
{
	static const char *const words[GROUP_CPU] = { "usage_usec", "user_usec", "system_usec" };
	char text[CGROUP_TEXT];
	bool known = cgroup_text(one->fd, "cpu.stat", text);

	for (int i = 0; known && i < GROUP_CPU; i++)
		known = cgroup_number(text, words[i], &us[i]);
	return known;
}

void group_begin(struct cgroup *one)
{
	one->mark.timed = cpu_read(one, one->mark.cpu);
}

void group_used_start(struct cgroup *one, bool again)
{
	struct group_mark *m = &one->mark;

	if (!again) {
		*m = (struct group_mark){ .timed = true, .peak = -1 };
		return;
	}
	m->again = true;
	m->left = 0;
	cgroup_get(one->fd, "memory.current", NULL, &m->left);
	m->peak = cgroup_peak_anew(one->fd);
	group_begin(one);
}

void group_used_stop(struct cgroup *one)
{
	if (one->mark.peak >= 0)
		close(one->mark.peak);
	one->mark.peak = -1;
}

static void cpu_take(const struct cgroup *one, struct group_end *end)
{
	const uint64_t *before = one->mark.cpu;
	uint64_t now[GROUP_CPU];

	if (!one->mark.timed || !cpu_read(one, now))
		return;
	end->timed = true;
	end->cpu_ns = (now[0] - before[0]) * 1000;
	used_set(&end->used, USED_USER, (now[1] - before[1]) * 1000);
	used_set(&end->used, USED_SYSTEM, (now[2] - before[2]) * 1000);
}

/* One that is not greater than before is that of another call. */
static bool greatest_take(const struct cgroup *one, const char *name, uint64_t *mark, uint64_t *out)
{
	uint64_t now;

	if (!cgroup_get(one->fd, name, NULL, &now) || now <= *mark)
		return false;
	*out = *mark = now;
	return true;
}

static void memory_take(struct cgroup *one, struct call_used *used)
{
	struct group_mark *m = &one->mark;
	const bool anew = m->peak >= 0;
	uint64_t n;

	if (anew ? cgroup_peak(m->peak, &n) : greatest_take(one, "memory.peak", &m->memory, &n)) {
		used_set(used, USED_MEMORY, n);
		if (m->again)
			used_set(used, USED_BEFORE, m->left);
	}
	/* Should it not count anew for a later call, that one is held against all before it. */
	if (anew)
		cgroup_get(one->fd, "memory.peak", NULL, &m->memory);
	group_used_stop(one);
}

void group_used_take(struct cgroup *one, struct group_end *end)
{
	uint64_t n;

	cpu_take(one, end);
	memory_take(one, &end->used);
	if (greatest_take(one, "pids.peak", &one->mark.processes, &n))
		used_set(&end->used, USED_PROCESSES, n);
}
