/* Lines of two texts to the steps between them (E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986), and
 * those to hunks. */
#include "runtime/front/unified.h"

#include <stdio.h>
#include <string.h>

enum { AROUND = 3, MOST_STEPS = 400 };

struct line {
	struct krux_str text;
	bool ends;                     /* with a newline, which is not in `text` */
};

struct lines {
	struct line *line;
	size_t n;
};

/* One step for each line that is told: ' ' takes one of both, '-' of the old, '+' of the new. */
struct steps {
	char *step;
	size_t n;
};

static bool lines_split(struct krux_pool *pool, struct krux_str s, struct lines *out)
{
	const char *p = s.p, *end = s.p + s.n, *stop;
	size_t n = 0;

	for (const char *at = p; at < end; at++)
		n += *at == '\n';
	*out = (struct lines){ krux_pool_get(pool, (n + 1) * sizeof *out->line), 0 };
	for (; out->line && p < end; p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		out->line[out->n++] = (struct line){ { p, (size_t)((stop ? stop : end) - p) }, stop };
		if (!stop)
			break;
	}
	return out->line;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->ends == b->ends && krux_str_eq(a->text, b->text);
}

static void steps_add(struct steps *s, char step, size_t n)
{
	memset(s->step + s->n, step, n);
	s->n += n;
}

/* ---- the shortest way ---- */

struct way {
	const struct line *a, *b;
	size_t na, nb;
	int *far;                      /* by number of steps, each with as many diagonals as it has reached */
	int steps;
};

static int *row(const struct way *w, int d)
{
	return w->far + (size_t)d * (size_t)(d + 1) / 2;
}

/* How far the d-th step comes on diagonal k, of -d, -d + 2 ... d. */
static int reach(const struct way *w, int d, int k, bool *down)
{
	const int *before = d ? row(w, d - 1) : NULL;
	int at = (k + d) / 2, x;

	*down = d && (k == -d || (k != d && before[at - 1] < before[at]));
	x = !d ? 0 : *down ? before[at] : before[at - 1] + 1;
	return x;
}

static int slide(const struct way *w, int x, int k)
{
	while (x < (int)w->na && x - k < (int)w->nb && same(&w->a[x], &w->b[x - k]))
		x++;
	return x;
}

/* False: it takes more than MOST_STEPS. */
static bool way_find(struct way *w)
{
	const int last = (int)w->na - (int)w->nb;
	bool down;

	for (int d = 0; d <= MOST_STEPS; d++)
		for (int k = -d; k <= d; k += 2) {
			int x = reach(w, d, k, &down), y;

			/* Beyond an end there is nothing. */
			y = x - k;
			if (x <= (int)w->na && y >= 0 && y <= (int)w->nb)
				x = slide(w, x, k);
			row(w, d)[(k + d) / 2] = x;
			if (k == last && x >= (int)w->na && x - k >= (int)w->nb) {
				w->steps = d;
				return true;
			}
		}
	return false;
}

/* From its end to its beginning, written from the end of `at` on. */
static char *way_tell(const struct way *w, char *at)
{
	int x = (int)w->na, k = (int)w->na - (int)w->nb;

	for (int d = w->steps; d >= 0; d--) {
		bool down;
		int from = reach(w, d, k, &down);

		while (x > from) {
			*--at = ' ';
			x--;
		}
		if (!d)
			break;
		*--at = down ? '+' : '-';
		x -= !down;
		k += down ? 1 : -1;
	}
	return at;
}

static bool middle_find(struct krux_pool *pool, struct lines a, struct lines b, struct steps *out)
{
	struct way w = { a.line, b.line, a.n, b.n, NULL, 0 };
	char *end, *at;

	if (a.n && b.n) {
		w.far = krux_pool_get(pool, (size_t)(MOST_STEPS + 1) * (MOST_STEPS + 2) / 2 * sizeof *w.far);
		if (!w.far)
			return false;
	}
	if (!a.n || !b.n || !way_find(&w)) {
		steps_add(out, '-', a.n);
		steps_add(out, '+', b.n);
		return true;
	}
	end = krux_pool_get(pool, a.n + b.n + 1);
	if (!end)
		return false;
	end += a.n + b.n;
	at = way_tell(&w, end);
	memcpy(out->step + out->n, at, (size_t)(end - at));
	out->n += (size_t)(end - at);
	return true;
}

/* What both begin and end with is set apart first. */
static bool steps_find(struct krux_pool *pool, struct lines a, struct lines b, struct steps *out)
{
	const size_t least = a.n < b.n ? a.n : b.n;
	size_t first = 0, last = 0;

	out->step = krux_pool_get(pool, a.n + b.n + 1);
	if (!out->step)
		return false;
	while (first < least && same(&a.line[first], &b.line[first]))
		first++;
	while (last < least - first && same(&a.line[a.n - 1 - last], &b.line[b.n - 1 - last]))
		last++;
	steps_add(out, ' ', first);
	if (!middle_find(pool, (struct lines){ a.line + first, a.n - first - last },
	                 (struct lines){ b.line + first, b.n - first - last }, out))
		return false;
	steps_add(out, ' ', last);
	return true;
}

/* ---- hunks ---- */

/* The end of the hunk that begins at `from`: where more than twice AROUND lines are the same, or all is. */
static size_t hunk_end(const struct steps *s, size_t from)
{
	size_t end = from, quiet = 0;

	for (size_t i = from; i < s->n && quiet <= 2 * AROUND; i++) {
		quiet = s->step[i] == ' ' ? quiet + 1 : 0;
		if (!quiet)
			end = i + 1;
	}
	return end + AROUND < s->n ? end + AROUND : s->n;
}

static bool head_tell(const struct steps *s, size_t from, size_t end, size_t x, size_t y, unified_fn *tell, void *ctx)
{
	size_t na = 0, nb = 0;
	char text[128];
	int n;

	for (size_t i = from; i < end; i++) {
		na += s->step[i] != '+';
		nb += s->step[i] != '-';
	}
	n = snprintf(text, sizeof text, "@@ -%zu,%zu +%zu,%zu @@", x + (na > 0), na, y + (nb > 0), nb);
	return tell(ctx, '@', (struct krux_str){ text, (size_t)n });
}

static bool line_tell(char step, const struct line *l, unified_fn *tell, void *ctx)
{
	return tell(ctx, step, l->text) && (l->ends || tell(ctx, '\\', KRUX_STR(" No newline at end of file")));
}

bool unified(struct krux_pool *pool, struct krux_str old, struct krux_str new, unified_fn *tell, void *ctx)
{
	struct steps s = { NULL, 0 };
	size_t x = 0, y = 0, end = 0;
	struct lines a, b;

	if (!lines_split(pool, old, &a) || !lines_split(pool, new, &b) || !steps_find(pool, a, b, &s))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		/* A hunk begins a few lines before what has changed. */
		if (i >= end) {
			size_t next = i;

			while (next < s.n && next <= i + AROUND && s.step[next] == ' ')
				next++;
			if (next < s.n && next <= i + AROUND && s.step[next] != ' ') {
				end = hunk_end(&s, i);
				if (!head_tell(&s, i, end, x, y, tell, ctx))
					return true;
			}
		}
		if (i < end && !line_tell(s.step[i], s.step[i] == '+' ? &b.line[y] : &a.line[x], tell, ctx))
			return true;
		x += s.step[i] != '+';
		y += s.step[i] != '-';
	}
	return true;
}
