/* The tree as files, C2SP tlog-tiles: log/tile/L/N, 256 hashes each, and log/tile/entries/N, the
 * 256 records below such a tile, each behind its length in two octets. The right edge stands in
 * partial tiles N.p/W, written at checkpoints.
 *
 * Tiles only repeat what the log says: they are written without waiting for the disk, never
 * trusted (what is proved with them is held against a signed root), and can be made again. */
#ifndef KRUX_TILES_H
#define KRUX_TILES_H

#include "runtime/record/tree.h"

struct krux_err;
struct tiles;

enum { TILE_WIDTH = 256, TILE_HEIGHT = 8, TILE_LEVELS = 8 };

/* TILES_ENTRIES: writes the bundles of records too, which doubles what is written; from the first
 * record on only.
 * TILES_AGAIN: the records to come may have been added before a crash; whole tiles that are there
 * and say the same are left alone. tiles_fresh ends this. */
enum { TILES_ENTRIES = 1, TILES_AGAIN = 2 };

/* Goes on after `at`, the tree that a carry record names (zeroed: a new log), with the partial
 * tiles that stand there; they must give at's own nodes. NULL with *err; err->no is 0 when tiles
 * are missing or wrong: then they are made again from the first record on, with a zeroed tree. */
struct tiles *tiles_open(int log, const struct tree *at, unsigned flags, struct krux_err *err);
void tiles_close(struct tiles *);
void tiles_fresh(struct tiles *);

/* One more record; writes what became full. Negative with *err when a file could not be written:
 * the tree has grown all the same, and the file is missing until tiles are made again. */
int tiles_add(struct tiles *, struct krux_str record, const uint8_t leaf[static HASH_LEN],
              struct krux_err *err);
/* Writes the partial tiles of the tree as it is: at each checkpoint, and before each carry record,
 * then with `sync`, which waits until these few are on disk. */
int tiles_commit(struct tiles *, bool sync, struct krux_err *err);
const struct tree *tiles_tree(const struct tiles *);

/* Reads nodes of the first `size` leaves from the files. The root is one that is believed: every tile
 * is held against it, through the tiles above, before a hash of it is handed out. NULL with *err;
 * err->no is 0 when a tile is missing or does not belong to this root. */
struct tile_reader;
struct tile_reader *tile_reader_open(int log, uint64_t size, const uint8_t root[static HASH_LEN],
                                     struct krux_err *err);
void tile_reader_close(struct tile_reader *);
/* A tree_node_fn; ctx is the struct tile_reader. */
int tiles_node(void *ctx, unsigned level, uint64_t index, uint8_t out[static HASH_LEN],
               struct krux_err *err);

#endif
