/* kruxrt agents list, revoke and clear. */
#include "runtime/front/agents.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/base/uids.h"
#include "runtime/front/ctl.h"
#include "runtime/front/front.h"
#include "runtime/front/show.h"
#include "runtime/record/carry.h"
#include "runtime/record/log.h"

#include "capspec/canon.h"
#include "capspec/item.h"

#include <stdio.h>
#include <string.h>

/* ---- list ---- */

static const char *const auth_word[] = { "claimed", "key", "token", "uid" };

static struct krux_str text_copy(struct krux_pool *pool, struct krux_str s)
{
	return (struct krux_str){ krux_pool_copy(pool, s.p, s.n), s.n };
}

/* As the daemon says it, of a state where none runs. */
static struct krux_value agent_value(const struct carry *c, const struct carry_agent *a, struct krux_pool *pool)
{
	struct krux_member *m = krux_pool_get(pool, 9 * sizeof *m);
	const uint32_t runs_as = carry_runs_as(c, a->name, a->auth);
	char *hex = krux_pool_get(pool, 64);
	size_t n = 0;

	if (!m || !hex)
		return (struct krux_value){ .kind = KRUX_V_NULL };
	show_put_text(m, &n, "name", text_copy(pool, a->name));
	show_put_text(m, &n, "workspace", text_copy(pool, a->workspace));
	show_put_text(m, &n, "auth", (struct krux_str){ auth_word[a->auth & 3], strlen(auth_word[a->auth & 3]) });
	if (a->auth == AUDIT_AUTH_KEY) {
		krux_hex_write(a->proof, 32, hex);
		show_put_text(m, &n, "key", (struct krux_str){ hex, 64 });
	}
	if (a->auth == AUDIT_AUTH_PEER)
		show_put_uint(m, &n, "uid", a->uid);
	if (runs_as != AGENT_UID_NONE)
		show_put_uint(m, &n, "runs_as", runs_as);
	show_put(m, &n, "revoked", (struct krux_value){ .kind = KRUX_V_BOOL, .b = a->revoked });
	show_put(m, &n, "frozen", (struct krux_value){ .kind = KRUX_V_BOOL, .b = carry_frozen(c, a->name) });
	show_put_uint(m, &n, "record", a->seq);
	return (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
}

static enum supervisor_result list_state(const char *path, struct krux_pool *pool, struct krux_value *out,
                                         struct krux_err *err)
{
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	const struct log_options options = { .wait = false };
	struct krux_member *m = krux_pool_get(pool, sizeof *m);
	struct krux_value *item;
	const struct carry *c;
	struct log *log;
	size_t n = 0;

	if (state_open(path, &state, err))
		return SUPERVISOR_FAILED;
	log = log_open(state.log, state.blobs, &options, err);
	if (!log)
		return SUPERVISOR_FAILED;
	c = log_carry(log);
	item = krux_pool_get(pool, (carry_agents(c) + 1) * sizeof *item);
	for (size_t i = 0; item && i < carry_agents(c); i++)
		item[i] = agent_value(c, carry_agent(c, i), pool);
	if (item && m)
		show_put(m, &n, "agents", (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, carry_agents(c) } });
	log_close(log);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	if (n)
		return SUPERVISOR_OK;
	err_set(err, 0, "out of memory");
	return SUPERVISOR_FAILED;
}

static enum supervisor_result list_daemon(struct supervisor *s, struct krux_pool *pool, struct krux_value *out,
                                          struct krux_err *err)
{
	struct frame q = { .kind = FRAME_S_AGENTS };
	enum supervisor_result result = supervisor_greet(s, err);

	return result ? result : supervisor_json(s, &q, pool, out, err);
}

