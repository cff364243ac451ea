/* What a command was told to a process that can do that and nothing else. */
#include "runtime/front/ctl.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/record/log.h"

#include <errno.h>
#include <stdio.h>


static enum supervisor_result confine(const struct act_place *at, const struct typed_place *place, size_t n, struct krux_err *err)
{
	CLEAN_FREE char *log = NULL;
	CLEAN_FREE char *blobs = NULL;
	CLEAN_FREE char *trust = NULL;

	if (at->state && (asprintf(&log, "%s/log", at->state) < 0 || asprintf(&blobs, "%s/blobs", at->state) < 0 ||
	                  asprintf(&trust, "%s/trust", at->state) < 0)) {
		err_set(err, ENOMEM, "%s", at->state);
		return SUPERVISOR_FAILED;
	}
	{
		struct typed_place all[CTL_PLACES + 5] = {
			{ .place = PLACE_CTL_GIVEN, .path = at->operator }, { .place = PLACE_CTL_STATE, .path = at->state },
			{ .place = PLACE_CTL_KNOWN, .path = trust },        { .place = PLACE_CTL_LOG, .path = log },
			{ .place = PLACE_CTL_LOG, .path = blobs },
		};
		const struct typed t = { .kind = PROCESS_CTL, .place = all, .n = CTL_PLACES + 5 };

		for (size_t i = 0; i < n && i < CTL_PLACES; i++)
			all[5 + i] = place[i];
		if ((at->state && log_ask_machine(err)) || typed_confine(&t, err))
			return SUPERVISOR_FAILED;
	}
	return SUPERVISOR_OK;
}

enum supervisor_result ctl_begin(const struct act_place *at, const struct typed_place *place, size_t n, struct krux_err *err)
{
	enum supervisor_result result = SUPERVISOR_OK;

	if (at->daemon && !at->state)
		result = supervisor_reach(at->daemon, at->socket, err);
	return result ? result : confine(at, place, n, err);
}
