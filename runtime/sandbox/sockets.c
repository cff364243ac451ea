/* Compiled programs to a control group that has them. Seven programs without maps or relocations take two system calls each,
 * which is less than a library that reads object files. */
#include "runtime/sandbox/sockets.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/sockets_network.h"

#include "sockets_code.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

const struct sockets_program sockets_list[SOCKETS_PROGRAMS] = {
#define SOCKETS_PROGRAM(name, type, attach) { #name, type, attach, code_##name, sizeof code_##name / sizeof *code_##name },
#include "runtime/sandbox/sockets.def"
#undef SOCKETS_PROGRAM
};

enum { MOST = 256 };

/* Of the network namespace that the caller is in; the number is never given to another while the machine runs. */
static int network_own(uint64_t *out)
{
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof *out;

	return fd < 0 ? -1 : getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, out, &n);
}

/* An instruction with 64 bits of its own is two: the halves stand in the upper part of each. */
static void network_set(uint64_t *code, size_t n, uint64_t network)
{
	const uint64_t low = 0xffffffff;

	for (size_t i = 0; i + 1 < n; i++) {
		if ((code[i] & 0xff) != (BPF_LD | BPF_IMM | BPF_DW) || code[i] >> 32 != (SOCKETS_MACHINE & low) ||
		    code[i + 1] >> 32 != SOCKETS_MACHINE >> 32)
			continue;
		code[i] = (code[i] & low) | network << 32;
		code[i + 1] = (code[i + 1] & low) | (network & ~low);
	}
}

static int program_load(const struct sockets_program *p, uint64_t network)
{
	static const char license[] = "Apache-2.0";
	uint64_t code[MOST];
	union bpf_attr attr;

	if (p->n > MOST) {
		errno = E2BIG;
		return -1;
	}
	memcpy(code, p->code, p->n * sizeof *code);
	network_set(code, p->n, network);
	memset(&attr, 0, sizeof attr);
	attr.prog_type = p->type;
	attr.expected_attach_type = p->attach;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = (uint32_t)p->n;
	attr.license = (uintptr_t)license;
	strncpy(attr.prog_name, p->name, sizeof attr.prog_name - 1);
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}

/* What groups above have is asked as well, and a group below cannot take it away. */
static int program_attach(int group, const struct sockets_program *p, uint64_t network)
{
	CLEAN_FD int fd = program_load(p, network);
	union bpf_attr attr;

	if (fd < 0)
		return -1;
	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)group;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = p->attach;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr);
}

int sockets_attach(int group, struct krux_err *err)
{
	uint64_t network;

	if (network_own(&network))
		return err_set(err, errno, "eBPF for sockets of calls");
	for (size_t i = 0; i < SOCKETS_PROGRAMS; i++)
		if (program_attach(group, &sockets_list[i], network))
			return err_set(err, errno, "eBPF for sockets of calls: %s", sockets_list[i].name);
	return 0;
}
