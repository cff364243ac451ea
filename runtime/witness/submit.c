/* A checkpoint to a cosignature.
 *
 * What the witness saw last is known from its own cosignature, kept from the time before, or from its
 * answer. Before anything is sent, this log is held against it: a log that does not continue what
 * it signed earlier is found here, whatever the witness then says. */
#include "runtime/witness/submit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/tiles.h"
#include "runtime/witness/http.h"

#include "capspec/canon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BODY_MAX = NOTE_MAX + 64 * (TREE_PATH + 1) };

/* What the witness cosigned last, as it is kept. */
struct before {
	uint8_t *bytes;              /* NULL: nothing */
	size_t n;
	uint64_t size;
	uint8_t root[HASH_LEN];
};

int submit_open(int state, int log, const uint8_t key[static 32], struct submit *out, struct krux_err *err)
{
	const char *why;
	uint8_t *bytes;
	size_t n;

	*out = (struct submit){ .state = state, .log = log };
	bytes = file_read(log, "checkpoint", NOTE_MAX, &n, err);
	if (!bytes)
		return -1;
	out->bytes = (struct krux_str){ (char *)bytes, n };
	if (!note_parse(out->bytes, &out->note, &why) || !checkpoint_parse(out->note.text, &out->head, &why))
		err_set(err, 0, "log/checkpoint %s", why);
	else if (!log_note_key(&out->key, out->head.origin, key) || note_verify(&out->note, &out->key, 1) != 1)
		err_set(err, 0, "log/checkpoint is not signed with the key of this log");
	else if ((out->tiles = tile_reader_open(log, out->head.size, out->head.root, err)))
		return 0;
	submit_close(out);
	return -1;
}

void submit_close(struct submit *s)
{
	tile_reader_close(s->tiles);
	s->tiles = NULL;
	free((void *)(uintptr_t)s->bytes.p);
	s->bytes = (struct krux_str){ NULL, 0 };
}

/* Nothing is kept, or nothing that log and witness both signed: then the witness is asked. */
static int before_read(const struct submit *s, const struct witness *w, struct before *out, struct krux_err *err)
{
	const struct note_key keys[2] = { s->key, w->key };
	struct krux_err no = { 0 };
	char name[WITNESS_FILE];
	struct checkpoint head;
	struct note note;
	const char *why;

	*out = (struct before){ .n = 0 };
	witness_file(&w->key, name);
	out->bytes = file_read(s->state, name, NOTE_MAX, &out->n, &no);
	if (!out->bytes)
		return no.no == ENOENT ? 0 : err_set(err, no.no, "%s", name);
	if (note_parse((struct krux_str){ (char *)out->bytes, out->n }, &note, &why) &&
	    note_verify(&note, keys, 2) == 2 && checkpoint_parse(note.text, &head, &why)) {
		out->size = head.size;
		memcpy(out->root, head.root, HASH_LEN);
		return 0;
	}
	free(out->bytes);
	out->bytes = NULL;
	return 0;
}

/* ---- what is kept ---- */

static int proof_keep(const struct submit *s, const struct witness *w, const struct before *b, struct krux_err *err)
{
	char name[WITNESS_FILE], path[WITNESS_FILE + 40];

	witness_file(&w->key, name);
	snprintf(path, sizeof path, "%s.%llu.ours", name, (unsigned long long)s->head.size);
	if (file_replace(s->state, path, 0600, s->bytes.p, s->bytes.n, err))
		return -1;
	if (!b->bytes)
		return 0;
	snprintf(path, sizeof path, "%s.%llu.theirs", name, (unsigned long long)s->head.size);
	return file_replace(s->state, path, 0600, b->bytes, b->n, err);
}

/* Our text and lines, and the one line that the witness made. */
static int cosignature_keep(const struct submit *s, const struct witness *w, const struct note_line *line,
                            struct krux_err *err)
{
	char name[WITNESS_FILE], text[NOTE_MAX];

	if (s->bytes.n + line->line.n > sizeof text)
		return err_set(err, 0, "the checkpoint is too long");
	memcpy(text, s->bytes.p, s->bytes.n);
	memcpy(text + s->bytes.n, line->line.p, line->line.n);
	witness_file(&w->key, name);
	return file_replace(s->state, name, 0600, text, s->bytes.n + line->line.n, err);
}

/* ---- the talk ---- */

static int end(struct submit_report *out, enum submit_end e, const char *why)
{
	out->end = e;
	snprintf(out->why, sizeof out->why, "%s", why);
	return 0;
}

static size_t body_make(const struct submit *s, uint64_t old, const struct tree_path *path, char out[static BODY_MAX])
{
	size_t n = (size_t)snprintf(out, 64, "old %llu\n", (unsigned long long)old);

	for (size_t i = 0; i < path->n; i++) {
		n += krux_base64_write((struct krux_str){ (const char *)path->hash[i], HASH_LEN }, out + n);
		out[n++] = '\n';
	}
	out[n++] = '\n';
	memcpy(out + n, s->bytes.p, s->bytes.n);
	return n + s->bytes.n;
}

static int post(const struct submit *s, const struct witness *w, uint64_t old, struct http_answer *answer,
                struct krux_err *err)
{
	CLEAN_FREE char *body = malloc(BODY_MAX);
	char url[WITNESS_URL + 32];
	struct tree_path path;

