/* kruxrt init: a state folder with the first keys and the beginning of the log. */
#include "runtime/front/front.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/bundle/trust.h"
#include "runtime/front/options.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/log.h"
#include "runtime/record/log_key.h"

#include "capspec/canon.h"
#include "capspec/guard.h"
#include "capspec/version.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
"kruxrt init --state DIR [--key NAME.pub]...\n"
"\n"
"Makes the state folder: log, blobs, trust, keys, trash and workspaces, readable\n"
"by you alone. Makes the operator's key and that of the first approver, in\n"
"DIR/keys, and trusts them. Their secret halves are better kept elsewhere. Makes\n"
"the log's own key, with which checkpoints are signed, and prints the name by\n"
"which a witness is told of it.\n"
"\n"
"  --state DIR       the folder to make; refused where it is there and not empty\n"
"  --key NAME.pub    a key that may sign bundles, made by kruxc keygen; may be\n"
"                    given often\n"
"\n"
"Exit: 0 made; 2 wrong usage, or it is there; 3 the system failed.\n";

enum { MAX_KEYS = 16 };

struct init {
	struct state state;
	struct log *log;
};

static int fail(int code, const struct krux_err *err)
{
	fputs("kruxrt init: ", stderr);
	screen_puts(stderr, err->text);
	fputc('\n', stderr);
	return code;
}

/* A name that no other log has. */
static void origin_name(char out[static 64])
{
	uint8_t random[8];
	char hex[17];

	randombytes_buf(random, sizeof random);
	krux_hex_write(random, sizeof random, hex);
	hex[16] = 0;
	snprintf(out, 64, "krux/%s", hex);
}

static int key_trust(struct init *in, enum trust_role role, const struct krux_public_key *key,
                     struct krux_err *err)
{
	struct record r = { 0 };

	if (trust_add(in->state.trust, role, key, err))
		return -1;
	record_set(&r, AUDIT_KIND, AUDIT_KIND_KEY);
	record_bytes(&r, AUDIT_KEY, key->key, sizeof key->key);
	record_text(&r, AUDIT_ROLE, trust_role_word(role));
	record_text(&r, AUDIT_NAME, key->name);
	return log_append(in->log, &r, NULL, NULL, err);
}

/* A new pair: the secret half in keys/, the public half trusted. */
static int key_make(struct init *in, enum trust_role role, const char *name, struct krux_err *err)
{
	struct krux_refusal why = { "", "" };
	struct krux_secret_key secret;
	struct krux_public_key public;
	CLEAN_FREE char *stem = NULL;
	bool ok;

	if (asprintf(&stem, "%s/keys/%s", in->state.path, name) < 0)
		return err_set(err, 0, "out of memory");
	ok = krux_key_generate(name, false, &secret, &why) &&
	     krux_key_files_write(stem, &secret, &why);
	krux_key_public(&secret, &public);
	krux_key_wipe(&secret);
	if (!ok)
		return err_set(err, 0, "%s: %s", why.where, why.why);
	return key_trust(in, role, &public, err);
}

/* The key of the log: its secret half is the recorder's. */
static int log_key_make(struct init *in, char vkey[static NOTE_KEY_TEXT + 1], const char *origin,
                        struct krux_err *err)
{
	CLEAN_FD int keys = file_open(in->state.fd, "keys", O_RDONLY | O_DIRECTORY, 0, err);
	struct krux_secret_key secret;
	struct krux_public_key public;
	struct note_key note;

	if (keys < 0 || file_create(keys, "log.key", 0600, "", 0, err) || log_key_open(keys, &secret, err))
		return -1;
	krux_key_public(&secret, &public);
	krux_key_wipe(&secret);
	if (!log_note_key(&note, (struct krux_str){ origin, strlen(origin) }, public.key))
		return err_set(err, 0, "%s: no name for a log", origin);
	vkey[note_key_text(&note, vkey)] = 0;
	return key_trust(in, TRUST_LOG, &public, err);
}

static int keys_read(const char *const *path, struct krux_public_key *out, size_t *n,
                     struct krux_err *err)
{
	struct krux_refusal why = { "", "" };

	for (*n = 0; path[*n]; ++*n)
		if (!krux_key_public_read(path[*n], &out[*n], &why))
			return err_set(err, 0, "%s: %s", path[*n], why.why);
	return 0;
}

static int init_make(struct init *in, const char *path, const struct krux_public_key *key,
                     size_t nkeys, struct krux_err *err)
{
	char origin[64], vkey[NOTE_KEY_TEXT + 1];
	struct krux_refusal why = { "", "" };

	if (!krux_guard(&why))
		return err_set(err, errno, "%s", why.why);
	origin_name(origin);
	if (log_create(in->state.log, origin, "kruxrt " KRUX_VERSION, err))
		return -1;
	in->log = log_open(in->state.log, in->state.blobs, NULL, err);
	if (!in->log || key_make(in, TRUST_OPERATOR, "operator", err) ||
	    key_make(in, TRUST_APPROVER, "approver", err) || log_key_make(in, vkey, origin, err))
		return -1;
	for (size_t i = 0; i < nkeys; i++)
		if (key_trust(in, TRUST_BUNDLE, &key[i], err))
			return -1;
	printf("made %s\n  log       %s\n  witnesses know it as %s\n  operator  keys/operator.key\n"
	       "  approver  keys/approver.key\n",
	       path, origin, vkey);
	for (size_t i = 0; i < nkeys; i++)
		printf("  bundles   signed with %s%s\n", key[i].name,
		       key[i].dev ? " (a development key: --dev only)" : "");
	if (!nkeys)
		puts("  bundles   none are trusted yet: copy NAME.pub to trust/bundles, or use "
		     "--dev");
	return 0;
}

int init_command(int argc, char **argv)
{
	const char *path = NULL, *keys[MAX_KEYS + 1] = { NULL };
	bool wants_help = false;
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path },
		{ .name = "--key", .list = keys, .nlist = MAX_KEYS + 1 },
		{ .name = "--help", .flag = &wants_help },
		{ .name = NULL },
	};
	struct krux_public_key key[MAX_KEYS];
	struct krux_err err = { 0 };
	struct init in = { 0 };
	const char *operand[1];
	size_t n, nkeys;
	int rc;

	if (!options_parse("init", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	if (wants_help) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	if (!path) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	if (keys_read(keys, key, &nkeys, &err))
		return fail(EXIT_USAGE, &err);
	if (state_make(path, &in.state, &err))
		return fail(EXIT_USAGE, &err);
	rc = init_make(&in, path, key, nkeys, &err);
	log_close(in.log);
	state_close(&in.state);
	return rc ? fail(EXIT_SYSTEM, &err) : EXIT_YES;
}
