/* A tally, or what a record says, to answers: one number a query. A tally is asked when the policy asks, and its answer
 * is kept. */
#include "runtime/decide/facts.h"

#include "capspec/item.h"
#include "runtime/base/err.h"
#include "runtime/decide/query.h"
#include "runtime/decide/tally.h"
#include "runtime/decide/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct facts {
	const struct krux_abi *abi;
	uint64_t wall, seconds, weekday;
	bool has_time, time_known;      /* time_known: has_time says whether there is one */
	uint64_t *answer;       /* by query, of those that were asked or given */
	bool *asked;
	uint32_t *list, nlist;  /* those that were asked, as they came */
	uint32_t *order;        /* of query.h */
	const struct tally *tally;
	struct tally_agent *agent;
	const struct tally_place *place;
	bool counted;
	bool *given;            /* by query; NULL: all are known */
};

struct facts *facts_new(const struct krux_abi *abi)
{
	struct facts *f = calloc(1, sizeof *f);
	size_t n = abi->nfacts ? abi->nfacts : 1;

	if (!f)
		return NULL;
	f->abi = abi;
	f->answer = calloc(n, sizeof *f->answer);
	f->asked = calloc(n, sizeof *f->asked);
	f->list = calloc(n, sizeof *f->list);
	f->order = query_sort(abi);
	if (!f->answer || !f->asked || !f->list || !f->order) {
		facts_free(f);
		return NULL;
	}
	return f;
}

void facts_moment(struct facts *f, uint64_t wall)
{
	f->wall = wall;
	f->time_known = false;
}

void facts_begin(struct facts *f, const struct tally *tally, struct tally_agent *agent,
                 const struct tally_place *place, uint64_t wall)
{
	while (f->nlist)
		f->asked[f->list[--f->nlist]] = false;
	f->counted = false;
	f->tally = tally;
	f->agent = agent;
	f->place = place;
	facts_moment(f, wall);
}

void facts_counted(struct facts *f)
{
	f->counted = true;
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	free(f->answer);
	free(f->asked);
	free(f->list);
	free(f->order);
	free(f->given);
	free(f);
}

/* The query of one rule's rate or budget; NULL: it has none. */
static const uint32_t *rule_query(const struct facts *f, enum krux_fact_kind kind,
                                  struct krux_str policy, struct krux_str rule)
{
	uint32_t n, at = query_find(f->abi, f->order, kind, policy, rule, &n);

	return n ? &f->order[at] : NULL;
}

static void full_look(const struct facts *f, uint32_t id, uint64_t amount, struct facts_full *out)
{
	uint64_t wait = tally_wait(f->tally, f->agent, id, f->wall, amount);

	if (wait && (!out->def || wait > out->wait))
		*out = (struct facts_full){ &f->abi->facts[id], amount, wait };
}

struct facts_full facts_full(const struct facts *f, struct krux_str policy, struct krux_str rule,
                             const struct krux_value *args)
{
	const uint32_t *rate = rule_query(f, KRUX_FACT_RATE, policy, rule),
		       *budget = rule_query(f, KRUX_FACT_BUDGET, policy, rule);
	struct facts_full out = { .def = NULL };

	if (!f->tally || f->counted)
		return out;
	if (rate)
		full_look(f, *rate, 1, &out);
	if (budget && args)
		full_look(f, *budget, query_amount(args, f->abi->facts[*budget].sum), &out);
	return out;
}

/* libc's way to the local time is long; most calls never ask. */
static bool time_answer(struct facts *f)
{
	if (!f->time_known)
		f->has_time = zone_time(f->wall, &f->seconds, &f->weekday);
	f->time_known = true;
	return f->has_time;
}

/* One entry of a list of facts. The same names may stand for several windows. */
static bool given_take(struct facts *f, struct item_in *in)
{
	uint64_t five, kind, per, answer;
	struct krux_str policy, name;
	uint32_t n, at;

	if (!item_take(in, ITEM_LIST, &five) || five != 5 || !item_take(in, ITEM_UINT, &kind) ||
	    kind > KRUX_FACT_BUDGET || !item_take_str(in, ITEM_TEXT, &policy) ||
	    !item_take_str(in, ITEM_TEXT, &name) || !item_take(in, ITEM_UINT, &per) ||
	    !item_take(in, ITEM_UINT, &answer))
		return false;
	at = query_find(f->abi, f->order, (enum krux_fact_kind)kind, policy, name, &n);
	for (uint32_t i = at; i < at + n; i++) {
		uint32_t id = f->order[i];

		if (f->abi->facts[id].per != per)
			continue;
		if (f->given[id])
			return false;
		f->given[id] = true;
		f->answer[id] = answer;
		return true;
	}
	return false;
}

int facts_given(struct facts *f, struct krux_str list, struct krux_err *err)
{
	struct item_in in = { (const uint8_t *)list.p, (const uint8_t *)list.p + list.n, NULL };
	uint64_t n = 0;

	f->given = calloc(f->abi->nfacts ? f->abi->nfacts : 1, sizeof *f->given);
	if (!f->given)
		return err_set(err, ENOMEM, "facts");
	if (list.n && !item_take(&in, ITEM_LIST, &n))
		return err_set(err, 0, "facts: no list");
	for (uint64_t i = 0; i < n; i++)
		if (!given_take(f, &in))
			return err_set(err, 0, "facts: one that the policy does not ask for");
	return in.p == in.end ? 0 : err_set(err, 0, "facts: more than a list");
}

bool facts_quiet(void *ctx, uint32_t id, uint64_t *answer)
{
	struct facts *f = ctx;

	if (id >= f->abi->nfacts)
		return false;
	if (f->given) {
		*answer = f->answer[id];
		return f->given[id];
	}
	switch (f->abi->facts[id].kind) {
	case KRUX_FACT_TIME:
		if (!time_answer(f))
			return false;
		*answer = f->seconds;
		return true;
	case KRUX_FACT_WEEKDAY:
		if (!time_answer(f))
			return false;
		*answer = f->weekday;
		return true;
	case KRUX_FACT_RATE:
	case KRUX_FACT_BUDGET:
		if (f->tally && f->counted) {
			*answer = 0;
			return true;
		}
		/* fallthrough */
	case KRUX_FACT_LABEL:
	case KRUX_FACT_CALLS:
		if (f->tally && !f->asked[id])
			return tally_answer(f->tally, f->agent, f->place, id, f->wall, answer);
		*answer = f->answer[id];
		return true;
	default:
		return false;
	}
}

bool facts_answer(void *ctx, uint32_t id, uint64_t *answer)
{
	struct facts *f = ctx;

	if (!facts_quiet(f, id, answer))
		return false;
	if (!f->asked[id]) {
		/* What the verdict read stays so, whatever is counted since. */
		if (f->tally)
			f->answer[id] = *answer;
		f->asked[id] = true;
		f->list[f->nlist++] = id;
	}
	return true;
}

bool facts_asked(const struct facts *f, uint32_t id)
{
	return id < f->abi->nfacts && f->asked[id];
}

static int number_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t facts_list(struct facts *f, const uint32_t **ids)
{
	if (f->nlist > 1)
		qsort(f->list, f->nlist, sizeof *f->list, number_order);
	*ids = f->list;
	return f->nlist;
}
