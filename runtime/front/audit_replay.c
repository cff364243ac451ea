/* kruxrt audit replay: every request again under the bundle that decided it, with the facts that were
 * recorded. The policy is a function of these alone, so that verdict, would, rule and source have to come
 * out the same, bit for bit. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/bundle/kept.h"
#include "runtime/bundle/loaded.h"
#include "runtime/decide/facts.h"
#include "runtime/decide/judge.h"
#include "runtime/front/audit_filter.h"
#include "runtime/front/audit_open.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/record/entry.h"
#include "runtime/record/head.h"
#include "runtime/record/reader.h"

#include "capspec/canon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BUNDLES = 64 };

struct policy {
	uint8_t digest[HASH_LEN];
	struct loaded *loaded;               /* NULL: it cannot be had */
	bool missing;                        /* since there is no file of it */
};

struct replay {
	const struct state *state;
	bool dev, json;
	struct policy policy[BUNDLES];
	size_t npolicies;
	uint64_t same, differ, undecided, next;      /* next: seq behind the last record read */
};

/* The bundle of that digest: one that was given, or one that the state folder keeps. */
static const struct policy *policy_find(struct replay *p, const uint8_t *digest)
{
	struct krux_err why = { 0 };
	struct policy *new;

	for (size_t i = 0; i < p->npolicies; i++)
		if (!memcmp(p->policy[i].digest, digest, HASH_LEN))
			return &p->policy[i];
	if (p->npolicies == BUNDLES) {
		/* Those of long ago make room; given ones come again from the folder, or not at all. */
		loaded_close(p->policy[0].loaded);
		memmove(p->policy, p->policy + 1, --p->npolicies * sizeof *p->policy);
	}
	new = &p->policy[p->npolicies++];
	memcpy(new->digest, digest, HASH_LEN);
	new->loaded = kept_open(p->state, digest, p->dev, &why);
	new->missing = !new->loaded && why.no == ENOENT;
	if (!new->loaded) {
		fputs("kruxrt audit replay: ", stderr);
		screen_puts(stderr, why.text);
		fputc('\n', stderr);
	}
	return new;
}

static const char *policy_objection(const struct replay *p, const struct policy *policy, const struct record *r)
{
	if (policy->missing)
		return "its bundle is not there; --bundle F gives it";
	if (!p->dev && record_has(r, AUDIT_DEV) && r->field[AUDIT_DEV].u)
		return "its bundle is signed with a development key; --dev takes it";
	return "its bundle is not one that can be taken";
}

static int given_open(struct replay *p, const char *const *path, struct krux_err *err)
{
	for (; *path; path++) {
		struct loaded *l = loaded_open(*path, p->state->trust, p->dev, err);

		if (!l)
			return -1;
		memcpy(p->policy[p->npolicies].digest, l->bundle.digest, HASH_LEN);
		p->policy[p->npolicies++].loaded = l;
	}
	return 0;
}

/* ---- one request ---- */

static int undecided(struct replay *p, const struct record *r, const char *why)
{
	p->undecided++;
	if (p->json)
		printf("{\"seq\":%llu,\"same\":null,\"why\":\"%s\"}\n", (unsigned long long)r->field[AUDIT_SEQ].u, why);
	else
		printf("%llu not decided: %s\n", (unsigned long long)r->field[AUDIT_SEQ].u, why);
	return 0;
}

/* What the record says and what it should say, of one field. */
static bool text_same(const struct replay *p, const struct record *r, enum audit_field f, const char *now)
{
	struct krux_str was = record_has(r, f) ? r->field[f].s : (struct krux_str){ "", 0 };

	if (krux_str_eq(was, (struct krux_str){ now, strlen(now) }))
		return true;
	if (!p->json) {
		printf("%llu DIFFERS: %s was ", (unsigned long long)r->field[AUDIT_SEQ].u, record_field_word(f));
		screen_put(stdout, was);
		fputs(", is ", stdout);
		screen_puts(stdout, now);
		putchar('\n');
	}
	return false;
}

static bool verdict_same(const struct replay *p, const struct record *r, enum audit_field f, uint8_t now)
{
	if (r->field[f].u == now)
		return true;
	if (!p->json)
		printf("%llu DIFFERS: %s was %s, is %s\n", (unsigned long long)r->field[AUDIT_SEQ].u, record_field_word(f),
		       krux_verdict_text((uint8_t)r->field[f].u), krux_verdict_text(now));
	return false;
}

