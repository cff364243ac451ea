/* Bytes to their CRC-32C: by the instruction that the processor has for it, or by a table of four bits a
 * step, made at compile time. */
#include "capspec/crc.h"

#include <endian.h>
#include <string.h>

/* The remainder of each four bits, the polynomial 0x1EDC6F41 reflected. */
static const uint32_t step[16] = {
	0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
	0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
};

uint32_t krux_crc32c_plain(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t crc = ~0u;

	for (; n; n--, p++) {
		crc ^= *p;
		crc = crc >> 4 ^ step[crc & 15];
		crc = crc >> 4 ^ step[crc & 15];
	}
	return ~crc;
}

#if defined __x86_64__

#include <cpuid.h>
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static inline uint32_t crc_go(uint64_t crc, const uint8_t *p, size_t n)
{
	uint64_t word;

#pragma GCC unroll 8
	for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		crc = _mm_crc32_u64(crc, word);
	}
	for (; n; n--, p++)
		crc = _mm_crc32_u8((uint32_t)crc, *p);
	return (uint32_t)crc;
}

__attribute__((target("sse4.2"))) static uint32_t crc_cpu(const void *data, size_t n)
{
	return ~crc_go(~0u, data, n);
}

/* Each step waits for the one before, so that four messages side by side take as long as one. */
__attribute__((target("sse4.2"))) static void crc_four(const struct krux_str part[static 4], uint32_t out[static 4])
{
	uint64_t crc[4] = { ~0u, ~0u, ~0u, ~0u }, word;
	size_t n = part[0].n, i = 0;

	for (unsigned k = 1; k < 4; k++)
		n = part[k].n < n ? part[k].n : n;
	for (; i + sizeof word <= n; i += sizeof word) {
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++) {
			memcpy(&word, part[k].p + i, sizeof word);
			crc[k] = _mm_crc32_u64(crc[k], word);
		}
	}
	for (unsigned k = 0; k < 4; k++)
		out[k] = ~crc_go((uint32_t)crc[k], (const uint8_t *)part[k].p + i, part[k].n - i);
}

static int cpu_has(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && c & bit_SSE4_2;
}

#define CRC_FOUR

#elif defined __aarch64__ && defined __ARM_FEATURE_CRC32

#include <arm_acle.h>

static uint32_t crc_cpu(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t crc = ~0u;
	uint64_t word;

	for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		crc = __crc32cd(crc, le64toh(word));
	}
	for (; n; n--, p++)
		crc = __crc32cb(crc, *p);
	return ~crc;
}

static int cpu_has(void)
{
	return 1;
}

#else

#define crc_cpu krux_crc32c_plain

static int cpu_has(void)
{
	return 0;
}

#endif

static bool cpu_can(void)
{
	static int has;                      /* 0: not known yet; threads find the same */
	int now = __atomic_load_n(&has, __ATOMIC_RELAXED);

	if (!now) {
		now = cpu_has() ? 1 : -1;
		__atomic_store_n(&has, now, __ATOMIC_RELAXED);
	}
	return now > 0;
}

uint32_t krux_crc32c(const void *data, size_t n)
{
	return cpu_can() ? crc_cpu(data, n) : krux_crc32c_plain(data, n);
}

void krux_crc32c_many(const struct krux_str *part, size_t n, uint32_t *out)
{
	size_t i = 0;

#ifdef CRC_FOUR
	for (; cpu_can() && n - i >= 4; i += 4)
		crc_four(part + i, out + i);
#endif
	for (; i < n; i++)
		out[i] = krux_crc32c(part[i].p, part[i].n);
}
