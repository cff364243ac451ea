/* What a group's files say after a call, and said before it, to what that call used. They count for as long as there is the
 * group, which has had other calls: so what is told is a difference, or a greatest that has grown, and what may be another
 * call's is not told. */
#include "runtime/spawn/group_used.h"

#include "runtime/base/file.h"
#include "runtime/sandbox/cgroup.h"

#include <fcntl.h>
#include <unistd.h>

static bool cpu_read(const struct cgroup *one, uint64_t us[static GROUP_CPU])
{
	static const char *const words[GROUP_CPU] = { "usage_usec", "user_usec", "system_usec" };
	char text[CGROUP_TEXT];
	bool known = cgroup_again(one->mark.stat, text);

	for (int i = 0; known && i < GROUP_CPU; i++)
		known = cgroup_number(text, words[i], &us[i]);
	return known;
}

void group_begin(struct cgroup *one)
{
	if (one->mark.stat < 0)
		one->mark.stat = file_open(one->fd, "cpu.stat", O_RDONLY, 0, NULL);
	one->mark.timed = cpu_read(one, one->mark.cpu);
}

void group_used_open(struct cgroup *one, unsigned has)
{
	struct group_mark *m = &one->mark;

	*m = (struct group_mark){ .own = true, .stat = -1, .peak = -1 };
	if (has & CGROUP_MEMORY)
		m->peak = cgroup_peak_open(one->fd, &m->anew);
}

void group_used_close(struct cgroup *one)
{
	if (one->mark.stat >= 0)
		close(one->mark.stat);
	if (one->mark.peak >= 0)
		close(one->mark.peak);
	one->mark.stat = one->mark.peak = -1;
}

void group_used_start(struct cgroup *one, uint64_t left)
{
	struct group_mark *m = &one->mark;

	m->again = true;
	m->timed = false;
	m->left = left;
	m->own = m->anew && cgroup_peak_anew(m->peak);
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

static bool peak_read(const struct cgroup *one, uint64_t *out)
{
	char text[CGROUP_TEXT];

	return cgroup_again(one->mark.peak, text) && cgroup_number(text, NULL, out);
}

/* One that is not greater than before is that of another call. */
static bool is_greatest(uint64_t now, uint64_t *mark)
{
	if (now <= *mark)
		return false;
	*mark = now;
	return true;
}

/* Where it cannot count anew this time, what was read of others since it began to says nothing of the greatest of all. */
static void memory_take(struct cgroup *one, struct call_used *used)
{
	struct group_mark *m = &one->mark;
	uint64_t n;

	if (!peak_read(one, &n) || !(m->own || (!m->anew && is_greatest(n, &m->memory))))
		return;
	if (!m->anew)
		m->memory = n;
	used_set(used, USED_MEMORY, n);
	if (m->again)
		used_set(used, USED_BEFORE, m->left);
}

/* Of a group that holds one at most, it is the one. */
static void processes_take(struct cgroup *one, struct call_used *used)
{
	uint64_t n = 1;

	if (one->limits.pids == 1 || (cgroup_get(one->fd, "pids.peak", NULL, &n) && is_greatest(n, &one->mark.processes)))
		used_set(used, USED_PROCESSES, n);
}

void group_used_take(struct cgroup *one, unsigned has, struct group_end *end)
{
	cpu_take(one, end);
	if (has & CGROUP_MEMORY)
		memory_take(one, &end->used);
	if (has & CGROUP_PIDS)
		processes_take(one, &end->used);
}
