/* Blocks to state, three ways. The schedule of FIPS 180-4 runs in a ring of four vectors: while
 * four rounds use one of them, the one that comes round again is made from all four. */
#include "capspec/digest_block.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

static void block_sodium(uint32_t h[static 8], const uint8_t *p, size_t nblocks)
{
	crypto_hash_sha256_state s = { .count = 0 };

	memcpy(s.state, h, sizeof s.state);
	crypto_hash_sha256_update(&s, p, 64 * nblocks);
	memcpy(h, s.state, sizeof s.state);
}

/* One block after the other, where nothing is gained by two. */
static void lane_do(digest_block_fn *block, const struct digest_step *step, size_t n)
{
	uint32_t h[8];

	memcpy(h, digest_start, sizeof h);
	for (; n; n--, step++) {
		block(h, step->block, 1);
		for (unsigned i = 0; step->out && i < 8; i++) {
			uint32_t word = htobe32(h[i]);

			memcpy(step->out + sizeof word * i, &word, sizeof word);
			h[i] = digest_start[i];
		}
	}
}

static void lanes_sodium(const struct digest_step *a, size_t na, const struct digest_step *b, size_t nb)
{
	lane_do(block_sodium, a, na);
	lane_do(block_sodium, b, nb);
}

const struct digest_engine digest_engine_sodium = { "libsodium", block_sodium, lanes_sodium };

#if defined __x86_64__ || (defined __aarch64__ && defined __ARM_FEATURE_SHA2)
static const uint32_t rounds[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
#endif

#if defined __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define X86_SHA __attribute__((target("sha,sse4.1")))

/* The instructions keep the eight words as ABEF and CDGH, from the highest lane down. */
struct lane {
	__m128i abef, cdgh;
};

X86_SHA static inline struct lane lane_load(const uint32_t h[static 8])
{
	__m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)h), 0xB1);
	__m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(h + 4)), 0x1B);

	return (struct lane){ _mm_alignr_epi8(badc, hgfe, 8), _mm_blend_epi16(hgfe, badc, 0xF0) };
}

X86_SHA static inline void lane_store(struct lane l, uint32_t h[static 8])
{
	__m128i badc = _mm_shuffle_epi32(l.abef, 0x1B), hgfe = _mm_shuffle_epi32(l.cdgh, 0xB1);

	_mm_storeu_si128((__m128i *)h, _mm_blend_epi16(badc, hgfe, 0xF0));
	_mm_storeu_si128((__m128i *)(h + 4), _mm_alignr_epi8(hgfe, badc, 8));
}

/* Four rounds of one message, the i-th such. */
X86_SHA static inline __attribute__((always_inline)) void lane_rounds(struct lane *l, __m128i w[static 4],
                                                                      const uint8_t *p, unsigned i)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i *now = &w[i & 3], last = w[(i + 3) & 3], sum;

	if (i < 4)
		*now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
	else
		*now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(i + 1) & 3]),
		                                          _mm_alignr_epi8(last, w[(i + 2) & 3], 4)),
		                            last);
	sum = _mm_add_epi32(*now, _mm_load_si128((const __m128i *)(rounds + 4 * (size_t)i)));
	l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, sum);
	l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(sum, 0x0E));
}

X86_SHA static inline void lane_add(struct lane *l, struct lane before)
{
	l->abef = _mm_add_epi32(l->abef, before.abef);
	l->cdgh = _mm_add_epi32(l->cdgh, before.cdgh);
}

X86_SHA static void block_x86(uint32_t h[static 8], const uint8_t *p, size_t nblocks)
{
	struct lane l = lane_load(h);

	for (; nblocks; nblocks--, p += 64) {
		const struct lane before = l;
		__m128i w[4];

#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++)
			lane_rounds(&l, w, p, i);
		lane_add(&l, before);
	}
	lane_store(l, h);
}

/* Where the message ends, its digest, and the next one. */
X86_SHA static inline void lane_end(struct lane *l, struct lane start, uint8_t *out)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	uint32_t h[8];

	if (!out)
		return;
	lane_store(*l, h);
	for (unsigned i = 0; i < 2; i++)
		_mm_storeu_si128((__m128i *)(void *)(out + 16 * i),
		                 _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(h + 4 * i)), swap));
	*l = start;
}

X86_SHA static void lanes_x86(const struct digest_step *a, size_t na, const struct digest_step *b, size_t nb)
{
	const struct lane start = lane_load(digest_start);
	const struct digest_step *rest = na > nb ? a : b;
	size_t both = na < nb ? na : nb, all = na < nb ? nb : na, n = 0;
	struct lane la = start, lb = start;

	for (; n < both; n++) {
		const struct lane a_before = la, b_before = lb;
		__m128i wa[4], wb[4];

#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			lane_rounds(&la, wa, a[n].block, i);
			lane_rounds(&lb, wb, b[n].block, i);
		}
		lane_add(&la, a_before);
		lane_add(&lb, b_before);
		lane_end(&la, start, a[n].out);
		lane_end(&lb, start, b[n].out);
	}
	if (nb > na)
		la = lb;
	for (; n < all; n++) {
		const struct lane before = la;
		__m128i w[4];

#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++)
			lane_rounds(&la, w, rest[n].block, i);
		lane_add(&la, before);
		lane_end(&la, start, rest[n].out);
	}
}

const struct digest_engine *digest_engine_cpu(void)
{
	static const struct digest_engine x86 = { "x86 SHA instructions", block_x86, lanes_x86 };
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return NULL;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA))
		return NULL;
	return &x86;
}

#elif defined __aarch64__ && defined __ARM_FEATURE_SHA2

#include <arm_neon.h>

static void block_arm(uint32_t h[static 8], const uint8_t *p, size_t nblocks)
{
	uint32x4_t abcd = vld1q_u32(h), efgh = vld1q_u32(h + 4);

	for (; nblocks; nblocks--, p += 64) {
		const uint32x4_t abcd_before = abcd, efgh_before = efgh;
		uint32x4_t w[4];

#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			uint32x4_t *now = &w[i & 3], sum, abcd_now = abcd;

			if (i < 4)
				*now = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p + 16 * i)));
			else
				*now = vsha256su1q_u32(vsha256su0q_u32(*now, w[(i + 1) & 3]),
				                       w[(i + 2) & 3], w[(i + 3) & 3]);
			sum = vaddq_u32(*now, vld1q_u32(rounds + 4 * i));
			abcd = vsha256hq_u32(abcd, efgh, sum);
			efgh = vsha256h2q_u32(efgh, abcd_now, sum);
		}
		abcd = vaddq_u32(abcd, abcd_before);
		efgh = vaddq_u32(efgh, efgh_before);
	}
	vst1q_u32(h, abcd);
	vst1q_u32(h + 4, efgh);
}

static void lanes_arm(const struct digest_step *a, size_t na, const struct digest_step *b, size_t nb)
{
	lane_do(block_arm, a, na);
	lane_do(block_arm, b, nb);
}

const struct digest_engine *digest_engine_cpu(void)
{
	static const struct digest_engine arm = { "ARMv8 SHA instructions", block_arm, lanes_arm };

	return &arm;
}

#else

const struct digest_engine *digest_engine_cpu(void)
{
	return NULL;
}

#endif
