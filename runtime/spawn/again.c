/* A warrant to a yes or no. Whatever goes wrong is a no. */
#include "runtime/spawn/again.h"

#include "capspec/item.h"
#include "runtime/base/err.h"
#include "runtime/decide/facts.h"
#include "runtime/decide/judge.h"
#include "runtime/spawn/child.h"
#include "runtime/spawn/look.h"

#include <string.h>

static bool is_text(struct item_in *in, const char *text)
{
	struct krux_str s;

	return item_take_str(in, ITEM_TEXT, &s) && s.n == strlen(text) && !memcmp(s.p, text, s.n);
}

/* Is the field `approvals` of the ticket what the policy asks for now. */
static bool approvals_same(struct krux_str list, const struct krux_obligation *o)
{
	struct item_in in = { (const uint8_t *)list.p, (const uint8_t *)list.p + list.n, NULL };
	uint64_t n;

	if (!item_take(&in, ITEM_LIST, &n) || n != o->napprovals)
		return false;
	for (uint32_t i = 0; i < o->napprovals; i++) {
		const struct krux_approval *a = &o->approval[i];

		if (!item_take(&in, ITEM_LIST, &n) || n != 2 || !item_take(&in, ITEM_UINT, &n) ||
		    n != a->quorum || !item_take(&in, ITEM_LIST, &n) || n != a->nfrom)
			return false;
		for (uint32_t k = 0; k < a->nfrom; k++)
			if (!is_text(&in, a->from[k]))
				return false;
	}
	return in.p == in.end;
}

static bool policy_agrees(struct again *a)
{
	const struct warrant *w = a->warrant;
	struct krux_err err;
	struct judgement j;

	a->facts = facts_new(a->abi);
	if (!a->facts || facts_given(a->facts, w->facts, &err))
		return false;
	a->judge = judge_new(a->abi, w->index, w->agent, a->facts, &err);
	if (!a->judge || judge_call(a->judge, w->args, NULL, &j, &err) || j.verdict != w->verdict)
		return false;
	switch (j.verdict) {
	case KRUX_AUTONOMOUS:
	case KRUX_NOTIFY:
		return !w->changes.n || approvals_same(w->approvals, judge_approvals(&j));
	case KRUX_APPROVAL:
		return approvals_same(w->approvals, j.obligation);
	default:
		return false;
	}
}

/* A list that is empty is no field. */
static bool snapshot_agrees(struct krux_str shown, struct krux_str taken)
{
	return shown.n ? krux_str_eq(shown, taken) : taken.n == 1;
}

static bool files_agree(const struct again *a, int workspace)
{
	static uint8_t now[LOOK_ITEM];
	const struct warrant *w = a->warrant;
	struct krux_err err;
	struct look look;
	const char *why;
	size_t n;

	if (a->taken.p || warrant_snapshot(w))
		return a->taken.p && snapshot_agrees(w->shown, a->taken);

	/* What changes lead to is looked at where they are put in place. */
	if (!w->shown.n || w->changes.n)
		return true;
	if (look_shown(w->shown, &look, &err))
		return false;
	n = look_at(workspace, &look, -1, now, sizeof now, &why);
	return n == w->shown.n && !memcmp(now, w->shown.p, n);
}

uint32_t again_decides(void *ctx, int workspace)
{
	struct again *a = ctx;

	if (!policy_agrees(a))
		return CHILD_DENIED;
	return files_agree(a, workspace) ? 0 : CHILD_STALE;
}

bool again_allows(void *ctx, struct krux_str field, struct krux_str path)
{
	struct again *a = ctx;
	uint8_t below = (uint8_t)judge_path(a->judge, &a->warrant->value, field, path);

	return !verdict_stricter(below, a->warrant->verdict);
}
