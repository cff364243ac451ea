/* eBPF for the sockets of calls: sockets.bpf.c says what they may be used for, docs/design/019-ebpf.md why. */
#ifndef KRUX_SOCKETS_H
#define KRUX_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

struct krux_err;

enum {
#define SOCKETS_PROGRAM(name, type, attach) SOCKETS_##name,
#include "runtime/sandbox/sockets.def"
#undef SOCKETS_PROGRAM
	SOCKETS_PROGRAMS
};

struct sockets_program {
	const char *name;
	uint32_t type, attach;         /* enum bpf_prog_type, enum bpf_attach_type */
	const uint64_t *code;          /* an instruction each, as the kernel takes them */
	size_t n;
};
extern const struct sockets_program sockets_list[SOCKETS_PROGRAMS];

/* Loads the programs for who is in the caller's network namespace, and attaches all of them to a control group (its folder):
 * they hold for whatever is started in it or below, until it is removed, and outlive the caller. As root. -1 with *err:
 * they cannot be; some may be attached all the same. */
int sockets_attach(int group, struct krux_err *err);

#endif
