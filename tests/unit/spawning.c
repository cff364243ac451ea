/* A spawner in a process of its own, and what its other ends say and hear. */
#include "tests/unit/spawning.h"

#include "tests/unit/handler_calls.h"
#include "tests/unit/tiny_bundle.h"

#include "runtime/approve/quorum.h"
#include "runtime/base/err.h"
#include "runtime/base/message.h"
#include "runtime/base/state.h"
#include "runtime/front/start.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/blob.h"
#include "runtime/record/log.h"
#include "runtime/spawn/pool.h"
#include "runtime/spawn/spawner.h"
#include "runtime/spawn/template.h"
#include "runtime/spawn/warrant.h"

#include "capspec/canon.h"
#include "capspec/item.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct state spawning_state;
int spawning_group = -1;
bool spawning_waives = true;
static const char *const waived_groups[] = { "cgroup", NULL }, *const waived_nothing[] = { NULL };
struct workspace spawning_place;
struct krux_err spawning_err;
struct krux_secret_key approver, stranger;
struct channel to_parent, to_gate, to_recorder;
pid_t spawning_pid, handler_pid;
uint64_t written_next;
unsigned spawning_waiting = POOL_EACH, spawning_together = POOL_ALL;
const char *spawning_programs, *spawning_command;
bool spawning_changes, spawning_patient;
bool spawning_rootless;
struct agent_uids spawning_agents;

enum { COMMAND_UID = 60871 };

static char root[64], path[4200];
static struct krux_secret_key other;
static uint8_t spawning_digest[HASH_LEN];
static struct krux_hmac_key receipts;

static uint8_t *object_bytes;
static size_t object_size;

void spawning_once(void)
{
	object_bytes = tiny_object((const char *const[]){ "-DREAL", NULL }, &object_size);
	ck_assert_ptr_nonnull(object_bytes);
}

void spawning_finally(void)
{
	free(object_bytes);
}

/* ---- the other ends ---- */

/* The next message of this kind within a few seconds; others are passed over. */
bool spawning_take(struct channel *c, enum message_kind kind, struct message *m)
{
	for (int tries = 0; tries < 200; tries++) {
		struct pollfd fd = { .fd = c->fd, .events = POLLIN };
		int rc;

		while ((rc = channel_take(c, m, &spawning_err)) > 0) {
			if (m->kind == kind)
				return true;
			message_close_fds(m);
		}
		if (rc < 0)
			return false;
		poll(&fd, 1, 100);
	}
	return false;
}

void spawning_put(struct channel *c, enum message_kind kind, uint64_t cookie, const struct part *part, unsigned n,
                const int *fd, unsigned nfds)
{
	if (nfds)
		ck_assert(!channel_put_fds(c, kind, cookie, part, n, fd, nfds, &spawning_err));
	else
		ck_assert(!channel_put(c, kind, cookie, part, n, &spawning_err));
	ck_assert_int_eq(channel_flush(c, &spawning_err), 1);
}

static void bundle_make(const char *name)
{
	const struct krux_capability *stat = calls_capability("filesystem.stat");
	struct krux_capability caps[TINY_CAPS];
	struct krux_secret_key key;
	struct krux_public_key public;

	ck_assert(krux_key_generate("signer", false, &key, NULL));
	krux_key_public(&key, &public);
	ck_assert(!trust_add(spawning_state.trust, TRUST_BUNDLE, &public, &spawning_err));
	memcpy(caps, spawning_command ? tiny_command_caps(stat->input, spawning_command, spawning_changes)
	                              : tiny_real_caps(stat->input, stat->output), sizeof caps);
	if (spawning_patient)
		caps->limit[KRUX_LIMIT_CPU] = caps->limit[KRUX_LIMIT_WALL] = 600000000000;
	ck_assert(tiny_bundle(name, &key, 1, "UTC", (struct krux_str){ (char *)object_bytes, object_size }, caps));
}

