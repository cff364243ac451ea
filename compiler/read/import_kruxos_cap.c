/* A KruxOS capability to a draft. Its effects and recoveries are prose; what they mean is inferred
 * from names and tags, and marked for review. */
#include <string.h>

#include "compiler/read/import_kruxos.h"

enum { LONGEST_HINT = 4096 };

/* ---- errors ---- */

/* The first capability of this import that a text names. */
static struct krux_str named_capability(struct importer *im, struct krux_str text)
{
	for (size_t i = 0; i < text.n && i < LONGEST_HINT;) {
		size_t n = 0;
		struct krux_str word;

		while (i + n < text.n && ((text.p[i + n] >= 'a' && text.p[i + n] <= 'z') ||
		                          (text.p[i + n] >= '0' && text.p[i + n] <= '9') ||
		                          text.p[i + n] == '_' || text.p[i + n] == '.'))
			n++;
		word = (struct krux_str){ text.p + i, n };
		while (word.n && word.p[word.n - 1] == '.')
			word.n--;
		if (word.n && memchr(word.p, '.', word.n)) {
			word = import_capability_name(im->arena, word);
			if (word.n && name_set_has(&im->known, word))
				return word;
		}
		i += n + 1;
	}
	return (struct krux_str){ 0 };
}

static void recovery_read(struct importer *im, struct draft_cap *c, struct draft_error *e,
                          const struct yaml_node *list)
{
	struct krux_str named = { 0 }, action = { 0 };
	struct buf hint = { 0 };
	size_t n = 0;

	e->recover = KRUX_STR("retry");
	for (const struct yaml_node *i = first_of(list); i; i = i->next) {
		struct krux_str text = import_line(im->arena, text_of(yaml_get(i, "description")));

		if (!n++)
			action = text_of(yaml_get(i, "action"));
		if (!named.n)
			named = named_capability(im, text);
		if (text.n && hint.n < LONGEST_HINT) {
			buf_puts(&hint, hint.n ? " " : "");
			buf_str(&hint, text);
		}
	}
	e->hint = arena_str(im->arena, (struct krux_str){ hint.p, hint.n < LONGEST_HINT ? hint.n : 0 });
	if (hint.n >= LONGEST_HINT)
		import_note(im, &e->notes, IMPORT_LOST, list->at, "the recoveries are too long for a hint");
	buf_free(&hint);
	if (named.n && !krux_str_eq(named, arena_printf(im->arena, "%.*s.%.*s", STR_ARG(c->ns), STR_ARG(c->name))) &&
	    !text_has(action, "retry"))
		e->recover = named;
	else if (text_has(action, "request") || text_has(action, "alert") || text_has(action, "auth") || text_has(action, "reconnect"))
		e->recover = KRUX_STR("ask");
	if (!e->hint.n) {
		e->hint = KRUX_STR("Check the arguments.");
		import_review(im, &e->notes, "hint");
	}
	if (n > 1)
		import_note(im, &e->notes, IMPORT_CHANGED, list->at, "one of %zu recoveries stands after `recover`, "
		            "all are in the hint", n);
	else
		import_review(im, &e->notes, "recovery inferred");
}

void import_kruxos_errors(struct importer *im, struct draft_cap *c, const struct yaml_node *list)
{
	struct name_set taken = { 0 };

	for (const struct yaml_node *i = first_of(list); i; i = i->next) {
		const struct yaml_node *type = i->kind == YAML_MAPPING ? yaml_get(i, "type") : NULL;
		struct draft_error e = { .doc = { 0 } };

		if (!type || type->kind != YAML_SCALAR) {
			import_note(im, &c->notes, IMPORT_LOST, i->at, "an error without a type");
			continue;
		}
		e.name = import_error_name(im->arena, type->text);
		if (!krux_str_eq(e.name, type->text))
			import_note(im, &e.notes, IMPORT_RENAMED, type->at, "the error `%.*s` is %.*s here",
			            STR_ARG(type->text), STR_ARG(e.name));
		if (!name_set_add(im->arena, &taken, e.name)) {
			import_note(im, &c->notes, IMPORT_LOST, type->at, "the error %.*s is there twice", STR_ARG(e.name));
			continue;
		}
		e.doc = import_line(im->arena, text_of(yaml_get(i, "description")));
		if (!e.doc.n) {
			e.doc = arena_printf(im->arena, "%.*s.", STR_ARG(e.name));
			import_review(im, &e.notes, "what went wrong");
		}
		recovery_read(im, c, &e, yaml_get(i, "recovery"));
		ARENA_PUSH(im->arena, c->error, c->nerrors, c->errors_cap, e);
	}
}

/* ---- effects ---- */

static bool tagged(const struct yaml_node *cap, const char *tag)
{
	const struct yaml_node *tags = yaml_get(cap, "tags");

	for (const struct yaml_node *t = first_of(tags); t; t = t->next)
		if (text_is(t->text, tag))
			return true;
	return false;
}

