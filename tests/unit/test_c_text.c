/* Automata in texts[] against the automata that they were made from. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/emit/c_text.h"

static const uint8_t *texts;

#include "compiler/emit/prelude/text.h"
#include "compiler/emit/prelude/engine.h"

static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % n);
}

enum { STATES = 48, RANGES = 48, LETTERS = 20, ASCII_LETTERS = 16 };

/* Scalars at which ranges are cut, and which texts are made of. */
static const uint32_t letter[LETTERS] = { '.', '/', '0', '1', '2', '3', '5', '6', '9', 'a', 'b', 'c', 'd', 'e', 'x', 0x7F,
                                          0x80, 0xE9, 0x20AC, 0x1F600 };

struct machine {
	struct dd_automaton fa;
	struct dd_state state[STATES];
	struct dd_range range[STATES * RANGES];
	uint32_t class[STATES];
};

static void range_add(struct machine *m, struct dd_state *s, uint32_t lo, uint32_t hi, uint32_t to)
{
	struct dd_range *last = &m->range[m->fa.nranges];

	if (s->n && last[-1].to == to) {
		last[-1].hi = hi;
		return;
	}
	*last = (struct dd_range){ lo, hi, to };
	m->fa.nranges++;
	s->n++;
}

/* A machine whose states mostly go one way, as those of policies do. */
static void machine_make(struct machine *m, uint32_t n, uint32_t classes, uint32_t holes)
{
	memset(m, 0, sizeof *m);
	m->fa = (struct dd_automaton){ .nstates = n, .state = m->state, .range = m->range };
	for (uint32_t q = 0; q < n; q++) {
		struct dd_state *s = &m->state[q];
		uint32_t usual = below(3) ? below(n) : q, rare = 2 + below(20), lo = 1;

		m->class[q] = below(100) < holes ? (uint32_t)C_ANY : below(classes);
		s->first = m->fa.nranges;
		for (uint32_t i = 0; i < LETTERS; i++) {
			uint32_t special = below(rare) == 0 ? below(n) : usual;

			if (letter[i] > lo)
				range_add(m, s, lo, letter[i] - 1, usual);
			range_add(m, s, letter[i], letter[i], special);
			lo = letter[i] + 1;
		}
		range_add(m, s, lo, 0x10FFFF, usual);
	}
}

/* Aho and Corasick: the class is whether one of some words, which start with '/', was met (or is
 * at the end). These are the machines that unanchored globs make. */
static void words_make(struct machine *m, uint32_t words, uint32_t alphabet, bool ends)
{
	uint32_t child[STATES][LETTERS] = { 0 }, fail[STATES] = { 0 }, todo[STATES], n = 1, head = 0, tail = 0;
	bool hit[STATES] = { 0 }, narrow = below(2);

	for (uint32_t i = 0; i < words; i++) {
		uint32_t q = 0, len = 1 + below(7);

		for (uint32_t k = 0; k < len && n < STATES; k++) {
			uint32_t l = k && below(6) ? below(alphabet) : 1;

			if (k == 1 && narrow)
				l = 9;
			if (!child[q][l])
				child[q][l] = n++;
			q = child[q][l];
		}
		hit[q] |= q != 0;
	}
	for (uint32_t l = 0; l < LETTERS; l++)
		if (child[0][l])
			todo[tail++] = child[0][l];
	while (head < tail) {
		uint32_t q = todo[head++];

		hit[q] |= hit[fail[q]];
		for (uint32_t l = 0; l < LETTERS; l++) {
			if (child[q][l]) {
				fail[child[q][l]] = child[fail[q]][l];
				todo[tail++] = child[q][l];
			} else {
				child[q][l] = child[fail[q]][l];
			}
		}
	}
	memset(m, 0, sizeof *m);
	m->fa = (struct dd_automaton){ .nstates = n, .state = m->state, .range = m->range };
	for (uint32_t q = 0; q < n; q++) {
		uint32_t lo = 1, stay = hit[q] && !ends ? q : 0;

		m->class[q] = hit[q];
		m->state[q].first = m->fa.nranges;
		for (uint32_t l = 0; l < LETTERS; lo = letter[l++] + 1) {
			if (letter[l] > lo)
				range_add(m, &m->state[q], lo, letter[l] - 1, stay);
			range_add(m, &m->state[q], letter[l], letter[l], stay ? stay : child[q][l]);
		}
		range_add(m, &m->state[q], lo, 0x10FFFF, stay);
	}
}

/* The arcs of a state: some letters somewhere, the rest to `usual`. */
static void state_put(struct machine *m, uint32_t q, uint32_t class, const uint32_t to[static LETTERS], uint32_t usual)
{
	uint32_t lo = 1;

	m->class[q] = class;
	m->state[q].first = m->fa.nranges;
	for (uint32_t l = 0; l < LETTERS; lo = letter[l++] + 1) {
		if (letter[l] > lo)
			range_add(m, &m->state[q], lo, letter[l] - 1, usual);
		range_add(m, &m->state[q], letter[l], letter[l], to[l] == C_ANY ? usual : to[l]);
	}
	range_add(m, &m->state[q], lo, 0x10FFFF, usual);
}

