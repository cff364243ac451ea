/* What a command was told to a process that can do that and nothing else. */
#include "runtime/front/ctl.h"

#include "runtime/record/log.h"


enum supervisor_result ctl_begin(const struct act_place *at, const struct typed_place *place, size_t n, struct krux_err *err)
{
	struct typed_place all[CTL_PLACES + 2] = {
		{ .place = PLACE_CTL_GIVEN, .path = at->operator },
		{ .place = PLACE_CTL_STATE, .path = at->state },
	};
	const struct typed t = { .kind = PROCESS_CTL, .place = all, .n = n + 2 };
	enum supervisor_result result;

	for (size_t i = 0; i < n && i < CTL_PLACES; i++)
		all[2 + i] = place[i];
	result = at->daemon && !at->state ? supervisor_reach(at->daemon, at->socket, err) : SUPERVISOR_OK;
	if (!result && ((at->state && log_ask_machine(err)) || typed_confine(&t, err)))
		result = SUPERVISOR_FAILED;
	return result;
}