/* What a path is for, told by its name and the verb of the capability; the stronger where in
 * doubt. */
static const char *path_effect(const struct draft_cap *c, const struct draft_field *f, bool modifies)
{
	if (text_is(f->name, "source"))
		return text_has(c->name, "move") ? "deletes" : "reads";
	if (text_has(c->name, "delete") || text_has(c->name, "remove"))
		return "deletes";
	if (modifies || text_is(f->name, "destination"))
		return "writes";
	return text_has(c->name, "list") || text_has(c->name, "search") || text_has(c->name, "watch") ? "lists" : "reads";
}

/* Does an argument say what is to be run. */
static bool runs_code(const struct draft_cap *c, const struct yaml_node *cap)
{
	if (tagged(cap, "execute") || tagged(cap, "exec") || tagged(cap, "shell"))
		return true;
	for (size_t i = 0; i < c->ninput; i++)
		if (text_is(c->input[i].name, "command") || text_is(c->input[i].name, "script") ||
		    text_is(c->input[i].name, "code"))
			return true;
	return false;
}

/* Does some path stand for a folder. */
static bool names_folder(const struct draft_cap *c)
{
	for (size_t i = 0; i < c->ninput; i++)
		if (c->input[i].kind == DRAFT_PATH &&
		    (text_has(c->input[i].doc, "irector") || text_has(c->input[i].doc, "older") ||
		     text_has(c->input[i].doc, "epositor")))
			return true;
	return false;
}

void import_kruxos_effects(struct importer *im, struct draft_cap *c, const struct yaml_node *cap)
{
	const struct yaml_node *sides = yaml_get(cap, "side_effects");
	bool acts = sides && sides->kind == YAML_SEQUENCE && sides->n;
	bool modifies = tagged(cap, "write") || tagged(cap, "modifying") || tagged(cap, "destructive") ||
	                (acts && (tagged(cap, "vcs") || tagged(cap, "download")));
	bool reaches = tagged(cap, "network") || tagged(cap, "egress") || tagged(cap, "external");
	bool connects = false;
	struct krux_str seen;
	struct buf b = { 0 };

	for (size_t i = 0; i < c->ninput; i++) {
		struct draft_field *f = &c->input[i];

		if (f->kind == DRAFT_URL && f->optional) {
			f->type = KRUX_STR("string max 8KiB");
			import_note(im, &f->notes, IMPORT_CHANGED, cap->child->at, "an optional url cannot be bound to an "
			            "effect; %.*s is a string here", STR_ARG(f->name));
		} else if (f->kind == DRAFT_URL) {
			buf_printf(&b, "%sconnects(%.*s)", b.n ? ", " : "", STR_ARG(f->name));
			connects = true;
		} else if (f->kind == DRAFT_PATH) {
			buf_printf(&b, "%s%s(%.*s)", b.n ? ", " : "", path_effect(c, f, modifies), STR_ARG(f->name));
		}
	}
	if (reaches && !connects)
		import_note(im, &c->effect_notes, IMPORT_LOST, cap->child->at, "its tags say that %.*s.%.*s reaches the "
		            "network, but no argument is of type URL: it may connect nowhere", STR_ARG(c->ns), STR_ARG(c->name));
	if (runs_code(c, cap)) {
		buf_printf(&b, "%sexecutes(\"/bin/sh\")", b.n ? ", " : "");
		import_review(im, &c->effect_notes, "it runs what its arguments say, which can do anything; make a "
		              "capability of each program, with typed arguments");
	}
	/* What the source itself did not let through unseen is no mere look. */
	seen = text_of(yaml_get(cap, "permission_tier"));
	if (!b.n && (acts || modifies || reaches || (seen.n && !text_is_any_case(seen, "autonomous"))))
		buf_printf(&b, "state(\"%.*s\")", STR_ARG(c->ns));
	if (!b.n)
		buf_puts(&b, "none");
	c->effect = arena_str(im->arena, (struct krux_str){ b.p, b.n });
	import_review(im, &c->effect_notes, "effects inferred from side_effects, tags and names");
	if (names_folder(c))
		import_review(im, &c->effect_notes, "a path that is a folder reaches what is below only with `tree` before it");
	buf_free(&b);
}