/* Folders, each with a class of its own for all below it but where a component starts with ".a",
 * ".0a" and so on, or is "b" and the next one starts with "c": much as policies of paths make.
 * State 0 is the start, 1 is for no. */
static void folders_make(struct machine *m, uint32_t folders)
{
	enum { NO = 1, FIRST = 2, DEPTH = 5 };
	uint32_t none[LETTERS], to[LETTERS], n = FIRST, start[LETTERS];

	memset(m, 0, sizeof *m);
	memset(none, 0xFF, sizeof none);
	memset(start, 0xFF, sizeof start);
	for (uint32_t f = 0; f < folders; f++)
		start[9 + f] = n + f * (DEPTH + 5);
	state_put(m, 0, 0, start, NO);
	state_put(m, NO, 0, none, NO);
	for (uint32_t f = 0; f < folders; f++) {
		uint32_t loop = n + DEPTH, first = loop + 1, dot = loop + 2, b = loop + 3, c = loop + 4;

		for (uint32_t k = 0; k < DEPTH; k++) {
			memcpy(to, none, sizeof to);
			if (k + 1 < DEPTH)
				to[below(2) ? 2 : 17] = n + k + 1;
			else
				to[1] = below(4) ? first : NO;
			state_put(m, n + k, k + 1 < DEPTH ? 0 : f + 1, to, NO);
		}
		memcpy(to, none, sizeof to);
		to[1] = first;
		state_put(m, loop, f + 1, to, loop);
		to[0] = dot;
		to[10] = below(2) ? b : (uint32_t)C_ANY;
		state_put(m, first, below(2) ? f + 1 : (uint32_t)C_ANY, to, loop);
		to[0] = to[10] = C_ANY;
		to[2] = dot;
		to[9] = NO;
		state_put(m, dot, f + 1, to, loop);
		to[2] = to[9] = C_ANY;
		to[1] = c;
		state_put(m, b, f + 1, to, loop);
		to[1] = first;
		to[11] = NO;
		state_put(m, c, f + 1, to, loop);
		n += DEPTH + 5;
	}
	m->fa = (struct dd_automaton){ .nstates = n, .nranges = m->fa.nranges, .state = m->state, .range = m->range };
}

static void make(struct machine *m, uint32_t states, uint32_t classes, uint32_t holes)
{
	if (states)
		machine_make(m, 1 + below(states), classes, holes);
	else if (below(2))
		words_make(m, 1 + below(20), 1 + below(LETTERS), below(2));
	else
		folders_make(m, 1 + below(4));
}

static uint32_t machine_class(const struct machine *m, const uint8_t *p, size_t n)
{
	uint32_t q = 0;
	unsigned len;

	for (size_t i = 0; i < n; i += len) {
		uint32_t c = krux_utf8_get((const char *)p + i, n - i, &len);

		for (uint32_t k = m->state[q].first; k < m->state[q].first + m->state[q].n; k++)
			if (c >= m->range[k].lo && c <= m->range[k].hi) {
				q = m->range[k].to;
				break;
			}
	}
	return m->class[q];
}

/* Mostly letters by which the machine goes somewhere else than where most go. */
static size_t walk_make(const struct machine *m, uint8_t *buf)
{
	uint32_t n = below(40), q = 0;
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct dd_range *r = &m->range[m->state[q].first + below(m->state[q].n)];
		uint32_t c = letter[below(12)];

		c = c < r->lo || c > r->hi ? r->lo : c;
		len += krux_utf8_put(c, (char *)buf + len);
		q = r->to;
	}
	return len;
}

static size_t word_make(uint8_t *buf, uint32_t letters)
{
	uint32_t n = below(40), rare = 1 + below(12), filler = letter[below(letters)];
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++)
		len += krux_utf8_put(below(rare) ? filler : below(3) ? letter[1 + below(3)] : letter[below(letters)], (char *)buf + len);
	return len;
}

/* The table as decide.c has it, in memory of exactly its size. */
static uint8_t *table_load(const struct c_texts *t)
{
	uint8_t *code = calloc(1, t->n + 8);

	ck_assert_ptr_nonnull(code);
	if (t->n)
		memcpy(code, t->code, t->n);
	texts = code;
	return code;
}

static uint32_t classed(uint32_t at, const void *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	uint32_t class;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, p, n);
	class = text_class(at, (struct text){ exact, (uint32_t)n });
	free(exact);
	return class;
}

static void machines_compare(uint32_t rounds, uint32_t states, uint32_t classes, uint32_t holes)
{
	enum { MACHINES = 4, WORDS = 60 };

	for (uint32_t round = 0; round < rounds; round++) {
		struct arena *a = arena_new();
		struct c_texts *t = c_texts_new(a);
		static struct machine m[MACHINES];
		uint32_t at[MACHINES];
		uint8_t *code;

		for (int i = 0; i < MACHINES; i++) {
			make(&m[i], states, classes, holes);
			at[i] = c_texts_add(t, &m[i].fa, m[i].class, KRUX_STR("machine"));
		}
		code = table_load(t);
		for (int i = 0; i < MACHINES; i++)
			for (int k = 0; k < WORDS; k++) {
				uint8_t word[160];
				size_t n = below(2) ? walk_make(&m[i], word)
				                    : word_make(word, below(2) ? LETTERS : ASCII_LETTERS);
				uint32_t want = machine_class(&m[i], word, n);

				if (want != C_ANY)
					ck_assert_uint_eq(classed(at[i], word, n), want);
			}
		free(code);
		arena_free(a);
	}
}

