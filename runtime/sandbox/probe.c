/* The kernel to a list of what it can do. Asked once; what is asked here needs no privilege and
 * changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/sandbox/sandbox.h"

const char *layer_word(enum layer layer)
{
	static const char *const words[] = {
#define LAYER(id, word) word,
#include "runtime/sandbox/layers.def"
#undef LAYER
	};

	return words[layer];
}

static bool namespace_there(const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/ns/%s", name);
	return !access(path, F_OK);
}

static bool seccomp_there(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

static bool openat2_there(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != ENOSYS;
}

const struct probe *probe_get(void)
{
	static struct probe p;
	static bool done;

	if (done)
		return &p;
	p.root = geteuid() == 0;
	p.present[LAYER_NS_MOUNT] = namespace_there("mnt");
	p.present[LAYER_NS_PID] = namespace_there("pid");
	p.present[LAYER_NS_NET] = namespace_there("net");
	p.present[LAYER_NS_IPC] = namespace_there("ipc");
	p.present[LAYER_NS_UTS] = namespace_there("uts");
	p.present[LAYER_NS_CGROUP] = namespace_there("cgroup");
	p.present[LAYER_NS_TIME] = namespace_there("time");
	p.present[LAYER_NS_USER] = namespace_there("user");
	p.present[LAYER_DESCRIPTORS] = p.present[LAYER_ROOT] = true;
	/* Not every call has them: who needs one and cannot have it is refused. */
	p.present[LAYER_IDMAPPED] = p.present[LAYER_NFTABLES] = true;
	p.present[LAYER_PRIVILEGES] = p.present[LAYER_RLIMITS] = true;
	p.present[LAYER_SECCOMP] = seccomp_there();
	p.landlock_abi = landlock_abi();
	p.present[LAYER_LANDLOCK] = p.landlock_abi >= 2;
	p.openat2 = openat2_there();
	done = true;
	return &p;
}

const char *probe_missing(const struct probe *p)
{
	if (!p->openat2)
		return "openat2";
	for (unsigned i = 0; i < LAYER_COUNT; i++)
		if (!p->present[i])
			return layer_word(i);
	return NULL;
}
