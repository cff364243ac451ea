/* A front end that sends anything: after a hello that holds, the bytes of an input go to the gate, in
 * pieces that the first byte chooses. Recorder and spawner are played here; what the gate says to
 * them has to fit the contract, and a quiet agent beside it is answered all along. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/item.h"
#include "runtime/bundle/trust.h"
#include "runtime/decide/facts.h"
#include "runtime/decide/zone.h"
#include "runtime/gate/limits.h"
#include "runtime/gate/server.h"
#include "runtime/record/carry.h"
#include "runtime/spawn/spawn.h"
#include "tests/unit/tiny_bundle.h"

static struct gate *g;
static struct channel recorder, spawner;
static uint64_t seq;
static uint8_t prev[32], whole[RECORD_MAX];
static struct timer soon;
static struct krux_err err;

static void soon_due(struct timer *t)
{
	(void)t;
}

/* ---- what the gate starts with ---- */

static void policy_load(void)
{
	char root[] = "/tmp/krux-fuzz-gate-XXXXXX", path[80];
	struct krux_secret_key key;
	struct krux_public_key public;
	uint8_t *object;
	size_t n;
	int trust;

	PROMISE(mkdtemp(root) && krux_key_generate("fuzz", false, &key, NULL));
	snprintf(path, sizeof path, "%s/bundles", root);
	PROMISE(!mkdir(path, 0700));
	trust = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	krux_key_public(&key, &public);
	object = tiny_object((const char *const[]){ NULL }, &n);
	snprintf(path, sizeof path, "%s/bundle", root);
	PROMISE(object && !trust_add(trust, TRUST_BUNDLE, &public, &err) &&
	        tiny_bundle(path, &key, 1, "UTC", (struct krux_str){ (char *)object, n }, tiny_caps()));
	g->policy = loaded_open(path, trust, false, &err);
	PROMISE(g->policy && !zone_set("UTC", &err));
	free(object);
	unlink(path);
	snprintf(path, sizeof path, "%s/bundles/fuzz.pub", root);
	unlink(path);
	snprintf(path, sizeof path, "%s/bundles", root);
	rmdir(path);
	rmdir(root);
	close(trust);
}

static size_t record_make(const uint8_t *body, size_t n, struct record *r)
{
	static const uint8_t sixteen[16];
	struct record_moment moment;
	const struct record_head head = { .seq = seq, .prev = prev, .moment = &moment };

	record_moment(&moment, sixteen, sixteen, gate_wall(), loop_clock());
	return record_whole(&head, body, n, r, whole, sizeof whole);
}

static void agent_add(const char *name)
{
	uint8_t hash[32], body[512], list[200] = { 0x81, 0x83, 0x61, 'o', 0x58, 32 };
	struct krux_str part[2] = { { FRAME_DOMAIN_TOKEN, sizeof FRAME_DOMAIN_TOKEN }, { name, strlen(name) } };
	struct record r = { 0 };
	const char *why = "";
	size_t n;

	crypto_hash_sha256_state s;
	crypto_hash_sha256_init(&s);
	for (int i = 0; i < 2; i++)
		crypto_hash_sha256_update(&s, (const uint8_t *)part[i].p, part[i].n);
	crypto_hash_sha256_final(&s, hash);
	list[6 + 32] = 0x58;
	list[6 + 33] = 64;
	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, name);
	record_text(&r, AUDIT_ACTION, "add");
	record_text(&r, AUDIT_WORKSPACE, "/srv/fuzz");
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_TOKEN);
	record_bytes(&r, AUDIT_TOKEN, hash, 32);
	record_bytes(&r, AUDIT_NONCE, hash, 16);
	record_bytes(&r, AUDIT_SIGNERS, list, 6 + 34 + 64);
	n = record_encode_body(&r, body, sizeof body);
	PROMISE(record_body(body, n, &r, &why));
	n = record_make(body, n, &r);
	PROMISE(n && carry_add(g->carry, &r, (struct krux_str){ (char *)whole, n }, prev) == CARRY_OK);
	seq++;
}

static void gate_make(void)
{
	int to_recorder[2], to_spawner[2];

	PROMISE(sodium_init() >= 0);
	g = calloc(1, sizeof *g);
	limits_fill(&g->limits);
	g->limits.requests = 1000000;
	g->limits.bytes = 32 << 20;
	PROMISE(!loop_open(&g->loop, &err));
	for (unsigned i = GATE_OPS; i--;) {
		g->ops[i].cookie = (uint64_t)COOKIE_OP << COOKIE_SHIFT | i;
		g->ops[i].next = g->op_free;
		g->op_free = &g->ops[i];
	}
	g->pool = krux_pool_new(0);
	PROMISE(g->pool && lend_open(&g->lend, g->limits.bytes));
	policy_load();
	g->tally = tally_new(g->policy->abi);
	g->facts = facts_new(g->policy->abi);
	g->judge = judge_any(g->policy->abi, g->facts, &err);
	g->carry = carry_new();
	PROMISE(g->tally && g->facts && g->judge && g->carry && !calls_open(g, &err));
	agent_add("fuzz");
	agent_add("quiet");
	PROMISE(!agents_fill(g, &err) && !server_open(g, &err));
	PROMISE(!channel_pair(to_recorder, &err) && !channel_pair(to_spawner, &err));
	PROMISE(!channel_open(&recorder, to_recorder[0], &err) && !channel_open(&spawner, to_spawner[0], &err));
	PROMISE(!link_open(&g->recorder, g, to_recorder[1], recorder_ready, &err) &&
	        !link_open(&g->spawner, g, to_spawner[1], spawner_ready, &err));
	soon = (struct timer){ .due = soon_due };
}

