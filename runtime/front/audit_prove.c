/* kruxrt audit prove: that a record is in the log, or that the log grew out of its past, as a text that
 * can be checked without the log. What is printed was checked first. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/audit_open.h"
#include "runtime/front/audit_trust.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/record/head.h"
#include "runtime/record/proof.h"
#include "runtime/record/reader_at.h"
#include "runtime/record/tiles.h"
#include "runtime/record/tree_log.h"

#include "capspec/canon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct proving {
	bool since;                  /* consistency from `from` on, or inclusion of record `from` */
	uint64_t from, size;
	struct tree_path path;
	uint8_t old_root[HASH_LEN];  /* consistency: of the first `from` records */
};

static int proof_make(void *ctx, tree_node_fn *node, void *nodes, struct krux_err *err)
{
	struct proving *p = ctx;

	if (!p->since)
		return tree_prove_inclusion(p->from, p->size, node, nodes, &p->path, err);
	if (tree_root_at(p->from, node, nodes, p->old_root, err))
		return -1;
	return tree_prove_consistency(p->from, p->size, node, nodes, &p->path, err);
}

/* From tiles where they are whole, else from all records. */
static int proof_find(const struct state *state, const struct checkpoint *head, struct proving *p,
                      struct krux_err *err)
{
	struct krux_err why = { 0 };
	struct tile_reader *tiles = tile_reader_open(state->log, head->size, head->root, &why);
	int rc = tiles ? proof_make(p, tiles_node, tiles, &why) : -1;

	tile_reader_close(tiles);
	if (!rc)
		return 0;
	if (why.no && why.no != ENOENT)
		return err_set(err, 0, "%s", why.text);
	return tree_from_log(state->log, head->size, proof_make, p, err);
}

int audit_whole(const struct head *head, uint64_t next, struct krux_err *err)
{
	if (next >= head->count)
		return 0;
	return err_set(err, 0, "the log cannot be read behind record %llu, though %llu were written: kruxrt audit verify "
	               "says more",
	               (unsigned long long)next - 1, (unsigned long long)head->count);
}

int audit_record_find(int log, uint64_t seq, uint8_t leaf[static HASH_LEN], uint8_t *bytes, size_t *n,
                      struct krux_err *err)
{
	struct scan_item item = { 0 };
	struct reader *r = reader_at(log, seq, &item, err);

	if (!r)
		return -1;
	memcpy(leaf, item.leaf, HASH_LEN);
	memcpy(bytes, item.bytes.p, item.bytes.n);
	*n = item.bytes.n;
	reader_close(r);
	return 0;
}

/* ---- the text ---- */

/* path NULL: standard output. */
static int text_put(const char *path, const void *p, size_t n, struct krux_err *err)
{
	CLEAN_FD int fd = -1;

	if (!path)
		return fwrite(p, 1, n, stdout) == n && !fflush(stdout) ? 0 : err_set(err, errno, "print");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? err_set(err, errno, "%s", path) : file_write(fd, p, n, err);
}

/* "old SIZE", hashes, an empty line, the checkpoint: what tlog-witness takes. */
static size_t since_text(const struct proving *p, struct krux_str note, char *out)
{
	size_t n = (size_t)sprintf(out, "old %llu\n", (unsigned long long)p->from);

	for (size_t i = 0; i < p->path.n; i++) {
		n += krux_base64_write((struct krux_str){ (const char *)p->path.hash[i], HASH_LEN }, out + n);
		out[n++] = '\n';
	}
	out[n++] = '\n';
	memcpy(out + n, note.p, note.n);
	return n + note.n;
}

static int proof_print(const struct proving *p, struct krux_str note, const char *path, struct krux_err *err)
{
	size_t cap = note.n + 64 * (TREE_PATH + 2), n;
	CLEAN_FREE char *text = malloc(cap);

	if (!text)
		return err_set(err, ENOMEM, "proof");
	n = p->since ? since_text(p, note, text) : proof_text(p->from, &p->path, note, text, cap);
	return text_put(path, text, n, err);
}

