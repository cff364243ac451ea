/* Leaves to tiles and tiles to nodes. A file is written under another name first and renamed, so
 * that whoever serves the folder never hands out half of one. */
#include "runtime/record/tiles.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_LEN = 80, ENTRIES = TILE_LEVELS };

/* Who makes tiles again works beside the recorder. */
#define NEW_FILE(t) ((t)->flags & TILES_ENTRIES ? "tile/again" : "tile/new")

struct tiles {
	int log;
	unsigned flags;
	struct tree tree;
	struct row {
		uint64_t index;                  /* of the tile that is being filled */
		unsigned n, written;             /* hashes in it; of these in the last partial file */
		bool partial;                    /* there may be partial files of it */
		uint8_t hash[TILE_WIDTH][HASH_LEN];
	} row[TILE_LEVELS];
	/* The bundle that belongs to row[0]. */
	uint8_t *entries;
	size_t nentries, capentries;
};

/* tile/L/x001/x234/067, with .p/W where w is neither 0 nor the whole. Level ENTRIES: the bundles. */
static void path_make(char out[static PATH_LEN], unsigned level, uint64_t index, unsigned w)
{
	char name[16] = "entries";
	unsigned groups[8], k = 0;
	size_t n;

	if (level != ENTRIES)
		snprintf(name, sizeof name, "%u", level);
	do
		groups[k++] = (unsigned)(index % 1000);
	while (index /= 1000);
	n = (size_t)snprintf(out, PATH_LEN, "tile/%s", name);
	while (k--)
		n += (size_t)snprintf(out + n, PATH_LEN - n, k ? "/x%03u" : "/%03u", groups[k]);
	if (w && w != TILE_WIDTH)
		snprintf(out + n, PATH_LEN - n, ".p/%u", w);
}

/* ---- writing ---- */

/* Makes the folders that a path stands in. */
static int folders_make(int log, const char *path, struct krux_err *err)
{
	struct krux_err why = { 0 };
	char part[PATH_LEN];
	int fd;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		fd = file_mkdir(log, part, 0700, &why);
		if (fd >= 0)
			close(fd);
		else if (why.no != EEXIST)
			return err_set(err, 0, "%s", why.text);
	}
	return 0;
}

/* The folder of a path and the one above it to disk. */
static int folders_sync(int log, const char *path, struct krux_err *err)
{
	char part[PATH_LEN];

	snprintf(part, sizeof part, "%s", path);
	for (unsigned i = 0; i < 2; i++) {
		CLEAN_FD int fd = -1;
		char *slash = strrchr(part, '/');

		if (!slash)
			return 0;
		*slash = 0;
		fd = file_open(log, part, O_RDONLY | O_DIRECTORY, 0, err);
		if (fd < 0)
			return -1;
		if (fsync(fd))
			return err_set(err, errno, "%s: to disk", part);
	}
	return 0;
}

static int tile_write(const struct tiles *t, const char *path, const void *p, size_t n, bool sync,
                      struct krux_err *err)
{
	const char *new = NEW_FILE(t);
	CLEAN_FD int fd = -1;
	int log = t->log;

	if (folders_make(log, new, err))
		return -1;
	fd = file_open(log, new, O_WRONLY | O_CREAT | O_TRUNC, 0600, err);
	if (fd < 0 || file_write(fd, p, n, err))
		return -1;
	if (sync && fdatasync(fd))
		return err_set(err, errno, "%s: to disk", path);
	if (renameat(log, new, log, path)) {
		if (errno != ENOENT)
			return err_set(err, errno, "%s", path);
		if (folders_make(log, path, err))
			return -1;
		if (renameat(log, new, log, path))
			return err_set(err, errno, "%s", path);
	}
	return sync ? folders_sync(log, path, err) : 0;
}

/* The partial files of a tile that is whole now; what cannot be removed does no harm. */
static void partial_remove(int log, unsigned level, uint64_t index)
{
	CLEAN_DIR DIR *dir = NULL;
	const struct dirent *entry;
	char path[PATH_LEN];
	int fd;

	path_make(path, level, index, 1);
	*strrchr(path, '/') = 0;
	fd = file_open(log, path, O_RDONLY | O_DIRECTORY, 0, NULL);
	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		unlinkat(fd, entry->d_name, 0);
	unlinkat(log, path, AT_REMOVEDIR);
}

