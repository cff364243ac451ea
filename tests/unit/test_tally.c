/* The facts of a running gate: random histories of several agents in several workspaces, beside
 * answers that are counted from a list of what happened. */
#include "runtime/decide/facts.h"
#include "runtime/decide/tally.h"
#include "runtime/decide/zone.h"
#include "runtime/base/err.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second = 1000000000, start = 1769860800 * 1000000000ull;

static const struct krux_fact_def defs[] = {
	{ KRUX_FACT_BUDGET, "team", "mail", 60 * 1000000000ull, 10000, "size" },
	{ KRUX_FACT_LABEL, "", "file-content", 0, 0, "" },
	{ KRUX_FACT_RATE, "team", "mail", 3600 * 1000000000ull, 40, "" },
	{ KRUX_FACT_CALLS, "", "files.read", 0, 0, "" },
	{ KRUX_FACT_RATE, "other", "read", 10 * 1000000000ull, 10, "" },
	{ KRUX_FACT_TIME, "", "", 0, 0, "" },
	{ KRUX_FACT_LABEL, "", "nobody-sets-it", 0, 0, "" },
};
enum { BUDGET, CONTENT, RATE, READS, OTHER, TIME, UNSET, FACTS };
static const char *const read_labels[] = { "file-content", "nobody-asks" };
static const struct krux_cap_def caps[] = {
	{ .name = "files.read", .labels = read_labels, .nlabels = 2 },
	{ .name = "mail.send" },
};
static const uint32_t both[] = { RATE, BUDGET }, one[] = { OTHER };
static const struct krux_obligation obligations[] = {
	{ .ncounters = 0 },
	{ .ncounters = 2, .counter = both },
	{ .ncounters = 1, .counter = one },
};
static const struct krux_abi abi = {
	.version = KRUX_ABI_VERSION, .nfacts = FACTS, .facts = defs, .ncaps = 2, .caps = caps,
	.nobligations = 3, .obligations = obligations,
};

static const char *const agents[] = { "a", "builder", "b" };
static const char *const places[] = { "/srv/one", "/srv/two" };

enum { MOST = 1200 };
static struct happened {
	unsigned agent, place, cap, obligation;
	uint64_t when, size;
	enum { UNDER_WAY, RECORDED, FORGOTTEN } state;
	struct tally_claim claim;
	uint64_t amount[2];
} list[MOST];
static unsigned nlist;
static uint64_t seed = 88172645463325252u;

static unsigned next(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % below);
}

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

static bool is_in_window(const struct krux_fact_def *def, uint64_t when, uint64_t now)
{
	return when > now - def->per;
}

/* The answer to query `id`. What is under way counts as of now. */
static uint64_t counted(uint32_t id, unsigned agent, unsigned place, uint64_t now)
{
	const struct krux_fact_def *def = &defs[id];
	uint64_t n = 0;

	for (unsigned i = 0; i < nlist; i++) {
		const struct happened *h = &list[i];
		const struct krux_obligation *o = &obligations[h->obligation];
		const struct krux_cap_def *cap = &caps[h->cap];

		if (h->state == FORGOTTEN)
			continue;
		for (unsigned k = 0; def->kind == KRUX_FACT_LABEL && h->place == place && k < cap->nlabels; k++)
			n |= !strcmp(cap->labels[k], def->name);
		n += def->kind == KRUX_FACT_CALLS && h->place == place && !strcmp(cap->name, def->name);
		for (unsigned k = 0; h->agent == agent && k < o->ncounters; k++)
			if (o->counter[k] == id && is_in_window(def, h->state == UNDER_WAY ? now : h->when, now))
				n += def->kind == KRUX_FACT_RATE ? 1 : h->size;
	}
	return n;
}

static void compare(struct tally *t, uint64_t now)
{
	unsigned agent = next(3), place = next(2);
	struct facts *f = facts_new(&abi);
	const uint32_t *ids;

	facts_begin(f, t, tally_agent(t, str(agents[agent])), tally_place(t, str(places[place])), now);
	for (uint32_t id = FACTS; id--;) {
		uint64_t mine, theirs = counted(id, agent, place, now);

		if (id == TIME)
			continue;
		ck_assert(facts_quiet(f, id, &mine));
		ck_assert_uint_eq(mine, theirs);
		ck_assert(!facts_asked(f, id) && facts_answer(f, id, &mine) && facts_asked(f, id));
		ck_assert_uint_eq(mine, theirs);
	}
	ck_assert_uint_eq(facts_list(f, &ids), FACTS - 1);
	ck_assert(ids[0] == BUDGET && ids[FACTS - 2] == UNSET);
	facts_begin(f, t, tally_agent(t, str(agents[agent])), tally_place(t, str(places[place])), now);
	ck_assert_uint_eq(facts_list(f, &ids), 0);
	facts_free(f);
}

