/* What settings deny outside of their permissions, by the names of keys at any depth: servers that are off, folders and
 * hosts that a sandbox closes, lists of tools. What such a key names is denied as far as it is understood; what is not,
 * could be a restriction of anything, and nothing is allowed unasked. */
#include <string.h>
#include <strings.h>

#include "compiler/read/import_claude.h"

enum { KEY_COST = 8 };

/* Parts of keys that restrict. `even_empty`: they say what is left, and an empty list leaves nothing. */
static const struct { const char *part; bool even_empty; } restricting[] = {
	{ "deny", false }, { "deni", false }, { "disable", false }, { "disallow", false }, { "block", false },
	{ "forbid", false }, { "restrict", false }, { "exclude", false }, { "prohibit", false }, { "reject", false },
	{ "prevent", false }, { "pretooluse", false }, { "permissionrequest", false }, { "defaultmode", false },
	{ "permissionmode", false }, { "only", true }, { "allowed", true },
};

/* They have such a name, and take nothing from what a tool may do. Variables are for programs. */
static const char *const harmless[] = { "env", "disableAllHooks", "disableAutoMode", "disableBypassPermissionsMode" };

/* Keys that say it of anything, wherever they stand. */
static const char *const whole[] = { "permissions", "deny", "ask", "disallowedTools" };

/* What the texts of a restricting key are, by another part of its name. */
enum names { NAMES_SERVER, NAMES_WRITTEN, NAMES_READ, NAMES_HOST, NAMES_ENTRY };
static const struct { const char *part; enum names names; } naming[] = {
	{ "mcp", NAMES_SERVER }, { "server", NAMES_SERVER }, { "write", NAMES_WRITTEN }, { "read", NAMES_READ },
	{ "domain", NAMES_HOST }, { "host", NAMES_HOST },
};

struct restriction {
	struct settings *s;
	struct krux_str key;
	enum names names;
	bool understood, doubt;         /* something in it is; something is not */
};

/* In any case. */
static bool holds(struct krux_str s, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= s.n; i++)
		if (!strncasecmp(s.p + i, part, n))
			return true;
	return false;
}

static bool is_one(struct krux_str key, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (key.n == strlen(list[i]) && holds(key, list[i]))
			return true;
	return false;
}

/* ---- one restriction ---- */

/* A server whose name is written in an entry as it is; of any other it is not known which one that is. */
static void server_deny(struct restriction *r, struct krux_str name)
{
	bool plain = name.n && !memmem(name.p, name.n, "__", 2);

	for (size_t i = 0; i < name.n; i++)
		plain &= memchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", name.p[i], 64) != NULL;
	claude_entry(r->s, ORDER_DENY, plain && name.p[name.n - 1] != '_'
	             ? arena_printf(r->s->im->arena, "mcp__%.*s", STR_ARG(name)) : KRUX_STR("mcp__*"));
	r->understood = true;
}

/* Paths there are others than those of an entry. */
static void paths_deny(struct restriction *r, struct krux_str entry)
{
	if (!r->understood) {
		claude_entry(r->s, ORDER_DENY, entry);
		import_note(r->s->im, &r->s->policy.notes, IMPORT_DENIED, import_json_at(r->s->im, r->key),
		            "`%.*s` has paths of another kind, so it holds for every path", STR_ARG(r->key));
	}
	r->understood = true;
}

/* `holder` is the key next above it. */
static void text_read(struct restriction *r, struct krux_str holder, struct krux_str text)
{
	bool direct = holder.p == r->key.p;

	if (r->names == NAMES_SERVER && (direct || krux_str_eq(holder, KRUX_STR("serverName")))) {
		server_deny(r, text);
	} else if (r->names == NAMES_WRITTEN && direct) {
		paths_deny(r, KRUX_STR("Edit"));
	} else if (r->names == NAMES_READ && direct) {
		paths_deny(r, KRUX_STR("Read"));
	} else if (r->names == NAMES_HOST && direct) {
		claude_entry(r->s, ORDER_DENY, arena_printf(r->s->im->arena, "WebFetch(domain:%.*s)", STR_ARG(text)));
		r->understood = true;
	} else if (claude_is_entry(r->s, text)) {
		claude_entry(r->s, ORDER_DENY, text);
		r->understood = true;
	} else {
		r->doubt = true;
	}
}

