/* Tests: a place, an operator and a literal to a node of the typed condition. */
#include <string.h>

#include "compiler/model/access.h"
#include "compiler/model/cond_walk.h"
#include "compiler/model/literal.h"
#include "compiler/model/number.h"
#include "capspec/canon.h"

#define OP(id) (1u << OP_##id)
#define EQUALITY (OP(EQ) | OP(NE) | OP(IN))
#define ORDER (OP(LT) | OP(LE) | OP(GT) | OP(GE))
#define PIECES (OP(LIKE) | OP(STARTS) | OP(ENDS) | OP(CONTAINS))

/* ---- which class takes which operator ---- */

static const unsigned takes[CLASS_COUNT] = {
	[CLASS_NUMBER] = EQUALITY | ORDER,
	[CLASS_BOOL] = EQUALITY,
	[CLASS_ENUM] = EQUALITY,
	[CLASS_IP] = EQUALITY,
	[CLASS_TEXT] = EQUALITY | PIECES,
	[CLASS_PATH] = EQUALITY | PIECES | OP(UNDER) | OP(MATCHES),
	[CLASS_HOST] = EQUALITY | PIECES | OP(UNDER),
	[CLASS_FIXED] = EQUALITY,
	[CLASS_BYTES] = OP(EQ) | OP(NE),
	[CLASS_URL] = EQUALITY,
	[CLASS_LIST] = OP(CONTAINS),
	[CLASS_AGENT] = EQUALITY | PIECES | OP(MATCHES),
	[CLASS_TIME] = ORDER | OP(IN),
	[CLASS_WEEKDAY] = EQUALITY,
	[CLASS_EFFECT] = OP(CONTAINS),
};

static const char *const operators[] = {
#define OPERATOR(id, word) [OP_##id] = word,
#include "capspec/operators.def"
#undef OPERATOR
};

static enum operand_class type_class(const struct krux_type *t)
{
	static const enum operand_class classes[KRUX_T_COUNT] = {
		[KRUX_T_BOOL] = CLASS_BOOL,       [KRUX_T_INT] = CLASS_NUMBER,
		[KRUX_T_UINT] = CLASS_NUMBER,     [KRUX_T_DECIMAL] = CLASS_NUMBER,
		[KRUX_T_STRING] = CLASS_TEXT,     [KRUX_T_BYTES] = CLASS_BYTES,
		[KRUX_T_ENUM] = CLASS_ENUM,       [KRUX_T_PATH] = CLASS_PATH,
		[KRUX_T_URL] = CLASS_URL,         [KRUX_T_HOST] = CLASS_HOST,
		[KRUX_T_IP] = CLASS_IP,           [KRUX_T_CIDR] = CLASS_FIXED,
		[KRUX_T_PORT] = CLASS_NUMBER,     [KRUX_T_DATETIME] = CLASS_NUMBER,
		[KRUX_T_DURATION] = CLASS_NUMBER, [KRUX_T_SIZE] = CLASS_NUMBER,
		[KRUX_T_DIGEST] = CLASS_FIXED,    [KRUX_T_SECRET] = CLASS_TEXT,
		[KRUX_T_LIST] = CLASS_LIST,       [KRUX_T_MAP] = CLASS_NONE,
		[KRUX_T_RECORD] = CLASS_NONE,
	};

	return classes[t->kind];
}

static enum operand_class place_class(const struct place *p)
{
	if (p->sized)
		return CLASS_NUMBER;
	switch (p->kind) {
	case PLACE_CONSTANT:
		return CLASS_PATH;
	case PLACE_PAIR:
		return CLASS_NONE;
	case PLACE_EFFECT:
		return CLASS_EFFECT;
	case PLACE_SUBJECT:
		break;
	}
	switch (p->subject.kind) {
	case SUBJECT_AGENT:
		return CLASS_AGENT;
	case SUBJECT_TIME:
		return CLASS_TIME;
	case SUBJECT_WEEKDAY:
		return CLASS_WEEKDAY;
	case SUBJECT_SIZE: case SUBJECT_CALLS:
		return CLASS_NUMBER;
	default:
		return type_class(p->subject.type);
	}
}

static struct krux_str class_words(const struct place *p, enum operand_class class)
{
	const char *s;

	if (p->sized || p->subject.kind == SUBJECT_CALLS)
		s = "a count";
	else if (class == CLASS_AGENT)
		s = "the agent";
	else if (class == CLASS_TIME)
		s = "the time of day";
	else if (class == CLASS_WEEKDAY)
		s = "the day of the week";
	else if (class == CLASS_EFFECT)
		s = "an effect word";
	else if (p->kind == PLACE_PAIR)
		s = "an element of connects";
	else
		s = kind_words(p->kind == PLACE_CONSTANT ? KRUX_T_PATH : p->subject.type->kind);
	return (struct krux_str){ s, strlen(s) };
}

