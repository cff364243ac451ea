/* kruxrt agents add: a name, its proof and its folder to a signed record; and what the name gains. */
#include "runtime/front/agents.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/ctl.h"
#include "runtime/front/folders.h"
#include "runtime/front/front.h"
#include "runtime/front/places.h"
#include "runtime/front/rights.h"
#include "runtime/front/show.h"

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/guard.h"
#include "capspec/key.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SECRET = 32, TOKEN = 11 + 2 * SECRET + 1 };
static const char prefix[] = "krux-token-";

struct adding {
	const struct agents *a;
	struct krux_str name;
	struct record record;
	char token[TOKEN];             /* "": none */
	struct krux_public_key key;
	uint8_t hash[KRUX_SHA256];
	char *workspace;
	char *bundle;                  /* path; NULL: none is known */
	uint64_t uid, seq;
	struct rights rights;
	bool has_rights, compared, other_bundle;
};

static void adding_free(struct adding *d)
{
	sodium_memzero(d->token, sizeof d->token);
	free(d->workspace);
	free(d->bundle);
}

/* ---- proofs ---- */

static void token_make(struct adding *d)
{
	static const char domain[] = FRAME_DOMAIN_TOKEN;
	uint8_t secret[SECRET];
	struct krux_str part[2] = { { domain, sizeof domain }, { d->token, TOKEN - 1 } };

	randombytes_buf(secret, sizeof secret);
	memcpy(d->token, prefix, sizeof prefix - 1);
	krux_hex_write(secret, sizeof secret, d->token + sizeof prefix - 1);
	sodium_memzero(secret, sizeof secret);
	krux_sha256_parts(part, 2, d->hash);
	record_set(&d->record, AUDIT_AUTH, AUDIT_AUTH_TOKEN);
	record_bytes(&d->record, AUDIT_TOKEN, d->hash, sizeof d->hash);
}

static const char *proof_make(struct adding *d, struct krux_refusal *why)
{
	const struct agents *a = d->a;

	if (a->token) {
		if (!krux_guard(why))
			return why->why;
		token_make(d);
		return NULL;
	}
	if (a->key) {
		if (!krux_key_public_read(a->key, &d->key, why))
			return why->why;
		record_set(&d->record, AUDIT_AUTH, AUDIT_AUTH_KEY);
		record_bytes(&d->record, AUDIT_KEY, d->key.key, sizeof d->key.key);
		return NULL;
	}
	record_set(&d->record, AUDIT_AUTH, AUDIT_AUTH_PEER);
	record_set(&d->record, AUDIT_UID, d->uid);
	return NULL;
}

/* What can be said of a command line alone. */
static const char *wrong(struct adding *d)
{
	const struct agents *a = d->a;
	krux_i128 uid = 0;
	const char *no;

	if (!krux_agent_valid(d->name))
		return "an agent is 1 to 64 of a-z 0-9 . _ -";
	if (a->token + !!a->key + !!a->uid != 1)
		return "--token, --key F.pub or --uid N: one of them says how the agent is known";
	if (a->uid && (!krux_read_integer((struct krux_str){ a->uid, strlen(a->uid) }, &uid, &no) || uid < 0 ||
	               uid >= (krux_i128)UINT32_MAX))
		return "--uid: a number of a user";
	d->uid = (uint64_t)uid;
	if (a->missing && strcmp(a->missing, FOLDERS_FEATURE) != 0)
		return "--allow-missing: of an agent's folder it is " FOLDERS_FEATURE " alone";
	return a->place.state || a->workspace ? NULL : "--workspace DIR says which folder is the agent's";
}

/* ---- the folder ---- */

/* As root its calls run as a uid of its own, which the folder has to allow. Of a daemon that is not root's too: it may be served by
 * root next time, and root can say that it need not. */
static int folder_maps(const struct adding *d, int fd, struct krux_err *err)
{
	CLEANUP(folders_close) struct folders f = FOLDERS_NONE;
	struct krux_err why = { 0 };

	if (geteuid() || !folders_try(&f, fd, &why))
		return 0;
	if (why.no != EOPNOTSUPP)
		return err_set(err, 0, "workspace %s: %s", d->workspace, why.text);
	if (d->a->missing)
		return 0;
	return err_set(err, 0, "workspace %.200s: %s. Take a folder elsewhere (ext4, xfs and btrfs have them), or let its calls run as "
	               "the folder's owner: --allow-missing " FOLDERS_FEATURE ", here and of kruxrt serve", d->workspace, why.text);
}

