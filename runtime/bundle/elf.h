/* Checks a shared object that a bundle carries, before anything of it is mapped. What passes is
 * plain code and data: no needs, no constructors, no thread-local storage, no indirect
 * functions, one symbol, relocations that only add the load address. */
#ifndef KRUX_ELF_H
#define KRUX_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct krux_err;

enum { ELF_MAX_SEGMENTS = 8, ELF_PAGE = 4096 };

struct elf_segment {
	uint64_t vaddr, memsz;       /* in memory, from the load address on */
	uint64_t offset, filesz;     /* in the file; vaddr and offset agree within a page */
	int prot;                    /* PROT_*: never both write and exec */
};

struct elf_image {
	struct elf_segment segment[ELF_MAX_SEGMENTS];   /* ascending, no page in two of them */
	unsigned nsegments;
	uint64_t span;               /* bytes of memory from 0 to the last's end, whole pages */
	uint64_t rela, nrela;        /* address and count of the relocations, never written */
	uint64_t symbol, symbol_size; /* address of krux_abi_1 */
};

/* p holds the whole file. 0, or negative with *err saying what is wrong. */
int elf_check(const uint8_t *p, size_t n, struct elf_image *out, struct krux_err *err);

#endif
