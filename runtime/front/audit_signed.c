/* Checkpoints, certificates of epochs and cosignatures to faults, in one pass over the records. */
#include "runtime/front/audit_signed.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/state.h"
#include "runtime/front/audit_loss.h"
#include "runtime/front/audit_trust.h"
#include "runtime/record/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct checking {
	const struct state *state;
	struct audit_trust trust;
	struct checkpoint_list list;
	struct tree tree;
	struct losses losses;
	struct note_key *epoch;      /* certified ones */
	size_t strange;              /* entries of log/checkpoints that none of them has signed */
	bool live;
	size_t nepochs, capepochs;
	struct signed_report *out;
};

__attribute__((format(printf, 2, 3))) static void fault(struct signed_report *out, const char *format, ...)
{
	va_list ap;

	if (out->faults < SIGNED_LINES) {
		va_start(ap, format);
		vsnprintf(out->fault[out->faults], SIGNED_LINE, format, ap);
		va_end(ap);
	}
	out->faults++;
}

#define U(x) ((unsigned long long)(x))

/* A checkpoint that is not in the folder: it must be of this log. */
static int elsewhere_read(struct checking *c, const char *path, struct krux_err *err)
{
	CLEAN_FREE uint8_t *text = NULL;
	struct checkpoint_seen *more;
	struct checkpoint head;
	struct note note;
	const char *why;
	size_t n;

	text = file_read_path(path, NOTE_MAX, &n, err);
	if (!text)
		return -1;
	if (!note_parse((struct krux_str){ (char *)text, n }, &note, &why) ||
	    !checkpoint_parse(note.text, &head, &why))
		return err_set(err, 0, "%s %s", path, why);
	if (note_verify(&note, &c->trust.log, 1) != 1)
		return err_set(err, 0, "%s is not signed with the key of this log", path);
	more = reallocarray(c->list.seen, c->list.n + 1, sizeof *more);
	if (!more)
		return err_set(err, ENOMEM, "checkpoints");
	c->list.seen = more;
	c->list.cap = c->list.n + 1;
	more += c->list.n++;
	*more = (struct checkpoint_seen){ .size = head.size };
	memcpy(more->root, head.root, HASH_LEN);
	for (size_t i = 0; i < c->trust.nwitnesses; i++)
		more->witnesses += note_verify(&note, &c->trust.witness[i].key, 1) == 1;
	c->out->elsewhere = true;
	return 0;
}

