/* Facts about types that no capability file declares. */
#include "compiler/model/kinds.h"

#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

/* ---- the widest of each kind ---- */

const struct krux_type *kind_widest(enum krux_tkind kind)
{
	static const struct krux_type widest[KRUX_T_COUNT] = {
		[KRUX_T_BOOL] = { .kind = KRUX_T_BOOL, .hi = 1 },
		[KRUX_T_INT] = { .kind = KRUX_T_INT, .lo = INT64_MIN, .hi = INT64_MAX },
		[KRUX_T_UINT] = { .kind = KRUX_T_UINT, .hi = UINT64_MAX },
		[KRUX_T_DECIMAL] = { .kind = KRUX_T_DECIMAL, .lo = INT64_MIN, .hi = INT64_MAX },
		[KRUX_T_STRING] = { .kind = KRUX_T_STRING, .max = KRUX_MAX_SOURCE_BYTES },
		[KRUX_T_BYTES] = { .kind = KRUX_T_BYTES, .max = KRUX_MAX_SOURCE_BYTES },
		[KRUX_T_PATH] = { .kind = KRUX_T_PATH, .max = KRUX_MAX_PATH },
		[KRUX_T_URL] = { .kind = KRUX_T_URL, .max = KRUX_MAX_URL },
		[KRUX_T_HOST] = { .kind = KRUX_T_HOST, .max = KRUX_MAX_HOST },
		[KRUX_T_IP] = { .kind = KRUX_T_IP, .max = 16 },
		[KRUX_T_CIDR] = { .kind = KRUX_T_CIDR, .max = KRUX_MAX_CIDR },
		[KRUX_T_PORT] = { .kind = KRUX_T_PORT, .lo = 1, .hi = 65535 },
		[KRUX_T_DATETIME] = { .kind = KRUX_T_DATETIME, .lo = INT64_MIN, .hi = INT64_MAX },
		[KRUX_T_DURATION] = { .kind = KRUX_T_DURATION, .hi = INT64_MAX },
		[KRUX_T_SIZE] = { .kind = KRUX_T_SIZE, .hi = INT64_MAX },
		[KRUX_T_DIGEST] = { .kind = KRUX_T_DIGEST, .max = 64 },
		[KRUX_T_SECRET] = { .kind = KRUX_T_SECRET, .max = KRUX_MAX_SECRET },
	};

	return &widest[kind];
}

struct krux_type type_widest(const struct krux_type *t)
{
	struct krux_type w = *kind_widest(t->kind);

	if (t->kind == KRUX_T_ENUM)
		return *t;
	w.scale = t->scale;
	return w;
}

/* ---- parts of a url ---- */

static const struct krux_str schemes[] = { { "http", 4 }, { "https", 5 } };

/* A character of a url but '.', '/', '?'; a kept escape; and both with dots. */
#define CHARACTER "[!\"\\$&-\\-0->@-\\[\\]-~]"
#define ESCAPE "%(0[1-9A-F]|1[0-9A-F]|2[0-9A-C]|3[A-F]|40|5[BDE]|60|7[BCDF]|[89A-F][0-9A-F])"
#define PLAIN "(" CHARACTER "|" ESCAPE ")"
#define DOTTED "(" CHARACTER "|\\.|" ESCAPE ")"
#define SEGMENT "(|" PLAIN DOTTED "*|\\." PLAIN DOTTED "*|\\.\\." DOTTED "+)"
#define URL_PATH_PATTERN "(/" SEGMENT ")+"
#define URL_QUERY_PATTERN "([!\"\\$&-\\[\\]-~]|" ESCAPE ")*"

static const struct krux_type part_type[URL_PARTS] = {
	[URL_SCHEME] = { .kind = KRUX_T_ENUM, .hi = 1, .name = schemes, .nnames = 2, .max = 5 },
	[URL_HOST] = { .kind = KRUX_T_HOST, .max = KRUX_MAX_HOST },
	[URL_PORT] = { .kind = KRUX_T_PORT, .lo = 1, .hi = 65535 },
	[URL_PATH] = { .kind = KRUX_T_STRING, .max = KRUX_MAX_URL,
	               .pattern = { URL_PATH_PATTERN, sizeof URL_PATH_PATTERN - 1 } },
	[URL_QUERY] = { .kind = KRUX_T_STRING, .max = KRUX_MAX_URL,
	                .pattern = { URL_QUERY_PATTERN, sizeof URL_QUERY_PATTERN - 1 } },
};

const struct krux_field url_part[URL_PARTS] = {
	[URL_SCHEME] = { .name = { "scheme", 6 }, .type = &part_type[URL_SCHEME] },
	[URL_HOST] = { .name = { "host", 4 }, .type = &part_type[URL_HOST] },
	[URL_PORT] = { .name = { "port", 4 }, .type = &part_type[URL_PORT] },
	[URL_PATH] = { .name = { "path", 4 }, .type = &part_type[URL_PATH] },
	[URL_QUERY] = { .name = { "query", 5 }, .type = &part_type[URL_QUERY] },
};

