/* Messages as tests write and read them: answer id=1 end=3 rule="a/b" ticket=hex:00.. output=hex:a0 */
#ifndef KRUX_FRAME_TEXT_H
#define KRUX_FRAME_TEXT_H

#include "capspec/frame.h"

/* Fills *out, which borrows from `room`; false: it is no message. */
bool frame_text_read(const char *text, struct frame *out, uint8_t *room, size_t size);
/* The same line again, with \n; texts as they are, hashes in full. */
void frame_text_print(const struct frame *, void *file);

#endif
