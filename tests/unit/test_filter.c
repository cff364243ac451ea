/* Filters without a kernel: the programs of both machines run in an interpreter, over what their readable
 * twins say, over every other number, around each condition. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "capspec/rights.h"
#include "compiler/emit/layers.h"
#include "tests/unit/filtering.h"

enum { NUMBERS = 1024, GROUPS = CALLS_PURE };
#define KILL SECCOMP_RET_KILL_PROCESS

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
	text = arena_copy(filtering_arena, b.p, b.n);
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
	return arena_copy(filtering_arena, at, (size_t)(end - at));
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
	const struct filter *f = filtering_made(groups);
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
	{ "mprotect", CALLS_LOOK, { 0, 4096, 3, 0, 0, 0 }, KILL },
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
	{ "openat", CALLS_CHANGE, { 0, 0, 0301, 0777, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "openat", CALLS_CHANGE, { 0, 0, 0301, 04700, 0, 0 }, KILL },                 /* set-user-ID */
	{ "openat", CALLS_WALK | CALLS_CHANGE, { 0, 0, 0301, 02700, 0, 0 }, KILL },
	{ "openat", CALLS_CHANGE, { 0, 0, 0301, UINT64_C(1) << 32 | 04700, 0, 0 }, KILL },
	{ "fchmod", CALLS_CHANGE, { 0, 0777, 0, 0, 0, 0 }, SECCOMP_RET_ALLOW },
	{ "fchmod", CALLS_CHANGE, { 0, 01000, 0, 0, 0, 0 }, KILL },
	{ "fchmod", CALLS_CHANGE, { 0, 02755, 0, 0, 0, 0 }, KILL },
	{ "fchmod", CALLS_CHANGE, { 0, 04755, 0, 0, 0, 0 }, KILL },
	{ "fchmod", CALLS_WALK, { 0, 0644, 0, 0, 0, 0 }, KILL },
	{ "openat2", CALLS_WALK | CALLS_CHANGE, { 0, 0, 0, 24, 0, 0 }, KILL },
};

START_TEST(conditions_hold_at_their_boundaries)
{
	const struct filter *f = filtering_made(narrowed[_i].groups);

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
	const struct filter *f = filtering_made(GROUPS - 1);
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
	const struct filter *f = filtering_made(GROUPS - 1);

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
	const struct filter *f = filtering_made(CALLS_COMMAND | (_i ? CALLS_CONNECT : 0));
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
	const struct filter *f = filtering_made(CALLS_COMMAND);
	const uint32_t want = of_programs[_i].allowed ? SECCOMP_RET_ALLOW : ANSWERED(ENOSYS);

	for (unsigned m = 0; m < KRUX_MACHINES; m++)
		ck_assert_msg(says(f, m, filter_number(of_programs[_i].name, m), of_programs[_i].arg) == want, "row %d", _i);
}
END_TEST

static const struct {
	const char *name;
	uint64_t arg[6];
	bool allowed;
} of_connecting[] = {
	{ "socket", { 2, 1, 0 }, true },
	{ "socket", { 2, 0x80801, 6 }, true },                                   /* closed on execution, not blocking, TCP */
	{ "socket", { UINT64_C(1) << 32 | 2, 1, 0 }, true },                     /* the kernel drops the rest */
	{ "socket", { 2, 2, 0 }, false },                                        /* datagrams, raw, */
	{ "socket", { 2, 3, 1 }, false },
	{ "socket", { 2, 1, 132 }, false },                                      /* SCTP, MPTCP, */
	{ "socket", { 2, 1, 262 }, false },
	{ "socket", { 10, 1, 0 }, false },                                       /* IPv6, Unix, netlink, packets, vsock */
	{ "socket", { 1, 1, 0 }, false },
	{ "socket", { 16, 3, 12 }, false },
	{ "socket", { 17, 3, 0 }, false },
	{ "socket", { 40, 1, 0 }, false },
	{ "sendto", { 3, 0, 1, 0x4000 }, true },
	{ "sendto", { 3, 0, 1, 0x20000000 }, false },                            /* which connects */
	{ "sendto", { 3, 0, 1, 0x20004000 }, false },
	{ "sendmsg", { 3, 0, 0 }, true },
	{ "sendmsg", { 3, 0, 0x20000000 }, false },
	{ "setsockopt", { 3, 6, 1 }, true },                                     /* TCP_NODELAY, SO_KEEPALIVE */
	{ "setsockopt", { 3, 1, 9 }, true },
	{ "setsockopt", { 3, 6, 30 }, false },                                   /* TCP_FASTOPEN_CONNECT, TCP_ULP, filters */
	{ "setsockopt", { 3, 6, 31 }, false },
	{ "setsockopt", { 3, 1, 26 }, false },
	{ "setsockopt", { 3, 263, 1 }, false },                                  /* of a packet socket */
};

START_TEST(conditions_of_programs_that_connect)
{
	const struct filter *f = filtering_made(CALLS_COMMAND | CALLS_CONNECT);
	const uint32_t want = of_connecting[_i].allowed ? SECCOMP_RET_ALLOW : ANSWERED(ENOSYS);

	for (unsigned m = 0; m < KRUX_MACHINES; m++)
		ck_assert_msg(says(f, m, filter_number(of_connecting[_i].name, m), of_connecting[_i].arg) == want, "row %d", _i);
}
END_TEST

static const char *const never_of_programs[] = {
#define NEVER(name, gives) #name,
#define NEVER_BUILTIN(name, gives)
#include "capspec/never.def"
	"clone3", "memfd_create", "setgroups", "chroot", "shmget", "msgget", "semget", "bind", "listen", "accept", "accept4", "sendmmsg",
	/* and where they do not connect */
	"socket", "connect", "setsockopt",
};