static struct krux_str place_words(struct walk *w, const struct place *p)
{
	struct krux_str s = p->subject.access.text;

	if (p->kind == PLACE_EFFECT)
		s = (struct krux_str){ effect_word(p->effect), strlen(effect_word(p->effect)) };
	else if (p->kind != PLACE_SUBJECT)
		s = KRUX_STR("it");
	else if (p->subject.depth)
		s = s.n ? arena_printf(w->arena, "it.%.*s", STR_ARG(s)) : KRUX_STR("it");
	return p->sized ? arena_printf(w->arena, "size(%.*s)", STR_ARG(s)) : s;
}

static bool operator_check(struct walk *w, const struct place *p, enum operand_class class,
                           enum expr_op op, struct span at)
{
	struct krux_str words = { 0 };
	struct finding *f;

	if (takes[class] & 1u << op)
		return true;
	f = walk_fail(w, class == CLASS_EFFECT ? 3026 : 3009, at, true,
	              "`%.*s` is %.*s, which `%s` does not take", STR_ARG(place_words(w, p)),
	              STR_ARG(class_words(p, class)), operators[op]);
	for (unsigned k = 0; k < sizeof operators / sizeof *operators; k++)
		if (takes[class] & 1u << k)
			words = arena_printf(w->arena, "%.*s%s%s", STR_ARG(words),
			                     words.n ? ", " : "", operators[k]);
	if (class == CLASS_EFFECT || class == CLASS_LIST)
		f->expected = KRUX_STR("`contains`, or `any(list, ...)` and `all(list, ...)` with "
		                       "a condition on `it`");
	else if (words.n)
		f->expected = arena_printf(w->arena, "one of %.*s", STR_ARG(words));
	else
		f->expected = p->kind == PLACE_PAIR ? KRUX_STR("a test of it.host or it.port") :
		              p->subject.type->kind == KRUX_T_MAP ? KRUX_STR("a test of its size") :
		              KRUX_STR("a test of one of its fields");
	if (op == OP_MATCHES && (class == CLASS_TEXT || class == CLASS_HOST))
		f->fix = KRUX_STR("use `like` with a regular expression");
	if (op == OP_EQ && class == CLASS_TIME)
		f->fix = KRUX_STR("use a window: `time in 09:00..17:30`");
	return false;
}

/* ---- nodes ---- */

const struct cond *test_node(struct walk *w, const struct subject *s, const struct value_set *set,
                             struct span at)
{
	struct interval domain;
	struct cond *c;

	if (set->numeric) {
		domain = number_domain(s);
		if (!set->nintervals)
			return &cond_false;
		if (set->nintervals == 1 && set->interval[0].lo <= domain.lo &&
		    set->interval[0].hi >= domain.hi)
			return &cond_true;
	}
	c = cond_node(w, COND_TEST, at);
	c->subject = *s;
	c->set = *set;
	return c;
}

const struct cond *flag_node(struct walk *w, const struct subject *s, struct span at)
{
	static const struct interval one = { 1, 1 };
	const struct value_set set = { .numeric = true, .interval = &one, .nintervals = 1 };

	return test_node(w, s, &set, at);
}

const struct cond *some_node(struct walk *w, const struct subject *list, struct span at)
{
	struct interval *some = ARENA_NEW(w->arena, struct interval);
	struct value_set set = { .numeric = true, .interval = some, .nintervals = 1 };
	struct subject s = *list;

	s.kind = SUBJECT_SIZE;
	s.type = &type_count;
	*some = (struct interval){ 1, list->access.type->max };
	return test_node(w, &s, &set, at);
}

/* ---- urls as a whole ---- */

static const struct cond *part_equal(struct walk *w, const struct subject *url, unsigned part,
                                     const struct krux_value *v, struct span at)
{
	struct subject s = *url;
	struct value_set set = { 0 };
	struct interval *one;
	struct krux_str *text;

	s.access = access_part(w->arena, &url->access, part);
	s.type = s.access.type;
	if (kind_is_numeric(s.type->kind)) {
		one = ARENA_NEW(w->arena, struct interval);
		one->lo = one->hi = number_key(s.type, v);
		set = (struct value_set){ .numeric = true, .interval = one, .nintervals = 1 };
	} else {
		text = ARENA_NEW(w->arena, struct krux_str);
		*text = v->str;
		set = (struct value_set){ .language = LANG_LITERALS, .text = text, .ntexts = 1 };
	}
	return test_node(w, &s, &set, at);
}