static void bundle_digest(const char *name)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_public_key *key;
	struct krux_bundle b;
	size_t n, nkeys;
	int fd = open(name, O_RDONLY);
	struct stat st;
	char *bytes;

	ck_assert(!fstat(fd, &st));
	n = (size_t)st.st_size;
	bytes = malloc(n);
	ck_assert_int_eq(read(fd, bytes, n), (ssize_t)n);
	close(fd);
	ck_assert(!trust_read(spawning_state.trust, TRUST_BUNDLE, pool, &key, &nkeys, &spawning_err));
	ck_assert(krux_bundle_open(pool, (struct krux_str){ bytes, n }, key, nkeys, false, &b, NULL));
	memcpy(spawning_digest, b.digest, sizeof spawning_digest);
	free(bytes);
	krux_pool_free(pool);
}

void spawning_approver(const char *name, struct krux_secret_key *key)
{
	struct krux_public_key public;

	ck_assert(krux_key_generate(name, false, key, NULL));
	krux_key_public(key, &public);
	ck_assert(!trust_add(spawning_state.trust, TRUST_APPROVER, &public, &spawning_err));
}

/* As the parent of the daemon does. */
static void programs_start(int p[static 2], int g[static 2], int r[static 2], int h[static 2])
{
	struct start_plan plan = { .state = &spawning_state, .waived = spawning_waives ? waived_groups : waived_nothing,
		                   .missing = waived_nothing, .places = waived_nothing,
		                   .uid_base = 60800, .agents = spawning_agents };
	struct start_generation own = { .n = GENERATION, .bundle = open(path, O_RDONLY | O_CLOEXEC),
		                        .bundle_path = path, .spawner_recorder = r[1], .spawner_gate = g[1],
		                        .spawner_handler = h[0], .spawner_web = -1, .spawner_egress = -1, .cgroup_main = -1,
		                        .cgroup_calls = spawning_group };
	struct channel ours;
	char name[4200];

	snprintf(name, sizeof name, "%s/krux-spawner", spawning_programs);
	plan.parts.program[PROCESS_SPAWNER] = open(name, O_PATH | O_CLOEXEC);
	snprintf(name, sizeof name, "%s/krux-handler", spawning_programs);
	plan.parts.program[PROCESS_HANDLER] = open(name, O_PATH | O_CLOEXEC);
	ck_assert(!channel_open(&ours, dup(h[0]), &spawning_err));
	handler_pid = start_process(&plan, PROCESS_HANDLER, &own, &ours, h[1], &spawning_err);
	ck_assert_msg(handler_pid > 0 && channel_flush(&ours, &spawning_err) == 1, "%s", spawning_err.text);
	channel_close(&ours);
	ck_assert(!channel_open(&ours, dup(p[0]), &spawning_err));
	spawning_pid = start_process(&plan, PROCESS_SPAWNER, &own, &ours, p[1], &spawning_err);
	ck_assert_msg(spawning_pid > 0 && channel_flush(&ours, &spawning_err) == 1, "%s", spawning_err.text);
	channel_close(&ours);
	close(own.bundle);
	close(plan.parts.program[PROCESS_SPAWNER]);
	close(plan.parts.program[PROCESS_HANDLER]);
	close(h[1]);
}