/* ---- the others ---- */

static bool recorder_play(void)
{
	struct message m;
	bool any = false;

	while (channel_take(&recorder, &m, &err) > 0) {
		struct message_append head;
		struct message_ack ack = { .status = ACK_OK, .seq = seq, .wall = gate_wall() };
		struct part part[2] = { { &ack, sizeof ack }, { whole, 0 } };
		const char *why = "";
		struct record r;

		any = true;
		PROMISE(m.kind == MESSAGE_APPEND && m.n > sizeof head);
		memcpy(&head, m.body, sizeof head);
		PROMISE(record_body(m.body + sizeof head, m.n - sizeof head, &r, &why));
		part[1].n = record_make(m.body + sizeof head, m.n - sizeof head, &r);
		PROMISE(part[1].n);
		record_leaf(whole, part[1].n, ack.leaf);
		memcpy(prev, ack.leaf, 32);
		ack.nrecord = (uint32_t)part[1].n;
		/* Now and then there is no room. */
		if (seq++ % 17 == 16 && !(head.flags & APPEND_HERE))
			ack.status = ACK_FULL, ack.nrecord = 0, part[1].n = 0;
		message_close_fds(&m);
		PROMISE(!channel_put(&recorder, MESSAGE_ACK, m.cookie, part, 2, &err));
	}
	return any;
}

static bool spawner_play(void)
{
	static const char output[] = "\xA1gcontentehello";
	struct message m;
	bool any = false;

	while (channel_take(&spawner, &m, &err) > 0) {
		struct message_result result = { .end = (uint32_t)(m.cookie % 5), .noutput = sizeof output - 1 };
		struct part part[2] = { { &result, sizeof result }, { output, sizeof output - 1 } };

		any = true;
		message_close_fds(&m);
		if (m.kind == MESSAGE_LOOK)
			PROMISE(!channel_put(&spawner, MESSAGE_LOOK, m.cookie, &(struct part){ "\x80", 1 }, 1, &err));
		else if (m.kind == MESSAGE_RUN)
			PROMISE(!channel_put(&spawner, MESSAGE_RESULT, m.cookie, part, 2, &err));
	}
	return any;
}

static void turns(void)
{
	for (unsigned quiet = 0, n = 0; quiet < 3 && n < 200; n++) {
		bool any;

		loop_timer_set(&g->loop, &soon, 1);
		PROMISE(!loop_turn(&g->loop, &err));
		g->recorder.lazy = false;
		links_flush(g);
		server_turn(g);
		links_flush(g);
		any = recorder_play();
		any |= spawner_play();
		channel_flush(&recorder, &err);
		channel_flush(&spawner, &err);
		quiet = any ? 0 : quiet + 1;
	}
	PROMISE(g->code == 0);
	/* What ran is not awaited here. */
	calls_lost(g);
}

static int client(const char *name)
{
	struct frame hello = { .kind = FRAME_HELLO, .hello = { .version = 1, .agent = { name, strlen(name) },
	                                                       .proof = FRAME_PROOF_TOKEN, .token = { name, strlen(name) } } };
	uint8_t buf[256];
	size_t n = frame_encode(&hello, buf, sizeof buf);
	int fd[2];

	PROMISE(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd));
	PROMISE(connection_new(g->server, ROLE_AGENT, fd[1], 1000) && send(fd[0], buf, n, 0) == (ssize_t)n);
	turns();
	PROMISE(recv(fd[0], buf, sizeof buf, 0) > 0);
	return fd[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int quiet = -1;
	static const struct frame ping = { .kind = FRAME_PING, .has_id = true, .id = 5 };
	uint8_t buf[4096];
	size_t n, step;
	int fd;

	if (!g)
		gate_make();
	if (quiet < 0)
		quiet = client("quiet");
	if (size < 2 || size > 65536)
		return 0;
	fd = client("fuzz");
	step = data[0] ? data[0] : size;
	for (size_t at = 1; at < size; at += step) {
		if (send(fd, data + at, size - at < step ? size - at : step, MSG_NOSIGNAL) < 0)
			break;
		turns();
	}
	n = frame_encode(&ping, buf, sizeof buf);
	PROMISE(send(quiet, buf, n, 0) == (ssize_t)n);
	turns();
	PROMISE(recv(quiet, buf, sizeof buf, 0) > 0);
	close(fd);
	turns();
	PROMISE(g->server->count[ROLE_AGENT] == 1);
	return 0;
}