/* Each text of a value, and each key that is on; depth is that of the reader of JSON. */
static void value_read(struct restriction *r, struct krux_str holder, const struct krux_value *v)
{
	if (!import_afford(r->s->im, KEY_COST))
		return;
	for (size_t i = 0; v->kind == KRUX_V_LIST && i < v->list.n; i++)
		value_read(r, holder, &v->list.item[i]);
	for (size_t i = 0; v->kind == KRUX_V_MAP && i < v->map.n; i++) {
		const struct krux_member *m = &v->map.member[i];

		if (m->value.kind == KRUX_V_BOOL && m->value.b)
			text_read(r, holder, m->key);
		else
			value_read(r, m->key, &m->value);
	}
	if (v->kind == KRUX_V_TEXT)
		text_read(r, holder, v->str);
	else if (v->kind != KRUX_V_LIST && v->kind != KRUX_V_MAP && v->kind != KRUX_V_NULL)
		r->doubt |= v->kind != KRUX_V_BOOL || v->b;
}

static void restriction_read(struct settings *s, const struct krux_member *m, bool even_empty)
{
	struct restriction r = { .s = s, .key = m->key, .names = NAMES_ENTRY, .doubt = even_empty };

	for (size_t i = sizeof naming / sizeof *naming; i-- > 0;)
		if (holds(m->key, naming[i].part))
			r.names = naming[i].names;
	if (!even_empty)
		value_read(&r, m->key, &m->value);
	if (r.doubt && !s->capped)
		import_note(s->im, &s->policy.notes, IMPORT_DENIED, import_json_at(s->im, m->key),
		            "`%.*s` could be a restriction of anything, so what is allowed is asked for", STR_ARG(m->key));
	else if (!r.doubt && !r.understood)
		import_note(s->im, &s->policy.notes, IMPORT_LOST, import_json_at(s->im, m->key),
		            "`%.*s` restricts nothing", STR_ARG(m->key));
	s->capped |= r.doubt;
}

/* ---- keys ---- */

static bool is_off(const struct krux_value *v)
{
	return v->kind == KRUX_V_NULL || (v->kind == KRUX_V_BOOL && !v->b);
}

static void below_read(struct settings *, const struct krux_value *);

/* False where it is no restriction, and neither is what is below it. */
static bool key_read(struct settings *s, const struct krux_member *m)
{
	if (is_one(m->key, harmless, sizeof harmless / sizeof *harmless))
		return false;
	if (is_one(m->key, whole, sizeof whole / sizeof *whole)) {
		claude_unknown(s, "", m->key);
		return true;
	}
	for (size_t i = 0; i < sizeof restricting / sizeof *restricting; i++)
		if (holds(m->key, restricting[i].part)) {
			restriction_read(s, m, restricting[i].even_empty && !is_off(&m->value));
			return true;
		}
	below_read(s, &m->value);
	return false;
}

static void below_read(struct settings *s, const struct krux_value *v)
{
	if (!import_afford(s->im, KEY_COST))
		return;
	for (size_t i = 0; v->kind == KRUX_V_LIST && i < v->list.n; i++)
		below_read(s, &v->list.item[i]);
	for (size_t i = 0; v->kind == KRUX_V_MAP && i < v->map.n; i++)
		key_read(s, &v->map.member[i]);
}

void claude_beside(struct settings *s, const struct krux_member *m)
{
	if (!key_read(s, m))
		import_note(s->im, &s->policy.notes, IMPORT_LOST, import_json_at(s->im, m->key), "`%.*s` has no counterpart",
		            STR_ARG(m->key));
}