static void url_warn(struct walk *w, const struct literal *l, const struct krux_value *v)
{
	char text[8192 + 512];
	struct krux_url url;
	const char *why;
	int n;

	if (l->kind != LIT_STRING || !krux_canon_url_parts(v, &url, &why))
		return;
	n = krux_url_text(&url, text, sizeof text);
	if (n > 0 && !krux_str_eq((struct krux_str){ text, (size_t)n }, l->text))
		report_add(w->report, DIAG_WARNING, 3015, l->at, false, "this url is not canonical")
			->fix = arena_printf(w->arena, "write \"%.*s\"", n, text);
}

static const struct cond *url_equal(struct walk *w, const struct subject *url,
                                    const struct literal *l, struct span at)
{
	const struct cond *c = &cond_true;
	struct literal_fault f;
	struct krux_value v;

	if (!literal_canon(w->arena, kind_widest(KRUX_T_URL), l, &v, &f)) {
		walk_fail(w, 3010, f.at, true, "the literal does not fit `%.*s`: %.*s",
		          STR_ARG(url->access.text), STR_ARG(f.text))
			->expected = f.expected;
		return &cond_false;
	}
	url_warn(w, l, &v);
	for (unsigned i = 0; i < URL_PARTS; i++) {
		char name[16];

		memcpy(name, url_part[i].name.p, url_part[i].name.n);
		name[url_part[i].name.n] = 0;
		c = cond_and(w, c, part_equal(w, url, i, krux_value_get(&v, name), at));
	}
	return c;
}

static const struct cond *url_test(struct walk *w, const struct subject *url, const struct expr *e)
{
	const struct literal *l = e->right;
	const struct cond *c = &cond_false;

	if (e->op != OP_IN)
		return url_equal(w, url, l, e->at);
	if (l->kind != LIT_LIST || !l->nitems || l->nitems > 4096) {
		walk_fail(w, l->kind == LIT_LIST ? 3016 : 3010, l->at, false,
		          "in takes a list of 1 to 4096 urls");
		return c;
	}
	for (size_t i = 0; i < l->nitems && !w->stop; i++)
		c = cond_or(w, c, url_equal(w, url, &l->item[i], l->item[i].at));
	return c;
}

/* ---- tests ---- */

static struct compared compared_of(struct walk *w, const struct place *p, enum operand_class class)
{
	struct compared c = { .class = class, .abstract = p->abstract, .name = place_words(w, p) };

	if (p->kind == PLACE_SUBJECT) {
		c.type = p->subject.type;
		if (class == CLASS_TIME || class == CLASS_WEEKDAY || kind_is_numeric(c.type->kind))
			c.domain = number_domain(&p->subject);
		return c;
	}
	c.abstract = true;
	c.type = p->sized ? &type_count : &type_any_path;
	c.domain = type_domain(&type_count);
	return c;
}

static bool number_in(const struct value_set *set, krux_u128 v)
{
	for (size_t i = 0; i < set->nintervals; i++)
		if (v >= set->interval[i].lo && v <= set->interval[i].hi)
			return true;
	return false;
}

static const struct cond *place_test(struct walk *w, const struct place *p, const struct expr *e)
{
	enum operand_class class = place_class(p);
	struct compared c;
	struct value_set set;

	if (!operator_check(w, p, class, e->op, e->at))
		return &cond_false;
	if (class == CLASS_LIST || class == CLASS_EFFECT)
		return contains_resolve(w, p, e);
	if (class == CLASS_URL)
		return url_test(w, &p->subject, e);
	c = compared_of(w, p, class);
	if (!set_resolve(w, &c, e->op, e->right, e->at, &set))
		return &cond_false;
	if (p->kind == PLACE_EFFECT)
		return effect_size(w, p, &set, e->at);
	if (p->kind == PLACE_CONSTANT)
		return (p->sized ? number_in(&set, p->constant.n)
		                 : set_has_path(w, &set, p->constant))
		               ? &cond_true
		               : &cond_false;
	return test_node(w, &p->subject, &set, e->at);
}

const struct cond *equal_resolve(struct walk *w, const struct place *p, const struct literal *l,
                                 struct span at)
{
	struct expr e = { .kind = EXPR_TEST, .op = OP_EQ, .at = at, .right = l };

	return cond_and(w, place_guard(w, p, at), place_test(w, p, &e));
}

struct typed test_resolve_expr(struct walk *w, const struct expr *e)
{
	struct typed t = { .cond = &cond_true };
	const struct cond *guard, *test;
	struct place p;

	if (!place_of(w, e->operand, &p))
		return t;
	guard = place_guard(w, &p, e->at);
	test = place_test(w, &p, e);
	if (e->op == OP_NE)
		test = cond_not(w, test);
	t.cond = cond_and(w, guard, test);
	return t;
}
