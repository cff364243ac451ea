/* Typed conditions back to the text of the condition language. */
#include "compiler/plan/cond_print.h"

#include "capspec/canon.h"
#include "compiler/base/escape.h"

static const krux_u128 bias = (krux_u128)1 << 63;

/* ---- what a test looks at ---- */

static void place_print(struct buf *b, const struct subject *s)
{
	if (!s->depth) {
		buf_str(b, s->access.text);
		return;
	}
	buf_puts(b, "it");
	if (s->access.text.n) {
		buf_putc(b, '.');
		buf_str(b, s->access.text);
	}
}

void subject_print(struct buf *b, const struct subject *s)
{
	switch (s->kind) {
	case SUBJECT_FIELD:
		place_print(b, s);
		break;
	case SUBJECT_SIZE:
		buf_puts(b, "size(");
		place_print(b, s);
		buf_putc(b, ')');
		break;
	case SUBJECT_HAS:
		buf_puts(b, "has ");
		place_print(b, s);
		break;
	case SUBJECT_AGENT:
		buf_puts(b, "agent");
		break;
	case SUBJECT_TIME:
		buf_puts(b, "time");
		break;
	case SUBJECT_WEEKDAY:
		buf_puts(b, "weekday");
		break;
	case SUBJECT_LABEL:
		buf_puts(b, "workspace has \"");
		escape_cap(b, s->name);
		buf_putc(b, '"');
		break;
	case SUBJECT_CALLS:
		buf_puts(b, "workspace.calls(");
		buf_str(b, s->name);
		buf_putc(b, ')');
		break;
	case SUBJECT_CONSTANT:
		break;
	}
}

/* ---- numbers ---- */

static void size_print(struct buf *b, uint64_t v)
{
	static const struct { unsigned shift; const char *word; } unit[] = { { 30, "GiB" }, { 20, "MiB" }, { 10, "KiB" } };

	for (size_t i = 0; v && i < sizeof unit / sizeof *unit; i++)
		if (!(v & ((1ull << unit[i].shift) - 1))) {
			buf_printf(b, "%llu%s", (unsigned long long)(v >> unit[i].shift), unit[i].word);
			return;
		}
	buf_printf(b, "%llu", (unsigned long long)v);
}

static void time_print(struct buf *b, unsigned s)
{
	buf_printf(b, "%02u:%02u", s / 3600, s / 60 % 60);
	if (s % 60)
		buf_printf(b, ":%02u", s % 60);
}

static void signed_print(struct buf *b, krux_u128 key)
{
	krux_i128 v = (krux_i128)key - (krux_i128)bias;

	buf_printf(b, "%lld", (long long)v);
}

static void address_print(struct buf *b, krux_u128 key)
{
	uint8_t ip[16];
	char text[80];

	for (int i = 0; i < 16; i++)
		ip[i] = (uint8_t)(key >> (8 * (15 - i)));
	buf_put(b, text, (size_t)krux_ip_text(ip, text, sizeof text));
}

