/* ---- the functions of the ABI ---- */

static bool decode(uint32_t cap, const uint8_t *args, uint32_t n, void *scratch, struct krux_decode_error *err)
{
	struct reader r = { .p = args, .end = args + n, .start = args, .err = err };

	if (cap >= CAPABILITIES)
		return refuse(&r, "", "is for no capability");
	if (!decoders[decoder_of[cap]](&r, scratch))
		return false;
	return r.p == r.end || refuse(&r, "arguments", "are followed by more bytes");
}

static struct krux_answer decide(uint32_t cap, const char *agent, uint32_t nagent, const void *scratch,
                                 krux_fact_fn *fact_fn, void *ctx)
{
	struct call c = { .agent = { (const uint8_t *)agent, nagent }, .fact = fact_fn, .ctx = ctx };

	if (cap >= CAPABILITIES)
		return UNKNOWN;
	return capability_answer(&c, scratch, cap);
}

static uint32_t cite(uint32_t cap, const char *agent, uint32_t nagent, const void *scratch, krux_fact_fn *fact_fn,
                     void *ctx, struct krux_cite *out, uint32_t max)
{
	struct call c = { .agent = { (const uint8_t *)agent, nagent }, .fact = fact_fn, .ctx = ctx };
	struct cited to = { .out = out, .max = max };

	if (cap >= CAPABILITIES)
		return 0;
	return cite_all(&c, scratch, voices + voice_of[cap], voices + voice_of[cap + 1], &to);
}

__attribute__((visibility("default"))) const struct krux_abi krux_abi_1 = {
	.version = KRUX_ABI_VERSION,
	.scratch = sizeof(union arguments),
	.ncaps = CAPABILITIES,
	.nfacts = sizeof facts / sizeof *facts - 1,
	.nobligations = sizeof obligations / sizeof *obligations,
	.caps = caps,
	.facts = facts,
	.obligations = obligations,
	.find = find,
	.decode = decode,
	.decide = decide,
	.cite = cite,
};
