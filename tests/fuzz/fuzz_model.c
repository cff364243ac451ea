/* Capability files, policies and conditions, resolved and checked: the first byte says which.
 * Whatever does not pass says why. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "compiler/check/check.h"
#include "compiler/check/explain.h"
#include "compiler/read/read.h"

struct at_hand {
	struct arena *arena;
	struct diags *diags;
	struct capability_set caps;
};

static void say(struct at_hand *h, bool ok)
{
	FILE *out = fopen("/dev/null", "w");

	PROMISE(ok || h->diags->errors);
	if (h->diags->n)
		diags_print(h->diags, DIAG_TEXT, out, false);
	for (size_t i = 0; i < h->diags->n; i++)
		PROMISE(h->diags->list[i]->text.n && h->diags->list[i]->code);
	fclose(out);
}

static bool caps_run(struct at_hand *h, struct krux_str text)
{
	const struct source *s = source_text(h->arena, h->diags, "t.cap", text);
	const struct capfile *f = s ? capfile_parse(h->arena, h->diags, s) : NULL;

	return f && !h->diags->errors && capabilities_resolve(h->arena, h->diags, &f, 1, &h->caps);
}

static bool policy_run(struct at_hand *h, struct krux_str text)
{
	const struct source *s = source_text(h->arena, h->diags, "t.yaml", text);
	const struct policyfile *f = s ? policyfile_parse(h->arena, h->diags, s) : NULL;
	struct build b;

	return f && !h->diags->errors && build_resolve(h->arena, h->diags, &h->caps, &f, 1, &b) &&
	       build_check(h->arena, h->diags, &b);
}

static bool condition_run(struct at_hand *h, struct krux_str text)
{
	const struct source *s = source_text(h->arena, h->diags, "t", text);
	const struct expr *e;

	if (!s)
		return false;
	e = condition_parse(h->arena, h->diags, s->text,
	                    (struct span){ s, 0, (uint32_t)s->text.n });
	return e &&
	       cond_resolve(h->arena, h->diags, scope_plain(h->arena, &h->caps), h->caps.cap[0], e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_str text = { (const char *)data + 1, size ? size - 1 : 0 };
	struct at_hand h = { .arena = arena_new() };

	h.diags = diags_new(h.arena);
	if (size && data[0] == 'c') {
		say(&h, caps_run(&h, text));
	} else if (size) {
		PROMISE(caps_run(&h, code_example_cap()));
		say(&h, data[0] == 'p' ? policy_run(&h, text) : condition_run(&h, text));
	}
	arena_free(h.arena);
	return 0;
}
