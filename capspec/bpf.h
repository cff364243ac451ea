/* Filters of system calls: programs of classic BPF, as seccomp(2) takes them. kruxc writes them, a bundle
 * carries them, the child of a call puts one on. */
#ifndef KRUX_BPF_H
#define KRUX_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KRUX_BPF_MOST = 4096 };         /* instructions, the kernel's own limit */

/* As the kernel's struct sock_filter. */
struct krux_bpf {
	uint16_t code;
	uint8_t jt, jf;                /* instructions to pass over */
	uint32_t k;
};

struct krux_filter {
	const struct krux_bpf *code;
	size_t n;
};

/* What a filter looks at, as the kernel's struct seccomp_data. */
struct krux_syscall {
	int32_t nr;
	uint32_t arch;
	uint64_t ip;
	uint64_t arg[6];
};

/* The machines that filters are made for. */
enum krux_machine { KRUX_X86_64, KRUX_AARCH64, KRUX_MACHINES };
const char *krux_machine_word(enum krux_machine);
/* What the kernel calls it: AUDIT_ARCH_*. */
uint32_t krux_machine_arch(enum krux_machine);

/* The instructions are those that a filter needs: it reads the call and nothing else, only jumps onwards
 * and ends in one of ALLOW, KILL_PROCESS and an error number. NULL, or what is wrong. */
const char *krux_bpf_wrong(const struct krux_filter *);
/* How many instructions a jump of a checked filter passes over, with what was loaded. */
size_t krux_bpf_jump(const struct krux_bpf *, uint32_t loaded);
/* What a checked filter says to a call: SECCOMP_RET_* with its data. */
uint32_t krux_bpf_run(const struct krux_filter *, const struct krux_syscall *);

#endif
