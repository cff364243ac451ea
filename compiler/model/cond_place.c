/* Operands to places, and whether an optional place is known to be there. */
#include <string.h>

#include "compiler/model/access.h"
#include "compiler/model/cond_walk.h"
#include "compiler/model/lookup.h"

/* ---- what is known to be present ---- */

void known_add(struct known *to, const struct known *from)
{
	for (size_t i = 0; i < MOST_PRESENCES / 64; i++)
		to->bit[i] |= from->bit[i];
}

static bool known_has(const struct known *k, size_t i)
{
	return k->bit[i / 64] >> (i % 64) & 1;
}

/* Number of an optional place, or SIZE_MAX after saying that there are too many. */
static size_t presence_number(struct walk *w, uint32_t owner, const struct access *at,
                              struct span where)
{
	for (size_t i = 0; i < w->npresences; i++)
		if (w->presence[i].owner == owner && access_eq(&w->presence[i].access, at))
			return i;
	if (w->npresences == MOST_PRESENCES) {
		if (!w->stop)
			walk_fail(w, 9013, where, true,
			          "the condition asks for more than %d optional fields",
			          MOST_PRESENCES);
		w->stop = true;
		return SIZE_MAX;
	}
	ARENA_PUSH(w->arena, w->presence, w->npresences, w->room,
	           ((struct presence){ owner, *at }));
	return w->npresences - 1;
}

/* The first n steps of a place. */
static struct access access_prefix(struct walk *w, const struct place *p, size_t n)
{
	struct access at = { NULL, 0, p->root, { 0 } };

	if (n == p->subject.access.nsteps)
		return p->subject.access;
	if (!p->owner) {
		at = access_field(p->root, p->subject.access.step[0]);
		for (size_t i = 1; i < n; i++)
			at = access_part(w->arena, &at, p->subject.access.step[i]);
		return at;
	}
	for (size_t i = 0; i < n; i++)
		at = access_part(w->arena, &at, p->subject.access.step[i]);
	return at;
}

static const struct cond *presence_node(struct walk *w, const struct place *p,
                                        const struct access *at, struct span where)
{
	struct subject s = {
		.kind = SUBJECT_HAS, .depth = p->subject.depth, .access = *at, .type = &type_flag
	};

	return flag_node(w, &s, where);
}

static const struct cond *places_walk(struct walk *w, const struct place *p, struct span at,
                                      struct known *yes, size_t *n, bool need)
{
	const struct cond *c = &cond_true;
	const struct krux_type *t = p->root;

	*n = 0;
	for (size_t i = 0; t && i < p->subject.access.nsteps; i++) {
		const struct krux_field *f;
		struct access prefix;
		struct finding *d;
		size_t k;

		type_parts(t, &f);
		f += p->subject.access.step[i];
		t = f->type;
		if (!f->optional)
			continue;
		prefix = access_prefix(w, p, i + 1);
		k = presence_number(w, p->owner, &prefix, at);
		if (k == SIZE_MAX)
			return c;
		++*n;
		yes->bit[k / 64] |= (uint64_t)1 << (k % 64);
		if (need && !known_has(&w->known, k)) {
			const char *it = p->owner ? prefix.text.n ? "it." : "it" : "";

			d = walk_fail(w, 3013, at, true, "`%s%.*s` may be absent", it,
			              STR_ARG(prefix.text));
			d->expected = KRUX_STR("`has` before the test: a condition is true or "
			                       "false of every request");
			d->fix = arena_printf(
				w->arena, "write `has %s%.*s and ...`, or `not has %s%.*s or ...`",
				it, STR_ARG(prefix.text), it, STR_ARG(prefix.text));
		}
		c = cond_and(w, c, presence_node(w, p, &prefix, at));
	}
	return c;
}

const struct cond *place_guard(struct walk *w, const struct place *p, struct span at)
{
	struct known yes = { 0 };
	size_t n;

	return p->kind == PLACE_SUBJECT ? places_walk(w, p, at, &yes, &n, true) : &cond_true;
}