static int compare(struct replay *p, const struct record *r, const struct judgement *j, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(1 << 20);
	char *rule, *source;
	bool same;

	if (!pool || entry_rule(pool, j, &rule, &source, err))
		return err_set(err, ENOMEM, "replay");
	/* An approved call ran, though its verdict alone would not have let it. */
	same = verdict_same(p, r, AUDIT_VERDICT, j->verdict);
	same &= verdict_same(p, r, AUDIT_WOULD, j->would);
	same &= text_same(p, r, AUDIT_RULE, rule);
	same &= text_same(p, r, AUDIT_SOURCE, source);
	p->same += same;
	p->differ += !same;
	if (p->json)
		printf("{\"seq\":%llu,\"same\":%s}\n", (unsigned long long)r->field[AUDIT_SEQ].u, same ? "true" : "false");
	return 0;
}

static int decide(struct replay *p, const struct loaded *l, const struct record *r, struct facts *facts,
                  struct krux_err *err)
{
	struct krux_str name = r->field[AUDIT_CAPABILITY].s, args, given;
	struct krux_err why = { 0 };
	struct judgement out;
	struct judge *judge;
	char full[256], version[48];
	int cap, rc;

	audit_version(r, version);
	snprintf(full, sizeof full, "%.*s@%s", (int)name.n, name.p, version);
	cap = l->abi->find(full, (uint32_t)strlen(full));
	if (cap < 0)
		return undecided(p, r, "the bundle has no such capability");
	if (!audit_args(p->state->blobs, r, &args) || !audit_facts(p->state->blobs, r, &given))
		return undecided(p, r, "its arguments or facts were erased");
	if (facts_given(facts, given, &why))
		return undecided(p, r, "its facts are not those that the bundle asks for");
	judge = judge_new(l->abi, (uint32_t)cap, r->field[AUDIT_AGENT].s, facts, err);
	if (!judge)
		return -1;
	rc = judge_call(judge, args, NULL, &out, &why) ? undecided(p, r, "the bundle does not take its arguments")
	                                         : compare(p, r, &out, err);
	judge_free(judge);
	return rc;
}

static int record_take(void *ctx, const struct scan_item *item, struct krux_err *err)
{
	const struct record *r = item->record;
	struct replay *p = ctx;
	const struct policy *policy;
	struct facts *facts;
	int rc;

	p->next = r->field[AUDIT_SEQ].u + 1;
	if (!record_has(r, AUDIT_VERDICT) || !record_has(r, AUDIT_BUNDLE))
		return 0;
	policy = policy_find(p, (const uint8_t *)r->field[AUDIT_BUNDLE].s.p);
	if (!policy->loaded)
		return undecided(p, r, policy_objection(p, policy, r));
	facts = facts_new(policy->loaded->abi);
	rc = facts ? decide(p, policy->loaded, r, facts, err) : err_set(err, ENOMEM, "replay");
	facts_free(facts);
	return rc;
}

static int log_replay(struct replay *p, struct krux_err *err)
{
	struct head head = { 0 };

	if (head_read(p->state->log, &head, err) < 0 || reader_each(p->state->log, record_take, p, err))
		return -1;
	return audit_whole(&head, p->next, err);
}

int audit_replay(int argc, char **argv)
{
	struct replay p = { 0 };
	const char *path = NULL, *bundle[BUNDLES / 2 + 1] = { NULL }, *operand[1];
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path }, { .name = "--json", .flag = &p.json },
		{ .name = "--dev", .flag = &p.dev },
		{ .name = "--bundle", .list = bundle, .nlist = BUNDLES / 2 + 1 }, { .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	struct krux_err err = { 0 };
	struct audit_opening opening = { .given = bundle, .bundles = true };
	int code = EXIT_USAGE;
	size_t n;

	if (!options_parse("audit", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	p.state = &state;
	opening.state = path;
	if (!path)
		err_set(&err, 0, "--state DIR is missing");
	else if (!audit_open(&opening, &state, &err) && !given_open(&p, bundle, &err))
		code = log_replay(&p, &err) ? EXIT_SYSTEM : EXIT_YES;
	for (size_t i = 0; i < p.npolicies; i++)
		loaded_close(p.policy[i].loaded);
	if (code) {
		fputs("kruxrt audit replay: ", stderr);
		screen_puts(stderr, err.text);
		fputc('\n', stderr);
		return code;
	}
	if (!p.json)
		printf("%llu the same, %llu differ, %llu not decided\n", (unsigned long long)p.same,
		       (unsigned long long)p.differ, (unsigned long long)p.undecided);
	return p.differ || p.undecided ? EXIT_NO : EXIT_YES;
}
