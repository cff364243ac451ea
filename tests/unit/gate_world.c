/* What the gate believes to be its recorder and spawner answers from here; the queue and the facts
 * are those of the real carry state. */
#include "tests/unit/gate_world.h"

#include "capspec/item.h"
#include "runtime/base/file.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/blob.h"
#include "runtime/spawn/spawn.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct world world;
struct gate_limits world_limits;
const char *world_bundle;
struct krux_secret_key world_ana, world_ben, world_operator, world_stranger;

static char built[64];
static struct krux_err err;
static int sockets[2] = { -1, -1 };
static const char *alone, *alone_in;
static struct {
	uint64_t cookie;
	struct message_ack ack;
	size_t at, n;
	struct world_gate *gate;
} waiting[WORLD_SEEN];
static unsigned nwaiting;

static void put_text(struct record *r, enum audit_field f, const char *s)
{
	record_text(r, f, s);
}

/* ---- records ---- */

static uint64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t boot_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool body_read(struct krux_str body, struct record *r)
{
	struct item_in in = { (const uint8_t *)body.p, (const uint8_t *)body.p + body.n, NULL };
	uint64_t n, key;

	*r = (struct record){ 0 };
	if (!item_take(&in, ITEM_MAP, &n))
		return false;
	while (n--) {
		const uint8_t *start;
		const char *schema;
		struct krux_str s;
		uint64_t u;

		if (!item_take(&in, ITEM_UINT, &key) || key >= AUDIT_FIELDS || !(schema = record_field_schema((enum audit_field)key)))
			return false;
		start = in.p;
		switch (*schema) {
		case 'u': case 'v': case 'k':
			if (!item_take(&in, ITEM_UINT, &u))
				return false;
			record_set(r, (enum audit_field)key, u);
			break;
		case 't': case 'b': case 'c':
			if (!item_take_str(&in, *schema == 't' ? ITEM_TEXT : ITEM_BYTES, &s))
				return false;
			record_str(r, (enum audit_field)key, s);
			break;
		default:
			if (!item_check(&in, &schema))
				return false;
			record_str(r, (enum audit_field)key, (struct krux_str){ (const char *)start, (size_t)(in.p - start) });
		}
	}
	return in.p == in.end;
}

/* To the log; ack->status says whether it was taken. */
static size_t take(struct record *r, struct message_ack *ack)
{
	static const uint8_t epoch[16] = { 1 }, boot[16] = { 0 };
	uint8_t *to = world.bytes + world.nbytes;
	struct record back;
	const char *why;
	size_t n, used;

	*ack = (struct message_ack){ .seq = world.seq, .wall = wall_now() };
	record_set(r, AUDIT_SEQ, world.seq);
	record_bytes(r, AUDIT_PREV, world.prev, 32);
	record_bytes(r, AUDIT_EPOCH, epoch, 16);
	record_bytes(r, AUDIT_BOOT, boot, 16);
	record_set(r, AUDIT_WALL, ack->wall);
	record_set(r, AUDIT_MONO, boot_now());
	n = record_encode(r, to, RECORD_MAX);
	if (!n || !record_decode(to, n, &back, &used, &why)) {
		fprintf(stderr, "the gate appends what is no record of kind %llu\n", (unsigned long long)r->field[AUDIT_KIND].u);
		ack->status = ACK_MALFORMED;
		return 0;
	}
	if (world.refuse_status && world.refuse_kind == back.field[AUDIT_KIND].u) {
		ack->status = world.refuse_status;
		return 0;
	}
	if (back.field[AUDIT_KIND].u == AUDIT_KIND_INTENT &&
	    (carry_frozen(world.carry, KRUX_STR("")) || carry_frozen(world.carry, back.field[AUDIT_AGENT].s))) {
		ack->status = ACK_FROZEN;
		return 0;
	}
	record_leaf(to, n, ack->leaf);
	if (carry_takes(back.field[AUDIT_KIND].u)) {
		enum carry_result rc = carry_add(world.carry, &back, (struct krux_str){ (char *)to, n }, ack->leaf);

		if (rc != CARRY_OK && rc != CARRY_INTENT) {
			ack->status = ACK_TICKET;
			return 0;
		}
	}
	memcpy(world.prev, ack->leaf, 32);
	ck_assert_uint_lt(world.nrecords, WORLD_RECORDS);
	world.at[world.nrecords++] = world.nbytes;
	world.nbytes += n;
	world.seq++;
	return n;
}