static bool is_same(int log, const char *path, const void *p, size_t n)
{
	CLEAN_FREE uint8_t *there = NULL;
	size_t got;

	there = file_read(log, path, n, &got, NULL);
	return there && got == n && !memcmp(there, p, n);
}

static int row_write(struct tiles *t, unsigned level, struct krux_err *err)
{
	const struct row *row = &t->row[level % TILE_LEVELS];
	const void *p = level == ENTRIES ? t->entries : (const void *)row->hash;
	size_t n = level == ENTRIES ? t->nentries : sizeof row->hash;
	char path[PATH_LEN];

	path_make(path, level, row->index, TILE_WIDTH);
	if (!(t->flags & TILES_AGAIN) || !is_same(t->log, path, p, n))
		if (tile_write(t, path, p, n, false, err))
			return -1;
	if (row->partial)
		partial_remove(t->log, level, row->index);
	return 0;
}

static int entry_put(struct tiles *t, struct krux_str record, struct krux_err *err)
{
	size_t need = t->nentries + 2 + record.n, cap = t->capentries ? t->capentries : 65536;

	if (record.n > RECORD_MAX)
		return err_set(err, 0, "a record is longer than 65,535 bytes");
	while (cap < need)
		cap *= 2;
	if (cap != t->capentries) {
		uint8_t *more = realloc(t->entries, cap);

		if (!more)
			return err_set(err, ENOMEM, "a bundle of records");
		t->entries = more;
		t->capentries = cap;
	}
	t->entries[t->nentries++] = (uint8_t)(record.n >> 8);
	t->entries[t->nentries++] = (uint8_t)record.n;
	memcpy(t->entries + t->nentries, record.p, record.n);
	t->nentries += record.n;
	return 0;
}

int tiles_add(struct tiles *t, struct krux_str record, const uint8_t leaf[static HASH_LEN],
              struct krux_err *err)
{
	uint8_t done[TREE_LEVELS][HASH_LEN];
	unsigned top = tree_add_nodes(&t->tree, leaf, done);
	int rc = 0;

	if (t->flags & TILES_ENTRIES)
		rc |= entry_put(t, record, err);
	for (unsigned level = 0; level < TILE_LEVELS && level * TILE_HEIGHT <= top; level++) {
		struct row *row = &t->row[level];

		memcpy(row->hash[row->n++], done[level * TILE_HEIGHT], HASH_LEN);
		if (row->n < TILE_WIDTH)
			break;
		if (!level && t->flags & TILES_ENTRIES)
			rc |= row_write(t, ENTRIES, err);
		rc |= row_write(t, level, err);
		if (!level)
			t->nentries = 0;
		row->index++;
		row->n = row->written = 0;
		row->partial = false;
	}
	return rc;
}

int tiles_commit(struct tiles *t, bool sync, struct krux_err *err)
{
	char path[PATH_LEN];

	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		struct row *row = &t->row[level];

		if (!row->n || (row->n == row->written && !sync))
			continue;
		if (!level && t->flags & TILES_ENTRIES) {
			path_make(path, ENTRIES, row->index, row->n);
			if (tile_write(t, path, t->entries, t->nentries, sync, err))
				return -1;
		}
		path_make(path, level, row->index, row->n);
		if (tile_write(t, path, row->hash, row->n * (size_t)HASH_LEN, sync, err))
			return -1;
		row->written = row->n;
		row->partial = true;
	}
	return 0;
}

/* ---- reading ---- */

/* Exactly n bytes. 0: read; 1: there is no such file, or it has another size. */
static int tile_load(int log, const char *path, void *p, size_t n, struct krux_err *err)
{
	struct krux_err why = { 0 };
	CLEAN_FREE uint8_t *file = NULL;
	size_t got;

	file = file_read(log, path, n, &got, &why);
	if (!file && why.no && why.no != ENOENT)
		return err_set(err, why.no, "%s", path);
	if (!file || got != n)
		return 1;
	memcpy(p, file, n);
	return 0;
}

