/* Shared objects that a bundle could carry: the good one is mapped and works, every other one is
 * refused before anything of it is mapped, and none crashes the checker. */
#include "tests/unit/tiny_bundle.h"

#include "runtime/base/err.h"
#include "runtime/bundle/abi.h"
#include "runtime/bundle/map.h"

#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint8_t *good;
static size_t ngood;
static struct krux_err err;

static void setup(void)
{
	good = tiny_object((const char *const[]){ NULL }, &ngood);
	ck_assert_ptr_nonnull(good);
	err = (struct krux_err){ 0 };
}

static void teardown(void)
{
	free(good);
}

static bool passes(const uint8_t *p, size_t n)
{
	struct elf_image image;

	err.text[0] = 0;
	return !elf_check(p, n, &image, &err);
}

static void refused(const uint8_t *p, size_t n, const char *because)
{
	ck_assert_msg(!passes(p, n), "accepted, though %s", because);
	ck_assert_msg(strstr(err.text, because) != NULL, "refused with: %s", err.text);
}

static void map_one(const uint8_t *p, size_t n, struct map *m)
{
	struct elf_image image;
	int fd;

	ck_assert_msg(!elf_check(p, n, &image, &err), "%s", err.text);
	fd = map_seal(p, n, &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_msg(!map_image(fd, &image, m, &err), "%s", err.text);
	close(fd);
}

START_TEST(good_object_works)
{
	struct map m;

	map_one(good, ngood, &m);
	ck_assert_msg(!abi_check(&m, tiny_caps(), TINY_CAPS, &err), "%s", err.text);
	ck_assert_msg(!abi_try(m.abi, tiny_caps(), TINY_CAPS, &err), "%s", err.text);
	ck_assert_int_eq(m.abi->find("mail.send@1", 11), 2);
	map_free(&m);
}
END_TEST

START_TEST(sealed_is_sealed)
{
	int fd = map_seal(good, ngood, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_lt(write(fd, "x", 1), 0);
	ck_assert_int_lt(pwrite(fd, "x", 1, 0), 0);
	ck_assert_int_lt(ftruncate(fd, 0), 0);
	ck_assert_int_lt(ftruncate(fd, 1 << 20), 0);
	ck_assert_int_lt(fcntl(fd, F_ADD_SEALS, 0), 0);
	ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	close(fd);
}
END_TEST

/* No page of the mapping is writable: /proc/self/maps says so. */
START_TEST(mapping_is_read_only)
{
	char line[512];
	struct map m;
	unsigned seen = 0;
	FILE *f;

	map_one(good, ngood, &m);
	f = fopen("/proc/self/maps", "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		unsigned long from, to;
		char prot[8];

		ck_assert_int_eq(sscanf(line, "%lx-%lx %7s", &from, &to, prot), 3);
		if (from < (uintptr_t)m.base || from >= (uintptr_t)m.base + m.image.span)
			continue;
		seen++;
		ck_assert_int_eq(prot[1], '-');
	}
	fclose(f);
	ck_assert_uint_ge(seen, 2);
	map_free(&m);
}
END_TEST

/* ---- what the compiler can be made to produce ---- */

static const struct {
	const char *flag, *because;
} builds[] = {
	{ "-DCONSTRUCTOR", "constructors" },
	{ "-DUNDEFINED", "exactly one symbol" },
	{ "-DTHREAD", "thread-local" },
	{ "-DINDIRECT", "64-bit" },
	{ "-DSECOND", "exactly one symbol" },
	{ "-Wl,-z,execstack", "executable stack" },
	{ "-Wl,-init=krux_abi_1", "constructors" },
};

START_TEST(bad_builds_are_refused)
{
	size_t n;
	uint8_t *p = tiny_object((const char *const[]){ builds[_i].flag, NULL }, &n);

	ck_assert_ptr_nonnull(p);
	refused(p, n, builds[_i].because);
	free(p);
}
END_TEST

START_TEST(needed_library_is_refused)
{
	size_t n;
	uint8_t *p = tiny_object((const char *const[]){ "-Wl,--no-as-needed", "-lc", NULL }, &n);

	ck_assert_ptr_nonnull(p);
	refused(p, n, "needs another library");
	free(p);
}
END_TEST

/* ---- what nobody's compiler produces ---- */

static Elf64_Ehdr *header(uint8_t *p)
{
	return (Elf64_Ehdr *)(void *)p;
}

static Elf64_Phdr *segment(uint8_t *p, uint32_t type, unsigned which)
{
	Elf64_Phdr *ph = (Elf64_Phdr *)(void *)(p + header(p)->e_phoff);

	for (unsigned i = 0; i < header(p)->e_phnum; i++)
		if (ph[i].p_type == type && !which--)
			return &ph[i];
	ck_abort_msg("no such segment");
	return NULL;
}

static Elf64_Dyn *dynamic(uint8_t *p, int64_t tag)
{
	Elf64_Dyn *d = (Elf64_Dyn *)(void *)(p + segment(p, PT_DYNAMIC, 0)->p_offset);

	for (; d->d_tag; d++)
		if (d->d_tag == tag)
			return d;
	ck_abort_msg("no such tag");
	return NULL;
}

static Elf64_Sym *symbol(uint8_t *p)
{
	return (Elf64_Sym *)(void *)(p + dynamic(p, DT_SYMTAB)->d_un.d_ptr) + 1;
}

static Elf64_Rela *relocation(uint8_t *p)
{
	return (Elf64_Rela *)(void *)(p + dynamic(p, DT_RELA)->d_un.d_ptr);
}

START_TEST(header_is_checked)
{
	uint8_t *p = good;

	header(p)->e_machine = EM_386;
	refused(p, ngood, "another kind of machine");
	header(p)->e_machine = EM_RISCV;
	refused(p, ngood, "another kind of machine");
	header(p)->e_machine = EM_X86_64;
	header(p)->e_type = ET_EXEC;
	refused(p, ngood, "no shared object");
	header(p)->e_type = ET_DYN;
	p[EI_CLASS] = ELFCLASS32;
	refused(p, ngood, "64-bit");
	p[EI_CLASS] = ELFCLASS64;
	p[EI_OSABI] = ELFOSABI_GNU;
	refused(p, ngood, "64-bit");
	p[EI_OSABI] = 0;
	header(p)->e_phoff = UINT64_MAX - 8;
	refused(p, ngood, "out of bounds");
	header(p)->e_phoff = 64;
	header(p)->e_phnum = 33;
	refused(p, ngood, "out of bounds");
	header(p)->e_phnum = 0;
	refused(p, ngood, "out of bounds");
}
END_TEST

START_TEST(segments_are_checked)
{
	Elf64_Phdr *text = segment(good, PT_LOAD, 1), *data = segment(good, PT_LOAD, 3), old;

	old = *text;
	text->p_flags |= PF_W;
	refused(good, ngood, "writable and executable");
	*text = old;
	text->p_memsz++;
	refused(good, ngood, "beyond its file");
	*text = old;
	text->p_offset = UINT64_MAX;
	refused(good, ngood, "out of bounds");
	*text = old;
	text->p_filesz = UINT64_MAX;
	refused(good, ngood, "out of bounds");
	*text = old;
	text->p_vaddr -= ELF_PAGE;
	refused(good, ngood, "overlap");
	*text = old;
	text->p_vaddr++;
	refused(good, ngood, "aligned");
	*text = old;
	text->p_type = PT_TLS;
	refused(good, ngood, "thread-local");
	text->p_type = PT_INTERP;
	refused(good, ngood, "interpreter");
	text->p_type = 0x12345;
	refused(good, ngood, "unknown kind");
	*text = old;
	old = *data;
	data->p_memsz = 1ull << 40;
	refused(good, ngood, "out of bounds");
	data->p_memsz = 255ull << 20;
	ck_assert_msg(passes(good, ngood), "%s", err.text);
	*data = old;
	segment(good, PT_GNU_STACK, 0)->p_type = PT_DYNAMIC;
	refused(good, ngood, "two dynamic");
}
END_TEST

/* Memory beyond the file part is zero. */
START_TEST(memory_beyond_the_file_is_zero)
{
	Elf64_Phdr *data = segment(good, PT_LOAD, 3);
	uint64_t end = data->p_vaddr + data->p_filesz;
	struct map m;

	data->p_memsz += 3 * ELF_PAGE;
	map_one(good, ngood, &m);
	for (uint64_t i = end; i < m.image.span; i++)
		ck_assert_uint_eq(m.base[i], 0);
	map_free(&m);
}
END_TEST

START_TEST(dynamic_section_is_checked)
{
	static const struct {
		int64_t tag;
		const char *because;
	} tags[] = {
		{ DT_NEEDED, "needs another library" }, { DT_INIT, "constructors" }, { DT_FINI, "constructors" },
		{ DT_INIT_ARRAY, "constructors" }, { DT_FINI_ARRAY, "constructors" }, { DT_PREINIT_ARRAY, "constructors" },
		{ DT_TEXTREL, "relocates its code" }, { DT_JMPREL, "do not need" }, { DT_REL, "do not need" },
		{ DT_RPATH, "do not need" }, { DT_RUNPATH, "do not need" }, { DT_SYMBOLIC, "do not need" },
		{ DT_VERSYM, "do not need" }, { DT_AUXILIARY, "do not need" }, { DT_FILTER, "do not need" },
		{ 0x7FFFFFFFFFFFFFFF, "do not need" }, { -1, "do not need" }, { 36, "do not need" },
		{ DT_STRTAB, "twice" }, { DT_GNU_HASH, "twice" },
	};
	Elf64_Dyn *spare = dynamic(good, DT_RELACOUNT), *flags = dynamic(good, DT_FLAGS);

	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		spare->d_tag = tags[i].tag;
		refused(good, ngood, tags[i].because);
	}
	spare->d_tag = DT_RELACOUNT;
	flags->d_un.d_val = DF_STATIC_TLS;
	refused(good, ngood, "flags");
	flags->d_un.d_val = DF_TEXTREL;
	refused(good, ngood, "flags");
	flags->d_un.d_val = DF_BIND_NOW;
	ck_assert(passes(good, ngood));
	segment(good, PT_DYNAMIC, 0)->p_filesz -= sizeof(Elf64_Dyn) * 6;
	refused(good, ngood, "no end");
	segment(good, PT_DYNAMIC, 0)->p_vaddr = 1 << 30;
	refused(good, ngood, "dynamic section is out of bounds");
}
END_TEST

START_TEST(symbol_is_checked)
{
	Elf64_Sym *s = symbol(good), old = *s;

	s->st_shndx = SHN_UNDEF;
	refused(good, ngood, "defines");
	s->st_shndx = SHN_ABS;
	refused(good, ngood, "defines");
	*s = old;
	s->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
	refused(good, ngood, "defines");
	s->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_TLS);
	refused(good, ngood, "defines");
	s->st_info = ELF64_ST_INFO(STB_WEAK, STT_OBJECT);
	refused(good, ngood, "defines");
	*s = old;
	s->st_value = UINT64_MAX - 7;
	refused(good, ngood, "out of bounds");
	s->st_value = old.st_value + 4;
	refused(good, ngood, "out of bounds");
	*s = old;
	s->st_size += 8;
	refused(good, ngood, "another version");
	*s = old;
	s->st_name = UINT32_MAX;
	refused(good, ngood, "not krux_abi_1");
	s->st_name = 0;
	refused(good, ngood, "not krux_abi_1");
}
END_TEST

