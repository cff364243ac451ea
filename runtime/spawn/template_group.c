/* Calls to their control groups. */
#include "runtime/spawn/template_part.h"

#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/feature.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/snapshot.h"

#include "capspec/schema.h"

#include <linux/magic.h>
#include <sys/vfs.h>

static const struct { enum cgroup_controller limit; const char *feature; } needed[] = {
	{ CGROUP_MEMORY, "cgroup.memory" }, { CGROUP_PIDS, "cgroup.pids" },
};

int limits_check(const struct template *t, struct krux_err *err)
{
	const char *const *waived = t->options->waived;

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		const char *name = needed[i].feature;

		if (!(t->groups.has & needed[i].limit) && !(waived && feature_name_is_waived(name, waived)))
			return err_set(err, 0, "this machine lacks %s; commands run without it only where kruxrt serve was told so: "
			               "--allow-missing %s", name, name);
	}
	return 0;
}

/* What can lie in a workspace in memory: it is charged to who writes it, and stays. 0: it is on a disk. */
static uint64_t files_in_memory(const struct template *t, int workspace)
{
	struct statfs fs;

	if (workspace < 0 || fstatfs(workspace, &fs) || (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC))
		return 0;
	/* Without a size the machine's memory is one. */
	return fs.f_blocks ? (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize : t->memory;
}

static bool is_changing(const struct krux_capability *cap)
{
	bool changes = false;

	for (size_t i = 0; i < cap->neffects; i++)
		changes |= cap->effect[i].kind == KRUX_EFFECT_WRITES || cap->effect[i].kind == KRUX_EFFECT_CREATES ||
			cap->effect[i].kind == KRUX_EFFECT_DELETES;
	return changes;
}

/* What a call has written is no part of its memory. A builtin may fill the workspace; its own memory has a limit of the
 * process besides, of which there is one. A command commits `limits.memory` at most. */
struct group_limits call_limits(const struct asked *a, const struct child_plan *plan)
{
	const struct krux_capability *cap = &a->template->policy->cap[a->index];
	const uint64_t memory = cap->limit[KRUX_LIMIT_MEMORY], pids = cap->limit[KRUX_LIMIT_PIDS];
	const uint64_t files = is_changing(cap) ? files_in_memory(a->template, plan->workspace) : 0;

	if (!plan->command)
		return (struct group_limits){ memory + BUILTIN_ROOM, pids, files };
	/* The first process counts, and has memory of its own, as has the copy that a call runs from. */
	return (struct group_limits){ memory + command_memory(plan) + (plan->snapshot ? SNAPSHOT_COPY_BYTES : 0), pids + 1,
		                      files < memory ? files : memory };
}

int call_group(struct template *t, const struct group_limits *limits, struct cgroup **out, struct krux_err *err)
{
	*out = NULL;
	if (t->groups.above < 0)
		return 0;
	*out = groups_take(&t->groups, limits, err);
	return *out ? 0 : err_wrap(err, "a control group for the call");
}
