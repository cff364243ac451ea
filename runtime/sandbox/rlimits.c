/* A capability's limits to the kernel's. */
#include <sys/resource.h>

#include "runtime/sandbox/sandbox.h"

static int rlimit_set(__rlimit_resource_t what, uint64_t n)
{
	struct rlimit r = { n, n };

	return setrlimit(what, &r);
}

int rlimits_set(const struct rlimits *l)
{
	uint64_t seconds = (l->cpu + 999999999) / 1000000000;

#if !SANITIZED                     /* which maps terabytes of shadow */
	/* All private writable memory; seccomp leaves no other to be had. */
	if (rlimit_set(RLIMIT_DATA, l->memory))
		return -1;
#endif
	if (rlimit_set(RLIMIT_CPU, seconds ? seconds : 1) || rlimit_set(RLIMIT_NPROC, l->pids) ||
	    rlimit_set(RLIMIT_NOFILE, l->files) || rlimit_set(RLIMIT_FSIZE, l->file_size))
		return -1;
	if (rlimit_set(RLIMIT_CORE, 0) || rlimit_set(RLIMIT_MEMLOCK, 0) ||
	    rlimit_set(RLIMIT_MSGQUEUE, 0) || rlimit_set(RLIMIT_STACK, 8 << 20) ||
	    rlimit_set(RLIMIT_NICE, 0) || rlimit_set(RLIMIT_RTPRIO, 0))
		return -1;
	return 0;
}
