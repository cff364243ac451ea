/* The gate: one call after the other through a real bundle and a real log, with a runner that
 * only says what it was asked to run. */
#include "tests/unit/handler_calls.h"
#include "tests/unit/tiny_bundle.h"

#include "runtime/base/err.h"
#include "runtime/bundle/loaded.h"
#include "runtime/bundle/trust.h"
#include "runtime/front/answered.h"
#include "runtime/front/reply.h"
#include "runtime/gate.h"
#include "runtime/record/log.h"
#include "runtime/record/reader.h"
#include "runtime/record/verify.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64], state_path[128], bundle_path[128];
static struct state state;
static struct workspace workspace;
static struct krux_secret_key key, stranger;
static struct krux_err err;
static struct krux_str object;
static uint8_t *object_bytes;

/* ---- the runner ---- */

static struct {
	unsigned calls;
	enum spawn_end end;
	bool refuse, die, real;
	char allowed[256];           /* what `allows` said about a few paths, Y and N */
	const char *const *asks;
} runner;

static int run(const struct spawn_request *q, struct krux_pool *pool, struct spawn_result *out, struct krux_err *e)
{
	struct krux_member *m = krux_pool_get(pool, sizeof *m);

	runner.calls++;
	if (runner.refuse)
		return err_set(e, 0, "this machine lacks everything");
	if (runner.die)
		raise(SIGKILL);
	for (size_t i = 0; runner.asks && runner.asks[i]; i++) {
		struct krux_str path = { runner.asks[i], strlen(runner.asks[i]) };

		runner.allowed[i] = q->allows(q->ctx, KRUX_STR("path"), path) ? 'Y' : 'N';
	}
	*out = (struct spawn_result){ .end = runner.end, .layer = { "tried" }, .nlayers = 1, .cpu_ns = 1, .wall_ns = 2,
	                              .rss_bytes = 3 };
	switch (runner.end) {
	case SPAWN_DONE:
		m->key = KRUX_STR("content");
		m->value = (struct krux_value){ .kind = KRUX_V_TEXT, .str = KRUX_STR("hello") };
		out->output = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 1 } };
		out->recorded = out->output;
		break;
	case SPAWN_ERROR:
		out->error = KRUX_STR("NotFound");
		out->message = KRUX_STR("no /workspace/a");
		out->recorded_message = out->message;
		break;
	default:
		strcpy(out->why, "signal 9");
	}
	return 0;
}

/* ---- fixture ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void bundle(const struct krux_secret_key *k, uint64_t serial, const char *zone)
{
	ck_assert(tiny_bundle(bundle_path, k, serial, zone, object, tiny_caps()));
}

static void once(void)
{
	size_t n;

	object_bytes = tiny_object((const char *const[]){ NULL }, &n);
	ck_assert_ptr_nonnull(object_bytes);
	object = (struct krux_str){ (char *)object_bytes, n };
}

static void finally(void)
{
	free(object_bytes);
}

static void setup(void)
{
	struct krux_public_key public;

	strcpy(root, "/tmp/krux-gate-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(state_path, sizeof state_path, "%s/state", root);
	snprintf(bundle_path, sizeof bundle_path, "%s/bundle", root);
	ck_assert_msg(!state_make(state_path, &state, &err), "%s", err.text);
	ck_assert(krux_key_generate("signer", false, &key, NULL) && krux_key_generate("stranger", false, &stranger, NULL));
	krux_key_public(&key, &public);
	ck_assert_msg(!trust_add(state.trust, TRUST_BUNDLE, &public, &err), "%s", err.text);
	ck_assert_msg(!log_create(state.log, "krux/test", "tests", &err), "%s", err.text);
	ck_assert_msg(!workspace_open(&state, NULL, "builder", &workspace, &err), "%s", err.text);
	bundle(&key, 1, "UTC");
	memset(&runner, 0, sizeof runner);
	runner.end = SPAWN_DONE;
}

static void teardown(void)
{
	workspace_close(&workspace);
	state_close(&state);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct gate *open_gate(const char *agent, bool dev, bool *untrusted)
{
	struct gate_options o = { .bundle = bundle_path, .agent = agent, .dev = dev, .run = runner.real ? spawn_run : run };

	return gate_open(&state, &workspace, &o, untrusted, &err);
}

/* A call as kruxrt call makes it; the reply as JSON in a buffer of the caller. */
static int call_as(const char *agent, const char *cap, const char *json, char *reply, size_t room, struct gate_answer *a)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_value v;
	struct frame f;
	struct gate *g;
	bool untrusted;
	int code;
	size_t n;

	g = open_gate(agent, false, &untrusted);
	ck_assert_msg(g != NULL, "%s", err.text);
	ck_assert_msg(!gate_call(g, pool, (struct krux_str){ cap, strlen(cap) }, (struct krux_str){ json, strlen(json) }, a, &err),
	              "%s", err.text);
	ck_assert(answered_frame(pool, a, &f) && reply_value(pool, &f, gate_is_dev(g), &v));
	n = krux_json_write(&v, reply, room - 1);
	ck_assert_uint_lt(n, room);
	reply[n] = 0;
	code = reply_exit(&f);
	krux_pool_free(pool);
	gate_close(g);
	return code;
}