static void news(const struct world_gate *except, size_t at, size_t n)
{
	struct part part = { world.bytes + at, n };

	for (int i = 0; i < 2; i++)
		if (world.gate[i].on && &world.gate[i] != except)
			channel_put(&world.gate[i].recorder, MESSAGE_NEWS, 0, &part, 1, &err);
}

uint64_t world_append(struct record *r)
{
	size_t at = world.nbytes, n;
	struct message_ack ack;

	n = take(r, &ack);
	ck_assert_uint_eq(ack.status, ACK_OK);
	news(NULL, at, n);
	return ack.seq;
}

static const struct record *decoded(unsigned i)
{
	static struct record r[8];
	static unsigned next;
	struct record *out = &r[next++ % 8];
	const char *why;
	size_t used;

	ck_assert(record_decode(world.bytes + world.at[i], (i + 1 < world.nrecords ? world.at[i + 1] : world.nbytes) - world.at[i],
	                        out, &used, &why));
	return out;
}

const struct record *world_find(enum audit_kind kind)
{
	for (unsigned i = world.nrecords; i--;) {
		const struct record *r = decoded(i);

		if (r->field[AUDIT_KIND].u == kind)
			return r;
	}
	return NULL;
}

unsigned world_count(enum audit_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < world.nrecords; i++)
		n += decoded(i)->field[AUDIT_KIND].u == kind;
	return n;
}

/* ---- the recorder ---- */

static void ack_send(struct world_gate *g, uint64_t cookie, const struct message_ack *ack, size_t at, size_t n)
{
	struct part part[2] = { { ack, sizeof *ack }, { world.bytes + at, n } };

	if (g->on)
		channel_put(&g->recorder, MESSAGE_ACK, cookie, part, 2, &err);
}

void world_ack(void)
{
	for (unsigned i = 0; i < nwaiting; i++)
		ack_send(waiting[i].gate, waiting[i].cookie, &waiting[i].ack, waiting[i].at, waiting[i].n);
	nwaiting = 0;
	world.held = false;
}

static void recorder_append(struct world_gate *g, const struct message *m)
{
	struct message_append head;
	struct message_ack ack = { .status = ACK_MALFORMED };
	size_t at = world.nbytes, n = 0;
	struct record r;

	ck_assert_uint_gt(m->n, sizeof head);
	memcpy(&head, m->body, sizeof head);
	if (body_read((struct krux_str){ (const char *)m->body + sizeof head, m->n - sizeof head }, &r))
		n = take(&r, &ack);
	if (n)
		news(g, at, n);
	/* The receipt is told by seq here. */
	memcpy(ack.receipt, &ack.seq, sizeof ack.seq);
	if (n && !(head.flags & APPEND_ECHO) && r.field[AUDIT_KIND].u != AUDIT_KIND_INTENT &&
	    r.field[AUDIT_KIND].u != AUDIT_KIND_DEFERRED)
		n = 0;
	ack.nrecord = (uint32_t)n;
	if (!world.held) {
		ack_send(g, m->cookie, &ack, at, n);
		return;
	}
	ck_assert_uint_lt(nwaiting, WORLD_SEEN);
	waiting[nwaiting].cookie = m->cookie;
	waiting[nwaiting].ack = ack;
	waiting[nwaiting].at = at;
	waiting[nwaiting].n = n;
	waiting[nwaiting++].gate = g;
}

static void recorder_message(struct world_gate *g, struct message *m)
{
	struct part part = { NULL, 0 };
	size_t n;
	uint8_t *state;
	int fd;

	switch (m->kind) {
	case MESSAGE_APPEND:
		recorder_append(g, m);
		return;
	case MESSAGE_SNAPSHOT:
		state = carry_encode(world.carry, &n);
		part = (struct part){ state, n };
		fd = memory_file("state", &part, 1, &err);
		ck_assert_int_ge(fd, 0);
		channel_put_fds(&g->recorder, MESSAGE_SNAPSHOT, m->cookie, NULL, 0, &fd, 1, &err);
		close(fd);
		free(state);
		return;
	case MESSAGE_BLOB:
		channel_put(&g->recorder, MESSAGE_BLOB, m->cookie, NULL, 0, &err);
		return;
	default:
		ck_abort_msg("the gate sends the recorder kind %d", m->kind);
	}
}

/* ---- the spawner ---- */

