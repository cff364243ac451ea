/* BPF LSM: a program that allows what is asked anyway is attached to one hook and gone with its child. To
 * name the hook takes the number that the kernel's own type information (BTF) gives it. */
#include "runtime/sandbox/feature_try.h"

#include "runtime/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char hook[] = "bpf_lsm_file_open";
enum { MOST_BTF = 64 << 20 };

/* Bytes that follow a type of this kind. */
static size_t type_more(uint32_t info)
{
	size_t n = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return 12;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return n * 8;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return n * 12;
	default:
		return 0;
	}
}

/* The number of the function of that name, 0: there is none. The bytes are the kernel's. */
static uint32_t function_find(const uint8_t *p, size_t n, const char *name)
{
	struct btf_header h;
	const uint8_t *types;
	uint32_t id = 1;

	if (n < sizeof h)
		return 0;
	memcpy(&h, p, sizeof h);
	if (h.magic != BTF_MAGIC || h.hdr_len > n || h.type_off > n - h.hdr_len || h.str_off > n - h.hdr_len ||
	    h.type_len > n - h.hdr_len - h.type_off || h.str_len > n - h.hdr_len - h.str_off)
		return 0;
	types = p + h.hdr_len + h.type_off;
	for (size_t at = 0; at + sizeof(struct btf_type) <= h.type_len; id++) {
		struct btf_type t;

		memcpy(&t, types + at, sizeof t);
		if (BTF_INFO_KIND(t.info) == BTF_KIND_FUNC && t.name_off < h.str_len &&
		    !strncmp((const char *)p + h.hdr_len + h.str_off + t.name_off, name, h.str_len - t.name_off))
			return id;
		at += sizeof t + type_more(t.info);
	}
	return 0;
}

static uint32_t hook_find(void)
{
	CLEAN_FD int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	CLEAN_FREE uint8_t *p = NULL;
	size_t n = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0 || st.st_size > MOST_BTF || !(p = malloc((size_t)st.st_size)))
		return 0;
	while (n < (size_t)st.st_size) {
		ssize_t k = read(fd, p + n, (size_t)st.st_size - n);

		if (k <= 0)
			return 0;
		n += (size_t)k;
	}
	return function_find(p, n, hook);
}

int try_bpf_lsm(void)
{
	/* It returns what the hooks before it returned: argument 1, after the file. */
	const struct bpf_insn code[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 0, .src_reg = 1, .off = 8 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const char license[] = "GPL";
	uint32_t id = hook_find();
	union bpf_attr attr;
	int fd;

	errno = id ? 0 : ENOENT;
	if (!id)
		return -1;
	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_LSM;
	attr.expected_attach_type = BPF_LSM_MAC;
	attr.attach_btf_id = id;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = sizeof code / sizeof *code;
	attr.license = (uint64_t)(uintptr_t)license;
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
	if (fd < 0)
		return -1;
	memset(&attr, 0, sizeof attr);
	attr.raw_tracepoint.prog_fd = (uint32_t)fd;
	return syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof attr) < 0 ? -1 : 0;
}
