/* Bytes to the few numbers that mapping needs, or a refusal. What is not known to be needed is
 * refused: new kinds of headers and tags do not pass by being new. */
#include "runtime/bundle/elf.h"

#include "runtime/base/err.h"

#include "capspec/krux_abi.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#if defined __x86_64__
enum { MACHINE = EM_X86_64, RELATIVE = R_X86_64_RELATIVE };
#elif defined __aarch64__
enum { MACHINE = EM_AARCH64, RELATIVE = R_AARCH64_RELATIVE };
#endif

#define MAX_SPAN (256ull << 20)

struct elf {
	const uint8_t *p;
	size_t n;
	struct elf_image *out;
	struct krux_err *err;
	Elf64_Phdr dynamic;
	uint64_t tag[DT_NUM];        /* values of the tags below, 0: not there */
	uint64_t gnu_hash;
};

static int refuse(struct elf *e, const char *why)
{
	return err_set(e->err, 0, "the policy's code is refused: %s", why);
}

static bool within(uint64_t at, uint64_t len, uint64_t n)
{
	return at <= n && len <= n - at;
}

/* Copies from the file, so that alignment does not matter. */
static bool fetch(const struct elf *e, uint64_t at, void *out, size_t len)
{
	if (!within(at, len, e->n))
		return false;
	memcpy(out, e->p + at, len);
	return true;
}

/* The segment that holds these addresses in its part of the file; NULL: none. */
static const struct elf_segment *segment_at(const struct elf *e, uint64_t vaddr, uint64_t len)
{
	for (unsigned i = 0; i < e->out->nsegments; i++) {
		const struct elf_segment *s = &e->out->segment[i];

		if (vaddr >= s->vaddr && within(vaddr - s->vaddr, len, s->filesz))
			return s;
	}
	return NULL;
}

/* Where in the file these addresses are; false: nowhere. */
static bool file_place(const struct elf *e, uint64_t vaddr, uint64_t len, uint64_t *at)
{
	const struct elf_segment *s = segment_at(e, vaddr, len);

	if (s)
		*at = s->offset + (vaddr - s->vaddr);
	return s != NULL;
}

static int check_header(struct elf *e, Elf64_Ehdr *h)
{
	static const uint8_t ident[] = { 0x7F,       'E',         'L',        'F',
		                         ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_SYSV };

	if (!fetch(e, 0, h, sizeof *h) || memcmp(h->e_ident, ident, sizeof ident) != 0)
		return refuse(e, "it is no plain 64-bit little-endian ELF file");
	if (h->e_type != ET_DYN || h->e_version != EV_CURRENT)
		return refuse(e, "it is no shared object");
	if (h->e_machine != MACHINE)
		return refuse(e, "it is for another kind of machine");
	if (h->e_ehsize != sizeof *h || h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum ||
	    h->e_phnum > 32 || !within(h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr), e->n))
		return refuse(e, "its program headers are out of bounds");
	return 0;
}

static uint64_t page_up(uint64_t v)
{
	return (v + ELF_PAGE - 1) & ~(uint64_t)(ELF_PAGE - 1);
}

static int check_load(struct elf *e, const Elf64_Phdr *ph)
{
	struct elf_image *out = e->out;
	bool r = ph->p_flags & PF_R, w = ph->p_flags & PF_W, x = ph->p_flags & PF_X;
	uint64_t first = ph->p_vaddr & ~(uint64_t)(ELF_PAGE - 1);

	if (out->nsegments == ELF_MAX_SEGMENTS)
		return refuse(e, "it has too many segments");
	if (ph->p_memsz > MAX_SPAN || ph->p_vaddr > MAX_SPAN || ph->p_filesz > ph->p_memsz ||
	    !ph->p_filesz || !within(ph->p_offset, ph->p_filesz, e->n))
		return refuse(e, "a segment is out of bounds");
	if (!r || (w && x) || ph->p_flags & ~(uint32_t)(PF_R | PF_W | PF_X))
		return refuse(e, "a segment is writable and executable, or not readable");
	if (ph->p_memsz != ph->p_filesz && !w)
		return refuse(e, "a segment that is not writable goes on beyond its file");
	if ((ph->p_vaddr - ph->p_offset) % ELF_PAGE || ph->p_align % ELF_PAGE)
		return refuse(e, "a segment is not aligned to pages");
	if (out->nsegments ? first < out->span : first != 0)
		return refuse(e, "its segments overlap or are out of order");
	out->segment[out->nsegments++] = (struct elf_segment){
		ph->p_vaddr, ph->p_memsz, ph->p_offset, ph->p_filesz,
		PROT_READ | (w ? PROT_WRITE : 0) | (x ? PROT_EXEC : 0),
	};
	out->span = page_up(ph->p_vaddr + ph->p_memsz);
	return out->span > MAX_SPAN ? refuse(e, "it takes too much memory") : 0;
}

