/* Values to lines and cells. */
#include "runtime/front/show.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/screen.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

int show_json(const struct krux_value *v, void *file)
{
	size_t n = krux_json_write(v, NULL, 0);
	CLEAN_FREE char *text = malloc(n + 1);
	FILE *f = file;

	if (!text)
		return -1;
	krux_json_write(v, text, n);
	text[n] = '\n';
	return fwrite(text, 1, n + 1, f) == n + 1 && !fflush(f) ? 0 : -1;
}

static const struct krux_value *member(const struct krux_value *map, const char *key)
{
	return map->kind == KRUX_V_MAP ? krux_value_get(map, key) : NULL;
}

struct krux_str show_text(const struct krux_value *map, const char *key)
{
	const struct krux_value *v = member(map, key);

	return v && v->kind == KRUX_V_TEXT ? v->str : (struct krux_str){ NULL, 0 };
}

uint64_t show_uint(const struct krux_value *map, const char *key)
{
	const struct krux_value *v = member(map, key);
	const char *why;
	krux_i128 i;

	if (v && v->kind == KRUX_V_UINT)
		return v->u;
	if (v && v->kind == KRUX_V_NUMBER && krux_read_integer(v->str, &i, &why) && i >= 0 && i <= UINT64_MAX)
		return (uint64_t)i;
	return 0;
}

bool show_bool(const struct krux_value *map, const char *key)
{
	const struct krux_value *v = member(map, key);

	return v && v->kind == KRUX_V_BOOL && v->b;
}

const struct krux_value *show_list(const struct krux_value *map, const char *key, size_t *n)
{
	const struct krux_value *v = member(map, key);

	*n = v && v->kind == KRUX_V_LIST ? v->list.n : 0;
	return *n ? v->list.item : NULL;
}

void show_cell(void *file, struct krux_str s, unsigned width)
{
	char buf[4096];
	FILE *f = file, *mem;
	long n;

	if (!width) {
		screen_put(f, s);
		return;
	}
	mem = fmemopen(buf, sizeof buf, "w");
	if (!mem)
		return;
	screen_put(mem, (struct krux_str){ s.p, s.n < sizeof buf / 16 ? s.n : sizeof buf / 16 });
	n = ftell(mem);
	fclose(mem);
	if (n < 0)
		n = 0;
	if ((unsigned long)n > width)
		fprintf(f, "%.*s..", (int)width - 2, buf);
	else
		fprintf(f, "%-*.*s", (int)width, (int)n, buf);
}

void show_put(struct krux_member *m, size_t *n, const char *key, struct krux_value v)
{
	m[(*n)++] = (struct krux_member){ { key, strlen(key) }, v };
}

void show_put_text(struct krux_member *m, size_t *n, const char *key, struct krux_str s)
{
	if (s.n)
		show_put(m, n, key, (struct krux_value){ .kind = KRUX_V_TEXT, .str = s });
}

void show_put_uint(struct krux_member *m, size_t *n, const char *key, uint64_t u)
{
	show_put(m, n, key, (struct krux_value){ .kind = KRUX_V_UINT, .u = u });
}
