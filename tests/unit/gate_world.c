/* Gates in processes of their own, with a state that is made for each test, and turns in which all others are played. */
#include "tests/unit/gate_peers.h"

#include "capspec/item.h"
#include "runtime/base/loop.h"
#include "runtime/bundle/trust.h"

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
#include <unistd.h>

struct world world;
struct gate_limits world_limits;
struct agent_uids world_uids;
const char *world_bundle;
struct krux_secret_key world_ana, world_ben, world_operator, world_stranger;

static char built[64];
static struct krux_err err;
static int sockets[2] = { -1, -1 };
static const char *alone, *alone_in;

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
		any |= channel_turn(g, &g->recorder, peers_recorder);
		any |= channel_turn(g, &g->spawner, peers_spawner);
		any |= channel_turn(g, &g->parent, peers_parent);
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
	uint64_t until = loop_clock() + (uint64_t)ms * 1000000;

	do {
		while (gates_turn())
			;
		gates_wait(-1, 5);
	} while (loop_clock() < until);
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

	snprintf(command, sizeof command, "mkdir -p %s/in && cp tests/fixtures/gate/team.cap %s/in/ && sed 's/from: \\[ ana, ben \\], quorum: 1/from: [ ana, ben ], quorum: 2/' "
	         "tests/fixtures/gate/policy.yaml >%s/in/policy.yaml", built, built, built);
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

static void start_append(void)
{
	uint8_t bytes[32];
	struct item_out o = { bytes, sizeof bytes, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_START);
	record_text(&r, AUDIT_ENGINE, "tests");
	item_head(&o, ITEM_LIST, 2);
	item_head(&o, ITEM_UINT, world_uids.base);
	item_head(&o, ITEM_UINT, world_uids.count);
	record_bytes(&r, AUDIT_RUNS_AS, bytes, o.n);
	world_append(&r);
}

void world_setup(void)
{
	static const char *const folders[] = { "trust", "trust/bundles", "trust/approvers", "trust/operators" };
	char path[200];
	struct krux_public_key keyed;
	struct record origin = { 0 };

	world = (struct world){ .runs = RUN_ANSWERS };
	peers_reset();
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
	if (world_uids.count)
		start_append();
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
