/* Filters without a kernel: the programs of both machines run in an interpreter, over what their readable
 * twins say, over every other number, around each condition; and what a filter must not be. */
#include <check.h>
#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "capspec/layers.h"
#include "capspec/rights.h"
#include "compiler/emit/filter.h"
#include "compiler/emit/layers.h"

enum { NUMBERS = 1024, GROUPS = CALLS_PURE };
#define KILL SECCOMP_RET_KILL_PROCESS

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static const struct filter *made(unsigned groups)
{
	struct filter *f = ARENA_NEW(arena, struct filter);
	const char *why;

	ck_assert_msg(filter_make(arena, groups, f, &why), "%s", why);
	return f;
}

static uint32_t says(const struct filter *f, enum krux_machine m, int nr, const uint64_t *arg)
{
	struct krux_syscall call = { .nr = nr, .arch = krux_machine_arch(m) };

	if (arg)
		memcpy(call.arg, arg, sizeof call.arg);
	return krux_bpf_run(&f->program[m], &call);
}

/* ---- the twin ---- */

/* What the text says about one call. */
struct said {
	bool allowed, narrowed;
	int no;
};

static char *twin_of(const struct filter *f)
{
	struct capability c = { .name = KRUX_STR("t.t"), .handler.name = KRUX_STR("t") };
	struct buf b = { 0 };
	char *text;

	filter_text_write(&b, &c, f);
	text = arena_copy(arena, b.p, b.n);
	buf_free(&b);
	return text;
}

/* The lines of a part are those after its head, to the first empty one. */
static char *part_of(const char *twin, const char *head)
{
	const char *at = strstr(twin, head), *end;

	ck_assert_msg(at != NULL, "%s", head);
	at = strchr(at, '\n');
	end = strstr(at, "\n\n");
	return arena_copy(arena, at, (size_t)(end - at));
}

static void numbers_take(struct said *said, char *part, enum krux_machine m)
{
	for (char *w = strtok(part, " \n"); w; w = strtok(NULL, " \n")) {
		int nr = filter_number(w, m);

		if (nr >= 0)
			said[nr].allowed = true;
	}
}

/* Lines that begin with a call: "mmap private ...", "open ENOENT: ...". */
static void lines_take(struct said *said, char *part, enum krux_machine m, bool refused)
{
	for (char *line = strtok(part, "\n"); line; line = strtok(NULL, "\n")) {
		char name[32], word[32];
		int nr;

		ck_assert_int_eq(sscanf(line, " %31s %31[^: ]", name, word), 2);
		nr = filter_number(name, m);
		if (nr < 0)
			continue;
		said[nr].narrowed = !refused;
		if (refused)
			said[nr].no = !strcmp(word, "ENOENT") ? ENOENT : !strcmp(word, "ENOSYS") ? ENOSYS :
				!strcmp(word, "EOPNOTSUPP") ? EOPNOTSUPP : -1;
	}
}

START_TEST(filters_do_what_twins_say)
{
	const unsigned groups = (unsigned)_i;
	const struct filter *f = made(groups);
	const char *twin = twin_of(f);

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		struct said said[NUMBERS] = { { false, false, 0 } };

		numbers_take(said, part_of(twin, "\n  allowed\n"), m);
		lines_take(said, part_of(twin, "\n  allowed where"), m, false);
		lines_take(said, part_of(twin, "\n  answered"), m, true);
		for (int nr = 0; nr < NUMBERS; nr++) {
			uint32_t want = said[nr].allowed ? SECCOMP_RET_ALLOW :
				said[nr].no ? SECCOMP_RET_ERRNO | (uint32_t)said[nr].no : KILL;

			if (!said[nr].narrowed)
				ck_assert_msg(says(f, m, nr, NULL) == want, "groups %x, %s %d: %x, not %x", groups,
				              krux_machine_word(m), nr, says(f, m, nr, NULL), want);
		}
		ck_assert(said[filter_number("read", m)].allowed);
		ck_assert(said[filter_number("mmap", m)].narrowed);
		ck_assert_int_eq(said[filter_number("clone3", m)].no, ENOSYS);
	}
}
END_TEST

