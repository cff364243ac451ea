/* Messages of the agent and supervisor protocols (capspec/wire.cddl), for both of their sides: bytes
 * to structs and back, without memory of its own. */
#ifndef KRUX_FRAME_H
#define KRUX_FRAME_H

#include "capspec/value.h"

enum {
	FRAME_PROTOCOL = 1,
	FRAME_HEAD = 4,                      /* bytes of the length before a body */
	FRAME_MAX = 17 << 20                 /* bytes of a body */
};

enum frame_to { FRAME_TO_GATE = 1, FRAME_TO_AGENT = 2, FRAME_TO_DAEMON = 4, FRAME_TO_SUPERVISOR = 8 };

enum frame_kind {
	FRAME_NONE,
#define FRAME_OPEN(ID, frame, number, to) FRAME_##ID = (number),
#define FRAME_CLOSE(frame)
#include "capspec/frame.def"
	FRAME_KINDS = 198
};

enum frame_end {
#define FRAME_END(ID, number, word) FRAME_END_##ID = (number),
#include "capspec/frame.def"
	FRAME_ENDS
};

enum frame_error {
	FRAME_ERROR_NONE,
#define FRAME_ERROR(ID, number, word) FRAME_ERROR_##ID = (number),
#include "capspec/frame.def"
	FRAME_ERRORS
};

enum frame_proof { FRAME_PROOF_PEER, FRAME_PROOF_TOKEN, FRAME_PROOF_KEY };
enum frame_flag { FRAME_FLAG_WAIT = 1, FRAME_FLAG_PROGRESS = 2, FRAME_FLAG_JSON = 4 };
enum frame_ticket { FRAME_TICKET_POLL, FRAME_TICKET_WAIT, FRAME_TICKET_WITHDRAW };

/* What signatures and hashes of the two protocols begin with; each holds its final NUL. */
#define FRAME_DOMAIN_HELLO "krux/hello/1"
#define FRAME_DOMAIN_TOKEN "krux/token/1"
#define FRAME_DOMAIN_APPROVE "krux/approve/1"
#define FRAME_DOMAIN_OPERATOR "krux/operator/1"

/* One message. Texts and bytes are borrowed; optional ones are absent where their pointer is NULL.
 * Optional numbers have a has_ beside them. A hash points at as many bytes as frame.def says. */
struct frame {
	enum frame_kind kind;
	bool has_id;                         /* encoding looks at it in an error only */
	uint64_t id;
	union {
#define FRAME_MEMBER_ID(m)
#define FRAME_MEMBER_VERSION(m) uint64_t m;
#define FRAME_MEMBER_UINT(m) uint64_t m;
#define FRAME_MEMBER_BOOL(m) bool m;
#define FRAME_MEMBER_TEXT(m) struct krux_str m;
#define FRAME_MEMBER_BYTES(m) struct krux_str m;
#define FRAME_MEMBER_HASH(m) const uint8_t *m;
#define FRAME_MEMBER_TRIPLE(m) uint64_t m[3];
#define FRAME_MAYBE_ID(m)
#define FRAME_MAYBE_UINT(m) uint64_t m; bool has_##m;
#define FRAME_MAYBE_BOOL(m) bool m; bool has_##m;
#define FRAME_MAYBE_TEXT(m) struct krux_str m;
#define FRAME_MAYBE_BYTES(m) struct krux_str m;
#define FRAME_MAYBE_HASH(m) const uint8_t *m;
#define FRAME_OPEN(ID, frame, number, to) struct {
#define FRAME_ROW(frame, member, key, type, least, most, cddl) FRAME_MEMBER_##type(member)
#define FRAME_OPT(frame, member, key, type, least, most, cddl) FRAME_MAYBE_##type(member)
#define FRAME_PAIR(frame, a, b, need)
#define FRAME_CLOSE(frame) } frame;
#include "capspec/frame.def"
#undef FRAME_MEMBER_ID
#undef FRAME_MEMBER_VERSION
#undef FRAME_MEMBER_UINT
#undef FRAME_MEMBER_BOOL
#undef FRAME_MEMBER_TEXT
#undef FRAME_MEMBER_BYTES
#undef FRAME_MEMBER_HASH
#undef FRAME_MEMBER_TRIPLE
#undef FRAME_MAYBE_ID
#undef FRAME_MAYBE_UINT
#undef FRAME_MAYBE_BOOL
#undef FRAME_MAYBE_TEXT
#undef FRAME_MAYBE_BYTES
#undef FRAME_MAYBE_HASH
	};
};

/* Reads one body, which is all of a message that `to`, a set of frame_to, may be sent. 0, or
 * FRAME_ERROR_MALFORMED or _VERSION with *why set to a constant sentence; then *out holds the kind where it
 * could be read. What is decoded is encoded again as the very same bytes. */
enum frame_error frame_decode(unsigned to, struct krux_str body, struct frame *out, const char **why);
/* Writes length and body: the bytes written, or needed when that is more than cap. 0: this is no
 * message: a field is missing, out of range, no valid UTF-8, or all of it longer than FRAME_MAX. */
size_t frame_encode(const struct frame *, uint8_t *buf, size_t cap);

/* "s-hello"; "denied"; "unauthorised". NULL: there is no such number. */
const char *frame_kind_word(unsigned kind);
const char *frame_end_word(unsigned end);
const char *frame_error_word(unsigned code);

/* ---- bytes as they come ---- */

struct frame_reader {
	size_t max;                          /* longest body that is taken, at most FRAME_MAX */
	uint8_t *body;                       /* the caller's, room bytes; NULL: none yet */
	size_t room;
	size_t length;                       /* of the body under way; 0: the head is not whole */
	size_t have;                         /* bytes of head or body */
	uint8_t head[FRAME_HEAD];
};

enum frame_take {
	FRAME_MORE,                          /* all was taken, and the message is not whole */
	FRAME_ROOM,                          /* the body needs a buffer of `length` bytes: set body and
	                                        room, and call again */
	FRAME_WHOLE,                         /* *body is one; the reader is at the next */
	FRAME_TOO_LONG                       /* a length of 0 or above max: nothing more can be read */
};

/* Takes from the *n bytes at *p, and moves both. A body that lies there whole is given in place;
 * others are gathered in the reader's buffer, and are good until the next call. */
enum frame_take frame_reader_take(struct frame_reader *, const uint8_t **p, size_t *n,
                                  struct krux_str *body);
/* Is a message begun and not whole. */
bool frame_reader_midway(const struct frame_reader *);

#endif
