/* Operators and literals to sets of values: what all of them share, lists of `in`, agents. */
#include "compiler/model/cond_set.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/base/buf.h"
#include "compiler/model/literal.h"
#include "compiler/model/pattern.h"

/* ---- literals ---- */

static void literal_fail(struct walk *w, const struct compared *c, const struct literal_fault *f)
{
	struct finding *d = walk_fail(w, 3010, f->at, true, "the literal does not fit `%.*s`: %.*s",
	                              STR_ARG(c->name), STR_ARG(f->text));

	d->expected = f->expected;
}

static void canonical_warn(struct walk *w, struct span at, const char *what,
                           struct krux_str canonical)
{
	report_add(w->report, DIAG_WARNING, 3015, at, false, "this %s is not canonical", what)
		->fix = arena_printf(w->arena, "write \"%.*s\"", STR_ARG(canonical));
}

static struct krux_str ip_words(struct walk *w, struct krux_str octets)
{
	uint8_t ip[16] = { [10] = 0xFF, [11] = 0xFF };
	char text[64];
	int n;

	memcpy(octets.n == 4 ? ip + 12 : ip, octets.p, octets.n);
	n = krux_ip_text(ip, text, sizeof text);
	return arena_str(w->arena, (struct krux_str){ text, n > 0 ? (size_t)n : 0 });
}

/* The canonical value of a literal, with a warning where it was not written so. */
bool value_of(struct walk *w, const struct compared *c, const struct literal *l,
              struct krux_value *out)
{
	struct krux_type widest = type_widest(c->type);
	struct literal_fault f;
	struct krux_str text;

	if (!literal_canon(w->arena, &widest, l, out, &f)) {
		literal_fail(w, c, &f);
		return false;
	}
	switch (c->type->kind) {
	case KRUX_T_PATH: case KRUX_T_HOST: case KRUX_T_CIDR:
		text = out->str;
		break;
	case KRUX_T_IP:
		text = ip_words(w, out->str);
		break;
	default:
		return true;
	}
	if (!krux_str_eq(text, l->text))
		canonical_warn(w, l->at, krux_type_word(c->type->kind), text);
	return true;
}

bool string_of(struct walk *w, const struct literal *l, struct krux_str *out)
{
	if (l->kind == LIT_STRING) {
		*out = l->text;
		return true;
	}
	walk_fail(w, 3010, l->at, false, "%s stands where a string is expected",
	          literal_words(l->kind))
		->expected = KRUX_STR("a string in quotes");
	return false;
}

void never_equal(struct walk *w, const struct compared *c, const struct literal *l,
                 struct krux_str what)
{
	enum { SHOWN = 40 };
	struct buf b = { 0 };

	literal_print(&b, l);
	walk_fail(w, 3011, l->at, true, "`%.*s` is never %s%.*s%s", STR_ARG(c->name),
	          l->kind == LIT_RANGE ? "within " : "", (int)(b.n > SHOWN ? SHOWN : b.n), b.p,
	          b.n > SHOWN ? "..." : "")
		->expected = what;
	buf_free(&b);
}

/* ---- agents ---- */

static bool group_add(struct walk *w, const struct literal *l, uint32_t g, struct krux_str **text, size_t *n,
                      size_t *room)
{
	if (w->scope->group[g].differs) {
		walk_fail(w, 3021, l->at, false, "`%.*s` is a group of several files, and not the same in all",
		          STR_ARG(l->text))
			->fix = KRUX_STR("list the patterns that are meant");
		return false;
	}
	w->scope->group_used[g] = true;
	for (size_t i = 0; i < w->scope->group[g].n && *n <= KRUX_MAX_IN_ITEMS; i++)
		ARENA_PUSH(w->arena, *text, *n, *room, w->scope->group[g].pattern[i]);
	return true;
}

static bool agent_item(struct walk *w, const struct literal *l, struct krux_str **text, size_t *n,
                       size_t *room)
{
	uint32_t g = l->kind == LIT_WORD ? names_find(&w->scope->groups, l->text) : NAMES_NONE;
	struct krux_str near;
	struct finding *f;
	const char *why;

	if (g != NAMES_NONE)
		return group_add(w, l, g, text, n, room);
	if (l->kind == LIT_STRING && agent_glob_check(l->text, &why)) {
		ARENA_PUSH(w->arena, *text, *n, *room, l->text);
		return true;
	}
	near = walk_near(w, l->text, w->scope->groups.name,
	                 l->kind == LIT_WORD ? w->scope->groups.n : 0);
	if (l->kind == LIT_WORD)
		f = walk_fail(w, 3021, l->at, false, "there is no group `%.*s`", STR_ARG(l->text));
	else
		f = walk_fail(w, 3021, l->at, false, "this is no agent pattern");
	f->expected = KRUX_STR(
		"a group of this file, or patterns in quotes such as [ \"builder\", \"ci-*\" ]");
	if (near.n)
		f->fix = arena_printf(w->arena, "did you mean `%.*s`?", STR_ARG(near));
	return false;
}

