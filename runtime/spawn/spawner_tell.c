/* How calls ended to records and results. An outcome goes to the recorder before the gate hears of
 * it. */
#include "runtime/spawn/spawner_part.h"

#include "capspec/canon.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/record/entry.h"

#include "capspec/canon.h"
#include "capspec/digest.h"

#include <stdio.h>
#include <string.h>

void spawner_say(const char *what, const char *why)
{
	fprintf(stderr, "kruxrt spawner: %s%s%s\n", what, *why ? ": " : "", why);
}

void end_gone(struct spawner *s, struct end *e)
{
	if (e->gone)
		return;
	e->gone = true;
	loop_forget(&s->loop, &e->watch);
}

void spawner_fail(struct spawner *s, const char *what, const char *why)
{
	spawner_say(what, why);
	s->code = 3;
	loop_stop(&s->loop);
}

void end_tell(struct spawner *s, struct end *e, enum message_kind kind, uint64_t cookie,
                 const struct part *part, unsigned nparts, const int *fd, unsigned nfds)
{
	struct krux_err err;
	int rc;

	if (e->gone)
		return;
	rc = nfds ? channel_put_fds(&e->channel, kind, cookie, part, nparts, fd, nfds, &err)
	          : channel_put(&e->channel, kind, cookie, part, nparts, &err);
	if (!rc)
		return;
	if (e == &s->recorder)
		spawner_fail(s, "to the recorder", err.text);
	else
		end_gone(s, e);
}

void gate_refuse(struct spawner *s, uint64_t cookie, const char *why)
{
	struct part part = { why, strlen(why) };

	end_tell(s, &s->gate, MESSAGE_REFUSED, cookie, &part, 1, NULL, 0);
}

/* The outcome of intent seq, as a record without its head. */
static void recorder_tell(struct spawner *s, uint64_t seq, const struct spawn_result *r, const struct connects *c,
                          struct krux_pool *pool, struct krux_str output)
{
	struct entry_network network[LINE_TARGETS];
	struct entry_memory memory = { .n = 0 };
	struct entry e = { .pool = pool, .blobs = -1, .memory = &memory };
	struct krux_str why = { r->why, strlen(r->why) };
	struct entry_end end = {
		.intent = seq, .end = r->end, .result = output, .error = r->error,
		.why = r->end == SPAWN_ERROR ? r->recorded_message : why,
		.layer = r->layer, .nlayers = r->nlayers,
		.usage = { r->cpu_ns, r->wall_ns, r->rss_bytes }, .used = r->used, .network = network, .nnetwork = c->n,
	};
	struct message_append head = { 0, 0 };
	uint8_t body[RECORD_MAX];
	struct part part[2] = { { &head, sizeof head }, { body, 0 } };
	struct krux_err err;
	struct record record;

	for (unsigned i = 0; i < c->n; i++) {
		const struct message_target *t = &c->target[i];
		const struct message_lined *u = &c->used[i];

		network[i] = (struct entry_network){ { t->host, strlen(t->host) }, t->port, u->connections, u->refused, u->sent,
			                             u->received, u->proxied };
	}
	if (r->end == SPAWN_UNKNOWN && !end.why.n)
		end.why = KRUX_STR("how the call ended is not known");
	if (!entry_outcome(&e, &end, &record, &err))
		part[1].n = record_encode_body(&record, body, sizeof body);
	if (part[1].n)
		end_tell(s, &s->recorder, MESSAGE_APPEND, seq, part, 2, memory.fd, memory.n);
	else
		/* Its generation ends with it, and then the intent is recorded as unknown. */
		spawner_fail(s, "the outcome of a call", "it cannot be put into a record");
	for (unsigned i = 0; i < memory.n; i++)
		close(memory.fd[i]);
}

/* False: there is no memory for it, and the gate is not told. */
static bool file_add(struct spawner *s, const char *name, const struct part *part, int *fd, unsigned *n)
{
	struct krux_err err;

	fd[*n] = memory_file(name, part, 1, &err);
	if (fd[*n] < 0)
		end_gone(s, &s->gate);
	else
		++*n;
	return !s->gate.gone;
}

