/* Facts that a handler has found to the value that it answers. Values have their wire form, so
 * that the caller's check against the output type has nothing left to turn around. */
#include "stdlib-caps/common/answer.h"

#include <stdlib.h>
#include <string.h>

void answer_begin(struct answer *a, struct krux_pool *pool)
{
	a->pool = pool;
	a->n = 0;
}

void answer_value(struct answer *a, const char *field, struct krux_value v)
{
	if (a->n == ANSWER_FIELDS)
		abort();
	a->member[a->n++] = (struct krux_member){ { field, strlen(field) }, v };
}

void answer_text(struct answer *a, const char *field, struct krux_str s)
{
	answer_value(a, field, (struct krux_value){ .kind = KRUX_V_TEXT, .str = s });
}

void answer_word(struct answer *a, const char *field, const char *s)
{
	answer_text(a, field, (struct krux_str){ s, strlen(s) });
}

void answer_bool(struct answer *a, const char *field, bool b)
{
	answer_value(a, field, (struct krux_value){ .kind = KRUX_V_BOOL, .b = b });
}

void answer_uint(struct answer *a, const char *field, uint64_t u)
{
	answer_value(a, field, (struct krux_value){ .kind = KRUX_V_UINT, .u = u });
}

void answer_int(struct answer *a, const char *field, int64_t i)
{
	if (i >= 0)
		answer_uint(a, field, (uint64_t)i);
	else
		answer_value(a, field,
		             (struct krux_value){ .kind = KRUX_V_NINT, .u = (uint64_t)-(i + 1) });
}

void answer_time(struct answer *a, const char *field, int64_t ns)
{
	answer_int(a, field, ns);
}

void answer_digest(struct answer *a, const char *field, const uint8_t digest[static 32])
{
	char *copy = krux_pool_copy(a->pool, digest, 32);

	if (copy)
		answer_value(a, field,
		             (struct krux_value){ .kind = KRUX_V_BYTES, .str = { copy, 32 } });
	else
		a->pool = NULL;
}

bool answer_end(struct answer *a, struct krux_value *out)
{
	struct krux_member *member =
		a->pool ? krux_pool_get(a->pool, a->n * sizeof *member + 1) : NULL;

	if (!member)
		return false;
	memcpy(member, a->member, a->n * sizeof *member);
	if (krux_members_sort(member, a->n))
		abort();
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, a->n } };
	return true;
}

void answer_list(struct answer *a, const char *field, const struct krux_value *item, size_t n)
{
	answer_value(a, field, (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } });
}

bool answer_give(struct answer *a, struct handler_call *c, const char *error)
{
	return answer_end(a, &c->output) || handler_memory(c, error);
}

const char *answer_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	default:
		return "other";
	}
}

uint64_t answer_size(const struct stat *st)
{
	return S_ISDIR(st->st_mode) || st->st_size < 0 ? 0 : (uint64_t)st->st_size;
}

int64_t answer_modified(const struct stat *st)
{
	int64_t s = st->st_mtim.tv_sec;

	/* Years 1678..2261, what a datetime can hold. */
	if (s > 9223372035)
		s = 9223372035;
	if (s < -9214560000)
		s = -9214560000;
	return s * 1000000000 + st->st_mtim.tv_nsec;
}
