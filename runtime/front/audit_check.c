/* kruxrt audit prove --check: a proof that somebody hands over, held against keys that the reader
 * knows from elsewhere. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/audit_trust.h"
#include "runtime/front/front.h"
#include "runtime/record/proof.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

struct checking {
	struct note_key key[AUDIT_KEYS + 1 + WITNESSES_MAX];
	size_t nkeys;
	bool log, bad;               /* a good line by a log's key of that origin; a line that is bad */
	unsigned witnesses;
};

static int keys_take(struct checking *c, const struct audit_check *a, const struct state *state,
                     struct krux_err *err)
{
	static struct audit_trust trust;
	const char *why;

	for (size_t i = 0; a->key[i]; i++)
		if (!note_key_parse((struct krux_str){ a->key[i], strlen(a->key[i]) }, &c->key[c->nkeys++], &why))
			return err_set(err, 0, "--key %s", why);
	if (state) {
		if (audit_trust_read(state, &trust, err))
			return -1;
		c->key[c->nkeys++] = trust.log;
		for (size_t i = 0; i < trust.nwitnesses; i++)
			c->key[c->nkeys++] = trust.witness[i].key;
	}
	return c->nkeys ? 0 : err_set(err, 0, "a proof proves nothing without a key that is known: --key or --state");
}

static void line_print(const struct note_line *line)
{
	static const char *const words[] = { "not checked", "good", "BAD" };
	char text[64] = "";
	int n = 0;

	printf("  %-11s ", words[line->check]);
	screen_put(stdout, line->name);
	if (line->check == NOTE_GOOD && line->time && line->time < INT64_MAX / 1000000000)
		n = krux_datetime_text((int64_t)line->time * 1000000000, text, sizeof text);
	printf("%s%.*s\n", n > 0 ? ", at " : "", n > 0 ? n : 0, text);
}

static void lines_check(struct checking *c, struct note *note, const struct checkpoint *head)
{
	for (size_t k = 0; k < c->nkeys; k++) {
		int good = note_verify(note, &c->key[k], 1);

		c->bad |= good < 0;
		if (good > 0 && c->key[k].type == NOTE_COSIGNATURE)
			c->witnesses++;
		else if (good > 0)
			c->log |= krux_str_eq(head->origin, (struct krux_str){ c->key[k].name, strlen(c->key[k].name) });
	}
	printf("checkpoint of %llu records of ", (unsigned long long)head->size);
	screen_put(stdout, head->origin);
	printf(", signed\n");
	for (size_t i = 0; i < note->nlines; i++)
		line_print(&note->line[i]);
}

/* ---- inclusion ---- */

/* 1: it is of that record; 0: it is not. */
static int inclusion_check(struct checking *c, const struct audit_check *a, const struct state *state,
                           struct krux_str text, struct krux_err *err)
{
	static uint8_t bytes[RECORD_MAX];
	CLEAN_FREE uint8_t *record = NULL;
	static struct proof proof;
	uint8_t leaf[HASH_LEN];
	const char *why;
	size_t n;
	bool ok;

	if (!proof_parse(text, &proof, &why))
		return err_set(err, 0, "the proof %s", why);
	if (a->record) {
		record = file_read_path(a->record, RECORD_MAX, &n, err);
		if (!record)
			return -1;
		record_leaf(record, n, leaf);
	} else if (!state) {
		return err_set(err, 0, "of which record: --record FILE, or --state DIR of the log that holds it");
	} else if (audit_record_find(state->log, proof.index, leaf, bytes, &n, err)) {
		return -1;
	}
	ok = proof_check(&proof, leaf);
	printf("record %llu: %s\n", (unsigned long long)proof.index,
	       ok ? "the path leads to the root" : "NOT under this checkpoint");
	lines_check(c, &proof.note, &proof.checkpoint);
	return ok;
}

/* ---- consistency ---- */

static bool line_take(struct krux_str *s, struct krux_str *line)
{
	const char *end = s->n ? memchr(s->p, '\n', s->n) : NULL;

	if (!end)
		return false;
	*line = (struct krux_str){ s->p, (size_t)(end - s->p) };
	s->p += line->n + 1;
	s->n -= line->n + 1;
	return true;
}

