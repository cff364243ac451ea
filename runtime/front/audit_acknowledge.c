/* kruxrt audit acknowledge: an operator knows that records are lost, or the file that says how many there were. Until
 * then nothing is recorded, so nothing is done. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/bundle/trust.h"
#include "runtime/front/audit_open.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/record/carry.h"
#include "runtime/record/expected.h"
#include "runtime/record/log.h"
#include "runtime/record/log_key.h"

#include "capspec/guard.h"
#include "capspec/item.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

struct loss {
	uint64_t records;            /* that were there; 0: none are known to be lost */
	bool head;                   /* log/head is: there may have been more */
	struct expected is;          /* what was signed */
};

/* What the log's key has signed, beside what log/head knows. */
static int loss_find(const struct state *s, struct log *log, struct loss *out, struct krux_err *err)
{
	CLEAN_FD int keys = file_open(s->fd, "keys", O_PATH | O_DIRECTORY, 0, err);      /* one of them can be opened */
	struct krux_refusal why = { "", "" };
	struct krux_secret_key secret;
	struct krux_public_key key;

	*out = (struct loss){ 0 };
	if (!krux_guard(&why))
		return err_set(err, errno, "%s", why.why);
	if (keys < 0 || log_key_open(keys, &secret, err))
		return -1;
	krux_key_public(&secret, &key);
	krux_key_wipe(&secret);
	if (expected_check(log, s->log, s->blobs, s->fd, &key, &out->is, err))
		return -1;
	out->records = log_alarm(log);
	out->head = log_headless(log);
	return 0;
}

/* Only a key that the trust folder has for an operator. */
static int operator_read(const struct state *s, const char *path, struct krux_secret_key *secret,
                         struct krux_public_key *public, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
	struct krux_refusal why = { "", "" };
	struct krux_public_key *key;
	size_t n;

	if (!krux_guard(&why) || !krux_key_secret_read(path, secret, &why))
		return err_set(err, 0, "%s: %s", path, why.why);
	krux_key_public(secret, public);
	if (!pool || trust_read(s->trust, TRUST_OPERATOR, pool, &key, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!memcmp(key[i].key, public->key, sizeof public->key) && !strcmp(key[i].name, public->name))
			return 0;
	return err_set(err, 0, "%s: this is no key of an operator that the state folder trusts", path);
}

static int act_append(struct log *log, const struct loss *loss, const char *reason,
                      const struct krux_secret_key *secret, const struct krux_public_key *public,
                      uint64_t *seq, struct krux_err *err)
{
	uint8_t nonce[16], body[4096], list[256], signature[KRUX_SIGNATURE];
	struct item_out o = { list, sizeof list, 0 };
	struct record r = { 0 };
	size_t n;

	randombytes_buf(nonce, sizeof nonce);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_ACKNOWLEDGED);
	record_text(&r, AUDIT_WHY, reason);
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	if (loss->head)
		record_text(&r, AUDIT_ACTION, "head");
	if (loss->records)
		record_set(&r, AUDIT_TREE, loss->records);
	if (loss->is.other || (loss->records && loss->is.records == loss->records))
		record_bytes(&r, AUDIT_ROOT, loss->is.root, HASH_LEN);
	n = record_encode_body(&r, body, sizeof body);
	if (!n || !krux_key_sign(secret, "krux/operator/1", (struct krux_str){ (char *)body, n }, signature))
		return err_set(err, 0, "the reason is too long");
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, public->name);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)public->key, sizeof public->key });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)signature, sizeof signature });
	record_bytes(&r, AUDIT_SIGNERS, list, o.n);
	return log_append(log, &r, seq, NULL, err);
}

#define U(x) ((unsigned long long)(x))

/* ends: how many records the log has. */
static void loss_print(const struct loss *loss, uint64_t ends)
{
	if (loss->is.other)
		printf("the first %llu records are not those that were signed", U(loss->is.records));
	else if (loss->records)
		printf("the log had at least %llu records and ends after %llu", U(loss->records), U(ends));
	else
		printf("the log ends after %llu records", U(ends));
	if (!loss->head)
		return;
	printf("; log/head is lost, so that whether more followed is not known");
	if (!loss->records && loss->is.records)
		printf(": nothing is missing up to record %llu, which its key has signed last", U(loss->is.records - 1));
}

/* A daemon that lost the head under its feet writes on, and no lock on the new one would tell. */
static int state_lock(const struct state *s, struct krux_err *err)
{
	const struct timespec pause = { 0, 20000000 };

	for (int tries = 0; flock(s->fd, LOCK_EX | LOCK_NB); tries++) {
		if (errno == EWOULDBLOCK && tries == 25)
			return err_set(err, 0, "a daemon serves this state: end it first");
		if (errno == EWOULDBLOCK)
			nanosleep(&pause, NULL);
		else if (errno != EINTR)
			return err_set(err, errno, "lock the state");
	}
	return 0;
}

static int acknowledge(const struct state *s, const char *key, const char *reason, int *code,
                       struct krux_err *err)
{
	const struct log_options options = { .alarm = true };
	struct log *log = state_lock(s, err) ? NULL : log_open(s->log, s->blobs, &options, err);
	struct krux_public_key public;
	struct krux_secret_key secret;
	struct loss loss;
	uint64_t ends, seq;
	int rc;

	if (!log)
		return -1;
	rc = loss_find(s, log, &loss, err);
	ends = carry_next(log_carry(log));
	if (!rc && !loss.records && !loss.head) {
		puts("no records are known to be lost");
		*code = EXIT_NO;
	} else if (!rc) {
		rc = operator_read(s, key, &secret, &public, err);
		if (!rc)
			rc = act_append(log, &loss, reason, &secret, &public, &seq, err);
		krux_key_wipe(&secret);
	}
	if (!rc && (loss.records || loss.head)) {
		loss_print(&loss, ends);
		printf("\nacknowledged by %s in record %llu\n", public.name, U(seq));
		*code = EXIT_YES;
	}
	log_close(log);
	return rc;
}

int audit_acknowledge(int argc, char **argv)
{
	const char *path = NULL, *key = NULL, *reason = NULL, *operand[1];
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path },
		{ .name = "--key", .value = &key },
		{ .name = "--reason", .value = &reason },
		{ .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	struct krux_err err = { 0 };
	const char *given[2] = { NULL };
	struct audit_opening opening = { .given = given, .writes = AUDIT_APPENDS };
	int code = EXIT_SYSTEM;
	size_t n;

	if (!options_parse("audit", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	if (!path || !key || !reason || !*reason) {
		fputs("kruxrt audit acknowledge: --state DIR, --key FILE and --reason TEXT are needed\n", stderr);
		return EXIT_USAGE;
	}
	opening.state = path;
	given[0] = key;
	if (!audit_open(&opening, &state, &err) && !acknowledge(&state, key, reason, &code, &err))
		return code;
	fputs("kruxrt audit acknowledge: ", stderr);
	screen_puts(stderr, err.text);
	fputc('\n', stderr);
	return state.path ? EXIT_SYSTEM : EXIT_USAGE;
}
