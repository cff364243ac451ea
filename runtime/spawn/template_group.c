/* Commands to the control groups of their calls. */
#include "runtime/spawn/template_part.h"

#include "runtime/base/err.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/feature.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/snapshot.h"

#include "capspec/schema.h"

static const struct { enum cgroup_controller limit; const char *feature; } limits[] = {
	{ CGROUP_MEMORY, "cgroup.memory" }, { CGROUP_PIDS, "cgroup.pids" },
};

int limits_check(const struct template *t, struct krux_err *err)
{
	const char *const *waived = t->options->waived;

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		const char *name = limits[i].feature;

		if (!(t->groups.has & limits[i].limit) && !(waived && feature_name_is_waived(name, waived)))
			return err_set(err, 0, "this machine lacks %s; commands run without it only where kruxrt serve was told so: "
			               "--allow-missing %s", name, name);
	}
	return 0;
}

/* The first process counts, and has memory of its own, as has the copy that a call runs from. */
int call_group(struct template *t, const struct krux_capability *cap, bool snapshot, struct cgroup **out, struct krux_err *err)
{
	const uint64_t copy = snapshot ? SNAPSHOT_COPY_BYTES : 0;
	const struct child_plan plan = { .output = (size_t)cap->limit[KRUX_LIMIT_OUTPUT], .command = cap };
	const struct group_limits l = { .memory = cap->limit[KRUX_LIMIT_MEMORY] + command_memory(&plan) + copy,
		                             .pids = cap->limit[KRUX_LIMIT_PIDS] + 1 };

	*out = NULL;
	if (t->groups.above < 0)
		return 0;
	*out = groups_take(&t->groups, &l, err);
	return *out ? 0 : err_wrap(err, "a control group for the call");
}
