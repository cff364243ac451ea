/* Forks and channels to a daemon without its parent's cares. */
#include "bench/daemon.h"

#include "bench/measure.h"
#include "capspec/digest.h"
#include "capspec/key.h"
#include "runtime/base/err.h"
#include "runtime/base/message.h"
#include "runtime/base/state.h"
#include "runtime/record/record.h"
#include "runtime/record/recorder.h"
#include "runtime/spawn/pool.h"
#include "runtime/spawn/spawner.h"
#include "runtime/spawn/template.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct krux_err err;
static struct state state;

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "bench/gate: %s: %s\n", what, err.text[0] ? err.text : strerror(errno));
	exit(1);
}

static const char *below(const struct daemon *d, const char *name)
{
	static char path[8][400];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof path[0], "%s/%s", d->folder, name);
	return p;
}

/* ---- files ---- */

static void files_make(struct daemon *d, const char *policy)
{
	const char *build = getenv("BUILD");
	char krux[2][300];
	FILE *f;

	snprintf(d->folder, sizeof d->folder, "%s/bench-gate-XXXXXX", build ? build : "build");
	snprintf(krux[0], sizeof krux[0], "%s/kruxc", build ? build : "build");
	snprintf(krux[1], sizeof krux[1], "%s/kruxrt", build ? build : "build");
	if (!mkdtemp(d->folder) || mkdir(below(d, "policy"), 0700))
		fail(d->folder);
	f = fopen(below(d, "policy/bench.yaml"), "we");
	if (!f || fputs(policy, f) < 0 || fclose(f))
		fail("policy");
	if (run_program((const char *[]){ krux[0], "build", below(d, "policy"), "-I", "stdlib-caps", "-o", below(d, "out"), NULL },
	                NULL).code ||
	    run_program((const char *[]){ krux[1], "init", "--state", below(d, "state"), NULL }, NULL).code)
		fail("kruxc build, kruxrt init");
	if (state_open(below(d, "state"), &state, &err))
		fail("state");
}

static int listening(const struct daemon *d, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%.90s/%s", d->folder, name);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 4096))
		fail(a.sun_path);
	return fd;
}

/* ---- processes ---- */

static void ready_wait(int fd)
{
	struct channel c;
	struct message m;
	int rc;

	if (channel_open(&c, fd, &err))
		fail("channel");
	while (!(rc = channel_take(&c, &m, &err)))
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1000);
	if (rc < 0 || m.kind != MESSAGE_READY)
		fail(rc > 0 && m.kind == MESSAGE_REFUSED ? (const char *)m.body : "a process does not become ready");
	c.fd = -1;
	channel_close(&c);
}

static void say(int fd, enum message_kind kind, const int *fds, unsigned nfds)
{
	const uint64_t generation = 1;
	struct part part = { &generation, kind == MESSAGE_GENERATION ? sizeof generation : 0 };
	struct channel c;

	if (channel_open(&c, fd, &err) || channel_put_fds(&c, kind, 0, &part, 1, fds, nfds, &err) || channel_flush(&c, &err) < 0)
		fail("say");
	c.fd = -1;
	channel_close(&c);
}

static pid_t process(int parent[2], int (*body)(int, void *), void *ctx, const int *keep, unsigned nkeep)
{
	pid_t pid;

	fflush(NULL);
	if (channel_pair(parent, &err))
		fail("channel");
	pid = fork();
	if (pid)
		return pid;
	close(parent[0]);
	for (unsigned i = 0; i < nkeep; i++)
		close(keep[i]);
	_exit(body(parent[1], ctx));
}

