/* What lies below the path of a tree, where that decides: the nearest path there with the verdict,
 * and all else as in the request. */
#include "compiler/plan/below.h"

struct hunt {
	struct arena *arena;
	const struct decisions *d;
	struct dd *m;
	const struct dd_request *req;
	const struct access *tree;
	enum krux_verdict verdict;
	struct below *out;
};

static uint32_t is_verdict(void *ctx, uint32_t value)
{
	const struct hunt *h = ctx;
	const struct outcome *o = decisions_outcome(h->d, value);

	/* Where nobody speaks it is blocked. */
	return (o ? o->verdict : KRUX_BLOCKED) == h->verdict ? DD_TRUE : DD_FALSE;
}

static const struct krux_value *argument(const struct krux_value *args, struct krux_str key)
{
	for (size_t i = 0; i < args->map.n; i++)
		if (krux_str_eq(args->map.member[i].key, key))
			return &args->map.member[i].value;
	return NULL;
}

/* Does the region differ from the request in that path alone. */
static bool only_path(const struct hunt *h, const struct dd_region *r)
{
	for (size_t i = 0; i < r->nsteps; i++) {
		const struct dd_var *v = dd_variable(h->m, dd_var_of(h->m, r->step[i].node));

		if (!v->is_fact && krux_str_eq(v->subject.access.text, h->tree->text))
			continue;
		if (dd_eval(h->m, dd_class(h->m, r->step[i].node, *r->step[i].to), h->req) != DD_TRUE)
			return false;
	}
	return true;
}

static bool region_try(void *ctx, const struct dd_region *r)
{
	struct hunt *h = ctx;
	const struct krux_value *from = h->req->args;
	struct krux_member *member;
	struct dd_witness w;
	const struct krux_value *there;

	if (r->value != DD_TRUE || !only_path(h, r) || !dd_region_witness(h->m, h->arena, r, &w))
		return true;
	there = argument(&w.args, h->tree->text);
	if (!there)
		return true;
	member = ARENA_ARRAY(h->arena, struct krux_member, from->map.n);
	for (size_t i = 0; i < from->map.n; i++) {
		member[i] = from->map.member[i];
		if (krux_str_eq(member[i].key, h->tree->text))
			member[i].value = *there;
	}
	h->out->args = (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, from->map.n } };
	h->out->path = there->str;
	return false;
}

bool below_find(struct arena *a, struct decisions *d, struct dd *m, const struct build *b, const struct capability *cap,
                const struct dd_request *req, enum krux_verdict verdict, struct below *out)
{
	struct hunt h = { .arena = a, .d = d, .m = m, .req = req, .verdict = verdict, .out = out };
	uint32_t f = DD_IMPOSSIBLE;

	*out = (struct below){ .path = { 0 } };
	for (size_t i = 0; i < cap->neffects && !out->path.n; i++) {
		const struct effect_arg *arg = &cap->effect[i].arg[0];
		struct cond under = { .kind = COND_TEST };
		const struct krux_value *root;

		if (!arg->tree || arg->prunes || arg->is_constant)
			continue;
		root = argument(req->args, arg->access.text);
		if (!root)
			continue;
		if (f == DD_IMPOSSIBLE)
			f = dd_map(m, is_verdict, &h, decide_voices(d, m, b, cap));
		under.subject = (struct subject){ .kind = SUBJECT_FIELD, .access = arg->access, .type = arg->access.type };
		under.set = (struct value_set){ .language = LANG_UNDER_PATH, .text = &root->str, .ntexts = 1 };
		h.tree = &arg->access;
		dd_regions(m, a, dd_and(m, f, dd_cond(m, &under)), region_try, &h);
	}
	return out->path.n != 0;
}
