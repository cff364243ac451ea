/* The tables of krux_abi_1 to yes or no. The signature says who made them; this finds a broken
 * or mismatched object before it is believed. */
#include "runtime/bundle/abi.h"

#include "runtime/base/err.h"
#include "runtime/bundle/map.h"

#include "capspec/limits.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4096, SCRATCH_MAX = 64 << 20 };

static int refuse(struct krux_err *err, const char *why)
{
	return err_set(err, 0, "the policy's code is refused: %s", why);
}

static bool holds_array(const struct map *m, const void *p, uint64_t n, uint64_t size)
{
	return !n || ((uintptr_t)p % (size < 8 ? size : 8) == 0 && n < UINT32_MAX &&
	              map_holds(m, p, n * size, false));
}

static bool holds_texts(const struct map *m, const char *const *p, uint64_t n)
{
	if (!holds_array(m, p, n, sizeof *p))
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (map_text(m, p[i], TEXT_MAX) < 0)
			return false;
	return true;
}

static bool is_text(const struct map *m, const char *p, struct krux_str want)
{
	return map_text(m, p, TEXT_MAX) == (long)want.n && !memcmp(p, want.p, want.n);
}

static int check_caps(const struct map *m, const struct krux_capability *schema, size_t n,
                      struct krux_err *err)
{
	const struct krux_abi *abi = m->abi;

	if (abi->ncaps != n || !holds_array(m, abi->caps, n, sizeof *abi->caps))
		return refuse(err, "its capabilities are not those of the schema");
	for (size_t i = 0; i < n; i++) {
		const struct krux_cap_def *c = &abi->caps[i];

		if (!is_text(m, c->name, schema[i].name) || c->major != schema[i].major ||
		    c->minor != schema[i].minor || c->nlabels != schema[i].nlabels ||
		    c->max_args != schema[i].max_args || c->max_args > KRUX_MAX_ARGS_BYTES_HARD ||
		    !holds_texts(m, c->labels, c->nlabels))
			return refuse(err, "its capabilities are not those of the schema");
		for (uint32_t k = 0; k < c->nlabels; k++)
			if (!is_text(m, c->labels[k], schema[i].label[k]))
				return refuse(err, "its labels are not those of the schema");
	}
	return 0;
}

static int check_facts(const struct map *m, struct krux_err *err)
{
	const struct krux_abi *abi = m->abi;

	if (!holds_array(m, abi->facts, abi->nfacts, sizeof *abi->facts))
		return refuse(err, "its facts are out of bounds");
	for (uint32_t i = 0; i < abi->nfacts; i++) {
		const struct krux_fact_def *f = &abi->facts[i];

		if ((unsigned)f->kind > KRUX_FACT_BUDGET || map_text(m, f->policy, TEXT_MAX) < 0 ||
		    map_text(m, f->name, TEXT_MAX) < 0 || map_text(m, f->sum, TEXT_MAX) < 0)
			return refuse(err, "a fact is none that this version knows");
		if (f->kind == KRUX_FACT_BUDGET && !*f->sum)
			return refuse(err, "a budget does not say what it adds up");
	}
	return 0;
}

static int check_obligations(const struct map *m, struct krux_err *err)
{
	const struct krux_abi *abi = m->abi;

	if (!abi->nobligations ||
	    !holds_array(m, abi->obligations, abi->nobligations, sizeof *abi->obligations))
		return refuse(err, "its obligations are out of bounds");
	for (uint32_t i = 0; i < abi->nobligations; i++) {
		const struct krux_obligation *o = &abi->obligations[i];

		if (!holds_array(m, o->approval, o->napprovals, sizeof *o->approval) ||
		    !holds_array(m, o->counter, o->ncounters, sizeof *o->counter))
			return refuse(err, "its obligations are out of bounds");
		for (uint32_t k = 0; k < o->napprovals; k++)
			if (!holds_texts(m, o->approval[k].from, o->approval[k].nfrom))
				return refuse(err, "its approvers are out of bounds");
		for (uint32_t k = 0; k < o->ncounters; k++)
			if (o->counter[k] >= abi->nfacts ||
			    abi->facts[o->counter[k]].kind < KRUX_FACT_RATE)
				return refuse(err,
				              "an obligation counts in what is no rate or budget");
	}
	return 0;
}

static bool is_code(const struct map *m, uintptr_t fn)
{
	return map_holds(m, (const void *)fn, 1, true);
}

int abi_check(const struct map *m, const struct krux_capability *schema, size_t n,
              struct krux_err *err)
{
	const struct krux_abi *abi = m->abi;

	if (abi->version != KRUX_ABI_VERSION)
		return refuse(err, "it is made for another version of kruxrt");
	if (abi->scratch > SCRATCH_MAX)
		return refuse(err, "it asks for too much memory");
	if (!is_code(m, (uintptr_t)abi->find) || !is_code(m, (uintptr_t)abi->decode) ||
	    !is_code(m, (uintptr_t)abi->decide) || !is_code(m, (uintptr_t)abi->cite))
		return refuse(err, "its functions are out of bounds");
	if (check_caps(m, schema, n, err) || check_facts(m, err))
		return -1;
	return check_obligations(m, err);
}
