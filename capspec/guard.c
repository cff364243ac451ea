/* A process to one whose memory stays its own. */
#include "capspec/guard.h"

#include <sys/prctl.h>
#include <sys/resource.h>

bool krux_guard(struct krux_refusal *why)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0))
		return krux_refuse(why, "", "core files cannot be turned off, so no secret key is read");
	return true;
}