static void agent_print(const struct krux_value *a, bool uids)
{
	char proof[96];

	if (show_text(a, "key").n)
		snprintf(proof, sizeof proof, "key %.8s", show_text(a, "key").p);
	else if (krux_str_eq(show_text(a, "auth"), KRUX_STR("uid")))
		snprintf(proof, sizeof proof, "uid %llu", (unsigned long long)show_uint(a, "uid"));
	else
		snprintf(proof, sizeof proof, "%.*s", (int)(show_text(a, "auth").n & 63), show_text(a, "auth").p);
	show_cell(stdout, show_text(a, "name"), 20);
	putchar(' ');
	show_cell(stdout, (struct krux_str){ proof, strlen(proof) }, 14);
	printf(" %-8s ", show_bool(a, "revoked") ? "revoked" : show_bool(a, "frozen") ? "frozen" : "active");
	if (uids && show_uint(a, "runs_as"))
		printf("%-10llu ", (unsigned long long)show_uint(a, "runs_as"));
	else if (uids)
		printf("%-10s ", "-");
	show_cell(stdout, show_text(a, "workspace"), 0);
	putchar('\n');
}

int agents_list(const struct agents *a)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new((size_t)256 << 20);
	const struct krux_value *item;
	enum supervisor_result result;
	struct krux_err err = { 0 };
	struct krux_value v;
	bool uids = false;     /* calls run as their agents' */
	size_t n;

	if (!pool)
		return agents_fail("list", "out of memory");
	result = ctl_begin(&a->place, NULL, 0, &err);
	if (!result)
		result = a->place.state ? list_state(a->place.state, pool, &v, &err)
		                        : list_daemon(a->place.daemon, pool, &v, &err);
	if (result)
		return supervisor_fail("agents list", result, &err);
	if (a->json)
		return show_json(&v, stdout) ? EXIT_SYSTEM : EXIT_YES;
	item = show_list(&v, "agents", &n);
	for (size_t i = 0; i < n; i++)
		uids |= show_uint(&item[i], "runs_as") != 0;
	printf("%-20s %-14s %-8s %s%s\n", "AGENT", "KNOWN BY", "STATE", uids ? "RUNS AS    " : "", "WORKSPACE");
	for (size_t i = 0; i < n; i++)
		agent_print(&item[i], uids);
	return EXIT_YES;
}

/* ---- acts ---- */

static int act(const struct agents *a, const char *command, struct record *r, const char *done)
{
	enum supervisor_result result;
	struct krux_err err = { 0 };
	uint64_t seq = 0;

	result = ctl_begin(&a->place, NULL, 0, &err);
	if (!result)
		result = act_do(&a->place, r, &seq, &err);
	if (result)
		return supervisor_fail(command, result, &err);
	if (a->json) {
		printf("{\"record\":%llu}\n", (unsigned long long)seq);
		return EXIT_YES;
	}
	fputs(done, stdout);
	screen_puts(stdout, a->operand[1]);
	printf(" (record %llu)\n", (unsigned long long)seq);
	return EXIT_YES;
}

int agents_revoke(const struct agents *a)
{
	struct record r = { 0 };

	if (!krux_agent_valid((struct krux_str){ a->operand[1], strlen(a->operand[1]) }))
		return agents_fail("revoke", "an agent is 1 to 64 of a-z 0-9 . _ -");
	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, a->operand[1]);
	record_text(&r, AUDIT_ACTION, "revoke");
	return act(a, "agents revoke", &r, "revoked ");
}

int agents_clear(const struct agents *a)
{
	uint8_t labels[4096];
	struct item_out o = { labels, sizeof labels, 0 };
	struct record r = { 0 };

	if (a->n < 3)
		return agents_fail("clear", "a workspace, as agents list shows it, and the labels to take off");
	if (!a->reason || !*a->reason)
		return agents_fail("clear", "--reason TEXT says why; it is recorded");
	item_head(&o, ITEM_LIST, a->n - 2);
	for (size_t i = 2; i < a->n; i++)
		item_text(&o, a->operand[i]);
	if (o.n > sizeof labels)
		return agents_fail("clear", "these are too many labels");
	record_set(&r, AUDIT_KIND, AUDIT_KIND_CLEAR);
	record_text(&r, AUDIT_WORKSPACE, a->operand[1]);
	record_bytes(&r, AUDIT_LABELS, labels, o.n);
	record_text(&r, AUDIT_WHY, a->reason);
	return act(a, "agents clear", &r, "cleared labels of ");
}