const struct cond *place_present(struct walk *w, const struct place *p, struct span at,
                                 struct known *yes, size_t *n)
{
	*n = 0;
	return p->kind == PLACE_SUBJECT ? places_walk(w, p, at, yes, n, false) : &cond_true;
}

/* ---- names ---- */

static struct krux_str first_names(struct walk *w, size_t *n, struct krux_str **out)
{
	static const char *const facts[] = { "agent", "time", "weekday" };
	const struct krux_type *in = w->cap->input;
	size_t cap = in->nfields + w->scope->defines.n + EFFECT_COUNT + 3;
	struct krux_str *name = ARENA_ARRAY(w->arena, struct krux_str, cap), words = { 0 };

	*n = 0;
	for (size_t i = 0; i < in->nfields; i++) {
		name[(*n)++] = in->field[i].name;
		if (i < 24)
			words = arena_printf(w->arena, "%.*s%s%.*s", STR_ARG(words), i ? ", " : "",
			                     STR_ARG(in->field[i].name));
	}
	if (in->nfields > 24)
		words = arena_printf(w->arena, "%.*s and %zu more", STR_ARG(words),
		                     in->nfields - 24);
	for (size_t i = 0; i < w->scope->defines.n; i++)
		name[(*n)++] = w->scope->defines.name[i];
	for (size_t i = 0; i < 3; i++)
		name[(*n)++] = (struct krux_str){ facts[i], strlen(facts[i]) };
	for (unsigned i = 0; i < EFFECT_COUNT; i++)
		if (i != EFFECT_NONE && i != EFFECT_STATE)
			name[(*n)++] = (struct krux_str){ effect_word(i), strlen(effect_word(i)) };
	*out = name;
	return words;
}

static bool unknown_name(struct walk *w, const struct operand *o)
{
	struct finding *f =
		walk_fail(w, 3001, o->at, true, "nothing is called `%.*s`", STR_ARG(o->name[0]));
	struct krux_str *name, fields, near = { 0 };
	size_t n;

	if (f->text.n && !report_is_full(w->report)) {
		fields = first_names(w, &n, &name);
		near = walk_near(w, o->name[0], name, n);
		f->expected =
			fields.n ? arena_printf(w->arena,
		                                "a define, agent, time, weekday or a field: %.*s "
		                                "has %.*s",
		                                STR_ARG(w->cap->name), STR_ARG(fields))
				 : arena_printf(
					   w->arena,
					   "a define, agent, time or weekday; %.*s has no fields",
					   STR_ARG(w->cap->name));
	}
	if (near.n)
		f->fix = arena_printf(w->arena, "did you mean `%.*s`?", STR_ARG(near));
	return false;
}

static bool no_part(struct walk *w, const struct operand *o, const struct krux_type *t,
                    struct krux_str whole, struct krux_str part)
{
	struct krux_str words = { 0 }, near, name[256];
	const struct krux_field *part_of;
	size_t n = type_parts(t, &part_of);
	struct finding *f;

	for (size_t i = 0; i < n && i < 256; i++) {
		name[i] = part_of[i].name;
		words = arena_printf(w->arena, "%.*s%s%.*s", STR_ARG(words), i ? ", " : "one of ",
		                     STR_ARG(name[i]));
	}
	if (!n) {
		f = walk_fail(w, 3006, o->at, true, "`%.*s` is %s, which has no parts",
		              STR_ARG(whole), kind_words(t->kind));
		if (t->kind == KRUX_T_LIST)
			f->fix = KRUX_STR("look into its elements by `any` or `all`");
		return false;
	}
	f = walk_fail(w, 3006, o->at, true, "`%.*s` has no part `%.*s`", STR_ARG(whole),
	              STR_ARG(part));
	f->expected = words;
	near = diag_nearest(part, name, n < 256 ? n : 256);
	if (near.n)
		f->fix = arena_printf(w->arena, "did you mean `%.*s`?", STR_ARG(near));
	return false;
}