static int recorder_body(int parent, void *ctx)
{
	(void)ctx;
	const struct recorder_options o = { .log = state.log, .blobs = state.blobs, .trust = state.trust, .dev = true,
		                            .keys = openat(state.fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		                            .engine = "bench" };

	return recorder_run(parent, &o);
}

static int gate_body(int parent, void *ctx)
{
	return gate_run(parent, ctx);
}

static int spawner_body(int parent, void *ctx)
{
	return spawner_run(parent, ctx);
}

static int handler_body(int spawner, void *ctx)
{
	return template_run(spawner, ctx);
}

static void processes_start(struct daemon *d, bool spawner, const struct gate_limits *limits)
{
	int to_gate[2], to_spawner[2], between[2], parent[2], sockets[2];
	struct gate_run_options g = { .bundle_path = below(d, "out/bundle.krux"), .trust = state.trust, .dev = true,
		                      .generation = 1, .limits = limits };
	struct spawner_options s = { .bundle_path = g.bundle_path, .state = &state, .dev = true, .generation = 1,
		                     .web = -1, .egress = -1 };
	struct template_options h = { .bundle_path = g.bundle_path, .trust = state.trust, .dev = true,
		                      .group = -1, .each = POOL_EACH, .all = POOL_ALL };

	if (channel_pair(to_gate, &err) || channel_pair(to_spawner, &err) || channel_pair(between, &err))
		fail("channels");
	d->recorder = process(parent, recorder_body, NULL, (const int[]){ to_gate[1], to_spawner[1], between[0], between[1] }, 4);
	close(parent[1]);
	d->parent[0] = parent[0];
	ready_wait(d->parent[0]);
	say(d->parent[0], MESSAGE_GENERATION, (const int[]){ to_gate[0], to_spawner[0] }, 2);
	g.bundle = open(g.bundle_path, O_RDONLY | O_CLOEXEC);
	g.recorder = to_gate[1];
	g.spawner = between[0];
	d->gate = process(parent, gate_body, &g, (const int[]){ to_gate[0], to_spawner[0], to_spawner[1], between[1], d->parent[0] }, 5);
	close(parent[1]);
	d->parent[1] = parent[0];
	if (spawner) {
		s.bundle = open(g.bundle_path, O_RDONLY | O_CLOEXEC);
		s.recorder = to_spawner[1];
		s.gate = between[1];
		h.bundle = s.bundle;
		d->handler = process(parent, handler_body, &h,
		                     (const int[]){ to_gate[0], to_gate[1], to_spawner[0], to_spawner[1], between[0], between[1],
		                                    d->parent[0], d->parent[1] }, 8);
		close(parent[1]);
		s.handler = parent[0];
		d->spawner = process(parent, spawner_body, &s, (const int[]){ to_gate[0], to_gate[1], between[0], d->parent[0], d->parent[1] }, 5);
		close(s.handler);
		close(parent[1]);
		d->parent[2] = parent[0];
		ready_wait(d->parent[2]);
		close(between[1]);
	}
	ready_wait(d->parent[1]);
	close(to_gate[1]);
	sockets[0] = listening(d, "a");
	sockets[1] = listening(d, "s");
	say(d->parent[1], MESSAGE_START, sockets, 2);
}

/* ---- talking ---- */

int daemon_socket(const struct daemon *d, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%.90s/%s", d->folder, name);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof a))
		return fd;
	fail("connect");
}

static void frame_out(int fd, const struct frame *f)
{
	uint8_t buf[4096];
	size_t n = frame_encode(f, buf, sizeof buf);

	if (!n || n > sizeof buf || send(fd, buf, n, MSG_NOSIGNAL) != (ssize_t)n)
		fail("send");
}

bool frame_receive(int fd, uint8_t *buf, size_t room, struct frame *out)
{
	size_t n = 0, need = 4;
	const char *why;

	for (;;) {
		ssize_t k = recv(fd, buf + n, room - n, 0);

		if (k <= 0)
			return false;
		n += (size_t)k;
		if (n >= 4)
			need = 4 + ((size_t)buf[0] << 24 | (size_t)buf[1] << 16 | (size_t)buf[2] << 8 | buf[3]);
		if (n >= need)
			return !frame_decode(FRAME_TO_AGENT | FRAME_TO_SUPERVISOR,
			                     (struct krux_str){ (char *)buf + 4, need - 4 }, out, &why);
	}
}

int daemon_connect(const struct daemon *d, unsigned agent)
{
	int fd = daemon_socket(d, "a");
	struct frame f, hello = { .kind = FRAME_HELLO, .hello = { .version = 1, .proof = FRAME_PROOF_TOKEN } };
	uint8_t buf[1024];
	char name[16];

	hello.hello.agent = (struct krux_str){ name, (size_t)snprintf(name, sizeof name, "a%u", agent) };
	hello.hello.token = hello.hello.agent;
	frame_out(fd, &hello);
	if (frame_receive(fd, buf, sizeof buf, &f) && f.kind == FRAME_WELCOME)
		return fd;
	close(fd);
	return -1;
}

size_t call_encode(uint64_t id, const char *capability, const char *json, uint8_t *buf, size_t room)
{
	struct frame f = { .kind = FRAME_CALL, .has_id = true, .id = id,
		           .call = { .capability = { capability, strlen(capability) }, .json = { json, strlen(json) } } };

	return frame_encode(&f, buf, room);
}

/* ---- agents, registered by the operator ---- */

static void agent_register(int fd, const struct krux_secret_key *operator, unsigned agent)
{
	struct frame f, act = { .kind = FRAME_S_ACT, .has_id = true, .id = 2, .s_act.operator = { operator->name, strlen(operator->name) } };
	uint8_t buf[1024], body[1024], signature[64], nonce[16], hash[32];
	struct record r = { 0 };
	char name[16], workspace[32];
	struct krux_str part[2] = { { FRAME_DOMAIN_TOKEN, sizeof FRAME_DOMAIN_TOKEN }, { name, 0 } };

	part[1].n = (size_t)snprintf(name, sizeof name, "a%u", agent);
	snprintf(workspace, sizeof workspace, "/srv/a%u", agent);
	krux_sha256_parts(part, 2, hash);
	frame_out(fd, &(struct frame){ .kind = FRAME_S_NONCE, .has_id = true, .id = 1 });
	if (!frame_receive(fd, buf, sizeof buf, &f) || f.kind != FRAME_S_GIVEN)
		fail("nonce");
	memcpy(nonce, f.s_given.nonce, sizeof nonce);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, name);
	record_text(&r, AUDIT_ACTION, "add");
	record_text(&r, AUDIT_WORKSPACE, workspace);
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_TOKEN);
	record_bytes(&r, AUDIT_TOKEN, hash, sizeof hash);
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	act.s_act.act = (struct krux_str){ (char *)body, record_encode_body(&r, body, sizeof body) };
	act.s_act.signature = signature;
	if (!krux_key_sign(operator, FRAME_DOMAIN_OPERATOR, act.s_act.act, signature))
		fail("sign");
	frame_out(fd, &act);
	if (!frame_receive(fd, buf, sizeof buf, &f) || f.kind != FRAME_S_DONE) {
		err_set(&err, 0, "%.*s", f.kind == FRAME_S_REFUSED ? (int)f.s_refused.why.n : 0, f.s_refused.why.p);
		fail("register an agent");
	}
}

