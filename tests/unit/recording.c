/* A recorder to talk to. */
#include "tests/unit/recording.h"

#include "tests/unit/records.h"

#include "runtime/base/file.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/log.h"
#include "runtime/record/recorder.h"
#include "runtime/record/verify.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct state recording_state;
struct krux_err recording_err;
struct krux_secret_key operator_key, approver_key, stranger_key;
struct channel as_parent;
pid_t recording_pid;
const char *recording_alone;
struct agent_uids recording_uids;
struct krux_str appended;

static char root[64];
static const uint8_t bundle_digest[HASH_LEN] = { 1, 2, 3 };

static void trust_key(enum trust_role role, const char *name, struct krux_secret_key *key)
{
	struct krux_public_key public;

	ck_assert(krux_key_generate(name, false, key, NULL));
	krux_key_public(key, &public);
	ck_assert_msg(!trust_add(recording_state.trust, role, &public, &recording_err), "%s", recording_err.text);
}

void recording_setup(void)
{
	char path[80];
	int keys;

	strcpy(root, "/tmp/krux-recorder-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(path, sizeof path, "%s/state", root);
	ck_assert_msg(!state_make(path, &recording_state, &recording_err), "%s", recording_err.text);
	keys = file_open(recording_state.fd, "keys", O_RDONLY | O_DIRECTORY, 0, &recording_err);
	ck_assert(!file_create(keys, "log.key", 0600, "", 0, &recording_err));
	close(keys);
	trust_key(TRUST_OPERATOR, "operator", &operator_key);
	trust_key(TRUST_APPROVER, "anna", &approver_key);
	ck_assert(krux_key_generate("operator", false, &stranger_key, NULL));
	ck_assert_msg(!log_create(recording_state.log, "krux.test/1", "tests", &recording_err), "%s", recording_err.text);
	as_parent.fd = -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

void recording_teardown(void)
{
	if (recording_pid)
		recording_kill();
	state_close(&recording_state);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void recording_fork(void)
{
	int pair[2];

	ck_assert(!channel_pair(pair, &recording_err));
	recording_pid = fork();
	if (!recording_pid) {
		struct recorder_options o = {
			.log = recording_state.log, .blobs = recording_state.blobs, .trust = recording_state.trust,
			.engine = "krux tests", .agent = recording_alone, .workspace = "/srv/alone", .agents = recording_uids,
		};

		close(pair[0]);
		o.keys = file_open(recording_state.fd, "keys", O_RDONLY | O_DIRECTORY, 0, &recording_err);
		_exit(recorder_run(pair[1], &o));
	}
	close(pair[1]);
	ck_assert(!channel_open(&as_parent, pair[0], &recording_err));
}

void recording_start(void)
{
	struct message m;

	recording_fork();
	ck_assert(side_hear(&as_parent, MESSAGE_READY, &m));
}

static int reap(void)
{
	int status = 0;

	ck_assert_int_eq(waitpid(recording_pid, &status, 0), recording_pid);
	recording_pid = 0;
	channel_close(&as_parent);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int recording_refused(char *text, size_t room)
{
	struct message m;

	recording_fork();
	ck_assert(side_hear(&as_parent, MESSAGE_REFUSED, &m));
	snprintf(text, room, "%.*s", (int)m.n, (const char *)m.body);
	return reap();
}

int recording_stop(void)
{
	side_say(&as_parent, MESSAGE_STOP, 0, NULL, 0);
	return reap();
}

void recording_kill(void)
{
	kill(recording_pid, SIGKILL);
	reap();
}

void side_say(struct channel *c, enum message_kind kind, uint64_t cookie, const void *p, size_t n)
{
	struct part part = { p, n };

	ck_assert(!channel_put(c, kind, cookie, &part, 1, &recording_err));
	/* Who is told and is gone is no matter here. */
	while (channel_flush(c, &recording_err) == 0)
		poll(&(struct pollfd){ .fd = c->fd, .events = POLLOUT }, 1, 1000);
}

bool side_hear(struct channel *c, enum message_kind kind, struct message *m)
{
	for (int waits = 0; waits < 100;) {
		int rc = channel_take(c, m, &recording_err);

		if (rc < 0)
			return false;
		if (rc > 0 && m->kind == kind)
			return true;
		if (rc > 0) {
			message_close_fds(m);
			continue;
		}
		poll(&(struct pollfd){ .fd = c->fd, .events = POLLIN }, 1, 100);
		waits++;
	}
	return false;
}

bool is_closed(struct channel *c)
{
	struct message m;

	/* What it still said is passed over. */
	while (side_hear(c, MESSAGE_KINDS, &m))
		;
	return strstr(recording_err.text, "gone") || strstr(recording_err.text, "eset") || recording_err.no;
}

void side_bare(struct side *s, uint64_t n)
{
	int gate[2], spawner[2], fds[2];
	struct part part = { &n, sizeof n };

	*s = (struct side){ .n = n };
	ck_assert(!channel_pair(gate, &recording_err) && !channel_pair(spawner, &recording_err));
	fds[0] = gate[1];
	fds[1] = spawner[1];
	ck_assert(!channel_put_fds(&as_parent, MESSAGE_GENERATION, 0, &part, 1, fds, 2, &recording_err));
	ck_assert_int_eq(channel_flush(&as_parent, &recording_err), 1);
	close(gate[1]);
	close(spawner[1]);
	ck_assert(!channel_open(&s->gate, gate[0], &recording_err) && !channel_open(&s->spawner, spawner[0], &recording_err));
}

void side_open(struct side *s, uint64_t n)
{
	struct record b = bundle_record(n);
	struct message_ack ack;

	side_bare(s, n);
	memset(s->key, (int)n, sizeof s->key);
	side_say(&s->spawner, MESSAGE_KEY_NEW, n, s->key, sizeof s->key);
	ck_assert_int_eq(side_append(&s->gate, &b, 0, &ack), ACK_OK);
}

void side_gone(struct side *s)
{
	channel_close(&s->gate);
	channel_close(&s->spawner);
	side_say(&as_parent, MESSAGE_GONE, 0, &s->n, sizeof s->n);
}

void side_append_only(struct channel *c, const struct record *r, uint32_t flags, uint64_t cookie)
{
	uint8_t bytes[sizeof(struct message_append) + RECORD_MAX];
	struct message_append head = { flags, 0 };
	size_t n = record_encode_body(r, bytes + sizeof head, RECORD_MAX);

	ck_assert_uint_gt(n, 0);
	memcpy(bytes, &head, sizeof head);
	side_say(c, MESSAGE_APPEND, cookie, bytes, sizeof head + n);
}

enum ack_status side_append(struct channel *c, const struct record *r, uint32_t flags, struct message_ack *back)
{
	static uint64_t cookie = 1000;
	struct message m;

	side_append_only(c, r, flags, ++cookie);
	if (!side_hear(c, MESSAGE_ACK, &m))
		return ACK_FAILED;
	ck_assert_uint_eq(m.cookie, cookie);
	ck_assert_uint_ge(m.n, sizeof *back);
	memcpy(back, m.body, sizeof *back);
	appended = (struct krux_str){ (const char *)m.body + sizeof *back, back->nrecord };
	return (enum ack_status)back->status;
}

/* ---- records ---- */

static struct record kind(enum audit_kind k)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, k);
	return r;
}

struct record bundle_record(uint64_t serial)
{
	struct record r = kind(AUDIT_KIND_BUNDLE);

	record_text(&r, AUDIT_ENGINE, "krux tests");
	record_bytes(&r, AUDIT_BUNDLE, bundle_digest, HASH_LEN);
	record_text(&r, AUDIT_POLICY, "team");
	record_set(&r, AUDIT_SERIAL, serial);
	record_bytes(&r, AUDIT_KEY, bundle_digest, HASH_LEN);
	record_set(&r, AUDIT_DEV, 0);
	record_set(&r, AUDIT_HORIZON, 0);
	return r;
}

struct record agent_record(const char *name, const char *workspace)
{
	struct record r = kind(AUDIT_KIND_AGENT);

	record_text(&r, AUDIT_NAME, name);
	record_text(&r, AUDIT_ACTION, "add");
	record_text(&r, AUDIT_WORKSPACE, workspace);
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	record_set(&r, AUDIT_UID, 1000);
	return r;
}

static void signers_set(struct record *r, const char *name, const struct krux_secret_key *key,
                        const uint8_t *signature)
{
	static uint8_t bytes[256];
	struct item_out o = { bytes, sizeof bytes, 0 };
	struct krux_public_key public;

	krux_key_public(key, &public);
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, name);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)public.key, 32 });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)signature, 64 });
	record_str(r, AUDIT_SIGNERS, records_item(&o));
}

