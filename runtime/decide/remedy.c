/* A judgement to the way out: wait until the rate or budget has room, ask a person, make a smaller call, or do
 * without. One place, so that an agent reads the same with the daemon and without it. */
#include "runtime/decide/remedy.h"

#include "runtime/decide/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct krux_str __attribute__((format(printf, 2, 3)))
text(struct krux_pool *pool, const char *fmt, ...)
{
	char buf[768];
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	p = n > 0 && (size_t)n < sizeof buf ? krux_pool_copy(pool, buf, (size_t)n) : NULL;
	return (struct krux_str){ p, p ? (size_t)n : 0 };
}

static bool is_never(const struct facts_full *f)
{
	return f->wait == UINT64_MAX;
}

/* Up, so that trying again is not too early. */
static unsigned long long seconds(const struct facts_full *f)
{
	const uint64_t second = 1000000000;

	return f->wait / second + (f->wait % second != 0);
}

static const char *plural(const struct facts_full *f)
{
	return seconds(f) == 1 ? "" : "s";
}

static const char *name(const struct facts_full *f)
{
	return f->def->kind == KRUX_FACT_RATE ? "rate" : "budget";
}

/* Why waiting does not help, without a full stop. */
static struct krux_str never(struct krux_pool *pool, const struct facts_full *f)
{
	if (f->def->kind == KRUX_FACT_RATE && !f->def->max)
		return KRUX_STR("the rate of this rule has room for no call at all");
	if (f->amount <= f->def->max)
		return text(pool, "the %s of this rule is used up for good", name(f));
	return text(pool, "%.300s of this call is %llu, and the budget of this rule is at most %llu, so that a call of "
	            "this size can never pass", f->def->sum, (unsigned long long)f->amount,
	            (unsigned long long)f->def->max);
}

static struct krux_str denied(struct krux_pool *pool, const struct judgement *j)
{
	struct krux_str why;

	if (j->full.def && !is_never(&j->full))
		return text(pool, "The %s of this rule is used up. Try again in %llu second%s, when there is room "
		            "for this call, or do without it.", name(&j->full), seconds(&j->full), plural(&j->full));
	if (j->full.def) {
		why = never(pool, &j->full);
		return !why.n ? why : text(pool, "Waiting does not help: %.*s. Do without this call, or make one that fits.",
		            (int)why.n, why.p);
	}
	if (!*j->voice.policy || !*j->voice.rule)
		return KRUX_STR("No rule allows this call. Do without it, or ask the operator for one that does.");
	return KRUX_STR("Do without this call, or choose arguments that the rule does not match. Only the operator "
	                "can change the rule.");
}

static struct krux_str deferred(struct krux_pool *pool, const struct judgement *j)
{
	struct krux_str why;

	if (j->full.def && !is_never(&j->full))
		return text(pool, "The %s of this rule is used up, so a person has to approve this call. Wait for the "
		            "ticket, or ask for it again later; or withdraw it and try again in %llu second%s, when "
		            "there is room and no approval is needed.", name(&j->full), seconds(&j->full), plural(&j->full));
	if (j->full.def) {
		why = never(pool, &j->full);
		return !why.n ? why : text(pool, "A person has to approve this call: %.*s without that. Wait for the ticket, ask for "
		            "it again later, or withdraw it and make a call that fits.", (int)why.n, why.p);
	}
	return KRUX_STR("A person has to approve this call. Wait for the ticket, ask for it again later, "
	                "or withdraw it; making the same call again changes nothing.");
}

/* Approval, and nobody to take it. */
static struct krux_str stranded(struct krux_pool *pool, const struct judgement *j)
{
	struct krux_str why;

	if (j->full.def && !is_never(&j->full))
		return text(pool, "The %s of this rule is used up. Try again in %llu second%s, when there is room for "
		            "this call; or make it through kruxrt serve, where a person can approve it now.",
		            name(&j->full), seconds(&j->full), plural(&j->full));
	if (j->full.def) {
		why = never(pool, &j->full);
		return !why.n ? why : text(pool, "A person has to approve this call: %.*s without that. Make it through kruxrt serve, "
		            "where a person can; or make a call that fits.", (int)why.n, why.p);
	}
	return KRUX_STR("A person has to approve this call, and without the daemon kruxrt cannot take "
	                "approvals: nothing was run, and nothing will be. Do without it, make it through "
	                "kruxrt serve, or ask the operator to change the rule.");
}

struct krux_str remedy_text(struct krux_pool *pool, const struct judgement *j, bool tickets)
{
	if (j->verdict != KRUX_APPROVAL)
		return denied(pool, j);
	return tickets ? deferred(pool, j) : stranded(pool, j);
}

struct krux_str remedy_record(struct krux_pool *pool, const struct judgement *j)
{
	if (!j->full.def)
		return (struct krux_str){ NULL, 0 };
	if (is_never(&j->full))
		return never(pool, &j->full);
	return text(pool, "the %s of this rule is used up, and has room for this call in %llu second%s", name(&j->full),
	            seconds(&j->full), plural(&j->full));
}

uint64_t remedy_retry(const struct judgement *j)
{
	const uint64_t millisecond = 1000000;

	if (!j->full.def || is_never(&j->full))
		return 0;
	return j->full.wait / millisecond + (j->full.wait % millisecond != 0);
}
