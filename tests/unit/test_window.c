/* Sliding windows beside a list of all that ever happened, with clocks that jump. */
#include "runtime/decide/window.h"

#include <check.h>
#include <stdlib.h>

static const uint64_t start = 1769860800 * 1000000000ull, hour = 3600 * 1000000000ull;

static uint64_t seed;

static uint64_t next(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* ---- the model: every intent, and for each moment a walk over all of them ---- */

enum { MOST = 700 };
static struct happened {
	uint64_t when, amount;
	bool recorded, gone;
} list[MOST];
static unsigned nlist;

static bool counts(const struct happened *h, uint64_t now, uint64_t per)
{
	return !h->gone && (!h->recorded || !per || now <= per || h->when > now - per);
}

static uint64_t model_sum(uint64_t now, uint64_t per)
{
	krux_u128 sum = 0;

	for (unsigned i = 0; i < nlist; i++)
		if (counts(&list[i], now, per))
			sum += list[i].amount;
	return sum > UINT64_MAX ? UINT64_MAX : (uint64_t)sum;
}

static void history(unsigned round, uint64_t per, uint64_t amounts, uint64_t back)
{
	struct window w;
	uint64_t now = start, most = start, wait, max;

	seed = 0x9E3779B97F4A7C15u * (round + 1);
	nlist = 0;
	ck_assert(window_open(&w, per, 2));
	while (nlist < MOST) {
		unsigned i = nlist ? (unsigned)next(nlist) : 0;

		switch (next(6)) {
		case 0:
			now += next(per / 8 + 2);
			break;
		case 1:
			/* Never back beyond what the window remembers. */
			if (back && next(8) == 0)
				now = most - next(back);
			break;
		case 2:
			now += next(3);
			break;
		case 3:
			if (nlist && !list[i].recorded && !list[i].gone) {
				list[i].gone = true;
				window_forget(&w, list[i].amount);
			}
			break;
		case 4:
			if (nlist && !list[i].recorded && !list[i].gone) {
				list[i].recorded = true;
				list[i].when = now - next(50);
				window_record(&w, list[i].when, list[i].amount);
			}
			break;
		default:
			list[nlist] = (struct happened){ .amount = next(amounts) };
			window_claim(&w, list[nlist++].amount);
		}
		most = now > most ? now : most;
		ck_assert_uint_eq(window_sum(&w, now), model_sum(now, per));
		max = next(4 * amounts);
		wait = window_wait(&w, now, max, 1);
		if (max && !wait)
			ck_assert_uint_lt(model_sum(now, per), max);
		else if (max && wait < per)
			/* Then there is room, and just before there was none. */
			ck_assert(model_sum(now + wait, per) < max && model_sum(now + wait - 1, per) >= max);
	}
	window_close(&w);
}

START_TEST(any_history)
{
	static const uint64_t pers[] = { 1, 100, 10000, 1000000 };

	for (unsigned round = 0; round < 24; round++) {
		uint64_t per = pers[round % 4];

		history(round, per, round & 1 ? 2 : 1000, round & 2 ? per : 0);
	}
}
END_TEST

START_TEST(half_open)
{
	struct window w;

	ck_assert(window_open(&w, hour, 0));
	window_add(&w, start - hour, 1);
	window_add(&w, start - hour + 1, 2);
	window_add(&w, start, 4);
	window_add(&w, start + hour, 8);
	ck_assert_uint_eq(window_sum(&w, start), 14);
	ck_assert_uint_eq(window_sum(&w, start + 1), 12);
	ck_assert_uint_eq(window_sum(&w, start), 14);
	ck_assert_uint_eq(window_sum(&w, start - 1), 15);
	ck_assert_uint_eq(window_sum(&w, start + hour), 8);
	ck_assert_uint_eq(window_sum(&w, start + 2 * hour), 0);
	window_close(&w);
}
END_TEST

START_TEST(waits)
{
	struct window w;

	ck_assert(window_open(&w, hour, 0));
	ck_assert_uint_eq(window_wait(&w, start, 3, 1), 0);
	for (unsigned i = 0; i < 3; i++)
		window_add(&w, start + i, 1);
	ck_assert_uint_eq(window_wait(&w, start + 2, 3, 1), hour - 2);
	ck_assert_uint_eq(window_wait(&w, start + 2, 3, 2), hour - 1);
	ck_assert_uint_eq(window_wait(&w, start + 2, 3, 3), hour);
	ck_assert_uint_eq(window_wait(&w, start + 2, 3, 4), UINT64_MAX);
	ck_assert_uint_eq(window_wait(&w, start + hour, 3, 1), 0);
	/* What is under way frees its room a window from now. */
	window_claim(&w, 3);
	ck_assert_uint_eq(window_wait(&w, start + 3 * hour, 3, 1), hour);
	window_close(&w);
}
END_TEST

START_TEST(sums_stop)
{
	struct window w;

	ck_assert(window_open(&w, hour, 0));
	window_add(&w, start, UINT64_MAX);
	window_add(&w, start + 1, UINT64_MAX);
	window_claim(&w, UINT64_MAX);
	ck_assert_uint_eq(window_sum(&w, start + 1), UINT64_MAX);
	window_forget(&w, UINT64_MAX);
	ck_assert_uint_eq(window_sum(&w, start + hour), UINT64_MAX);
	ck_assert_uint_eq(window_sum(&w, start + hour + 1), 0);
	window_close(&w);
}
END_TEST

/* Memory is bounded, and what was merged counts longer, never shorter. */
START_TEST(more_than_it_keeps)
{
	struct window w;

	ck_assert(window_open(&w, hour, 0));
	for (uint64_t i = 0; i < WINDOW_MOST + 1000; i++)
		window_add(&w, start + i, 1);
	ck_assert_uint_eq(w.n, WINDOW_MOST);
	ck_assert_uint_eq(window_sum(&w, start + WINDOW_MOST), WINDOW_MOST + 1000);
	ck_assert_uint_eq(window_sum(&w, start + hour + 999), WINDOW_MOST + 1000);
	ck_assert_uint_eq(window_sum(&w, start + hour + 1000), WINDOW_MOST - 1);
	ck_assert_uint_eq(window_sum(&w, start + hour + WINDOW_MOST + 999), 0);
	/* Then the old ones make room. */
	for (uint64_t i = 0; i < 1000; i++)
		window_add(&w, start + 2 * hour, 1);
	ck_assert_uint_eq(window_sum(&w, start + 2 * hour), 1000);
	window_close(&w);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("window");
	Suite *s = suite_create("window");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, any_history);
	tcase_add_test(c, half_open);
	tcase_add_test(c, waits);
	tcase_add_test(c, sums_stop);
	tcase_add_test(c, more_than_it_keeps);
	tcase_set_timeout(c, 120);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
