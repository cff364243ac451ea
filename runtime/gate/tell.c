/* What an agent is told: frames from calls. An answer to a call that a ticket let run goes to all
 * who wait for the ticket. */
#include "runtime/gate/gate_part.h"

#include "capspec/canon.h"
#include "runtime/decide/remedy.h"
#include "runtime/spawn/spawn.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

/* p NULL, which is left out, where it is empty. */
static struct krux_str word(const char *s)
{
	return *s ? str(s) : (struct krux_str){ NULL, 0 };
}

static struct gate *gate_of(const struct call *c, struct gate *g)
{
	return g ? g : c->session ? c->session->gate : NULL;
}

/* ---- parts ---- */

static struct frame frame_of(const struct call *c, enum frame_end end)
{
	return (struct frame){ .kind = FRAME_ANSWER, .has_id = true, .id = c->id, .answer.end = end };
}

static void judged(struct gate *g, const struct call *c, struct frame *f)
{
	const struct judgement *j = &c->judgement;
	struct krux_str rule, source;

	f->answer.verdict = j->verdict;
	f->answer.has_verdict = true;
	f->answer.would = j->would;
	f->answer.has_would = j->would != j->verdict;
	if (cite_text(g->pool, &j->voice, &rule, &source)) {
		if (rule.n)
			f->answer.rule = rule;
		if (source.n)
			f->answer.source = source;
	}
	f->answer.reason = word(j->reason);
}

static void recorded(const struct call *c, struct frame *f)
{
	f->answer.record = c->seq;
	f->answer.has_record = true;
}

static void tell_send(struct gate *g, struct call *c, struct frame *f, int fd)
{
	g->counts[f->answer.end]++;
	if (c->release)
		ticket_answered(g, c, f, fd);
	else if (c->session)
		c->session->send(c->session, f, fd);
}

/* ---- refusals ---- */

void tell_invalid(struct call *c, const struct request_refusal *r)
{
	struct frame f = frame_of(c, FRAME_END_INVALID);

	if (!c->session)
		return;
	f.answer.where = word(r->where);
	f.answer.why = word(r->why);
	f.answer.remedy = word(r->remedy);
	recorded(c, &f);
	tell_send(c->session->gate, c, &f, -1);
}

const char changes_remedy[] =
	"It has run, and a person has not decided yet about what it changed. Wait for the ticket, or withdraw it.";

void tell_refusal(struct call *c)
{
	bool deferred = c->judgement.verdict == KRUX_APPROVAL || c->about;
	struct frame f = frame_of(c, deferred ? FRAME_END_DEFERRED : FRAME_END_DENIED);
	struct gate *g = gate_of(c, NULL);

	if (!g)
		return;
	judged(g, c, &f);
	recorded(c, &f);
	f.answer.remedy = c->about ? str(changes_remedy) : remedy_text(g->pool, &c->judgement, true);
	f.answer.retry = remedy_retry(&c->judgement);
	f.answer.has_retry = f.answer.retry != 0;
	if (deferred) {
		/* Of changes that wait the verdict is about the run, and may be any. */
		f.answer.verdict = KRUX_APPROVAL;
		f.answer.has_would = f.answer.would != KRUX_APPROVAL && !c->about;
		f.answer.ticket = c->ticket;
	}
	tell_send(g, c, &f, -1);
}

void tell_end(struct gate *g, struct call *c, enum frame_end end, const char *why)
{
	struct frame f = frame_of(c, end);

	f.answer.why = word(why);
	if (c->seq)
		recorded(c, &f);
	if (c->has_ticket)
		f.answer.ticket = c->ticket;
	tell_send(g, c, &f, -1);
}

/* ---- results ---- */

static const struct krux_error_def *error_find(const struct krux_capability *cap, struct krux_str name)
{
	for (size_t i = 0; i < cap->nerrors; i++)
		if (krux_str_eq(cap->error[i].name, name))
			return &cap->error[i];
	return NULL;
}

static void error_fill(const struct call *c, struct krux_str name, struct krux_str message, struct frame *f)
{
	const struct krux_error_def *def = error_find(c->request.cap, name);

	f->answer.error = name;
	if (message.n)
		f->answer.message = message;
	if (!def)
		return;
	if (!message.n && def->doc.n)
		f->answer.message = def->doc;
	if (def->recover.n)
		f->answer.recover = def->recover;
	if (def->hint.n)
		f->answer.hint = def->hint;
}

