/* What a kind of record must have, may have, and how its fields fit together. Which they are is a row
 * of capspec/audit.def. */
#include "runtime/record/record_part.h"

#include "capspec/item.h"

#include <string.h>

struct kind {
	uint64_t number;
	const char *word;
	uint64_t required, optional;
};

static const struct kind kinds[64] = {
#define AUDIT_KIND(id, n, w, req, opt) [n] = { n, w, req, opt },
#include "capspec/audit.def"
};

static const struct kind *kind_find(uint64_t number)
{
	return number < sizeof kinds / sizeof *kinds && kinds[number].word ? &kinds[number] : NULL;
}

const char *record_kind_word(uint64_t number)
{
	const struct kind *k = kind_find(number);

	return k ? k->word : NULL;
}

/* Is an optional field there that says nothing; the encoder leaves those out. */
static bool is_empty(unsigned f, const union record_field *field)
{
	switch (record_fields[f].schema[0]) {
	case 't':
		return field->s.n == 0;
	case '[':
		return field->s.n == 1 && field->s.p[0] == (char)(ITEM_LIST << 5);
	default:
		return false;
	}
}

static const char *request_check(const struct record *r)
{
	if (record_has(r, AUDIT_ARGS) == record_has(r, AUDIT_ARGS_BLOB))
		return "exactly one of args and args-blob belongs there";
	if (record_has(r, AUDIT_FACTS) && record_has(r, AUDIT_FACTS_BLOB))
		return "at most one of facts and facts-blob belongs there";
	return NULL;
}

static const char *outcome_check(const struct record *r)
{
	bool result = record_has(r, AUDIT_RESULT), blob = record_has(r, AUDIT_RESULT_BLOB);
	uint64_t end = r->field[AUDIT_END].u;

	if (end < 1 || end > 4)
		return "an end that is none";
	if (result && blob)
		return "at most one of result and result-blob belongs there";
	if ((end == 1) != (result || blob))
		return "a result belongs to the end done, and only there";
	if ((end == 2) != record_has(r, AUDIT_ERROR))
		return "an error belongs to the end error, and only there";
	return NULL;
}

static bool is_word(const struct record *r, enum audit_field f, const char *const *word)
{
	struct krux_str s = r->field[f].s;

	for (; *word; word++)
		if (s.n == strlen(*word) && !memcmp(s.p, *word, s.n))
			return true;
	return false;
}

static const char *const decisions[] = { "accept", "reject", NULL };
static const char *const changes[] = { "add", "revoke", NULL };
static const char *const holds[] = { "freeze", "thaw", NULL };
static const char *const roles[] = { "bundle", "approver", "operator", "log", NULL };

static bool action_is(const struct record *r, const char *word)
{
	const char *const one[] = { word, NULL };

	return record_has(r, AUDIT_ACTION) && is_word(r, AUDIT_ACTION, one);
}

/* Bits of `which` that are there, at the same time as all of them. */
static bool all_or_none(const struct record *r, uint64_t which)
{
	return !(r->have & which) || (r->have & which) == which;
}

static const char *agent_check(const struct record *r)
{
	static const uint64_t proof[] = {
		[AUDIT_AUTH_KEY] = RECORD_BIT(KEY), [AUDIT_AUTH_TOKEN] = RECORD_BIT(TOKEN), [AUDIT_AUTH_PEER] = RECORD_BIT(UID),
	};
	const uint64_t about = RECORD_BIT(WORKSPACE) | RECORD_BIT(AUTH) | RECORD_BIT(KEY) | RECORD_BIT(TOKEN) | RECORD_BIT(UID);
	uint64_t auth = r->field[AUDIT_AUTH].u;

	if (!is_word(r, AUDIT_ACTION, changes))
		return "an action that is none of this kind";
	if (action_is(r, "revoke"))
		return r->have & about ? "a field that does not belong to this action" : NULL;
	if (!record_has(r, AUDIT_AUTH) || auth == AUDIT_AUTH_CLAIMED ||
	    (r->have & about) != (RECORD_BIT(WORKSPACE) | RECORD_BIT(AUTH) | proof[auth]))
		return "the fields do not say how the agent is known";
	return NULL;
}

static const char *freeze_check(const struct record *r)
{
	if (!is_word(r, AUDIT_ACTION, holds))
		return "an action that is none of this kind";
	if (action_is(r, "thaw") ? !record_has(r, AUDIT_SIGNERS) || !record_has(r, AUDIT_WHY)
	                         : record_has(r, AUDIT_SIGNERS))
		return "a thaw is signed and says why, a freeze is not signed";
	return NULL;
}