static char reply[8192];
static struct gate_answer last;

static int call(const char *cap, const char *json)
{
	return call_as("builder", cap, json, reply, sizeof reply, &last);
}

static struct verify_report report(void)
{
	struct verify_report r;

	ck_assert_msg(!verify_log(state.log, state.blobs, NULL, &r, &err), "%s", err.text);
	ck_assert_uint_eq(r.faults, 0);
	return r;
}

static uint64_t records(enum audit_kind kind)
{
	struct verify_report r = report();
	uint64_t n = r.kinds[kind];

	verify_free(&r);
	return n;
}

static bool says(const char *text)
{
	return strstr(reply, text) != NULL;
}

/* ---- verdicts ---- */

START_TEST(autonomous_runs)
{
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/a\"}"), 0);
	ck_assert_uint_eq(runner.calls, 1);
	ck_assert_msg(says("{\"verdict\":\"autonomous\",\"output\":{\"content\":\"hello\"}"), "%s", reply);
	ck_assert_uint_eq(records(AUDIT_KIND_INTENT), 1);
	ck_assert_uint_eq(records(AUDIT_KIND_OUTCOME), 1);
	ck_assert_uint_eq(records(AUDIT_KIND_NOTIFY), 0);
	ck_assert_uint_eq(records(AUDIT_KIND_BUNDLE), 1);
}
END_TEST

START_TEST(notify_runs_and_is_recorded)
{
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/loud\"}"), 0);
	ck_assert_uint_eq(runner.calls, 1);
	ck_assert_uint_eq(records(AUDIT_KIND_NOTIFY), 1);
}
END_TEST

START_TEST(blocked_does_not_run)
{
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/secret/x\"}"), 1);
	ck_assert_uint_eq(runner.calls, 0);
	ck_assert_msg(says("\"verdict\":\"blocked\"") && says("\"rule\":\"tiny/secret\"") && says("\"source\":\"tiny.yaml:3\"") &&
	              says("\"reason\":\"It is secret\"") && says("\"remedy\":"), "%s", reply);
	ck_assert_uint_eq(records(AUDIT_KIND_DENIED), 1);
	ck_assert_uint_eq(records(AUDIT_KIND_INTENT), 0);
	ck_assert_int_eq(call("files.read", "{\"path\":\"/etc/passwd\"}"), 1);
	ck_assert_msg(says("\"rule\":\"tiny/default\""), "%s", reply);
}
END_TEST

