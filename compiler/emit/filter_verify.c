/* A filter and the table to the first call that they see differently. For every number that a machine could
 * have, and each that the program tells from others, all ways through the program are followed: no argument
 * leads elsewhere than the table says. */
#include "compiler/emit/filter.h"

#include <linux/bpf_common.h>
#include <linux/seccomp.h>

#include "capspec/rights.h"

enum { NUMBERS = 1024 };               /* more than any machine has */

/* Who may have it all the same. */
static const struct { const char *name, *gives; unsigned groups; } never[] = {
#define NEVER(name, gives) { #name, gives, 0 },
#define NEVER_BUILTIN(name, gives) { #name, gives, CALLS_COMMAND | CALLS_COMPILER },
#define NEVER_UNCONNECTED(name, gives) { #name, gives, CALLS_CONNECT },
#include "capspec/never.def"
};

/* The calls of one machine, by number. */
struct calls {
	unsigned groups;
	const struct filter_row *row[NUMBERS];
};

static void calls_find(struct calls *c, unsigned groups, enum krux_machine m)
{
	size_t n;
	const struct filter_row *r = filter_rows(&n);

	*c = (struct calls){ .groups = groups };
	for (size_t i = 0; i < n; i++) {
		int nr = filter_has(&r[i], groups) ? filter_number(r[i].name, m) : -1;

		if (nr >= 0 && nr < NUMBERS)
			c->row[nr] = &r[i];
	}
}

/* ---- all ways through a program ---- */

/* What is loaded: a word of the call and the bits of it that are kept. Its value is known where the word is
 * the number or the machine, or where no bit is kept. */
struct loaded {
	uint32_t at, mask, v;
	bool known;
};

/* Of one number of one machine; row NULL: it has to end so. */
struct walk {
	const struct krux_filter *f;
	const struct filter_row *row;
	uint32_t nr, arch;
	uint32_t otherwise;
};

/* What is known of the arguments on the way: checks that hold and that do not, bit i the i-th. */
struct way {
	unsigned held, missed;
};

static bool end_agrees(const struct walk *w, struct way way, uint32_t end)
{
	const unsigned all = w->row ? (1U << w->row->nchecks) - 1 : 0;

	if (!w->row || (w->row->any ? way.missed == all && !way.held : way.missed))
		return end == w->otherwise;
	if (w->row->no)
		return end == (SECCOMP_RET_ERRNO | (uint32_t)w->row->no);
	return end == SECCOMP_RET_ALLOW && (w->row->any ? way.held : way.held == all);
}

static struct loaded load(const struct walk *w, uint32_t at)
{
	if (at == offsetof(struct krux_syscall, nr))
		return (struct loaded){ at, ~0U, w->nr, true };
	if (at == offsetof(struct krux_syscall, arch))
		return (struct loaded){ at, ~0U, w->arch, true };
	return (struct loaded){ at, ~0U, 0, false };
}

/* A comparison with what could be anything teaches something where it is one of the checks. */
static struct way learn(const struct walk *w, struct way way, const struct krux_bpf *i, struct loaded a, bool equal)
{
	for (size_t k = 0; w->row && k < w->row->nchecks; k++) {
		const struct filter_check *c = &w->row->check[k];

		if (i->code != (BPF_JMP | BPF_JEQ | BPF_K) || c->mask != a.mask || c->bits != i->k ||
		    a.at != offsetof(struct krux_syscall, arg) + 8 * c->arg)
			continue;
		way.held |= equal ? 1U << k : 0;
		way.missed |= equal ? 0 : 1U << k;
	}
	return way;
}