static void outcome(const struct world_run *run, uint64_t end, struct krux_str result, const char *error, const char *why)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct record r = { 0 };
	uint8_t list[16];
	struct item_out o = { list, sizeof list, 0 }, u;

	record_set(&r, AUDIT_KIND, AUDIT_KIND_OUTCOME);
	record_set(&r, AUDIT_ABOUT, run->seq);
	record_set(&r, AUDIT_END, end);
	if (result.n && result.n <= 4096)
		record_str(&r, AUDIT_RESULT, result);
	else if (result.n) {
		/* The name of a blob is not looked at here. */
		u = (struct item_out){ krux_pool_get(pool, 64), 64, 0 };
		item_head(&u, ITEM_LIST, 2);
		item_str(&u, ITEM_BYTES, (struct krux_str){ (char *)world.prev, 32 });
		item_head(&u, ITEM_UINT, result.n);
		record_str(&r, AUDIT_RESULT_BLOB, (struct krux_str){ (char *)u.p, u.n });
	}
	put_text(&r, AUDIT_ERROR, error);
	put_text(&r, AUDIT_WHY, why);
	item_head(&o, ITEM_LIST, 0);
	item_head(&o, ITEM_LIST, 3);
	item_head(&o, ITEM_UINT, 1);
	item_head(&o, ITEM_UINT, 2);
	item_head(&o, ITEM_UINT, 3);
	record_str(&r, AUDIT_LAYERS, (struct krux_str){ (char *)list, 1 });
	record_str(&r, AUDIT_USAGE, (struct krux_str){ (char *)list + 1, o.n - 1 });
	world_append(&r);
	krux_pool_free(pool);
}

void world_finish(struct world_run *run, int how)
{
	static const struct { const char *text; } read_output = {
		"\xA4""dsize\x05""fsha256\x58\x20""01234567890123456789012345678901""gcontent""ehello""itruncated\xF4" };
	struct message_result r = { .end = SPAWN_DONE };
	struct krux_str output = { read_output.text, strlen(read_output.text) };
	struct part part[5] = { { &r, sizeof r } };
	static uint8_t lots[100000];
	unsigned n = 1;
	int fd = -1;

	world_until(run->gate);
	switch (how) {
	case RUN_ERROR:
		r = (struct message_result){ .end = SPAWN_ERROR, .nerror = 8, .nmessage = 10 };
		part[n++] = (struct part){ "NotFound", 8 };
		part[n++] = (struct part){ "not there\n", 10 };
		outcome(run, 2, KRUX_STR(""), "NotFound", "not there");
		break;
	case RUN_KILLED:
		r = (struct message_result){ .end = SPAWN_KILLED, .nwhy = 7 };
		part[n++] = (struct part){ "wall 5s", 7 };
		outcome(run, 3, KRUX_STR(""), NULL, "wall 5s");
		break;
	case RUN_REFUSES:
		outcome(run, 4, KRUX_STR(""), NULL, "this machine lacks everything");
		channel_put(&run->gate->spawner, MESSAGE_REFUSED, run->cookie,
		            &(struct part){ "this machine lacks everything", 29 }, 1, &err);
		return;
	case RUN_LONG:
		memset(lots, 'x', sizeof lots);
		memcpy(lots, "\xA1gcontent\x7A\x00\x01\x86\x90", 14);
		part[1] = (struct part){ lots, 14 + 99984 };
		fd = memory_file("output", &part[1], 1, &err);
		r.noutput = (uint32_t)part[1].n;
		r.flags = RESULT_OUTPUT_FD;
		outcome(run, 1, (struct krux_str){ (char *)lots, 14 + 99984 }, NULL, NULL);
		channel_put_fds(&run->gate->spawner, MESSAGE_RESULT, run->cookie, part, 1, &fd, 1, &err);
		close(fd);
		return;
	default:
		r.noutput = (uint32_t)output.n;
		part[n++] = (struct part){ output.p, output.n };
		outcome(run, 1, output, NULL, NULL);
	}
	/* channel_put takes three parts. */
	if (n == 3)
		channel_put(&run->gate->spawner, MESSAGE_RESULT, run->cookie, part, 3, &err);
	else
		channel_put(&run->gate->spawner, MESSAGE_RESULT, run->cookie, part, n, &err);
}

