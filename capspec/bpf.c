/* A filter to "it is one", and a filter and a system call to what happens. Both know the instructions
 * that filters are made of and no others: loads from the call, a mask, comparisons with constants, jumps
 * onwards, an end. */
#include "capspec/bpf.h"

#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <string.h>

const char *krux_machine_word(enum krux_machine m)
{
	static const char *const words[KRUX_MACHINES] = { "x86_64", "aarch64" };

	return words[m];
}

uint32_t krux_machine_arch(enum krux_machine m)
{
	return m == KRUX_X86_64 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_AARCH64;
}

static const char *end_wrong(uint32_t k)
{
	uint32_t data = k & SECCOMP_RET_DATA;

	switch (k & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_KILL_PROCESS:
		return data ? "an end with something to say" : NULL;
	case SECCOMP_RET_ERRNO:
		return data && data <= 4095 ? NULL : "an error number that is none";
	default:
		return "an end that neither allows, kills nor refuses";
	}
}

static const char *jump_wrong(const struct krux_bpf *i, size_t left)
{
	switch (i->code) {
	case BPF_JMP | BPF_JA:
		return i->k < left ? NULL : "a jump beyond the end";
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		return i->jt < left && i->jf < left ? NULL : "a jump beyond the end";
	default:
		return "an instruction that no filter needs";
	}
}

const char *krux_bpf_wrong(const struct krux_filter *f)
{
	const char *why = NULL;

	if (!f->n || f->n > KRUX_BPF_MOST)
		return "a filter has 1 to 4096 instructions";
	for (size_t at = 0; at < f->n && !why; at++) {
		const struct krux_bpf *i = &f->code[at];

		if (i->code == (BPF_LD | BPF_W | BPF_ABS))
			why = i->k % 4 || i->k >= sizeof(struct krux_syscall) ? "a load from elsewhere" : NULL;
		else if (i->code == (BPF_RET | BPF_K))
			why = end_wrong(i->k);
		else if (i->code != (BPF_ALU | BPF_AND | BPF_K))
			why = jump_wrong(i, f->n - at - 1);
	}
	if (!why && f->code[f->n - 1].code != (BPF_RET | BPF_K))
		why = "a filter that does not end";
	return why;
}

size_t krux_bpf_jump(const struct krux_bpf *i, uint32_t a)
{
	bool yes;

	switch (BPF_OP(i->code)) {
	case BPF_JA:
		return i->k;
	case BPF_JEQ:
		yes = a == i->k;
		break;
	case BPF_JGT:
		yes = a > i->k;
		break;
	case BPF_JGE:
		yes = a >= i->k;
		break;
	default:
		yes = a & i->k;
		break;
	}
	return yes ? i->jt : i->jf;
}

uint32_t krux_bpf_run(const struct krux_filter *f, const struct krux_syscall *call)
{
	uint32_t a = 0;

	for (size_t at = 0; at < f->n; at++) {
		const struct krux_bpf *i = &f->code[at];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			memcpy(&a, (const uint8_t *)call + i->k, sizeof a);
			break;
		case BPF_ALU:
			a &= i->k;
			break;
		case BPF_JMP:
			at += krux_bpf_jump(i, a);
			break;
		default:
			return i->k;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}
