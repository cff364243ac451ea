/* A request that is being decided, and the facts it may ask for. */

struct call {
	struct text agent;
	krux_fact_fn *fact;
	void *ctx;
};

/* The answer to fact `id`; false where none is known, and then the verdict is blocked. One call in
 * each place that asks: written out there it takes the C compiler longer than all the rest. */
static __attribute__((noinline, unused)) bool fact(const struct call *c, uint32_t id, uint64_t *out)
{
	*out = 0;
	return c->fact && c->fact(c->ctx, id, out);
}

/* Is the sum so far with `more` added above max. */
static inline bool fact_over(const struct call *c, uint32_t id, uint64_t more, uint64_t max, bool *over)
{
	uint64_t sum;

	if (!fact(c, id, &sum))
		return false;
	*over = sum > max || more > max - sum;
	return true;
}

#define ANSWER(verdict, would, obligation) \
	((struct krux_answer){ KRUX_##verdict, KRUX_##would, 0, (obligation) })
#define UNKNOWN ((struct krux_answer){ KRUX_BLOCKED, KRUX_BLOCKED, 1, 0 })