/* Follows name[from..] from the place at hand. */
static bool parts_follow(struct walk *w, const struct operand *o, size_t from, struct place *p)
{
	for (size_t k = from; k < o->nnames; k++) {
		struct access *at = &p->subject.access;
		struct krux_str whole = at->text.n ? at->text : KRUX_STR("it");
		int part = field_find(at->type, o->name[k]);

		if (part < 0)
			return no_part(w, o, at->type, whole, o->name[k]);
		*at = access_part(w->arena, at, (unsigned)part);
	}
	p->subject.type = p->subject.access.type;
	return true;
}

/* ---- `it` ---- */

static bool it_place(struct walk *w, const struct operand *o, struct place *out)
{
	if (!w->it) {
		walk_fail(w, 3007, o->at, false, "`it` stands outside of any and all")->expected =
			KRUX_STR("`it` only in the condition of any(list, ...) and all(list, ...)");
		return false;
	}
	*out = w->it->it;
	if (!o->nnames)
		return true;
	if (out->kind == PLACE_PAIR) {
		bool host = krux_str_eq(o->name[0], KRUX_STR("host")),
		     port = krux_str_eq(o->name[0], KRUX_STR("port"));

		if ((!host && !port) || o->nnames > 1) {
			walk_fail(w, 3006, o->at, true,
			          "an element of `connects` has no part `%.*s`",
			          STR_ARG(o->name[0]))
				->expected = KRUX_STR("it.host or it.port");
			return false;
		}
		if (port)
			out->subject = out->port;
		out->kind = PLACE_SUBJECT;
		return true;
	}
	if (out->kind == PLACE_CONSTANT)
		return no_part(w, o, &type_any_path, KRUX_STR("it"), o->name[0]);
	return parts_follow(w, o, 0, out);
}

/* ---- names of facts, fields and effects ---- */

static bool fact_place(const struct operand *o, struct place *out)
{
	static const struct {
		const char *word;
		enum subject_kind kind;
		const struct krux_type *type;
	} facts[] = {
		{ "agent", SUBJECT_AGENT, &type_agent },
		{ "time", SUBJECT_TIME, &type_time },
		{ "weekday", SUBJECT_WEEKDAY, &type_weekday },
	};

	for (size_t i = 0; o->nnames == 1 && i < sizeof facts / sizeof *facts; i++)
		if (krux_str_eq(o->name[0],
		                (struct krux_str){ facts[i].word, strlen(facts[i].word) })) {
			out->kind = PLACE_SUBJECT;
			out->subject = (struct subject){ .kind = facts[i].kind,
				                         .type = facts[i].type,
				                         .access.text = o->name[0] };
			return true;
		}
	return false;
}

static bool effect_place(const struct operand *o, struct place *out)
{
	for (unsigned k = 0; o->nnames == 1 && k < EFFECT_COUNT; k++)
		if (k != EFFECT_NONE && k != EFFECT_STATE &&
		    krux_str_eq(o->name[0],
		                (struct krux_str){ effect_word(k), strlen(effect_word(k)) })) {
			out->kind = PLACE_EFFECT;
			out->effect = k;
			return true;
		}
	return false;
}

static bool name_place(struct walk *w, const struct operand *o, struct place *out)
{
	int field = field_find(w->cap->input, o->name[0]);
	uint32_t define = names_find(&w->scope->defines, o->name[0]);
	struct finding *f;

	if (define != NAMES_NONE) {
		if (field >= 0)
			f = walk_fail(w, 3003, o->at, true, "`%.*s` is a define and also a field",
			              STR_ARG(o->name[0]));
		else
			f = walk_fail(w, 3005, o->at, false,
			              "`%.*s` is a define: a condition, not a value",
			              STR_ARG(o->name[0]));
		f->fix = field >= 0 ? KRUX_STR("rename the define")
		                    : KRUX_STR("use it by itself, without an operator");
		return false;
	}
	if (field >= 0) {
		out->kind = PLACE_SUBJECT;
		out->root = w->cap->input;
		out->subject =
			(struct subject){ .kind = SUBJECT_FIELD,
			                  .access = access_field(w->cap->input, (unsigned)field) };
		return parts_follow(w, o, 1, out);
	}
	return fact_place(o, out) || effect_place(o, out) || unknown_name(w, o);
}

