/* Automata: texts[] holds all of them, path-compressed; equal parts stand there once. One
 * instruction has eight bytes of head (operation, a byte n, and two targets A and B of three
 * bytes each) and perhaps more behind it. A target is an offset into texts[], or says how the
 * text is classed. No text holds a NUL, so a NUL stands for the end.
 *
 *   RUN   the next n bytes are these: go on at A behind them; else at B, nothing read
 *   UNDER the same, and then the end: C; or a certain byte: A, that byte not read; else B
 *   BELOW the same, with nothing but n in its head: class 1 at the end and at a slash, else class 0
 *   LEAF  the same, with A and a byte: the class at the end; at a slash: A, that not read; else class 0
 *   PICK  one of n bytes is next: its own target; the end: B; else A, nothing read
 *   STEP  the same, but what is none of them is read
 *   SPAN  a table of targets for the bytes n..m; the end: B; else A, nothing read
 *   STRIDE  the same, but what is outside is read
 *   WIDE  ranges of scalars above U+007F with targets; else A, nothing read
 *   ENTER hold B, go on at A
 * These hold themselves: HOLD is where they stand, HOLD_END their B, which is for the end.
 *   FIND  skip to the byte n, read it, go on at A
 *   PAIR  skip to the byte n with one of two others behind, read both, go on at A or at C
 *   SKIP  skip to one of at most four bytes, read it, go on at its own target
 *   HERE  go on at A */
enum {
	TEXT_RUN, TEXT_UNDER, TEXT_PICK, TEXT_STEP, TEXT_SPAN, TEXT_STRIDE, TEXT_WIDE, TEXT_ENTER,
	TEXT_FIND, TEXT_PAIR, TEXT_SKIP, TEXT_HERE, TEXT_BELOW, TEXT_LEAF
};
enum { CLASS = 0x800000, HOLD_END = 0xFFFFFE, HOLD = 0xFFFFFF };

static inline uint32_t target_at(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

/* Are the n bytes at p those at code. Reads code up to seven bytes further. */
static inline bool run_here(const uint8_t *code, const uint8_t *p, const uint8_t *end,
                            const uint8_t *start, uint32_t n)
{
	uint32_t i = 0;

	if ((uint64_t)(end - p) < n)
		return false;
	if (n < 8)
		return (peek8(p, end, start) ^ load8(code)) << (64 - 8 * n) == 0;
	for (; i + 8 < n; i += 8)
		if (load8(p + i) != load8(code + i))
			return false;
	return load8(p + n - 8) == load8(code + n - 8);
}

/* Index of c among n bytes, n where it is none of them. */
static inline uint32_t pick_here(const uint8_t *byte, uint32_t n, uint8_t c)
{
	for (uint32_t i = 0; i < n; i += 8) {
		uint64_t hit = zero_bytes(load8(byte + i) ^ spread(c));

		if (hit && i + first_byte(hit) < n)
			return i + first_byte(hit);
	}
	return n;
}

/* The first of n bytes at or after p; end for none. */
static inline const uint8_t *skip_to(const uint8_t *byte, uint32_t n, const uint8_t *p,
                                     const uint8_t *end, const uint8_t *start)
{
	for (; p < end; p += 8) {
		uint64_t w = peek8(p, end, start), hit = 0;

		for (uint32_t i = 0; i < n; i++)
			hit |= zero_bytes(w ^ spread(byte[i]));
		if (hit)
			return p + first_byte(hit);
	}
	return end;
}

/* The first c with d or e behind it; end for none. */
static inline const uint8_t *skip_to_pair(uint8_t c, uint8_t d, uint8_t e, const uint8_t *p,
                                          const uint8_t *end, const uint8_t *start)
{
	for (; p < end; p += 7) {
		uint64_t w = peek8(p, end, start), hit = zero_bytes(w ^ spread(d)) | zero_bytes(w ^ spread(e));

		hit = hit >> 8 & zero_bytes(w ^ spread(c));
		if (hit)
			return p + first_byte(hit);
	}
	return end;
}

/* The target of the scalar c among n ranges, each its first scalar and a target. */
static uint32_t wide_here(const uint8_t *range, uint32_t n, uint32_t c)
{
	while (n > 1) {
		uint32_t half = n / 2;

		if (target_at(range + 6 * half) <= c) {
			range += 6 * half;
			n -= half;
		} else {
			n = half;
		}
	}
	return target_at(range + 3);
}

/* The class of a valid text, by the automaton at `at`. */
static inline uint32_t text_class(uint32_t at, struct text s)
{
	const uint8_t *p = s.p, *end = s.p + s.n, *hold = texts;

	for (;;) {
		const uint8_t *code = at == HOLD ? hold : texts + at;
		uint64_t head;
		uint32_t n, a, b, i;
		uint8_t c;

		if (at >= CLASS && at != HOLD)
			return (at == HOLD_END ? (uint32_t)(load8(hold) >> 40) : at) - CLASS;
		head = load8(code);
		n = head >> 8 & 0xFF;
		a = head >> 16 & 0xFFFFFF;
		b = (uint32_t)(head >> 40);
		c = p < end ? *p : 0;
		switch (head & 0xFF) {
		case TEXT_RUN:
			i = run_here(code + 8, p, end, s.p, n);
			p += i ? n : 0;
			at = i ? a : b;
			continue;
		case TEXT_UNDER:
			i = run_here(code + 12, p, end, s.p, n);
			p += i ? n : 0;
			at = !i ? b : p == end ? target_at(code + 8) : *p == code[11] ? a : b;
			continue;
		case TEXT_BELOW:
			return run_here(code + 2, p, end, s.p, n) && (p + n == end || p[n] == '/');
		case TEXT_LEAF:
			i = run_here(code + 6, p, end, s.p, n);
			p += i ? n : 0;
			at = !i ? CLASS : p == end ? CLASS | (b & 0xFF) : *p == '/' ? a : CLASS;
			continue;
		case TEXT_PICK:
		case TEXT_STEP:
			i = c ? pick_here(code + 8, n, c) : n;
			at = i < n ? target_at(code + 8 + n + 3 * i) : c ? a : b;
			p += i < n ? 1 : c && (head & 0xFF) == TEXT_STEP ? scalar_length(c) : 0;
			continue;
		case TEXT_SPAN:
		case TEXT_STRIDE:
			i = c && (uint32_t)c - n <= code[8];
			at = i ? target_at(code + 9 + 3 * ((uint32_t)c - n)) : c ? a : b;
			p += i ? 1 : c && (head & 0xFF) == TEXT_STRIDE ? scalar_length(c) : 0;
			continue;
		case TEXT_WIDE:
			at = a;
			if (c < 0x80)
				continue;
			at = wide_here(code + 8, b, scalar_at(p));
			p += scalar_length(c);
			continue;
		case TEXT_ENTER:
			hold = texts + b;
			at = a;
			continue;
		case TEXT_FIND:
			hold = code;
			p = skip_to(code + 1, 1, p, end, s.p);
			at = p < end ? a : b;
			p++;
			continue;
		case TEXT_PAIR:
			hold = code;
			p = skip_to_pair((uint8_t)n, code[8], code[9], p, end, s.p);
			at = p == end ? b : p[1] == code[8] ? a : target_at(code + 10);
			p += 2;
			continue;
		case TEXT_SKIP:
			hold = code;
			p = skip_to(code + 8, n, p, end, s.p);
			at = p < end ? target_at(code + 8 + n + 3 * pick_here(code + 8, n, *p)) : b;
			p++;
			continue;
		default:
			hold = code;
			at = a;
			continue;
		}
	}
}
