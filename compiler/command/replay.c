/* kruxc replay: a log's requests decided again under other sources, and what would be different. A verdict
 * is a function of the agent, the arguments and the facts that it reads; the record holds the answers
 * that were read then. Where these sources ask for one that it does not hold, nothing is guessed; the local
 * time is that of the sources' own zone, at the moment that the record holds. */
#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/buf.h"
#include "compiler/base/escape.h"
#include "compiler/command/clock.h"
#include "compiler/command/command.h"
#include "compiler/command/past.h"
#include "compiler/plan/call.h"
#include "compiler/plan/evaluate.h"
#include "compiler/plan/given.h"

enum { VERDICTS = KRUX_AUTONOMOUS + 1 };
enum { QUARTER = 900, DAY = 86400 };          /* seconds; no two zones differ by less than a quarter */

enum undecided { NO_CAPABILITY, NO_BYTES, OTHER_ARGS, NO_FACT, NO_ZONE, UNDECIDED };

static const struct {
	const char *word, *text;
} undecided[UNDECIDED] = {
	[NO_CAPABILITY] = { "capability", "the sources have no such capability" },
	[NO_BYTES] = { "erased", "arguments or facts were erased" },
	[OTHER_ARGS] = { "arguments", "the capability does not take these arguments" },
	[NO_FACT] = { "fact", "a fact is asked for that was not asked for then" },
	[NO_ZONE] = { "zone", "the local time is asked for, of a zone that this machine does not have" },
};

/* What is told of many: how many, and the first. */
struct tally {
	uint64_t n, seq;
	struct buf first;             /* "filesystem.read@1.0 by builder", and the rule that decides now */
};

struct replay {
	const struct options *o;
	struct pipeline *p;
	bool has_zone;                /* the sources' zone is that of clock_local */
	uint64_t requests, same, differ;
	struct tally change[VERDICTS][VERDICTS], undecided[UNDECIDED];
};

/* ---- facts ---- */

struct recorded {
	const struct dd *m;
	const struct krux_value *facts, *args;
	uint64_t wall;
	bool missing, asks_clock;
};

static bool fact_is(const struct krux_value *f, enum krux_fact_kind kind, const struct dd_var *v)
{
	bool window = kind == KRUX_FACT_RATE || kind == KRUX_FACT_BUDGET;
	const struct krux_value *part = f->list.item;

	if (part[0].u != (uint64_t)kind)
		return false;
	if (kind == KRUX_FACT_TIME || kind == KRUX_FACT_WEEKDAY)
		return true;
	return krux_str_eq(part[2].str, v->subject.name) &&
	       (!window || (krux_str_eq(part[1].str, v->policy) && part[3].u == v->per));
}

/* What was read then is the local time of the zone of then, and a moment before the record's own. */
static uint64_t clock_answer(uint64_t wall, enum krux_fact_kind kind, uint64_t answer)
{
	uint64_t seconds, weekday, day_before, later;

	clock_local(wall, &seconds, &weekday);
	if (kind == KRUX_FACT_TIME) {
		later = (DAY + seconds - answer % DAY) % DAY;
		return (answer % DAY + later - later % QUARTER) % DAY;
	}
	clock_local(wall > 1000000000u ? wall - 1000000000u : 0, &seconds, &day_before);
	return answer == day_before ? day_before : weekday;
}

/* A krux_fact_fn: the answer that was read then, by dd_var number. */
static bool recorded_fact(void *ctx, uint32_t var, uint64_t *answer)
{
	struct recorded *r = ctx;
	const struct dd_var *v = dd_variable(r->m, var);

	*answer = 0;
	for (size_t i = 0; i < r->facts->list.n; i++) {
		const struct krux_value *f = &r->facts->list.item[i];

		if (!fact_is(f, v->fact, v))
			continue;
		*answer = f->list.item[4].u;
		if (v->fact == KRUX_FACT_BUDGET)
			*answer = given_over(v, *answer, r->args);
		if (v->fact == KRUX_FACT_TIME || v->fact == KRUX_FACT_WEEKDAY) {
			r->asks_clock = true;
			*answer = clock_answer(r->wall, v->fact, *answer);
		}
		return true;
	}
	r->missing = true;
	return true;
}

/* ---- one request ---- */

static void tally_add(struct tally *t, const struct past_request *q, const struct evaluation *e)
{
	if (t->n++)
		return;
	t->seq = q->seq;
	escape_screen(&t->first, q->capability);
	buf_printf(&t->first, "@%llu.%llu by ", (unsigned long long)q->major, (unsigned long long)q->minor);
	escape_screen(&t->first, q->agent);
	if (e && e->decided) {
		buf_puts(&t->first, ", now by ");
		escape_screen(&t->first, e->decided->policy->name);
		buf_putc(&t->first, '/');
		escape_screen(&t->first, e->decided->rule ? e->decided->rule->id : KRUX_STR("default"));
	} else if (e && e->limit) {
		buf_puts(&t->first, ", by whom now is not known (K9001)");
	}
}

static void not_decided(struct replay *r, enum undecided why, const struct past_request *q)
{
	tally_add(&r->undecided[why], q, NULL);
}

static void decided(struct replay *r, const struct past_request *q, const struct capability *cap,
                    const struct dd_request *req, enum krux_verdict now)
{
	struct evaluation e = { 0 };

	if (now == q->verdict) {
		r->same++;
		return;
	}
	r->differ++;
	if (!r->change[q->verdict][now].n)
		evaluate(r->p->arena, r->p->decisions, r->p->manager[cap->index], r->p->root[cap->index], &r->p->build, cap,
		         req, &e);
	tally_add(&r->change[q->verdict][now], q, &e);
}

