/* What a match says once its rate and budget are looked at; blocked where a fact has no answer. */
static uint8_t match_verdict(const struct call *c, const void *args, const struct match *m)
{
	const struct rule *r = &rules[m->rule];
	uint8_t verdict = r->verdict;
	uint64_t n;
	u128 over;

	if (r->rate) {
		if (!fact(c, r->rate - 1, &n))
			return KRUX_BLOCKED;
		if (n >= r->most)
			verdict = stricter(verdict, r->over_rate);
	}
	if (m->budget) {
		if (!variable_number(c, args, &variables[m->budget - 1], &over))
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
static const struct match *voice_match(const struct call *c, const void *args, const struct voice *v, bool all,
                                       bool *known)
{
	const struct match *m = matches + v->from;

	*known = true;
	for (; m < matches + v->to; m++) {
		uint32_t end;

		if (rules[m->rule].observe && !all)
			continue;
		end = diagram_end(c, args, m->when);
		*known = end != END_UNKNOWN;
		if (end != END)
			break;
	}
	return m;
}

static void voice_cite(const struct call *c, const void *args, const struct voice *v, bool all, bool observe,
                       struct cited *to)
{
	const struct policy *p = &policies[v->policy];
	const struct match *end = matches + v->to, *m;
	bool known;

	m = voice_match(c, args, v, all, &known);
	if (m < end)
		cite_add(to, p, &rules[m->rule], known ? match_verdict(c, args, m) : KRUX_BLOCKED, observe);
	else if (p->deflt != NO_VERDICT)
		cite_add(to, p, 0, p->deflt, observe);
}

/* What every applicable file says, and what observed rules and files would. */
static uint32_t cite_all(const struct call *c, const void *args, const struct voice *from, const struct voice *to,
                         struct cited *out)
{
	uint32_t spoken = 0;

	for (const struct voice *v = from; v < to; v++) {
		bool observe = policies[v->policy].observe, known;
		const struct match *m;
		uint32_t before = out->n;

		if (diagram_end(c, args, v->applies) != (END | 1))
			continue;
		voice_cite(c, args, v, observe, observe, out);
		spoken += !observe && out->n > before;
		m = voice_match(c, args, v, true, &known);
		if (!observe && m < matches + v->to && rules[m->rule].observe)
			cite_add(out, &policies[v->policy], &rules[m->rule], known ? match_verdict(c, args, m) : KRUX_BLOCKED, true);
	}
	if (!spoken)
		cite_add(out, 0, 0, KRUX_BLOCKED, false);
	return out->n;
}
