/* Records to facts. Labels and counts of calls belong to the workspace, rates and budgets to the
 * agent; only intents count. */
#include "runtime/record/history.h"

#include "runtime/base/err.h"
#include "runtime/decide/facts.h"
#include "runtime/record/log.h"

#include "capspec/item.h"

#include <string.h>

static struct item_in open_item(struct krux_str s)
{
	return (struct item_in){ (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, NULL };
}

static bool labels_add(struct facts *facts, struct krux_str field)
{
	struct item_in in = open_item(field);
	struct krux_str label;
	uint64_t n;

	if (!item_take(&in, ITEM_LIST, &n))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		if (!item_take_str(&in, ITEM_TEXT, &label))
			return false;
		facts_label(facts, label);
	}
	return true;
}

static bool counters_add(struct facts *facts, struct krux_str field, uint64_t when)
{
	struct item_in in = open_item(field);
	uint64_t n, four, kind, amount;
	struct krux_str policy, rule;

	if (!item_take(&in, ITEM_LIST, &n))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		if (!item_take(&in, ITEM_LIST, &four) || !item_take(&in, ITEM_UINT, &kind) ||
		    !item_take_str(&in, ITEM_TEXT, &policy) ||
		    !item_take_str(&in, ITEM_TEXT, &rule) || !item_take(&in, ITEM_UINT, &amount))
			return false;
		if (kind <= KRUX_FACT_BUDGET)
			facts_count(facts, (enum krux_fact_kind)kind, policy, rule, when, amount);
	}
	return true;
}

static bool intent_add(struct history *h, const struct record *r)
{
	bool ok = true;

	if (krux_str_eq(r->field[AUDIT_WORKSPACE].s, h->workspace)) {
		facts_call(h->facts, r->field[AUDIT_CAPABILITY].s);
		if (record_has(r, AUDIT_LABELS))
			ok = labels_add(h->facts, r->field[AUDIT_LABELS].s);
	}
	if (ok && record_has(r, AUDIT_COUNTERS) && krux_str_eq(r->field[AUDIT_AGENT].s, h->agent))
		ok = counters_add(h->facts, r->field[AUDIT_COUNTERS].s, r->field[AUDIT_WALL].u);
	return ok;
}

int history_add(void *ctx, const struct record *r, struct krux_err *err)
{
	struct history *h = ctx;

	/* Now that the log is locked: what was waited for is past. */
	if (!r->field[AUDIT_SEQ].u)
		facts_moment(h->facts, log_wall());
	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_INTENT:
		if (!intent_add(h, r))
			return err_set(err, 0, "the log: an intent that cannot be read");
		break;
	case AUDIT_KIND_BUNDLE:
		h->has_bundle = true;
		memcpy(h->bundle, r->field[AUDIT_BUNDLE].s.p, HASH_LEN);
		if (krux_str_eq(r->field[AUDIT_POLICY].s, h->policy) &&
		    (!h->has_serial || r->field[AUDIT_SERIAL].u > h->serial)) {
			h->has_serial = true;
			h->serial = r->field[AUDIT_SERIAL].u;
		}
		break;
	default:
		break;
	}
	return 0;
}