static void spawner_run(struct world_gate *g, const struct message *m)
{
	struct world_run *run = &world.run[world.nruns++ % 64];
	struct message_run head;
	const char *why;
	size_t used;

	ck_assert_uint_gt(m->n, sizeof head);
	memcpy(&head, m->body, sizeof head);
	*run = (struct world_run){ .cookie = m->cookie, .deadline = head.deadline, .gate = g };
	ck_assert_uint_eq(head.generation, g->generation);
	ck_assert_uint_eq(sizeof head + head.nrecord + head.nticket, m->n);
	ck_assert(record_decode(m->body + sizeof head, head.nrecord, &run->intent, &used, &why));
	run->seq = run->intent.field[AUDIT_SEQ].u;
	/* The record is kept where it does not move. */
	for (unsigned i = 0; i < world.nrecords; i++)
		if (decoded(i)->field[AUDIT_SEQ].u == run->seq)
			run->intent = *decoded(i);
	ck_assert_mem_eq(head.receipt, &run->seq, sizeof run->seq);
	ck_assert_int_eq(record_has(&run->intent, AUDIT_TICKET), head.nticket > 0);
	if (run->deadline == 1)
		world_finish(run, RUN_REFUSES);
	else if (world.runs == RUN_DIES)
		channel_close(&g->spawner);
	else if (world.runs != RUN_WAITS)
		world_finish(run, (int)world.runs);
}

static void spawner_look(struct world_gate *g, const struct message *m)
{
	struct item_in in = { m->body, m->body + m->n, NULL };
	uint8_t digest[32] = { (uint8_t)world.looked }, buf[4096];
	struct item_out o = { buf, sizeof buf, 0 };
	struct krux_str workspace, path;
	uint64_t two, n;

	ck_assert(item_take(&in, ITEM_LIST, &two) && two == 2 && item_take_str(&in, ITEM_TEXT, &workspace) &&
	          item_take(&in, ITEM_LIST, &n) && n <= 16);
	item_head(&o, ITEM_LIST, world.looked ? n : 0);
	while (n-- && item_take_str(&in, ITEM_TEXT, &path)) {
		if (!world.looked)
			continue;
		item_head(&o, ITEM_LIST, 3);
		item_str(&o, ITEM_TEXT, path);
		item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)digest, 32 });
		item_head(&o, ITEM_UINT, 5);
	}
	channel_put(&g->spawner, MESSAGE_LOOK, m->cookie, &(struct part){ buf, o.n }, 1, &err);
}

static void spawner_message(struct world_gate *g, struct message *m)
{
	switch (m->kind) {
	case MESSAGE_RUN:
		spawner_run(g, m);
		return;
	case MESSAGE_CANCEL:
		for (unsigned i = 0; i < 64 && i < world.nruns; i++)
			if (world.run[i].cookie == m->cookie) {
				world.run[i].cancelled = true;
				world_finish(&world.run[i], RUN_KILLED);
			}
		return;
	case MESSAGE_LOOK:
		spawner_look(g, m);
		return;
	default:
		ck_abort_msg("the gate sends the spawner kind %d", m->kind);
	}
}

/* ---- the parent ---- */

static void parent_message(struct world_gate *g, struct message *m)
{
	switch (m->kind) {
	case MESSAGE_READY:
		g->ready = true;
		return;
	case MESSAGE_REFUSED:
		fprintf(stderr, "refused: %.*s\n", (int)m->n, (const char *)m->body);
		return;
	case MESSAGE_NOTIFY:
		world.nevents++;
		snprintf(world.event, sizeof world.event, "%.*s", (int)m->n, (const char *)m->body);
		return;
	case MESSAGE_RELOAD:
		world.nreloads++;
		world.reload_cookie = m->cookie;
		snprintf(world.reload_path, sizeof world.reload_path, "%.*s", (int)m->n, (const char *)m->body);
		return;
	default:
		ck_abort_msg("the gate sends the parent kind %d", m->kind);
	}
}

/* ---- turns ---- */

static bool channel_turn(struct world_gate *g, struct channel *c, void (*each)(struct world_gate *, struct message *))
{
	bool any = false;
	struct message m;

	while (c->fd >= 0 && channel_take(c, &m, &err) > 0) {
		any = true;
		each(g, &m);
		message_close_fds(&m);
	}
	return any;
}

