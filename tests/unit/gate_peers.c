/* What the gate believes to be its recorder, spawner and parent answers from here; the queue and the facts
 * are those of the real carry state. */
#include "tests/unit/gate_peers.h"

#include "capspec/item.h"
#include "runtime/base/loop.h"
#include "runtime/record/blob.h"
#include "runtime/record/log.h"
#include "runtime/spawn/spawn.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct krux_err err;
static struct {
	uint64_t cookie;
	struct message_ack ack;
	size_t at, n;
	struct world_gate *gate;
} waiting[WORLD_SEEN];
static unsigned nwaiting;

/* ---- records ---- */

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

	*ack = (struct message_ack){ .seq = world.seq, .wall = log_wall() };
	record_set(r, AUDIT_SEQ, world.seq);
	record_bytes(r, AUDIT_PREV, world.prev, 32);
	record_bytes(r, AUDIT_EPOCH, epoch, 16);
	record_bytes(r, AUDIT_BOOT, boot, 16);
	record_set(r, AUDIT_WALL, ack->wall);
	record_set(r, AUDIT_MONO, loop_clock());
	n = record_encode(r, to, RECORD_MAX);
	if (!n || !record_decode(to, n, &back, &used, &why)) {
		fprintf(stderr, "the gate appends what is no record of kind %llu\n", (unsigned long long)r->field[AUDIT_KIND].u);
		ack->status = ACK_MALFORMED;
		return 0;
	}
	if (world.refuse_status && world.refuse_kind == back.field[AUDIT_KIND].u) {
		ack->status = world.refuse_status;
		world.refused++;
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

void peers_recorder(struct world_gate *g, struct message *m)
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
	record_text(&r, AUDIT_ERROR, error);
	record_text(&r, AUDIT_WHY, why);
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

void world_says_started(struct world_run *run)
{
	uint8_t output[16];
	struct item_out o = { output, sizeof output, 0 };
	struct message_result r = { .end = SPAWN_DONE };
	struct part part[2] = { { &r, sizeof r }, { output, 0 } };

	item_head(&o, ITEM_MAP, 1);
	item_str(&o, ITEM_TEXT, KRUX_STR("run"));
	item_head(&o, ITEM_UINT, run->seq);
	r.noutput = (uint32_t)o.n;
	part[1].n = o.n;
	channel_put(&run->gate->spawner, MESSAGE_STARTED, run->cookie, part, 2, &err);
}

void world_started(struct world_run *run)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_STARTED);
	record_set(&r, AUDIT_ABOUT, run->seq);
	world_append(&r);
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
	if (run->deadline == RUN_CANCELLED)
		world_finish(run, RUN_REFUSES);
	else if (world.runs == RUN_DIES)
		channel_close(&g->spawner);
	else if (world.runs != RUN_WAITS)
		world_finish(run, (int)world.runs);
}

void world_see(void)
{
	struct world_sight *s = &world.sight;

	channel_put(&s->gate->spawner, MESSAGE_LOOK, s->cookie, &(struct part){ s->seen, s->n }, 1, &err);
	s->gate = NULL;
}

static void spawner_look(struct world_gate *g, const struct message *m)
{
	struct item_in in = { m->body, m->body + m->n, NULL };
	struct world_sight *sight = &world.sight;
	uint8_t digest[32] = { (uint8_t)world.looked };
	struct item_out o = { sight->seen, sizeof sight->seen, 0 };
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
	ck_assert_ptr_null(sight->gate);
	sight->gate = g;
	sight->cookie = m->cookie;
	sight->n = o.n;
	if (!world.blind)
		world_see();
}

void peers_spawner(struct world_gate *g, struct message *m)
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

void peers_parent(struct world_gate *g, struct message *m)
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

void peers_reset(void)
{
	nwaiting = 0;
}