/* ---- conditions ---- */

static const struct {
	const char *name;
	unsigned groups;
	uint64_t arg[6];
	uint32_t want;
} narrowed[] = {
	{ "mmap", CALLS_LOOK, { 0, 4096, 3, 0x22, 0, 0 }, SECCOMP_RET_ALLOW },               /* private, anonymous, rw */
	{ "mmap", CALLS_LOOK, { 0, 4096, 3, 0x2, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "mmap", CALLS_LOOK, { 0, 4096, 4, 0x22, 0, 0 }, KILL },                            /* executable */
	{ "mmap", CALLS_LOOK, { 0, 4096, 7, 0x22, 0, 0 }, KILL },
	{ "mmap", CALLS_LOOK, { 0, 4096, 0xFFFFFFFB, 0x22, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "mmap", CALLS_LOOK, { 0, 4096, UINT64_MAX, 0x22, 0, 0 }, KILL },
	{ "mmap", CALLS_LOOK, { 0, 4096, UINT64_C(1) << 32 | 4, 0x22, 0, 0 }, KILL },        /* an upper half hides nothing */
	{ "mmap", CALLS_LOOK, { 0, 4096, UINT64_C(4) << 32, 0x22, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "mmap", CALLS_LOOK, { 0, 4096, 3, 0x21, 0, 0 }, KILL },                            /* shared */
	{ "mmap", CALLS_LOOK, { 0, 4096, 3, 0x23, 0, 0 }, KILL },                            /* shared, validated */
	{ "mmap", CALLS_LOOK, { 0, 4096, 3, 0x20, 0, 0 }, KILL },
	{ "mmap", CALLS_LOOK, { 0, 4096, 3, UINT64_C(2) << 32 | 1, 0, 0 }, KILL },
	{ "mmap", CALLS_LOOK, { 0, 4096, 3, UINT64_C(1) << 32 | 2, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "mprotect", CALLS_LOOK, { 0, 4096, 3, 0, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "mprotect", CALLS_LOOK, { 0, 4096, 4, 0, 0, 0 }, KILL },
	{ "mprotect", CALLS_LOOK, { 0, 4096, 5, 0, 0, 0 }, KILL },
	{ "mprotect", CALLS_LOOK, { 0, 4096, UINT64_C(1) << 63 | 4, 0, 0, 0 }, KILL },
	{ "openat", CALLS_WALK, { 0, 0, 02004400, 0, 0, 0 }, SECCOMP_RET_ALLOW },      /* to read */
	{ "openat", CALLS_WALK, { 0, 0, 02740000, 0, 0, 0 }, SECCOMP_RET_ALLOW },      /* a folder, no link */
	{ "openat", CALLS_WALK, { 0, 0, 1, 0, 0, 0 }, KILL },                          /* to write */
	{ "openat", CALLS_WALK, { 0, 0, 3, 0, 0, 0 }, KILL },
	{ "openat", CALLS_WALK, { 0, 0, 0100, 0600, 0, 0 }, KILL },                    /* to make */
	{ "openat", CALLS_WALK, { 0, 0, 01000, 0, 0, 0 }, KILL },                      /* to read, emptied */
	{ "openat", CALLS_WALK, { 0, 0, UINT64_C(1) << 32 | 01000, 0, 0, 0 }, KILL },
	{ "openat", CALLS_WALK, { 0, 0, 010000000, 0, 0, 0 }, KILL },                  /* O_PATH */
	{ "openat", CALLS_WALK, { 0, 0, 020200002, 0600, 0, 0 }, KILL },               /* O_TMPFILE */
	{ "openat", CALLS_WALK, { 0, 0, 0x80000000, 0, 0, 0 }, KILL },
	{ "openat", CALLS_CHANGE, { 0, 0, 02000301, 0600, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "openat", CALLS_CHANGE, { 0, 0, 02740000, 0, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "openat", CALLS_CHANGE, { 0, 0, 01000, 0, 0, 0 }, KILL },
	{ "openat", CALLS_CHANGE, { 0, 0, 01301, 0600, 0, 0 }, KILL },
	{ "openat", CALLS_CHANGE, { 0, 0, 02001, 0, 0, 0 }, KILL },                    /* to append */
	{ "openat", CALLS_CHANGE, { 0, 0, 010000000, 0, 0, 0 }, KILL },
	{ "openat", CALLS_WALK | CALLS_CHANGE, { 0, 0, 0301, 0600, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "openat", CALLS_WALK | CALLS_CHANGE, { 0, 0, 01000, 0, 0, 0 }, KILL },
	{ "openat", CALLS_WALK | CALLS_CHANGE, { 0, 0, 01101, 0600, 0, 0 }, KILL },
	{ "openat", 0, { 0, 0, 0, 0, 0, 0 }, SECCOMP_RET_ERRNO | ENOENT },
	{ "openat2", CALLS_WALK | CALLS_CHANGE, { 0, 0, 0, 24, 0, 0 }, KILL },
};

START_TEST(conditions_hold_at_their_boundaries)
{
	const struct filter *f = made(narrowed[_i].groups);

	for (unsigned m = 0; m < KRUX_MACHINES; m++)
		ck_assert_msg(says(f, m, filter_number(narrowed[_i].name, m), narrowed[_i].arg) == narrowed[_i].want, "row %d", _i);
}
END_TEST

/* ---- what is never let through ---- */

static const char *const never[] = {
#define NEVER(name, gives) #name,
#define NEVER_BUILTIN(name, gives) #name,
#include "capspec/never.def"
};

/* On one x86_64: numbers of ioctl requests that type into a terminal. */
static const uint64_t hostile_ioctl[] = { 0x5412, 0x100005412, 0xFFFFFFFF00005412, 0x541C, 0x10000541C };

START_TEST(nothing_lets_these_through)
{
	const struct filter *f = made(GROUPS - 1);
	const int x32 = 0x40000000;

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
			int nr = filter_number(never[i], m);

			if (nr >= 0)
				ck_assert_uint_eq(says(f, m, nr, NULL), KILL);
		}
		for (size_t i = 0; i < sizeof hostile_ioctl / sizeof *hostile_ioctl; i++) {
			const uint64_t arg[6] = { 0, hostile_ioctl[i], 0, 0, 0, 0 };

			ck_assert_uint_eq(says(f, m, filter_number("ioctl", m), arg), KILL);
		}
		for (uint64_t family = 0; family < 64; family++) {
			const uint64_t arg[6] = { family, 2, 0, 0, 0, 0 };

			ck_assert_uint_eq(says(f, m, filter_number("socket", m), arg), KILL);
		}
		for (int nr = 0; nr < NUMBERS; nr++)
			ck_assert_uint_eq(says(f, m, x32 | nr, NULL), KILL);
		ck_assert_uint_eq(says(f, m, -1, NULL), KILL);
		ck_assert_uint_eq(says(f, m, INT32_MIN, NULL), KILL);
		ck_assert_uint_eq(says(f, m, INT32_MAX, NULL), KILL);
	}
}
END_TEST

static const uint32_t foreign[] = {
	0x40000003, 0x40000028, 0xC00000F3, 0x80000015, 0xC0000015, 0, UINT32_MAX,   /* i386, arm, riscv64, ppc */
};

START_TEST(calls_of_other_machines_are_killed)
{
	const struct filter *f = made(GROUPS - 1);

	for (unsigned m = 0; m < KRUX_MACHINES; m++)
		for (int nr = 0; nr < NUMBERS; nr++) {
			struct krux_syscall call = { .nr = nr, .arch = krux_machine_arch(!m) };

			ck_assert_uint_eq(krux_bpf_run(&f->program[m], &call), KILL);
			for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
				call.arch = foreign[i];
				ck_assert_uint_eq(krux_bpf_run(&f->program[m], &call), KILL);
			}
		}
}
END_TEST

/* ---- a command's program ---- */

#define ANSWERED(no) (SECCOMP_RET_ERRNO | (uint32_t)(no))

START_TEST(programs_have_what_their_twins_say)
{
	const struct filter *f = made(CALLS_COMMAND);
	const char *twin = twin_of(f);

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		struct said said[NUMBERS] = { { false, false, 0 } };

		numbers_take(said, part_of(twin, "\n  allowed\n"), m);
		lines_take(said, part_of(twin, "\n  allowed where"), m, false);
		lines_take(said, part_of(twin, "\n  answered"), m, true);
		for (int nr = 0; nr < NUMBERS; nr++) {
			uint32_t want = said[nr].allowed ? SECCOMP_RET_ALLOW : ANSWERED(said[nr].no ? said[nr].no : ENOSYS);

			if (!said[nr].narrowed)
				ck_assert_msg(says(f, m, nr, NULL) == want, "%s %d: %x, not %x", krux_machine_word(m), nr,
				              says(f, m, nr, NULL), want);
		}
		ck_assert(said[filter_number("execve", m)].allowed);
		ck_assert(said[filter_number("ioctl", m)].narrowed);
		ck_assert(!said[filter_number("clone3", m)].allowed);
	}
}
END_TEST

static const struct {
	const char *name;
	uint64_t arg[6];
	bool allowed;
} of_programs[] = {
	{ "ioctl", { 0, 0x5401 }, true },                                        /* TCGETS */
	{ "ioctl", { 0, UINT64_C(7) << 32 | 0x5413 }, true },                    /* the kernel drops the rest */
	{ "ioctl", { 0, 0x5412 }, false },                                       /* TIOCSTI, and with an upper half */
	{ "ioctl", { 0, UINT64_C(1) << 32 | 0x5412 }, false },
	{ "ioctl", { 0, 0x541C }, false },                                       /* TIOCLINUX */
	{ "ioctl", { 0, 0 }, false },
	{ "clone", { 0x01200011 }, true },                                       /* fork as the C library has it */
	{ "clone", { 0x003d0f00 }, true },                                       /* a thread */
	{ "clone", { 0x10000011 }, false },                                      /* into namespaces: user, */
	{ "clone", { 0x20000011 }, false },                                      /* pid, */
	{ "clone", { 0x40000011 }, false },                                      /* net, */
	{ "clone", { 0x00020011 }, false },                                      /* mount, */
	{ "clone", { 0x02000011 }, false },                                      /* cgroup, */
	{ "clone", { 0x04000011 }, false },                                      /* uts, */
	{ "clone", { 0x08000011 }, false },                                      /* ipc */
	{ "mmap", { 0, 4096, 7, 0x22 }, true },
	{ "mmap", { 0, 4096, 3, 0x01 }, true },                                  /* shared, of a file */
	{ "mmap", { 0, 4096, 3, 0x21 }, false },                                 /* shared, of none */
	{ "mmap", { 0, 4096, 3, UINT64_C(2) << 32 | 0x21 }, false },
	{ "socketpair", { 1, 1 }, true },
	{ "socketpair", { 1, 0x80001 }, true },
	{ "socketpair", { 1, 2 }, false },                                       /* datagrams have addresses */
	{ "socketpair", { 16, 1 }, false },
	{ "prctl", { 15 }, true },
	{ "prctl", { 22 }, false },                                              /* PR_SET_SECCOMP */
	{ "prctl", { 4 }, false },                                               /* PR_SET_DUMPABLE */
	{ "prlimit64", { 0 }, true },
	{ "prlimit64", { 1 }, false },
};

START_TEST(conditions_of_programs)
{
	const struct filter *f = made(CALLS_COMMAND);
	const uint32_t want = of_programs[_i].allowed ? SECCOMP_RET_ALLOW : ANSWERED(ENOSYS);

	for (unsigned m = 0; m < KRUX_MACHINES; m++)
		ck_assert_msg(says(f, m, filter_number(of_programs[_i].name, m), of_programs[_i].arg) == want, "row %d", _i);
}
END_TEST

static const char *const never_of_programs[] = {
#define NEVER(name, gives) #name,
#define NEVER_BUILTIN(name, gives)
#include "capspec/never.def"
	"clone3", "memfd_create", "setgroups", "chroot", "shmget", "msgget", "semget", "connect", "bind", "listen",
};

START_TEST(programs_never_have_these)
{
	const struct filter *f = made(CALLS_COMMAND);
	const int x32 = 0x40000000;

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		for (size_t i = 0; i < sizeof never_of_programs / sizeof *never_of_programs; i++) {
			int nr = filter_number(never_of_programs[i], m);

			if (nr >= 0)
				ck_assert_msg(says(f, m, nr, NULL) == ANSWERED(ENOSYS), "%s", never_of_programs[i]);
		}
		for (int nr = 0; nr < NUMBERS; nr++) {
			struct krux_syscall call = { .nr = nr, .arch = krux_machine_arch(!m) };

			ck_assert_uint_eq(krux_bpf_run(&f->program[m], &call), KILL);
			if (m == KRUX_X86_64)
				ck_assert_uint_eq(says(f, m, x32 | nr, NULL), KILL);
		}
	}
}
END_TEST

/* ---- verifying finds a fault ---- */

/* Long programs end with what was to be jumped to from nearby. */
static bool is_reached(const struct krux_filter *p, size_t i)
{
	if (!i || BPF_CLASS(p->code[i - 1].code) == BPF_LD || BPF_CLASS(p->code[i - 1].code) == BPF_ALU)
		return true;
	for (size_t k = 0; k < i; k++)
		if (BPF_CLASS(p->code[k].code) == BPF_JMP &&
		    (BPF_OP(p->code[k].code) == BPF_JA ? k + 1 + p->code[k].k == i
		                                       : k + 1 + p->code[k].jt == i || k + 1 + p->code[k].jf == i))
			return true;
	return false;
}

START_TEST(one_changed_instruction_is_found)
{
	const struct filter *f = made(_i ? CALLS_COMMAND : CALLS_LOOK | CALLS_WALK | CALLS_CHANGE);
	struct diags *ds = diags_new(arena);
	struct capability c = { .name = KRUX_STR("t.t") };
	size_t missed = 0, n = 0;

	ck_assert_uint_eq(filter_verify(arena, f).n, 0);
	for (unsigned m = 0; m < KRUX_MACHINES; m++)
		for (size_t i = 0; i < f->program[m].n; i++) {
			struct filter bad = *f;
			size_t size = f->program[m].n * sizeof(struct krux_bpf);
			struct krux_bpf *code = (struct krux_bpf *)arena_copy(arena, f->program[m].code, size);

			if (code[i].code != (BPF_RET | BPF_K) || !is_reached(&f->program[m], i))
				continue;
			code[i].k = code[i].k == SECCOMP_RET_ALLOW ? KILL : SECCOMP_RET_ALLOW;
			bad.program[m].code = code;
			n++;
			missed += filter_accept(arena, ds, &c, &bad);
		}
	ck_assert_uint_ge(n, 4);
	ck_assert_uint_eq(missed, 0);
	ck_assert(ds->n == n && ds->list[0]->code == 6005);
}
END_TEST

#define LOAD(k) { BPF_LD | BPF_W | BPF_ABS, 0, 0, k }
#define RET(k) { BPF_RET | BPF_K, 0, 0, k }
#define JEQ(k, t, f) { BPF_JMP | BPF_JEQ | BPF_K, t, f, k }
#define AND(k) { BPF_ALU | BPF_AND | BPF_K, 0, 0, k }

/* What opens a door that no call of the table shows: an argument, a number beyond all, another machine. */
static const struct krux_bpf doors[][4] = {
	{ LOAD(16), JEQ(0xDEADBEEF, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(60), JEQ(7, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(8), JEQ(0x1000, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(0), JEQ(5000, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(0), { BPF_JMP | BPF_JGT | BPF_K, 0, 1, 0xFFFFFFFE }, RET(SECCOMP_RET_ALLOW) },
	{ LOAD(4), JEQ(0xC00000F3, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(0), AND(0xFFFF), JEQ(5000, 0, 1), RET(SECCOMP_RET_ALLOW) },
	{ LOAD(0), { BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0x2000 }, RET(SECCOMP_RET_ALLOW) },
	{ LOAD(16), JEQ(0xDEADBEEF, 0, 1), RET(KILL) },
};

START_TEST(a_hidden_door_is_found)
{
	const struct filter *f = made(_i % 2 ? CALLS_COMMAND : CALLS_LOOK | CALLS_WALK | CALLS_CHANGE);
	const size_t n = doors[_i / 2][3].code ? 4 : 3;

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		const struct krux_filter *p = &f->program[m];
		struct krux_bpf *code = ARENA_ARRAY(arena, struct krux_bpf, n + p->n);
		struct filter bad = *f;

		memcpy(code, doors[_i / 2], n * sizeof *code);
		memcpy(code + n, p->code, p->n * sizeof *code);
		bad.program[m] = (struct krux_filter){ code, n + p->n };
		ck_assert_ptr_null(krux_bpf_wrong(&bad.program[m]));
		ck_assert_uint_gt(filter_verify(arena, &bad).n, 0);
	}
}
END_TEST

START_TEST(same_groups_same_bytes)
{
	const struct filter *a = made(CALLS_LOOK | CALLS_CHANGE), *b = made(CALLS_LOOK | CALLS_CHANGE);

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		ck_assert_uint_eq(a->program[m].n, b->program[m].n);
		ck_assert(!memcmp(a->program[m].code, b->program[m].code, a->program[m].n * sizeof(struct krux_bpf)));
	}
}
END_TEST

/* ---- what is no filter ---- */

static const struct {
	const char *why;
	struct krux_bpf code[4];
	size_t n;
} wrong[] = {
	{ "1 to 4096", { RET(KILL) }, 0 },
	{ NULL, { RET(KILL) }, 1 },
	{ NULL, { LOAD(60), RET(SECCOMP_RET_ALLOW) }, 2 },
	{ "from elsewhere", { LOAD(64), RET(KILL) }, 2 },
	{ "from elsewhere", { LOAD(2), RET(KILL) }, 2 },
	{ "does not end", { LOAD(0) }, 1 },
	{ "does not end", { RET(KILL), LOAD(0) }, 2 },
	{ NULL, { JEQ(1, 0, 1), RET(KILL), RET(KILL) }, 3 },
	{ "beyond the end", { JEQ(1, 0, 2), RET(KILL), RET(KILL) }, 3 },
	{ "beyond the end", { JEQ(1, 255, 0), RET(KILL), RET(KILL) }, 3 },
	{ "beyond the end", { { BPF_JMP | BPF_JA, 0, 0, UINT32_MAX }, RET(KILL) }, 2 },
	{ NULL, { { BPF_JMP | BPF_JA, 0, 0, 0 }, RET(KILL) }, 2 },
	{ "neither allows", { RET(SECCOMP_RET_TRACE) }, 1 },
	{ "neither allows", { RET(SECCOMP_RET_LOG) }, 1 },
	{ "neither allows", { RET(SECCOMP_RET_USER_NOTIF) }, 1 },
	{ "neither allows", { RET(SECCOMP_RET_TRAP) }, 1 },
	{ "neither allows", { RET(SECCOMP_RET_KILL_THREAD) }, 1 },
	{ "something to say", { RET(SECCOMP_RET_ALLOW | 1) }, 1 },
	{ "error number", { RET(SECCOMP_RET_ERRNO) }, 1 },
	{ "error number", { RET(SECCOMP_RET_ERRNO | 4096) }, 1 },
	{ NULL, { RET(SECCOMP_RET_ERRNO | 4095) }, 1 },
	{ "no filter needs", { { BPF_LD | BPF_IMM, 0, 0, 0 }, RET(KILL) }, 2 },
	{ "no filter needs", { { BPF_ST, 0, 0, 0 }, RET(KILL) }, 2 },
	{ "no filter needs", { { BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0 }, RET(KILL) }, 2 },
	{ "no filter needs", { { BPF_RET | 0x10, 0, 0, 0 }, RET(KILL) }, 2 },
};

START_TEST(programs_that_are_no_filters)
{
	const struct krux_filter f = { wrong[_i].code, wrong[_i].n };
	const char *why = krux_bpf_wrong(&f);

	if (wrong[_i].why)
		ck_assert_msg(why && strstr(why, wrong[_i].why), "row %d: %s", _i, why ? why : "none");
	else
		ck_assert_msg(!why, "row %d: %s", _i, why);
}
END_TEST

START_TEST(filters_have_a_greatest_length)
{
	struct krux_bpf *code = ARENA_ARRAY(arena, struct krux_bpf, KRUX_BPF_MOST + 1);
	struct krux_filter f = { code, KRUX_BPF_MOST };

	for (size_t i = 0; i <= KRUX_BPF_MOST; i++)
		code[i] = (struct krux_bpf)RET(KILL);
	ck_assert_ptr_null(krux_bpf_wrong(&f));
	f.n++;
	ck_assert_ptr_nonnull(krux_bpf_wrong(&f));
}
END_TEST

/* ---- who has one ---- */

static const struct {
	const char *handler;
	enum effect_kind kind;
	bool run;
} runs[] = {
	{ "system_ping", EFFECT_NONE, true },
	{ "filesystem_read", EFFECT_READS, true },
	{ "network_check_port", EFFECT_CONNECTS, true },
	{ "system_ping", EFFECT_STATE, false },
	{ "system_ping", EFFECT_EXECUTES, false },
	{ "system_pong", EFFECT_NONE, false },
};

START_TEST(what_nothing_enforces_has_no_filter)
{
	const struct effect e = { .kind = runs[_i].kind, .nargs = runs[_i].kind != EFFECT_NONE };
	struct capability c = { .name = KRUX_STR("t.t"), .effect = &e, .neffects = 1,
		                .handler = { .kind = HANDLER_BUILTIN, .name = { runs[_i].handler, strlen(runs[_i].handler) } } };
	const struct capability *one = &c;
	const struct capability_set set = { &one, 1 };
	struct layers layers;

	ck_assert(layers_make(arena, diags_new(arena), &set, NULL, &layers));
	ck_assert_int_eq(layers.filter[0] != NULL, runs[_i].run);
	ck_assert_ptr_eq(layers.kernel.list[0].filter, runs[_i].run ? layers.filter[0]->program : NULL);
}
END_TEST

/* ---- in a bundle ---- */

#define U(n) { .kind = KRUX_V_UINT, .u = n }
#define LIST(a) { .kind = KRUX_V_LIST, .list = { a, sizeof a / sizeof *a } }
#define REACH(layer, name) krux_layer_reach(layer, KRUX_STR(name))

START_TEST(layers_come_back)
{
	const struct filter *one = made(CALLS_LOOK), *two = made(CALLS_LOOK | CALLS_WALK), *program = made(CALLS_COMMAND);
	const struct krux_str folder[] = { KRUX_STR("a/b"), KRUX_STR("c") };
	const struct krux_reach reach[] = { { folder, 2 }, { NULL, 0 } };
	/* "b" is in the first class, what begins with "c" in the second. */
	const struct krux_value start[] = { U(2), U('a'), U(1), U('b'), U(2), U('c'), U(3), U(127), U(1) },
		dead[] = { U(2), U(127), U(1) }, b[] = { U(0), U(127), U(1) }, c[] = { U(1), U(127), U(3) };
	const struct krux_value state[] = { LIST(start), LIST(dead), LIST(b), LIST(c) };
	const struct krux_layer list[] = {
		{ .filter = one->program, .rights = 3, .reach = reach, .nreach = 2, .state = state, .nstates = 4 },
		{ .filter = NULL }, { .filter = two->program, .reach = reach, .nreach = 1 },
		{ .filter = one->program, .command = program->program },
	};
	const struct krux_layers in = { list, 4 };
	struct krux_refusal why = { "", "" };
	struct krux_layers out;
	struct krux_str bytes;
	char *cut;

	ck_assert(krux_layers_write(arena_pool(arena), &in, &bytes, &why));
	ck_assert_uint_lt(bytes.n, 2 * (one->program[0].n + two->program[0].n + program->program[0].n) * sizeof(struct krux_bpf) + 300);
	ck_assert_msg(krux_layers_read(arena_pool(arena), bytes, 4, &out, &why), "%s", why.why);
	ck_assert_ptr_null(out.list[1].filter);
	ck_assert_ptr_null(out.list[0].command);
	ck_assert_uint_eq(out.list[3].command[1].n, program->program[1].n);
	ck_assert_ptr_eq(out.list[0].filter, out.list[3].filter);
	ck_assert_uint_eq(out.list[2].filter[1].n, two->program[1].n);
	ck_assert(!memcmp(out.list[2].filter[1].code, two->program[1].code, two->program[1].n * sizeof(struct krux_bpf)));
	ck_assert_ptr_eq(REACH(&out.list[0], "b"), &out.list[0].reach[0]);
	ck_assert_ptr_eq(REACH(&out.list[0], "c"), &out.list[0].reach[1]);
	ck_assert_ptr_eq(REACH(&out.list[0], "ci-7"), &out.list[0].reach[1]);
	ck_assert_ptr_null(REACH(&out.list[0], "bb"));
	ck_assert_ptr_null(REACH(&out.list[0], ""));
	ck_assert_ptr_null(REACH(&out.list[0], "c\xC3\xA9"));
	ck_assert_ptr_eq(REACH(&out.list[2], "anybody"), &out.list[2].reach[0]);
	ck_assert_ptr_null(REACH(&out.list[3], "anybody"));
	ck_assert(krux_str_eq(out.list[0].reach[0].folder[1], KRUX_STR("c")));
	ck_assert(!krux_layers_read(arena_pool(arena), bytes, 3, &out, &why));
	ck_assert_str_eq(why.why, "not those of the policy");
	cut = arena_copy(arena, bytes.p, bytes.n);
	cut[bytes.n / 2] ^= 0x10;
	ck_assert(!krux_layers_read(arena_pool(arena), (struct krux_str){ cut, bytes.n - 1 }, 4, &out, &why));
}
END_TEST

START_TEST(layers_have_so_many_folders)
{
	const struct filter *one = made(CALLS_LOOK);
	struct krux_str many[KRUX_REACH_MOST + 1] = { { "a", 1 } };
	struct krux_refusal why = { "", "" };

	for (size_t i = 0; i <= KRUX_REACH_MOST; i++)
		many[i] = many[0];
	for (unsigned n = KRUX_REACH_MOST; n <= KRUX_REACH_MOST + 1; n++) {
		const struct krux_reach reach = { many, n };
		const struct krux_layer layer = { .filter = one->program, .reach = &reach, .nreach = 1 };
		struct krux_layers out;
		struct krux_str bytes;

		ck_assert(krux_layers_write(arena_pool(arena), &(struct krux_layers){ &layer, 1 }, &bytes, &why));
		ck_assert_int_eq(krux_layers_read(arena_pool(arena), bytes, 1, &out, &why), n == KRUX_REACH_MOST);
	}
	ck_assert_str_eq(why.why, "too many folders");
}
END_TEST

static Suite *filter_suite(void)
{
	Suite *s = suite_create("filter");
	TCase *tc = tcase_create("filter");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, filters_do_what_twins_say, 0, GROUPS);
	tcase_add_loop_test(tc, conditions_hold_at_their_boundaries, 0, sizeof narrowed / sizeof *narrowed);
	tcase_add_test(tc, nothing_lets_these_through);
	tcase_add_test(tc, calls_of_other_machines_are_killed);
	tcase_add_test(tc, programs_have_what_their_twins_say);
	tcase_add_loop_test(tc, conditions_of_programs, 0, sizeof of_programs / sizeof *of_programs);
	tcase_add_test(tc, programs_never_have_these);
	tcase_add_loop_test(tc, one_changed_instruction_is_found, 0, 2);
	tcase_add_loop_test(tc, a_hidden_door_is_found, 0, 2 * (sizeof doors / sizeof *doors));
	tcase_add_test(tc, same_groups_same_bytes);
	tcase_add_loop_test(tc, programs_that_are_no_filters, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(tc, filters_have_a_greatest_length);
	tcase_add_loop_test(tc, what_nothing_enforces_has_no_filter, 0, sizeof runs / sizeof *runs);
	tcase_add_test(tc, layers_come_back);
	tcase_add_test(tc, layers_have_so_many_folders);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(filter_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