static int check_segments(struct elf *e, const Elf64_Ehdr *h)
{
	Elf64_Phdr ph;
	int rc = 0;

	for (unsigned i = 0; !rc && i < h->e_phnum; i++) {
		if (!fetch(e, h->e_phoff + i * sizeof ph, &ph, sizeof ph))
			return refuse(e, "its program headers are out of bounds");
		switch (ph.p_type) {
		case PT_LOAD:
			rc = check_load(e, &ph);
			break;
		case PT_DYNAMIC:
			if (e->dynamic.p_type == PT_DYNAMIC)
				return refuse(e, "it has two dynamic sections");
			e->dynamic = ph;
			break;
		case PT_GNU_STACK:
			if (ph.p_flags & PF_X)
				return refuse(e, "it asks for an executable stack");
			break;
		case PT_TLS:
			return refuse(e, "it has thread-local storage");
		case PT_INTERP:
			return refuse(e, "it asks for an interpreter");
		case PT_NULL:
		case PT_NOTE:
		case PT_PHDR:
		case PT_GNU_EH_FRAME:
		case PT_GNU_RELRO:
		case PT_GNU_PROPERTY:
			break;
		default:
			return refuse(e, "it has a program header of an unknown kind");
		}
	}
	if (!rc && (!e->out->nsegments || e->dynamic.p_type != PT_DYNAMIC))
		return refuse(e, "it has no segments, or no dynamic section");
	return rc;
}

/* Why a tag is not taken; NULL: it is. */
static const char *tag_refusal(const Elf64_Dyn *d)
{
	switch (d->d_tag) {
	case DT_HASH:
	case DT_STRTAB:
	case DT_SYMTAB:
	case DT_STRSZ:
	case DT_SYMENT:
	case DT_RELA:
	case DT_RELASZ:
	case DT_RELAENT:
	case DT_RELACOUNT:
	case DT_GNU_HASH:
	case DT_SONAME:
		return NULL;
	case DT_FLAGS:
		return d->d_un.d_val & ~(uint64_t)DF_BIND_NOW ? "it has flags other than `bind now`"
		                                              : NULL;
	case DT_FLAGS_1:
		return d->d_un.d_val & ~(uint64_t)DF_1_NOW ? "it has flags other than `now`" : NULL;
	case DT_BIND_NOW:
		return NULL;
	case DT_NEEDED:
		return "it needs another library";
	case DT_INIT:
	case DT_FINI:
	case DT_INIT_ARRAY:
	case DT_FINI_ARRAY:
	case DT_PREINIT_ARRAY:
		return "it has constructors or destructors";
	case DT_TEXTREL:
		return "it relocates its code";
	case DT_REL:
	case DT_JMPREL:
	case DT_PLTGOT:
	case DT_RELR:
		return "it has relocations of a kind that policies do not need";
	default:
		return "its dynamic section has a tag that policies do not need";
	}
}

static int check_dynamic(struct elf *e)
{
	uint64_t at, count = e->dynamic.p_filesz / sizeof(Elf64_Dyn);

	if (!file_place(e, e->dynamic.p_vaddr, e->dynamic.p_filesz, &at) || count > 64)
		return refuse(e, "its dynamic section is out of bounds");
	for (uint64_t i = 0; i < count; i++) {
		const char *why;
		uint64_t *slot;
		Elf64_Dyn d;

		if (!fetch(e, at + i * sizeof d, &d, sizeof d))
			return refuse(e, "its dynamic section is out of bounds");
		if (d.d_tag == DT_NULL)
			return 0;
		why = tag_refusal(&d);
		if (why)
			return refuse(e, why);
		slot = d.d_tag == DT_GNU_HASH ? &e->gnu_hash
		       : d.d_tag < DT_NUM     ? &e->tag[d.d_tag]
		                              : NULL;
		if (slot && *slot)
			return refuse(e, "its dynamic section says something twice");
		if (slot)
			*slot = d.d_un.d_val;
	}
	return refuse(e, "its dynamic section has no end");
}

/* Number of symbols as the GNU hash table has them: the end of its longest chain. */
static bool gnu_count(const struct elf *e, uint64_t *out)
{
	uint32_t h[4], bucket, chain, top = 0;
	uint64_t at, buckets, chains;

	if (!file_place(e, e->gnu_hash, sizeof h, &at) || !fetch(e, at, h, sizeof h))
		return false;
	buckets = at + sizeof h + (uint64_t)h[2] * 8;
	chains = buckets + (uint64_t)h[0] * 4;
	if (h[0] > 64 || h[2] > 64)
		return false;
	for (uint32_t i = 0; i < h[0]; i++) {
		if (!fetch(e, buckets + i * 4, &bucket, 4) || (bucket && bucket < h[1]))
			return false;
		if (bucket > top)
			top = bucket;
	}
	if (!top) {
		*out = h[1];
		return true;
	}
	do {
		if (top > 64 || !fetch(e, chains + (uint64_t)(top - h[1]) * 4, &chain, 4))
			return false;
		top++;
	} while (!(chain & 1));
	*out = top;
	return true;
}

