/* Text: bytes that somebody else owns, looked at eight at a time. */

struct text {
	const uint8_t *p;
	uint32_t n;
};

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

static inline uint64_t load8(const uint8_t *p)
{
	uint64_t x;

	__builtin_memcpy(&x, p, 8);
	return x;
}

/* The byte c in all eight places. */
static inline uint64_t spread(uint8_t c)
{
	return c * ONES;
}

/* 0x80 in exactly the bytes of x that are zero. */
static inline uint64_t zero_bytes(uint64_t x)
{
	return ~(((x & ~HIGHS) + ~HIGHS) | x | ~HIGHS);
}

/* Number of the first byte that zero_bytes or the like has marked. */
static inline uint32_t first_byte(uint64_t marks)
{
	return (uint32_t)__builtin_ctzll(marks) >> 3;
}

/* The next eight bytes at p, zero beyond the end; reads nothing outside start..end. */
static inline uint64_t peek8(const uint8_t *p, const uint8_t *end, const uint8_t *start)
{
	uint64_t left = (uint64_t)(end - p), x = 0;

	if (left >= 8)
		return load8(p);
	if (!left)
		return 0;
	if (end - start >= 8)
		return load8(end - 8) >> (64 - 8 * left);
	while (left--)
		x = x << 8 | p[left];
	return x;
}

static inline bool bytes_equal(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	uint32_t i = 0;

	for (; i + 8 <= n; i += 8)
		if (load8(a + i) != load8(b + i))
			return false;
	for (; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Length of the UTF-8 sequence that starts with c; the text is valid. */
static inline uint32_t scalar_length(uint8_t c)
{
	return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* The scalar at p, which is valid UTF-8. */
static inline uint32_t scalar_at(const uint8_t *p)
{
	switch (scalar_length(*p)) {
	case 1:
		return *p;
	case 2:
		return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
	case 3:
		return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
	default:
		return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
	}
}

/* One scalar above U+007F at p; its length, 0 where it is not valid UTF-8. */
static inline uint32_t scalar_check(const uint8_t *p, const uint8_t *end)
{
	uint32_t n = scalar_length(*p), lo = 0x80, hi = 0xBF;

	if (*p < 0xC2 || *p > 0xF4 || (uint64_t)(end - p) < n)
		return 0;
	if (*p == 0xE0)
		lo = 0xA0;
	else if (*p == 0xED)
		hi = 0x9F;
	else if (*p == 0xF0)
		lo = 0x90;
	else if (*p == 0xF4)
		hi = 0x8F;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (uint32_t i = 2; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

/* Valid UTF-8 without NUL. */
static inline bool text_valid(struct text s)
{
	const uint8_t *p = s.p, *end = s.p + s.n;

	while (p < end) {
		uint64_t w = peek8(p, end, s.p), stop;
		uint32_t left = (uint32_t)(end - p), n;

		stop = (w & HIGHS) | zero_bytes(w);
		if (left < 8)
			stop &= ((uint64_t)1 << 8 * left) - 1;
		if (!stop) {
			p += left < 8 ? left : 8;
			continue;
		}
		p += first_byte(stop);
		n = *p ? scalar_check(p, end) : 0;
		if (!n)
			return false;
		p += n;
	}
	return true;
}