static bool since_parse(struct krux_str s, uint64_t *old, struct tree_path *path, struct krux_str *note)
{
	struct krux_str line;

	path->n = 0;
	if (!line_take(&s, &line) || line.n < 5 ||
	    !checkpoint_number((struct krux_str){ line.p + 4, line.n - 4 }, old))
		return false;
	while (line_take(&s, &line) && line.n)
		if (path->n == TREE_PATH || !checkpoint_hash(line, path->hash[path->n++]))
			return false;
	*note = s;
	return true;
}

static int note_read(struct krux_str text, struct note *note, struct checkpoint *head, struct krux_err *err)
{
	const char *why;

	if (note_parse(text, note, &why) && checkpoint_parse(note->text, head, &why))
		return 0;
	return err_set(err, 0, "the checkpoint %s", why);
}

static int consistency_check(struct checking *c, const struct audit_check *a, struct krux_str text,
                             struct krux_err *err)
{
	CLEAN_FREE uint8_t *old = NULL;
	struct checkpoint head, before;
	struct note note, earlier;
	struct tree_path path;
	struct krux_str s;
	uint64_t size;
	size_t n;
	bool ok;

	if (!since_parse(text, &size, &path, &s))
		return err_set(err, 0, "this is neither a tlog-proof nor a proof of growth");
	if (!a->old)
		return err_set(err, 0, "since which checkpoint: --old FILE");
	old = file_read_path(a->old, NOTE_MAX, &n, err);
	if (!old || note_read((struct krux_str){ (char *)old, n }, &earlier, &before, err) ||
	    note_read(s, &note, &head, err))
		return -1;
	ok = before.size == size && krux_str_eq(before.origin, head.origin) &&
	     tree_check_consistency(size, head.size, before.root, head.root, &path);
	printf("the first %llu records: %s\n", (unsigned long long)size,
	       ok ? "the log goes on from them" : "NOT those of the older checkpoint");
	lines_check(c, &earlier, &before);
	ok &= c->log;
	c->log = false;
	c->witnesses = 0;
	lines_check(c, &note, &head);
	return ok;
}

/* ---- */

static int proof_read(struct checking *c, const struct audit_check *a, const struct state *state,
                      struct krux_err *err)
{
	CLEAN_FREE uint8_t *text = NULL;
	size_t n;

	if (keys_take(c, a, state, err))
		return -1;
	text = file_read_path(a->file, NOTE_MAX + PROOF_EXTRA, &n, err);
	if (!text)
		return -1;
	if (n > 4 && !memcmp(text, "old ", 4))
		return consistency_check(c, a, (struct krux_str){ (char *)text, n }, err);
	return inclusion_check(c, a, state, (struct krux_str){ (char *)text, n }, err);
}

int audit_prove_check(const struct audit_check *a, const struct state *state)
{
	static struct checking c;
	struct krux_err err = { 0 };
	uint64_t want = 0;
	int rc;

	if (a->witnesses && !checkpoint_number((struct krux_str){ a->witnesses, strlen(a->witnesses) }, &want))
		rc = err_set(&err, 0, "--witnesses takes a number");
	else
		rc = proof_read(&c, a, state, &err);
	if (rc < 0) {
		fputs("kruxrt audit prove: ", stderr);
		screen_puts(stderr, err.text);
		fputc('\n', stderr);
		return err.no ? EXIT_SYSTEM : EXIT_USAGE;
	}
	if (!c.log)
		puts("no good signature by a key of this log that is known");
	if (c.bad)
		puts("a signature is not that of its key: none of this is to be believed");
	if (c.witnesses < want)
		printf("%u of %llu witnesses\n", c.witnesses, (unsigned long long)want);
	rc = rc == 1 && c.log && !c.bad && c.witnesses >= want;
	puts(rc ? "proved" : "NOT proved");
	return fflush(stdout) ? EXIT_SYSTEM : rc ? EXIT_YES : EXIT_NO;
}