START_TEST(approval_is_deferred)
{
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/ask\"}"), 1);
	ck_assert_uint_eq(runner.calls, 0);
	ck_assert_msg(says("\"verdict\":\"approval-required\"") && says("\"ticket\":\""), "%s", reply);
	ck_assert_uint_eq(records(AUDIT_KIND_DEFERRED), 1);
	ck_assert_uint_eq(records(AUDIT_KIND_INTENT), 0);
}
END_TEST

START_TEST(invalid_is_recorded)
{
	ck_assert_int_eq(call("files.raed", "{}"), 2);
	ck_assert_msg(says("\"invalid\":{") && says("Did you mean files.read?"), "%s", reply);
	ck_assert_int_eq(call("files.read", "{\"path\":\"../x\"}"), 2);
	ck_assert_int_eq(call("files.\x1b[31m\xFF", "\xFF\xFE"), 2);
	ck_assert_uint_eq(runner.calls, 0);
	ck_assert_uint_eq(records(AUDIT_KIND_INVALID), 3);
}
END_TEST

START_TEST(ends_are_told)
{
	runner.end = SPAWN_ERROR;
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace/a\"}"), 1);
	ck_assert_msg(says("\"error\":{\"name\":\"NotFound\",\"message\":\"no /workspace/a\",\"recover\":\"retry\",\"hint\":\"Look for it.\"}"),
	              "%s", reply);
	runner.end = SPAWN_KILLED;
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace/a\"}"), 1);
	ck_assert_msg(says("\"failed\":{\"how\":\"killed\",\"why\":\"signal 9\"}"), "%s", reply);
	runner.end = SPAWN_BROKEN;
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace/a\"}"), 3);
	runner.end = SPAWN_UNKNOWN;
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace/a\"}"), 3);
	ck_assert_uint_eq(records(AUDIT_KIND_OUTCOME), 3);
	ck_assert_uint_eq(records(AUDIT_KIND_UNKNOWN), 1);
	runner.refuse = true;
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace/a\"}"), 3);
	ck_assert_msg(says("not started") && says("lacks everything"), "%s", reply);
	ck_assert_uint_eq(records(AUDIT_KIND_OUTCOME), 4);
}
END_TEST

/* ---- history ---- */

START_TEST(labels_stick_to_the_workspace)
{
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 0);
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/a\"}"), 0);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 1);
	ck_assert_msg(says("\"rule\":\"tiny/mail\""), "%s", reply);
	/* Another agent in the same workspace sees the same history. */
	ck_assert_int_eq(call_as("other", "mail.send", "{\"to\":\"x\",\"size\":1}", reply, sizeof reply, &last), 1);
}
END_TEST

START_TEST(denied_calls_leave_no_label)
{
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/secret\"}"), 1);
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/ask\"}"), 1);
	ck_assert_int_eq(call("files.read", "{}"), 2);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 0);
}
END_TEST

START_TEST(rates_count_intents_of_the_agent)
{
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 0);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 0);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 1);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 1);
	ck_assert_msg(says("Try again in 3") && says("\"retry_after\":3"), "%s", reply);
	ck_assert_int_eq(call_as("other", "mail.send", "{\"to\":\"x\",\"size\":1}", reply, sizeof reply, &last), 0);
	ck_assert_uint_eq(runner.calls, 3);
}
END_TEST

START_TEST(budgets_add_up)
{
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":60}"), 0);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":41}"), 1);
	ck_assert_msg(says("budget of this rule is used up. Try again in 3") && says("\"retry_after\":3"), "%s", reply);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":40}"), 0);
}
END_TEST

/* A failed run counts: its intent was there. */
START_TEST(failures_count)
{
	runner.end = SPAWN_KILLED;
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 1);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 1);
	runner.end = SPAWN_DONE;
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 1);
	ck_assert_uint_eq(runner.calls, 2);
}
END_TEST

/* The program dies in the middle of the call: recorded as unknown, not run again. */
START_TEST(death_leaves_unknown)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		runner.die = true;
		call("mail.send", "{\"to\":\"x\",\"size\":1}");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace/a\"}"), 0);
	ck_assert_uint_eq(records(AUDIT_KIND_UNKNOWN), 1);
	ck_assert_uint_eq(runner.calls, 1);
}
END_TEST