/* ---- facts ---- */

static const struct krux_str days[] = {
	{ "mon", 3 }, { "tue", 3 }, { "wed", 3 }, { "thu", 3 },
	{ "fri", 3 }, { "sat", 3 }, { "sun", 3 },
};
#define AGENT_PATTERN "[a-z0-9._\\-]+"

const struct krux_type type_agent = { .kind = KRUX_T_STRING, .max = KRUX_MAX_AGENT,
                                      .pattern = { AGENT_PATTERN, sizeof AGENT_PATTERN - 1 } };
const struct krux_type type_time = { .kind = KRUX_T_UINT, .hi = 86399 };
const struct krux_type type_weekday = {
	.kind = KRUX_T_ENUM, .hi = 6, .name = days, .nnames = 7, .max = 3
};
const struct krux_type type_flag = { .kind = KRUX_T_BOOL, .hi = 1 };
const struct krux_type type_count = { .kind = KRUX_T_UINT, .hi = UINT64_MAX };
const struct krux_type type_any_path = { .kind = KRUX_T_PATH, .max = KRUX_MAX_PATH };

/* ---- words ---- */

enum krux_tkind kind_find(struct krux_str word)
{
	for (unsigned k = 0; k < KRUX_T_COUNT; k++) {
		const char *w = krux_type_word(k);

		if (strlen(w) == word.n && !memcmp(w, word.p, word.n))
			return k;
	}
	return KRUX_T_COUNT;
}

struct krux_str kind_near(struct krux_str word)
{
	struct krux_str words[KRUX_T_COUNT];

	for (unsigned k = 0; k < KRUX_T_COUNT; k++)
		words[k] = (struct krux_str){ krux_type_word(k), strlen(krux_type_word(k)) };
	return diag_nearest(word, words, KRUX_T_COUNT);
}

bool kind_is_numeric(enum krux_tkind kind)
{
	static const bool numeric[] = {
#define TYPE(id, word, json, number, text) number,
#include "capspec/types.def"
#undef TYPE
	};

	return (unsigned)kind < KRUX_T_COUNT && numeric[kind];
}

bool kind_is_texty(enum krux_tkind kind)
{
	static const bool texty[] = {
#define TYPE(id, word, json, number, text) text,
#include "capspec/types.def"
#undef TYPE
	};

	return (unsigned)kind < KRUX_T_COUNT && texty[kind];
}

const char *kind_words(enum krux_tkind kind)
{
	static const char *const words[] = {
#define TYPE(id, word, json, number, text) [KRUX_T_##id] = "a " word,
#include "capspec/types.def"
#undef TYPE
	};

	if (kind == KRUX_T_INT)
		return "an int";
	if (kind == KRUX_T_ENUM)
		return "an enum";
	if (kind == KRUX_T_IP)
		return "an ip";
	if (kind == KRUX_T_BYTES)
		return "bytes";
	return (unsigned)kind < KRUX_T_COUNT ? words[kind] : "?";
}

struct krux_str number_words(struct arena *a, const struct krux_type *t, krux_i128 v)
{
	char text[80];
	int n;

	if (t->kind == KRUX_T_DECIMAL)
		n = krux_decimal_text((int64_t)v, t->scale, text, sizeof text);
	else if (t->kind == KRUX_T_DATETIME)
		n = krux_datetime_text((int64_t)v, text, sizeof text);
	else if (t->kind == KRUX_T_DURATION)
		n = krux_duration_text((uint64_t)v, text, sizeof text);
	else
		n = krux_integer_text(v, text, sizeof text);
	return arena_str(
		a, (struct krux_str){ text, n > 0 && (size_t)n <= sizeof text ? (size_t)n : 0 });
}

static struct krux_str enum_words(struct arena *a, const struct krux_type *t)
{
	struct krux_str s = KRUX_STR("one of");

	for (size_t i = 0; i < t->nnames; i++) {
		if (i == 12) {
			s = arena_printf(a, "%.*s and %zu more", STR_ARG(s), t->nnames - i);
			break;
		}
		s = arena_printf(a, "%.*s%s%.*s", STR_ARG(s), i ? ", " : " ", STR_ARG(t->name[i]));
	}
	return s;
}

