/* Many short messages to their digests. Each is laid out with its tag and padding, so that nothing but whole
 * blocks is left to do; two lanes go on side by side, and whichever ends takes the next message. */
#include "capspec/digest.h"

#include "capspec/digest_block.h"

#include <endian.h>
#include <string.h>

/* Longer ones are not worth the copy, and are hashed piece by piece. */
enum { BLOCK = KRUX_SHA256_BLOCK, LONG = 16 * BLOCK, PAD = 9 };

struct lane {
	uint32_t h[8];
	const uint8_t *p;
	size_t blocks;                       /* that are left */
	uint8_t *out;                        /* where its digest goes */
	uint8_t buf[LONG];
};

struct queue {
	uint8_t tag;
	const struct krux_str *message;
	uint8_t (*out)[KRUX_SHA256];
	size_t n, taken;
};

static void number_put(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof v);
}

static inline __attribute__((always_inline)) void lane_lay(struct lane *l, uint8_t tag, const char *p, size_t n,
                                                           size_t blocks)
{
	uint8_t *end = l->buf + blocks * BLOCK;

	memcpy(l->h, digest_start, sizeof l->h);
	l->p = l->buf;
	l->blocks = blocks;
	/* The padding begins in one of the last two blocks. */
	memset(blocks > 1 ? end - 2 * BLOCK : l->buf, 0, 2 * BLOCK);
	l->buf[0] = tag;
	if (n)
		memcpy(l->buf + 1, p, n);
	l->buf[1 + n] = 0x80;
	number_put(end - 8, (uint64_t)(1 + n) << 3);
}

static void lane_fill(struct lane *l, uint8_t tag, struct krux_str m)
{
	/* The nodes of a tree. */
	if (m.n == 2 * KRUX_SHA256)
		lane_lay(l, tag, m.p, 2 * KRUX_SHA256, 2);
	else
		lane_lay(l, tag, m.p, m.n, (1 + m.n + PAD + BLOCK - 1) / BLOCK);
}

/* The next message that a lane can hold; long ones on the way are done at once. False: none is left. */
static bool lane_take(struct lane *l, struct queue *q)
{
	while (q->taken < q->n) {
		struct krux_str m = q->message[q->taken];
		uint8_t *out = q->out[q->taken++];

		if (1 + m.n + PAD > LONG) {
			krux_sha256_parts((struct krux_str[]){ { (char *)&q->tag, 1 }, m }, 2, out);
			continue;
		}
		lane_fill(l, q->tag, m);
		l->out = out;
		return true;
	}
	return false;
}

static void lane_end(const struct lane *l)
{
	for (unsigned i = 0; i < 8; i++) {
		uint32_t v = htobe32(l->h[i]);

		memcpy(l->out + sizeof v * i, &v, sizeof v);
	}
}

/* Takes n blocks off the lane; true: it has come to its end and found nothing more to do. */
static bool lane_step(struct lane *l, size_t n, struct queue *q)
{
	l->p += n * BLOCK;
	l->blocks -= n;
	if (l->blocks)
		return false;
	lane_end(l);
	return !lane_take(l, q);
}

void krux_sha256_tagged(uint8_t tag, const struct krux_str *message, size_t n, uint8_t (*out)[KRUX_SHA256])
{
	const struct digest_engine *e = digest_engine_get();
	struct queue q = { tag, message, out, n, 0 };
	struct lane lane[2];
	unsigned last = 0;
	bool both;

	if (!lane_take(&lane[0], &q))
		return;
	both = lane_take(&lane[1], &q);
	while (both) {
		size_t step = lane[0].blocks < lane[1].blocks ? lane[0].blocks : lane[1].blocks;

		e->pair((uint32_t *[]){ lane[0].h, lane[1].h }, (const uint8_t *[]){ lane[0].p, lane[1].p }, step);
		for (unsigned k = 0; k < 2; k++)
			if (lane_step(&lane[k], step, &q)) {
				last = !k;
				both = false;
			}
	}
	/* Both may have ended at once. */
	if (lane[last].blocks) {
		e->block(lane[last].h, lane[last].p, lane[last].blocks);
		lane_end(&lane[last]);
	}
}
