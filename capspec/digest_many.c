/* Many short messages to their digests. What is left to do is to compress whole blocks: the first one has the tag
 * before the message, the last ones the padding behind it, and those between are hashed where they are. The
 * messages go to two queues of about the same length, which go on side by side. */
#include "capspec/digest.h"

#include "capspec/digest_block.h"

#include <endian.h>
#include <string.h>

/* Longer ones are hashed piece by piece. BEFORE: bytes of the message that the copy of its end brings along. */
enum { BLOCK = KRUX_SHA256_BLOCK, MANY = 16, LONG = 16, PAD = 9, BEFORE = BLOCK };

struct lane {
	size_t n;
	struct digest_step step[(MANY / 2 + 1) * LONG];
};

/* What is not hashed where it is. */
struct ends {
	uint8_t first[BLOCK];
	uint8_t last[BEFORE + 2 * BLOCK + PAD];
};

static void lane_put(struct lane *l, const uint8_t *block, uint8_t *out)
{
	l->step[l->n++] = (struct digest_step){ block, out };
}

/* `n` bytes of the message stand at p, the last of it. */
static void padding_put(struct lane *l, uint8_t *p, size_t n, uint64_t length, uint8_t *out)
{
	size_t end = n + PAD > BLOCK ? 2 * BLOCK : BLOCK;
	uint64_t bits = htobe64(length << 3);

	memset(p + n, 0, BLOCK + PAD);
	p[n] = 0x80;
	memcpy(p + end - sizeof bits, &bits, sizeof bits);
	if (end == 2 * BLOCK)
		lane_put(l, p, NULL);
	lane_put(l, p + end - BLOCK, out);
}

static inline __attribute__((always_inline)) void message_put(struct lane *l, struct ends *e,
                                                              const struct krux_sha256_job *job, size_t n)
{
	const uint8_t *p = (const uint8_t *)job->message.p;
	size_t left = (1 + n) % BLOCK;
	uint8_t *last = e->last + BEFORE;

	if (n < BLOCK) {
		last[0] = job->tag;
		if (n)
			memcpy(last + 1, p, n);
		padding_put(l, last, 1 + n, 1 + n, job->out);
		return;
	}
	e->first[0] = job->tag;
	memcpy(e->first + 1, p, BLOCK - 1);
	lane_put(l, e->first, NULL);
	for (size_t at = BLOCK - 1; n - at >= BLOCK; at += BLOCK)
		lane_put(l, p + at, NULL);
	/* As long whatever is left, which is cheaper. */
	memcpy(last + left - BLOCK, p + n - BLOCK, BLOCK);
	padding_put(l, last, left, 1 + n, job->out);
}

/* To the shorter queue of the two. */
static inline __attribute__((always_inline)) void job_put(struct lane lane[static 2], struct ends *e,
                                                          const struct krux_sha256_job *job)
{
	struct lane *l = &lane[lane[1].n < lane[0].n];

	if (1 + job->message.n + PAD > LONG * BLOCK)
		krux_sha256_parts((struct krux_str[]){ { (const char *)&job->tag, 1 }, job->message }, 2, job->out);
	/* The nodes of a tree. */
	else if (job->message.n == 2 * KRUX_SHA256)
		message_put(l, e, job, 2 * KRUX_SHA256);
	else
		message_put(l, e, job, job->message.n);
}

void krux_sha256_jobs(const struct krux_sha256_job *job, size_t n)
{
	for (size_t some; n; n -= some, job += some) {
		struct lane lane[2];
		struct ends ends[MANY];

		lane[0].n = lane[1].n = 0;
		some = n < MANY ? n : MANY;
		for (size_t i = 0; i < some; i++)
			job_put(lane, &ends[i], &job[i]);
		digest_engine_get()->lanes(lane[0].step, lane[0].n, lane[1].step, lane[1].n);
	}
}

void krux_sha256_tagged(uint8_t tag, const struct krux_str *message, size_t n, uint8_t (*out)[KRUX_SHA256])
{
	struct krux_sha256_job job[MANY];

	for (size_t some; n; n -= some, message += some, out += some) {
		some = n < MANY ? n : MANY;
		for (size_t i = 0; i < some; i++)
			job[i] = (struct krux_sha256_job){ tag, message[i], out[i] };
		krux_sha256_jobs(job, some);
	}
}
