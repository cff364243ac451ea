/* Names inside of paths that matter: those of folders one by one, and patterns of exceptions. */
#include "compiler/plan/words_path.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"

enum { MOST_STEPS = 1 << 20, MOST_LETTERS = 64, FOLLOWED = 64, MOST_NAMES = 1 << 16 };

/* A scalar that nothing mentions there: one of the widest range. */
static uint32_t names_letter(const struct dd *m, uint32_t state)
{
	struct dd_text t = dd_text_at(m, state);
	uint32_t widest = 0, letter = 1, lo = 1;

	for (uint32_t k = 0; k < t.n; k++) {
		uint32_t hi = dd_text_arc(&t, k).hi;

		if (hi - lo >= widest) {
			widest = hi - lo;
			letter = hi;
		}
		lo = hi + 1;
	}
	return letter;
}

uint32_t names_usual(const struct dd *m, uint32_t start)
{
	uint32_t s = start;

	for (int i = 0; i < FOLLOWED; i++) {
		uint32_t to = dd_text_step(m, s, names_letter(m, s));

		if (to == s && i)
			return s;
		s = to;
	}
	return UINT32_MAX;
}

static void name_read(struct names *w, uint32_t state, uint32_t usual, size_t n, bool first);

/* The letters lo..hi lead to different states. */
static void letters_read(struct names *w, uint32_t lo, uint32_t hi, uint32_t state, uint32_t usual, size_t n)
{
	if (hi - lo > MOST_LETTERS)
		w->hard = true;
	for (uint32_t c = lo; c <= hi && !w->hard; c++)
		if (c != '/')
			name_read(w, state, usual, n + krux_utf8_put(c, w->text + n), false);
}

static void name_read(struct names *w, uint32_t state, uint32_t usual, size_t n, bool first)
{
	struct dd_text a = dd_text_at(w->m, state), b = dd_text_at(w->m, usual);
	uint32_t lo = 1, i = 0, j = 0;

	if (++w->steps > MOST_STEPS || n + 8 > LONGEST_PATH)
		w->hard = true;
	if (!first && !w->hard && a.out != DD_IMPOSSIBLE)
		w->end(w, state, usual, n);
	while (!w->hard && i < a.n && j < b.n) {
		struct arc x = dd_text_arc(&a, i), y = dd_text_arc(&b, j);
		uint32_t hi = x.hi < y.hi ? x.hi : y.hi;

		if (x.to != y.to)
			letters_read(w, lo, hi, x.to, y.to, n);
		i += x.hi == hi;
		j += y.hi == hi;
		lo = hi + 1;
	}
}

void names_read(struct names *w, uint32_t state, uint32_t usual, size_t n)
{
	name_read(w, state, usual, n, true);
}

/* ---- exceptions ---- */

/* One reading of what lies elsewhere than unmentioned names below a folder do. */
struct reading {
	struct words *words;
	const struct dd *m;
	const struct folder *f;
	uint32_t to;
	bool other;                        /* the exceptions are all but `to` */
	bool anywhere;                     /* at any depth, or in the folder alone */
	uint32_t usual, again;             /* after an unmentioned name, and its slash */
	const bool *leads;                 /* of each state: to what is no exception */
	struct patterns *out;
	size_t steps, cap_any, cap_near;
	bool hard;
	char text[LONGEST_PATH + 8];
};

static bool is_exception(const struct reading *r, uint32_t state)
{
	uint32_t out = cone_node(&r->f->cone->two, dd_text_at(r->m, state).out);

	return out != DD_IMPOSSIBLE && (out == r->to) != r->other;
}

static bool all_exceptions(const struct reading *r, uint32_t state)
{
	return !r->leads[shape_number(r->words, state)];
}

static uint32_t below(const struct reading *r, uint32_t state)
{
	return state == r->usual ? r->again : dd_text_step(r->m, state, '/');
}

static void pattern_add(struct reading *r, size_t n, bool exact)
{
	struct patterns *out = r->out;
	struct pattern p = { arena_str(r->words->arena, (struct krux_str){ r->text, n }), exact };

	if (out->nany + out->nnear > MOST_NAMES)
		r->hard = true;
	else if (r->anywhere)
		ARENA_PUSH(r->words->arena, out->any, out->nany, r->cap_any, p);
	else
		ARENA_PUSH(r->words->arena, out->near, out->nnear, r->cap_near, p);
}

/* text[0..n) leads to `state`, and to `usual` without what was mentioned in it: adds the exception
 * that this is, if it is one. False: it is none, or what is below is one to be read on. */
