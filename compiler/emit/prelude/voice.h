/* Where a policy says something: the match, and how its diagram ended. */
struct found {
	const struct match *match;
	uint32_t end;
};

/* What a match says once its rate and budget are looked at; blocked where a fact has no answer. */
static uint8_t match_verdict(const struct call *c, const void *args, const struct found *f)
{
	const struct rule *r = &rules[f->match->rule];
	uint8_t verdict = r->verdict;
	uint64_t n;
	u128 over;

	if (f->end == END_UNKNOWN)
		return KRUX_BLOCKED;
	if (r->rate) {
		const struct rate *rate = &rates[r->rate - 1];

		if (!fact(c, rate->fact, &n))
			return KRUX_BLOCKED;
		if (n >= rate->most)
			verdict = stricter(verdict, r->over_rate);
	}
	if (f->end >> 1 > 1) {
		if (!variable_number(c, args, &variables[(f->end >> 1) - 2], &over))
			return KRUX_BLOCKED;
		if (over)
			verdict = stricter(verdict, r->over_budget);
	}
	return verdict;
}

struct cited {
	struct krux_cite *out;
	uint32_t n, max;
};

static void cite_add(struct cited *to, const struct policy *p, const struct rule *r, uint8_t verdict, bool observe)
{
	if (to->n < to->max) {
		struct krux_cite *c = &to->out[to->n];

		c->policy = words + (p ? p->name : 0);
		c->file = words + (p ? p->file : 0);
		c->rule = words + (r ? r->id : 0);
		c->reason = words + (r ? r->reason : 0);
		c->line = r ? r->line : p ? p->line : 0;
		c->layer = p ? p->layer : 0;
		c->verdict = verdict;
		c->observe = observe;
	}
	to->n++;
}

/* The first match of a policy; with `all`, observed rules too. matches + v->to for none. A match
 * that hangs on a fact without an answer counts: what it says is blocked. */
static struct found voice_match(const struct call *c, const void *args, const struct voice *v, bool all)
{
	struct text text = v->variable ? variable_text(c, args, &variables[v->variable - 1]) : c->agent;
	struct found f = { matches + v->from, END_NO };

	for (; f.match < matches + v->to; f.match++) {
		const struct match *m = f.match;

		if (rules[m->rule].observe && !all)
			continue;
		if (m->text && text_class(m->text - 1, text) != 1)
			continue;
		f.end = diagram_end(c, args, m->when);
		if (f.end != END_NO)
			break;
	}
	return f;
}

static void voice_cite(const struct call *c, const void *args, const struct voice *v, bool all, bool observe,
                       struct cited *to)
{
	const struct policy *p = &policies[v->policy];
	struct found f = voice_match(c, args, v, all);

	if (f.match < matches + v->to)
		cite_add(to, p, &rules[f.match->rule], match_verdict(c, args, &f), observe);
	else if (p->deflt != NO_VERDICT)
		cite_add(to, p, 0, p->deflt, observe);
}

/* What every applicable file says, and what observed rules and files would. */
static uint32_t cite_all(const struct call *c, const void *args, const struct voice *from, const struct voice *to,
                         struct cited *out)
{
	uint32_t spoken = 0;

	for (const struct voice *v = from; v < to; v++) {
		bool observe = policies[v->policy].observe;
		struct found f;
		uint32_t before = out->n;

		if (diagram_end(c, args, v->applies) != (END | 1 << 1))
			continue;
		voice_cite(c, args, v, observe, observe, out);
		spoken += !observe && out->n > before;
		f = voice_match(c, args, v, true);
		if (!observe && f.match < matches + v->to && rules[f.match->rule].observe)
			cite_add(out, &policies[v->policy], &rules[f.match->rule], match_verdict(c, args, &f), true);
	}
	if (!spoken)
		cite_add(out, 0, 0, KRUX_BLOCKED, false);
	return out->n;
}