static void forks_start(int p[static 2], int g[static 2], int r[static 2], int h[static 2])
{
	handler_pid = fork();
	if (!handler_pid) {
		struct template_options o = { .commands = true, .group = spawning_group, .groups = "call-",
			                      .waived = spawning_waives ? waived_groups : waived_nothing, .bundle = open(path, O_RDONLY | O_CLOEXEC), .bundle_path = path,
			                      .trust = spawning_state.trust, .agents = spawning_agents,
			                      .each = spawning_waiting, .all = spawning_together, .find = builtin_find };
		const int others[] = { p[0], p[1], g[0], g[1], r[0], r[1], h[0] };

		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			close(others[i]);
		/* As in the daemon. */
		signal(SIGPIPE, SIG_IGN);
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 8192, 8192 });
		_exit(template_run(h[1], &o));
	}
	close(h[1]);
	spawning_pid = fork();
	if (!spawning_pid) {
		struct spawner_options o = { .bundle = open(path, O_RDONLY | O_CLOEXEC), .bundle_path = path,
			                     .state = &spawning_state, .generation = GENERATION, .recorder = r[1],
			                     .gate = g[1], .handler = h[0], .web = -1, .egress = -1 };

		close(p[0]);
		close(g[0]);
		close(r[0]);
		_exit(spawner_run(p[1], &o));
	}
}

static void start(void)
{
	int p[2], g[2], r[2], h[2];
	struct message m;

	ck_assert(!channel_pair(p, &spawning_err) && !channel_pair(g, &spawning_err) && !channel_pair(r, &spawning_err) &&
	          !channel_pair(h, &spawning_err));
	(spawning_programs ? programs_start : forks_start)(p, g, r, h);
	close(p[1]);
	close(g[1]);
	close(r[1]);
	close(h[0]);
	ck_assert(!channel_open(&to_parent, p[0], &spawning_err) && !channel_open(&to_gate, g[0], &spawning_err) &&
	          !channel_open(&to_recorder, r[0], &spawning_err));
	ck_assert(spawning_take(&to_parent, MESSAGE_READY, &m));
	ck_assert(spawning_take(&to_recorder, MESSAGE_KEY_NEW, &m));
	ck_assert_uint_eq(m.cookie, GENERATION);
	ck_assert_uint_eq(m.n, MESSAGE_KEY);
	krux_hmac_key(&receipts, (struct krux_str){ (const char *)m.body, m.n });
}

