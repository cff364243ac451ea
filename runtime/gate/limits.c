/* Names of limits to fields, and back. */
#include "runtime/gate/limits.h"

#include "runtime/base/err.h"
#include "runtime/gate/gate_run.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct limit {
	const char *name;
	size_t field;                  /* offset */
	uint64_t usual, least, most;
};

static const struct limit limits[] = {
#define GATE_LIMIT(field, name, usual, least, most, what) { name, offsetof(struct gate_limits, field), usual, least, most },
#include "runtime/gate/limits.def"
};

enum { LIMITS = sizeof limits / sizeof *limits };

static uint64_t *value_of(struct gate_limits *l, const struct limit *limit)
{
	return (uint64_t *)(void *)((char *)l + limit->field);
}

static const struct limit *limit_find(const char *name, size_t n)
{
	for (size_t i = 0; i < LIMITS; i++)
		if (strlen(limits[i].name) == n && !memcmp(limits[i].name, name, n))
			return &limits[i];
	return NULL;
}

/* Digits and nothing else, no zeros in front. */
static bool number_read(const char *s, uint64_t *out)
{
	uint64_t n = 0;

	if (!*s || (*s == '0' && s[1]))
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || n > (UINT64_MAX - 9) / 10)
			return false;
		n = 10 * n + (uint64_t)(*s - '0');
	}
	*out = n;
	return true;
}

static int unknown(struct krux_err *err)
{
	char names[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < LIMITS; i++)
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", !i ? "" : i + 1 < LIMITS ? ", " : " and ", limits[i].name);
	return err_set(err, 0, "--limit: NAME=N, where NAME is one of %s", names);
}

int limits_set(struct gate_limits *l, const char *text, struct krux_err *err)
{
	const char *sign = strchr(text, '=');
	const struct limit *limit = sign ? limit_find(text, (size_t)(sign - text)) : NULL;
	uint64_t n;

	if (!limit)
		return unknown(err);
	if (!number_read(sign + 1, &n) || n < limit->least || n > limit->most)
		return err_set(err, 0, "--limit %s: a number from %llu to %llu", limit->name, (unsigned long long)limit->least,
		               (unsigned long long)limit->most);
	if (*value_of(l, limit))
		return err_set(err, 0, "--limit %s: it was given twice", limit->name);
	*value_of(l, limit) = n;
	return 0;
}

void limits_fill(struct gate_limits *l)
{
	for (size_t i = 0; i < LIMITS; i++)
		if (!*value_of(l, &limits[i]))
			*value_of(l, &limits[i]) = limits[i].usual;
}

const char *limits_name(size_t i)
{
	return i < LIMITS ? limits[i].name : NULL;
}

uint64_t limits_value(const struct gate_limits *l, size_t i)
{
	uint64_t v;

	memcpy(&v, (const char *)l + limits[i].field, sizeof v);
	return v;
}
