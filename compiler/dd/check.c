/* Our own invariants, walked once over everything that a function reaches. */
#include <stdio.h>
#include <stdlib.h>

#include "compiler/dd/apply.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/pair.h"

_Noreturn static void wrong(uint32_t node, const char *what)
{
	fprintf(stderr, "kruxc: internal error: node %u of a diagram: %s\n", node, what);
	abort();
}

/* A child is tested later, in the same manager. */
static void order_check(uint32_t node, const struct var *v, uint32_t child)
{
	const struct var *w;

	if (is_terminal(child))
		return;
	w = node_var(child);
	if (w->m != v->m)
		wrong(node, "it leads to another capability");
	if (!var_before(v, w))
		wrong(node, "its child is tested before it");
}

/* Elements are tested by variables of their own. */
static void element_check(uint32_t node, const struct var *v, uint32_t element, uint32_t nstates)
{
	if (element == DD_IMPOSSIBLE)
		return;
	if (is_terminal(element)) {
		if (element < DD_STATE || element - DD_STATE >= nstates)
			wrong(node, "an element leads to no state");
		return;
	}
	if (node_var(element)->scope != v->self || node_var(element)->depth != v->depth + 1)
		wrong(node, "an element is tested by a variable of something else");
}

static void number_check(uint32_t node, const struct node *n, const struct var *v)
{
	uint32_t only = DD_IMPOSSIBLE;
	bool several = false;

	if (!n->n || n->edge[n->n - 1].hi != v->pub.domain.hi)
		wrong(node, "its edges do not end with the domain");
	for (uint32_t i = 0; i < n->n; i++) {
		if (n->edge[i].hi < v->pub.domain.lo || (i && n->edge[i].hi <= n->edge[i - 1].hi))
			wrong(node, "its edges are not in order");
		if (i && n->edge[i].to == n->edge[i - 1].to)
			wrong(node, "two neighbours lead to one child");
		order_check(node, v, n->edge[i].to);
		several |= only != DD_IMPOSSIBLE && n->edge[i].to != DD_IMPOSSIBLE && n->edge[i].to != only;
		if (n->edge[i].to != DD_IMPOSSIBLE)
			only = n->edge[i].to;
	}
	if (!several)
		wrong(node, "it has one child");
}

static void arcs_check(uint32_t node, const struct state *s)
{
	if (!s->n || store.arc[s->first + s->n - 1].hi != LAST_SCALAR)
		wrong(node, "the arcs of a state do not cover all scalars");
	for (uint32_t j = s->first; j < s->first + s->n; j++) {
		if (j > s->first && store.arc[j].hi <= store.arc[j - 1].hi)
			wrong(node, "the arcs of a state are not in order");
		if (j > s->first && store.arc[j].to == store.arc[j - 1].to)
			wrong(node, "two neighbours lead to one state");
	}
}

/* Well-formed, in order, and minimal: all states of the automaton as one component would fall
 * into as many blocks as there are states. */
static void string_check(uint32_t node, const struct node *n, const struct var *v)
{
	struct graph *g = graph_begin();
	uint32_t *members;

	if (store.state[n->n].settled != NONE)
		wrong(node, "it has one child");
	graph_state(g, n->n, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		struct state s = *state_at(g->a[i]);

		arcs_check(node, &s);
		order_check(node, v, s.out);
		graph_out(g, i, s.out);
		for (uint32_t j = s.first; j < s.first + s.n; j++)
			graph_arc(g, store.arc[j].hi, graph_state(g, store.arc[j].to, 0));
	}
	STORE_ROOM(g->canon, g->n, g->cap_canon);
	STORE_ROOM(g->stack, g->n, g->cap_stack);
	members = g->stack;
	for (uint32_t i = 0; i < g->n; i++) {
		g->canon[i] = NONE;
		members[i] = i;
	}
	refine_blocks(g, members, g->n);
	if (g->refine->nblocks != g->n)
		wrong(node, "two states of an automaton are equal");
	graph_end(g);
}

static void list_check(uint32_t node, const struct node *n, const struct var *v)
{
	const struct dd_automaton *fa = n->list;
	bool several = false;

	for (uint32_t i = 0; i < fa->nstates; i++) {
		order_check(node, v, fa->state[i].out);
		element_check(node, v, fa->state[i].element, fa->nstates);
		several |= fa->state[i].out != fa->state[0].out;
		for (uint32_t j = 0; j < i && i < 256; j++)
			if (fa->state[i].out == fa->state[j].out && fa->state[i].element == fa->state[j].element)
				wrong(node, "two states of a list are equal");
	}
	if (!several)
		wrong(node, "it has one child");
}

static uint32_t check(struct dd *m, void *args)
{
	struct graph *seen = graph_begin();

	(void)m;
	graph_state(seen, *(const uint32_t *)args, 0);
	for (uint32_t i = 0; i < seen->n; i++) {
		uint32_t node = seen->a[i];
		const struct node *n;
		const struct var *v;

		if (is_terminal(node))
			continue;
		n = node_at(node);
		v = var_at(n->var);
		if (n->kind == DD_NUMBER) {
			number_check(node, n, v);
			for (uint32_t j = 0; j < n->n; j++)
				graph_state(seen, n->edge[j].to, 0);
		} else if (n->kind == DD_LIST) {
			list_check(node, n, v);
			for (uint32_t j = 0; j < n->list->nstates; j++) {
				graph_state(seen, n->list->state[j].out, 0);
				graph_state(seen, n->list->state[j].element, 0);
			}
		} else {
			struct graph *g = graph_begin();

			string_check(node, n, v);
			graph_state(g, n->n, 0);
			for (uint32_t q = 0; q < g->n; q++) {
				const struct state *s = state_at(g->a[q]);

				graph_state(seen, s->out, 0);
				for (uint32_t j = s->first; j < s->first + s->n; j++)
					graph_state(g, store.arc[j].to, 0);
			}
			graph_end(g);
		}
	}
	graph_end(seen);
	return 1;
}

void dd_check(const struct dd *m, uint32_t f)
{
	store_guard((struct dd *)(uintptr_t)m, check, &f);
}