/* Every way from instruction `at` ends as the table says. Jumps lead onwards, so that each way ends. */
static bool ways_agree(const struct walk *w, size_t at, struct loaded a, struct way way)
{
	for (;; at++) {
		const struct krux_bpf *i = &w->f->code[at];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			a = load(w, i->k);
			break;
		case BPF_ALU:
			/* Numbers and machines are compared as they are: numbers_find() relies on it. */
			if (a.at < offsetof(struct krux_syscall, ip))
				return false;
			a.mask &= i->k;
			a.known = !a.mask;
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JSET && a.at < offsetof(struct krux_syscall, ip))
				return false;
			if (!a.known && BPF_OP(i->code) != BPF_JA) {
				if (!ways_agree(w, at + 1 + i->jt, a, learn(w, way, i, a, true)))
					return false;
				way = learn(w, way, i, a, false);
				at += i->jf;
			} else {
				at += krux_bpf_jump(i, a.v);
			}
			break;
		default:
			return end_agrees(w, way, i->k);
		}
	}
}

/* Only a number of this machine has another end than to be killed. */
static uint32_t otherwise(unsigned groups, uint32_t nr, uint32_t arch, enum krux_machine m)
{
	const uint32_t x32 = 0x40000000;
	int no = filter_default(groups);

	if (!no || arch != krux_machine_arch(m) || (m == KRUX_X86_64 && nr >= x32 && nr != UINT32_MAX))
		return SECCOMP_RET_KILL_PROCESS;
	return SECCOMP_RET_ERRNO | (uint32_t)no;
}

static bool call_agrees(const struct calls *c, const struct krux_filter *f, uint32_t nr, uint32_t arch,
                        enum krux_machine m)
{
	const struct walk w = { f, arch == krux_machine_arch(m) && nr < NUMBERS ? c->row[nr] : NULL, nr, arch,
		                otherwise(c->groups, nr, arch, m) };

	return ways_agree(&w, 0, (struct loaded){ .known = true }, (struct way){ 0, 0 });
}

/* One number for each answer that the program's comparisons can give: its constants, and what is beside
 * them. */
static size_t numbers_find(struct arena *a, const struct krux_filter *f, uint32_t **out)
{
	uint32_t *list = *out = ARENA_ARRAY(a, uint32_t, 3 * f->n);
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (BPF_CLASS(f->code[i].code) == BPF_JMP && BPF_OP(f->code[i].code) != BPF_JA)
			for (uint32_t beside = 0; beside < 3; beside++)
				list[n++] = f->code[i].k + beside - 1;
	return n;
}

/* ---- a filter ---- */

static struct krux_str never_broken(struct arena *a, const struct calls *c, enum krux_machine m)
{
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		int nr = filter_number(never[i].name, m);

		if (c->groups & never[i].groups)
			continue;
		if (nr >= 0 && nr < NUMBERS && c->row[nr] && !c->row[nr]->no)
			return arena_printf(a, "%s, which no handler may have: it would give %s", never[i].name,
			                    never[i].gives);
	}
	return (struct krux_str){ NULL, 0 };
}

static struct krux_str call_broken(struct arena *a, uint32_t nr, uint32_t arch, enum krux_machine m)
{
	if (arch != krux_machine_arch(m))
		return arena_printf(a, "system call %u of machine 0x%x on %s", nr, arch, krux_machine_word(m));
	return arena_printf(a, "system call %u on %s", nr, krux_machine_word(m));
}

static struct krux_str program_broken(struct arena *a, const struct calls *c, const struct krux_filter *f,
                                      enum krux_machine m)
{
	const uint32_t here = krux_machine_arch(m);
	uint32_t *number;
	size_t n = numbers_find(a, f, &number);

	for (uint32_t nr = 0; nr < NUMBERS; nr++)
		if (!call_agrees(c, f, nr, here, m))
			return call_broken(a, nr, here, m);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			uint32_t nr = number[i], arch = number[k];

			if (!call_agrees(c, f, nr, arch, m))
				return call_broken(a, nr, arch, m);
		}
	return (struct krux_str){ NULL, 0 };
}

struct krux_str filter_verify(struct arena *a, const struct filter *f)
{
	struct calls *c = ARENA_NEW(a, struct calls);
	struct krux_str broken = { NULL, 0 };

	for (unsigned m = 0; m < KRUX_MACHINES && !broken.n; m++) {
		calls_find(c, f->groups, m);
		broken = never_broken(a, c, m);
		if (!broken.n)
			broken = program_broken(a, c, &f->program[m], m);
	}
	return broken;
}