START_TEST(relocations_are_checked)
{
	Elf64_Rela *r = relocation(good), old = *r;

	r->r_info = ELF64_R_INFO(1, R_X86_64_64);
	refused(good, ngood, "do not need");
	r->r_info = ELF64_R_INFO(0, R_X86_64_IRELATIVE);
	refused(good, ngood, "do not need");
	*r = old;
	r->r_offset = segment(good, PT_LOAD, 1)->p_vaddr;
	refused(good, ngood, "not data");
	r->r_offset = UINT64_MAX - 7;
	refused(good, ngood, "not data");
	r->r_offset = old.r_offset + 1;
	refused(good, ngood, "not data");
	*r = old;
	r->r_addend = -8;
	refused(good, ngood, "points outside");
	r->r_addend = 1 << 30;
	refused(good, ngood, "points outside");
	*r = old;
	dynamic(good, DT_RELASZ)->d_un.d_val = UINT64_MAX - 23;
	refused(good, ngood, "out of bounds");
	dynamic(good, DT_RELASZ)->d_un.d_val = 7;
	refused(good, ngood, "out of bounds");
}
END_TEST

START_TEST(every_length_is_survived)
{
	for (size_t n = 0; n < ngood; n++) {
		uint8_t *p = malloc(n + 1);

		memcpy(p, good, n);
		if (n + 4096 < ngood)
			ck_assert(!passes(p, n));
		else
			(void)passes(p, n);
		free(p);
	}
}
END_TEST

