/* Files of checkpoints to a sorted list of what was signed. Nothing here is trusted before its
 * signature is found good; what is not is counted and passed over. */
#include "runtime/record/checkpoints.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/witnesses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct checkpoint_list *list;
	const struct note_key *key;
	const struct witness *witness;
	size_t nwitnesses;
	struct krux_err *err;
};

static int list_add(struct checkpoint_list *list, const struct checkpoint *c, unsigned witnesses,
                    struct krux_err *err)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		struct checkpoint_seen *more = reallocarray(list->seen, cap, sizeof *more);

		if (!more)
			return err_set(err, ENOMEM, "checkpoints");
		list->seen = more;
		list->cap = cap;
	}
	list->seen[list->n] = (struct checkpoint_seen){ .size = c->size, .witnesses = witnesses };
	memcpy(list->seen[list->n++].root, c->root, HASH_LEN);
	return 0;
}

/* Is the note a checkpoint that the log's key signed. */
static bool note_is_ours(struct note *note, struct krux_str bytes, const struct note_key *key,
                         struct checkpoint *out)
{
	const char *why;

	return note_parse(bytes, note, &why) && note_verify(note, key, 1) == 1 &&
	       checkpoint_parse(note->text, out, &why) &&
	       krux_str_eq(out->origin, (struct krux_str){ key->name, strlen(key->name) });
}

static int entry_read(void *ctx, struct krux_str bytes, struct krux_err *err)
{
	struct reading *r = ctx;
	struct checkpoint c;
	struct note note;
	unsigned witnesses = 0;

	if (!note_is_ours(&note, bytes, r->key, &c)) {
		r->list->ignored++;
		return 0;
	}
	for (size_t i = 0; i < r->nwitnesses; i++)
		witnesses += note_verify(&note, &r->witness[i].key, 1) == 1;
	return list_add(r->list, &c, witnesses, err);
}

static int file_entry(struct reading *r, int dir, const char *name)
{
	CLEAN_FREE uint8_t *text = NULL;
	struct krux_err why = { 0 };
	size_t n;

	text = file_read(dir, name, NOTE_MAX, &n, &why);
	if (text)
		return entry_read(r, (struct krux_str){ (char *)text, n }, r->err);
	if (why.no && why.no != ENOENT && why.no != ELOOP)
		return err_set(r->err, why.no, "%s", name);
	r->list->ignored += why.no != ENOENT;
	return 0;
}

/* The last one may be under way, or torn by a crash. */
static ptrdiff_t entries_each(const uint8_t *text, size_t n, checkpoint_fn *each, void *ctx, struct krux_err *err)
{
	size_t at = 0;

	while (n - at >= 2) {
		size_t length = (size_t)text[at] << 8 | text[at + 1];

		if (n - at - 2 < length)
			break;
		if (each(ctx, (struct krux_str){ (const char *)text + at + 2, length }, err))
			return -1;
		at += 2 + length;
	}
	return (ptrdiff_t)(n - at);
}

enum { HISTORY_READ = 4 << 20 };

ptrdiff_t checkpoint_history_each(int log, checkpoint_fn *each, void *ctx, struct krux_err *err)
{
	CLEAN_FREE uint8_t *text = NULL;
	struct krux_err why = { 0 };
	size_t n;

	text = file_read(log, "checkpoints", HISTORY_READ, &n, &why);
	return text ? entries_each(text, n, each, ctx, err) : 0;
}

static int history_read(struct reading *r, int log)
{
	CLEAN_FREE uint8_t *text = NULL;
	struct krux_err why = { 0 };
	ptrdiff_t torn;
	size_t n;

	text = file_read(log, "checkpoints", HISTORY_READ, &n, &why);
	if (!text) {
		if (why.no && why.no != ENOENT && why.no != ELOOP)
			return err_set(r->err, why.no, "checkpoints");
		r->list->ignored += why.no != ENOENT;
		return 0;
	}
	torn = entries_each(text, n, entry_read, r, r->err);
	if (torn > 0)
		r->list->torn = (size_t)torn;
	return torn < 0 ? -1 : 0;
}

static int by_size(const void *a, const void *b)
{
	const struct checkpoint_seen *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return memcmp(x->root, y->root, HASH_LEN);
}

/* The same head in several files becomes one. */
static void list_sort(struct checkpoint_list *list)
{
	size_t k = 0;

	if (list->n)
		qsort(list->seen, list->n, sizeof *list->seen, by_size);
	for (size_t i = 0; i < list->n; i++) {
		struct checkpoint_seen *s = &list->seen[i];

		if (k && !by_size(&list->seen[k - 1], s))
			list->seen[k - 1].witnesses += s->witnesses;
		else
			list->seen[k++] = *s;
	}
	list->n = k;
}

int checkpoint_list_read(int log, int state, const struct note_key *key, const struct witness *witness,
                         size_t nwitnesses, struct checkpoint_list *out, struct krux_err *err)
{
	struct reading r = { out, key, witness, nwitnesses, err };
	int rc;

	*out = (struct checkpoint_list){ .n = 0 };
	rc = history_read(&r, log) || file_entry(&r, log, "checkpoint") ? -1 : 0;
	for (size_t i = 0; !rc && state >= 0 && i < nwitnesses; i++) {
		char name[WITNESS_FILE];

		/* Each file counts for its own witness alone. */
		r.witness = &witness[i];
		r.nwitnesses = 1;
		witness_file(&witness[i].key, name);
		rc = file_entry(&r, state, name);
	}
	if (rc)
		checkpoint_list_free(out);
	else
		list_sort(out);
	return rc;
}

void checkpoint_list_free(struct checkpoint_list *list)
{
	free(list->seen);
	*list = (struct checkpoint_list){ .n = 0 };
}

bool checkpoint_list_step(struct checkpoint_list *list, const struct tree *t)
{
	uint8_t root[HASH_LEN];
	bool ok = true, have = false;

	while (list->at < list->n && list->seen[list->at].size < t->size)
		list->at++;
	for (; list->at < list->n && list->seen[list->at].size == t->size; list->at++) {
		if (!have)
			tree_root(t, root);
		have = true;
		list->seen[list->at].differs = memcmp(root, list->seen[list->at].root, HASH_LEN) != 0;
		ok &= !list->seen[list->at].differs;
	}
	return ok;
}

const struct checkpoint_seen *checkpoint_list_last(const struct checkpoint_list *list)
{
	return list->n ? &list->seen[list->n - 1] : NULL;
}

const struct checkpoint_seen *checkpoint_list_witnessed(const struct checkpoint_list *list, unsigned witnesses)
{
	for (size_t i = list->n; i--;)
		if (list->seen[i].witnesses >= witnesses)
			return &list->seen[i];
	return NULL;
}
