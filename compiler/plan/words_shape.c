/* What lies below folders: their automata, told apart by all but which answers they give. */
#include "compiler/plan/words_path.h"

#include <string.h>

enum { MOST_ANSWERS = 256, SHAPES_KEPT = 1 << 10 };

struct shape {
	struct shape *next;
	uint64_t hash;
	const uint32_t *key;
	size_t nkey;
	struct exceptions *list;           /* words_cone.c */
};

/* Which of its answers a folder below which two nodes are told apart gives itself. */
enum role { ROLE_LO, ROLE_HI, ROLE_OWN };

/* The shape of such a folder, whatever the two nodes are. */
struct shape_kept {
	struct shape *shape;               /* NULL: free */
	uint32_t state;
	enum role own, role[3];            /* of each answer */
	uint32_t nanswers;
	uint32_t usual;                    /* answer of the boolean state to unmentioned names */
};

/* The states below a folder, numbered as they are come to. */
struct states {
	struct shape_kept kept[SHAPES_KEPT];
	uint32_t *slot, cap;               /* open addressing: number + 1 */
	uint32_t *state, n;
	size_t cap_state;
	uint32_t answer[MOST_ANSWERS], nanswers;
	uint32_t *key;
	size_t nkey, cap_key;
};

static struct states *states_of(struct words *w)
{
	if (!w->states) {
		w->states = ARENA_NEW(w->arena, struct states);
		w->states->cap = 1024;
		w->states->slot = ARENA_ARRAY(w->arena, uint32_t, w->states->cap);
	}
	return w->states;
}

static uint32_t *slot_of(const struct states *s, uint32_t state)
{
	uint32_t at = state * 0x9E3779B1u >> 7 & (s->cap - 1);

	while (s->slot[at] && s->state[s->slot[at] - 1] != state)
		at = (at + 1) & (s->cap - 1);
	return &s->slot[at];
}

static uint32_t state_number(struct arena *a, struct states *s, uint32_t state)
{
	uint32_t *at = slot_of(s, state);

	if (*at)
		return *at - 1;
	ARENA_PUSH(a, s->state, s->n, s->cap_state, state);
	*at = s->n;
	if (s->n * 2 > s->cap) {
		s->cap *= 4;
		s->slot = ARENA_ARRAY(a, uint32_t, s->cap);
		for (uint32_t i = 0; i < s->n; i++)
			*slot_of(s, s->state[i]) = i + 1;
	}
	return s->n - 1;
}

static uint32_t answer_number(struct states *s, uint32_t out)
{
	uint32_t i = 0;

	while (i < s->nanswers && s->answer[i] != out)
		i++;
	if (i == s->nanswers && i < MOST_ANSWERS)
		s->answer[s->nanswers++] = out;
	return i;
}

uint32_t cone_node(const struct dd_text_two *two, uint32_t out)
{
	if (two->hi == DD_IMPOSSIBLE || out == DD_IMPOSSIBLE)
		return out;
	return out == DD_FALSE ? two->lo : two->hi;
}

/* Reads the states below a folder; false: too many answers. */
static bool states_read(struct words *w, const struct dd *m, uint32_t out, const struct dd_text_two *two)
{
	struct states *s = states_of(w);
	struct arena *a = w->arena;

	for (uint32_t i = 0; i < s->n; i++)
		*slot_of(s, s->state[i]) = 0;
	memset(s->slot, 0, s->cap * sizeof *s->slot);
	s->n = s->nanswers = 0;
	s->nkey = 0;
	answer_number(s, out);
	state_number(a, s, two->state);
	for (uint32_t i = 0; i < s->n && s->nanswers < MOST_ANSWERS; i++) {
		struct dd_text t = dd_text_at(m, s->state[i]);

		ARENA_PUSH(a, s->key, s->nkey, s->cap_key, t.out == DD_IMPOSSIBLE ? UINT32_MAX : answer_number(s, cone_node(two, t.out)));
		ARENA_PUSH(a, s->key, s->nkey, s->cap_key, t.n);
		for (uint32_t k = 0; k < t.n; k++) {
			struct arc arc = dd_text_arc(&t, k);

			ARENA_PUSH(a, s->key, s->nkey, s->cap_key, arc.hi);
			ARENA_PUSH(a, s->key, s->nkey, s->cap_key, state_number(a, s, arc.to));
		}
	}
	return s->nanswers < MOST_ANSWERS;
}

static struct shape *shape_find(struct words *w, const struct states *s)
{
	uint64_t h = s->nkey;
	struct shape *shape;

