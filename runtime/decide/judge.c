/* Arguments to a verdict and the rule that gave it. */
#include "runtime/decide/judge.h"

#include "runtime/base/err.h"

#include "capspec/canon.h"
#include "capspec/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct judge {
	const struct krux_abi *abi;
	uint32_t cap;
	struct krux_str agent;
	struct facts *facts;
	void *scratch;
	uint8_t *args;               /* room for arguments with another path in them */
	size_t room;
	struct krux_member *member;
	struct krux_cite *cite;
	uint32_t ncites;             /* room */
};

/* a, a character and b; a answer carries two of these, and printf would be most of what it costs. */
static bool joined(struct krux_pool *pool, const char *a, char between, const char *b, struct krux_str *out)
{
	size_t na = strlen(a), nb = strlen(b);
	char *p = krux_pool_get(pool, na + nb + 2);

	if (!p)
		return false;
	memcpy(p, a, na);
	p[na] = between;
	memcpy(p + na + 1, b, nb + 1);
	*out = (struct krux_str){ p, na + 1 + nb };
	return true;
}

bool cite_text(struct krux_pool *pool, const struct krux_cite *c, struct krux_str *rule,
               struct krux_str *source)
{
	struct krux_str file = { c->file, strlen(c->file) };
	char number[12], *n = number + sizeof number - 1;

	*rule = *source = (struct krux_str){ "", 0 };
	*n = 0;
	for (uint32_t line = c->line; n == number + sizeof number - 1 || line; line /= 10)
		*--n = (char)('0' + line % 10);
	if (*c->policy && !joined(pool, c->policy, '/', *c->rule ? c->rule : "default", rule))
		return false;
	return !file.n || joined(pool, krux_utf8_valid(file) ? c->file : "?", ':', n, source);
}

bool verdict_stricter(uint8_t a, uint8_t b)
{
	return a < b;
}

const char *krux_verdict_text(uint8_t verdict)
{
	switch (verdict) {
#define VERDICT(id, value, word) case value: return word;
#include "capspec/verdicts.def"
#undef VERDICT
	default:
		return "blocked";
	}
}

static struct judge *judge_make(const struct krux_abi *abi, size_t room, struct facts *facts,
                                struct krux_err *err)
{
	struct judge *j = calloc(1, sizeof *j);

	if (!j)
		goto fail;
	j->abi = abi;
	j->facts = facts;
	j->room = room;
	j->ncites = KRUX_MAX_FILES;
	j->scratch = aligned_alloc(16, ((size_t)abi->scratch + 31) & ~(size_t)15);
	j->args = malloc(j->room);
	/* Written before they are read: a call's child takes no pages that it does not use. */
	j->member = malloc(KRUX_MAX_FIELDS * sizeof *j->member);
	j->cite = malloc(j->ncites * sizeof *j->cite);
	if (j->scratch && j->args && j->member && j->cite)
		return j;
fail:
	judge_free(j);
	err_set(err, ENOMEM, "decide");
	return NULL;
}

struct judge *judge_new(const struct krux_abi *abi, uint32_t cap, struct krux_str agent,
                        struct facts *facts, struct krux_err *err)
{
	struct judge *j = judge_make(abi, (size_t)abi->caps[cap].max_args + KRUX_MAX_PATH + 16,
	                             facts, err);

	if (j)
		judge_aim(j, cap, agent);
	return j;
}

struct judge *judge_any(const struct krux_abi *abi, struct facts *facts, struct krux_err *err)
{
	return judge_make(abi, 1, facts, err);
}

void judge_aim(struct judge *j, uint32_t cap, struct krux_str agent)
{
	j->cap = cap;
	j->agent = agent;
}

void judge_free(struct judge *j)
{
	if (!j)
		return;
	free(j->scratch);
	free(j->args);
	free(j->member);
	free(j->cite);
	free(j);
}

static bool decode_bytes(struct judge *j, const uint8_t *args, size_t n, struct krux_decode_error *why)
{
	return n <= j->abi->caps[j->cap].max_args &&
	       j->abi->decode(j->cap, args, (uint32_t)n, j->scratch, why);
}

/* The answer, or blocked where it is none. */
static struct krux_answer ask(struct judge *j, krux_fact_fn *fact)
{
	struct krux_answer a = j->abi->decide(j->cap, j->agent.p, (uint32_t)j->agent.n, j->scratch,
	                                      fact, j->facts);