START_TEST(programs_never_have_these)
{
	const size_t nnever = sizeof never_of_programs / sizeof *never_of_programs - (_i ? 3 : 0);
	const struct filter *f = filtering_made(CALLS_COMMAND | (_i ? CALLS_CONNECT : 0));
	const int x32 = 0x40000000;

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		for (size_t i = 0; i < nnever; i++) {
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

/* ---- the C compiler ---- */

static const struct {
	const char *name;
	uint64_t arg[6];
	uint32_t want;
} of_compilers[] = {
	{ "execve", { 0 }, SECCOMP_RET_ALLOW }, { "read", { 0 }, SECCOMP_RET_ALLOW }, { "rename", { 0 }, SECCOMP_RET_ALLOW },
	{ "kill", { 1, 9 }, ANSWERED(EPERM) }, { "tgkill", { 1, 1, 9 }, ANSWERED(EPERM) }, { "tkill", { 1, 9 }, ANSWERED(EPERM) },
	{ "pidfd_open", { 1 }, ANSWERED(EPERM) }, { "pidfd_send_signal", { 3, 9 }, ANSWERED(EPERM) },
	{ "setsid", { 0 }, ANSWERED(EPERM) }, { "setpgid", { 0 }, ANSWERED(EPERM) },
	{ "fchmod", { 3, 0777 }, ANSWERED(EPERM) }, { "fchownat", { 3 }, ANSWERED(EPERM) }, { "utimensat", { 3 }, ANSWERED(EPERM) },
	{ "truncate", { 0 }, ANSWERED(EPERM) }, { "openat2", { 0 }, ANSWERED(ENOSYS) },
	{ "openat", { 0, 0, O_RDONLY }, SECCOMP_RET_ALLOW }, { "openat", { 0, 0, O_WRONLY | O_CREAT | O_TRUNC }, SECCOMP_RET_ALLOW },
	{ "openat", { 0, 0, O_RDWR | O_TRUNC }, SECCOMP_RET_ALLOW }, { "openat", { 0, 0, O_RDONLY | O_TRUNC }, ANSWERED(ENOSYS) },
	{ "openat", { 0, 0, UINT64_C(1) << 32 | O_TRUNC }, ANSWERED(ENOSYS) },
	{ "fcntl", { 3, F_DUPFD }, SECCOMP_RET_ALLOW }, { "fcntl", { 3, F_SETLKW }, SECCOMP_RET_ALLOW },
	{ "fcntl", { 3, F_DUPFD_CLOEXEC }, SECCOMP_RET_ALLOW }, { "fcntl", { 3, F_SETOWN }, ANSWERED(ENOSYS) },
	{ "fcntl", { 3, F_SETSIG }, ANSWERED(ENOSYS) }, { "fcntl", { 3, F_NOTIFY }, ANSWERED(ENOSYS) },
};
enum { OF_COMPILERS = sizeof of_compilers / sizeof *of_compilers };

START_TEST(compilers_have_less_than_programs)
{
	const struct filter *f = filtering_made(CALLS_COMPILER), *program = filtering_made(CALLS_COMMAND);

	ck_assert_uint_eq(filter_verify(filtering_arena, f).n, 0);
	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		for (size_t i = 0; i < OF_COMPILERS; i++) {
			int nr = filter_number(of_compilers[i].name, m);

			if (nr >= 0)
				ck_assert_msg(says(f, m, nr, of_compilers[i].arg) == of_compilers[i].want, "row %zu: %x", i,
				              says(f, m, nr, of_compilers[i].arg));
		}
		for (int nr = 0; nr < NUMBERS; nr++)
			if (says(f, m, nr, NULL) == SECCOMP_RET_ALLOW)
				ck_assert_uint_eq(says(program, m, nr, NULL), SECCOMP_RET_ALLOW);
	}
}
END_TEST

START_TEST(same_groups_same_bytes)
{
	const struct filter *a = filtering_made(CALLS_LOOK | CALLS_CHANGE), *b = filtering_made(CALLS_LOOK | CALLS_CHANGE);

	for (unsigned m = 0; m < KRUX_MACHINES; m++) {
		ck_assert_uint_eq(a->program[m].n, b->program[m].n);
		ck_assert(!memcmp(a->program[m].code, b->program[m].code, a->program[m].n * sizeof(struct krux_bpf)));
	}
}
END_TEST

static Suite *filter_suite(void)
{
	Suite *s = suite_create("filter");
	TCase *tc = tcase_create("filter");

	tcase_add_checked_fixture(tc, filtering_setup, filtering_teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, filters_do_what_twins_say, 0, GROUPS);
	tcase_add_loop_test(tc, conditions_hold_at_their_boundaries, 0, sizeof narrowed / sizeof *narrowed);
	tcase_add_test(tc, nothing_lets_these_through);
	tcase_add_test(tc, calls_of_other_machines_are_killed);
	tcase_add_loop_test(tc, programs_have_what_their_twins_say, 0, 2);
	tcase_add_loop_test(tc, conditions_of_programs, 0, sizeof of_programs / sizeof *of_programs);
	tcase_add_loop_test(tc, conditions_of_programs_that_connect, 0, sizeof of_connecting / sizeof *of_connecting);
	tcase_add_loop_test(tc, programs_never_have_these, 0, 2);
	tcase_add_test(tc, compilers_have_less_than_programs);
	tcase_add_test(tc, same_groups_same_bytes);
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