START_TEST(random_machines)
{
	seed = 1;
	machines_compare(600, 6, 2, 20);
	machines_compare(600, 6, 3, 0);
	machines_compare(300, STATES, 3, 30);
	machines_compare(300, STATES, 8, 10);
	machines_compare(600, 0, 0, 0);
}
END_TEST

/* The class of every text that starts with one of two words, else another. */
static void chain_add(struct machine *m, const char *word, uint32_t no, uint32_t yes)
{
	uint32_t n = (uint32_t)strlen(word);

	memset(m, 0, sizeof *m);
	m->fa = (struct dd_automaton){ .nstates = n + 2, .state = m->state, .range = m->range };
	for (uint32_t q = 0; q < n + 2; q++) {
		uint32_t c = q < n ? (uint8_t)word[q] : 0;

		m->state[q].first = m->fa.nranges;
		m->class[q] = q == n ? yes : no;
		if (q >= n) {
			range_add(m, &m->state[q], 1, 0x10FFFF, q == n ? n : n + 1);
			continue;
		}
		range_add(m, &m->state[q], 1, c - 1, n + 1);
		range_add(m, &m->state[q], c, c, q + 1);
		range_add(m, &m->state[q], c + 1, 0x10FFFF, n + 1);
	}
}

START_TEST(literal_is_one_run)
{
	struct arena *a = arena_new();
	struct c_texts *t = c_texts_new(a);
	static struct machine m, again;
	uint32_t at;
	uint8_t *code;

	chain_add(&m, "/workspace/notes", 0, 1);
	at = c_texts_add(t, &m.fa, m.class, KRUX_STR("prefix"));
	ck_assert_uint_eq(t->n, 8 + strlen("/workspace/notes"));
	code = table_load(t);
	ck_assert_uint_eq(classed(at, "/workspace/notes/x", 18), 1);
	ck_assert_uint_eq(classed(at, "/workspace/notes", 16), 1);
	ck_assert_uint_eq(classed(at, "/workspace/note", 15), 0);
	ck_assert_uint_eq(classed(at, "", 0), 0);
	free(code);
	chain_add(&again, "/workspace/notes", 0, 1);
	ck_assert_uint_eq(c_texts_add(t, &again.fa, again.class, KRUX_STR("again")), at);
	ck_assert_uint_eq(t->nblocks, 1);
	arena_free(a);
}
END_TEST

START_TEST(constant_needs_no_code)
{
	struct arena *a = arena_new();
	struct c_texts *t = c_texts_new(a);
	static struct machine m;

	chain_add(&m, "abc", 5, 5);
	ck_assert_uint_eq(c_texts_add(t, &m.fa, m.class, KRUX_STR("one class")), CLASS | 5);
	ck_assert_uint_eq(t->n, 0);
	arena_free(a);
}
END_TEST

START_TEST(table_is_c)
{
	struct arena *a = arena_new();
	struct c_texts *t = c_texts_new(a);
	static struct machine m;
	struct buf b = { 0 };

	chain_add(&m, "a*/\"?\\1", 0, 1);
	c_texts_add(t, &m.fa, m.class, KRUX_STR("hostile */ name"));
	c_texts_print(&b, t);
	buf_putc(&b, 0);
	ck_assert_ptr_nonnull(strstr(b.p, "run 'a*\\x2F"));
	ck_assert_ptr_null(strstr(b.p, "hostile */"));
	buf_free(&b);
	arena_free(a);
}
END_TEST

/* K9003. What a page or a policy file would have to hold for it takes a minute to compile. */
START_TEST(beyond_8_mib)
{
	struct arena *a = arena_new();
	struct c_texts *t = c_texts_new(a);
	struct diags *d = diags_new(a);
	static struct machine m, n;

	chain_add(&m, "/workspace", 0, 1);
	c_texts_add(t, &m.fa, m.class, KRUX_STR("the first"));
	c_texts_check(t, d);
	ck_assert_uint_eq(d->n, 0);
	/* As if a lot had been written since. */
	t->code = arena_grow(a, t->code, C_CLASS, &t->cap, 1);
	t->n = C_CLASS - 20;
	chain_add(&n, "/workspace/notes", 0, 1);
	c_texts_add(t, &n.fa, n.class, KRUX_STR("one too many"));
	c_texts_check(t, d);
	ck_assert(d->n == 1 && d->list[0]->code == 9003);
	arena_free(a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("c_text");
	TCase *c = tcase_create("texts");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, random_machines);
	tcase_add_test(c, literal_is_one_run);
	tcase_add_test(c, constant_needs_no_code);
	tcase_add_test(c, table_is_c);
	tcase_add_test(c, beyond_8_mib);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
