/* A path and a digest to a program in memory. The copy is what is hashed, and it is sealed before: nothing can come
 * between the check and the execution, whoever may write the file. */
#include "runtime/spawn/program.h"

#include "capspec/digest.h"
#include "capspec/layers.h"
#include "capspec/schema.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"
#include "runtime/spawn/targets.h"

#include "capspec/canon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U               /* Linux 6.3; before it all can be executed */
#endif

enum { PIECE = 1 << 16 };
static const off_t most_bytes = (off_t)256 << 20;

static int memory_new(void)
{
	int fd = memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

/* All of it, at most most_bytes. -1 with errno. */
static int copy(int from, int to)
{
	char piece[PIECE];
	off_t all = 0;
	ssize_t n;

	while ((n = read(from, piece, sizeof piece)) > 0) {
		all += n;
		if (all > most_bytes) {
			errno = EFBIG;
			return -1;
		}
		if (write(to, piece, (size_t)n) != n)
			return -1;
	}
	return n < 0 ? -1 : 0;
}

static int sealed_hash(int fd, uint8_t out[static KRUX_SHA256], bool *elf)
{
	static const char magic[] = { 0x7f, 'E', 'L', 'F' };
	struct krux_sha256_state state;
	char piece[PIECE];
	off_t at = 0;
	ssize_t n;

	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -1;
	krux_sha256_start(&state);
	while ((n = pread(fd, piece, sizeof piece, at)) > 0) {
		if (!at)
			*elf = n >= (ssize_t)sizeof magic && !memcmp(piece, magic, sizeof magic);
		krux_sha256_add(&state, piece, (size_t)n);
		at += n;
	}
	krux_sha256_end(&state, out);
	return n < 0 ? -1 : 0;
}

static int program_check(const struct krux_capability *cap, int fd, struct krux_err *err)
{
	uint8_t is[KRUX_SHA256], pinned[KRUX_SHA256];
	bool elf = false;

	if (!krux_hex_read(cap->handler.sha256, pinned, sizeof pinned))
		return err_set(err, 0, "the digest of %.*s is none", (int)cap->handler.name.n, cap->handler.name.p);
	if (sealed_hash(fd, is, &elf))
		return err_set(err, errno, "%.*s", (int)cap->handler.name.n, cap->handler.name.p);
	if (memcmp(is, pinned, sizeof is) != 0)
		return err_set(err, 0, "%.*s is not the program whose SHA-256 %.*s pins; an upgrade of it needs a new bundle",
		               (int)cap->handler.name.n, cap->handler.name.p, (int)cap->name.n, cap->name.p);
	if (!elf)
		return err_set(err, 0, "%.*s is no ELF program; a script's interpreter would not be pinned",
		               (int)cap->handler.name.n, cap->handler.name.p);
	return 0;
}

int program_open(const struct krux_capability *cap, struct krux_err *err)
{
	CLEAN_FD int to = -1;
	CLEAN_FD int from = -1;
	char path[4097];
	struct stat st;

	snprintf(path, sizeof path, "%.*s", (int)cap->handler.name.n, cap->handler.name.p);
	from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (from < 0 || fstat(from, &st))
		return err_set(err, errno, "the program %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, 0, "the program %s is no regular file", path);
	to = memory_new();
	if (to < 0 || copy(from, to))
		return err_set(err, errno, "the program %s", path);
	return program_check(cap, to, err) ? -1 : fd_keep(&to);
}

/* ---- those of a bundle ---- */

static bool is_run(const struct loaded *policy, size_t i)
{
	const struct krux_layer *layer = loaded_layer(policy, &policy->cap[i]);

	return policy->cap[i].handler.kind == KRUX_HANDLER_COMMAND && layer && layer->command;
}

/* Several capabilities may have one program. */
static int again(const struct programs *p, const struct loaded *policy, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (p->fd[k] >= 0 && krux_str_eq(policy->cap[k].handler.sha256, policy->cap[i].handler.sha256))
			return fcntl(p->fd[k], F_DUPFD_CLOEXEC, 3);
	return -1;
}

int programs_open(struct programs *p, const struct loaded *policy, struct krux_err *err)
{
	*p = (struct programs){ .fd = calloc(policy->ncaps + 1, sizeof *p->fd), .n = policy->ncaps };
	if (!p->fd)
		return err_set(err, ENOMEM, "the programs of commands");
	for (size_t i = 0; i < p->n; i++)
		p->fd[i] = -1;
	for (size_t i = 0; i < p->n; i++) {
		struct krux_err unused = { 0 };

		if (!is_run(policy, i))
			continue;
		p->fd[i] = again(p, policy, i);
		if (p->fd[i] < 0)
			p->fd[i] = program_open(&policy->cap[i], &unused);
	}
	return 0;
}

bool programs_needed(const struct loaded *policy)
{
	for (size_t i = 0; i < policy->ncaps; i++)
		if (is_run(policy, i))
			return true;
	return false;
}

bool programs_connect(const struct loaded *policy)
{
	for (size_t i = 0; i < policy->ncaps; i++)
		if (is_run(policy, i) && capability_connects(&policy->cap[i]))
			return true;
	return false;
}

int programs_get(struct programs *p, const struct krux_capability *cap, size_t i, struct krux_err *err)
{
	if (i >= p->n)
		return err_set(err, 0, "this process runs no commands");
	if (p->fd[i] < 0)
		p->fd[i] = program_open(cap, err);
	return p->fd[i];
}

void programs_close(struct programs *p)
{
	for (size_t i = 0; p->fd && i < p->n; i++)
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	free(p->fd);
	*p = (struct programs){ NULL, 0 };
}
