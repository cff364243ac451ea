/* Drafts of policies to YAML, laid out and read back. */
#include <stdlib.h>
#include <string.h>

#include "compiler/base/escape.h"
#include "compiler/read/import_draft.h"
#include "compiler/read/read.h"

const char *draft_verdict_word(enum krux_verdict v)
{
	static const char *const word[] = {
#define VERDICT(id, value, text) [value] = text,
#include "capspec/verdicts.def"
#undef VERDICT
	};

	return word[v];
}

struct draft_rule *draft_rule(struct importer *im, struct draft_policy *p, struct krux_str id)
{
	struct draft_rule rule = { .id = import_id(im->arena, id) };

	ARENA_PUSH(im->arena, p->rule, p->nrules, p->rules_cap, rule);
	return &p->rule[p->nrules - 1];
}

void draft_on(struct importer *im, struct draft_rule *rule, struct krux_str pattern)
{
	ARENA_PUSH(im->arena, rule->on, rule->non, rule->on_cap, pattern);
}

/* ---- writing ---- */

static void put_pair(struct buf *b, const char *key, struct krux_str value)
{
	buf_puts(b, key);
	buf_puts(b, ": ");
	escape_yaml(b, value);
	buf_putc(b, '\n');
}

/* Conditions read best without quotes, and cannot always stand so. */
static void put_condition(struct buf *b, struct krux_str s)
{
	bool plain = s.n && ((s.p[0] >= 'a' && s.p[0] <= 'z') || s.p[0] == '(');

	for (size_t i = 0; i < s.n && plain; i++)
		plain = (s.p[i] != ':' || (i + 1 < s.n && s.p[i + 1] != ' ')) && s.p[i] != '\n' &&
		        (s.p[i] != '#' || s.p[i - 1] != ' ');
	buf_puts(b, "    when: ");
	buf_puts(b, plain ? "" : "'");
	for (size_t i = 0; i < s.n; i++) {
		buf_putc(b, s.p[i]);
		if (!plain && s.p[i] == '\'')
			buf_putc(b, '\'');
	}
	buf_puts(b, plain ? "\n" : "'\n");
}

static bool permits(enum krux_verdict v)
{
	return v == KRUX_AUTONOMOUS || v == KRUX_NOTIFY;
}

static void put_rule(struct buf *b, const struct draft_rule *r)
{
	bool wild = false;

	notes_put(b, &r->notes, "  ");
	put_pair(b, "  - id", r->id);
	buf_puts(b, r->non == 1 ? "    on: " : "    on: [ ");
	for (size_t i = 0; i < r->non; i++) {
		buf_puts(b, i ? ", " : "");
		escape_yaml(b, r->on[i]);
		wild |= r->on[i].p[r->on[i].n - 1] == '*';
	}
	buf_puts(b, r->non == 1 ? "\n" : " ]\n");
	if (r->agent.n)
		put_pair(b, "    agent", r->agent);
	if (r->when.n)
		put_condition(b, r->when);
	put_pair(b, "    verdict", (struct krux_str){ draft_verdict_word(r->verdict), strlen(draft_verdict_word(r->verdict)) });
	if (wild && permits(r->verdict))
		buf_puts(b, "    up-to: executes  # review: the weakest effect that will do\n");
	if (r->reason.n)
		put_pair(b, "    reason", r->reason);
	if (r->rate.given)
		buf_printf(b, "    rate: { max: %.*s, per: %.*s, exceeded: %s }\n", STR_ARG(r->rate.max),
		           STR_ARG(r->rate.per), draft_verdict_word(r->rate.exceeded));
}

static int rule_order(const void *pa, const void *pb)
{
	const struct draft_rule *const *a = pa, *const *b = pb;

	if ((*a)->order != (*b)->order)
		return (*a)->order < (*b)->order ? -1 : 1;
	return *a < *b ? -1 : 1;
}

static void put_policy(struct importer *im, struct buf *b, struct krux_str name, struct draft_policy *p)
{
	const struct draft_rule **sorted = ARENA_ARRAY(im->arena, const struct draft_rule *, p->nrules);
	struct name_set ids = { 0 };

	buf_puts(b, "# yaml-language-server: $schema=krux-policy.schema.json\n");
	notes_put(b, &p->notes, "");
	buf_puts(b, "krux: policy/1\n");
	put_pair(b, "name", name);
	buf_printf(b, "layer: %s\n", p->agent.n ? "agent" : "organization");
	if (p->agent.n)
		put_pair(b, "agents", p->agent);
	if (p->description.n)
		put_pair(b, "description", p->description);
	for (size_t i = 0; i < p->nrules; i++)
		sorted[i] = &p->rule[i];
	qsort(sorted, p->nrules, sizeof *sorted, rule_order);
	buf_puts(b, p->nrules ? "rules:\n" : "rules: []\n");
	for (size_t i = 0; i < p->nrules; i++) {
		struct draft_rule r = *sorted[i];

		r.id = name_set_unique(im->arena, &ids, r.id, '-');
		put_rule(b, &r);
	}
	if (p->has_default) {
		notes_put(b, &p->default_notes, "");
		buf_printf(b, "default: %s\n", draft_verdict_word(p->deflt));
	}
}

void draft_policy_add(struct importer *im, struct draft_policy *p)
{
	struct krux_str id = import_id(im->arena, p->name), name = name_set_unique(im->arena, &im->policies, id, '-');
	struct imported out = { .name = arena_printf(im->arena, "%.*s.yaml", STR_ARG(name)) };
	struct diags *quiet = diags_new(im->arena);
	const struct source *src;
	struct buf b = { 0 }, laid = { 0 };

	if (!krux_str_eq(name, id))
		import_note(im, &p->notes, IMPORT_RENAMED, ((struct span){ im->src, 0, 1 }), "the policy %.*s is %.*s here: another "
		            "file of this import has that name", STR_ARG(id), STR_ARG(name));
	put_policy(im, &b, name, p);
	src = source_text(im->arena, quiet, "imported", (struct krux_str){ b.p, b.n });
	if (!src || !policyfile_parse(im->arena, quiet, src) || quiet->errors ||
	    !policyfile_format(im->arena, quiet, src, &laid)) {
		/* Something that no draft should hold: say so instead of handing it on. */
		diag_error(im->diags, IMPORT_BROKEN, ((struct span){ im->src, 0, 0 }),
		           "this cannot be imported: the result would be wrong: %.*s",
		           STR_ARG(quiet->n ? quiet->list[0]->text : KRUX_STR("it is empty")));
		buf_free(&b);
		return;
	}
	out.text = arena_str(im->arena, (struct krux_str){ laid.p, laid.n });
	ARENA_PUSH(im->arena, im->file, im->nfiles, im->files_cap, out);
	buf_free(&b);
	buf_free(&laid);
}
