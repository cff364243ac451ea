/* A filter and the table to the first call that they see differently. The table is asked about every
 * number that a machine could have, the program is run on it. */
#include "compiler/emit/filter.h"

#include <linux/seccomp.h>
#include <string.h>

enum { NUMBERS = 1024 };               /* more than any machine has */

static const struct { const char *name, *gives; } never[] = {
#define NEVER(name, gives) { #name, gives },
#include "capspec/never.def"
};

static bool checks_hold(const struct filter_row *r, const uint64_t *arg)
{
	for (size_t i = 0; i < r->nchecks; i++)
		if (((uint32_t)arg[r->check[i].arg] & r->check[i].mask) != r->check[i].bits)
			return false;
	return true;
}

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

static uint32_t table_says(const struct calls *c, const struct krux_syscall *call)
{
	const struct filter_row *r = call->nr >= 0 && call->nr < NUMBERS ? c->row[call->nr] : NULL;

	if (!r || !checks_hold(r, call->arg))
		return SECCOMP_RET_KILL_PROCESS;
	return r->no ? SECCOMP_RET_ERRNO | (uint32_t)r->no : SECCOMP_RET_ALLOW;
}

/* Arguments at which a check could go wrong: each bit of the mask by itself, all, none, with an upper half
 * that the kernel does not look at either. */
static bool arguments_agree(const struct calls *c, const struct krux_filter *f, struct krux_syscall *call)
{
	const struct filter_row *r = c->row[call->nr];

	for (size_t i = 0; r && i < r->nchecks; i++) {
		const struct filter_check *k = &r->check[i];

		for (unsigned bit = 0; bit < 34; bit++)
			for (unsigned high = 0; high < 4; high++) {
				uint32_t low = bit < 32 ? k->bits ^ 1U << bit : bit == 32 ? k->bits : ~k->bits;

				for (size_t j = 0; j < r->nchecks; j++)
					call->arg[r->check[j].arg] = r->check[j].bits;
				call->arg[k->arg] = low | (uint64_t)(high == 3 ? 0xFFFFFFFF : high) << 32;
				if (krux_bpf_run(f, call) != table_says(c, call))
					return false;
			}
	}
	memset(call->arg, 0xFF, sizeof call->arg);
	if (krux_bpf_run(f, call) != table_says(c, call))
		return false;
	memset(call->arg, 0, sizeof call->arg);
	return krux_bpf_run(f, call) == table_says(c, call);
}

static bool others_killed(const struct krux_filter *f, struct krux_syscall call, enum krux_machine m)
{
	static const uint32_t foreign[] = { 0x40000003, 0x40000028, 0, 0xFFFFFFFF };   /* i386, arm */

	call.nr |= 0x40000000;                                                         /* x32 */
	if (krux_bpf_run(f, &call) != SECCOMP_RET_KILL_PROCESS)
		return false;
	call.nr &= ~0x40000000;
	call.arch = krux_machine_arch(m == KRUX_X86_64 ? KRUX_AARCH64 : KRUX_X86_64);
	if (krux_bpf_run(f, &call) != SECCOMP_RET_KILL_PROCESS)
		return false;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		call.arch = foreign[i];
		if (krux_bpf_run(f, &call) != SECCOMP_RET_KILL_PROCESS)
			return false;
	}
	return true;
}

static struct krux_str never_broken(struct arena *a, const struct calls *c, enum krux_machine m)
{
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		int nr = filter_number(never[i].name, m);

		if (nr >= 0 && nr < NUMBERS && c->row[nr] && !c->row[nr]->no)
			return arena_printf(a, "%s, which no handler may have: it would give %s", never[i].name,
			                    never[i].gives);
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
		for (int nr = 0; nr < NUMBERS && !broken.n; nr++) {
			struct krux_syscall call = { .nr = nr, .arch = krux_machine_arch(m) };

			if (!arguments_agree(c, &f->program[m], &call) || !others_killed(&f->program[m], call, m))
				broken = arena_printf(a, "system call %d on %s", nr, krux_machine_word(m));
		}
	}
	return broken;
}
