/* The event loop: descriptors, moments in order, signals, and what ends in the middle of a turn. */
#include "runtime/base/err.h"
#include "runtime/base/loop.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { MANY = 2000 };

static struct loop loop;
static struct krux_err err;
static unsigned seen, turns;

static void setup(void)
{
	seen = turns = 0;
	ck_assert(!loop_open(&loop, &err));
}

/* It looks before each wait, whatever came of it. */
static void setup_eager(void)
{
	setup();
	loop.eager = (struct eager){ .able = true, .soon = EAGER_AFTER, .next = EAGER_REST };
}

static void teardown(void)
{
	loop_close(&loop);
}

/* ---- descriptors ---- */

static struct watch two[2];

static void ends_both(struct watch *w, uint32_t events)
{
	ck_assert(events & EPOLLIN);
	(void)w;
	seen++;
	loop_forget(&loop, &two[0]);
	loop_forget(&loop, &two[1]);
	loop_stop(&loop);
}

START_TEST(a_watch_that_was_ended_is_not_called_in_the_same_turn)
{
	for (int i = 0; i < 2; i++) {
		two[i] = (struct watch){ .fd = eventfd(1, EFD_CLOEXEC), .ready = ends_both };
		ck_assert(!loop_watch(&loop, &two[i], EPOLLIN, &err));
	}
	ck_assert(!loop_run(&loop, &err));
	ck_assert_uint_eq(seen, 1);
	loop_forget(&loop, &two[0]);   /* twice is allowed */
	close(two[0].fd);
	close(two[1].fd);
}
END_TEST

static void writes_once(struct watch *w, uint32_t events)
{
	ck_assert_uint_eq(events, seen ? EPOLLIN : EPOLLOUT);
	if (seen++)
		loop_stop(&loop);
	else
		ck_assert(!loop_change(&loop, w, EPOLLIN, &err));
}

START_TEST(what_is_waited_for_can_change)
{
	struct watch w = { .fd = eventfd(1, EFD_CLOEXEC), .ready = writes_once };

	ck_assert(!loop_watch(&loop, &w, EPOLLOUT, &err));
	ck_assert(!loop_run(&loop, &err));
	ck_assert_uint_eq(seen, 2);
	close(w.fd);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_watched_is_an_error)
{
	struct watch w = { .fd = -1, .ready = writes_once };

	ck_assert(loop_watch(&loop, &w, EPOLLIN, &err) < 0);
	ck_assert(!w.on);
}
END_TEST

/* ---- moments ---- */

static struct timer many[MANY];
static uint64_t last;

static void in_order(struct timer *t)
{
	ck_assert_uint_le(last, t->at);
	ck_assert_uint_le(t->at, loop.now);
	ck_assert(!t->on);
	last = t->at;
	seen++;
	if (!loop.first)
		loop_stop(&loop);
}

/* Set, set again, cleared: what is left comes in order, each once, none too early. */
START_TEST(moments_come_in_order)
{
	unsigned left = 0;

	srand(7);
	last = 0;
	for (int i = 0; i < MANY; i++) {
		many[i] = (struct timer){ .due = in_order };
		loop_timer_set(&loop, &many[i], loop.now + (uint64_t)(rand() % 50000000));
	}
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < MANY; i++)
			switch (rand() % 3) {
			case 0: loop_timer_clear(&loop, &many[i]); break;
			case 1: loop_timer_set(&loop, &many[i], loop.now + (uint64_t)(rand() % 50000000));
			}
	for (int i = 0; i < MANY; i++)
		left += many[i].on;
	ck_assert_uint_gt(left, MANY / 4);
	ck_assert(!loop_run(&loop, &err));
	ck_assert_uint_eq(seen, left);
}
END_TEST

static void again(struct timer *t)
{
	loop_timer_set(&loop, t, 0);
	if (++seen == 5)
		loop_stop(&loop);
}

static void turn_count(void *ctx)
{
	ck_assert_ptr_eq(ctx, &turns);
	turns++;
}

START_TEST(a_moment_that_has_passed_comes_once_a_turn)
{
	struct timer t = { .due = again };

	loop.turn = turn_count;
	loop.turn_ctx = &turns;
	loop_timer_set(&loop, &t, 0);
	ck_assert(!loop_run(&loop, &err));
	ck_assert_uint_eq(seen, 5);
	ck_assert_uint_ge(turns, 6);
}
END_TEST

static void stop_at(struct timer *t)
{
	seen++;
	ck_assert_uint_le(t->at, loop_clock());
	loop_stop(&loop);
}

START_TEST(an_earlier_moment_is_not_late_for_a_later_one)
{
	struct timer late = { .due = stop_at }, early = { .due = stop_at };
	uint64_t start = loop.now;

	loop_timer_set(&loop, &late, start + 60000000000);
	loop_timer_set(&loop, &early, start + 5000000);
	ck_assert(!loop_run(&loop, &err));
	ck_assert_uint_lt(loop_clock() - start, 30000000000);
	ck_assert_uint_eq(seen, 1);
}
END_TEST

/* ---- signals ---- */

static void signal_seen(void *ctx, const struct signalfd_siginfo *info)
{
	(void)ctx;
	ck_assert_uint_eq(info->ssi_signo, seen++ ? SIGUSR2 : SIGUSR1);
	if (seen == 2)
		loop_stop(&loop);
}

START_TEST(signals_are_handed_over)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	ck_assert(!loop_signals(&loop, &set, signal_seen, NULL, &err));
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	ck_assert(!loop_run(&loop, &err));
	ck_assert_uint_eq(seen, 2);
}
END_TEST

static TCase *all(const char *name, SFun begin)
{
	TCase *c = tcase_create(name);

	tcase_add_checked_fixture(c, begin, teardown);
	tcase_add_test(c, a_watch_that_was_ended_is_not_called_in_the_same_turn);
	tcase_add_test(c, what_is_waited_for_can_change);
	tcase_add_test(c, a_descriptor_that_cannot_be_watched_is_an_error);
	tcase_add_test(c, moments_come_in_order);
	tcase_add_test(c, a_moment_that_has_passed_comes_once_a_turn);
	tcase_add_test(c, an_earlier_moment_is_not_late_for_a_later_one);
	tcase_add_test(c, signals_are_handed_over);
	return c;
}

static void stops(struct timer *t)
{
	(void)t;
	loop_stop(&loop);
}

/* What is not there is not looked for without an end; what comes while it sleeps is taken. */
START_TEST(it_looks_and_then_sleeps)
{
	const uint64_t later = loop_clock() + 50 * eager_look;
	struct timer timer = { .due = stops };

	loop_timer_set(&loop, &timer, later);
	ck_assert(!loop_run(&loop, &err));
	ck_assert_uint_ge(loop_clock(), later);
	/* On a busy machine it may look for longer than that. */
	ck_assert_uint_eq(loop.eager.missed + loop.eager.paid, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loop");
	TCase *one;
	SRunner *r;
	int failed;

	suite_add_tcase(s, all("sleeps", setup));
	suite_add_tcase(s, all("looks", setup_eager));
	one = tcase_create("one");
	tcase_add_checked_fixture(one, setup_eager, teardown);
	tcase_add_test(one, it_looks_and_then_sleeps);
	suite_add_tcase(s, one);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
