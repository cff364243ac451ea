/* Paths of a commit to what the call's effects let it do with them, and to what the answer says of them. */
#include "runtime/spawn/changes_part.h"

#include "capspec/canon.h"
#include "stdlib-caps/common/place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t list_most(const struct command *k, const char *name)
{
	const struct krux_field *f = output_field(k, name);

	return !f ? 0 : f->type->max < MOST_PATHS ? (size_t)f->type->max : MOST_PATHS;
}

bool told_begin(struct walk_changes *w)
{
	struct changed *out = w->out;

	out->list = krux_pool_get(w->k->call->pool, (list_most(w->k, "changed") + 1) * sizeof *out->list);
	out->refused = krux_pool_get(w->k->call->pool, (list_most(w->k, "refused") + 1) * sizeof *out->refused);
	return out->list && out->refused;
}

static struct krux_str text_keep(struct walk_changes *w, struct krux_str s, uint64_t max)
{
	struct krux_str out = { NULL, s.n < max ? s.n : (size_t)max };

	/* Never within a character. */
	while (out.n < s.n && out.n && ((unsigned char)s.p[out.n] & 0xc0) == 0x80)
		out.n--;
	out.p = krux_pool_copy(w->k->call->pool, s.p, out.n);
	if (!out.p)
		_exit(CHILD_BROKEN);
	return out;
}

/* The answer has a greatest length. */
static bool room_take(struct changed *out, size_t n)
{
	const size_t head = 24;        /* keys and lengths */

	if (out->room < n + head)
		return false;
	out->room -= n + head;
	return true;
}

void changed_tell(struct walk_changes *w, size_t n)
{
	struct changed *out = w->out;

	if (!output_field(w->k, "changed"))
		return;
	if (out->n == list_most(w->k, "changed") || !room_take(out, n)) {
		out->cut = true;
		return;
	}
	out->list[out->n++] = (struct krux_value){ .kind = KRUX_V_TEXT, .str = text_keep(w, path_of(w, n), HANDLER_PATH) };
}

/* What is not UTF-8 is shown as it can be. */
static struct krux_str path_shown(struct walk_changes *w, size_t n, char *buf, size_t size)
{
	size_t to = 0;

	if (krux_utf8_valid(path_of(w, n)))
		return path_of(w, n);
	for (size_t i = 0; i < n && to + 5 < size; i++) {
		unsigned char c = (unsigned char)w->path[i];

		to += (size_t)snprintf(buf + to, size - to, c < 0x80 && c >= 0x20 ? "%c" : "\\x%02x", c);
	}
	return (struct krux_str){ buf, to };
}

void refused_tell(struct walk_changes *w, size_t n, const char *why)
{
	const struct krux_type *t = output_field(w->k, "refused")->type->elem;
	char shown[4 * HANDLER_PATH];
	const struct krux_str path = path_shown(w, n, shown, sizeof shown);
	struct changed *out = w->out;
	struct krux_member *m;

	if (out->nrefused == list_most(w->k, "refused") || !room_take(out, path.n + strlen(why))) {
		out->cut = true;
		return;
	}
	m = krux_pool_get(w->k->call->pool, 2 * sizeof *m);
	if (!m)
		_exit(CHILD_BROKEN);
	m[0] = (struct krux_member){ KRUX_STR("path"), { .kind = KRUX_V_TEXT, .str = text_keep(w, path, t->field[0].type->max) } };
	m[1] = (struct krux_member){ KRUX_STR("why"), { .kind = KRUX_V_TEXT,
		.str = text_keep(w, (struct krux_str){ why, strlen(why) }, t->field[1].type->max) } };
	krux_members_sort(m, 2);
	out->refused[out->nrefused++] = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 2 } };
}

void failure_tell(struct walk_changes *w, size_t n)
{
	char why[sizeof w->k->call->detail];

	snprintf(why, sizeof why, "%s", w->k->call->detail[0] ? w->k->call->detail : "It cannot be put in place.");
	w->k->call->error = NULL;
	w->k->call->detail[0] = '\0';
	refused_tell(w, n, why);
}

/* ---- may it be ---- */

const struct operand *operand_for(const struct walk_changes *w, enum krux_effect_kind kind, struct krux_str path)
{
	const struct command *k = w->k;
	struct handler_call *c = k->call;

	for (size_t i = 0; i < k->noperands; i++) {
		const struct operand *o = &k->operand[i];

		if (o->kind != kind || !operand_covers(o, path))
			continue;
		if (!o->tree || !o->field.n || c->allows(c->allows_ctx, o->field, path))
			return o;
	}
	return NULL;
}

static const char *word_of(enum krux_effect_kind kind)
{
	return kind == KRUX_EFFECT_CREATES ? "create" : kind == KRUX_EFFECT_WRITES ? "write" : "delete";
}

bool path_may(struct walk_changes *w, enum krux_effect_kind kind, size_t n)
{
	struct krux_str path = path_of(w, n);
	char why[64];

	if (!krux_utf8_valid(path)) {
		refused_tell(w, n, "A name that is not UTF-8: no policy can speak about it.");
		return false;
	}
	if (!path_changeable(w->k->call, path)) {
		failure_tell(w, n);
		return false;
	}
	if (operand_for(w, kind, path))
		return true;
	snprintf(why, sizeof why, "The call may not %s it.", word_of(kind));
	refused_tell(w, n, why);
	return false;
}

/* Somebody else has changed it since the program started, which has seen what was there before. */
static bool is_newer(const struct walk_changes *w, const struct stat *st)
{
	return (uint64_t)st->st_ctim.tv_sec * 1000000000 + (uint64_t)st->st_ctim.tv_nsec > w->k->started;
}

bool path_untouched(struct walk_changes *w, const struct stat *st, size_t n)
{
	if (!is_newer(w, st))
		return true;
	refused_tell(w, n, "It was changed while the program ran.");
	return false;
}
