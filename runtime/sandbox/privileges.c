/* A process with the rights of its program to one with none. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/sandbox/sandbox.h"

static int capabilities_set(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, 0 },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), 0 },
	};

	return (int)syscall(SYS_capset, &head, data);
}

int privileges_become(uid_t uid, gid_t gid)
{
	/* What making a user namespace takes; uid 0 can be mapped into one with SETFCAP only. */
	const uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_SETFCAP;

	if (setgroups(0, NULL) || prctl(PR_SET_KEEPCAPS, 1) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -1;
	return capabilities_set(admin, admin);
}

int privileges_drop(void)
{
	const unsigned long locked = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
		SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
		SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	for (unsigned long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap) && errno != EINVAL)
			return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || prctl(PR_SET_SECUREBITS, locked) ||
	    capabilities_set(0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0))
		return -1;
	return 0;
}