	for (size_t i = 0; i < s->nkey; i++)
		h = (h ^ s->key[i]) * 0x9E3779B97F4A7C15u, h ^= h >> 32;
	for (shape = w->shape[h % WORDS_SHAPES]; shape; shape = shape->next)
		if (shape->hash == h && shape->nkey == s->nkey && !memcmp(shape->key, s->key, s->nkey * sizeof *s->key))
			return shape;
	shape = ARENA_NEW(w->arena, struct shape);
	shape->hash = h;
	shape->key = memcpy(ARENA_ARRAY(w->arena, uint32_t, s->nkey), s->key, s->nkey * sizeof *s->key);
	shape->nkey = s->nkey;
	shape->next = w->shape[h % WORDS_SHAPES];
	return w->shape[h % WORDS_SHAPES] = shape;
}

/* ---- folders ---- */

static uint32_t role_node(const struct cone *c, enum role role)
{
	return role == ROLE_LO ? c->two.lo : role == ROLE_HI ? c->two.hi : c->out;
}

static enum role role_of(const struct cone *c, uint32_t node)
{
	return node == c->two.lo ? ROLE_LO : node == c->two.hi ? ROLE_HI : ROLE_OWN;
}

/* By reading all states. */
static bool cone_find(struct words *w, const struct dd *m, struct cone *c)
{
	const struct states *s;

	if (!states_read(w, m, c->out, &c->two))
		return false;
	s = w->states;
	c->shape = shape_find(w, s);
	c->answer = memcpy(ARENA_ARRAY(w->arena, uint32_t, s->nanswers), s->answer, s->nanswers * sizeof *s->answer);
	c->nanswers = s->nanswers;
	return true;
}

/* Folders by the thousand have one boolean state in common: it is read once. */
static bool cone_find_two(struct words *w, const struct dd *m, struct cone *c)
{
	enum role own = role_of(c, c->out);
	struct shape_kept *k = &states_of(w)->kept[(c->two.state * 3 + own) % SHAPES_KEPT];
	uint32_t *answer;

	if (!k->shape || k->state != c->two.state || k->own != own) {
		if (!cone_find(w, m, c))
			return false;
		*k = (struct shape_kept){ c->shape, c->two.state, own, { 0 }, c->nanswers,
		                          dd_text_at(m, names_usual(m, c->two.state)).out };
		for (uint32_t i = 0; i < c->nanswers; i++)
			k->role[i] = role_of(c, c->answer[i]);
	}
	answer = ARENA_ARRAY(w->arena, uint32_t, k->nanswers);
	for (uint32_t i = 0; i < k->nanswers; i++)
		answer[i] = role_node(c, k->role[i]);
	c->shape = k->shape;
	c->answer = answer;
	c->nanswers = k->nanswers;
	c->usual = cone_node(&c->two, k->usual);
	return true;
}

const struct cone *cone_read(struct words *w, const struct dd *m, uint32_t out, uint32_t below)
{
	struct cone *c = ARENA_NEW(w->arena, struct cone);

	c->out = out;
	c->below = below;
	if (dd_text_two(m, below, &c->two))
		return cone_find_two(w, m, c) ? c : NULL;
	if (!cone_find(w, m, c))
		return NULL;
	c->usual = dd_text_at(m, names_usual(m, c->two.state)).out;
	return c;
}

/* ---- what may follow ---- */

bool *shape_leads(struct words *w, const struct dd *m, const struct folder *f, uint32_t to, bool other)
{
	const struct states *s = states_of(w);
	bool *leads, changed = true;

	states_read(w, m, f->cone->out, &f->cone->two);
	leads = ARENA_ARRAY(w->arena, bool, s->n);
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t out = cone_node(&f->cone->two, dd_text_at(m, s->state[i]).out);

		leads[i] = out != DD_IMPOSSIBLE && (out == to) != other;
	}
	while (changed) {
		changed = false;
		for (uint32_t i = s->n; i-- > 0;) {
			struct dd_text t = dd_text_at(m, s->state[i]);

			for (uint32_t k = 0; k < t.n && !leads[i]; k++)
				if (leads[*slot_of(s, dd_text_arc(&t, k).to) - 1])
					changed = leads[i] = true;
		}
	}
	return leads;
}

uint32_t shape_states(const struct words *w)
{
	return w->states->n;
}

uint32_t shape_number(const struct words *w, uint32_t state)
{
	return *slot_of(w->states, state) - 1;
}

struct exceptions **shape_exceptions(struct shape *s)
{
	return &s->list;
}
