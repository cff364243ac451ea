/* The plain clauses of a capability: documentation, limits, labels, errors. */
#include "compiler/model/cap_resolve.h"

#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/kinds.h"
#include "compiler/model/label.h"
#include "compiler/model/literal.h"

/* ---- documentation ---- */

/* The next line of *rest, cut off it. */
static struct krux_str line_cut(struct krux_str *rest)
{
	const char *lf = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = lf ? (size_t)(lf - rest->p) : rest->n;
	struct krux_str line = { rest->p, n };

	rest->p += n + (lf != NULL);
	rest->n -= n + (lf != NULL);
	return line;
}

static struct krux_str trimmed(struct krux_str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static void append(char *to, size_t *n, struct krux_str s, char between)
{
	if (*n)
		to[(*n)++] = between;
	if (s.n)
		memcpy(to + *n, s.p, s.n);
	*n += s.n;
}

void doc_resolve(struct cap_ctx *c)
{
	struct krux_str rest = c->ast->doc, line;
	char *doc = arena_get(c->arena, rest.n + 1), *use = arena_get(c->arena, rest.n + 1);
	struct span at = c->ast->doc_at.src ? c->ast->doc_at : c->ast->at;
	size_t ndoc = 0, nuse = 0;
	struct diag *d;

	c->cap->summary = trimmed(line_cut(&rest));
	append(doc, &ndoc, c->cap->summary, '\n');
	while (rest.n) {
		line = trimmed(line_cut(&rest));
		if (line.n >= 4 && !memcmp(line.p, "use:", 4))
			append(use, &nuse, trimmed((struct krux_str){ line.p + 4, line.n - 4 }),
			       ' ');
		else
			append(doc, &ndoc, line, '\n');
	}
	c->cap->doc = (struct krux_str){ doc, ndoc };
	c->cap->use = (struct krux_str){ use, nuse };
	line = c->cap->summary;
	if (!line.n || line.n > KRUX_MAX_SUMMARY || line.p[line.n - 1] != '.' ||
	    (line.n >= 4 && !memcmp(line.p, "use:", 4))) {
		d = diag_error(c->diags, 1024, at, "the capability `%.*s` has no summary",
		               STR_ARG(c->ast->name));
		d->expected = KRUX_STR("a first line `/// One sentence.` of at most 200 bytes that "
		                       "ends with a stop");
	}
	if (!nuse) {
		d = diag_error(c->diags, 1025, at,
		               "the capability `%.*s` does not say when to use it",
		               STR_ARG(c->ast->name));
		d->expected = KRUX_STR("a line `/// use: ...` that tells an agent when to pick it");
	}
}

/* ---- limits ---- */

static const struct {
	const char *word;
	enum krux_tkind kind;
	uint64_t most;
} limits[LIMIT_COUNT] = {
	[LIMIT_MEMORY] = { "memory", KRUX_T_SIZE, INT64_MAX },
	[LIMIT_CPU] = { "cpu", KRUX_T_DURATION, INT64_MAX },
	[LIMIT_WALL] = { "wall", KRUX_T_DURATION, INT64_MAX },
	[LIMIT_PIDS] = { "pids", KRUX_T_UINT, UINT32_MAX },
	[LIMIT_FILES] = { "files", KRUX_T_UINT, UINT32_MAX },
	[LIMIT_OUTPUT] = { "output", KRUX_T_SIZE, UINT32_MAX },
};

static int limit_find(struct krux_str word)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (strlen(limits[i].word) == word.n && !memcmp(limits[i].word, word.p, word.n))
			return i;
	return -1;
}

static void limit_read(struct cap_ctx *c, const struct ast_limit *ast, int i)
{
	struct krux_type t = *kind_widest(limits[i].kind);
	struct literal_fault f;
	struct krux_value v;
	struct diag *d;

	t.lo = 1;
	t.hi = (krux_i128)limits[i].most;
	if (literal_canon(c->arena, &t, ast->value, &v, &f)) {
		c->cap->limit[i] = v.u;
		return;
	}
	d = diag_error(c->diags, 1042, f.at, "the limit `%s` is out of range: %.*s", limits[i].word,
	               STR_ARG(f.text));
	d->expected = limits[i].kind == KRUX_T_SIZE ? KRUX_STR("bytes such as 64MiB, at least 1")
	              : limits[i].kind == KRUX_T_DURATION
	                      ? KRUX_STR("a time such as 5s, longer than nothing")
	                      : KRUX_STR("a number, at least 1");
}

