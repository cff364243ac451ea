/* Tree heads to signed files. The history only ever grows by whole entries; when it is long,
 * every other of the older ones goes. */
#include "runtime/record/checkpoints.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { HISTORY_MAX = 128 << 10, HISTORY_RECENT = 64, NAME_MAX_ORIGIN = NOTE_NAME - 6 };

static const char certify_domain[] = "krux/epoch/1";

struct checkpoints {
	int log, history;
	char origin[NOTE_NAME + 1];
	struct note_signer key, epoch;
	uint8_t signature[KRUX_SIGNATURE];       /* of the log key over the epoch's */
	uint64_t length;                         /* of the history */
	bool any;
	struct checkpoint_seen last;
};

bool log_note_key(struct note_key *out, struct krux_str origin, const uint8_t key[static 32])
{
	return origin.n <= NAME_MAX_ORIGIN && note_key_make(out, origin, NOTE_ED25519, key);
}

static bool epoch_name(char out[static NOTE_NAME + 1], struct krux_str origin)
{
	if (!origin.n || origin.n > NAME_MAX_ORIGIN)
		return false;
	snprintf(out, NOTE_NAME + 1, "%.*s/epoch", (int)origin.n, origin.p);
	return true;
}

bool epoch_note_key(struct note_key *out, struct krux_str origin, const uint8_t key[static 32])
{
	char name[NOTE_NAME + 1];

	return epoch_name(name, origin) &&
	       note_key_make(out, (struct krux_str){ name, strlen(name) }, NOTE_ED25519, key);
}

/* ---- the certificate of an epoch ---- */

/* epoch || key || origin */
static struct krux_str certify_message(const uint8_t *epoch, const uint8_t *key, struct krux_str origin,
                                       char out[static EPOCH_LEN + 32 + NOTE_NAME])
{
	memcpy(out, epoch, EPOCH_LEN);
	memcpy(out + EPOCH_LEN, key, 32);
	memcpy(out + EPOCH_LEN + 32, origin.p, origin.n);
	return (struct krux_str){ out, EPOCH_LEN + 32 + origin.n };
}

void checkpoints_certify(const struct checkpoints *c, struct record *out)
{
	*out = (struct record){ 0 };
	record_set(out, AUDIT_KIND, AUDIT_KIND_CERTIFY);
	record_bytes(out, AUDIT_KEY, c->epoch.public.key, sizeof c->epoch.public.key);
	record_bytes(out, AUDIT_SIGNATURE, c->signature, sizeof c->signature);
}

bool certify_check(const struct krux_public_key *log, struct krux_str origin, const struct record *r)
{
	char message[EPOCH_LEN + 32 + NOTE_NAME];

	if (!record_has(r, AUDIT_EPOCH) || !record_has(r, AUDIT_KEY) || !record_has(r, AUDIT_SIGNATURE) ||
	    origin.n > NOTE_NAME)
		return false;
	return krux_key_verify(log, certify_domain,
	                       certify_message((const uint8_t *)r->field[AUDIT_EPOCH].s.p,
	                                       (const uint8_t *)r->field[AUDIT_KEY].s.p, origin, message),
	                       (const uint8_t *)r->field[AUDIT_SIGNATURE].s.p);
}

/* ---- start ---- */

static int keys_make(struct checkpoints *c, struct krux_str origin, const struct krux_secret_key *key,
                     const uint8_t *epoch, struct krux_err *err)
{
	char message[EPOCH_LEN + 32 + NOTE_NAME], name[NOTE_NAME + 1];
	uint8_t seed[32];
	bool ok;

	if (!epoch_name(name, origin) || !note_signer_make(&c->key, origin, NOTE_ED25519, key->seed))
		return err_set(err, 0, "no log may be called this: it cannot be the name of a key");
	memcpy(c->origin, origin.p, origin.n);
	randombytes_buf(seed, sizeof seed);
	ok = note_signer_make(&c->epoch, (struct krux_str){ name, strlen(name) }, NOTE_ED25519, seed);
	sodium_memzero(seed, sizeof seed);
	if (!ok || !krux_key_sign(key, certify_domain,
	                          certify_message(epoch, c->epoch.public.key, origin, message), c->signature))
		return err_set(err, ENOMEM, "the key of this epoch");
	return 0;
}

/* The length of the whole entries at its start; a crash may have left part of one behind them. */
static uint64_t history_whole(const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (n - at >= 2 && n - at - 2 >= ((size_t)p[at] << 8 | p[at + 1]))
		at += 2 + ((size_t)p[at] << 8 | p[at + 1]);
	return at;
}