/* The root over 2^k hashes, in place. */
static void fold(uint8_t (*hash)[HASH_LEN], unsigned k, uint8_t out[static HASH_LEN])
{
	uint8_t work[TILE_WIDTH][HASH_LEN];

	memcpy(work, hash, (size_t)HASH_LEN << k);
	while (k--)
		for (size_t i = 0; i < (size_t)1 << k; i++)
			tree_node(work[2 * i], work[2 * i + 1], work[i]);
	memcpy(out, work[0], HASH_LEN);
}

static int missing(struct krux_err *err, const char *path, const char *what)
{
	return err_set(err, 0, "log/%s %s; kruxrt audit tiles makes tiles again", path, what);
}

/* Hashes that the tile at the right edge of a level holds, 0 to 255; *index becomes its number. */
static unsigned edge_width(uint64_t size, unsigned level, uint64_t *index)
{
	*index = level + 1 < TILE_LEVELS ? size >> (level + 1) * TILE_HEIGHT : 0;
	return (unsigned)(size >> level * TILE_HEIGHT) % TILE_WIDTH;
}

/* The nodes that n hashes of a tile at the right edge give, into node[k] for each bit k of n. */
static void edge_fold(uint8_t (*hash)[HASH_LEN], unsigned n, uint8_t node[static TILE_HEIGHT][HASH_LEN])
{
	unsigned at = 0;

	for (unsigned k = TILE_HEIGHT; k--;)
		if (n >> k & 1) {
			fold(hash + at, k, node[k]);
			at += 1u << k;
		}
}

static bool edge_is(uint8_t (*hash)[HASH_LEN], unsigned n, const uint8_t (*node)[HASH_LEN])
{
	uint8_t have[TILE_HEIGHT][HASH_LEN];

	edge_fold(hash, n, have);
	for (unsigned k = 0; k < TILE_HEIGHT; k++)
		if (n >> k & 1 && memcmp(have[k], node[k], HASH_LEN) != 0)
			return false;
	return true;
}

/* The first n hashes of a tile at the edge; its file may have become whole since. */
static int edge_read(int log, unsigned level, uint64_t index, unsigned n, uint8_t (*hash)[HASH_LEN],
                     struct krux_err *err)
{
	char path[PATH_LEN], whole[PATH_LEN];
	int rc;

	path_make(path, level, index, n);
	rc = tile_load(log, path, hash, n * (size_t)HASH_LEN, err);
	if (rc > 0) {
		path_make(whole, level, index, TILE_WIDTH);
		rc = tile_load(log, whole, hash, TILE_WIDTH * (size_t)HASH_LEN, err);
	}
	return rc > 0 ? missing(err, path, "is missing") : rc;
}

static int row_open(struct tiles *t, unsigned level, struct krux_err *err)
{
	struct row *row = &t->row[level];
	char path[PATH_LEN];

	row->n = row->written = edge_width(t->tree.size, level, &row->index);
	row->partial = true;
	if (!row->n)
		return 0;
	if (edge_read(t->log, level, row->index, row->n, row->hash, err))
		return -1;
	if (edge_is(row->hash, row->n, (const uint8_t (*)[HASH_LEN])t->tree.node + level * TILE_HEIGHT))
		return 0;
	path_make(path, level, row->index, row->n);
	return missing(err, path, "is not that of the log");
}

struct tiles *tiles_open(int log, const struct tree *at, unsigned flags, struct krux_err *err)
{
	struct tiles *t = calloc(1, sizeof *t);

	if (!t) {
		err_set(err, ENOMEM, "tiles");
		return NULL;
	}
	t->log = log;
	t->flags = flags;
	t->tree = *at;
	if (flags & TILES_ENTRIES && at->size % TILE_WIDTH) {
		err_set(err, 0, "bundles of records are made from the first record on");
		goto fail;
	}
	for (unsigned level = 0; level < TILE_LEVELS; level++)
		if (row_open(t, level, err))
			goto fail;
	return t;
fail:
	tiles_close(t);
	return NULL;
}

void tiles_close(struct tiles *t)
{
	if (!t)
		return;
	free(t->entries);
	free(t);
}

void tiles_fresh(struct tiles *t)
{
	t->flags &= ~(unsigned)TILES_AGAIN;
}

