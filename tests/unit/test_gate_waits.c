/* The gate in one process, and the clock: a call that a rate or budget has no room for is told until when, its
 * record says so too, and then it passes. */
#include "tests/unit/still.h"
#include "tests/unit/tiny_bundle.h"

#include "runtime/base/err.h"
#include "runtime/bundle/trust.h"
#include "runtime/front/answered.h"
#include "runtime/gate.h"
#include "runtime/record/log.h"
#include "runtime/record/reader.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[64], bundle[128];
static struct state state;
static struct workspace workspace;
static struct krux_pool *pool;
static struct krux_err err;
static struct frame answer;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void setup(void)
{
	struct krux_public_key public;
	struct krux_secret_key key;
	char path[128];
	uint8_t *object;
	size_t n;

	strcpy(root, "/tmp/krux-waits-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(path, sizeof path, "%s/state", root);
	snprintf(bundle, sizeof bundle, "%s/bundle", root);
	object = tiny_object((const char *const[]){ NULL }, &n);
	ck_assert(object && krux_key_generate("signer", false, &key, NULL));
	krux_key_public(&key, &public);
	ck_assert(tiny_bundle(bundle, &key, 1, "UTC", (struct krux_str){ (char *)object, n }, tiny_caps()));
	free(object);
	ck_assert_msg(!state_make(path, &state, &err) && !trust_add(state.trust, TRUST_BUNDLE, &public, &err) &&
	              !log_create(state.log, "krux/test", "tests", &err) &&
	              !workspace_open(&state, NULL, "builder", &workspace, &err), "%s", err.text);
	pool = krux_pool_new(0);
	still_now();
}

static void teardown(void)
{
	still_end();
	krux_pool_free(pool);
	workspace_close(&workspace);
	state_close(&state);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int run(const struct spawn_request *q, struct krux_pool *p, struct spawn_result *out, struct krux_err *e)
{
	(void)q, (void)p, (void)e;
	*out = (struct spawn_result){ .end = SPAWN_KILLED, .layer = { "tried" }, .nlayers = 1 };
	return 0;
}

/* Each call is a gate of its own, as each kruxrt call is. */
static void mail(unsigned size)
{
	struct gate_options o = { .bundle = bundle, .agent = "builder", .run = run };
	struct gate_answer a;
	char json[64];
	struct gate *g;
	bool untrusted;

	snprintf(json, sizeof json, "{\"to\":\"x\",\"size\":%u}", size);
	g = gate_open(&state, &workspace, &o, &untrusted, &err);
	ck_assert_msg(g != NULL, "%s", err.text);
	ck_assert_msg(!gate_call(g, pool, KRUX_STR("mail.send"), (struct krux_str){ json, strlen(json) }, &a, &err), "%s", err.text);
	ck_assert(answered_frame(pool, &a, &answer));
	gate_close(g);
}

static bool says(struct krux_str s, const char *text)
{
	return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static int why_keep(void *ctx, const struct scan_item *item, struct krux_err *e)
{
	const struct record *r = item->record;
	struct krux_str *why = ctx;

	(void)e;
	if (r->field[AUDIT_KIND].u != AUDIT_KIND_DENIED)
		return 0;
	*why = record_has(r, AUDIT_WHY) ? r->field[AUDIT_WHY].s : KRUX_STR("nothing");
	why->p = krux_pool_copy(pool, why->p, why->n);
	return 0;
}

static void passes(unsigned size)
{
	mail(size);
	ck_assert_uint_eq(answer.answer.end, FRAME_END_KILLED);
}

/* ms 0: never. */
static void refused(unsigned size, uint64_t ms, const char *remedy, const char *record)
{
	struct krux_str why = KRUX_STR("no record");

	mail(size);
	ck_assert_uint_eq(answer.answer.end, FRAME_END_DENIED);
	ck_assert_uint_eq(answer.answer.retry, ms);
	ck_assert_int_eq(answer.answer.has_retry, ms != 0);
	ck_assert_msg(says(answer.answer.remedy, remedy), "%.*s", (int)answer.answer.remedy.n, answer.answer.remedy.p);
	ck_assert_msg(!reader_each(state.log, why_keep, &why, &err), "%s", err.text);
	ck_assert_msg(says(why, record), "%.*s", (int)why.n, why.p);
}

START_TEST(budgets)
{
	passes(60);
	still_on(600);
	refused(41, 3000000, "The budget of this rule is used up. Try again in 3000 seconds",
	        "the budget of this rule is used up, and has room for this call in 3000 seconds");
	still_on(2999);
	refused(41, 1000, "Try again in 1 second,", "in 1 second");
	still_on(1);
	passes(41);
}
END_TEST

/* Less waits less: as soon as what it needs has left. */
START_TEST(budgets_by_size)
{
	passes(30);
	still_on(100);
	passes(70);
	refused(30, 3500000, "Try again in 3500 seconds", "3500 seconds");
	refused(31, 3600000, "Try again in 3600 seconds", "3600 seconds");
}
END_TEST

START_TEST(too_much_for_any_budget)
{
	refused(101, 0, "size of this call is 101, and the budget of this rule is at most 100, so that a call of this size can "
	        "never pass", "at most 100, so that a call of this size can never pass");
	passes(100);
}
END_TEST

START_TEST(rates)
{
	passes(1);
	still_on(5);
	passes(1);
	refused(1, 3595000, "The rate of this rule is used up. Try again in 3595 seconds",
	        "the rate of this rule is used up, and has room for this call in 3595 seconds");
	still_on(3595);
	passes(1);
	refused(1, 5000, "Try again in 5 seconds", "5 seconds");
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("waits");
	Suite *s = suite_create("waits");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, budgets);
	tcase_add_test(c, budgets_by_size);
	tcase_add_test(c, too_much_for_any_budget);
	tcase_add_test(c, rates);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
