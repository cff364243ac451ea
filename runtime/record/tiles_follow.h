/* Tiles brought up to the checkpoints that were signed since. */
#ifndef KRUX_TILES_FOLLOW_H
#define KRUX_TILES_FOLLOW_H

struct checkpoint_list;
struct krux_err;

/* Goes on from the greatest checkpoint of the list whose tiles are whole, reads the records after it, and
 * writes the tiles of every later one. The cursor of the list moves. A checkpoint whose tree is not
 * that of the log is passed over: its tiles are missing. Negative with *err. */
int tiles_follow(int log, struct checkpoint_list *, struct krux_err *err);

#endif
