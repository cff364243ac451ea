/* Decided by a function. */
static struct krux_answer capability_answer(const struct call *c, const void *args, uint32_t cap)
{
	return decide_of[cap](c, args);
}