static struct record found;
static enum audit_kind wanted;

static int keep(void *ctx, const struct scan_item *item, struct krux_err *e)
{
	const struct record *r = item->record;
	struct krux_pool *pool = ctx;

	(void)e;
	if (r->field[AUDIT_KIND].u != wanted)
		return 0;
	found = *r;
	for (unsigned f = 0; f < AUDIT_FIELDS; f++)
		if (record_has(r, f) && r->field[f].s.n && !strchr("uvk", record_field_schema(f)[0]))
			found.field[f].s.p = krux_pool_copy(pool, r->field[f].s.p, r->field[f].s.n);
	return 0;
}

/* The last record of a kind. */
static void find(struct krux_pool *pool, enum audit_kind kind)
{
	wanted = kind;
	found.have = 0;
	ck_assert_msg(!reader_each(state.log, keep, pool, &err), "%s", err.text);
	ck_assert(found.have != 0);
}

static char *as_json(struct krux_pool *pool, struct krux_str cbor)
{
	char *text = krux_pool_get(pool, 4096);
	struct krux_value v;

	ck_assert(krux_cbor_read(pool, (const uint8_t *)cbor.p, cbor.n, &v, NULL));
	ck_assert_uint_lt(krux_json_write(&v, text, 4095), 4095);
	return text;
}

START_TEST(records_say_all)
{
	struct krux_pool *pool = krux_pool_new(0);
	char *facts;

	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":60}"), 0);
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":7}"), 0);
	find(pool, AUDIT_KIND_INTENT);
	ck_assert_str_eq(as_json(pool, found.field[AUDIT_ARGS].s), "{\"to\":\"x\",\"size\":7}");
	ck_assert_str_eq(as_json(pool, found.field[AUDIT_COUNTERS].s), "[[4,\"tiny\",\"mail\",1],[5,\"tiny\",\"mail\",7]]");
	facts = as_json(pool, found.field[AUDIT_FACTS].s);
	ck_assert_msg(strstr(facts, "[2,\"\",\"file-content\",0,0],[4,\"tiny\",\"mail\",3600000000000,1],"
	                            "[5,\"tiny\",\"mail\",3600000000000,60]]") != NULL, "%s", facts);
	ck_assert(!record_has(&found, AUDIT_LABELS));
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/loud\"}"), 0);
	find(pool, AUDIT_KIND_INTENT);
	ck_assert_str_eq(as_json(pool, found.field[AUDIT_LABELS].s), "[\"file-content\"]");
	ck_assert(!record_has(&found, AUDIT_FACTS));
	ck_assert(krux_str_eq(found.field[AUDIT_AGENT].s, KRUX_STR("builder")));
	ck_assert(krux_str_eq(found.field[AUDIT_RULE].s, KRUX_STR("tiny/loud")));
	find(pool, AUDIT_KIND_OUTCOME);
	ck_assert_str_eq(as_json(pool, found.field[AUDIT_RESULT].s), "{\"content\":\"hello\"}");
	ck_assert_str_eq(as_json(pool, found.field[AUDIT_LAYERS].s), "[\"tried\"]");
	ck_assert_str_eq(as_json(pool, found.field[AUDIT_USAGE].s), "[1,2,3]");
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/ask\"}"), 1);
	find(pool, AUDIT_KIND_DEFERRED);
	ck_assert_str_eq(as_json(pool, found.field[AUDIT_APPROVALS].s), "[[1,[\"ops\"]]]");
	ck_assert_uint_eq(found.field[AUDIT_TTL].u, 3600000000000);
	krux_pool_free(pool);
}
END_TEST

/* ---- replay: a record alone leads to its verdict again ---- */

struct replay {
	const struct krux_abi *abi;
	const struct krux_value *facts;    /* the list of the record, or NULL */
	unsigned decided;
};