static int history_open(struct checkpoints *c, struct krux_err *err)
{
	CLEAN_FREE uint8_t *text = NULL;
	size_t n;

	c->history = file_open(c->log, "checkpoints", O_RDWR | O_CREAT, 0600, err);
	if (c->history < 0)
		return -1;
	text = file_read_fd(c->history, "checkpoints", 2 * HISTORY_MAX, &n, err);
	if (!text)
		return -1;
	c->length = history_whole(text, n);
	if (c->length < n && ftruncate(c->history, (off_t)c->length))
		return err_set(err, errno, "checkpoints");
	return 0;
}

struct checkpoints *checkpoints_open(int log, struct krux_str origin, const struct krux_secret_key *key,
                                     const uint8_t epoch[static EPOCH_LEN], struct krux_err *err)
{
	struct checkpoints *c = calloc(1, sizeof *c);
	struct checkpoint_list list = { .n = 0 };

	if (!c) {
		err_set(err, ENOMEM, "checkpoints");
		return NULL;
	}
	c->log = log;
	c->history = -1;
	if (keys_make(c, origin, key, epoch, err) || history_open(c, err) ||
	    checkpoint_list_read(log, -1, &c->key.public, NULL, 0, &list, err))
		goto fail;
	c->any = list.n > 0;
	if (c->any)
		c->last = *checkpoint_list_last(&list);
	checkpoint_list_free(&list);
	return c;
fail:
	checkpoints_close(c);
	err_wrap(err, "checkpoints");
	return NULL;
}

void checkpoints_close(struct checkpoints *c)
{
	if (!c)
		return;
	cleanup_fd(&c->history);
	note_signer_wipe(&c->key);
	note_signer_wipe(&c->epoch);
	free(c);
}

/* ---- writing ---- */

/* All entries but every other one of the older half, in place of the file. */
static int history_thin(struct checkpoints *c, struct krux_err *err)
{
	CLEAN_FREE uint8_t *text = NULL;
	size_t n, keep = 0, count = 0, i = 0;

	text = file_read_fd(c->history, "checkpoints", 2 * HISTORY_MAX, &n, err);
	if (!text)
		return -1;
	n = history_whole(text, n);
	for (size_t at = 0; at < n; at += 2 + ((size_t)text[at] << 8 | text[at + 1]))
		count++;
	for (size_t at = 0, next; at < n; at = next, i++) {
		next = at + 2 + ((size_t)text[at] << 8 | text[at + 1]);
		if (i % 2 && i + HISTORY_RECENT < count)
			continue;
		memmove(text + keep, text + at, next - at);
		keep += next - at;
	}
	if (file_replace(c->log, "checkpoints", 0600, text, keep, err))
		return -1;
	cleanup_fd(&c->history);
	c->history = file_open(c->log, "checkpoints", O_RDWR, 0, err);
	c->length = keep;
	return c->history < 0 ? -1 : 0;
}

static int history_add(struct checkpoints *c, const char *note, size_t n, struct krux_err *err)
{
	uint8_t entry[2 + CHECKPOINT_TEXT + 2 * NOTE_LINE] = { (uint8_t)(n >> 8), (uint8_t)n };

	if (c->length > HISTORY_MAX && history_thin(c, err))
		return -1;
	memcpy(entry + 2, note, n);
	if (pwrite(c->history, entry, 2 + n, (off_t)c->length) != (ssize_t)(2 + n))
		return err_set(err, errno, "checkpoints");
	c->length += 2 + n;
	return 0;
}

int checkpoints_write(struct checkpoints *c, uint64_t size, const uint8_t root[static HASH_LEN],
                      struct krux_err *err)
{
	struct checkpoint head = { .origin = { c->origin, strlen(c->origin) }, .size = size };
	char note[CHECKPOINT_TEXT + 1 + 2 * NOTE_LINE];
	struct krux_str text;
	size_t n;

	if (c->any && (size < c->last.size ||
	               (size == c->last.size && memcmp(root, c->last.root, HASH_LEN) != 0)))
		return err_set(err, 0,
		               "a checkpoint of %llu records would contradict the one of %llu that was signed "
		               "before",
		               (unsigned long long)size, (unsigned long long)c->last.size);
	if (c->any && size == c->last.size)
		return 0;
	memcpy(head.root, root, HASH_LEN);
	n = checkpoint_text(&head, note);
	if (!n)
		return err_set(err, 0, "a log this long has no checkpoints");
	text = (struct krux_str){ note, n };
	note[n++] = '\n';
	n += note_sign(&c->key, text, 0, note + n);
	n += note_sign(&c->epoch, text, 0, note + n);
	if (history_add(c, note, n, err) || file_replace(c->log, "checkpoint", 0600, note, n, err))
		return err_wrap(err, "write a checkpoint");
	c->any = true;
	c->last.size = size;
	memcpy(c->last.root, root, HASH_LEN);
	return 0;
}