/* Of a daemon that runs, the gate looks at its places. */
static int folder_named(struct adding *d, struct krux_err *err)
{
	CLEAN_FD int fd = file_folder(d->a->workspace, err);

	d->workspace = fd < 0 ? NULL : file_path(fd, err);
	return d->workspace && !workspace_fits(fd, d->workspace, err) && !folder_maps(d, fd, err) ? 0 : -1;
}

/* Of a stopped one. */
static int folder_find(struct adding *d, struct krux_err *err)
{
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	CLEANUP(workspace_close) struct workspace w = { NULL, -1 };
	CLEANUP(places_free) struct places places = { .n = 0 };
	const struct agents *a = d->a;

	if (state_open(a->place.state, &state, err))
		return -1;
	if (!d->bundle && asprintf(&d->bundle, "%s/bundle.krux", state.path) < 0)
		return err_set(err, 0, "out of memory");
	if (places_add(&places, "bundle", d->bundle, err) || places_programs(&places, err))
		return -1;
	state.places = (const char *const *)places.text;
	if (workspace_open(&state, a->workspace, a->operand[1], &w, err))
		return -1;
	d->workspace = strdup(w.path);
	return d->workspace ? folder_maps(d, w.fd, err) : err_set(err, 0, "out of memory");
}

/* ---- what the name gains ---- */

static void rights_find(struct adding *d, struct krux_pool *pool)
{
	struct supervisor *s = d->a->place.daemon;
	struct krux_err err = { 0 };

	if (!d->bundle)
		return;
	if (rights_read(d->bundle, d->name, pool, &d->rights, &err)) {
		if (d->a->bundle)
			supervisor_fail("agents add", SUPERVISOR_FAILED, &err);
		return;
	}
	d->has_rights = true;
	if (d->a->place.state || supervisor_greet(s, &err))
		return;
	d->compared = true;
	d->other_bundle = memcmp(s->bundle, d->rights.digest, sizeof s->bundle) != 0;
}

static void rights_line(const struct rights *r, unsigned verdict, const char *word)
{
	unsigned column = 0;

	if (!r->n[verdict])
		return;
	printf("  %-18s", word);
	for (size_t i = 0; i < r->n[verdict]; i++) {
		if (column && column + r->cap[verdict][i].n > 76) {
			printf("\n  %-18s", "");
			column = 0;
		}
		printf("%s", column ? ", " : "");
		screen_put(stdout, r->cap[verdict][i]);
		column += (unsigned)r->cap[verdict][i].n + 2;
	}
	putchar('\n');
}

static void rights_print(const struct adding *d)
{
	const struct rights *r = &d->rights;

	if (!d->has_rights) {
		puts("what it may do: --bundle F shows it");
		return;
	}
	printf("what ");
	screen_put(stdout, d->name);
	printf(" may do under policy ");
	screen_put(stdout, r->policy);
	printf(", serial %llu%s, at best:\n", (unsigned long long)r->serial,
	       d->other_bundle ? " (NOT the one that decides now)" : "");
	rights_line(r, KRUX_AUTONOMOUS, "autonomous");
	rights_line(r, KRUX_NOTIFY, "notify");
	rights_line(r, KRUX_APPROVAL, "approval-required");
	if (r->n[KRUX_BLOCKED])
		printf("  %-18s%zu capabilities\n", "always blocked", r->n[KRUX_BLOCKED]);
}

static struct krux_value names_value(struct krux_pool *pool, const struct krux_str *name, size_t n)
{
	struct krux_value *item = krux_pool_get(pool, (n + 1) * sizeof *item);

	for (size_t i = 0; item && i < n; i++)
		item[i] = (struct krux_value){ .kind = KRUX_V_TEXT, .str = name[i] };
	return (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, item ? n : 0 } };
}

static struct krux_value rights_value(const struct adding *d, struct krux_pool *pool)
{
	const struct rights *r = &d->rights;
	struct krux_member *m = krux_pool_get(pool, 8 * sizeof *m);
	size_t n = 0;