/* ---- size and calls ---- */

static bool has_size(enum krux_tkind kind)
{
	return kind == KRUX_T_STRING || kind == KRUX_T_BYTES || kind == KRUX_T_PATH ||
	       kind == KRUX_T_LIST || kind == KRUX_T_MAP;
}

static bool size_place(struct walk *w, const struct operand *o, struct place *out)
{
	const struct krux_type *t = NULL;
	const char *what = "a fact";
	struct finding *f;

	if (!place_of(w, o->inner, out))
		return false;
	if (out->sized) {
		walk_fail(w, 3025, o->at, false, "a size has no size");
		return false;
	}
	out->sized = true;
	if (out->kind == PLACE_CONSTANT || out->kind == PLACE_EFFECT)
		return true;
	if (out->kind == PLACE_SUBJECT && out->subject.kind == SUBJECT_FIELD)
		t = out->subject.type;
	if (t && has_size(t->kind)) {
		out->subject.kind = SUBJECT_SIZE;
		out->subject.type = &type_count;
		return true;
	}
	if (t)
		what = kind_words(t->kind);
	else if (out->kind == PLACE_PAIR)
		what = "an element of connects";
	f = walk_fail(w, 3025, o->at, true, "`%.*s` is %s, which has no size",
	              STR_ARG(operand_text(w->arena, o->inner)), what);
	f->expected = KRUX_STR("size of a string, bytes, path, list, map or effect word");
	return false;
}

static bool calls_place(struct walk *w, const struct operand *o, struct place *out)
{
	const struct capability *cap = capability_find(w->scope->caps, o->text);
	struct cap_pattern p;
	struct krux_str near = { 0 };
	struct finding *f;

	out->kind = PLACE_SUBJECT;
	out->subject = (struct subject){ .kind = SUBJECT_CALLS,
		                         .type = &type_count,
		                         .name = o->text,
		                         .access.text = KRUX_STR("workspace.calls") };
	if (cap && pattern_read(o->text, &p) && p.major < 0)
		return true;
	if (cap) {
		walk_fail(w, 3022, o->at, false,
		          "calls are counted for all versions of a capability together")
			->fix =
			arena_printf(w->arena, "write `workspace.calls(%.*s)`", STR_ARG(cap->name));
		return false;
	}
	if (!report_is_full(w->report)) {
		struct krux_str *name = ARENA_ARRAY(w->arena, struct krux_str, w->scope->caps->n);

		for (size_t i = 0; i < w->scope->caps->n; i++)
			name[i] = w->scope->caps->cap[i]->name;
		near = diag_nearest(o->text, name, w->scope->caps->n);
	}
	f = walk_fail(w, 3022, o->at, false, "there is no capability `%.*s`", STR_ARG(o->text));
	f->expected = KRUX_STR("the name of one capability of this build");
	if (near.n)
		f->fix = arena_printf(w->arena, "did you mean `%.*s`?", STR_ARG(near));
	return false;
}

struct krux_str operand_text(struct arena *a, const struct operand *o)
{
	struct krux_str s = operand_words(a, o);

	switch (o->kind) {
	case OPERAND_IT:
		return arena_printf(a, "it%s%.*s", s.n ? "." : "", STR_ARG(s));
	case OPERAND_SIZE:
		return arena_printf(a, "size(%.*s)", STR_ARG(operand_text(a, o->inner)));
	case OPERAND_CALLS:
		return arena_printf(a, "workspace.calls(%.*s)", STR_ARG(o->text));
	default:
		return s;
	}
}

bool place_of(struct walk *w, const struct operand *o, struct place *out)
{
	*out = (struct place){ 0 };
	switch (o->kind) {
	case OPERAND_NAME:
		return name_place(w, o, out);
	case OPERAND_IT:
		return it_place(w, o, out);
	case OPERAND_SIZE:
		return size_place(w, o, out);
	case OPERAND_CALLS:
		return calls_place(w, o, out);
	}
	return false;
}
