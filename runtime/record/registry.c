/* A record `agent` or `clear` and all that are registered to a yes, or to why not. */
#include "runtime/record/registry.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/reach.h"
#include "runtime/base/uids.h"
#include "runtime/record/carry.h"
#include "runtime/record/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool registry_uid_daemon(const struct registry_rules *rules, uint64_t uid)
{
	return uid == rules->daemon || (rules->daemon != rules->owner && uid > rules->daemon && uid - rules->daemon < UIDS);
}

bool registry_uid_calls(const struct carry *c, uint64_t uid)
{
	const struct agent_uids uids = carry_uids(c);

	return uids.count && uid < AGENT_UID_NONE && agent_uids_may(&uids, (uint32_t)uid);
}

bool registry_has_uid(const struct carry *c, struct krux_str name)
{
	const struct agent_uids uids = carry_uids(c);

	return !uids.count || carry_agent_find(c, name) || agent_uid(&uids, carry_agents(c)) != AGENT_UID_NONE;
}

static int left_check(const struct carry *c, struct krux_str name, struct krux_err *err)
{
	const struct agent_uids uids = carry_uids(c);

	if (registry_has_uid(c, name))
		return 0;
	return err_set(err, 0, "no uid is left for its calls: --agent-uids %u:%u has %u for agents, and %zu were registered in this "
	               "log, those that were taken out among them; kruxrt serve with a larger COUNT has more",
	               uids.base, uids.count, uids.count - 1, carry_agents(c));
}

static int uid_check(const struct carry *c, uint64_t uid, const struct registry_rules *rules, struct krux_err *err)
{
	if (!uid)
		return err_set(err, 0, "uid 0 is root's: no agent is known by it");
	if (uid == rules->owner)
		return err_set(err, 0, "uid %llu is the operator's: no agent is known by it", (unsigned long long)uid);
	if (registry_uid_daemon(rules, uid))
		return err_set(err, 0, "uid %llu is the daemon's: no agent is known by it", (unsigned long long)uid);
	if (registry_uid_calls(c, uid))
		return err_set(err, 0, "uid %llu is one that calls run as: no agent is known by it", (unsigned long long)uid);
	for (size_t i = 0; i < carry_agents(c); i++) {
		const struct carry_agent *a = carry_agent(c, i);

		if (!a->revoked && a->auth == AUDIT_AUTH_PEER && a->uid == uid)
			return err_set(err, 0, "another agent is known by this uid");
	}
	return 0;
}

/* Is b properly below a. */
static bool is_below(struct krux_str a, struct krux_str b)
{
	return a.n < b.n && !memcmp(a.p, b.p, a.n) && (b.p[a.n] == '/' || a.n == 1);
}

/* Agents may share a folder; one inside of the other would have two histories for the same files. */
static int nested_check(const struct carry *c, struct krux_str workspace, struct krux_err *err)
{
	for (size_t i = 0; i < carry_agents(c); i++) {
		const struct carry_agent *a = carry_agent(c, i);
		bool above = is_below(workspace, a->workspace);

		if (!a->revoked && (above || is_below(a->workspace, workspace)))
			return err_set(err, 0, "workspace %.*s: it %s that of agent %.*s, %.*s", (int)workspace.n, workspace.p,
			               above ? "holds" : "lies in", (int)a->name.n, a->name.p, (int)a->workspace.n,
			               a->workspace.p);
	}
	return 0;
}

static int workspace_check(const struct carry *c, struct krux_str workspace, const struct registry_rules *rules,
                           struct krux_err *err)
{
	CLEAN_FREE char *path = strndup(workspace.p, workspace.n);

	if (!path)
		return err_set(err, ENOMEM, "workspace");
	if (*path != '/' || strlen(path) != workspace.n)
		return err_set(err, 0, "workspace: no absolute path");
	return reach_check(rules->places, path, err) || nested_check(c, workspace, err) ? -1 : 0;
}

static int agent_check(const struct carry *c, const struct record *r, const struct registry_rules *rules,
                       struct krux_err *err)
{
	const struct carry_agent *a = carry_agent_find(c, r->field[AUDIT_NAME].s);
	bool known = a && !a->revoked;

	if (!krux_str_eq(r->field[AUDIT_ACTION].s, KRUX_STR("add")))
		return known ? 0 : err_set(err, 0, "there is no agent of this name");
	if (known)
		return err_set(err, 0, "there is an agent of this name: revoke it first");
	if (left_check(c, r->field[AUDIT_NAME].s, err))
		return -1;
	if (record_has(r, AUDIT_UID) && uid_check(c, r->field[AUDIT_UID].u, rules, err))
		return -1;
	return record_has(r, AUDIT_WORKSPACE) ? workspace_check(c, r->field[AUDIT_WORKSPACE].s, rules, err) : 0;
}

static bool label_seen(void *ctx, struct krux_str label)
{
	(void)label;
	*(bool *)ctx = true;
	return false;
}

/* What calls of nobody registered left in a folder can be cleared too. */
static int clear_check(const struct carry *c, struct krux_str workspace, struct krux_err *err)
{
	bool there = false;

	carry_labels(c, workspace, label_seen, &there);
	for (size_t i = 0; !there && i < carry_agents(c); i++)
		there = krux_str_eq(carry_agent(c, i)->workspace, workspace);
	return there ? 0 : err_set(err, 0, "there is no such workspace: no agent has or had it, and it has no labels");
}

int registry_check(const struct carry *c, const struct record *r, const struct registry_rules *rules,
                   struct krux_err *err)
{
	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_AGENT:
		return agent_check(c, r, rules, err);
	case AUDIT_KIND_CLEAR:
		return clear_check(c, r->field[AUDIT_WORKSPACE].s, err);
	default:
		return 0;
	}
}
