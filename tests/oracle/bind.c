/* A condition in one capability: names to places, literals to canonical constants. */
#include <string.h>

#include "tests/oracle/oracle.h"

struct scope {
	struct arena *a;
	const struct o_cap *cap;
	const struct o_policy *policy;
	const struct o_type *it[66];      /* element types, the innermost last */
	unsigned depth;
	bool failed;
};

static bool walk(const struct o_type *t, const struct o_operand *o, size_t from, struct o_place *out)
{
	for (size_t k = from; k < o->n; k++) {
		size_t i = 0;
		if (t->kind != O_RECORD && t->kind != O_URL)
			return false;
		while (i < t->nfields && !krux_str_eq(t->field[i].name, o->name[k]))
			i++;
		if (i == t->nfields)
			return false;
		out->step[out->nsteps++] = (uint16_t)i;
		t = t->field[i].type;
	}
	out->type = t;
	return true;
}

static bool is_effect_word(struct krux_str w)
{
	static const char *const words[] = { "reads", "writes", "creates", "deletes", "lists", "executes", "connects" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (o_is(w, words[i]))
			return true;
	return false;
}

static struct o_type word_list[2] = { { .kind = O_LIST, .max = 65536 }, { .kind = O_LIST, .max = 65536 } };

static bool place(struct scope *s, const struct o_operand *o, struct o_place *out)
{
	*out = (struct o_place){ .size = o->size };
	word_list[0].elem = (struct o_type *)(uintptr_t)o_type_plain(O_PATH);
	word_list[1].elem = (struct o_type *)(uintptr_t)o_type_connects();
	if (o->it) {
		out->kind = P_IT;
		return s->depth && walk(s->it[s->depth - 1], o, 0, out);
	}
	if (o->calls) {
		out->kind = P_CALLS;
		out->name = o->cap;
		out->type = o_type_plain(O_COUNT);
		return true;
	}
	out->kind = P_FIELD;
	if (walk(s->cap->input, o, 0, out))
		return true;
	out->nsteps = 0;
	if (o->n != 1)
		return false;
	if (is_effect_word(o->name[0])) {
		out->kind = P_WORD;
		out->name = o->name[0];
		out->type = &word_list[o_is(out->name, "connects")];
		return true;
	}
	out->kind = o_is(o->name[0], "agent") ? P_AGENT : o_is(o->name[0], "time") ? P_TIME : P_WEEKDAY;
	out->type = o_type_plain(out->kind == P_AGENT ? O_AGENT : out->kind == P_TIME ? O_TIME : O_WEEKDAY);
	return out->kind != P_WEEKDAY || o_is(o->name[0], "weekday");
}

bool o_bind_place(const struct o_cap *cap, const struct o_operand *o, struct o_place *out)
{
	struct scope s = { .cap = cap };

	return place(&s, o, out);
}

static bool clock(struct krux_str s, o_int *out)
{
	int part[3] = { 0 }, n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ':')
			n++;
		else
			part[n] = part[n] * 10 + (s.p[i] - '0');
	}
	*out = part[0] * 3600 + part[1] * 60 + part[2];
	return n == 1 || n == 2;
}

static bool scalar(struct scope *s, const struct o_type *t, const struct o_lit *l, struct o_val *out)
{
	struct krux_value v;

	*out = (struct o_val){ .present = true, .s = l->text };
	switch (t->kind) {
	case O_TIME:
		return l->kind == OL_TIME && clock(l->text, &out->num);
	case O_WEEKDAY:
		for (size_t i = 0; i < t->n; i++)
			if (krux_str_eq(t->name[i], l->text)) {
				out->num = (o_int)i;
				return true;
			}
		return false;
	case O_AGENT:
		return l->kind == OL_STRING || l->kind == OL_WORD;
	case O_COUNT:
		return l->kind == OL_NUMBER && o_norm_integer(l->text, true, &out->num);
	default: {
		/* A literal may lie outside of the field's own range: only its type counts. */
		struct o_type wide = *t;
		wide.max = UINT64_MAX;
		wide.nfa = NULL;
		if (t->kind != O_BOOL && t->kind != O_ENUM) {
			wide.lo = -((o_int)1 << 100);
			wide.hi = (o_int)1 << 100;
		}
		o_lit_value(s->a, l, &v);
		return o_norm(s->a, &wide, &v, out);
	}
	}
}

static bool constant(struct scope *s, enum o_op op, const struct o_type *t, const struct o_lit *l, struct o_const *out)
{
	struct o_val end;

	*out = (struct o_const){ .val = { .present = true, .s = l->text } };
	if (t->kind == O_IP && op == W_IN && memchr(l->text.p ? l->text.p : "", '/', l->text.n)) {
		struct krux_str text;
		out->cidr = true;
		return o_norm_cidr(s->a, l->text, &out->val, &out->prefix, &text);
	}
	switch (op) {
	case W_UNDER:
		return t->kind == O_PATH ? o_norm_path(s->a, l->text, 65536, &out->val.s) : o_norm_host(s->a, l->text, &out->val.s);
	case W_LIKE:
		out->nfa = o_nfa_regex(s->a, l->text);
		return out->nfa != NULL;
	case W_MATCHES: case W_STARTS: case W_ENDS:
		return l->kind == OL_STRING;
	case W_CONTAINS:
		if (t->kind != O_LIST)
			return l->kind == OL_STRING;
		t = t->elem;
		break;
	default:
		break;
	}
	if (l->kind == OL_RANGE) {
		if (!scalar(s, t, &l->item[0], &out->val) || !scalar(s, t, &l->item[1], &end))
			return false;
		out->lo = out->val.num;
		out->hi = end.num;
		return true;
	}
	if (!scalar(s, t, l, &out->val))
		return false;
	out->lo = out->hi = out->val.num;
	return true;
}