static bool agents_resolve(struct walk *w, const struct literal *l, struct value_set *out)
{
	const struct literal *item = l->kind == LIT_LIST ? l->item : l;
	size_t nitems = l->kind == LIT_LIST ? l->nitems : 1, n = 0, room = 0, k = 0;
	struct krux_str *text = NULL;
	bool ok = true;

	if (l->kind == LIT_STRING) {
		walk_fail(w, 3010, l->at, false, "`in` takes a group or a list of patterns")->fix =
			arena_printf(w->arena, "write `[ \"%.*s\" ]`, or use `matches`",
		                     STR_ARG(l->text));
		return false;
	}
	for (size_t i = 0; i < nitems; i++)
		ok = agent_item(w, &item[i], &text, &n, &room) && ok;
	walk_charge(w, n / 8, l->at);
	if (n > KRUX_MAX_IN_ITEMS)
		walk_fail(w, 9017, l->at, false, "the list has too many agent patterns")->expected =
			arena_printf(w->arena, "at most %s, those of its groups counted", KRUX_SHOWN(IN_ITEMS));
	if (!ok || n > KRUX_MAX_IN_ITEMS)
		return false;
	if (n)
		qsort(text, n, sizeof *text, text_order);
	for (size_t i = 0; i < n; i++)
		if (!k || name_order(text[k - 1], text[i]))
			text[k++] = text[i];
	*out = (struct value_set){ .language = LANG_AGENT_GLOB, .text = text, .ntexts = k };
	return true;
}

static bool agent_equal(struct walk *w, const struct literal *l, struct value_set *out)
{
	if (l->kind == LIT_STRING && krux_agent_valid(l->text))
		return language_of(w, LANG_LITERALS, l->text, out);
	walk_fail(w, 3021, l->at, false, "this is no agent id")->expected =
		KRUX_STR("an id in quotes, of 1 to 64 of a-z 0-9 . _ -; `agent in` takes groups, "
	                 "`agent matches` a pattern");
	return false;
}

/* ---- in ---- */

static bool list_check(struct walk *w, const struct compared *c, const struct literal *l)
{
	struct finding *f;

	if (l->kind == LIT_LIST && l->nitems && l->nitems <= KRUX_MAX_IN_ITEMS)
		return true;
	if (l->kind == LIT_LIST) {
		f = walk_fail(w, 3016, l->at, false, "the list of in has %zu items", l->nitems);
		f->expected = KRUX_STR("1 to 4096 items");
		return false;
	}
	if (l->kind == LIT_RANGE ||
	    (c->class == CLASS_IP && (l->kind == LIT_ADDRESS || l->kind == LIT_STRING)))
		return true;
	f = walk_fail(w, 3010, l->at, false, "`in` takes a list, not %s", literal_words(l->kind));
	f->expected = c->class == CLASS_NUMBER ? KRUX_STR("[ 1, 5..9 ] or 1..9") :
	              c->class == CLASS_TIME ? KRUX_STR("a window such as 09:00..17:30") :
	              KRUX_STR("a list such as [ a, b ]");
	f->fix = KRUX_STR("compare a single value by `==`");
	return false;
}

static bool in_resolve(struct walk *w, const struct compared *c, const struct literal *l,
                       struct span at, struct value_set *out)
{
	bool list = l->kind == LIT_LIST;

	if (c->class == CLASS_AGENT) {
		if (list && !list_check(w, c, l))
			return false;
		return agents_resolve(w, l, out);
	}
	if (!list_check(w, c, l))
		return false;
	if (list && c->class == CLASS_TIME) {
		walk_fail(w, 3010, l->at, false, "`time` is in one window, not in a list")->fix =
			KRUX_STR("write `time in 09:00..12:00 or time in 13:00..17:00`");
		return false;
	}
	if (c->class == CLASS_TEXT || c->class == CLASS_PATH || c->class == CLASS_HOST ||
	    c->class == CLASS_FIXED)
		return text_items(w, c, list ? l->item : l, list ? l->nitems : 1, out);
	return number_items(w, c, list ? l->item : l, list ? l->nitems : 1, at, out);
}

bool set_resolve(struct walk *w, const struct compared *c, enum expr_op op, const struct literal *l,
                 struct span at, struct value_set *out)
{
	walk_charge(w, l->nitems / 8 + l->text.n / 16, at);
	switch (op) {
	case OP_EQ: case OP_NE:
		if (c->class == CLASS_AGENT)
			return agent_equal(w, l, out);
		if (c->type->kind == KRUX_T_BYTES || kind_is_texty(c->type->kind))
			return text_items(w, c, l, 1, out);
		return number_items(w, c, l, 1, at, out);
	case OP_LT: case OP_LE: case OP_GT: case OP_GE:
		return order_resolve(w, c, op, l, at, out);
	case OP_IN:
		return in_resolve(w, c, l, at, out);
	case OP_UNDER:
		return under_resolve(w, c, l, out);
	case OP_MATCHES:
		return matches_resolve(w, c, l, out);
	case OP_LIKE:
		return like_resolve(w, l, out);
	case OP_STARTS:
		return piece_resolve(w, c, LANG_PREFIX, l, out);
	case OP_ENDS:
		return piece_resolve(w, c, LANG_SUFFIX, l, out);
	case OP_CONTAINS:
		return piece_resolve(w, c, LANG_SUBSTRING, l, out);
	}
	return false;
}
