/* Trust folder and files of checkpoints to keys and one note. */
#include "runtime/front/audit_trust.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/state.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int origin_read(int log, char out[static NOTE_NAME + 1], struct krux_err *err)
{
	struct reader *r = reader_open(log, 0, err);
	struct scan_item item = { 0 };
	struct krux_str origin;
	int rc = -1;

	if (!r)
		return -1;
	if (reader_next(r, &item, err) != SCAN_RECORD || !record_has(item.record, AUDIT_ORIGIN)) {
		err_set(err, 0, "the log does not start with its name");
	} else {
		origin = item.record->field[AUDIT_ORIGIN].s;
		rc = origin.n > NOTE_NAME ? err_set(err, 0, "the name of the log is too long") : 0;
		if (!rc)
			snprintf(out, NOTE_NAME + 1, "%.*s", (int)origin.n, origin.p);
	}
	reader_close(r);
	return rc;
}

int audit_trust_read(const struct state *state, struct audit_trust *out, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(1 << 20);
	struct krux_public_key *key;
	char origin[NOTE_NAME + 1];
	size_t n;

	if (!pool)
		return err_set(err, ENOMEM, "keys");
	if (origin_read(state->log, origin, err) || trust_read(state->trust, TRUST_LOG, pool, &key, &n, err) ||
	    witnesses_read(state->trust, out->witness, &out->nwitnesses, err))
		return -1;
	if (n != 1)
		return err_set(err, 0, "trust/logs must hold the one key of this log");
	out->key = key[0];
	if (!log_note_key(&out->log, (struct krux_str){ origin, strlen(origin) }, key[0].key))
		return err_set(err, 0, "the name of the log cannot be the name of a key");
	return 0;
}

/* ---- the checkpoint ---- */

struct choice {
	const struct audit_trust *trust;
	uint64_t at_least;
	char *text;                  /* the best so far */
	size_t n;
	uint64_t size;
	unsigned witnesses;
};

/* Is it signed by the log, and by how many witnesses. */
static bool note_weigh(const struct audit_trust *t, struct note *note, struct krux_str bytes,
                       struct checkpoint *head, unsigned *witnesses)
{
	const char *why;

	*witnesses = 0;
	if (!note_parse(bytes, note, &why) || !checkpoint_parse(note->text, head, &why) ||
	    note_verify(note, &t->log, 1) != 1)
		return false;
	for (size_t i = 0; i < t->nwitnesses; i++)
		*witnesses += note_verify(note, &t->witness[i].key, 1) == 1;
	return true;
}

/* Behind the lines of `text` those good ones of the other note that it does not have. */
static int lines_add(struct choice *c, const struct note *other, struct krux_err *err)
{
	for (size_t i = 0; i < other->nlines; i++) {
		const struct note_line *line = &other->line[i];
		char *more;

		if (line->check != NOTE_GOOD || memmem(c->text, c->n, line->line.p, line->line.n))
			continue;
		more = realloc(c->text, c->n + line->line.n);
		if (!more)
			return err_set(err, ENOMEM, "checkpoint");
		memcpy(more + c->n, line->line.p, line->line.n);
		c->text = more;
		c->n += line->line.n;
		c->witnesses++;
	}
	return 0;
}

static int choice_weigh(struct choice *c, int dir, const char *name, struct krux_err *err)
{
	CLEAN_FREE uint8_t *bytes = NULL;
	struct krux_err no = { 0 };
	struct checkpoint head;
	unsigned witnesses;
	struct note note;
	size_t n;

	bytes = file_read(dir, name, NOTE_MAX, &n, &no);
	if (!bytes)
		return no.no == ENOENT ? 0 : err_set(err, no.no, "%s", name);
	if (!note_weigh(c->trust, &note, (struct krux_str){ (char *)bytes, n }, &head, &witnesses) ||
	    head.size < c->at_least)
		return 0;
	if (c->text && head.size == c->size && c->n >= note.text.n && !memcmp(c->text, note.text.p, note.text.n))
		return lines_add(c, &note, err);
	if (c->text && (witnesses < c->witnesses || (witnesses == c->witnesses && head.size <= c->size)))
		return 0;
	free(c->text);
	c->text = (char *)bytes;
	bytes = NULL;
	c->n = n;
	c->size = head.size;
	c->witnesses = witnesses;
	return 0;
}

char *audit_checkpoint(const struct state *state, const struct audit_trust *trust, uint64_t size, size_t *n,
                       struct krux_err *err)
{
	struct choice c = { .trust = trust, .at_least = size };
	int rc = choice_weigh(&c, state->log, "checkpoint", err);

	for (size_t i = 0; !rc && i < trust->nwitnesses; i++) {
		char name[WITNESS_FILE];

		witness_file(&trust->witness[i].key, name);
		rc = choice_weigh(&c, state->fd, name, err);
	}
	if (!rc && !c.text)
		rc = err_set(err, 0, "no checkpoint of this log holds %llu records yet", (unsigned long long)size);
	if (rc) {
		free(c.text);
		return NULL;
	}
	*n = c.n;
	return c.text;
}