	if (!m)
		return (struct krux_value){ .kind = KRUX_V_NULL };
	show_put_text(m, &n, "policy", r->policy);
	show_put_uint(m, &n, "serial", r->serial);
	if (d->compared)
		show_put(m, &n, "decides_now", (struct krux_value){ .kind = KRUX_V_BOOL, .b = !d->other_bundle });
	show_put(m, &n, "autonomous", names_value(pool, r->cap[KRUX_AUTONOMOUS], r->n[KRUX_AUTONOMOUS]));
	show_put(m, &n, "notify", names_value(pool, r->cap[KRUX_NOTIFY], r->n[KRUX_NOTIFY]));
	show_put(m, &n, "approval-required", names_value(pool, r->cap[KRUX_APPROVAL], r->n[KRUX_APPROVAL]));
	show_put(m, &n, "blocked", names_value(pool, r->cap[KRUX_BLOCKED], r->n[KRUX_BLOCKED]));
	return (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
}

/* ---- the whole ---- */

static int print_json(const struct adding *d, struct krux_pool *pool)
{
	struct krux_member m[8];
	struct krux_value v;
	size_t n = 0;

	show_put_text(m, &n, "name", d->name);
	show_put_text(m, &n, "workspace", (struct krux_str){ d->workspace, strlen(d->workspace) });
	show_put_text(m, &n, "auth", d->a->token ? KRUX_STR("token") : d->a->key ? KRUX_STR("key") : KRUX_STR("uid"));
	show_put_text(m, &n, "token", (struct krux_str){ d->token, strlen(d->token) });
	show_put_uint(m, &n, "record", d->seq);
	if (d->has_rights)
		show_put(m, &n, "rights", rights_value(d, pool));
	v = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	return show_json(&v, stdout) ? EXIT_SYSTEM : EXIT_YES;
}

static int print(const struct adding *d)
{
	fputs("added ", stdout);
	screen_put(stdout, d->name);
	printf(" (record %llu), workspace ", (unsigned long long)d->seq);
	screen_puts(stdout, d->workspace);
	putchar('\n');
	rights_print(d);
	if (d->token[0])
		printf("\nits token, shown this once; keep it in a file of mode 0600:\n%s\n", d->token);
	return EXIT_YES;
}

/* From here on nothing is opened but these: a key is what an agent has sent. */
static enum supervisor_result begin(const struct adding *d, struct krux_err *err)
{
	const struct typed_place place[] = {
		{ .place = PLACE_CTL_GIVEN, .path = d->a->key },
		{ .place = PLACE_CTL_GIVEN, .path = d->bundle },
	};

	return ctl_begin(&d->a->place, place, sizeof place / sizeof *place, err);
}

static int add(struct adding *d)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
	struct krux_refusal why = { "", "" };
	enum supervisor_result result;
	struct krux_err err = { 0 };
	const char *no;

	if (!pool)
		return agents_fail("add", "out of memory");
	if (d->a->bundle && !(d->bundle = strdup(d->a->bundle)))
		return agents_fail("add", "out of memory");
	/* Which folder it is takes no more than names. */
	if (d->a->place.state ? folder_find(d, &err) : folder_named(d, &err))
		return agents_fail("add", err.text);
	result = begin(d, &err);
	if (result)
		return supervisor_fail("agents add", result, &err);
	record_set(&d->record, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_str(&d->record, AUDIT_NAME, d->name);
	record_text(&d->record, AUDIT_ACTION, "add");
	no = proof_make(d, &why);
	if (no)
		return agents_fail("add", no);
	record_text(&d->record, AUDIT_WORKSPACE, d->workspace);
	rights_find(d, pool);   /* NOLINT(clang-analyzer-unix.Malloc): adding_free frees what d holds */
	result = act_do(&d->a->place, &d->record, &d->seq, &err);
	if (result)
		return supervisor_fail("agents add", result, &err);
	return d->a->json ? print_json(d, pool) : print(d);
}

int agents_add(const struct agents *a)
{
	struct adding d = { .a = a, .name = { a->operand[1], strlen(a->operand[1]) } };
	const char *no = wrong(&d);
	int code;

	code = no ? agents_fail("add", no) : add(&d);
	adding_free(&d);
	return code;
}
