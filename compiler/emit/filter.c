/* The table of system calls to programs. libseccomp knows the numbers of each machine and lays out the
 * search tree; what it made is verified before it is used (filter_verify.c). */
#include "compiler/emit/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capspec/rights.h"

static const struct filter_row rows[] = {
#define CHECK(arg, mask, bits) { arg, mask, bits }
#define COUNT(...) (sizeof((struct filter_check[]){ __VA_ARGS__ }) / sizeof(struct filter_check))
#define CALL(name, groups) { #name, groups, 0, NULL, 0, false, { { 0, 0, 0 } } },
#define CALL_IF(name, groups, when, ...) { #name, groups, 0, when, COUNT(__VA_ARGS__), false, { __VA_ARGS__ } },
#define CALL_NO(name, no, why) { #name, CALLS_COMMON, no, why, 0, false, { { 0, 0, 0 } } },
#include "capspec/calls.def"
#define CALL(name, groups) { #name, groups, 0, NULL, 0, false, { { 0, 0, 0 } } },
#define CALL_IF(name, groups, when, ...) { #name, groups, 0, when, COUNT(__VA_ARGS__), false, { __VA_ARGS__ } },
#define CALL_ANY(name, groups, when, ...) { #name, groups, 0, when, COUNT(__VA_ARGS__), true, { __VA_ARGS__ } },
#define CALL_NO(name, no, why) { #name, CALLS_COMMAND, no, why, 0, false, { { 0, 0, 0 } } },
#include "capspec/command_calls.def"
#define CALL_ANY(name, groups, when, ...) { #name, groups, 0, when, COUNT(__VA_ARGS__), true, { __VA_ARGS__ } },
#define CALL_NO(name, no, why) { #name, CALLS_COMPILER, no, why, 0, false, { { 0, 0, 0 } } },
#include "capspec/compiler_calls.def"
};

const struct filter_row *filter_rows(size_t *n)
{
	*n = sizeof rows / sizeof *rows;
	return rows;
}

static bool compiler_has(const char *name)
{
	for (const struct filter_row *r = rows; r < rows + sizeof rows / sizeof *rows; r++)
		if (r->groups == CALLS_COMPILER && !strcmp(r->name, name))
			return true;
	return false;
}

static bool is_brought(const struct filter_row *r, unsigned groups)
{
	if (groups & CALLS_COMPILER)
		return r->groups == CALLS_COMPILER || (r->groups == CALLS_COMMAND && !compiler_has(r->name));
	if (groups & CALLS_COMMAND)
		return r->groups & groups & (CALLS_COMMAND | CALLS_CONNECT);
	return r->groups == CALLS_COMMON || r->groups & groups;
}

/* What is answered with an error is so only where no group lets it through. */
bool filter_has(const struct filter_row *r, unsigned groups)
{
	if (!is_brought(r, groups))
		return false;
	for (const struct filter_row *o = rows; o < rows + sizeof rows / sizeof *rows; o++)
		if (!o->no && (r->no || o > r) && !strcmp(o->name, r->name) && is_brought(o, groups))
			return false;
	return true;
}

static uint32_t machine_token(enum krux_machine m)
{
	return m == KRUX_X86_64 ? SCMP_ARCH_X86_64 : SCMP_ARCH_AARCH64;
}

int filter_number(const char *name, enum krux_machine m)
{
	int nr = seccomp_syscall_resolve_name_arch(machine_token(m), name);

	return nr < 0 ? -1 : nr;
}

int filter_default(unsigned groups)
{
	return groups & (CALLS_COMMAND | CALLS_COMPILER) ? ENOSYS : 0;
}

const char *filter_group_word(unsigned bit)
{
	static const struct { unsigned bit; const char *word; } words[] = {
		{ CALLS_LOOK, "look" }, { CALLS_WALK, "walk" }, { CALLS_CHANGE, "change" }, { CALLS_WATCH, "watch" },
		{ CALLS_MACHINE, "machine" }, { CALLS_LINE, "line" }, { CALLS_RUN, "run" }, { CALLS_WEB, "web" },
		{ CALLS_COMMAND, "command" }, { CALLS_CONNECT, "connect" }, { CALLS_RELAY, "relay" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (bit == words[i].bit)
			return words[i].word;
	return "common";
}

/* ---- programs ---- */

static uint32_t action_of(int no)
{
	return no ? SCMP_ACT_ERRNO((unsigned)no) : SCMP_ACT_ALLOW;
}

static int row_add(scmp_filter_ctx ctx, const struct filter_row *r)
{
	struct scmp_arg_cmp cmp[FILTER_CHECKS];
	int nr = seccomp_syscall_resolve_name(r->name), no = 0;

	for (size_t i = 0; i < r->nchecks; i++)
		cmp[i] = (struct scmp_arg_cmp){ r->check[i].arg, SCMP_CMP_MASKED_EQ, r->check[i].mask,
			                        r->check[i].bits };
	if (!r->any)
		return seccomp_rule_add_array(ctx, action_of(r->no), nr, (unsigned)r->nchecks, cmp);
	for (size_t i = 0; !no && i < r->nchecks; i++)
		no = seccomp_rule_add_array(ctx, action_of(r->no), nr, 1, &cmp[i]);
	return no;
}

/* libseccomp refuses a rule that says what it says without one. */
static bool is_rule(const struct filter_row *r, unsigned groups, enum krux_machine m)
{
	return filter_has(r, groups) && filter_number(r->name, m) >= 0 && (!r->no || r->no != filter_default(groups));
}

static int rules_add(scmp_filter_ctx ctx, unsigned groups, enum krux_machine m)
{
	int no = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);

	no = no ? no : seccomp_arch_add(ctx, machine_token(m));
	no = no ? no : seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	no = no ? no : seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; !no && i < sizeof rows / sizeof *rows; i++)
		if (is_rule(&rows[i], groups, m))
			no = row_add(ctx, &rows[i]);
	return no;
}

/* libseccomp writes programs to files. */
static int program_take(struct arena *a, scmp_filter_ctx ctx, struct krux_filter *out)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), no;
	struct krux_bpf *code;
	off_t size;

	if (fd < 0)
		return -errno;
	no = seccomp_export_bpf(ctx, fd);
	size = no ? 0 : lseek(fd, 0, SEEK_END);
	code = arena_get(a, (size_t)size + 1);
	if (!no && (size % (off_t)sizeof *code || pread(fd, code, (size_t)size, 0) != size))
		no = -EIO;
	close(fd);
	*out = (struct krux_filter){ code, (size_t)size / sizeof *code };
	return no;
}

static int program_make(struct arena *a, unsigned groups, enum krux_machine m, struct krux_filter *out)
{
	const int by_default = filter_default(groups);
	scmp_filter_ctx ctx = seccomp_init(by_default ? action_of(by_default) : SCMP_ACT_KILL_PROCESS);
	int no;

	if (!ctx)
		return -ENOMEM;
	no = rules_add(ctx, groups, m);
	no = no ? no : program_take(a, ctx, out);
	seccomp_release(ctx);
	return no;
}

bool filter_make(struct arena *a, unsigned groups, struct filter *out, const char **why)
{
	*out = (struct filter){ .groups = groups };
	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		int no = program_make(a, groups, m, &out->program[m]);

		*why = no ? strerror(-no) : krux_bpf_wrong(&out->program[m]);
		if (*why)
			return false;
	}
	return true;
}