bool gates_turn(void)
{
	bool any = false;

	for (int i = 0; i < 2; i++) {
		struct world_gate *g = &world.gate[i];

		if (!g->on)
			continue;
		any |= channel_turn(g, &g->recorder, recorder_message);
		any |= channel_turn(g, &g->spawner, spawner_message);
		any |= channel_turn(g, &g->parent, parent_message);
	}
	for (int i = 0; i < 2; i++) {
		struct world_gate *g = &world.gate[i];

		if (!g->on)
			continue;
		channel_flush(&g->recorder, &err);
		if (g->spawner.fd >= 0)
			channel_flush(&g->spawner, &err);
		channel_flush(&g->parent, &err);
	}
	return any;
}

void gates_wait(int extra, int ms)
{
	struct pollfd f[8];
	nfds_t n = 0;

	for (int i = 0; i < 2; i++) {
		if (!world.gate[i].on)
			continue;
		f[n++] = (struct pollfd){ .fd = world.gate[i].recorder.fd, .events = POLLIN };
		f[n++] = (struct pollfd){ .fd = world.gate[i].spawner.fd, .events = POLLIN };
		f[n++] = (struct pollfd){ .fd = world.gate[i].parent.fd, .events = POLLIN };
	}
	if (extra >= 0)
		f[n++] = (struct pollfd){ .fd = extra, .events = POLLIN };
	poll(f, n, ms);
}

void world_turn(int ms)
{
	uint64_t until = boot_now() + (uint64_t)ms * 1000000;

	do {
		while (gates_turn())
			;
		gates_wait(-1, 5);
	} while (boot_now() < until);
}

/* ---- gates ---- */

static void gate_fork(struct world_gate *g, const char *bundle)
{
	int recorder[2], spawner[2], parent[2];
	static uint64_t generation;

	ck_assert(!channel_pair(recorder, &err) && !channel_pair(spawner, &err) && !channel_pair(parent, &err));
	*g = (struct world_gate){ .on = true, .generation = ++generation };
	fflush(NULL);
	g->pid = fork();
	ck_assert_int_ge(g->pid, 0);
	if (!g->pid) {
		static const char *const places[] = { "state folder=/srv/daemon/state", "bundle=/etc/krux/b", NULL };
		struct gate_run_options o = { .bundle = open(bundle, O_RDONLY | O_CLOEXEC), .bundle_path = bundle,
			                      .trust = world.trust, .generation = g->generation, .recorder = recorder[1],
			                      .spawner = spawner[1], .limits = &world_limits, .places = places,
			                      .agent = alone, .workspace = alone_in };

		close(recorder[0]);
		close(spawner[0]);
		close(parent[0]);
		for (int i = 0; i < 2; i++)
			if (world.gate[i].on && &world.gate[i] != g) {
				close(world.gate[i].recorder.fd);
				close(world.gate[i].spawner.fd);
				close(world.gate[i].parent.fd);
			}
		_exit(gate_run(parent[1], &o));
	}
	close(recorder[1]);
	close(spawner[1]);
	close(parent[1]);
	ck_assert(!channel_open(&g->recorder, recorder[0], &err) && !channel_open(&g->spawner, spawner[0], &err) &&
	          !channel_open(&g->parent, parent[0], &err));
	world_until(g->ready);
}

void world_gate_start(struct world_gate *g)
{
	ck_assert(!channel_put_fds(&g->parent, MESSAGE_START, 0, NULL, 0, sockets, 2, &err));
	world_turn(20);
}

void world_stop(struct world_gate *g)
{
	channel_put(&g->parent, MESSAGE_STOP, 0, NULL, 0, &err);
	world_turn(10);
}

void world_second(const char *bundle)
{
	gate_fork(&world.gate[1], bundle ? bundle : world.bundle);
}

struct client *world_alone(const char *agent, const char *workspace)
{
	int pair[2];

	alone = agent;
	alone_in = workspace;
	world_second(NULL);
	alone = alone_in = NULL;
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	ck_assert(!channel_put_fds(&world.gate[1].parent, MESSAGE_START, 0, NULL, 0, &pair[1], 1, &err));
	world_turn(20);
	close(pair[1]);
	return client_of(pair[0]);
}

int world_ended(struct world_gate *g)
{
	for (int i = 0; i < 1000; i++) {
		if (waitpid(g->pid, &g->status, WNOHANG) == g->pid) {
			gates_turn();          /* what it has said before it ended */
			g->on = false;
			channel_close(&g->recorder);
			channel_close(&g->spawner);
			channel_close(&g->parent);
			g->pid = 0;
			return WIFEXITED(g->status) ? WEXITSTATUS(g->status) : -WTERMSIG(g->status);
		}
		world_turn(10);
	}
	return -1000;
}