static bool output_json(struct gate *g, const struct krux_capability *cap, const struct krux_value *output,
                        struct frame *f)
{
	struct krux_value shown;
	size_t n;
	char *p;

	if (!krux_uncanon(g->pool, cap->output, output, &shown))
		return false;
	n = krux_json_write(&shown, NULL, 0);
	p = krux_pool_get(g->pool, n);
	if (!p)
		return false;
	krux_json_write(&shown, p, n);
	f->answer.output = (struct krux_str){ p, n };
	return true;
}

/* Inline, or as a file where it is long; *fd is then a new one unless it is the given one. */
static bool output_fill(struct gate *g, unsigned flags, const struct krux_capability *cap, struct krux_str cbor, int have,
                        struct frame *f, int *fd)
{
	struct krux_err err = { 0 };
	struct krux_refusal why;
	struct krux_value v;
	struct part part;

	if (flags & FRAME_FLAG_JSON) {
		if (!krux_cbor_read(g->pool, (const uint8_t *)cbor.p, cbor.n, &v, &why) ||
		    !output_json(g, cap, &v, f))
			return false;
		have = -1;
	} else {
		f->answer.output = cbor;
	}
	if (f->answer.output.n <= MESSAGE_INLINE)
		return true;
	part = (struct part){ f->answer.output.p, f->answer.output.n };
	*fd = have >= 0 ? have : memory_file("output", &part, 1, &err);
	f->answer.size = part.n;
	f->answer.has_size = true;
	f->answer.output = (struct krux_str){ NULL, 0 };
	return *fd >= 0;
}

void tell_json(struct gate *g, const struct krux_capability *cap, struct frame *f, int *fd)
{
	struct krux_str cbor = f->answer.output;
	struct krux_err err = { 0 };
	const uint8_t *map = NULL;
	int file = -1;
	size_t n = 0;

	if (f->answer.has_size) {
		map = memory_map(*fd, FRAME_MAX, &n, &err);
		cbor = (struct krux_str){ (const char *)map, n };
	}
	f->answer.has_size = false;
	f->answer.output = (struct krux_str){ NULL, 0 };
	if (!cbor.p || !output_fill(g, FRAME_FLAG_JSON, cap, cbor, -1, f, &file)) {
		f->answer.end = FRAME_END_BROKEN;
		f->answer.has_size = false;
		f->answer.output = (struct krux_str){ NULL, 0 };
		f->answer.why = str("it ran, and its output cannot be passed on");
	}
	*fd = file;
	if (map)
		memory_unmap(map, n);
}

struct texts {
	struct krux_str error, message, why, output;
};

/* The parts of a RESULT; false where they do not add up. */
static bool held_read(const struct call *c, struct message_result *r, struct texts *t)
{
	const char *p = (const char *)c->held;
	struct krux_str *part[] = { &t->error, &t->message, &t->why, &t->output };
	uint32_t n[4];
	size_t left;

	if (c->held_n < sizeof *r)
		return false;
	memcpy(r, p, sizeof *r);
	p += sizeof *r;
	left = c->held_n - sizeof *r;
	memcpy(n, (const uint32_t[]){ r->nerror, r->nmessage, r->nwhy,
	                              r->flags & RESULT_OUTPUT_FD ? 0 : r->noutput }, sizeof n);
	for (unsigned i = 0; i < 4; i++) {
		if (n[i] > left)
			return false;
		*part[i] = (struct krux_str){ p, n[i] };
		p += n[i];
		left -= n[i];
	}
	return !left && krux_utf8_valid(t->error) && krux_utf8_valid(t->message) && krux_utf8_valid(t->why);
}

static enum frame_end end_of(uint32_t end)
{
	switch (end) {
	case SPAWN_DONE:
		return FRAME_END_DONE;
	case SPAWN_ERROR:
		return FRAME_END_ERROR;
	case SPAWN_KILLED:
		return FRAME_END_KILLED;
	case SPAWN_BROKEN:
		return FRAME_END_BROKEN;
	default:
		return FRAME_END_UNKNOWN;
	}
}

