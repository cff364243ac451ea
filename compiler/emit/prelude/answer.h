/* Decided by a function or, where there is none, by a diagram. */
static struct krux_answer capability_answer(const struct call *c, const void *args, uint32_t cap)
{
	uint32_t end;

	if (decide_of[cap])
		return decide_of[cap](c, args);
	end = diagram_end(c, args, diagram_of[cap]);
	return end == END_UNKNOWN ? UNKNOWN : answers[end >> 1];
}