/* Prose that becomes documentation. */
static void prose_read(struct importer *im, struct draft_cap *c, const struct yaml_node *cap)
{
	const struct yaml_node *sides = yaml_get(cap, "side_effects"), *patterns = yaml_get(cap, "common_patterns"),
	                       *tags = yaml_get(cap, "tags");
	struct buf words = { 0 };

	for (const struct yaml_node *i = first_of(sides); i; i = i->next) {
		struct krux_str text = text_of(i->kind == YAML_MAPPING ? yaml_get(i, "description") : i);
		struct krux_str undo = i->kind == YAML_MAPPING ? text_of(yaml_get(i, "reversible")) : (struct krux_str){ 0 };
		const char *more = text_is_any_case(undo, "true") ? " (reversible)"
		                 : undo.n ? " (not reversible)" : "";
		struct krux_str line = arena_printf(im->arena, "Side effect: %.*s%s", STR_ARG(import_line(im->arena, text)), more);

		ARENA_PUSH(im->arena, c->doc.line, c->doc.n, c->doc.cap, line);
	}
	for (const struct yaml_node *i = first_of(patterns); i;
	     i = i->next) {
		const struct yaml_node *steps = yaml_get(i, "steps");
		struct krux_str line = arena_printf(im->arena, "Pattern: %.*s",
		                                    STR_ARG(import_line(im->arena, text_of(yaml_get(i, "description")))));

		ARENA_PUSH(im->arena, c->doc.line, c->doc.n, c->doc.cap, line);
		for (const struct yaml_node *s = first_of(steps); s; s = s->next) {
			line = arena_printf(im->arena, "- %.*s", STR_ARG(import_line(im->arena, text_of(s))));
			ARENA_PUSH(im->arena, c->doc.line, c->doc.n, c->doc.cap, line);
		}
	}
	for (const struct yaml_node *t = first_of(tags); t; t = t->next) {
		buf_puts(&words, words.n ? ", " : "");
		buf_str(&words, text_of(t));
	}
	if (words.n)
		import_note(im, &c->notes, IMPORT_LOST, tags->at, "tags (%.*s): there is no such clause; labels are "
		            "another thing", (int)words.n, words.p);
	buf_free(&words);
}

/* ---- capabilities ---- */

static void version_read(struct importer *im, struct draft_cap *c, const struct yaml_node *v)
{
	struct krux_str s = text_of(v);
	unsigned part[2] = { 0, 0 };
	size_t n = 0, i = 0;

	for (; i < s.n && n < 2; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9' && part[n] < 6553)
			part[n] = part[n] * 10 + (unsigned)(s.p[i] - '0');
		else if (s.p[i] == '.' && i && n++ == 0)
			continue;
		else
			break;
	}
	c->major = part[0];
	c->minor = part[1];
	if (!s.n)
		import_review(im, &c->notes, "version");
	else if (i < s.n || !n)
		import_note(im, &c->notes, IMPORT_CHANGED, v->at, "the version %.*s is %u.%u here: versions are MAJOR.MINOR",
		            STR_ARG(s), c->major, c->minor);
}

static void unknown_keys(struct importer *im, struct draft_cap *c, const struct yaml_node *cap)
{
	static const char *const known[] = { "name", "version", "purpose", "when_to_use", "inputs", "outputs",
		"side_effects", "common_patterns", "errors", "permission_tier", "tags" };

	for (const struct yaml_node *k = cap->child; k; k = k->next->next) {
		bool found = false;

		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			found |= text_is(k->text, known[i]);
		if (!found)
			import_note(im, &c->notes, IMPORT_LOST, k->at, "`%.*s` has no counterpart", STR_ARG(k->text));
	}
}

void import_kruxos_cap(struct importer *im, struct draft_cap *c, const struct yaml_node *cap)
{
	const struct yaml_node *name = yaml_get(cap, "name"), *tier = yaml_get(cap, "permission_tier");
	struct krux_str whole = import_capability_name(im->arena, name->text), called;
	const char *dot = memchr(whole.p, '.', whole.n);
	struct name_set tools = { 0 };

	c->ns = (struct krux_str){ whole.p, (size_t)(dot - whole.p) };
	c->name = (struct krux_str){ dot + 1, whole.n - c->ns.n - 1 };
	if (!krux_str_eq(whole, name->text))
		import_note(im, &c->notes, IMPORT_RENAMED, name->at, "%.*s is %.*s here: a capability has one namespace "
		            "and one name", STR_ARG(name->text), STR_ARG(whole));
	version_read(im, c, yaml_get(cap, "version"));
	draft_describe(im, c, text_of(yaml_get(cap, "purpose")));
	draft_use(im, c, text_of(yaml_get(cap, "when_to_use")));
	import_kruxos_fields(im, c, yaml_get(cap, "inputs"), true);
	import_kruxos_fields(im, c, yaml_get(cap, "outputs"), false);
	import_kruxos_errors(im, c, yaml_get(cap, "errors"));
	prose_read(im, c, cap);
	import_kruxos_effects(im, c, cap);
	if (text_of(tier).n)
		import_note(im, &c->notes, IMPORT_LOST, tier->at, "permission_tier %.*s: what a call gets is a matter of "
		            "policy here", STR_ARG(text_of(tier)));
	unknown_keys(im, c, cap);
	called = import_quoted(im->arena, import_tool_name(im, &c->handler_notes, &tools, name->text, name->at));
	c->handler = arena_printf(im->arena, "mcp \"kruxos\" tool %.*s resident", STR_ARG(called));
	import_review(im, &c->handler_notes, "the source does not say what carries it out");
	draft_complete(im, c);
}