static void ran_fill(struct gate *g, const struct call *c, struct frame *f)
{
	judged(g, c, f);
	recorded(c, f);
	f->answer.durable = c->request.cap->durable;
	f->answer.has_durable = true;
	if (c->has_ticket)
		f->answer.ticket = c->ticket;
}

void tell_result(struct gate *g, struct call *c)
{
	struct message_result r;
	struct texts t = { .error = { NULL, 0 } };
	struct krux_err err = { 0 };
	const uint8_t *map = NULL;
	int fd = c->held_fd;
	struct frame f;
	size_t n = 0;

	if (!held_read(c, &r, &t)) {
		tell_end(g, c, FRAME_END_BROKEN, "what ran it gave an answer that cannot be read");
		return;
	}
	f = frame_of(c, end_of(r.end));
	ran_fill(g, c, &f);
	if (r.flags & RESULT_OUTPUT_FD) {
		map = memory_map(c->held_fd, FRAME_MAX, &n, &err);
		t.output = (struct krux_str){ (const char *)map, n };
	}
	if (f.answer.end == FRAME_END_ERROR)
		error_fill(c, t.error, t.message, &f);
	else if (f.answer.end != FRAME_END_DONE)
		f.answer.why = t.why.n ? t.why : str("how the call ended is not known");
	if (f.answer.end == FRAME_END_DONE && (!t.output.p || !output_fill(g, c->flags, c->request.cap, t.output, c->held_fd, &f, &fd)))
		tell_end(g, c, FRAME_END_BROKEN, "it ran, and its output cannot be passed on");
	else
		tell_send(g, c, &f, f.answer.has_size ? fd : -1);
	if (map)
		memory_unmap(map, n);
	if (fd >= 0 && fd != c->held_fd)
		close(fd);
}

void tell_record(struct gate *g, struct call *c, const struct record *r)
{
	bool known = r->field[AUDIT_KIND].u == AUDIT_KIND_OUTCOME;
	struct frame f = frame_of(c, known ? end_of((uint32_t)r->field[AUDIT_END].u) : FRAME_END_UNKNOWN);
	int fd = -1;

	ran_fill(g, c, &f);
	if (f.answer.end == FRAME_END_ERROR)
		error_fill(c, r->field[AUDIT_ERROR].s, record_has(r, AUDIT_WHY) ? r->field[AUDIT_WHY].s : str(""), &f);
	else if (record_has(r, AUDIT_WHY))
		f.answer.why = r->field[AUDIT_WHY].s;
	if (f.answer.end == FRAME_END_DONE &&
	    (!record_has(r, AUDIT_RESULT) || !output_fill(g, c->flags, c->request.cap, r->field[AUDIT_RESULT].s, -1, &f, &fd)))
		f.answer.why = str("it was done, and its output is in the log only");
	tell_send(g, c, &f, fd);
	if (fd >= 0)
		close(fd);
}

void tell_pure(struct gate *g, struct call *c, const struct krux_value *output, struct krux_str error,
                 struct krux_str message)
{
	struct frame f = frame_of(c, output ? FRAME_END_DONE : FRAME_END_ERROR);
	struct krux_str held = { (char *)c->held, c->held_n };

	judged(g, c, &f);
	f.answer.has_durable = true;           /* false */
	if (!output)
		error_fill(c, error, message, &f);
	else if (!(c->flags & FRAME_FLAG_JSON))
		f.answer.output = held;
	else if (!output_json(g, c->request.cap, output, &f))
		f.answer.why = str("out of memory");
	tell_send(g, c, &f, -1);
}

/* ---- on the way ---- */

void tell_progress(struct call *c, const char *stage)
{
	struct frame f = { .kind = FRAME_PROGRESS, .has_id = true, .id = c->id, .progress.stage = str(stage) };

	if (c->session && c->flags & FRAME_FLAG_PROGRESS)
		c->session->send(c->session, &f, -1);
}

void tell_error(struct session *s, bool has_id, uint64_t id, enum frame_error code, const char *why, uint64_t retry_ms)
{
	struct frame f = { .kind = FRAME_ERROR, .has_id = has_id, .id = id,
		           .error = { .code = code, .why = str(why), .retry = retry_ms, .has_retry = retry_ms > 0 } };

	s->send(s, &f, -1);
}
