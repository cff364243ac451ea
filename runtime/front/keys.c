/* kruxrt keys: whose signatures count. A key counts while it lies in the trust folder and no record has taken it back:
 * a record comes first, then the file, so that what ends half way trusts nobody more. */
#include "runtime/front/ctl.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/bundle/trust.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
"kruxrt keys add F.pub --role ROLE --operator KEY --trust DIR|--state DIR\n"
"kruxrt keys revoke NAME --role ROLE --operator KEY --trust DIR|--state DIR\n"
"kruxrt keys list --trust DIR|--state DIR\n"
"\n"
"Who may approve calls, operate the daemon and sign bundles. Adding and taking\n"
"back is signed by an operator and recorded, and counts from then on: what a key\n"
"has signed that is taken back lets no waiting call run any more.\n"
"\n"
"  --role ROLE       approver, operator or bundle\n"
"  --operator KEY    the operator's secret key\n"
"  --trust DIR       the trust folder of the daemon that runs\n"
"  --socket PATH     its supervisor socket\n"
"  --state DIR       without a daemon: of a stopped one\n"
"  --json            print JSON\n"
"\n"
"Exit: 0 done; 1 refused; 2 wrong usage; 3 the system failed.\n";

struct keys {
	struct act_place place;
	const char *trust, *role_word, *operand[2];
	size_t n;
	bool json, help;
	enum trust_role role;
	int folder;                    /* the trust folder */
};

static int keys_fail(int code, const char *what, const char *why)
{
	fprintf(stderr, "kruxrt keys %s: ", what);
	screen_puts(stderr, why);
	fputc('\n', stderr);
	return code;
}

/* ---- acts ---- */

static struct record key_record(const struct keys *k, const struct krux_public_key *key, const char *action)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_KEY);
	record_bytes(&r, AUDIT_KEY, key->key, sizeof key->key);
	record_text(&r, AUDIT_ROLE, trust_role_word(k->role));
	record_text(&r, AUDIT_NAME, key->name);
	record_text(&r, AUDIT_ACTION, action);
	return r;
}

static int done(const struct keys *k, const char *what, const char *name, uint64_t seq)
{
	if (k->json)
		printf("{\"record\":%llu}\n", (unsigned long long)seq);
	else
		printf("%s %s %s (record %llu)\n", what, trust_role_word(k->role), name, (unsigned long long)seq);
	return EXIT_YES;
}

/* The place of NAME among the keys of the role; n: it is not there. */
static size_t key_place(const struct krux_public_key *key, size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && strcmp(key[i].name, name) != 0)
		i++;
	return i;
}

static int keys_add(const struct keys *k, const struct krux_public_key *key, size_t n)
{
	struct krux_refusal why = { "", "" };
	struct krux_err err = { 0 };
	struct krux_public_key one;
	enum supervisor_result result;
	struct record r;
	uint64_t seq = 0;

	if (!krux_key_public_read(k->operand[1], &one, &why)) {
		err_set(&err, 0, "%s: %s", k->operand[1], why.why);
		return keys_fail(EXIT_USAGE, "add", err.text);
	}
	if (one.dev)
		return keys_fail(EXIT_NO, "add", "everybody has the development key");
	if (key_place(key, n, one.name) < n)
		return keys_fail(EXIT_NO, "add", "a key of this name is trusted already: revoke it first");
	if (n == TRUST_KEYS)
		return keys_fail(EXIT_NO, "add", "there are too many keys");
	r = key_record(k, &one, "add");
	result = act_do(&k->place, &r, &seq, &err);
	if (result)
		return supervisor_fail("keys add", result, &err);
	if (trust_add(k->folder, k->role, &one, &err)) {
		err_wrap(&err, "recorded, but it counts only when its file is in the trust folder");
		return keys_fail(EXIT_SYSTEM, "add", err.text);
	}
	return done(k, "added", one.name, seq);
}

static int keys_revoke(const struct keys *k, const struct krux_public_key *key, size_t n)
{
	size_t i = key_place(key, n, k->operand[1]);
	enum supervisor_result result;
	struct krux_err err = { 0 };
	struct record r;
	uint64_t seq = 0;

	if (i == n)
		return keys_fail(EXIT_NO, "revoke", "no key of this name is trusted for that");
	if (k->role == TRUST_OPERATOR && n == 1)
		return keys_fail(EXIT_NO, "revoke", "it is the last operator's: nobody could undo anything any more");
	r = key_record(k, &key[i], "revoke");
	result = act_do(&k->place, &r, &seq, &err);
	if (result)
		return supervisor_fail("keys revoke", result, &err);
	if (trust_remove(k->folder, k->role, key[i].name, &err)) {
		err_wrap(&err, "taken back, though its file is still in the trust folder");
		return keys_fail(EXIT_SYSTEM, "revoke", err.text);
	}
	return done(k, "revoked", key[i].name, seq);
}

/* ---- list ---- */