struct record act(struct record r, const struct krux_secret_key *key, uint8_t n)
{
	static uint8_t nonce[16];
	uint8_t bytes[RECORD_MAX], signature[KRUX_SIGNATURE];
	size_t size;

	nonce[0] = n;
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	size = record_encode_body(&r, bytes, sizeof bytes);
	ck_assert(krux_key_sign(key, "krux/operator/1", (struct krux_str){ (char *)bytes, size }, signature));
	signers_set(&r, key->name, key, signature);
	return r;
}

static void decision_sign(const uint8_t *ticket, const struct krux_secret_key *key, const char *action,
                          uint8_t signature[static KRUX_SIGNATURE])
{
	char message[64];

	memcpy(message, ticket, HASH_LEN);
	memcpy(message + HASH_LEN, action, strlen(action));
	ck_assert(krux_key_sign(key, "krux/approve/1", (struct krux_str){ message, HASH_LEN + strlen(action) }, signature));
}

struct record decision(const uint8_t *ticket, const struct krux_secret_key *key, const char *action)
{
	static uint8_t signature[KRUX_SIGNATURE];
	static struct krux_public_key public;
	struct record r = kind(AUDIT_KIND_SIGNED);

	decision_sign(ticket, key, action, signature);
	krux_key_public(key, &public);
	record_bytes(&r, AUDIT_TICKET, ticket, HASH_LEN);
	record_text(&r, AUDIT_NAME, key->name);
	record_bytes(&r, AUDIT_KEY, public.key, 32);
	record_text(&r, AUDIT_ACTION, action);
	record_bytes(&r, AUDIT_SIGNATURE, signature, sizeof signature);
	return r;
}

struct record with_ticket(struct record r, const uint8_t *ticket, const struct krux_secret_key *key)
{
	uint8_t signature[KRUX_SIGNATURE];

	decision_sign(ticket, key, "accept", signature);
	record_bytes(&r, AUDIT_TICKET, ticket, HASH_LEN);
	signers_set(&r, key->name, key, signature);
	return r;
}

struct record intent_record(void)
{
	struct record r = records_intent();

	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	return r;
}

void builder_add(struct side *s)
{
	struct record r = act(agent_record("builder", "/srv/w"), &operator_key, 200);
	struct message_ack ack;

	ck_assert_int_eq(side_append(&s->gate, &r, 0, &ack), ACK_OK);
}

void recording_verify(void)
{
	struct verify_report r;

	ck_assert_msg(!verify_log(recording_state.log, recording_state.blobs, NULL, &r, &recording_err), "%s",
	              recording_err.text);
	ck_assert_msg(!r.faults, "%s", r.nfindings ? r.finding[0].text : "");
	verify_free(&r);
}