void number_print(struct buf *b, const struct subject *s, krux_u128 key)
{
	static const char *const day[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	char text[80];

	if (s->kind == SUBJECT_TIME) {
		time_print(b, (unsigned)key);
		return;
	}
	if (s->kind == SUBJECT_WEEKDAY) {
		buf_puts(b, day[(unsigned)key % 7]);
		return;
	}
	if (s->kind == SUBJECT_CALLS) {
		buf_printf(b, "%llu", (unsigned long long)key);
		return;
	}
	if (s->kind == SUBJECT_SIZE) {
		size_print(b, (uint64_t)key);
		return;
	}
	switch (s->type ? s->type->kind : KRUX_T_UINT) {
	case KRUX_T_INT:
		signed_print(b, key);
		break;
	case KRUX_T_DECIMAL:
		buf_put(b, text, (size_t)krux_decimal_text((int64_t)((krux_i128)key - (krux_i128)bias), s->type->scale, text,
		                                           sizeof text));
		break;
	case KRUX_T_ENUM:
		buf_str(b, s->type->name[(size_t)key]);
		break;
	case KRUX_T_DATETIME:
		buf_putc(b, '"');
		buf_put(b, text, (size_t)krux_datetime_text((int64_t)((krux_i128)key - (krux_i128)bias), text, sizeof text));
		buf_putc(b, '"');
		break;
	case KRUX_T_DURATION:
		buf_put(b, text, (size_t)krux_duration_text((uint64_t)key, text, sizeof text));
		break;
	case KRUX_T_SIZE:
		size_print(b, (uint64_t)key);
		break;
	case KRUX_T_IP:
		buf_putc(b, '"');
		address_print(b, key);
		buf_putc(b, '"');
		break;
	default:
		buf_printf(b, "%llu", (unsigned long long)key);
		break;
	}
}

/* ---- sets of numbers ---- */

/* Where IPv4 stands among the addresses. */
static const krux_u128 v4lo = (krux_u128)0xFFFF << 32, v4hi = ((krux_u128)0xFFFF << 32) | 0xFFFFFFFFu;

/* An interval of addresses as blocks, IPv4 apart from IPv6. */
static void blocks_print(struct buf *b, krux_u128 lo, krux_u128 hi, const char **comma)
{
	if (lo < v4lo && hi >= v4lo) {
		blocks_print(b, lo, v4lo - 1, comma);
		blocks_print(b, v4lo, hi, comma);
		return;
	}
	if (lo <= v4hi && hi > v4hi) {
		blocks_print(b, lo, v4hi, comma);
		blocks_print(b, v4hi + 1, hi, comma);
		return;
	}
	for (;;) {
		bool v4 = lo >= v4lo && lo <= v4hi;
		unsigned bits = 0, most = v4 ? 32 : 127;

		while (bits < most && !(lo >> bits & 1) && hi - lo >= (((krux_u128)2 << bits) - 1))
			bits++;
		buf_puts(b, *comma);
		buf_puts(b, v4 ? "" : "\"");
		address_print(b, lo);
		buf_printf(b, v4 ? "/%u" : "/%u\"", (v4 ? 32 : 128) - bits);
		*comma = ", ";
		if (hi - lo == ((krux_u128)1 << bits) - 1)
			return;
		lo += (krux_u128)1 << bits;
	}
}

/* Intervals of addresses. All of IPv6 is one block, though IPv4 stands in the midst of it. */
static void addresses_print(struct buf *b, const struct value_set *set)
{
	bool before = false, behind = false, six;
	const char *comma = "";

	for (size_t i = 0; i < set->nintervals; i++) {
		before |= !set->interval[i].lo && set->interval[i].hi >= v4lo - 1;
		behind |= set->interval[i].lo <= v4hi + 1 && set->interval[i].hi == ~(krux_u128)0;
	}
	six = before && behind;
	if (six) {
		buf_puts(b, "\"::/0\"");
		comma = ", ";
	}
	for (size_t i = 0; i < set->nintervals; i++) {
		krux_u128 lo = set->interval[i].lo, hi = set->interval[i].hi;

		lo = six && lo < v4lo ? v4lo : lo;
		hi = six && hi > v4hi ? v4hi : hi;
		if (lo <= hi)
			blocks_print(b, lo, hi, &comma);
	}
}

static bool is_ip(const struct subject *s)
{
	return s->kind == SUBJECT_FIELD && s->type && s->type->kind == KRUX_T_IP;
}

/* Words that a type orders but that have no comparisons: enums. */
static bool unordered(const struct subject *s)
{
	return s->kind == SUBJECT_FIELD && s->type && s->type->kind == KRUX_T_ENUM;
}

static void list_print(struct buf *b, const struct subject *s, const struct value_set *set)
{
	const char *comma = "";

	subject_print(b, s);
	buf_puts(b, " in [");
	if (is_ip(s))
		addresses_print(b, set);
	for (size_t i = 0; i < set->nintervals && !is_ip(s); i++) {
		const struct interval *iv = &set->interval[i];

		for (krux_u128 k = iv->lo; unordered(s) && k <= iv->hi; k++) {
			buf_puts(b, comma);
			number_print(b, s, k);
			comma = ", ";
		}
		if (unordered(s))
			continue;
		buf_puts(b, comma);
		number_print(b, s, iv->lo);
		if (iv->hi != iv->lo) {
			buf_puts(b, "..");
			number_print(b, s, iv->hi);
		}
		comma = ", ";
	}
	buf_puts(b, "]");
}

/* Half-open windows; what is left of a day but for one goes over midnight, several are an `or` in
 * parentheses. */
static void windows_print(struct buf *b, const struct subject *s, const struct value_set *set)
{
	if (set->nintervals == 2 && !set->interval[0].lo && set->interval[1].hi == 86399) {
		buf_puts(b, "time in ");
		number_print(b, s, set->interval[1].lo);
		buf_puts(b, "..");
		number_print(b, s, set->interval[0].hi + 1);
		return;
	}
	if (set->nintervals > 1)
		buf_putc(b, '(');
	for (size_t i = 0; i < set->nintervals; i++) {
		const struct interval *iv = &set->interval[i];

		buf_puts(b, i ? " or time " : "time ");
		if (iv->hi == 86399 || !iv->lo) {
			buf_puts(b, iv->lo ? ">= " : iv->hi == 86399 ? ">= " : "< ");
			number_print(b, s, iv->lo || iv->hi == 86399 ? iv->lo : iv->hi + 1);
			continue;
		}
		buf_puts(b, "in ");
		number_print(b, s, iv->lo);
		buf_puts(b, "..");
		number_print(b, s, iv->hi + 1);
	}
	if (set->nintervals > 1)
		buf_putc(b, ')');
}

static void numeric_print(struct buf *b, const struct subject *s, const struct value_set *set)
{
	struct interval domain = number_domain(s), iv;
	const struct krux_type *t = s->type;

	if (s->kind == SUBJECT_HAS || s->kind == SUBJECT_LABEL ||
	    (s->kind == SUBJECT_FIELD && t->kind == KRUX_T_BOOL)) {
		bool yes = set->nintervals && set->interval[0].hi == 1;

		buf_puts(b, yes ? "" : "not ");
		subject_print(b, s);
		return;
	}
	if (s->kind == SUBJECT_TIME) {
		windows_print(b, s, set);
		return;
	}
	if (set->nintervals != 1 || is_ip(s)) {
		list_print(b, s, set);
		return;
	}
	iv = set->interval[0];
	if (iv.lo != iv.hi && unordered(s)) {
		list_print(b, s, set);
		return;
	}
	subject_print(b, s);
	if (iv.lo == iv.hi) {
		buf_puts(b, " == ");
		number_print(b, s, iv.lo);
	} else if (iv.lo <= domain.lo && s->kind != SUBJECT_WEEKDAY) {
		/* 'less than 1 MiB' reads better than 'at most 1048575'. */
		bool round = !((iv.hi + 1) & 1023);
		buf_puts(b, round ? " < " : " <= ");
		number_print(b, s, round ? iv.hi + 1 : iv.hi);
	} else if (iv.hi >= domain.hi && s->kind != SUBJECT_WEEKDAY) {
		bool round = iv.lo && !((iv.lo - 1) & 1023);
		buf_puts(b, round ? " > " : " >= ");
		number_print(b, s, round ? iv.lo - 1 : iv.lo);
	} else {
		buf_puts(b, " in ");
		number_print(b, s, iv.lo);
		buf_puts(b, "..");
		number_print(b, s, iv.hi);
	}
}

/* ---- languages ---- */

static void quoted(struct buf *b, struct krux_str s)
{
	buf_putc(b, '"');
	escape_cap(b, s);
	buf_putc(b, '"');
}

/* A literal of what is looked at: octets are written in base64. */
static void text_print(struct buf *b, const struct subject *s, struct krux_str text)
{
	if (s->kind != SUBJECT_FIELD || s->type->kind != KRUX_T_BYTES) {
		quoted(b, text);
		return;
	}
	buf_putc(b, '"');
	for (size_t i = 0; i < text.n; i += 3) {
		char four[4];

		buf_put(b, four, krux_base64_write((struct krux_str){ text.p + i, text.n - i < 3 ? text.n - i : 3 }, four));
	}
	buf_putc(b, '"');
}

static void language_print(struct buf *b, const struct subject *s, const struct value_set *set)
{
	static const char *const word[] = {
		[LANG_LITERALS] = " == ", [LANG_UNDER_PATH] = " under ", [LANG_UNDER_HOST] = " under ",
		[LANG_GLOB] = " matches ", [LANG_AGENT_GLOB] = " matches ", [LANG_REGEX] = " like ",
		[LANG_PREFIX] = " starts with ", [LANG_SUFFIX] = " ends with ", [LANG_SUBSTRING] = " contains ",
	};

	subject_print(b, s);
	if (set->ntexts == 1) {
		buf_puts(b, word[set->language]);
		text_print(b, s, set->text[0]);
		return;
	}
	buf_puts(b, " in [");
	for (size_t i = 0; i < set->ntexts; i++) {
		buf_puts(b, i ? ", " : "");
		quoted(b, set->text[i]);
	}
	buf_putc(b, ']');
}

/* ---- the tree ---- */

/* What stands around: how close it binds, and whether names stand for what has one. */
enum { BIND_OR, BIND_AND, BIND_NOT, BINDS = 3, NAMES = 4 };

static void tree_print(struct buf *b, const struct cond *c, int outer);

static void pair_print(struct buf *b, const struct cond *c, const char *word, int bind, int outer)
{
	int inner = bind | (outer & NAMES);

	if ((outer & BINDS) > bind)
		buf_putc(b, '(');
	tree_print(b, c->a, inner);
	buf_puts(b, word);
	tree_print(b, c->b, inner);
	if ((outer & BINDS) > bind)
		buf_putc(b, ')');
}

static void any_print(struct buf *b, const struct cond *c, const char *word, const struct cond *body, int outer)
{
	buf_puts(b, word);
	/* As in the effect: the path is none of a list, but what is at it and below. */
	buf_puts(b, c->kind == COND_ANY_TREE ? "tree " : "");
	subject_print(b, &c->list);
	buf_puts(b, ", ");
	tree_print(b, body, BIND_OR | (outer & NAMES));
	buf_putc(b, ')');
}

static void not_print(struct buf *b, const struct cond *c, int outer)
{
	const struct cond *a = c->a;

	if ((a->kind == COND_ANY || a->kind == COND_ANY_TREE) && a->a->kind == COND_NOT) {
		any_print(b, a, "all(", a->a->a, outer);
		return;
	}
	if (a->kind == COND_TEST && !a->set.numeric && a->set.language == LANG_LITERALS && a->set.ntexts == 1) {
		subject_print(b, &a->subject);
		buf_puts(b, " != ");
		text_print(b, &a->subject, a->set.text[0]);
		return;
	}
	buf_puts(b, "not ");
	tree_print(b, a, BIND_NOT | (outer & NAMES));
}

static void tree_print(struct buf *b, const struct cond *c, int outer)
{
	if ((outer & NAMES) && c->name.n) {
		buf_str(b, c->name);
		return;
	}
	switch (c->kind) {
	case COND_TRUE:
		buf_puts(b, "true");
		break;
	case COND_FALSE:
		buf_puts(b, "false");
		break;
	case COND_AND:
		pair_print(b, c, " and ", BIND_AND, outer);
		break;
	case COND_OR:
		pair_print(b, c, " or ", BIND_OR, outer);
		break;
	case COND_NOT:
		not_print(b, c, outer);
		break;
	case COND_TEST:
		if (c->set.numeric)
			numeric_print(b, &c->subject, &c->set);
		else
			language_print(b, &c->subject, &c->set);
		break;
	case COND_ANY:
	case COND_ANY_TREE:
		any_print(b, c, "any(", c->a, outer);
		break;
	}
}

void cond_print(struct buf *b, const struct cond *c)
{
	tree_print(b, c, BIND_OR);
}

void cond_print_named(struct buf *b, const struct cond *c)
{
	tree_print(b, c, BIND_OR | NAMES);
}
