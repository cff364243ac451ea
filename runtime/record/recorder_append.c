/* What a gate or a spawner asks to have recorded: is it theirs to say, and does it follow. Refusals
 * are answered; what no honest program would send ends the channel. */
#include "runtime/record/recorder_part.h"

#include "runtime/base/err.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/registry.h"

#include "capspec/item.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- intents without an end ---- */

static size_t open_place(const struct recorder *r, uint64_t seq)
{
	size_t lo = 0, hi = r->nopen;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->open[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct open *open_find(struct recorder *r, uint64_t seq)
{
	size_t i = open_place(r, seq);

	return i < r->nopen && r->open[i].seq == seq ? &r->open[i] : NULL;
}

bool open_add(struct recorder *r, const struct open *o)
{
	if (r->nopen == r->open_room) {
		size_t room = r->open_room ? 2 * r->open_room : 64;
		struct open *grown = reallocarray(r->open, room, sizeof *grown);

		if (!grown)
			return false;
		r->open = grown;
		r->open_room = room;
	}
	r->open[r->nopen++] = *o;
	return true;
}

void open_drop(struct recorder *r, uint64_t seq)
{
	size_t i = open_place(r, seq);

	if (i == r->nopen || r->open[i].seq != seq)
		return;
	r->nopen--;
	memmove(r->open + i, r->open + i + 1, (r->nopen - i) * sizeof *r->open);
}

/* ---- whose record is it to say ---- */

static bool str_is(struct krux_str s, const char *text)
{
	return s.n == strlen(text) && !memcmp(s.p, text, s.n);
}

static bool action_is(const struct record *r, const char *word)
{
	return str_is(r->field[AUDIT_ACTION].s, word);
}

/* The parent has said whom it serves alone: what that one claims to be is recorded as claimed. */
static bool claims(const struct recorder_options *o, const struct record *r)
{
	return o->agent && r->field[AUDIT_AUTH].u == AUDIT_AUTH_CLAIMED && str_is(r->field[AUDIT_AGENT].s, o->agent) &&
	       str_is(r->field[AUDIT_WORKSPACE].s, o->workspace);
}

/* The agent is registered so, and its call was decided by the bundle of this generation. */
static enum ack_status caller_check(const struct end *e, const struct record *r)
{
	const struct carry_agent *a = carry_agent_find(log_carry(e->recorder->log), r->field[AUDIT_AGENT].s);
	const struct generation *g = e->generation;

	if (!g->has_bundle || memcmp(g->bundle, r->field[AUDIT_BUNDLE].s.p, HASH_LEN) != 0)
		return ACK_MALFORMED;
	if (claims(e->recorder->options, r))
		return ACK_OK;
	if (!a || a->revoked || a->auth != r->field[AUDIT_AUTH].u ||
	    !krux_str_eq(a->workspace, r->field[AUDIT_WORKSPACE].s) ||
	    (a->auth == AUDIT_AUTH_PEER && a->uid != r->field[AUDIT_UID].u))
		return ACK_AGENT;
	return ACK_OK;
}

static enum ack_status intent_check(const struct end *e, const struct record *r)
{
	enum ack_status s = caller_check(e, r);

	if (s)
		return s;
	if (!carry_runs_as_follows(log_carry(e->recorder->log), r))
		return ACK_MALFORMED;
	if (carry_frozen(log_carry(e->recorder->log), r->field[AUDIT_AGENT].s))
		return ACK_FROZEN;
	if (record_has(r, AUDIT_TICKET) && !ticket_fits(e->recorder, r))
		return ACK_TICKET;
	return ACK_OK;
}

/* Serials of such bundles count for nothing; a gate's word for it counts with --dev alone. */
static bool is_development(const struct recorder *recorder, const struct record *r)
{
	return recorder->options->dev && record_has(r, AUDIT_DEV) && r->field[AUDIT_DEV].u;
}

static enum ack_status bundle_check(const struct end *e, const struct record *r)
{
	struct krux_err err = { 0 };

	/* Once, at its start; an older one, or one of another policy, takes an operator's rollback before. */
	if (e->generation->has_bundle)
		return ACK_MALFORMED;
	if (key_revoked(e->recorder, TRUST_BUNDLE, (const uint8_t *)r->field[AUDIT_KEY].s.p))
		return ACK_SIGNATURE;
	if (!is_development(e->recorder, r) && carry_bundle_check(log_carry(e->recorder->log), r->field[AUDIT_POLICY].s,
	                                                          r->field[AUDIT_SERIAL].u, &err))
		return ACK_SIGNATURE;
	return ACK_OK;
}

static enum ack_status agent_check(const struct end *e, const struct record *r)
{
	const struct carry_agent *a = carry_agent_find(log_carry(e->recorder->log), r->field[AUDIT_NAME].s);

	if (!act_holds(e->recorder, r))
		return ACK_SIGNATURE;
	/* A name is given once at a time, and taken back where it was given. */
	if (action_is(r, "add") == (a && !a->revoked))
		return ACK_AGENT;
	return registry_has_uid(log_carry(e->recorder->log), r->field[AUDIT_NAME].s) ? ACK_OK : ACK_AGENT;
}

static enum ack_status gate_may(const struct end *e, const struct record *r, bool here)
{
	struct open *o;

	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_INTENT:
		return intent_check(e, r);
	case AUDIT_KIND_DEFERRED:
	case AUDIT_KIND_DENIED:
	case AUDIT_KIND_INVALID:
		return here ? ACK_MALFORMED : caller_check(e, r);
	case AUDIT_KIND_NOTIFY:
		return r->field[AUDIT_ABOUT].u < carry_next(log_carry(e->recorder->log)) ? ACK_OK : ACK_MALFORMED;
	case AUDIT_KIND_REFUSED:
	case AUDIT_KIND_WITHDRAWN:
	case AUDIT_KIND_EXPIRED:
	case AUDIT_KIND_STALE:
		return ACK_OK;
	case AUDIT_KIND_SIGNED:
		if (!carry_ticket_find(log_carry(e->recorder->log), (const uint8_t *)r->field[AUDIT_TICKET].s.p))
			return ACK_TICKET;
		return decision_holds(e->recorder, r) ? ACK_OK : ACK_SIGNATURE;
	case AUDIT_KIND_BUNDLE:
		return bundle_check(e, r);
	case AUDIT_KIND_OUTCOME:
		o = open_find(e->recorder, r->field[AUDIT_ABOUT].u);
		return o && o->here && o->generation == e->generation->n ? ACK_OK : ACK_MALFORMED;
	case AUDIT_KIND_FREEZE:
		return action_is(r, "freeze") || act_holds(e->recorder, r) ? ACK_OK : ACK_SIGNATURE;
	case AUDIT_KIND_AGENT:
		return agent_check(e, r);
	case AUDIT_KIND_KEY:
	case AUDIT_KIND_CLEAR:
	case AUDIT_KIND_ROLLBACK:
	case AUDIT_KIND_ACKNOWLEDGED:
		return act_holds(e->recorder, r) ? ACK_OK : ACK_SIGNATURE;
	default:
		return ACK_MALFORMED;
	}
}

static enum ack_status spawner_may(const struct end *e, const struct record *r)
{
	uint64_t kind = r->field[AUDIT_KIND].u;
	struct open *o;

	if (kind != AUDIT_KIND_OUTCOME && kind != AUDIT_KIND_UNKNOWN && kind != AUDIT_KIND_STARTED)
		return ACK_MALFORMED;
	o = open_find(e->recorder, r->field[AUDIT_ABOUT].u);
	return o && !o->here && o->generation == e->generation->n ? ACK_OK : ACK_MALFORMED;
}

/* ---- blobs ---- */

static bool blob_named(const struct record *r, enum audit_field f, const uint8_t **name, uint64_t *size)
{
	struct krux_str s, bytes;
	struct item_in in;
	uint64_t two;

	if (!record_has(r, f))
		return false;
	s = r->field[f].s;
	in = (struct item_in){ (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, NULL };
	if (!item_take(&in, ITEM_LIST, &two) ||
	    !item_take_str(&in, ITEM_BYTES, &bytes) || !item_take(&in, ITEM_UINT, size))
		return false;
	*name = (const uint8_t *)bytes.p;
	return true;
}

static enum ack_status blob_keep(struct recorder *r, int fd, const uint8_t *name, uint64_t size)
{
	struct krux_err err = { 0 };
	struct krux_str content;
	size_t n;
	const uint8_t *p = fd < 0 ? NULL : memory_map(fd, RECORDER_BLOB, &n, &err);
	enum ack_status s = ACK_OK;

	if (!p)
		return ACK_MALFORMED;
	if (!blob_is(p, n, name, &content) || content.n != size)
		s = ACK_MALFORMED;
	else if (blob_write(r->options->blobs, name, p, n, &err))
		s = err.no == ENOSPC || err.no == EDQUOT ? ACK_FULL : ACK_FAILED;
	memory_unmap(p, n);
	return s;
}

/* Memory files come in the order of the fields that name them, no more and no fewer. */
static enum ack_status blobs_keep(struct recorder *r, const struct message *m, const struct record *rec)
{
	static const enum audit_field fields[] = { AUDIT_ARGS_BLOB, AUDIT_FACTS_BLOB, AUDIT_RESULT_BLOB };
	const uint8_t *name[MESSAGE_FDS];
	uint64_t size[MESSAGE_FDS];
	enum ack_status s = ACK_OK;
	unsigned n = 0;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (blob_named(rec, fields[i], &name[n], &size[n]))
			n++;
	if (n != m->nfds)
		return ACK_MALFORMED;
	for (unsigned i = 0; i < n && !s; i++)
		s = blob_keep(r, m->fd[i], name[i], size[i]);
	return s;
}

/* ---- appending ---- */

static enum ack_status log_status(enum log_result rc, const struct record *r)
{
	switch (rc) {
	case LOG_OK:
		return ACK_OK;
	case LOG_FULL:
		return ACK_FULL;
	case LOG_FAILED:
		return ACK_FAILED;
	default:
		/* What else could not follow was seen before. */
		return record_has(r, AUDIT_TICKET) ? ACK_TICKET : record_has(r, AUDIT_SIGNERS) ? ACK_SIGNATURE : ACK_MALFORMED;
	}
}

/* Does a gate need the bytes of its own record: to pass them on, or because its state follows from them. */
static bool is_told(const struct record *r, bool here)
{
	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_INTENT:
		return !here;
	case AUDIT_KIND_OUTCOME:         /* of an intent that it answered itself */
		return false;
	case AUDIT_KIND_DENIED:
		return record_has(r, AUDIT_TICKET);
	default:
		return carry_takes(r->field[AUDIT_KIND].u);
	}
}

static enum ack_status body_append(struct end *e, const struct message *m, struct krux_str body, bool here,
                                   struct pending *p)
{
	struct recorder *r = e->recorder;
	struct krux_err err = { 0 };
	struct record rec;
	const char *why;
	enum ack_status s;

	if (!record_body_known((const uint8_t *)body.p, body.n, &r->known, &rec, &why))
		return ACK_MALFORMED;
	p->kind = rec.field[AUDIT_KIND].u;
	p->about = record_has(&rec, AUDIT_ABOUT) ? rec.field[AUDIT_ABOUT].u : 0;
	s = e->kind == END_GATE ? gate_may(e, &rec, here) : spawner_may(e, &rec);
	if (s || (s = blobs_keep(r, m, &rec)))
		return s;
	s = log_status(log_add_body(r->log, body, &rec, &p->added, &err), &rec);
	if (s)
		return s;
	if (p->kind == AUDIT_KIND_INTENT &&
	    !open_add(r, &(struct open){ p->added.seq, e->generation->n, here }))
		recorder_fail(r, "an intent", &(struct krux_err){ .no = ENOMEM, .text = "no memory" });
	p->receipt = p->kind == AUDIT_KIND_INTENT && !here;
	p->echo |= e->kind == END_GATE && is_told(&rec, here);
	if (p->kind == AUDIT_KIND_BUNDLE) {
		e->generation->has_bundle = true;
		memcpy(e->generation->bundle, rec.field[AUDIT_BUNDLE].s.p, HASH_LEN);
	}
	return ACK_OK;
}

int append_take(struct end *e, struct message *m, struct krux_err *err)
{
	struct pending *p = &e->recorder->pending[e->recorder->npending];
	struct message_append head;

	if (m->n < sizeof head)
		return err_set(err, EPROTO, "an append that is cut short");
	memcpy(&head, m->body, sizeof head);
	if (head.reserved || head.flags & ~(uint32_t)(APPEND_LAZY | APPEND_HERE | APPEND_ECHO) ||
	    (e->kind == END_SPAWNER && head.flags))
		return err_set(err, EPROTO, "flags of an append that there are not");
	*p = (struct pending){ .from = e, .cookie = m->cookie, .lazy = head.flags & APPEND_LAZY,
		               .echo = head.flags & APPEND_ECHO };
	p->status = body_append(e, m, (struct krux_str){ (const char *)m->body + sizeof head, m->n - sizeof head },
	                        head.flags & APPEND_HERE, p);
	e->recorder->npending++;
	return 0;
}

void append_unknown(struct recorder *r, uint64_t seq, const char *why)
{
	struct pending *p = &r->pending[r->npending];
	struct krux_err err = { 0 };
	struct record rec = { 0 };

	record_set(&rec, AUDIT_KIND, AUDIT_KIND_UNKNOWN);
	record_set(&rec, AUDIT_ABOUT, seq);
	record_text(&rec, AUDIT_WHY, why);
	*p = (struct pending){ .kind = AUDIT_KIND_UNKNOWN, .about = seq };
	p->status = log_status(log_add(r->log, &rec, &p->added, &err), &rec);
	r->npending++;
}