	if (!body)
		return err_set(err, ENOMEM, "witness");
	if (tree_prove_consistency(old, s->head.size, tiles_node, s->tiles, &path, err))
		return -1;
	snprintf(url, sizeof url, "%s/add-checkpoint", w->url);
	return http_post(url, (struct krux_str){ body, body_make(s, old, &path, body) }, answer, err);
}

/* The lines of the answer, read as part of our note. */
static int answer_take(const struct submit *s, const struct witness *w, const struct http_answer *answer,
                       struct submit_report *out, struct krux_err *err)
{
	CLEAN_FREE char *text = malloc(s->bytes.n + answer->n + 1);
	struct note note;
	const char *why;

	if (!text)
		return err_set(err, ENOMEM, "witness");
	memcpy(text, s->bytes.p, s->bytes.n);
	memcpy(text + s->bytes.n, answer->body, answer->n);
	if (!note_parse((struct krux_str){ text, s->bytes.n + answer->n }, &note, &why) ||
	    !krux_str_eq(note.text, s->note.text) || note_verify(&note, &w->key, 1) != 1)
		return end(out, SUBMIT_BROKEN, "its answer holds no good cosignature by its key");
	for (size_t i = 0; i < note.nlines; i++) {
		if (note.line[i].check != NOTE_GOOD)
			continue;
		out->time = note.line[i].time;
		out->size = s->head.size;
		if (cosignature_keep(s, w, &note.line[i], err))
			return -1;
		return end(out, SUBMIT_COSIGNED, "");
	}
	return end(out, SUBMIT_BROKEN, "its answer holds no good cosignature by its key");
}

static bool size_take(const struct http_answer *a, uint64_t *size)
{
	return !strcmp(a->type, "text/x.tlog.size") && a->n && a->body[a->n - 1] == '\n' &&
	       checkpoint_number((struct krux_str){ a->body, a->n - 1 }, size);
}

static int behind(const struct submit *s, const struct witness *w, const struct before *b, uint64_t size,
                  struct submit_report *out, struct krux_err *err)
{
	out->size = size;
	snprintf(out->why, sizeof out->why,
	         "it has cosigned %llu records of this log, which holds %llu signed ones: records are lost, or an "
	         "older copy was put in place",
	         (unsigned long long)size, (unsigned long long)s->head.size);
	out->end = SUBMIT_BEHIND;
	return proof_keep(s, w, b, err);
}

static int fork_found(const struct submit *s, const struct witness *w, const struct before *b, uint64_t size,
                      struct submit_report *out, struct krux_err *err)
{
	out->size = size;
	snprintf(out->why, sizeof out->why,
	         "the %llu records that it has cosigned are not those that this log starts with: the log was forked",
	         (unsigned long long)size);
	out->end = SUBMIT_FORK;
	return proof_keep(s, w, b, err);
}

/* Asks with `old`; 1: the witness named another size, in out->size. */
static int ask(const struct submit *s, const struct witness *w, const struct before *b, uint64_t old,
               struct submit_report *out, struct krux_err *err)
{
	CLEAN_FREE struct http_answer *answer = malloc(sizeof *answer);
	uint64_t size;

	if (!answer)
		return err_set(err, ENOMEM, "witness");
	if (post(s, w, old, answer, err))
		return -1;
	switch (answer->status) {
	case 200:
		return answer_take(s, w, answer, out, err);
	case 409:
		if (size_take(answer, &size) && size != old) {
			out->size = size;
			return size > s->head.size ? behind(s, w, b, size, out, err) : 1;
		}
		/* The sizes agree, the roots do not. */
		if (old == s->head.size)
			return fork_found(s, w, b, old, out, err);
		return end(out, SUBMIT_BROKEN, "it says 409 without the size that it holds");
	case 422:
		return fork_found(s, w, b, old, out, err);
	case 404:
		return end(out, SUBMIT_REFUSED, "it does not know this log");
	case 403:
		return end(out, SUBMIT_REFUSED, "it does not know the key of this log");
	default:
		snprintf(out->why, sizeof out->why, "it answers with status %ld", answer->status);
		out->end = SUBMIT_BROKEN;
		return 0;
	}
}

/* Does this log go on from what was cosigned. 1: yes. */
static int goes_on(const struct submit *s, const struct before *b, struct krux_err *err)
{
	struct tree_path path;

	if (tree_prove_consistency(b->size, s->head.size, tiles_node, s->tiles, &path, err))
		return -1;
	return tree_check_consistency(b->size, s->head.size, b->root, s->head.root, &path);
}

static int submit_after(const struct submit *s, const struct witness *w, const struct before *b,
                        struct submit_report *out, struct krux_err *err)
{
	int rc;

	if (b->bytes && b->size > s->head.size)
		return behind(s, w, b, b->size, out, err);
	if (b->bytes) {
		rc = goes_on(s, b, err);
		if (rc < 0)
			return -1;
		if (!rc)
			return fork_found(s, w, b, b->size, out, err);
	}
	rc = ask(s, w, b, b->size, out, err);
	if (rc == 1)
		rc = ask(s, w, b, out->size, out, err);
	return rc == 1 ? end(out, SUBMIT_BROKEN, "it names another size each time it is asked") : rc;
}

int submit(const struct submit *s, const struct witness *w, struct submit_report *out, struct krux_err *err)
{
	struct before b;
	int rc;

	*out = (struct submit_report){ SUBMIT_BROKEN, 0, 0, "" };
	if (before_read(s, w, &b, err))
		return -1;
	rc = submit_after(s, w, &b, out, err);
	free(b.bytes);
	return rc;
}