static bool request_take(void *ctx, const struct past_request *q)
{
	struct replay *r = ctx;
	char name[300];
	int n = snprintf(name, sizeof name, "%.*s@%llu", STR_ARG(q->capability), (unsigned long long)q->major);
	const struct capability *cap =
		n < (int)sizeof name ? capability_find(&r->p->caps, (struct krux_str){ name, (size_t)n }) : NULL;
	struct recorded facts = { .facts = &q->facts, .wall = q->wall };
	struct krux_pool *pool = krux_pool_new(64 << 20);
	struct krux_value given, args;
	const struct outcome *now;

	r->requests++;
	if (!cap) {
		not_decided(r, NO_CAPABILITY, q);
	} else if (!q->has_args || !q->has_facts) {
		not_decided(r, NO_BYTES, q);
	} else if (!pool || !krux_uncanon(pool, cap->input, &q->args, &given) ||
	           !krux_canon(pool, cap->input, &given, &args, NULL)) {
		not_decided(r, OTHER_ARGS, q);
	} else {
		struct dd *m = r->p->manager[cap->index];
		struct dd_request req = { .agent = q->agent, .args = &args, .fact_of = recorded_fact, .ctx = &facts };

		facts.m = m;
		facts.args = &args;
		now = decisions_outcome(r->p->decisions, dd_eval(m, r->p->root[cap->index], &req));
		if (facts.missing)
			not_decided(r, NO_FACT, q);
		else if (facts.asks_clock && !r->has_zone)
			not_decided(r, NO_ZONE, q);
		else
			decided(r, q, cap, &req, now ? now->verdict : KRUX_BLOCKED);
	}
	krux_pool_free(pool);
	return true;
}

/* ---- what is told ---- */

static uint64_t undecided_sum(const struct replay *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < UNDECIDED; i++)
		n += r->undecided[i].n;
	return n;
}

static void text_write(struct buf *b, const struct replay *r)
{
	for (unsigned was = 0; was < VERDICTS; was++)
		for (unsigned now = 0; now < VERDICTS; now++) {
			const struct tally *t = &r->change[was][now];

			if (t->n)
				buf_printf(b, "%c %s -> %s: %llu, first record %llu: %.*s\n", now > was ? '+' : '-',
				           verdict_word((enum krux_verdict)was), verdict_word((enum krux_verdict)now),
				           (unsigned long long)t->n, (unsigned long long)t->seq, (int)t->first.n, t->first.p);
		}
	for (size_t i = 0; i < UNDECIDED; i++)
		if (r->undecided[i].n)
			buf_printf(b, "? %s: %llu, first record %llu: %.*s\n", undecided[i].text,
			           (unsigned long long)r->undecided[i].n, (unsigned long long)r->undecided[i].seq,
			           (int)r->undecided[i].first.n, r->undecided[i].first.p);
	buf_printf(b, "%llu requests: %llu the same, %llu differ, %llu not decided\n", (unsigned long long)r->requests,
	           (unsigned long long)r->same, (unsigned long long)r->differ, (unsigned long long)undecided_sum(r));
}

static void json_tally(struct buf *b, const struct tally *t)
{
	buf_printf(b, ",\"requests\":%llu,\"first\":%llu,\"what\":\"", (unsigned long long)t->n,
	           (unsigned long long)t->seq);
	escape_json(b, (struct krux_str){ t->first.p, t->first.n });
	buf_puts(b, "\"}");
}

static void json_write(struct buf *b, const struct replay *r)
{
	const char *sep = "";

	buf_printf(b, "{\"requests\":%llu,\"same\":%llu,\"differ\":%llu,\"undecided\":%llu,\"changes\":[",
	           (unsigned long long)r->requests, (unsigned long long)r->same, (unsigned long long)r->differ,
	           (unsigned long long)undecided_sum(r));
	for (unsigned was = 0; was < VERDICTS; was++)
		for (unsigned now = 0; now < VERDICTS; now++) {
			if (!r->change[was][now].n)
				continue;
			buf_printf(b, "%s{\"was\":\"%s\",\"now\":\"%s\"", sep, verdict_word((enum krux_verdict)was),
			           verdict_word((enum krux_verdict)now));
			json_tally(b, &r->change[was][now]);
			sep = ",";
		}
	buf_puts(b, "],\"why_undecided\":[");
	sep = "";
	for (size_t i = 0; i < UNDECIDED; i++) {
		if (!r->undecided[i].n)
			continue;
		buf_printf(b, "%s{\"why\":\"%s\"", sep, undecided[i].word);
		json_tally(b, &r->undecided[i]);
		sep = ",";
	}
	buf_puts(b, "]}\n");
}

static void replay_free(struct replay *r)
{
	for (unsigned was = 0; was < VERDICTS; was++)
		for (unsigned now = 0; now < VERDICTS; now++)
			buf_free(&r->change[was][now].first);
	for (size_t i = 0; i < UNDECIDED; i++)
		buf_free(&r->undecided[i].first);
}

int command_replay(const struct options *o)
{
	struct krux_refusal why = { "", "" };
	struct replay r = { .o = o };
	struct buf b = { 0 };
	int code = EXIT_USAGE;
	bool ok;

	r.p = command_load(o, 0, 1, &ok);
	if (ok) {
		r.has_zone = clock_set(r.p->build.zone);
		code = past_read(o->arg[1], request_take, &r, &why);
		if (code) {
			command_say("kruxc replay: %s: %s", why.where, why.why);
		} else {
			(o->json ? json_write : text_write)(&b, &r);
			code = r.differ || undecided_sum(&r) ? EXIT_NO : EXIT_YES;
			if (!command_output(o, &b))
				code = EXIT_SYSTEM;
		}
	}
	buf_free(&b);
	replay_free(&r);
	return command_end(r.p, o, code);
}
