/* How a child ended, and what its group says of that, to what is said of its call. */
#include "runtime/base/err.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/spawn/parent.h"
#include "runtime/spawn/spawn.h"

#include "capspec/canon.h"
#include "capspec/schema.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20 };
static const struct krux_error_def declared = { .name = { "Failed", 6 } };
static const struct krux_capability cap = {
	.name = { "a.b", 3 }, .handler.kind = KRUX_HANDLER_COMMAND, .error = &declared, .nerrors = 1,
	.limit = { [KRUX_LIMIT_MEMORY] = MIB, [KRUX_LIMIT_PIDS] = 3, [KRUX_LIMIT_WALL] = 1000000000, [KRUX_LIMIT_CPU] = 1000000000 },
};
#define REFUSED "it was refused more than 3 processes at once, 7 times"
static const struct {
	struct child_end end;
	const char *answer;
	enum spawn_end what;
	const char *why, *last;        /* last: of the layers that are on */
} told[] = {
	{ { .code = SIGKILL, .group = { .own = true, .has = CGROUP_MEMORY | CGROUP_PIDS, .out_of_memory = true } }, NULL, SPAWN_KILLED,
	  "memory 1048576 bytes, of all its processes and files in memory together", "cgroup.pids" },
	{ { .code = SIGKILL, .group = { .own = true, .has = CGROUP_MEMORY } }, NULL, SPAWN_KILLED, "signal 9", "cgroup.memory" },
	{ { .code = SIGKILL, .timed_out = true, .group = { .own = true, .has = CGROUP_PIDS, .refused = 7 } }, NULL, SPAWN_KILLED,
	  "wall 1s; " REFUSED, "cgroup.pids" },
	{ { .exited = true, .code = CHILD_SIGNALLED + SIGABRT, .group = { .own = true, .has = CGROUP_PIDS, .refused = 7 } }, NULL,
	  SPAWN_KILLED, "signal 6; " REFUSED, "cgroup.pids" },
	{ { .exited = true, .group = { .own = true, .has = CGROUP_PIDS, .refused = 7 } },
	  "\xa2" "\x65" "error" "\x66" "Failed" "\x67" "message" "\x64" "fork", SPAWN_ERROR, "fork; " REFUSED, "cgroup.pids" },
	{ { .exited = true, .group = { .own = true } },
	  "\xa2" "\x65" "error" "\x66" "Failed" "\x67" "message" "\x64" "fork", SPAWN_ERROR, "fork", "cgroup" },
	{ { .code = SIGKILL }, NULL, SPAWN_KILLED, "signal 9", "seccomp" },
};

START_TEST(what_came_of_it_is_told)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct child_end end = told[_i].end;
	struct krux_err err;
	struct spawn_result r;

	end.reported = true;
	end.report.layers = 1U << LAYER_SECCOMP;
	end.n = told[_i].answer ? strlen(told[_i].answer) : 0;
	end.answer = told[_i].answer ? (uint8_t *)strdup(told[_i].answer) : NULL;
	ck_assert(!spawn_ended(&cap, &end, pool, &r, &err));
	ck_assert_int_eq(r.end, told[_i].what);
	if (r.end == SPAWN_ERROR) {
		ck_assert_uint_eq(r.message.n, strlen(told[_i].why));
		ck_assert_mem_eq(r.message.p, told[_i].why, r.message.n);
		ck_assert(krux_str_eq(r.message, r.recorded_message));
	} else {
		ck_assert_str_eq(r.why, told[_i].why);
	}
	ck_assert_str_eq(r.layer[r.nlayers - 1], told[_i].last);
	krux_pool_free(pool);
}
END_TEST

/* What it got was lost or is none: that is not the handler's end. */
START_TEST(a_child_that_was_given_nothing_says_so)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct child_end end = { .exited = true, .code = CHILD_UNGIVEN };
	struct krux_err err;
	struct spawn_result r;

	ck_assert(!spawn_ended(&cap, &end, pool, &r, &err));
	ck_assert_int_eq(r.end, SPAWN_BROKEN);
	ck_assert_str_eq(r.why, "the process of the call could not read what it was given");
	ck_assert_uint_eq(r.nlayers, 0);
	/* A handler may end with any number. */
	end = (struct child_end){ .exited = true, .code = CHILD_UNGIVEN, .reported = true };
	ck_assert(!spawn_ended(&cap, &end, pool, &r, &err));
	ck_assert_str_eq(r.why, "the handler ended with 5 and without an answer");
	krux_pool_free(pool);
}
END_TEST

static void signal_note(void *ctx, int signal)
{
	*(int *)ctx = signal;
}

/* It is looked at late, and what it said first is there: by what it was confined. */
START_TEST(one_that_is_too_late_has_its_report)
{
	const struct child_report said = { .magic = CHILD_MAGIC, .layers = 1U << LAYER_SECCOMP };
	struct krux_err err;
	struct parent p;
	int out, got = 0;

	ck_assert(!parent_open(&p, 100, &out, &err));
	parent_begin(&p, 0, signal_note, &got);
	ck_assert_int_eq(write(out, &said, sizeof said), sizeof said);
	ck_assert(!parent_step(&p));
	ck_assert(p.end.timed_out && p.killed && got == SIGKILL);
	ck_assert(p.end.reported && p.end.report.layers == said.layers);
	/* What comes after that is not listened to. */
	ck_assert_int_eq(write(out, "x", 1), 1);
	parent_ended(&p, &(struct birth_end){ .status = SIGKILL });
	ck_assert(parent_step(&p) && !p.end.n);
	close(out);
	parent_close(&p);
	free(p.end.answer);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ended");
	TCase *t = tcase_create("ended");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, what_came_of_it_is_told, 0, sizeof told / sizeof *told);
	tcase_add_test(t, a_child_that_was_given_nothing_says_so);
	tcase_add_test(t, one_that_is_too_late_has_its_report);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