void daemon_start(struct daemon *d, const char *policy, unsigned agents, bool spawner, const struct gate_limits *limits)
{
	struct krux_secret_key operator;
	uint8_t buf[1024];
	struct frame f;
	int fd;

	*d = (struct daemon){ .parent = { -1, -1, -1 } };
	if (sodium_init() < 0)
		fail("sodium");
	files_make(d, policy);
	processes_start(d, spawner, limits);
	if (!krux_key_secret_read(below(d, "state/keys/operator.key"), &operator, NULL))
		fail("the operator's key");
	fd = daemon_socket(d, "s");
	frame_out(fd, &(struct frame){ .kind = FRAME_S_HELLO, .s_hello.version = 1 });
	if (!frame_receive(fd, buf, sizeof buf, &f) || f.kind != FRAME_S_WELCOME)
		fail("hello");
	for (unsigned i = 0; i < agents; i++)
		agent_register(fd, &operator, i);
	close(fd);
}

void daemon_stop(struct daemon *d)
{
	const char *remove[] = { "rm", "-rf", d->folder, NULL };
	pid_t pid[4] = { d->gate, d->spawner, d->handler, d->recorder };

	for (int i = 0; i < 4; i++)
		if (pid[i]) {
			kill(pid[i], SIGTERM);
			waitpid(pid[i], NULL, 0);
		}
	for (int i = 0; i < 3; i++)
		if (d->parent[i] >= 0)
			close(d->parent[i]);
	state_close(&state);
	run_program(remove, NULL);
}

static double pss(pid_t pid)
{
	char path[64], line[256];
	double kib = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	f = pid ? fopen(path, "re") : NULL;
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Pss: %lf kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib / 1024;
}

double daemon_mib(const struct daemon *d, double each[4])
{
	each[0] = pss(d->gate);
	each[1] = pss(d->recorder);
	each[2] = pss(d->spawner);
	each[3] = pss(d->handler);
	return each[0] + each[1] + each[2];
}