/* The patterns of a group of the file. */
static void group(struct scope *s, struct o_bound *b, struct krux_str name, size_t *cap)
{
	for (size_t g = 0; s->policy && g < s->policy->ngroups; g++) {
		const struct o_group *found = &s->policy->group[g];
		if (!krux_str_eq(found->name, name))
			continue;
		for (size_t i = 0; i < found->pattern.n; i++) {
			struct o_const c = { .val = { .present = true, .s = found->pattern.name[i] } };
			ARENA_PUSH(s->a, b->con, b->ncons, *cap, c);
		}
		return;
	}
	s->failed = true;
}

/* The table of operators of LANG.md 5. */
static bool takes(enum o_op op, const struct o_type *t, const struct o_lit *l)
{
	bool texty = t->kind == O_STRING || t->kind == O_PATH || t->kind == O_HOST || t->kind == O_SECRET || t->kind == O_AGENT;
	bool number = t->kind == O_INT || t->kind == O_UINT || t->kind == O_DECIMAL || t->kind == O_PORT ||
	              t->kind == O_DATETIME || t->kind == O_DURATION || t->kind == O_SIZE || t->kind == O_COUNT;

	switch (op) {
	case W_EQ: case W_NE:
		return t->kind != O_LIST && t->kind != O_MAP && t->kind != O_RECORD && t->kind != O_TIME;
	case W_LT: case W_LE: case W_GT: case W_GE:
		return number || t->kind == O_TIME;
	case W_IN:
		return takes(W_EQ, t, l) ? t->kind != O_BYTES : t->kind == O_TIME && l->kind == OL_RANGE;
	case W_UNDER: return t->kind == O_PATH || t->kind == O_HOST;
	case W_MATCHES: return t->kind == O_PATH || t->kind == O_AGENT;
	case W_CONTAINS: return texty || (t->kind == O_LIST && takes(W_EQ, t->elem, l));
	default: return texty;
	}
}

static void constants(struct scope *s, struct o_bound *b, const struct o_lit *l)
{
	static const struct o_type count = { .kind = O_COUNT };
	const struct o_type *t = b->place.size ? &count : b->place.type;
	size_t cap = 0;

	if (!takes(b->op, t, l))
		s->failed = true;
	for (size_t i = 0; i < (l->kind == OL_LIST ? l->n : 1); i++) {
		const struct o_lit *one = l->kind == OL_LIST ? &l->item[i] : l;
		struct o_const c;
		if (t->kind == O_AGENT && b->op == W_IN && one->kind == OL_WORD) {
			group(s, b, one->text, &cap);
			continue;
		}
		if (!constant(s, b->op, t, one, &c))
			s->failed = true;
		ARENA_PUSH(s->a, b->con, b->ncons, cap, c);
	}
}

static struct o_bound *bind(struct scope *s, const struct o_cond *c)
{
	struct o_bound *b = ARENA_NEW(s->a, struct o_bound);

	b->kind = c->kind;
	b->op = c->op;
	b->text = c->text;
	switch (c->kind) {
	case C_AND: case C_OR:
		b->a = bind(s, c->a);
		b->b = bind(s, c->b);
		break;
	case C_NOT:
		b->a = bind(s, c->a);
		break;
	case C_NAME:
		for (size_t i = 0; s->policy && c->operand.n == 1 && !c->operand.it && i < s->policy->ndefines; i++)
			if (krux_str_eq(s->policy->define[i].name, c->operand.name[0]))
				return bind(s, s->policy->define[i].cond);
		/* a bool field */
		if (!place(s, &c->operand, &b->place) || b->place.type->kind != O_BOOL)
			s->failed = true;
		break;
	case C_HAS:
		if (!place(s, &c->operand, &b->place))
			s->failed = true;
		break;
	case C_ANY: case C_ALL:
		if (!place(s, &c->operand, &b->place) || b->place.type->kind != O_LIST || s->depth == 64) {
			s->failed = true;
			break;
		}
		s->it[s->depth++] = b->place.type->elem;
		b->a = bind(s, c->a);
		s->depth--;
		break;
	case C_TEST:
		if (!place(s, &c->operand, &b->place))
			s->failed = true;
		else
			constants(s, b, &c->lit);
		break;
	case C_RATE:
		b->place = (struct o_place){ .type = o_type_plain(O_COUNT) };
		constants(s, b, &c->lit);
		break;
	default:
		break;
	}
	return b;
}

struct o_bound *o_bind(struct arena *a, const struct o_cap *cap, const struct o_policy *policy, const struct o_cond *c)
{
	struct scope s = { .a = a, .cap = cap, .policy = policy };
	struct o_bound *b = bind(&s, c);

	return s.failed ? NULL : b;
}