static bool recorded(void *ctx, uint32_t id, uint64_t *answer)
{
	const struct replay *p = ctx;
	const struct krux_fact_def *def = &p->abi->facts[id];

	for (size_t i = 0; p->facts && i < p->facts->list.n; i++) {
		const struct krux_value *f = p->facts->list.item[i].list.item;

		if (f[0].u == def->kind && krux_str_eq(f[1].str, (struct krux_str){ def->policy, strlen(def->policy) }) &&
		    krux_str_eq(f[2].str, (struct krux_str){ def->name, strlen(def->name) })) {
			*answer = f[4].u;
			return true;
		}
	}
	return false;
}

static int replay_one(void *ctx, const struct scan_item *item, struct krux_err *e)
{
	const struct record *r = item->record;
	struct krux_str name = r->field[AUDIT_CAPABILITY].s, args = r->field[AUDIT_ARGS].s;
	struct krux_str agent = r->field[AUDIT_AGENT].s, facts = r->field[AUDIT_FACTS].s;
	_Alignas(16) uint8_t scratch[256];
	struct krux_decode_error why;
	struct krux_pool *pool;
	struct replay *p = ctx;
	struct krux_answer a;
	struct krux_value v;
	int cap;

	(void)e;
	if (!record_has(r, AUDIT_VERDICT))
		return 0;
	pool = krux_pool_new(0);
	p->facts = NULL;
	if (record_has(r, AUDIT_FACTS)) {
		ck_assert(krux_cbor_read(pool, (const uint8_t *)facts.p, facts.n, &v, NULL));
		p->facts = &v;
	}
	cap = p->abi->find(name.p, (uint32_t)name.n);
	ck_assert_int_ge(cap, 0);
	ck_assert(p->abi->decode((uint32_t)cap, (const uint8_t *)args.p, (uint32_t)args.n, scratch, &why));
	a = p->abi->decide((uint32_t)cap, agent.p, (uint32_t)agent.n, scratch, recorded, p);
	ck_assert_uint_eq(a.failed, 0);
	ck_assert_uint_eq(a.verdict, r->field[AUDIT_VERDICT].u);
	ck_assert_uint_eq(a.would, r->field[AUDIT_WOULD].u);
	p->decided++;
	krux_pool_free(pool);
	return 0;
}

START_TEST(records_replay)
{
	struct replay p = { .abi = NULL };
	struct loaded *l;

	for (int i = 0; i < 4; i++)
		call("mail.send", "{\"to\":\"x\",\"size\":40}");
	call("files.walk", "{\"path\":\"/workspace/ask\"}");
	call("files.read", "{\"path\":\"/workspace/a\"}");
	call("mail.send", "{\"to\":\"x\",\"size\":1}");
	call("files.read", "{\"path\":\"/etc\"}");
	l = loaded_open(bundle_path, state.trust, false, &err);
	ck_assert_msg(l != NULL, "%s", err.text);
	ck_assert_uint_le(l->abi->scratch, 256);
	p.abi = l->abi;
	ck_assert_msg(!reader_each(state.log, replay_one, &p, &err), "%s", err.text);
	ck_assert_uint_eq(p.decided, 8);
	loaded_close(l);
}
END_TEST

/* ---- paths below a pruned tree ---- */

START_TEST(paths_below_are_decided)
{
	static const char *const asks[] = { "/workspace/a", "/workspace/secret", "/workspace/secret/x", "/workspace/ask", "/etc",
		                            "/workspace/loud", "relative", "", "/workspace", "/workspace/b/c", NULL };

	runner.asks = asks;
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace\"}"), 0);
	ck_assert_str_eq(runner.allowed, "YNNNNNNNYY");
	memset(runner.allowed, 0, sizeof runner.allowed);
	/* A call that is only let through with a notice does not hide below one that is not. */
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace/loud\"}"), 0);
	ck_assert_str_eq(runner.allowed, "YNNNNYNNYY");
}
END_TEST

/* ---- trust ---- */