/* Whatever passes after one byte was changed can be mapped, and is judged without being run. */
START_TEST(every_flip_is_survived)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xFF };

	for (size_t i = 0; i < ngood; i++)
		for (size_t k = 0; k < sizeof flips; k++) {
			struct elf_image image;
			struct map m;
			int fd;

			good[i] ^= flips[k];
			if (!elf_check(good, ngood, &image, &err) && (k == 0 || i < 0x600)) {
				fd = map_seal(good, ngood, &err);
				ck_assert_int_ge(fd, 0);
				if (!map_image(fd, &image, &m, &err)) {
					abi_check(&m, tiny_caps(), TINY_CAPS, &err);
					map_free(&m);
				}
				close(fd);
			}
			good[i] ^= flips[k];
		}
}
END_TEST

/* ---- objects that are well-formed and wrong ---- */

static const struct {
	const char *flag, *because;
} faults[] = {
	{ "-DFAULT=1", "takes nothing for arguments" }, { "-DFAULT=2", "out of range" }, { "-DFAULT=3", "not blocked" },
	{ "-DFAULT=4", "not those of the schema" }, { "-DFAULT=5", "not those of the schema" },
	{ "-DFAULT=6", "what is not there" }, { "-DFAULT=7", "what it adds up" }, { "-DFAULT=8", "out of bounds" },
	{ "-DFAULT=9", "another version" },
};