/* Kinds without bounds worth telling: how a value of them is written. */
static struct krux_str text_words(const struct krux_type *t)
{
	static const char *const words[KRUX_T_COUNT] = {
		[KRUX_T_BOOL] = "true or false",
		[KRUX_T_BYTES] = "octets in base64, such as \"aGk=\"",
		[KRUX_T_PATH] = "an absolute path such as \"/workspace/a\"",
		[KRUX_T_URL] = "a url such as \"https://example.com/\"",
		[KRUX_T_HOST] = "a host such as \"example.com\"",
		[KRUX_T_IP] = "an address such as 10.0.0.1",
		[KRUX_T_CIDR] = "a block of addresses such as 10.0.0.0/8",
		[KRUX_T_DATETIME] = "a time such as \"2026-01-31T12:00:00Z\"",
		[KRUX_T_DURATION] = "a duration such as 90s",
		[KRUX_T_SIZE] = "a number of bytes such as 10KiB",
		[KRUX_T_DIGEST] = "64 lower-case hex digits",
		[KRUX_T_SECRET] = "the name of a secret, 1 to 64 of a-z 0-9 . _ -",
		[KRUX_T_MAP] = "a map",
		[KRUX_T_RECORD] = "a record",
	};
	const char *w = words[t->kind] ? words[t->kind] : kind_words(t->kind);

	return (struct krux_str){ w, strlen(w) };
}

struct krux_str type_words(struct arena *a, const struct krux_type *t)
{
	const struct krux_type *w = kind_widest(t->kind);

	switch (t->kind) {
	case KRUX_T_ENUM:
		return enum_words(a, t);
	case KRUX_T_INT:
	case KRUX_T_UINT:
	case KRUX_T_DECIMAL:
	case KRUX_T_PORT:
	case KRUX_T_DATETIME:
	case KRUX_T_DURATION: case KRUX_T_SIZE:
		if (t->kind == KRUX_T_DECIMAL && t->lo == w->lo && t->hi == w->hi)
			return arena_printf(a, "a decimal with at most %u digits after the point",
			                    t->scale);
		if (t->lo == w->lo && t->hi == w->hi)
			break;
		return arena_printf(a, "%s of %.*s..%.*s", kind_words(t->kind),
		                    STR_ARG(number_words(a, t, t->lo)),
		                    STR_ARG(number_words(a, t, t->hi)));
	case KRUX_T_STRING:
		if (t == url_part[URL_PATH].type)
			return KRUX_STR("the path of a url: it starts with / and has no ? and no "
			                "segment . or ..");
		if (t == url_part[URL_QUERY].type)
			return KRUX_STR("the query of a url, without the question mark");
		if (t->pattern.n)
			return arena_printf(a,
			                    "a string of at most %llu bytes that matches \"%.*s\"",
			                    (unsigned long long)t->max, STR_ARG(t->pattern));
		return arena_printf(a, "a string of at most %llu bytes",
		                    (unsigned long long)t->max);
	case KRUX_T_LIST:
		return arena_printf(a, "a list of %s", krux_type_word(t->elem->kind));
	default:
		break;
	}
	return text_words(t);
}

/* ---- greatest lengths ---- */

static uint64_t head(uint64_t n)
{
	return n < 24 ? 1 : n < 256 ? 2 : n < 65536 ? 3 : n < (1ull << 32) ? 5 : 9;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t number_wire_max(const struct krux_type *t)
{
	uint64_t lo = t->lo < 0 ? (uint64_t)(-1 - t->lo) : (uint64_t)t->lo;
	uint64_t hi = t->hi < 0 ? (uint64_t)(-1 - t->hi) : (uint64_t)t->hi;

	return head(lo > hi ? lo : hi);
}

static uint64_t record_wire_max(const struct krux_type *t)
{
	uint64_t n = head(t->nfields);

	for (size_t i = 0; i < t->nfields; i++)
		n = add(n, head(t->field[i].name.n) + t->field[i].name.n +
		                   type_wire_max(t->field[i].type));
	return n;
}

uint64_t type_wire_max(const struct krux_type *t)
{
	uint64_t n = 0;

	switch (t->kind) {
	case KRUX_T_BOOL:
		return 1;
	case KRUX_T_ENUM:
		for (size_t i = 0; i < t->nnames; i++)
			n = t->name[i].n > n ? t->name[i].n : n;
		return head(n) + n;
	case KRUX_T_IP:
		return 17;
	case KRUX_T_DIGEST:
		return 34;
	case KRUX_T_URL:
		/* Five keys, the scheme and the port; host, path and query share the bound. */
		return 1 + 28 + 6 + 3 + 3 * head(t->max) + t->max;
	case KRUX_T_LIST:
		return add(head(t->max), times(t->max, type_wire_max(t->elem)));
	case KRUX_T_MAP:
		return add(head(t->max),
		           times(t->max, add(KRUX_MAX_STRING + 5, type_wire_max(t->elem))));
	case KRUX_T_RECORD:
		return record_wire_max(t);
	case KRUX_T_STRING: case KRUX_T_BYTES: case KRUX_T_PATH: case KRUX_T_HOST: case KRUX_T_CIDR:
	case KRUX_T_SECRET:
		return head(t->max) + t->max;
	default:
		return number_wire_max(t);
	}
}