void limits_resolve(struct cap_ctx *c)
{
	const struct ast_limit *seen[LIMIT_COUNT] = { 0 };
	struct krux_str missing = { 0 };
	struct diag *d;

	for (size_t k = 0; k < c->ast->nlimits; k++) {
		const struct ast_limit *ast = &c->ast->limit[k];
		int i = limit_find(ast->word);

		if (i < 0) {
			d = diag_error(c->diags, 1040, ast->at, "there is no limit `%.*s`",
			               STR_ARG(ast->word));
			d->expected = KRUX_STR("memory, cpu, wall, pids, files and output");
		} else if (seen[i]) {
			d = diag_error(c->diags, 1043, ast->at, "the limit `%s` is given twice",
			               limits[i].word);
			d->other = seen[i]->at;
			d->other_text = KRUX_STR("first given here");
		} else {
			seen[i] = ast;
			limit_read(c, ast, i);
		}
	}
	for (int i = 0; c->ast->limit_clauses && i < LIMIT_COUNT; i++)
		if (!seen[i])
			missing = arena_printf(c->arena, "%.*s%s%s", STR_ARG(missing),
			                       missing.n ? ", " : "", limits[i].word);
	if (!missing.n)
		return;
	d = diag_error(c->diags, 1041, c->ast->at, "the limits of `%.*s` lack %.*s",
	               STR_ARG(c->ast->name), STR_ARG(missing));
	d->expected = KRUX_STR("all six: memory, cpu, wall, pids, files, output");
}

/* ---- labels ---- */

bool label_valid(struct krux_str s)
{
	if (!s.n || s.n > KRUX_MAX_NAME || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      s.p[i] == '-'))
			return false;
	return true;
}

void labels_resolve(struct cap_ctx *c)
{
	size_t n = c->ast->nlabels;
	struct krux_str *label = ARENA_ARRAY(c->arena, struct krux_str, n);
	struct names names;
	struct diag *d;

	for (size_t i = 0; i < n; i++)
		label[i] = c->ast->label[i].text;
	names_make(&names, c->arena, label, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!label_valid(label[i])) {
			d = diag_error(c->diags, 1045, c->ast->label[i].at, "`%.*s` is no label",
			               STR_ARG(label[i]));
			d->expected = KRUX_STR(LABEL_WORDS);
		} else if (names_first(&names, i) != i) {
			d = diag_error(c->diags, 1045, c->ast->label[i].at,
			               "the label `%.*s` is given twice", STR_ARG(label[i]));
			d->other = c->ast->label[names_first(&names, i)].at;
			d->other_text = KRUX_STR("first here");
		}
	}
	c->cap->label = label;
	c->cap->nlabels = n;
}

/* ---- errors ---- */

void errors_resolve(struct cap_ctx *c)
{
	size_t n = c->ast->nerrors;
	struct error_def *error = ARENA_ARRAY(c->arena, struct error_def, n);
	struct krux_str *name = ARENA_ARRAY(c->arena, struct krux_str, n);
	struct names names;
	struct diag *d;

	for (size_t i = 0; i < n; i++) {
		const struct ast_error *e = &c->ast->error[i];

		name[i] = e->name;
		error[i] = (struct error_def){ e->name, e->doc, e->recover, e->hint };
		if (e->doc.n && e->hint.n)
			continue;
		d = diag_error(c->diags, 1052, e->at, "the error `%.*s` does not say %s",
		               STR_ARG(e->name),
		               e->doc.n ? "what to do about it" : "what went wrong");
		d->expected =
			KRUX_STR("error Name \"What went wrong.\" recover retry \"What to do.\";");
	}
	names_make(&names, c->arena, name, n);
	for (uint32_t i = 0; i < n; i++)
		if (names_first(&names, i) != i) {
			d = diag_error(c->diags, 1050, c->ast->error[i].at,
			               "the error `%.*s` is declared twice", STR_ARG(name[i]));
			d->other = c->ast->error[names_first(&names, i)].at;
			d->other_text = KRUX_STR("first declared here");
		}
	c->cap->error = error;
	c->cap->nerrors = n;
}