START_TEST(faulty_policies_are_refused)
{
	size_t n;
	uint8_t *p = tiny_object((const char *const[]){ faults[_i].flag, NULL }, &n);
	struct map m;
	bool bad;

	ck_assert_ptr_nonnull(p);
	map_one(p, n, &m);
	bad = abi_check(&m, tiny_caps(), TINY_CAPS, &err) || abi_try(m.abi, tiny_caps(), TINY_CAPS, &err);
	ck_assert_msg(bad, "accepted, though %s", faults[_i].because);
	ck_assert_msg(strstr(err.text, faults[_i].because) != NULL, "refused with: %s", err.text);
	map_free(&m);
	free(p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elf");
	TCase *tc = tcase_create("elf");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, good_object_works);
	tcase_add_test(tc, sealed_is_sealed);
	tcase_add_test(tc, mapping_is_read_only);
	tcase_add_loop_test(tc, bad_builds_are_refused, 0, sizeof builds / sizeof *builds);
	tcase_add_test(tc, needed_library_is_refused);
	tcase_add_test(tc, header_is_checked);
	tcase_add_test(tc, segments_are_checked);
	tcase_add_test(tc, memory_beyond_the_file_is_zero);
	tcase_add_test(tc, dynamic_section_is_checked);
	tcase_add_test(tc, symbol_is_checked);
	tcase_add_test(tc, relocations_are_checked);
	tcase_add_test(tc, every_length_is_survived);
	tcase_add_test(tc, every_flip_is_survived);
	tcase_add_loop_test(tc, faulty_policies_are_refused, 0, sizeof faults / sizeof *faults);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
