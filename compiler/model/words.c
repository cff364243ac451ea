/* Words, numbers and names of policy files. */
#include "compiler/model/words.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/model/kinds.h"

static const char *const verdicts[] = {
#define VERDICT(id, value, word) [value] = word,
#include "capspec/verdicts.def"
#undef VERDICT
	NULL
};

bool word_given(struct ast_word w)
{
	return w.at.src != NULL;
}

const char *verdict_word(enum krux_verdict v)
{
	return verdicts[v];
}

/* What other systems, and people in a hurry, call it. */
static struct krux_str synonym(struct krux_str word)
{
	static const struct { const char *from, *to; } known[] = {
		{ "allow", "autonomous" }, { "permit", "autonomous" }, { "auto", "autonomous" },
		{ "deny", "blocked" }, { "block", "blocked" }, { "forbid", "blocked" }, { "refuse", "blocked" },
		{ "ask", "approval-required" }, { "approve", "approval-required" },
		{ "approval", "approval-required" }, { "approval_required", "approval-required" },
		{ "require_approval", "approval-required" }, { "warn", "notify" }, { "log", "notify" },
		{ "org", "organization" }, { "organisation", "organization" }, { "user", "agent" },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (krux_str_eq(word, (struct krux_str){ known[i].from, strlen(known[i].from) }))
			return (struct krux_str){ known[i].to, strlen(known[i].to) };
	return (struct krux_str){ 0 };
}

bool choice_read(struct diags *ds, unsigned code, struct ast_word w, const char *const *words,
                 const char *what, unsigned *out)
{
	struct krux_str list[16], all = { 0 }, near;
	struct diag *d;
	size_t n = 0;

	for (; words[n]; n++) {
		list[n] = (struct krux_str){ words[n], strlen(words[n]) };
		if (krux_str_eq(list[n], w.text)) {
			*out = (unsigned)n;
			return true;
		}
		all = arena_printf(ds->arena, "%.*s%s%s", STR_ARG(all), n ? ", " : "", words[n]);
	}
	near = synonym(w.text);
	for (size_t i = 0; i < n && near.n; i++)
		if (krux_str_eq(list[i], near))
			n = 0;
	if (n)
		near = diag_nearest(w.text, list, n);
	d = diag_error(ds, code, w.at, "`%.*s` is no %s", STR_ARG(w.text), what);
	d->expected = arena_printf(ds->arena, "one of %.*s", STR_ARG(all));
	if (near.n)
		d->fix = arena_printf(ds->arena, "did you mean `%.*s`?", STR_ARG(near));
	return false;
}

bool verdict_read(struct diags *ds, unsigned code, struct ast_word w, enum krux_verdict *out)
{
	unsigned v;

	if (!choice_read(ds, code, w, verdicts, "verdict", &v))
		return false;
	*out = v;
	return true;
}

static bool range_check(struct diags *ds, struct ast_word w, const char *what,
                        const struct krux_type *t, uint64_t v, uint64_t least, uint64_t most)
{
	struct diag *d;

	if (v >= least && v <= most)
		return true;
	d = diag_error(ds, 2132, w.at, "%s is out of range", what);
	d->expected = arena_printf(ds->arena, "%.*s..%.*s",
	                           STR_ARG(number_words(ds->arena, t, (krux_i128)least)),
	                           STR_ARG(number_words(ds->arena, t, (krux_i128)most)));
	return false;
}

bool duration_read(struct diags *ds, struct ast_word w, const char *what, uint64_t least,
                   uint64_t most, uint64_t *out)
{
	const char *why;

	if (krux_read_duration(w.text, out, &why))
		return range_check(ds, w, what, kind_widest(KRUX_T_DURATION), *out, least, most);
	diag_error(ds, 2131, w.at, "%s is no duration: %s", what, why)->expected =
		KRUX_STR("digits and one unit of ns us ms s m h d, such as 1h");
	return false;
}

bool count_read(struct diags *ds, struct ast_word w, const char *what, uint64_t least,
                uint64_t most, uint64_t *out)
{
	const struct krux_type *t = kind_widest(KRUX_T_UINT);
	const char *why;
	krux_i128 v;

	if (krux_read_integer(w.text, &v, &why)) {
		*out = v < 0 || v > t->hi ? 0 : (uint64_t)v;
		if (v >= 0 && v <= t->hi)
			return range_check(ds, w, what, t, *out, least, most);
		why = "it is out of range";
	}
	diag_error(ds, 2131, w.at, "%s is no number: %s", what, why)->expected =
		KRUX_STR("digits, with KiB, MiB or GiB behind them where bytes are meant");
	return false;
}

bool id_check(struct diags *ds, struct ast_word w, const char *what)
{
	bool ok = w.text.n && w.text.n <= KRUX_MAX_NAME && w.text.p[0] != '.' &&
	          w.text.p[0] != '_' && w.text.p[0] != '-';

	for (size_t i = 0; ok && i < w.text.n; i++) {
		char c = w.text.p[i];

		ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		     c == '-';
	}
	if (!ok)
		diag_error(ds, 2103, w.at, "this is no name of a %s", what)->expected =
			KRUX_STR("1 to 63 of a-z 0-9 . _ -, the first a letter or digit");
	return ok;
}