START_TEST(only_trusted_bundles)
{
	struct krux_secret_key dev;
	struct gate *g;
	bool untrusted;

	bundle(&stranger, 1, "UTC");
	ck_assert_ptr_null(open_gate("builder", true, &untrusted));
	ck_assert(untrusted);
	krux_key_development(&dev);
	bundle(&dev, 1, "UTC");
	ck_assert_ptr_null(open_gate("builder", false, &untrusted));
	ck_assert(untrusted);
	g = open_gate("builder", true, &untrusted);
	ck_assert_msg(g != NULL, "%s", err.text);
	ck_assert(gate_is_dev(g));
	gate_close(g);
}
END_TEST

START_TEST(serials_do_not_go_back)
{
	struct gate *g;
	bool untrusted;

	bundle(&key, 5, "UTC");
	gate_close(open_gate("builder", false, &untrusted));
	bundle(&key, 4, "UTC");
	ck_assert_ptr_null(open_gate("builder", false, &untrusted));
	ck_assert(untrusted);
	ck_assert_msg(strstr(err.text, "older than 5") != NULL, "%s", err.text);
	bundle(&key, 5, "Europe/London");
	g = open_gate("builder", false, &untrusted);
	ck_assert_msg(g != NULL, "%s", err.text);
	gate_close(g);
	ck_assert_uint_eq(records(AUDIT_KIND_BUNDLE), 2);
	gate_close(open_gate("builder", false, &untrusted));
	ck_assert_uint_eq(records(AUDIT_KIND_BUNDLE), 2);
}
END_TEST

START_TEST(changed_bundles_are_refused)
{
	struct stat st;
	uint8_t *p;
	FILE *f;

	ck_assert_int_eq(stat(bundle_path, &st), 0);
	p = malloc((size_t)st.st_size);
	f = fopen(bundle_path, "re");
	ck_assert_uint_eq(fread(p, 1, (size_t)st.st_size, f), (size_t)st.st_size);
	fclose(f);
	for (long i = 0; i < st.st_size; i += 97) {
		struct gate *g;
		bool untrusted;

		p[i] ^= 4;
		f = fopen(bundle_path, "we");
		fwrite(p, 1, (size_t)st.st_size, f);
		fclose(f);
		g = open_gate("builder", true, &untrusted);
		ck_assert_msg(!g && untrusted, "byte %ld", i);
		p[i] ^= 4;
	}
	free(p);
}
END_TEST

/* An unknown zone: no local time, and what asks for it is blocked. */
START_TEST(no_zone_blocks)
{
	bundle(&key, 1, "Mars/Olympus");
	ck_assert_int_eq(call("mail.send", "{\"to\":\"x\",\"size\":1}"), 1);
	ck_assert_msg(says("\"verdict\":\"blocked\"") && says("not known"), "%s", reply);
	ck_assert_int_eq(call("files.walk", "{\"path\":\"/workspace/a\"}"), 0);
}
END_TEST

/* ---- folders ---- */

