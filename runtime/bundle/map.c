/* Own mapping instead of the dynamic linker's: what was checked is what is mapped, no name is
 * looked up, nothing is run. */
#include "runtime/bundle/map.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include "capspec/krux_abi.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

int map_seal(const uint8_t *p, size_t n, struct krux_err *err)
{
	CLEAN_FD int fd =
		memfd_create("krux-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	/* Kernels before 6.3 do not know the flag. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("krux-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_set(err, errno, "memory file for the policy");
	if (file_write(fd, p, n, err))
		return err_wrap(err, "memory file for the policy");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return err_set(err, errno, "seal the policy");
	return fd_keep(&fd);
}

static uint64_t page_down(uint64_t v)
{
	return v & ~(uint64_t)(ELF_PAGE - 1);
}

static uint64_t page_up(uint64_t v)
{
	return page_down(v + ELF_PAGE - 1);
}

static int segment_map(int fd, const struct elf_segment *s, uint8_t *base, struct krux_err *err)
{
	uint64_t first = page_down(s->vaddr), in_file = s->vaddr + s->filesz,
		 end = s->vaddr + s->memsz;
	uint64_t full = page_up(in_file);

	if (mmap(base + first, full - first, s->prot, MAP_PRIVATE | MAP_FIXED, fd,
	         (off_t)page_down(s->offset)) == MAP_FAILED)
		return err_set(err, errno, "map the policy");
	if (!(s->prot & PROT_WRITE))
		return 0;
	memset(base + in_file, 0, full - in_file);
	if (page_up(end) > full &&
	    mmap(base + full, page_up(end) - full, s->prot, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
	         -1, 0) == MAP_FAILED)
		return err_set(err, errno, "map the policy");
	return 0;
}

static void relocate(const struct elf_image *image, uint8_t *base)
{
	const uint8_t *table = base + image->rela;

	for (uint64_t i = 0; i < image->nrela; i++) {
		Elf64_Rela r;
		uint64_t value;

		memcpy(&r, table + i * sizeof r, sizeof r);
		value = (uint64_t)(uintptr_t)base + (uint64_t)r.r_addend;
		memcpy(base + r.r_offset, &value, sizeof value);
	}
}

int map_image(int fd, const struct elf_image *image, struct map *out, struct krux_err *err)
{
	void *base = mmap(NULL, image->span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc = 0;

	if (base == MAP_FAILED)
		return err_set(err, errno, "map the policy");
	*out = (struct map){ .image = *image, .base = base };
	for (unsigned i = 0; !rc && i < image->nsegments; i++)
		rc = segment_map(fd, &image->segment[i], base, err);
	if (!rc)
		relocate(image, base);
	for (unsigned i = 0; !rc && i < image->nsegments; i++) {
		const struct elf_segment *s = &image->segment[i];
		uint64_t first = page_down(s->vaddr);

		if (s->prot & PROT_WRITE &&
		    mprotect(out->base + first, page_up(s->vaddr + s->memsz) - first, PROT_READ))
			rc = err_set(err, errno, "make the policy read-only");
	}
	if (rc)
		map_free(out);
	else
		out->abi = (const struct krux_abi *)(const void *)(out->base + image->symbol);
	return rc;
}

void map_free(struct map *m)
{
	if (m->base)
		munmap(m->base, m->image.span);
	*m = (struct map){ 0 };
}

bool map_holds(const struct map *m, const void *p, uint64_t n, bool code)
{
	uint64_t at = (uint64_t)(uintptr_t)p - (uint64_t)(uintptr_t)m->base;

	for (unsigned i = 0; i < m->image.nsegments; i++) {
		const struct elf_segment *s = &m->image.segment[i];

		if (at >= s->vaddr && at - s->vaddr <= s->memsz && n <= s->memsz - (at - s->vaddr))
			return !code || s->prot & PROT_EXEC;
	}
	return false;
}

long map_text(const struct map *m, const char *s, size_t max)
{
	for (size_t n = 0; n <= max; n++) {
		if (!map_holds(m, (const void *)((uintptr_t)s + n), 1, false))
			return -1;
		if (!s[n])
			return (long)n;
	}
	return -1;
}
