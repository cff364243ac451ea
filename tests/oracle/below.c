/* What LANG.md 4.1 promises of a tree, without looking for all that lies below: whatever path is made
 * up below the root, of whatever length, its verdict alone is no stricter than that of the tree. */
#include <string.h>

#include "tests/oracle/roads.h"

enum { TRIES = 2, LONGEST = 4400 };

struct path { char p[LONGEST + 8]; size_t n; };

/* One component more, from text between slashes; nothing where it would be none. */
static void part_add(struct path *to, const char *p, size_t n)
{
	bool dots = n <= 2 && (!n || p[0] == '.') && (n < 2 || p[1] == '.');

	if (dots || to->n + n + 1 > LONGEST)
		return;
	to->p[to->n++] = '/';
	memcpy(to->p + to->n, p, n);
	to->n += n;
}

static void parts_add(struct path *to, struct krux_str s)
{
	for (size_t i = 0, from = 0; i <= s.n; i++)
		if (i == s.n || s.p[i] == '/') {
			part_add(to, s.p + from, i - from);
			from = i + 1;
		}
}

/* Up to n bytes with components of any length. */
static void fill(struct g_rng *r, struct path *to, size_t n)
{
	static const char letters[256] = "aaaaaaaaab.b-cdaaaab\xc3\xa9" "a";

	while (to->n + 2 <= n) {
		size_t most = n - to->n - 1, len = 1 + g_below(r, 9);

		if (most > 40 && g_one_in(r, 2))
			len = 1 + g_below(r, 200);
		len = len > most ? most : len;
		char name[256];
		for (size_t i = 0; i < len; i++)
			name[i] = letters[g_below(r, 20)];
		name[0] = 'n';
		part_add(to, name, len);
	}
}

static struct krux_str made_up(struct arena *a, struct g_rng *r, const struct g_hints *hints, struct krux_str root, uint64_t max)
{
	struct path to = { .n = root.n > 1 ? root.n : 0 };

	memcpy(to.p, root.p, to.n);
	for (uint32_t n = g_below(r, 3); n && hints->n; n--) {
		const struct g_hint *h = &hints->hint[g_below(r, (uint32_t)hints->n)];
		struct krux_str s = h->con->val.s;

		if (h->type->kind != O_PATH || !s.p)
			continue;
		if (s.n > root.n && !memcmp(s.p, root.p, root.n))
			s = (struct krux_str){ s.p + root.n, s.n - root.n };
		parts_add(&to, s);
	}
	switch (g_below(r, 5)) {
	case 0: break;
	case 1: fill(r, &to, to.n + g_below(r, 12)); break;
	case 2: fill(r, &to, (max < LONGEST - 8 ? max : LONGEST - 8) + g_below(r, 7) - 3); break;
	case 3: fill(r, &to, 4093 + g_below(r, 7)); break;
	default: fill(r, &to, g_below(r, LONGEST)); break;
	}
	if (to.n == (root.n > 1 ? root.n : 0))
		part_add(&to, "a", 1);
	/* What a condition ends with, behind all that. */
	if (hints->n && g_one_in(r, 2)) {
		const struct g_hint *h = &hints->hint[g_below(r, (uint32_t)hints->n)];
		if (h->type->kind == O_PATH && h->con->val.s.p)
			parts_add(&to, h->con->val.s);
	}
	return arena_str(a, (struct krux_str){ to.p, to.n });
}

static int verdict_of(const char *answer)
{
	static const char *const words[] = { "blocked", "approval-required", "notify", "autonomous" };

	for (int i = 0; i < 4; i++)
		if (!strncmp(answer, words[i], strlen(words[i])))
			return i;
	return 4;
}

bool below_differs(struct arena *a, const struct world *w, size_t cap, const struct o_request *rq, const char *answer,
                   struct buf *say)
{
	static struct o_answer one;
	struct krux_str root = rq->args.item[rq->cap->tree].s;
	uint64_t max = rq->cap->input->field[rq->cap->tree].type->max;
	struct g_rng r = { w->g->seed };

	for (size_t i = 0; i < root.n; i++)
		r.s = (r.s ^ (unsigned char)root.p[i]) * 0x9E3779B97F4A7C15u;
	if (!verdict_of(answer))
		return false;
	for (int i = 0; i < TRIES; i++) {
		struct krux_str path = made_up(a, &r, &w->hints[w->known[cap]], root, max);

		o_judge_path(a, &w->o, rq, path, &one);
		if (one.overflow)
			continue;
		totals->below++;
		totals->longer += path.n > max;
		if (one.verdict >= verdict_of(answer))
			continue;
		buf_printf(say, "the tree is %s\n  and below it, of %zu bytes, verdict %d: ", answer, path.n, one.verdict);
		buf_put(say, path.p, path.n);
		return true;
	}
	return false;
}
