/* Groups of system calls to a filter: an allow-list, anything else ends the process. Calls of
 * other architectures, x32 among them, end it too. */
#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>

#include "capspec/rights.h"
#include "runtime/sandbox/sandbox.h"

/* CALLS_COMMON is no bit: everyone gets those. */
static const struct { int nr; unsigned groups; } calls[] = {
#define CALL(name, groups) { SCMP_SYS(name), groups },
#include "capspec/calls.def"
#undef CALL
};

/* What the C library tries by itself and can do without. */
static const struct { int nr, no; } refused[] = {
	{ SCMP_SYS(open), ENOENT },
	{ SCMP_SYS(openat), ENOENT },      /* tzset looks for files first */
	{ SCMP_SYS(clone3), ENOSYS },
};

#if SANITIZED
static const int sanitizer[] = {
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(gettid),
	SCMP_SYS(getpid), SCMP_SYS(readlink), SCMP_SYS(sched_yield), SCMP_SYS(prctl),
};
#endif

/* Memory is private and never executable. */
static int memory_allow(scmp_filter_ctx f)
{
	int no = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_TYPE, MAP_PRIVATE));

	return no ? no : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int calls_allow(scmp_filter_ctx f, unsigned groups)
{
	int no = memory_allow(f);

	for (size_t i = 0; !no && i < sizeof calls / sizeof *calls; i++)
		if (calls[i].groups == CALLS_COMMON || calls[i].groups & groups)
			no = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i].nr, 0);
	for (size_t i = 0; !no && i < sizeof refused / sizeof *refused; i++)
		no = seccomp_rule_add(f, SCMP_ACT_ERRNO((unsigned)refused[i].no), refused[i].nr, 0);
#if SANITIZED
	for (size_t i = 0; !no && i < sizeof sanitizer / sizeof *sanitizer; i++)
		no = seccomp_rule_add(f, SCMP_ACT_ALLOW, sanitizer[i], 0);
#endif
	return no;
}

int seccomp_restrict(unsigned groups)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int no;

	if (!f) {
		errno = ENOMEM;
		return -1;
	}
	no = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	no = no ? no : seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	no = no ? no : calls_allow(f, groups);
	no = no ? no : seccomp_load(f);
	seccomp_release(f);
	errno = no < 0 ? -no : errno;
	return no ? -1 : 0;
}