static bool exception_add(struct reading *r, uint32_t state, uint32_t usual, size_t n)
{
	bool here = is_exception(r, state), there = is_exception(r, usual);

	if (here && all_exceptions(r, below(r, state)) && !(there && all_exceptions(r, below(r, usual)))) {
		pattern_add(r, n, false);
		return true;
	}
	if (here && !there)
		pattern_add(r, n, true);
	else if (!here && there)
		r->hard = true;
	return below(r, state) == below(r, usual);
}

/* A state behind the star, and the shortest text to it. */
struct end {
	uint32_t state;
	struct krux_str text;
};

struct ends {
	struct end *list;
	size_t n, cap;
	bool *seen;                        /* by number of the state */
	struct krux_str *found;            /* ends that are exceptions */
	size_t nfound, cap_found;
};

static bool ends_with(const struct ends *ends, struct krux_str text)
{
	for (size_t i = 0; i < ends->nfound; i++) {
		struct krux_str x = ends->found[i];

		if (x.n <= text.n && !memcmp(x.p, text.p + text.n - x.n, x.n))
			return true;
	}
	return false;
}

/* One letter more, which leads to `to`. */
static void end_add(struct reading *r, struct ends *ends, uint32_t to, struct krux_str text, uint32_t star, size_t n)
{
	bool *seen = &ends->seen[shape_number(r->words, to)];

	if (is_exception(r, to) && !ends_with(ends, text)) {
		r->hard |= !words_glob_safe(text) || !exception_add(r, to, star, n + text.n);
		ARENA_PUSH(r->words->arena, ends->found, ends->nfound, ends->cap_found, text);
	}
	if (!*seen)
		ARENA_PUSH(r->words->arena, ends->list, ends->n, ends->cap, ((struct end){ to, text }));
	*seen = true;
}

/* Arcs of the end that lead elsewhere than to the star itself. */
static void end_follow(struct reading *r, struct ends *ends, struct end e, uint32_t star, size_t n)
{
	struct dd_text a = dd_text_at(r->m, e.state);
	uint32_t lo = 1;

	for (uint32_t i = 0, next; i < a.n && !r->hard; i++, lo = next) {
		struct arc arc = dd_text_arc(&a, i);
		size_t len;

		next = arc.hi + 1;
		if (lo == '/' || arc.to == star)
			continue;
		memcpy(r->text + n, e.text.p, e.text.n);
		len = e.text.n + krux_utf8_put(lo, r->text + n + e.text.n);
		/* One letter leads there, and no other. */
		r->hard |= arc.hi != lo || ++r->steps > MOST_STEPS || n + len + 8 > LONGEST_PATH;
		if (!r->hard)
			end_add(r, ends, arc.to, arena_str(r->words->arena, (struct krux_str){ r->text + n, len }), star, n);
	}
}

/* What names end with behind the star at text[n - 1]: the shorter first, since what ends with one
 * that was found says nothing new. */
static void ends_read(struct reading *r, uint32_t star, size_t n)
{
	struct ends ends = { .seen = ARENA_ARRAY(r->words->arena, bool, shape_states(r->words)) };

	ARENA_PUSH(r->words->arena, ends.list, ends.n, ends.cap, ((struct end){ star, KRUX_STR("") }));
	for (size_t i = 0; i < ends.n && !r->hard; i++)
		end_follow(r, &ends, ends.list[i], star, n);
}

/* Names that begin with text[0..n) lead to `begun` where nothing else is mentioned in them, and
 * usually to `usual`. */
static void star_read(struct reading *r, uint32_t begun, uint32_t usual, size_t n)
{
	if (n + 8 > LONGEST_PATH) {
		r->hard = true;
		return;
	}
	r->text[n] = '*';
	if (begun != usual && !exception_add(r, begun, usual, n + 1))
		r->hard = true;
	ends_read(r, begun, n + 1);
}

static void exceptions_read(struct reading *r, uint32_t state, uint32_t usual, size_t n, bool first);

static void exceptions_letters(struct reading *r, uint32_t state, uint32_t usual, size_t n)
{
	struct dd_text a = dd_text_at(r->m, state), b = dd_text_at(r->m, usual);
	uint32_t lo = 1, i = 0, j = 0;

	while (!r->hard && i < a.n && j < b.n) {
		struct arc x = dd_text_arc(&a, i), y = dd_text_arc(&b, j);
		uint32_t hi = x.hi < y.hi ? x.hi : y.hi;

		if (x.to != y.to && hi - lo > MOST_LETTERS)
			r->hard = true;
		for (uint32_t c = lo; x.to != y.to && c <= hi && !r->hard; c++)
			if (c != '/')
				exceptions_read(r, x.to, y.to, n + krux_utf8_put(c, r->text + n), false);
		i += x.hi == hi;
		j += y.hi == hi;
		lo = hi + 1;
	}
}

