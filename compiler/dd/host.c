/* The texts of hosts, read a character at a time by two machines: one for DNS names and IPv4,
 * one for IPv6 as RFC 5952 writes it. The automaton is what both can be in. */
#include "compiler/dd/host.h"

#include "compiler/dd/graph.h"

/* ---- DNS names, and IPv4 ---- */

enum label {
	LABEL_NONE,          /* dead */
	LABEL_START,
	LABEL_ZERO,          /* 0 */
	LABEL_DIGITS,
	LABEL_0X,
	LABEL_HEX,           /* 0x and hex digits: a number */
	LABEL_OTHER,
	LABEL_HYPHEN,        /* any that ends so */
};

struct name {
	unsigned label : 3;
	unsigned quad : 1;       /* so far the start of an IPv4 address */
	unsigned part : 2;       /* of it */
	unsigned value : 8;      /* of the part */
};

static uint32_t name_pack(struct name n)
{
	return n.label == LABEL_NONE ? 0
	       : n.label | (n.quad ? 8u | (uint32_t)n.part << 4 | (uint32_t)n.value << 8 : 0);
}

static struct name name_unpack(uint32_t x)
{
	return (struct name){ x & 7, x >> 3 & 1, x >> 4 & 3, x >> 8 & 255 };
}

static unsigned label_next(unsigned label, uint32_t c)
{
	bool digit = c >= '0' && c <= '9', hex = digit || (c >= 'a' && c <= 'f');

	if (!digit && !(c >= 'a' && c <= 'z') && c != '_' && c != '-')
		return LABEL_NONE;
	if (c == '-')
		return label == LABEL_START ? LABEL_NONE : LABEL_HYPHEN;
	switch (label) {
	case LABEL_START:
		return c == '0' ? LABEL_ZERO : digit ? LABEL_DIGITS : LABEL_OTHER;
	case LABEL_ZERO:
		return c == 'x' ? LABEL_0X : digit ? LABEL_DIGITS : LABEL_OTHER;
	case LABEL_DIGITS:
		return digit ? LABEL_DIGITS : LABEL_OTHER;
	case LABEL_0X:
	case LABEL_HEX:
		return hex ? LABEL_HEX : LABEL_OTHER;
	default:
		return LABEL_OTHER;
	}
}

static uint32_t name_next(uint32_t packed, uint32_t c)
{
	struct name n = name_unpack(packed);
	unsigned before = n.label;

	if (before == LABEL_NONE)
		return 0;
	if (c == '.') {
		if (before == LABEL_START || before == LABEL_HYPHEN)
			return 0;
		n.quad &= (before == LABEL_ZERO || before == LABEL_DIGITS) && n.part < 3;
		n.part++;
		n.value = 0;
		n.label = LABEL_START;
		return name_pack(n);
	}
	n.label = label_next(before, c) & 7;
	if (c < '0' || c > '9' || before == LABEL_ZERO || n.value * 10 + (c - '0') > 255)
		n.quad = 0;
	else
		n.value = (n.value * 10 + (c - '0')) & 255;
	return name_pack(n);
}

/* "0x" alone is a name. */
static bool name_ends(uint32_t packed)
{
	struct name n = name_unpack(packed);

	if (n.label == LABEL_ZERO || n.label == LABEL_DIGITS)
		return n.quad && n.part == 3;
	return n.label == LABEL_OTHER || n.label == LABEL_0X;
}

/* ---- IPv6 ---- */

enum colon {
	COLON_NOT,           /* something else was read, or nothing */
	COLON_ONE,           /* behind a group */
	COLON_FIRST,         /* at the very start */
};

struct v6 {
	unsigned alive : 1;
	unsigned gap : 1;            /* "::" was read */
	unsigned before : 4;         /* groups before it, whole */
	unsigned after : 3;          /* groups behind it */
	unsigned zeros_before : 4;   /* the longest run of zero groups written there */
	unsigned zeros_after : 4;
	unsigned run : 4;            /* of zero groups up to here */
	unsigned digits : 3;         /* of the group being read */
	unsigned zero : 1;           /* which is 0 */
	unsigned mapped : 3;         /* f's of the first group behind a "::" at the start; 5: it was ffff */
	unsigned colon : 2;
};

