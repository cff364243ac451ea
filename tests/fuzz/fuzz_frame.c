/* Messages as bytes off a socket: first byte who reads (low four bits) and in what pieces they come
 * (high four bits), then the stream. What is decoded is encoded as the very same bytes. */
#include "tests/fuzz/fuzz.h"

#include "capspec/frame.h"

#include <string.h>

enum { MOST = 1 << 16 };

static void message(unsigned to, struct krux_str body)
{
	const char *why = NULL;
	struct frame f;
	uint8_t *again;

	if (frame_decode(to, body, &f, &why)) {
		PROMISE(why && why[0]);
		return;
	}
	again = malloc(FRAME_HEAD + body.n);
	PROMISE(frame_encode(&f, again, FRAME_HEAD + body.n) == FRAME_HEAD + body.n);
	PROMISE(memcmp(again + FRAME_HEAD, body.p, body.n) == 0);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_reader r = { .max = MOST };
	enum frame_take t = FRAME_MORE;
	size_t step;
	unsigned to;

	if (!size)
		return 0;
	to = data[0] & 15;
	step = data[0] >> 4 ? data[0] >> 4 : size;
	/* Also as a body that came without a length. */
	message(to, (struct krux_str){ (const char *)data + 1, size - 1 });
	for (size_t at = 1; at < size && t != FRAME_TOO_LONG; at += step) {
		size_t n = step < size - at ? step : size - at;
		const uint8_t *p = data + at;
		struct krux_str body;

		while ((t = frame_reader_take(&r, &p, &n, &body)) == FRAME_WHOLE || t == FRAME_ROOM) {
			if (t == FRAME_WHOLE) {
				PROMISE(body.n && body.n <= MOST);
				message(to, body);
				continue;
			}
			PROMISE(r.length && r.length <= MOST && r.room < r.length);
			free(r.body);
			r.body = malloc(r.length);
			r.room = r.length;
		}
		PROMISE(t == FRAME_TOO_LONG || !n);
	}
	free(r.body);
	return 0;
}