static int listening(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s/%s", world.root, name);
	ck_assert(!bind(fd, (struct sockaddr *)&a, sizeof a) && !listen(fd, 1024));
	return fd;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void trusted(enum trust_role role, const struct krux_secret_key *k)
{
	struct krux_public_key public;

	krux_key_public(k, &public);
	ck_assert_msg(!trust_add(world.trust, role, &public, &err), "%s", err.text);
}

static void build(const char *from, const char *to)
{
	const char *folder = getenv("BUILD");
	char command[512];

	snprintf(command, sizeof command, "%s/kruxc build %s -I stdlib-caps -o %s/%s --key %s/signer.key --serial 1 "
	         ">%s/log 2>&1 || { cat %s/log; exit 1; }", folder ? folder : "build", from, built, to, built, built, built);
	ck_assert_int_eq(system(command), 0);
}

void world_once(void)
{
	char stem[128];

	ck_assert(sodium_init() >= 0);
	strcpy(built, "/tmp/krux-gate-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(built));
	ck_assert(krux_key_generate("signer", false, &world_stranger, NULL));
	snprintf(stem, sizeof stem, "%s/signer", built);
	ck_assert(krux_key_files_write(stem, &world_stranger, NULL));
	build("tests/fixtures/gate", "out");
}

const char *world_other(void)
{
	static char path[128];
	char command[512];

	snprintf(command, sizeof command, "mkdir -p %s/in && sed 's/from: \\[ ana, ben \\], quorum: 1/from: [ ana, ben ], quorum: 2/' "
	         "tests/fixtures/gate/policy.yaml >%s/in/policy.yaml", built, built);
	ck_assert_int_eq(system(command), 0);
	snprintf(command, sizeof command, "%s/in", built);
	build(command, "other");
	snprintf(path, sizeof path, "%s/other/bundle.krux", built);
	return path;
}

void world_finally(void)
{
	nftw(built, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void world_setup(void)
{
	static const char *const folders[] = { "trust", "trust/bundles", "trust/approvers", "trust/operators" };
	char path[200];
	struct krux_public_key keyed;
	struct record origin = { 0 };

	world = (struct world){ .runs = RUN_ANSWERS };
	nwaiting = 0;
	strcpy(world.root, "/tmp/krux-world-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(world.root));
	if (world_bundle)
		snprintf(world.bundle, sizeof world.bundle, "%s", world_bundle);
	else
		snprintf(world.bundle, sizeof world.bundle, "%s/out/bundle.krux", built);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/%s", world.root, folders[i]);
		ck_assert(!mkdir(path, 0700));
	}
	snprintf(path, sizeof path, "%s/trust", world.root);
	world.trust = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	trusted(TRUST_BUNDLE, &world_stranger);
	ck_assert(krux_key_generate("ana", false, &world_ana, NULL) && krux_key_generate("ben", false, &world_ben, NULL) &&
	          krux_key_generate("operator", false, &world_operator, NULL));
	trusted(TRUST_APPROVER, &world_ana);
	trusted(TRUST_APPROVER, &world_ben);
	trusted(TRUST_OPERATOR, &world_operator);
	world.bytes = malloc(32 << 20);
	world.carry = carry_new();
	record_set(&origin, AUDIT_KIND, AUDIT_KIND_ORIGIN);
	record_text(&origin, AUDIT_ORIGIN, "krux/test");
	record_text(&origin, AUDIT_ENGINE, "tests");
	world_append(&origin);
	world_register("builder");
	world_register("other");
	krux_key_public(&world_ana, &keyed);
	world_agent("keyed", AUDIT_AUTH_KEY, keyed.key, 0);
	world_agent("peer", AUDIT_AUTH_PEER, NULL, getuid());
	sockets[0] = listening("agents");
	sockets[1] = listening("supervisors");
	gate_fork(&world.gate[0], world.bundle);
	world_gate_start(&world.gate[0]);
}

void world_teardown(void)
{
	for (int i = 0; i < 2; i++) {
		if (!world.gate[i].on)
			continue;
		world.gate[i].on = true;
		world_stop(&world.gate[i]);
		ck_assert_int_eq(world_ended(&world.gate[i]), 0);
	}
	close(sockets[0]);
	close(sockets[1]);
	close(world.trust);
	carry_free(world.carry);
	free(world.bytes);
	nftw(world.root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
