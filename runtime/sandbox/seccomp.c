/* A bundle's filter to the kernel: what it does not allow ends the process. The filter was checked when the
 * bundle was loaded; the kernel checks it once more. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capspec/bpf.h"
#include "runtime/sandbox/sandbox.h"

_Static_assert(sizeof(struct krux_bpf) == sizeof(struct sock_filter), "instructions of the kernel");

/* On a third machine every call would be another machine's, and end the process. */
#ifdef __aarch64__
enum { HERE = KRUX_AARCH64 };
#else
enum { HERE = KRUX_X86_64 };
#endif

#if SANITIZED
/* What a build with sanitizers calls of its own comes first: jumps are relative, so the filter follows. */
static const unsigned sanitizer[] = {
	SYS_sigaltstack, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_gettid, SYS_getpid, SYS_sched_yield,
	SYS_prctl, SYS_madvise, SYS_futex,
#ifdef SYS_readlink
	SYS_readlink,
#endif
};

static const struct krux_filter *filter_widen(const struct krux_filter *f)
{
	static struct krux_bpf code[KRUX_BPF_MOST];
	static struct krux_filter wide = { code, 0 };
	const struct krux_bpf yes = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	size_t n = 0;

	code[n++] = (struct krux_bpf){ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 };
	for (size_t i = 0; i < sizeof sanitizer / sizeof *sanitizer; i++) {
		code[n++] = (struct krux_bpf){ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, sanitizer[i] };
		code[n++] = yes;
	}
	if (n + f->n > KRUX_BPF_MOST)
		return f;
	memcpy(code + n, f->code, f->n * sizeof *code);
	wide.n = n + f->n;
	return &wide;
}
#else
static const struct krux_filter *filter_widen(const struct krux_filter *f)
{
	return f;
}
#endif

int seccomp_restrict(const struct krux_filter *of_machine)
{
	const struct krux_filter *f = filter_widen(&of_machine[HERE]);
	const struct sock_fprog program = { (unsigned short)f->n,
		                            (struct sock_filter *)(uintptr_t)f->code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