void spawning_setup(void)
{
	ck_assert(calls_setup(spawning_rootless ? AS_USER : AS_ROOT, "filesystem"));
	strcpy(root, "/tmp/krux-spawner-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(path, sizeof path, "%s/state", root);
	ck_assert(!state_make(path, &spawning_state, &spawning_err));
	snprintf(path, sizeof path, "%s/bundle", root);
	ck_assert(!workspace_open(&spawning_state, NULL, "builder", &spawning_place, &spawning_err));
	if (spawning_command && !geteuid())
		ck_assert(!chown(spawning_place.path, COMMAND_UID, COMMAND_UID));
	bundle_make(path);
	bundle_digest(path);
	spawning_approver("anna", &approver);
	spawning_approver("bert", &other);
	ck_assert(krux_key_generate("anna", false, &stranger, NULL));
	written_next = 10;
	start();
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(name);
	return 0;
}

void spawning_teardown(void)
{
	channel_close(&to_parent);
	channel_close(&to_gate);
	channel_close(&to_recorder);
	kill(spawning_pid, SIGKILL);
	waitpid(spawning_pid, NULL, 0);
	/* Its spawner is gone, so it ends too. */
	ck_assert_int_eq(waitpid(handler_pid, NULL, 0), handler_pid);
	workspace_close(&spawning_place);
	state_close(&spawning_state);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	calls_teardown();
}

/* ---- records as the recorder writes them ---- */

void written_encode(struct written *w, struct record *r)
{
	static const uint8_t zeros[HASH_LEN];
	static uint8_t boot[16];
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	w->seq = written_next++;
	record_set(r, AUDIT_SEQ, w->seq);
	record_bytes(r, AUDIT_PREV, zeros, HASH_LEN);
	record_bytes(r, AUDIT_EPOCH, zeros, 16);
	record_bytes(r, AUDIT_BOOT, boot, 16);
	record_set(r, AUDIT_WALL, log_wall());
	record_set(r, AUDIT_MONO, (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
	w->n = record_encode(r, w->bytes, sizeof w->bytes);
	ck_assert_uint_gt(w->n, 0);
	record_leaf(w->bytes, w->n, w->leaf);
}

struct record written_request(struct written *w, enum audit_kind kind, const char *file, enum krux_verdict verdict)
{
	static const uint8_t version[] = { 0x82, 1, 0 }, nonce[16];
	struct krux_member member = { KRUX_STR("path"), { .kind = KRUX_V_TEXT, .str = { file, strlen(file) } } };
	struct krux_value args = { .kind = KRUX_V_MAP, .map = { &member, 1 } };
	size_t n = krux_cbor_write(&args, w->args, sizeof w->args);
	static uint8_t runs_as[16];
	struct item_out as = { runs_as, sizeof runs_as, 0 };
	struct record r = { 0 };

	w->blob = -1;
	record_set(&r, AUDIT_KIND, kind);
	record_text(&r, AUDIT_AGENT, "builder");
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	record_set(&r, AUDIT_UID, 0);
	record_text(&r, AUDIT_WORKSPACE, spawning_place.path);
	record_text(&r, AUDIT_CAPABILITY, "filesystem.stat");
	record_bytes(&r, AUDIT_VERSION, version, sizeof version);
	record_bytes(&r, AUDIT_ARGS, w->args, n);
	record_bytes(&r, AUDIT_BUNDLE, spawning_digest, HASH_LEN);
	record_set(&r, AUDIT_VERDICT, verdict);
	record_set(&r, AUDIT_WOULD, verdict);
	record_text(&r, AUDIT_RULE, "tiny/inside");
	record_text(&r, AUDIT_SOURCE, "tiny.yaml:6");
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	item_head(&as, ITEM_LIST, 1);
	item_head(&as, ITEM_UINT, spawning_agents.base);
	if (spawning_agents.count && kind == AUDIT_KIND_INTENT)
		record_bytes(&r, AUDIT_RUNS_AS, runs_as, as.n);
	return r;
}

struct message_run spawning_head(const struct written *intent, size_t nticket)
{
	struct message_run run = { .generation = GENERATION, .nrecord = (uint32_t)intent->n,
		                   .nticket = (uint32_t)nticket };

	receipt_make(&receipts, GENERATION, intent->seq, intent->leaf, run.receipt);
	return run;
}

void spawning_run(const struct written *intent, const struct written *ticket, uint64_t cookie)
{
	struct message_run head = spawning_head(intent, ticket ? ticket->n : 0);
	struct part part[3] = { { &head, sizeof head }, { intent->bytes, intent->n },
		                { ticket ? ticket->bytes : NULL, ticket ? ticket->n : 0 } };

	spawning_put(&to_gate, MESSAGE_RUN, cookie, part, 3, &intent->blob, intent->blob >= 0);
}

void spawning_heard(void)
{
	int waiting = 1;

	for (int i = 0; i < 60000 && waiting; i++) {
		ck_assert(!ioctl(to_recorder.fd, SIOCOUTQ, &waiting));
		poll(NULL, 0, 1);
	}
	ck_assert(!waiting);
}

/* ---- what came of it ---- */

struct record spawning_record;
struct message_result spawning_result;
char spawning_why[256];

void spawning_outcome(uint64_t seq)
{
	static uint8_t bytes[RECORD_MAX];
	struct written w;
	struct record r = { 0 };
	struct item_in in;
	struct message m;
	const char *bad;
	uint64_t n, key;
	size_t used;

	ck_assert(spawning_take(&to_recorder, MESSAGE_APPEND, &m));
	/* The body is read as the recorder would: with a head in front of it. */
	in = (struct item_in){ m.body + sizeof(struct message_append), m.body + m.n, NULL };
	ck_assert(item_take(&in, ITEM_MAP, &n));
	while (n--) {
		const char *schema;
		const uint8_t *at;
		struct item_in number;

		ck_assert(item_take(&in, ITEM_UINT, &key));
		schema = record_field_schema((enum audit_field)key);
		ck_assert_ptr_nonnull(schema);
		at = in.p;
		number = in;
		if (*schema == 'u' || *schema == 'v' || *schema == 'k') {
			ck_assert(item_take(&number, ITEM_UINT, &r.field[key].u));
			r.have |= 1ull << key;
			ck_assert(item_check(&in, &schema));
		} else {
			ck_assert(item_check(&in, &schema));
			r.have |= 1ull << key;
			r.field[key].s = (struct krux_str){ (const char *)at, (size_t)(in.p - at) };
			if (*record_field_schema((enum audit_field)key) != '[' && *record_field_schema((enum audit_field)key) != '(')
				ck_assert(item_take_str(&number, (enum item_major)(*at >> 5), &r.field[key].s));
		}
	}
	written_encode(&w, &r);
	memcpy(bytes, w.bytes, w.n);
	ck_assert_msg(record_decode(bytes, w.n, &spawning_record, &used, &bad), "%s", bad);
	ck_assert_uint_eq(spawning_record.field[AUDIT_ABOUT].u, seq);
	message_close_fds(&m);
}

void expect_done(uint64_t seq, uint64_t cookie, enum spawn_end end)
{
	struct message m;

	spawning_outcome(seq);
	ck_assert_uint_eq(spawning_record.field[AUDIT_END].u, end);
	ck_assert(spawning_take(&to_gate, MESSAGE_RESULT, &m));
	ck_assert_uint_eq(m.cookie, cookie);
	ck_assert_uint_ge(m.n, sizeof spawning_result);
	memcpy(&spawning_result, m.body, sizeof spawning_result);
	ck_assert_uint_eq(spawning_result.end, end);
	snprintf(spawning_why, sizeof spawning_why, "%.*s", (int)spawning_result.nwhy, m.body + sizeof spawning_result + spawning_result.nerror + spawning_result.nmessage);
	message_close_fds(&m);
}

/* Nothing ran; seq 0: nor was it a receipt. */
void expect_refused(uint64_t seq, uint64_t cookie, const char *text)
{
	struct message m;

	if (seq) {
		spawning_outcome(seq);
		ck_assert_uint_eq(spawning_record.field[AUDIT_END].u, SPAWN_BROKEN);
	}
	ck_assert(spawning_take(&to_gate, MESSAGE_REFUSED, &m));
	ck_assert_uint_eq(m.cookie, cookie);
	snprintf(spawning_why, sizeof spawning_why, "%.*s", (int)m.n, m.body);
	ck_assert_msg(strstr(spawning_why, text) != NULL, "%s", spawning_why);
}

void spawning_file(const char *name, const char *text)
{
	int fd = openat(spawning_place.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

void spawning_freeze(const char *action, const char *agent)
{
	struct written w;
	struct record r = { 0 };
	struct part part;

	record_set(&r, AUDIT_KIND, AUDIT_KIND_FREEZE);
	record_text(&r, AUDIT_ACTION, action);
	record_text(&r, AUDIT_AGENT, agent);
	if (!strcmp(action, "thaw")) {
		static const uint8_t zeros[64];
		static uint8_t bytes[160];
		struct item_out o = { bytes, sizeof bytes, 0 };

		item_head(&o, ITEM_LIST, 1);
		item_head(&o, ITEM_LIST, 3);
		item_text(&o, "operator");
		item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)zeros, HASH_LEN });
		item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)zeros, 64 });
		record_text(&r, AUDIT_WHY, "a test");
		record_bytes(&r, AUDIT_NONCE, zeros, 16);
		record_bytes(&r, AUDIT_SIGNERS, bytes, o.n);
	}
	written_encode(&w, &r);
	part = (struct part){ w.bytes, w.n };
	spawning_put(&to_recorder, MESSAGE_NEWS, 0, &part, 1, NULL, 0);
}
