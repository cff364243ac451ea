#include "tests/unit/without.h"

#include <check.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 3 };

const char *without_call;
int without_try;

/* Jumps are relative, so the program follows as it is. */
const struct krux_filter *without_of(const struct krux_filter *of_machine)
{
	static struct krux_bpf code[KRUX_MACHINES][KRUX_BPF_MOST];
	static struct krux_filter less[KRUX_MACHINES];

	if (!without_call || !of_machine)
		return of_machine;
	for (enum krux_machine m = 0; m < KRUX_MACHINES; m++) {
		const struct krux_filter *f = &of_machine[m];
		const int nr = filter_number(without_call, m);
		size_t n = 0;

		if (nr >= 0) {
			code[m][n++] = (struct krux_bpf){ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 };
			code[m][n++] = (struct krux_bpf){ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)nr };
			code[m][n++] = (struct krux_bpf){ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS };
		}
		ck_assert_uint_le(n + f->n, KRUX_BPF_MOST);
		memcpy(code[m] + n, f->code, f->n * sizeof *f->code);
		less[m] = (struct krux_filter){ code[m], n + f->n };
	}
	return less;
}

static bool stays(const struct without_elsewhere *e, const char *call)
{
	while (e->call && strcmp(e->call, call) != 0)
		e++;
	return e->call != NULL;
}

void without_each(unsigned groups, bool common, size_t n, bool (*run)(size_t i, unsigned row_groups), const struct without_elsewhere *elsewhere)
{
#ifdef __aarch64__
	const enum krux_machine here = KRUX_AARCH64;
#else
	const enum krux_machine here = KRUX_X86_64;
#endif
	char unneeded[1024] = "";
	size_t rows, at = 0;
	const struct filter_row *row = filter_rows(&rows);

	for (size_t r = 0; r < rows; r++) {
		bool needed = row[r].no != 0;

		if (!(row[r].groups ? row[r].groups & groups : common) || filter_number(row[r].name, here) < 0 ||
		    stays(elsewhere, row[r].name))
			continue;
		without_call = row[r].name;
		/* Where something has to happen during a call, it may have come too early on a busy machine. */
		for (without_try = 1; without_try <= TRIES && !needed; without_try++)
			for (size_t i = 0; i < n && !needed; i++)
				needed = run(i, row[r].groups);
		without_call = NULL;
		if (!needed && at < sizeof unneeded)
			at += (size_t)snprintf(unneeded + at, sizeof unneeded - at, " %s", row[r].name);
	}
	ck_assert_msg(!at, "no call needs%s", unneeded);
}
