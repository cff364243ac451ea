/* Random values: texts are words of the policy, cut, joined and bent; numbers are off by one. */
#include "tests/unit/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"

enum { MOST_WORDS = 256, MOST_TEXT = 400 };

uint32_t requests_below(struct requests *r, uint32_t n)
{
	r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((r->seed >> 33) % n);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void requests_learn(struct requests *r, const char *policy)
{
	struct krux_str *word = krux_pool_get(r->pool, MOST_WORDS * sizeof *word);
	uint64_t *number = krux_pool_get(r->pool, MOST_WORDS * sizeof *number);
	const char *end;

	for (const char *p = policy; *p; p++) {
		if (*p == '"' && (end = strchr(p + 1, '"')) && r->nwords < MOST_WORDS) {
			word[r->nwords++] = (struct krux_str){ p + 1, (size_t)(end - p - 1) };
			p = end;
		} else if (is_digit(*p) && r->nnumbers < MOST_WORDS) {
			char *after;

			number[r->nnumbers] = strtoull(p, &after, 10);
			if (*after == 'K')
				number[r->nnumbers] <<= 10;
			r->nnumbers++;
			p = after - 1;
		}
	}
	r->word = word;
	r->number = number;
}

static int64_t number_near(struct requests *r)
{
	uint64_t n = r->nnumbers && requests_below(r, 4) ? r->number[requests_below(r, (uint32_t)r->nnumbers)]
	                                                 : requests_below(r, 50);

	return (int64_t)n + (int64_t)requests_below(r, 3) - 1;
}

/* A word with globs and expressions made into plain text. */
static size_t word_put(struct requests *r, char *out, size_t room)
{
	static const char *const bit[] = { "/", "a", ".", "..", "x.y", "git", "é", "0", "-", "%2E", "//", "/workspace" };
	const char *text = bit[requests_below(r, sizeof bit / sizeof *bit)];
	struct krux_str w = { text, strlen(text) };
	size_t n = 0, from = 0;

	if (r->nwords && requests_below(r, 3))
		w = r->word[requests_below(r, (uint32_t)r->nwords)];
	if (w.n > 2 && !requests_below(r, 6))
		w.n -= 1 + requests_below(r, 2);
	if (w.n > 2 && !requests_below(r, 6))
		from = 1;
	for (size_t i = from; i < w.n && n + 4 < room; i++) {
		char c = w.p[i];

		if ((c == '*' || c == '?' || c == '+') && requests_below(r, 5))
			c = "abx/"[requests_below(r, 4)];
		out[n++] = c;
	}
	return n;
}

static struct krux_str text_make(struct requests *r, bool path)
{
	char text[MOST_TEXT];
	size_t n = 0;
	uint32_t words = requests_below(r, 4) + path;

	for (uint32_t i = 0; i < words; i++) {
		if (path && (n == 0 || requests_below(r, 4)))
			text[n++] = '/';
		n += word_put(r, text + n, sizeof text - n - 1);
	}
	if (n && !requests_below(r, 10))
		text[n / 2] = "az/.-"[requests_below(r, 5)];
	return (struct krux_str){ krux_pool_copy(r->pool, text, n), n };
}

static struct krux_value text_value(struct requests *r, enum krux_vkind kind, const char *text, size_t n)
{
	return (struct krux_value){ .kind = kind, .str = { krux_pool_copy(r->pool, text, n), n } };
}

static struct krux_value number_written(struct requests *r, const struct krux_type *t)
{
	bool negative = t->lo < 0 && !requests_below(r, 4), half = t->kind == KRUX_T_DECIMAL && !requests_below(r, 2);
	char text[80];
	int n = snprintf(text, sizeof text, "%s%" PRId64 "%s%s", negative ? "-" : "", number_near(r),
	                 t->kind == KRUX_T_DURATION ? "s" : "", half ? ".5" : "");

	return text_value(r, KRUX_V_NUMBER, text, (size_t)n);
}

static struct krux_value address_written(struct requests *r)
{
	uint32_t a = requests_below(r, 3), b = requests_below(r, 256);
	char text[80];
	int n = requests_below(r, 3) ? snprintf(text, sizeof text, "10.%u.%u.1", a, b)
	                             : snprintf(text, sizeof text, "2001:db8:%x::%x", a, b);

	return text_value(r, KRUX_V_TEXT, text, (size_t)n);
}

static struct krux_value scalar_written(struct requests *r, const struct krux_type *t)
{
	char text[80];
	size_t n;

	switch (t->kind) {
	case KRUX_T_BOOL:
		return (struct krux_value){ .kind = KRUX_V_BOOL, .b = requests_below(r, 2) };
	case KRUX_T_ENUM:
		return (struct krux_value){ .kind = KRUX_V_TEXT, .str = t->name[requests_below(r, (uint32_t)t->nnames)] };
	case KRUX_T_INT:
	case KRUX_T_UINT:
	case KRUX_T_PORT:
	case KRUX_T_SIZE:
	case KRUX_T_DURATION:
	case KRUX_T_DECIMAL:
		return number_written(r, t);
	case KRUX_T_DATETIME:
		n = (size_t)snprintf(text, sizeof text, "2026-01-%02uT%02u:00:00Z", 1 + requests_below(r, 31),
		                     requests_below(r, 24));
		return text_value(r, KRUX_V_TEXT, text, n);
	case KRUX_T_IP:
		return address_written(r);
	case KRUX_T_DIGEST:
		memset(text, '0', 64);
		text[requests_below(r, 64)] = "0a"[requests_below(r, 2)];
		return text_value(r, KRUX_V_TEXT, text, 64);
	case KRUX_T_BYTES:
		return text_value(r, KRUX_V_TEXT, "AAAAAAECAAAAAAAA", requests_below(r, 4) * 4);
	default:
		return (struct krux_value){ .kind = KRUX_V_TEXT, .str = text_make(r, t->kind == KRUX_T_PATH) };
	}
}

static bool elements_make(struct requests *r, const struct krux_type *t, struct krux_value *v)
{
	uint32_t most = t->max < 4 ? (uint32_t)t->max : 4, n = requests_below(r, most + 1);
	struct krux_value *item = krux_pool_get(r->pool, (n + 1) * sizeof *item);
	struct krux_member *m = krux_pool_get(r->pool, (n + 1) * sizeof *m);

	for (uint32_t i = 0; i < n; i++) {
		m[i].key = (struct krux_str){ &"abcd"[i], 1 };
		if (!requests_value(r, t->elem, &item[i]))
			return false;
		m[i].value = item[i];
	}
	if (t->kind == KRUX_T_LIST)
		*v = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } };
	else
		*v = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	return true;
}