START_TEST(workspace_must_not_reach_the_state)
{
	struct workspace w;
	char path[200];

	ck_assert_int_lt(workspace_open(&state, root, "builder", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, "/", "builder", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, state_path, "builder", &w, &err), 0);
	snprintf(path, sizeof path, "%s/log", state_path);
	ck_assert_int_lt(workspace_open(&state, path, "builder", &w, &err), 0);
	snprintf(path, sizeof path, "%s/workspaces", state_path);
	ck_assert_int_lt(workspace_open(&state, path, "builder", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, NULL, "..", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, NULL, ".hidden", &w, &err), 0);
	ck_assert_int_lt(workspace_open(&state, NULL, "a/b", &w, &err), 0);
	snprintf(path, sizeof path, "%s/link", root);
	ck_assert_int_eq(symlink(state_path, path), 0);
	ck_assert_int_lt(workspace_open(&state, path, "builder", &w, &err), 0);
	snprintf(path, sizeof path, "%s/w", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(workspace_open(&state, path, "builder", &w, &err), 0);
	ck_assert_int_ge(w.trash, 0);
	workspace_close(&w);
	/* The trust folder may lie elsewhere; so do bundle and sockets. */
	{
		char inside[220], place[240];
		const char *const places[] = { place, NULL };

		snprintf(inside, sizeof inside, "%s/trust", path);
		snprintf(place, sizeof place, "trust folder=%s", inside);
		state.places = places;
		ck_assert_int_lt(workspace_open(&state, path, "builder", &w, &err), 0);
		ck_assert_msg(strstr(err.text, "trust folder") && strstr(err.text, "in its reach"), "%s", err.text);
		ck_assert_int_eq(mkdir(inside, 0700), 0);
		ck_assert_int_lt(workspace_open(&state, inside, "builder", &w, &err), 0);
		state.places = NULL;
	}
	ck_assert_int_lt(workspace_open(&state, "/proc/self/fd", "builder", &w, &err), 0);
	ck_assert_msg(strstr(err.text, "the kernel's own") != NULL, "%s", err.text);
}
END_TEST

START_TEST(state_is_private)
{
	struct state s;

	ck_assert_int_lt(state_make(state_path, &s, &err), 0);
	ck_assert_int_eq(chmod(state_path, 0750), 0);
	ck_assert_int_lt(state_open(state_path, &s, &err), 0);
	ck_assert_int_eq(chmod(state_path, 0700), 0);
	ck_assert_int_eq(state_open(state_path, &s, &err), 0);
	state_close(&s);
	ck_assert_int_lt(state_open(root, &s, &err), 0);
}
END_TEST

START_TEST(trust_is_checked)
{
	char path[200];
	struct gate *g;
	bool untrusted;

	snprintf(path, sizeof path, "%s/trust/bundles", state_path);
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert_ptr_null(open_gate("builder", false, &untrusted));
	ck_assert_int_eq(chmod(path, 0755), 0);
	snprintf(path, sizeof path, "%s/trust/bundles/signer.pub", state_path);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_ptr_null(open_gate("builder", false, &untrusted));
	ck_assert_int_eq(chmod(path, 0644), 0);
	g = open_gate("builder", false, &untrusted);
	ck_assert_msg(g != NULL, "%s", err.text);
	gate_close(g);
	snprintf(path, sizeof path, "%s/trust/bundles/link.pub", state_path);
	ck_assert_int_eq(symlink("signer.pub", path), 0);
	ck_assert_ptr_null(open_gate("builder", false, &untrusted));
}
END_TEST

/* A log that cannot be written: nothing runs. */
START_TEST(no_record_no_act)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct gate_answer a;
	struct rlimit none = { 0, RLIM_INFINITY };
	struct gate *g;
	bool untrusted;

	g = open_gate("builder", false, &untrusted);
	ck_assert_msg(g != NULL, "%s", err.text);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	ck_assert_int_lt(gate_call(g, pool, KRUX_STR("files.read"), KRUX_STR("{\"path\":\"/workspace/a\"}"), &a, &err), 0);
	none.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	ck_assert_int_lt(gate_call(g, pool, KRUX_STR("files.read"), KRUX_STR("{\"path\":\"/workspace/a\"}"), &a, &err), 0);
	ck_assert_uint_eq(runner.calls, 0);
	gate_close(g);
	krux_pool_free(pool);
	ck_assert_int_eq(call("files.read", "{\"path\":\"/workspace/a\"}"), 0);
	ck_assert_int_eq(unlinkat(state.log, "head", 0), 0);
	ck_assert_ptr_null(open_gate("builder", false, &untrusted));
	ck_assert(!untrusted);
}
END_TEST

