/* Records of freezes to children that stand still, and go on. */
#include "runtime/spawn/spawner_part.h"

#include <string.h>

bool is_frozen(const struct spawner *s, const char *agent)
{
	for (size_t i = 0; i < s->nfrozen; i++)
		if (!strcmp(s->frozen[i], agent))
			return true;
	return s->all_frozen;
}

static void runs_follow(struct spawner *s)
{
	for (size_t i = 0; i < MOST_CALLS; i++) {
		struct run *run = &s->run[i];
		struct parent *p = &run->parent;

		if (!run->on || run->child_over || p->killed)
			continue;
		if (is_frozen(s, run->agent)) {
			parent_freeze(p);
			loop_timer_clear(&s->loop, &run->late);
		} else {
			parent_thaw(p);
			loop_timer_set(&s->loop, &run->late, p->deadline);
		}
	}
}

static void agent_freeze(struct spawner *s, struct krux_str agent, bool freeze)
{
	char name[KRUX_MAX_AGENT + 1] = "";

	if (agent.n >= sizeof name)
		return;
	memcpy(name, agent.p, agent.n);
	for (size_t i = 0; i < s->nfrozen; i++)
		if (!strcmp(s->frozen[i], name)) {
			if (!freeze)
				memcpy(s->frozen[i], s->frozen[--s->nfrozen], sizeof name);
			return;
		}
	if (!freeze)
		return;
	if (s->nfrozen == MOST_FROZEN)
		s->all_frozen = true;  /* more than can be told apart: all stand still */
	else
		memcpy(s->frozen[s->nfrozen++], name, sizeof name);
}

/* Children that wait for calls of that agent, n 0: of anybody, are to be ended. */
static void pool_drop(struct spawner *s, struct krux_str agent)
{
	uint8_t owner[KRUX_SHA256];
	struct part part = { owner, agent.n ? sizeof owner : 0 };

	krux_sha256(agent, owner);
	end_tell(s, &s->handler, MESSAGE_EMPTY, 0, &part, 1, NULL, 0);
	if (s->web.on)
		end_tell(s, &s->web, MESSAGE_EMPTY, 0, &part, 1, NULL, 0);
}

void freeze_take(struct spawner *s, const struct message *m)
{
	struct krux_str action, agent = { NULL, 0 };
	const char *why;
	struct record r;
	size_t used;

	if (!record_decode(m->body, m->n, &r, &used, &why) || used != m->n)
		return;
	if (r.field[AUDIT_KIND].u == AUDIT_KIND_AGENT && record_has(&r, AUDIT_NAME)) {
		pool_drop(s, r.field[AUDIT_NAME].s);
		jobs_disown(s->jobs, r.field[AUDIT_NAME].s);
	}
	if (r.field[AUDIT_KIND].u != AUDIT_KIND_FREEZE)
		return;
	action = r.field[AUDIT_ACTION].s;
	if (record_has(&r, AUDIT_AGENT))
		agent = r.field[AUDIT_AGENT].s;
	if (agent.n)
		agent_freeze(s, agent, krux_str_eq(action, KRUX_STR("freeze")));
	else
		s->all_frozen = krux_str_eq(action, KRUX_STR("freeze"));
	pool_drop(s, agent);
	runs_follow(s);
}
