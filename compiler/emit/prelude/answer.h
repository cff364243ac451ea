/* What is decided by table. */
static struct krux_answer diagram_answer(const struct call *c, const void *args, uint32_t at)
{
	uint32_t end = diagram_end(c, args, at);

	return end == END_UNKNOWN ? UNKNOWN : answers[end & ~END];
}