static void keys_print(const struct keys *k, enum trust_role role, const struct krux_public_key *key, size_t n)
{
	char hex[2 * sizeof key->key + 1];

	for (size_t i = 0; i < n; i++) {
		krux_hex_write(key[i].key, sizeof key->key, hex);
		hex[2 * sizeof key->key] = 0;
		/* Names are of the characters that an agent's is of. */
		if (k->json)
			printf("{\"role\":\"%s\",\"name\":\"%s\",\"key\":\"%s\"}\n", trust_role_word(role), key[i].name, hex);
		else
			printf("%-9s %-20s %.16s\n", trust_role_word(role), key[i].name, hex);
	}
}

static int keys_list(const struct keys *k)
{
	if (!k->json)
		printf("%-9s %-20s %s\n", "ROLE", "NAME", "KEY");
	for (enum trust_role role = 0; role < TRUST_LOG; role++) {
		CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
		struct krux_err err = { 0 };
		struct krux_public_key *key;
		size_t n;

		if (!pool || trust_read(k->folder, role, pool, &key, &n, &err))
			return keys_fail(EXIT_SYSTEM, "list", pool ? err.text : "out of memory");
		keys_print(k, role, key, n);
	}
	return EXIT_YES;
}

/* ---- the command ---- */

static int keys_do(const struct keys *k)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
	struct krux_err err = { 0 };
	struct krux_public_key *key;
	size_t n;

	if (!strcmp(k->operand[0], "list"))
		return keys_list(k);
	if (!pool || trust_read(k->folder, k->role, pool, &key, &n, &err))
		return keys_fail(EXIT_SYSTEM, k->operand[0], pool ? err.text : "out of memory");
	return !strcmp(k->operand[0], "add") ? keys_add(k, key, n) : keys_revoke(k, key, n);
}

/* Before the first key is looked at; what is only listed needs no daemon. */
static enum supervisor_result begin(struct keys *k, const char *trust, struct supervisor *daemon, struct krux_err *err)
{
	const struct typed_place place[] = {
		{ .place = PLACE_CTL_TRUST, .path = trust },
		{ .place = PLACE_CTL_GIVEN, .path = !strcmp(k->operand[0], "add") ? k->operand[1] : NULL },
	};

	k->place.daemon = !strcmp(k->operand[0], "list") ? NULL : daemon;
	return ctl_begin(&k->place, place, sizeof place / sizeof *place, err);
}

static int keys_open(struct keys *k)
{
	CLEANUP(supervisor_close) struct supervisor daemon = { .stream.fd = -1 };
	CLEAN_FREE char *own = NULL;
	enum supervisor_result result;
	struct krux_err err = { 0 };
	char command[32];
	int code;

	if (!k->trust && asprintf(&own, "%s/trust", k->place.state) < 0)
		return keys_fail(EXIT_SYSTEM, k->operand[0], "out of memory");
	result = begin(k, k->trust ? k->trust : own, &daemon, &err);
	if (result) {
		snprintf(command, sizeof command, "keys %s", k->operand[0]);
		return supervisor_fail(command, result, &err);
	}
	k->folder = file_folder(k->trust ? k->trust : own, &err);
	if (k->folder < 0)
		return keys_fail(EXIT_USAGE, k->operand[0], err.text);
	code = keys_do(k);
	close(k->folder);
	return code;
}

static bool role_read(struct keys *k)
{
	for (k->role = 0; k->role < TRUST_LOG; k->role++)
		if (k->role_word && !strcmp(k->role_word, trust_role_word(k->role)))
			return true;
	return false;
}

/* What is missing or too much, or NULL. */
static const char *wrong(struct keys *k)
{
	bool list = !strcmp(k->operand[0], "list");

	if (!k->trust == !k->place.state)
		return "--trust DIR where a daemon runs, --state DIR where none does";
	if (k->place.socket && k->place.state)
		return "--socket is that of a daemon that runs";
	if (list)
		return NULL;
	if (!role_read(k))
		return "--role is approver, operator or bundle";
	return k->place.operator ? NULL : "--operator KEY says who does it";
}

int keys_command(int argc, char **argv)
{
	struct keys k = { .folder = -1 };
	const struct option_spec specs[] = {
		{ .name = "--role", .value = &k.role_word },
		{ .name = "--operator", .value = &k.place.operator },
		{ .name = "--trust", .value = &k.trust },
		{ .name = "--socket", .value = &k.place.socket },
		{ .name = "--state", .value = &k.place.state },
		{ .name = "--json", .flag = &k.json },
		{ .name = "--help", .flag = &k.help },
		{ .name = NULL },
	};
	const char *what, *why;

	if (!options_parse("keys", argc, argv, specs, k.operand, 2, &k.n))
		return EXIT_USAGE;
	if (k.help) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	what = k.n ? k.operand[0] : "";
	if (!(k.n == 1 && !strcmp(what, "list")) && !(k.n == 2 && (!strcmp(what, "add") || !strcmp(what, "revoke")))) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	why = wrong(&k);
	return why ? keys_fail(EXIT_USAGE, what, why) : keys_open(&k);
}