/* The same with a handler of the standard capabilities in its sandbox. */
START_TEST(real_handlers_run)
{
	const struct capability *stat = capability_find(calls_set(), KRUX_STR("filesystem.stat"));
	size_t n;
	uint8_t *p = tiny_object((const char *const[]){ "-DREAL", NULL }, &n);
	struct krux_str real = { (char *)p, n };
	struct krux_pool *pool = krux_pool_new(0);
	int fd;

	ck_assert(p && stat);
	ck_assert(tiny_bundle(bundle_path, &key, 2, "UTC", real, tiny_real_caps(stat->input, stat->output)));
	fd = openat(workspace.fd, "a", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_eq(write(fd, "hello\n", 6), 6);
	close(fd);
	runner.real = true;
	ck_assert_msg(call("filesystem.stat", "{\"path\":\"/workspace/a\"}") == 0, "%s", reply);
	ck_assert_msg(says("\"exists\":true") && says("\"size\":6") && says("\"type\":\"file\""), "%s", reply);
	find(pool, AUDIT_KIND_OUTCOME);
	ck_assert_msg(strstr(as_json(pool, found.field[AUDIT_LAYERS].s), "seccomp") != NULL, "%s",
	              as_json(pool, found.field[AUDIT_LAYERS].s));
	ck_assert_int_eq(call("filesystem.stat", "{\"path\":\"/workspace/b\"}"), 0);
	ck_assert_msg(says("\"exists\":false"), "%s", reply);
	ck_assert_int_eq(symlinkat("a", workspace.fd, "link"), 0);
	/* An error that this bundle does not declare is no answer. */
	ck_assert_int_eq(call("filesystem.stat", "{\"path\":\"/workspace/link/x\"}"), 3);
	ck_assert_msg(says("\"failed\":{\"how\":\"broken\""), "%s", reply);
	ck_assert_int_eq(call("filesystem.stat", "{\"path\":\"/workspace/secret\"}"), 1);
	ck_assert_uint_eq(records(AUDIT_KIND_OUTCOME), 3);
	krux_pool_free(pool);
	free(p);
}
END_TEST

/* Long arguments go to a blob, and verify knows it. */
START_TEST(long_arguments_go_to_a_blob)
{
	char *json = malloc(8192);
	struct verify_report r;

	/* 4,094 bytes of path and the head of the map: beyond what stands in the record itself. */
	strcpy(json, "{\"path\":\"/workspace/");
	memset(json + 20, 'a', 9 + 4096 - 20);
	strcpy(json + 9 + 4096, "\"}");
	ck_assert_int_eq(call("files.walk", json), 0);
	r = report();
	ck_assert_uint_eq(r.blobs, 1);
	verify_free(&r);
	free(json);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tc = tcase_create("gate");
	SRunner *sr;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, once, finally);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, autonomous_runs);
	tcase_add_test(tc, notify_runs_and_is_recorded);
	tcase_add_test(tc, blocked_does_not_run);
	tcase_add_test(tc, approval_is_deferred);
	tcase_add_test(tc, invalid_is_recorded);
	tcase_add_test(tc, ends_are_told);
	tcase_add_test(tc, labels_stick_to_the_workspace);
	tcase_add_test(tc, denied_calls_leave_no_label);
	tcase_add_test(tc, rates_count_intents_of_the_agent);
	tcase_add_test(tc, budgets_add_up);
	tcase_add_test(tc, failures_count);
	tcase_add_test(tc, death_leaves_unknown);
	tcase_add_test(tc, records_say_all);
	tcase_add_test(tc, records_replay);
	tcase_add_test(tc, paths_below_are_decided);
	tcase_add_test(tc, only_trusted_bundles);
	tcase_add_test(tc, serials_do_not_go_back);
	tcase_add_test(tc, changed_bundles_are_refused);
	tcase_add_test(tc, no_zone_blocks);
	tcase_add_test(tc, workspace_must_not_reach_the_state);
	tcase_add_test(tc, state_is_private);
	tcase_add_test(tc, trust_is_checked);
	tcase_add_test(tc, no_record_no_act);
	tcase_add_test(tc, real_handlers_run);
	tcase_add_test(tc, long_arguments_go_to_a_blob);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