static int prove(const struct state *state, struct proving *p, const char *out, const char *record,
                 struct krux_err *err)
{
	static struct audit_trust trust;
	static uint8_t bytes[RECORD_MAX];
	CLEAN_FREE char *text = NULL;
	uint8_t leaf[HASH_LEN];
	struct checkpoint head;
	struct note note;
	const char *why;
	size_t n, nrecord = 0;

	if (audit_trust_read(state, &trust, err))
		return -1;
	text = audit_checkpoint(state, &trust, p->since ? p->from : p->from + 1, &n, err);
	if (!text)
		return -1;
	if (!note_parse((struct krux_str){ text, n }, &note, &why) || !checkpoint_parse(note.text, &head, &why))
		return err_set(err, 0, "the checkpoint %s", why);
	p->size = head.size;
	if (!p->since && audit_record_find(state->log, p->from, leaf, bytes, &nrecord, err))
		return -1;
	if (proof_find(state, &head, p, err))
		return -1;
	if (!(p->since ? tree_check_consistency(p->from, p->size, p->old_root, head.root, &p->path)
	               : tree_check_inclusion(p->from, p->size, leaf, &p->path, head.root)))
		return err_set(err, 0, "the log is not the one whose %llu records the checkpoint signs",
		               (unsigned long long)head.size);
	if (record && text_put(record, bytes, nrecord, err))
		return -1;
	return proof_print(p, (struct krux_str){ text, n }, out, err);
}

static int usage(const char *why)
{
	fprintf(stderr, "kruxrt audit prove: %s\nkruxrt audit --help says what there is\n", why);
	return EXIT_USAGE;
}

static bool number(const char *s, uint64_t *out)
{
	return s && checkpoint_number((struct krux_str){ s, strlen(s) }, out);
}

static int opening(const struct audit_check *c, const char *path, struct state *state, struct krux_err *err)
{
	const char *given[4] = { c->file }, *more[] = { c->record, c->old };
	const struct audit_opening check = { .state = path, .given = given };
	const struct audit_opening make = { .state = path, .output = { c->out, c->record } };
	size_t n = 1;

	for (size_t i = 0; i < 2; i++)
		if (more[i])
			given[n++] = more[i];
	return audit_open(c->file ? &check : &make, state, err);
}

int audit_prove(int argc, char **argv)
{
	const char *path = NULL, *since = NULL, *operand[1] = { NULL };
	struct audit_check check = { .file = NULL };
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path }, { .name = "--since", .value = &since },
		{ .name = "-o", .value = &check.out }, { .name = "--record", .value = &check.record },
		{ .name = "--check", .value = &check.file }, { .name = "--old", .value = &check.old },
		{ .name = "--key", .list = check.key, .nlist = AUDIT_KEYS + 1 },
		{ .name = "--witnesses", .value = &check.witnesses }, { .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	struct proving p = { .since = false };
	struct krux_err err = { 0 };
	size_t n;
	int rc = 0;

	if (!options_parse("audit", argc, argv, specs, operand, 1, &n))
		return EXIT_USAGE;
	if (opening(&check, path, &state, &err)) {
		rc = !path || state.path ? EXIT_SYSTEM : EXIT_USAGE;
	} else if (check.file) {
		if (n || since || check.out)
			return usage("--check takes no SEQ, --since or -o");
		return audit_prove_check(&check, path ? &state : NULL);
	} else if (!path || (n != 1) != (since != NULL) || check.key[0] || check.old || check.witnesses) {
		return usage("SEQ or --since SIZE is expected, and --state DIR");
	} else if (!number(since ? since : operand[0], &p.from) || (since && check.record)) {
		return usage("SEQ and SIZE are numbers; --record goes with SEQ");
	} else {
		p.since = since != NULL;
		if (prove(&state, &p, check.out, check.record, &err))
			rc = err.no ? EXIT_SYSTEM : EXIT_NO;
	}
	if (rc) {
		fputs("kruxrt audit prove: ", stderr);
		screen_puts(stderr, err.text);
		fputc('\n', stderr);
	}
	return rc;
}