static void submit(struct tally *t)
{
	struct happened *h = &list[nlist++];
	struct krux_member m = { KRUX_STR("size"), { .kind = KRUX_V_UINT } };
	struct krux_value args = { .kind = KRUX_V_MAP, .map = { &m, 1 } };

	*h = (struct happened){ .agent = next(3), .place = next(2), .cap = next(2), .obligation = next(3),
	                        .size = next(900) };
	m.value.u = h->size;
	h->claim = (struct tally_claim){ tally_agent(t, str(agents[h->agent])), tally_place(t, str(places[h->place])),
	                                 &obligations[h->obligation], h->cap, h->amount };
	tally_submit(t, &h->claim, &args);
}

START_TEST(any_history)
{
	struct tally *t = tally_new(&abi);
	uint64_t now = start;

	ck_assert_ptr_nonnull(t);
	ck_assert_uint_eq(tally_amounts(t), 2);
	nlist = 0;
	while (nlist < MOST) {
		struct happened *h = nlist ? &list[next(nlist)] : NULL;

		switch (next(5)) {
		case 0:
			now += next(2000) * (second / 100);
			break;
		case 1:
			if (h && h->state == UNDER_WAY) {
				h->state = RECORDED;
				h->when = now;
				tally_record(t, &h->claim, now);
			}
			break;
		case 2:
			if (h && h->state == UNDER_WAY) {
				h->state = FORGOTTEN;
				tally_forget(t, &h->claim);
			}
			break;
		default:
			submit(t);
		}
		compare(t, now);
	}
	tally_free(t);
}
END_TEST

/* What is read from a log leads to the same as what was lived through. */
START_TEST(filled_from_a_log)
{
	struct tally *t = tally_new(&abi);
	struct tally_agent *a = tally_agent(t, str("a"));
	struct tally_place *p = tally_place(t, str("/srv/one"));
	uint64_t v;

	tally_label(t, p, str("file-content"));
	tally_label(t, p, str("file-conten"));
	tally_calls(t, p, str("files.read"), 7);
	tally_calls(t, p, str("files.reads"), 9);
	tally_count(t, a, KRUX_FACT_RATE, str("team"), str("mail"), start, 1);
	tally_count(t, a, KRUX_FACT_RATE, str("team"), str("mails"), start, 1);
	tally_count(t, a, KRUX_FACT_CALLS, str(""), str("files.read"), start, 1);
	ck_assert(tally_answer(t, a, p, CONTENT, start, &v) && v == 1);
	ck_assert(tally_answer(t, a, p, READS, start, &v) && v == 7);
	ck_assert(tally_answer(t, a, p, RATE, start, &v) && v == 1);
	ck_assert(!tally_answer(t, a, p, TIME, start, &v));
	tally_clear(t, p, str("file-content"));
	ck_assert(tally_answer(t, a, p, CONTENT, start, &v) && v == 0);
	ck_assert_ptr_eq(tally_agent(t, str("a")), a);
	ck_assert_ptr_ne(tally_agent(t, str("b")), a);
	ck_assert_uint_eq(tally_wait(t, a, RATE, start, 40), 3600 * second);
	ck_assert_uint_eq(tally_wait(t, a, RATE, start, 39), 0);
	ck_assert_uint_eq(tally_wait(t, a, RATE, start, 41), UINT64_MAX);
	for (unsigned i = 0; i < 500; i++) {
		char name[16];

		snprintf(name, sizeof name, "agent%u", i);
		ck_assert_ptr_eq(tally_agent(t, str(name)), tally_agent(t, str(name)));
	}
	tally_free(t);
}
END_TEST

/* The budget of a rule says when it has room for this call. */
START_TEST(room_for_this_call)
{
	struct tally *t = tally_new(&abi);
	struct tally_agent *a = tally_agent(t, str("a"));
	struct krux_member m = { KRUX_STR("size"), { .kind = KRUX_V_UINT, .u = 3000 } };
	struct krux_value args = { .kind = KRUX_V_MAP, .map = { &m, 1 } };
	struct facts *f = facts_new(&abi);

	tally_count(t, a, KRUX_FACT_BUDGET, str("team"), str("mail"), start - 50 * second, 5000);
	tally_count(t, a, KRUX_FACT_BUDGET, str("team"), str("mail"), start - 20 * second, 4000);
	facts_begin(f, t, a, tally_place(t, str("/srv/one")), start);
	ck_assert_uint_eq(facts_full(f, str("team"), str("mail"), &args).wait, 10 * second);
	ck_assert_uint_eq((uintptr_t)facts_full(f, str("team"), str("mail"), NULL).def, 0);
	m.value.u = 8000;
	ck_assert_uint_eq(facts_full(f, str("team"), str("mail"), &args).wait, 40 * second);
	m.value.u = 10001;
	ck_assert_uint_eq(facts_full(f, str("team"), str("mail"), &args).wait, UINT64_MAX);
	facts_free(f);
	tally_free(t);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("tally");
	Suite *s = suite_create("tally");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, any_history);
	tcase_add_test(c, filled_from_a_log);
	tcase_add_test(c, room_for_this_call);
	tcase_set_timeout(c, 120);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