/* Reads on from text[0..n), inside a component. */
static void exceptions_read(struct reading *r, uint32_t state, uint32_t usual, size_t n, bool first)
{
	uint32_t letter = names_letter(r->m, state);

	if (++r->steps > MOST_STEPS || n + 8 > LONGEST_PATH)
		r->hard = true;
	if (r->hard)
		return;
	if (dd_text_step(r->m, state, letter) != dd_text_step(r->m, usual, letter)) {
		/* Beside a name that goes on likewise: what has come to an end there, such as that of "*rc", has not. */
		uint32_t begun = names_usual(r->m, state), beside = names_usual(r->m, usual);

		if (begun == UINT32_MAX || first) {
			r->hard = true;
			return;
		}
		star_read(r, begun, beside == UINT32_MAX ? usual : beside, n);
		usual = begun;
	} else if (!first && dd_text_at(r->m, state).out != DD_IMPOSSIBLE && !exception_add(r, state, usual, n)) {
		uint32_t next = below(r, state), next_usual = r->anywhere ? r->again : below(r, usual);

		r->text[n] = '/';
		exceptions_read(r, next, next_usual, n + 1, true);
	}
	exceptions_letters(r, state, usual, n);
}

/* By what a name is without its star: its length, then its letters. */
static int pattern_order(const void *pa, const void *pb)
{
	struct krux_str a = ((const struct pattern *)pa)->name, b = ((const struct pattern *)pb)->name;
	size_t i = 0, j = 0, na = a.n - (memchr(a.p, '*', a.n) != NULL), nb = b.n - (memchr(b.p, '*', b.n) != NULL);

	if (na != nb)
		return na < nb ? -1 : 1;
	while (i < a.n && j < b.n) {
		if (a.p[i] == '*')
			i++;
		else if (b.p[j] == '*')
			j++;
		else if (a.p[i] != b.p[j])
			return (unsigned char)a.p[i] < (unsigned char)b.p[j] ? -1 : 1;
		else
			i++, j++;
	}
	return (a.n > b.n) - (a.n < b.n);
}

/* Does a name with a star take all that the other takes: a star of the other is a letter like any. */
static bool star_takes(struct krux_str star, struct krux_str name)
{
	const char *at = memchr(star.p, '*', star.n), *end;
	size_t before = (size_t)(at - star.p), after = star.n - before - 1;

	if (name.n < before + after || memcmp(name.p, star.p, before) != 0)
		return false;
	end = name.p + name.n - after;
	return !memcmp(end, at + 1, after) && !memchr(name.p + before, '/', name.n - before - after);
}

/* Without those that another one with a star takes. */
static size_t patterns_thin(struct arena *a, struct pattern *p, size_t n)
{
	size_t *star = ARENA_ARRAY(a, size_t, n + 1), nstars = 0, kept = 0;
	bool *taken = ARENA_ARRAY(a, bool, n + 1);

	for (size_t i = 0; i < n; i++)
		if (memchr(p[i].name.p, '*', p[i].name.n))
			star[nstars++] = i;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < nstars && !taken[i]; k++)
			taken[i] = star[k] != i && p[i].exact >= p[star[k]].exact && star_takes(p[star[k]].name, p[i].name);
	for (size_t i = 0; i < n; i++)
		if (!taken[i])
			p[kept++] = p[i];
	return kept;
}

bool patterns_read(struct words *w, const struct folder *f, uint32_t to, bool other, struct patterns *out)
{
	struct reading *r = ARENA_NEW(w->arena, struct reading);

	*r = (struct reading){ .words = w, .m = f->m, .f = f, .to = to, .other = other, .out = out };
	r->usual = names_usual(f->m, f->cone->two.state);
	r->again = dd_text_step(f->m, r->usual, '/');
	r->leads = shape_leads(w, f->m, f, to, !other);
	r->anywhere = true;
	star_read(r, r->usual, r->usual, 0);
	exceptions_read(r, r->again, r->usual, 0, true);
	r->anywhere = false;
	if (f->cone->two.state != r->again)
		exceptions_read(r, f->cone->two.state, r->again, 0, true);
	out->nany = patterns_thin(w->arena, out->any, out->nany);
	if (out->nany)
		qsort(out->any, out->nany, sizeof *out->any, pattern_order);
	if (out->nnear)
		qsort(out->near, out->nnear, sizeof *out->near, pattern_order);
	return !r->hard;
}