static int size_order(const void *a, const void *b)
{
	const struct checkpoint_seen *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

static int epoch_add(struct checking *c, const struct record *r, struct krux_err *err)
{
	const struct krux_str origin = { c->trust.log.name, strlen(c->trust.log.name) };
	struct note_key *more;

	if (!certify_check(&c->trust.key, origin, r)) {
		fault(c->out, "record %llu: the key of a start is not certified by the key of this log",
		      U(r->field[AUDIT_SEQ].u));
		return 0;
	}
	if (c->nepochs == c->capepochs) {
		c->capepochs = c->capepochs ? 2 * c->capepochs : 16;
		more = reallocarray(c->epoch, c->capepochs, sizeof *more);
		if (!more)
			return err_set(err, ENOMEM, "epochs");
		c->epoch = more;
	}
	if (epoch_note_key(&c->epoch[c->nepochs], origin, (const uint8_t *)r->field[AUDIT_KEY].s.p))
		c->nepochs++;
	c->out->epochs++;
	return 0;
}

static int record_take(void *ctx, const struct scan_item *item, struct krux_err *err)
{
	struct checking *c = ctx;

	tree_add(&c->tree, item->leaf);
	checkpoint_list_step(&c->list, &c->tree);
	if (losses_take(&c->losses, item->record, err))
		return -1;
	return item->record->field[AUDIT_KIND].u == AUDIT_KIND_CERTIFY ? epoch_add(c, item->record, err) : 0;
}

/* The log has another tree, or none so large, and an operator knows of it. */
static bool is_lost(const struct checking *c, const struct checkpoint_seen *s)
{
	return (s->differs || s->size > c->tree.size) && losses_cover(&c->losses, s);
}

/* So may be the start that signed this one. */
static bool note_is_lost(const struct checking *c, const struct note *note)
{
	struct checkpoint head;
	const char *why;

	if (!checkpoint_parse(note->text, &head, &why))
		return false;
	for (size_t i = 0; i < c->list.n; i++)
		if (c->list.seen[i].size == head.size && !memcmp(c->list.seen[i].root, head.root, HASH_LEN))
			return is_lost(c, &c->list.seen[i]);
	return false;
}

/* By a start that the log knows of, or by one that is lost with what it signed. */
static bool epoch_signed(const struct checking *c, struct note *note)
{
	for (size_t i = 0; i < c->nepochs; i++)
		if (note_verify(note, &c->epoch[i], 1) == 1)
			return true;
	return note_is_lost(c, note);
}

/* The last checkpoint: the start that signed it is one that the log knows of. */
static int epoch_check(struct checking *c, struct krux_err *err)
{
	CLEAN_FREE uint8_t *text = NULL;
	struct krux_err no = { 0 };
	struct note note;
	const char *why;
	size_t n;

	text = file_read(c->state->log, "checkpoint", NOTE_MAX, &n, &no);
	c->out->no_last = !text && no.no == ENOENT;
	c->out->no_history = faccessat(c->state->log, "checkpoints", F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT;
	if (!text)
		return no.no == ENOENT || !no.no ? 0 : err_set(err, no.no, "checkpoint");
	if (!note_parse((struct krux_str){ (char *)text, n }, &note, &why) || note_verify(&note, &c->trust.log, 1) != 1) {
		fault(c->out, "log/checkpoint is none that the log's key has signed");
		return 0;
	}
	if (!epoch_signed(c, &note))
		fault(c->out, "log/checkpoint is not signed by a start that the log knows of");
	return 0;
}

/* The second line of earlier ones. What the log's key has not signed is counted when the list is read; the start that
 * signed what is behind the end of the log may be there, too. */
static int entry_check(void *ctx, struct krux_str bytes, struct krux_err *err)
{
	struct checking *c = ctx;
	struct checkpoint head;
	struct note note;
	const char *why;

	(void)err;
	if (note_parse(bytes, &note, &why) && note_verify(&note, &c->trust.log, 1) == 1 &&
	    checkpoint_parse(note.text, &head, &why) && head.size <= c->tree.size && !epoch_signed(c, &note))
		c->strange++;
	return 0;
}

static int history_check(struct checking *c, struct krux_err *err)
{
	if (checkpoint_history_each(c->state->log, entry_check, c, err) < 0)
		return -1;
	if (c->strange)
		fault(c->out, "%zu entries of log/checkpoints are not signed by a start that the log knows of", c->strange);
	if (c->list.torn && !c->live)
		fault(c->out, "the last %zu bytes of log/checkpoints are no whole entry, as a crash or damage leaves it",
		      c->list.torn);
	return 0;
}

/* The greatest tree of the log that its key has signed. */
static uint64_t size_known(const struct checking *c)
{
	for (size_t i = c->list.n; i--;)
		if (c->list.seen[i].size <= c->tree.size && !c->list.seen[i].differs)
			return c->list.seen[i].size;
	return 0;
}

/* Those that are lost go out of the list. */
static void list_judge(struct checking *c)
{
	const struct checkpoint_seen *last;
	size_t kept = 0;

	for (size_t i = 0; i < c->list.n; i++) {
		const struct checkpoint_seen s = c->list.seen[i];

		if (is_lost(c, &s)) {
			c->out->acknowledged++;
			continue;
		}
		if (s.differs)
			fault(c->out, "the first %llu records are not those that the log's key has signed", U(s.size));
		c->list.seen[kept++] = s;
	}
	c->list.n = kept;
	last = checkpoint_list_last(&c->list);
	if (last && last->size > c->tree.size)
		fault(c->out, "%llu records were signed, and %llu can be read: records are lost", U(last->size),
		      U(c->tree.size));
	c->out->checkpoints = c->list.n;
	c->out->last = last ? last->size : 0;
	c->out->since = !c->losses.n || c->out->last > c->losses.loss[c->losses.n - 1].seq;
}

static int log_check(struct checking *c, struct krux_err *err)
{
	const struct checkpoint_seen *seen;
	struct krux_err why = { 0 };

	if (c->list.n)
		qsort(c->list.seen, c->list.n, sizeof *c->list.seen, size_order);
	/* Damage is verify_log's to name; what lies before it is compared all the same. */
	if (reader_each(c->state->log, record_take, c, &why) && why.no)
		return err_set(err, why.no, "%s", why.text);
	if (losses_judge(&c->losses, c->state, &c->list, size_known(c), err) || epoch_check(c, err) || history_check(c, err))
		return -1;
	list_judge(c);
	seen = checkpoint_list_witnessed(&c->list, 1);
	c->out->witnessed = seen ? seen->size : 0;
	c->out->witnesses = seen ? seen->witnesses : 0;
	if (c->list.ignored)
		fault(c->out, "%zu entries of the files of checkpoints are none of this log", c->list.ignored);
	return 0;
}

int audit_signed(const struct state *state, const char *const *file, bool live, struct signed_report *out,
                 struct krux_err *err)
{
	static struct checking c;
	struct krux_err why = { 0 };
	int rc = 0;

	*out = (struct signed_report){ 0 };
	c = (struct checking){ .state = state, .live = live, .out = out };
	if (audit_trust_read(state, &c.trust, &why))
		return *file ? err_set(err, 0, "%s", why.text) : 0;
	out->key = true;
	rc = checkpoint_list_read(state->log, state->fd, &c.trust.log, c.trust.witness, c.trust.nwitnesses, &c.list, err);
	for (; !rc && *file; file++)
		rc = elsewhere_read(&c, *file, err);
	if (!rc)
		rc = log_check(&c, err);
	checkpoint_list_free(&c.list);
	losses_free(&c.losses);
	free(c.epoch);
	return rc;
}