	if (a.verdict > KRUX_AUTONOMOUS || a.would > KRUX_AUTONOMOUS ||
	    a.obligation >= j->abi->nobligations)
		a = (struct krux_answer){ .failed = 1 };
	if (a.failed)
		a.verdict = a.would = KRUX_BLOCKED;
	return a;
}

/* A default speaks only where no rule of its layer matched. */
static bool speaks(const struct krux_cite *c, uint32_t n, uint32_t i)
{
	if (c[i].observe || c[i].verdict > KRUX_AUTONOMOUS)
		return false;
	for (uint32_t k = 0; !*c[i].rule && k < n; k++)
		if (c[k].layer == c[i].layer && !c[k].observe && *c[k].rule)
			return false;
	return true;
}

/* The strictest voice, the first where several are. */
static void voice_find(struct judge *j, const struct krux_value *args, struct judgement *out)
{
	uint32_t n = j->abi->cite(j->cap, j->agent.p, (uint32_t)j->agent.n, j->scratch,
	                          facts_answer, j->facts, j->cite, j->ncites);
	const struct krux_cite *best = NULL;

	if (n > j->ncites)
		n = j->ncites;
	for (uint32_t i = 0; i < n; i++)
		if (speaks(j->cite, n, i) &&
		    (!best || verdict_stricter(j->cite[i].verdict, best->verdict)))
			best = &j->cite[i];
	out->voice = (struct krux_cite){ .policy = "", .rule = "", .file = "", .reason = "" };
	out->reason = "";
	if (!best) {
		out->reason = "no policy says anything about it";
		return;
	}
	out->voice = *best;
	if (best->verdict != out->verdict) {
		out->reason = "a path below it is decided more strictly";
		return;
	}
	out->reason = best->reason;
	out->full = facts_full(j->facts, (struct krux_str){ best->policy, strlen(best->policy) },
	                       (struct krux_str){ best->rule, strlen(best->rule) }, args);
}

bool judge_decode(struct judge *j, struct krux_str cbor, struct krux_decode_error *why)
{
	*why = (struct krux_decode_error){ "", "", 0 };
	if (decode_bytes(j, (const uint8_t *)cbor.p, cbor.n, why))
		return true;
	why->field = why->field ? why->field : "";
	why->why = why->why && *why->why ? why->why : "they are larger than this capability takes";
	return false;
}

void judge_decide(struct judge *j, const struct krux_value *args, struct judgement *out)
{
	struct krux_answer a = ask(j, facts_answer);

	*out = (struct judgement){
		.verdict = a.verdict,
		.would = a.would,
		.obligation = &j->abi->obligations[a.obligation],
	};
	voice_find(j, args, out);
	if (a.failed) {
		out->reason =
			"a fact that the policy asks for is not known, such as the local time";
		out->full.def = NULL;
	}
}

int judge_call(struct judge *j, struct krux_str cbor, const struct krux_value *args, struct judgement *out,
               struct krux_err *err)
{
	struct krux_decode_error why;

	if (!judge_decode(j, cbor, &why))
		return err_set(err, 0, "the policy does not take these arguments: %s: %s",
		               why.field, why.why);
	judge_decide(j, args, out);
	return 0;
}

enum krux_verdict judge_path(struct judge *j, const struct krux_value *args, struct krux_str field,
                             struct krux_str path)
{
	struct krux_value changed = { .kind = KRUX_V_MAP, .map = { j->member, args->map.n } };
	struct krux_decode_error why;
	bool found = false;
	size_t n;

	if (args->kind != KRUX_V_MAP || args->map.n > KRUX_MAX_FIELDS)
		return KRUX_BLOCKED;
	for (size_t i = 0; i < args->map.n; i++) {
		j->member[i] = args->map.member[i];
		if (krux_str_eq(j->member[i].key, field)) {
			j->member[i].value =
				(struct krux_value){ .kind = KRUX_V_TEXT, .str = path };
			found = true;
		}
	}
	n = krux_cbor_write(&changed, j->args, j->room);
	if (!found || !n || n > j->room || !decode_bytes(j, j->args, n, &why))
		return KRUX_BLOCKED;
	return ask(j, facts_quiet).verdict;
}

const struct krux_obligation *judge_approvals(const struct judgement *j)
{
	static const struct krux_approval anyone = { .quorum = 1 };
	static const struct krux_obligation one = { .ttl = UINT64_C(3600000000000), .approval = &anyone, .napprovals = 1 };

	return j->verdict == KRUX_APPROVAL ? j->obligation : &one;
}