const struct tree *tiles_tree(const struct tiles *t)
{
	return &t->tree;
}

/* ---- nodes for proofs ---- */

struct tile_reader {
	int log;
	struct tree edge;                /* its root is believed, and so are its nodes */
	struct cache {                   /* the tile read last of each level; width 0: none */
		uint64_t index;
		unsigned width;
		uint8_t hash[TILE_WIDTH][HASH_LEN];
	} cache[TILE_LEVELS];
};

static int edge_load(struct tile_reader *r, unsigned level, uint64_t index, unsigned n, struct krux_err *err)
{
	struct cache *c = &r->cache[level];

	c->width = 0;
	c->index = index;
	if (edge_read(r->log, level, index, n, c->hash, err))
		return -1;
	c->width = n;
	return 0;
}

/* A tile into the cache, believed: at the edge by the tree's own nodes, a whole one by the hash
 * that the tile above has for it. */
static int cache_load(struct tile_reader *r, unsigned level, uint64_t index, struct krux_err *err)
{
	struct cache *c = &r->cache[level], *above;
	uint8_t root[HASH_LEN];
	char path[PATH_LEN];
	uint64_t edge;
	unsigned n = edge_width(r->edge.size, level, &edge);
	int rc;

	if (c->width && c->index == index)
		return 0;
	if (index > edge || (index == edge && !n))
		return err_set(err, 0, "a tree of %llu records has no tile %u, %llu",
		               (unsigned long long)r->edge.size, level, (unsigned long long)index);
	path_make(path, level, index, index == edge ? n : TILE_WIDTH);
	if (index == edge) {
		if (edge_load(r, level, index, n, err))
			return -1;
		if (edge_is(c->hash, n, (const uint8_t (*)[HASH_LEN])r->edge.node + level * TILE_HEIGHT))
			return 0;
		c->width = 0;
		return missing(err, path, "is not that of the log");
	}
	if (cache_load(r, level + 1, index / TILE_WIDTH, err))
		return -1;
	c->width = 0;
	rc = tile_load(r->log, path, c->hash, sizeof c->hash, err);
	if (rc)
		return rc < 0 ? -1 : missing(err, path, "is missing");
	above = &r->cache[level + 1];
	fold(c->hash, TILE_HEIGHT, root);
	if (memcmp(root, above->hash[index % TILE_WIDTH], HASH_LEN) != 0)
		return missing(err, path, "is not that of the log");
	c->index = index;
	c->width = TILE_WIDTH;
	return 0;
}

struct tile_reader *tile_reader_open(int log, uint64_t size, const uint8_t root[static HASH_LEN],
                                     struct krux_err *err)
{
	struct tile_reader *r = calloc(1, sizeof *r);
	uint8_t have[HASH_LEN];

	if (!r) {
		err_set(err, ENOMEM, "tiles");
		return NULL;
	}
	r->log = log;
	r->edge.size = size;
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		uint64_t index;
		unsigned n = edge_width(size, level, &index);

		if (n && edge_load(r, level, index, n, err))
			goto fail;
		edge_fold(r->cache[level].hash, n, r->edge.node + level * TILE_HEIGHT);
	}
	tree_root(&r->edge, have);
	if (!memcmp(have, root, HASH_LEN))
		return r;
	missing(err, "tile", "is not the tree that was signed");
fail:
	tile_reader_close(r);
	return NULL;
}

void tile_reader_close(struct tile_reader *r)
{
	free(r);
}

int tiles_node(void *ctx, unsigned level, uint64_t index, uint8_t out[static HASH_LEN],
               struct krux_err *err)
{
	struct tile_reader *r = ctx;
	unsigned row = level / TILE_HEIGHT, k = level % TILE_HEIGHT, at;
	uint64_t first = index << k;

	at = (unsigned)(first % TILE_WIDTH);
	if (cache_load(r, row, first / TILE_WIDTH, err))
		return -1;
	if (at + (1u << k) > r->cache[row].width)
		return err_set(err, 0, "the tree has no node %u, %llu", level, (unsigned long long)index);
	fold(r->cache[row].hash + at, k, out);
	return 0;
}
