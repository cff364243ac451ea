/* A capability to the plan of its child. */
#include "runtime/spawn/child.h"

#include "capspec/layers.h"
#include "capspec/schema.h"
#include "runtime/base/err.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/targets.h"

/* A copy of a folder tree is the largest thing that a call writes. */
static const uint64_t file_size = UINT64_C(1) << 30;

int child_plan_make(const struct krux_capability *cap, const struct krux_layer *layer, struct krux_str relay,
                    builtin_find_fn *find, struct child_plan *plan, struct krux_err *err)
{
	const bool command = cap->handler.kind == KRUX_HANDLER_COMMAND;
	const char *missing;

	if (cap->handler.kind == KRUX_HANDLER_MCP)
		return err_set(err, 0, "%.*s is run by an MCP server; this program runs builtin handlers and commands alone",
		               (int)cap->name.n, cap->name.p);
	*plan = (struct child_plan){
		.probe = probe_get(),
		.builtin = command ? &command_handler : find(cap->handler.name),
		.command = command ? cap : NULL, .program = -1,
		.limits = { cap->limit[KRUX_LIMIT_MEMORY], cap->limit[KRUX_LIMIT_CPU],
		            (unsigned)cap->limit[KRUX_LIMIT_PIDS],
		            (unsigned)cap->limit[KRUX_LIMIT_FILES], file_size },
		.output = (size_t)cap->limit[KRUX_LIMIT_OUTPUT],
		.workspace = -1, .store = -1, .mount = -1, .line = -1, .stream = -1, .socket = -1, .cgroup = -1, .network = -1, .out = -1, .ask = -1, .go = -1, .blob = { -1, -1, -1 },
	};
	if (!plan->builtin)
		return err_set(err, 0, "there is no builtin handler \"%.*s\"",
		               (int)cap->handler.name.n, cap->handler.name.p);
	if (!layer || !layer->filter || command != (layer->command != NULL))
		return err_set(err, 0, "the bundle has no filter of system calls for %.*s; kruxc build makes "
		               "one with all that this version runs", (int)cap->name.n, cap->name.p);
	if (command && capability_connects(cap) && !relay.n)
		return err_set(err, 0, "the bundle has no packet filter of this version for %.*s; kruxc build makes one",
		               (int)cap->name.n, cap->name.p);
	if (command && capability_connects(cap))
		plan->rules = relay;
	plan->layer = layer;
	missing = probe_missing(plan->probe);
	if (missing)
		return err_set(err, 0, "this machine lacks %s, which no call runs without",
		               missing);
	return 0;
}

int child_reach(const struct krux_capability *cap, const struct krux_layer *layer, struct krux_str agent,
                const struct krux_reach **out, struct krux_err *err)
{
	*out = krux_layer_reach(layer, agent);
	return *out ? 0 : err_set(err, 0, "the plan of %.*s knows no such agent", (int)cap->name.n, cap->name.p);
}