static void gate_tell(struct spawner *s, enum message_kind kind, uint64_t cookie, const struct spawn_result *r,
                      struct krux_str output)
{
	struct message_result head = {
		.end = r->end, .nerror = (uint32_t)r->error.n, .nmessage = (uint32_t)r->message.n,
		.nwhy = (uint32_t)strlen(r->why), .noutput = (uint32_t)output.n,
		.cpu_ns = r->cpu_ns, .wall_ns = r->wall_ns, .rss_bytes = r->rss_bytes,
	};
	struct part part[5] = { { &head, sizeof head }, { r->error.p, r->error.n },
		                { r->message.p, r->message.n }, { r->why, head.nwhy },
		                { output.p, output.n } };
	const struct part changes = { r->changes.p, r->changes.n };
	const bool apart = output.n > MESSAGE_INLINE;
	unsigned n = 0;
	int fd[2];

	if (s->gate.gone)
		return;
	if (apart && file_add(s, "krux output", &part[4], fd, &n))
		head.flags |= RESULT_OUTPUT_FD;
	if (changes.n && file_add(s, "krux changes", &changes, fd, &n))
		head.flags |= RESULT_CHANGES_FD;
	end_tell(s, &s->gate, kind, cookie, part, apart ? 4 : 5, fd, n);
	while (n)
		close(fd[--n]);
}

/* Canonical bytes of a value; n 0: no memory. */
static struct krux_str encoded(struct krux_pool *pool, const struct krux_value *v)
{
	size_t n = krux_cbor_write(v, NULL, 0);
	uint8_t *p = n ? krux_pool_get(pool, n) : NULL;

	if (!p || krux_cbor_write(v, p, n) != n)
		return (struct krux_str){ NULL, 0 };
	return (struct krux_str){ (char *)p, n };
}

/* What the record of the run says of the changes that a ticket's record has. */
static void changes_say(struct spawn_result *r)
{
	uint8_t digest[KRUX_SHA256];
	char hex[2 * KRUX_SHA256 + 1] = "";

	krux_sha256(r->changes, digest);
	krux_hex_write(digest, sizeof digest, hex);
	snprintf(r->why, sizeof r->why, "changes wait to be approved: %zu bytes, %s", r->changes.n, hex);
}

void result_tell(struct spawner *s, uint64_t cookie, uint64_t seq, struct spawn_result *r, const struct connects *c,
                 struct krux_pool *pool)
{
	struct krux_str output = { NULL, 0 }, recorded = { NULL, 0 };

	if (r->end == SPAWN_DONE) {
		output = encoded(pool, &r->output);
		recorded = encoded(pool, &r->recorded);
		if (!output.n || !recorded.n) {
			r->changes.n = 0;
			r->end = SPAWN_UNKNOWN;
			snprintf(r->why, sizeof r->why, "it ran; its answer was too large to keep");
			output.n = recorded.n = 0;
		}
	}
	if (r->changes.n)
		changes_say(r);
	recorder_tell(s, seq, r, c, pool, recorded);
	gate_tell(s, MESSAGE_RESULT, cookie, r, output);
}

void started_tell(struct spawner *s, uint64_t cookie, uint64_t seq, const struct krux_capability *cap)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
	struct krux_member run = { KRUX_STR("run"), { .kind = KRUX_V_UINT, .u = seq } };
	const struct krux_value answer = { .kind = KRUX_V_MAP, .map = { &run, 1 } };
	struct spawn_result r = { .end = SPAWN_DONE };
	struct message_append head = { 0, 0 };
	uint8_t body[64];
	struct part part[2] = { { &head, sizeof head }, { body, 0 } };
	struct record record = { 0 };
	struct krux_refusal why;

	record_set(&record, AUDIT_KIND, AUDIT_KIND_STARTED);
	record_set(&record, AUDIT_ABOUT, seq);
	part[1].n = record_encode_body(&record, body, sizeof body);
	if (!part[1].n || !pool || !krux_canon(pool, cap->output, &answer, &r.output, &why)) {
		spawner_fail(s, "the start of a run", "it cannot be put into a record");
		return;
	}
	end_tell(s, &s->recorder, MESSAGE_APPEND, seq, part, 2, NULL, 0);
	gate_tell(s, MESSAGE_STARTED, cookie, &r, encoded(pool, &r.output));
}

void call_broken(struct spawner *s, uint64_t cookie, uint64_t seq, struct krux_pool *pool,
                        const char *why)
{
	static const struct connects none;
	struct spawn_result r = { .end = SPAWN_BROKEN };

	snprintf(r.why, sizeof r.why, "%.255s", why);
	recorder_tell(s, seq, &r, &none, pool, (struct krux_str){ NULL, 0 });
	gate_refuse(s, cookie, why);
}