static bool sysv_count(const struct elf *e, uint64_t *out)
{
	uint32_t h[2];
	uint64_t at;

	if (!file_place(e, e->tag[DT_HASH], sizeof h, &at) || !fetch(e, at, h, sizeof h))
		return false;
	*out = h[1];
	return true;
}

static int check_symbols(struct elf *e)
{
	static const char name[] = "krux_abi_1";
	uint64_t symbols, strings, count = 0, other = 0;
	char text[sizeof name];
	Elf64_Sym s[2];

	if ((e->gnu_hash && !gnu_count(e, &count)) || (e->tag[DT_HASH] && !sysv_count(e, &other)) ||
	    (!e->gnu_hash && !e->tag[DT_HASH]) ||
	    (e->gnu_hash && e->tag[DT_HASH] && count != other))
		return refuse(e, "its symbols cannot be counted");
	if ((e->gnu_hash ? count : other) != 2)
		return refuse(e, "it does not have exactly one symbol");
	if (e->tag[DT_SYMENT] != sizeof *s ||
	    !file_place(e, e->tag[DT_SYMTAB], sizeof s, &symbols) ||
	    !fetch(e, symbols, s, sizeof s) ||
	    !file_place(e, e->tag[DT_STRTAB], e->tag[DT_STRSZ], &strings))
		return refuse(e, "its symbols are out of bounds");
	if (!within(s[1].st_name, sizeof name, e->tag[DT_STRSZ]) ||
	    !fetch(e, strings + s[1].st_name, text, sizeof text) ||
	    memcmp(text, name, sizeof name) != 0)
		return refuse(e, "its symbol is not krux_abi_1");
	if (s[1].st_shndx == SHN_UNDEF || s[1].st_shndx >= SHN_LORESERVE ||
	    ELF64_ST_TYPE(s[1].st_info) != STT_OBJECT ||
	    ELF64_ST_BIND(s[1].st_info) != STB_GLOBAL ||
	    ELF64_ST_VISIBILITY(s[1].st_other) != STV_DEFAULT)
		return refuse(e, "krux_abi_1 is not an object that it defines");
	if (s[1].st_size != sizeof(struct krux_abi) || s[1].st_value % 8 ||
	    !segment_at(e, s[1].st_value, s[1].st_size))
		return refuse(e, "krux_abi_1 is out of bounds, or of another version");
	e->out->symbol = s[1].st_value;
	e->out->symbol_size = s[1].st_size;
	return 0;
}

static int check_relocations(struct elf *e)
{
	uint64_t count = e->tag[DT_RELASZ] / sizeof(Elf64_Rela), at;
	const struct elf_segment *table;

	if (!e->tag[DT_RELA] && !e->tag[DT_RELASZ])
		return 0;
	if (e->tag[DT_RELAENT] != sizeof(Elf64_Rela) || e->tag[DT_RELASZ] % sizeof(Elf64_Rela) ||
	    e->tag[DT_RELA] % 8 || !file_place(e, e->tag[DT_RELA], e->tag[DT_RELASZ], &at))
		return refuse(e, "its relocations are out of bounds");
	table = segment_at(e, e->tag[DT_RELA], e->tag[DT_RELASZ]);
	if (!table || table->prot & PROT_WRITE)
		return refuse(e, "its relocations could change themselves");
	e->out->rela = e->tag[DT_RELA];
	e->out->nrela = count;
	for (uint64_t i = 0; i < count; i++) {
		const struct elf_segment *s;
		Elf64_Rela r;

		if (!fetch(e, at + i * sizeof r, &r, sizeof r))
			return refuse(e, "its relocations are out of bounds");
		if (ELF64_R_TYPE(r.r_info) != RELATIVE || ELF64_R_SYM(r.r_info))
			return refuse(e, "it has relocations of a kind that policies do not need");
		s = segment_at(e, r.r_offset, 8);
		if (!s || !(s->prot & PROT_WRITE) || r.r_offset % 8)
			return refuse(e, "a relocation changes what is not data");
		if ((uint64_t)r.r_addend >= e->out->span)
			return refuse(e, "a relocation points outside");
	}
	return 0;
}

int elf_check(const uint8_t *p, size_t n, struct elf_image *out, struct krux_err *err)
{
	struct elf e = { .p = p, .n = n, .out = out, .err = err };
	Elf64_Ehdr h = { 0 };

	*out = (struct elf_image){ 0 };
	if (check_header(&e, &h) || check_segments(&e, &h) || check_dynamic(&e) ||
	    check_symbols(&e))
		return -1;
	return check_relocations(&e);
}
