/* Runs eBPF programs without a kernel: the instructions that ours are made of, and no others. */
#ifndef KRUX_TEST_EBPF_H
#define KRUX_TEST_EBPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ebpf {
	const void *context;           /* what the kernel passes; nothing else can be read */
	size_t size;
	uint64_t network;              /* what bpf_get_netns_cookie answers */
};

/* False: an instruction or helper is none of those, jumps back or out, or reads what was never set or passed. */
bool ebpf_run(const uint64_t *code, size_t n, const struct ebpf *, uint64_t *result);

#endif