static bool fields_make(struct requests *r, const struct krux_type *t, struct krux_value *v)
{
	struct krux_member *m = krux_pool_get(r->pool, (t->nfields + 1) * sizeof *m);
	size_t n = 0;

	for (size_t i = 0; i < t->nfields; i++) {
		if ((t->field[i].optional || t->field[i].deflt) && !requests_below(r, 3))
			continue;
		m[n].key = t->field[i].name;
		if (!requests_value(r, t->field[i].type, &m[n++].value))
			return false;
	}
	*v = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	return true;
}

/* As somebody would write it; krux_canon then says whether it is one. */
static bool written(struct requests *r, const struct krux_type *t, struct krux_value *v)
{
	if (t->kind == KRUX_T_LIST || t->kind == KRUX_T_MAP)
		return elements_make(r, t, v);
	if (t->kind == KRUX_T_RECORD)
		return fields_make(r, t, v);
	*v = scalar_written(r, t);
	return true;
}

bool requests_value(struct requests *r, const struct krux_type *t, struct krux_value *out)
{
	static const char *const plain[KRUX_T_COUNT] = {
		[KRUX_T_URL] = "https://example.com/a", [KRUX_T_HOST] = "example.com", [KRUX_T_CIDR] = "10.0.0.0/8",
		[KRUX_T_SECRET] = "key", [KRUX_T_PATH] = "/workspace/a", [KRUX_T_STRING] = "abc",
	};

	for (int i = 0; i < 8; i++) {
		struct krux_refusal why;
		struct krux_value v;

		if (i == 7 && plain[t->kind])
			v = text_value(r, KRUX_V_TEXT, plain[t->kind], strlen(plain[t->kind]));
		else if (!written(r, t, &v))
			return false;
		if (krux_canon(r->pool, t, &v, out, &why))
			return true;
	}
	return false;
}