static uint32_t v6_pack(struct v6 a)
{
	uint32_t x = a.alive;

	if (!a.alive)
		return 0;
	x = x << 1 | a.gap;
	x = x << 4 | a.before;
	x = x << 3 | a.after;
	x = x << 4 | a.zeros_before;
	x = x << 4 | a.zeros_after;
	x = x << 4 | a.run;
	x = x << 3 | a.digits;
	x = x << 1 | a.zero;
	x = x << 3 | a.mapped;
	return x << 2 | a.colon;
}

static struct v6 v6_unpack(uint32_t x)
{
	return (struct v6){
		.colon = x & 3, .mapped = x >> 2 & 7, .zero = x >> 5 & 1, .digits = x >> 6 & 7, .run = x >> 9 & 15,
		.zeros_after = x >> 13 & 15, .zeros_before = x >> 17 & 15, .after = x >> 21 & 7, .before = x >> 24 & 15,
		.gap = x >> 28 & 1, .alive = x >> 29 & 1,
	};
}

/* The group that was being read is whole. */
static void group_close(struct v6 *a)
{
	a->run = a->zero ? (a->run + 1u) & 15 : 0;
	if (a->gap) {
		if (a->run > a->zeros_after)
			a->zeros_after = a->run;
		if (!a->after)
			a->mapped = a->mapped == 4 ? 5u : 0u;
		a->after++;
	} else {
		if (a->run > a->zeros_before)
			a->zeros_before = a->run;
		a->before++;
	}
	a->digits = a->zero = 0;
}

static bool group_read(struct v6 *a, uint32_t c)
{
	bool first = a->gap && !a->before && !a->after;

	if (a->colon == COLON_FIRST || a->zero || a->digits == 4)
		return false;
	if (!a->digits) {
		/* "::" stands for two groups or more, and takes all zeros beside it. */
		if (a->gap ? a->before + a->after >= 6 || (!a->after && c == '0') : a->before >= 8)
			return false;
		a->zero = c == '0';
	}
	if (first && (c != 'f' || a->mapped != a->digits))
		a->mapped = 7;
	else if (first)
		a->mapped++;
	a->digits++;
	a->colon = COLON_NOT;
	return true;
}

static bool colon_read(struct v6 *a)
{
	if (a->digits) {
		group_close(a);
		a->colon = COLON_ONE;
		return a->gap || a->before < 8;
	}
	if (!a->gap && !a->before && a->colon == COLON_NOT) {
		a->colon = COLON_FIRST;
		return true;
	}
	if (a->gap || a->run || a->before > 6)
		return false;
	a->gap = 1;
	a->colon = COLON_NOT;
	return true;
}

static uint32_t v6_next(uint32_t packed, uint32_t c)
{
	struct v6 a = v6_unpack(packed);

	if (!a.alive)
		return 0;
	if (c == ':')
		a.alive = colon_read(&a);
	else
		a.alive = ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) && group_read(&a, c);
	return v6_pack(a);
}

static bool v6_ends(uint32_t packed)
{
	struct v6 a = v6_unpack(packed);
	unsigned gap;

	if (!a.alive || (!a.digits && (!a.gap || a.after || a.colon)))
		return false;
	if (a.digits)
		group_close(&a);
	if (!a.gap)
		return a.before == 8 && a.zeros_before < 2;
	gap = 8 - a.before - a.after;
	return gap >= 2 && a.zeros_before < gap && a.zeros_after <= gap &&
	       !(a.mapped == 5 && a.after == 3);
}

/* ---- both ---- */

uint32_t host_state(void)
{
	struct graph *g = graph_begin();
	uint32_t out;

	graph_state(g, name_pack((struct name){ LABEL_START, 1, 0, 0 }), v6_pack((struct v6){ .alive = 1 }));
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t a = g->a[i], b = g->b[i];

		graph_out(g, i, name_ends(a) || v6_ends(b) ? DD_TRUE : DD_IMPOSSIBLE);
		graph_arc(g, '-' - 1, DEAD);
		for (uint32_t c = '-'; c <= 'z'; c++) {
			uint32_t x = name_next(a, c), y = v6_next(b, c);

			graph_arc(g, c, x || y ? graph_state(g, x, y) : (uint32_t)DEAD);
		}
		graph_arc(g, LAST_SCALAR, DEAD);
	}
	graph_finish(g);
	out = g->canon[0];
	graph_end(g);
	return out;
}