/* One uid of an intent, first and number of a start. */
static bool runs_as_fits(const struct record *r, unsigned n)
{
	return !record_has(r, AUDIT_RUNS_AS) || r->field[AUDIT_RUNS_AS].s.p[0] == (char)(ITEM_LIST << 5 | n);
}

static const char *intent_check(const struct record *r)
{
	if (!runs_as_fits(r, 1))
		return "a call runs as one uid";
	if (!all_or_none(r, RECORD_BIT(TICKET) | RECORD_BIT(SIGNERS)))
		return "ticket and signers belong together";
	return request_check(r);
}

/* What one kind says of its fields beyond which ones there are. */
static const char *content_check(const struct record *r)
{
	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_INTENT:
		return intent_check(r);
	case AUDIT_KIND_START:
		return runs_as_fits(r, 2) ? NULL : "what calls run as is a first uid and how many there are";
	case AUDIT_KIND_DEFERRED:
		if (!all_or_none(r, RECORD_BIT(ABOUT) | RECORD_BIT(RESULT_BLOB)))
			return "a run and the changes that it left belong together";
		return request_check(r);
	case AUDIT_KIND_DENIED:
		return request_check(r);
	case AUDIT_KIND_OUTCOME:
		return outcome_check(r);
	case AUDIT_KIND_SIGNED:
		return is_word(r, AUDIT_ACTION, decisions) ? NULL : "an action that is none of this kind";
	case AUDIT_KIND_AGENT:
		return agent_check(r);
	case AUDIT_KIND_KEY:
		if (!is_word(r, AUDIT_ROLE, roles))
			return "a role that is none";
		return !record_has(r, AUDIT_ACTION) || is_word(r, AUDIT_ACTION, changes) ?
		               NULL : "an action that is none of this kind";
	case AUDIT_KIND_CARRY:
		return record_has(r, AUDIT_STATE) != record_has(r, AUDIT_STATE_BLOB) ?
		               NULL : "exactly one of state and state-blob belongs there";
	case AUDIT_KIND_FREEZE:
		return freeze_check(r);
	case AUDIT_KIND_REFUSED:
		return !record_has(r, AUDIT_ACTION) || is_word(r, AUDIT_ACTION, decisions) ||
		       is_word(r, AUDIT_ACTION, changes) || is_word(r, AUDIT_ACTION, holds) ?
		               NULL : "an action that is none";
	case AUDIT_KIND_ACKNOWLEDGED:
		if (record_has(r, AUDIT_ACTION) && !krux_str_eq(r->field[AUDIT_ACTION].s, KRUX_STR("head")))
			return "an action that is none of this kind";
		return record_has(r, AUDIT_ROOT) && !record_has(r, AUDIT_TREE) ?
		               "a root without the size of its tree" : NULL;
	default:
		return NULL;
	}
}

/* What the kind says of its fields; NULL: all is well. `own` are those that every record has. */
const char *record_kind_check(const struct record *r, uint64_t own)
{
	const struct kind *k = kind_find(r->field[AUDIT_KIND].u);

	if (!record_has(r, AUDIT_KIND) || !k)
		return "a kind that this version does not know";
	if ((r->have & (own | k->required)) != (own | k->required))
		return "a field of this kind is missing";
	if (r->have & ~(own | k->required | k->optional))
		return "a field that does not belong to this kind";
	for (uint64_t left = r->have & k->optional; left; left &= left - 1) {
		unsigned f = (unsigned)__builtin_ctzll(left);

		if (is_empty(f, &r->field[f]))
			return "an optional field that is empty";
	}
	if (record_has(r, AUDIT_AUTH) && r->field[AUDIT_AUTH].u > AUDIT_AUTH_PEER)
		return "a way to authenticate that this version does not know";
	if (record_has(r, AUDIT_DEV) &&
	    (r->field[AUDIT_DEV].u > 1 || (k->optional & RECORD_BIT(DEV) && !r->field[AUDIT_DEV].u)))
		return "dev is not what this kind says there";
	if (k->number != AUDIT_KIND_INTENT && !all_or_none(r, RECORD_BIT(NONCE) | RECORD_BIT(SIGNERS)) &&
	    k->optional & RECORD_BIT(SIGNERS))
		return "nonce and signers belong together";
	return content_check(r);
}
