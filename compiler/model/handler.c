/* Handlers: a program, its fixed digest, and a template of arguments that no argument of a
 * call can turn into an option, a script or a command. */
#include "compiler/model/cap_resolve.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/model/access.h"
#include "compiler/model/dashes.h"
#include "compiler/model/held.h"
#include "compiler/model/kinds.h"
#include "compiler/model/pattern.h"
#include "compiler/model/program.h"
#include "compiler/model/program_name.h"
#include "compiler/model/usage.h"

#define BIT(kind) (1u << (kind))
/* What has one text without NUL. */
#define TEXTUAL ~(BIT(KRUX_T_BYTES) | BIT(KRUX_T_LIST) | BIT(KRUX_T_MAP) | BIT(KRUX_T_RECORD))

static const char lower[] = "abcdefghijklmnopqrstuvwxyz", digits[] = "0123456789";

/* Is s 1..most of the characters in three sets, and the first one of `start`. */
static bool name_check(struct krux_str s, size_t most, const char *start, const char *more,
                       const char *signs)
{
	if (!s.n || s.n > most || !strchr(start, s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] ||
		    (!strchr(start, s.p[i]) && !strchr(more, s.p[i]) && !strchr(signs, s.p[i])))
			return false;
	return true;
}

/* ---- arguments ---- */

/* May a value's text begin with that character. */
static bool text_can_start(struct arena *a, const struct krux_type *t, char c)
{
	const struct regex *r;
	const char *why;
	size_t at;

	switch (t->kind) {
	case KRUX_T_STRING:
		r = t->pattern.n ? regex_parse(a, t->pattern, &why, &at) : NULL;
		return !r || regex_can_start(r, (unsigned char)c);
	case KRUX_T_SECRET:
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		       c == '-';
	case KRUX_T_INT:
	case KRUX_T_DECIMAL:
		return (c == '-' && t->lo < 0) || (c >= '0' && c <= '9');
	case KRUX_T_ENUM:
		for (size_t i = 0; i < t->nnames; i++)
			if (t->name[i].n && t->name[i].p[0] == c)
				return true;
		return false;
	case KRUX_T_PATH:
		return c == '/';
	default:
		/* Digits, letters, and ':' of addresses. */
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_';
	}
}

static void refuse(struct cap_ctx *c, unsigned code, struct span at, struct krux_str text,
                   const char *fix)
{
	diag_error(c->diags, code, at, "%.*s", STR_ARG(text))->fix =
		(struct krux_str){ fix, strlen(fix) };
}

/* Does the way the item is written fit a field that may be absent, or a list. */
static bool shape_check(struct cap_ctx *c, const struct ast_argv *ast, const struct argv_item *out,
                        bool optional)
{
	const struct krux_type *t = out->access.type;
	struct krux_str name = out->access.text;
	bool list = t->kind == KRUX_T_LIST;

	if (ast->kind == ARGV_OPTIONAL && !optional)
		refuse(c, 1064, ast->at,
		       arena_printf(c->arena, "`%.*s` is never absent", STR_ARG(name)),
		       "leave out the question mark");
	else if (ast->kind == ARGV_EACH && (!list || optional))
		refuse(c, 1064, ast->at,
		       arena_printf(c->arena, "`%.*s` is not a list that is always there",
		                    STR_ARG(name)),
		       "the star stands behind a list without `optional`");
	else if (ast->kind != ARGV_EACH && list)
		refuse(c, 1064, ast->at, arena_printf(c->arena, "`%.*s` is a list", STR_ARG(name)),
		       "write a star behind it: one argument for each element");
	else if (ast->kind != ARGV_OPTIONAL && optional)
		refuse(c, 1064, ast->at,
		       arena_printf(c->arena, "`%.*s` may be absent", STR_ARG(name)),
		       "write a question mark behind it: left out when it is absent");
	else
		return true;
	return false;
}

/* "--name=" and "name=" are prefixes that keep a value a value; "-x" and "--" are not. */
static bool prefix_keeps(struct krux_str s)
{
	return s.n && (s.p[0] != '-' || (s.n > 2 && s.p[1] != '=' && memchr(s.p, '=', s.n)));
}

/* Whether the options have ended, and what could have taken the "--" that was to end them. */
struct ending {
	enum dashes dashes;
	struct krux_str taker;
	bool possible;                     /* a "--" at this place would end them */
	bool listed;                       /* usages say where it may stand */
};

/* What else than a "--" keeps a value of the type from being an option. */
static const char *remedy(const struct krux_type *t)
{
	return t->kind == KRUX_T_STRING ? "give it a pattern that cannot begin with '-', such as \"[^-].*\""
	     : t->kind == KRUX_T_INT || t->kind == KRUX_T_DECIMAL ? "give it a range from 0 on"
	     : "put it behind a prefix, as \"--option=\" and the field";
}

static bool option_check(struct cap_ctx *c, const struct ast_argv *ast, const struct argv_item *out,
                         const struct ending *end)
{
	const struct krux_type *t =
		ast->kind == ARGV_EACH ? out->access.type->elem : out->access.type;
	struct diag *d;

	if (end->dashes == END_OF_OPTIONS || (ast->kind == ARGV_JOINED ? prefix_keeps(ast->text)
	                                        : !text_can_start(c->arena, t, '-')))
		return true;
	if (ast->kind == ARGV_JOINED && !ast->text.n && !text_can_start(c->arena, t, '-'))
		return true;
	d = diag_error(c->diags, 1065, ast->at, "`%.*s` could begin an option",
	               STR_ARG(out->access.text));
	d->expected = end->listed && !end->possible
	              ? KRUX_STR("a prefix \"--option=\", or a type that never starts with '-'")
	              : KRUX_STR("a constant \"--\" before it, a prefix \"--option=\", or a type that never starts with '-'");
	if (end->dashes == DOUBTFUL)
		d->fix = arena_printf(c->arena, "the \"--\" could be a value of \"%.*s\": write that with its value, as \"--option=value\", or %s",
		                      STR_ARG(end->taker), remedy(t));
	else if (end->possible)
		d->fix = arena_printf(c->arena, end->listed ? "put \"--\" before it, or %s"
		                      : "put \"--\" before it, where the program knows that as the end of its options, or %s", remedy(t));
	else if (end->listed)
		d->fix = arena_printf(c->arena, "%s; its usages in LANG.md 3.2 have no \"--\" there", remedy(t));
	else
		d->fix = arena_printf(c->arena, "%s; a \"--\" before it could be a value of an option before that", remedy(t));
	return false;
}

static bool item_resolve(struct cap_ctx *c, const struct ast_argv *ast, struct argv_item *out,
                         const struct ending *end)
{
	const struct krux_type *in, *t;
	enum access_fault fault;
	bool optional = false;
	size_t name;

	*out = (struct argv_item){ .kind = ast->kind, .text = ast->text };
	if (ast->kind == ARGV_CONST)
		return true;
	fault = access_find(c->arena, c->cap->input, ast->operand, &out->access, &optional, &name,
	                    &in);
	if (fault != ACCESS_OK) {
		access_complain(c->diags, 1062, fault, ast->operand, name, in);
		return false;
	}
	if (!shape_check(c, ast, out, optional))
		return false;
	t = ast->kind == ARGV_EACH ? out->access.type->elem : out->access.type;
	if (!(TEXTUAL & BIT(t->kind))) {
		diag_error(c->diags, 1063, ast->at,
		           "`%.*s` is %s, which has no text that could be an argument",
		           STR_ARG(out->access.text), kind_words(t->kind))
			->expected = KRUX_STR("a scalar other than bytes, or a list of such");
		return false;
	}
	return option_check(c, ast, out, end);
}

/* ---- commands ---- */

static void usage_check(struct cap_ctx *c, const struct handler *h)
{
	struct krux_str file = program_file(h->name);
	const struct given given = { usage_knows(file) ? file : program_real(c->arena, h->name), h->argv, h->nargv,
		                     command_executes_workspace(c->cap) };
	struct misuse m;
	struct diag *d;

	if (!given.labelled && usage_runs_workspace(c->arena, &given)) {
		d = diag_error(c->diags, 1068, c->ast->handler.at, "`%.*s` runs code that lies in the workspace, and no label says so",
		               STR_ARG(file));
		d->expected = KRUX_STR("the label `runs-workspace-code`, by which policies know such capabilities");
		d->fix = KRUX_STR("add `labels runs-workspace-code;`");
		return;
	}
	if (!usage_refuse(c->arena, &given, &m))
		return;
	d = diag_error(c->diags, 1066, m.at < h->nargv ? c->ast->handler.argv[m.at].at : c->ast->handler.at,
	               "`%.*s` is refused: %.*s", STR_ARG(file), STR_ARG(m.why));
	d->expected = m.never ? KRUX_STR("a program that does one thing with its arguments")
	            : m.usage.n ? arena_printf(c->arena, "%.*s %.*s", STR_ARG(given.file), STR_ARG(m.usage))
	            : arena_printf(c->arena, "one of the ways to use `%.*s` of LANG.md 3.2", STR_ARG(given.file));
	d->fix = m.never ? KRUX_STR("") : usage_fix(c->arena, &given, m.at);
	if (!d->fix.n)
		d->fix = KRUX_STR("do it by what is known to be harmless, by a builtin, or by a constant script of your own that "
		                  "checks what it is given");
}

static bool argv_fits(struct cap_ctx *c)
{
	const struct ast_handler *ast = &c->ast->handler;

	if (ast->nargv <= KRUX_MAX_ARGV)
		return true;
	diag_error(c->diags, 9018, ast->at, "the command has %zu arguments", ast->nargv)->expected =
		arena_printf(c->arena, "at most %s", KRUX_SHOWN(ARGV));
	return false;
}

static void command_resolve(struct cap_ctx *c, struct handler *h)
{
	const struct ast_handler *ast = &c->ast->handler;
	struct argv_item *item = ARENA_ARRAY(c->arena, struct argv_item, ast->nargv);
	char *path = arena_get(c->arena, ast->name.n + 8);
	struct dashes_of of = dashes_of(program_file(ast->name), program_real(c->arena, ast->name));
	struct ending end = { .dashes = NO_DASHES, .listed = of.listed };
	const bool labelled = command_executes_workspace(c->cap);
	bool ok = true;
	const char *why;
	uint8_t digest[32];
	struct diag *d;
	int n = krux_canon_path(ast->name, path, ast->name.n + 8, &why);

	if (n < 2 || !krux_str_eq(ast->name, (struct krux_str){ path, (size_t)n })) {
		d = diag_error(c->diags, 1060, ast->at,
		               "the program of a command is a canonical absolute path");
		d->expected = KRUX_STR("a path such as \"/usr/bin/git\"");
		ok = false;
	}
	if (!krux_hex_read(ast->sha256, digest, sizeof digest)) {
		d = diag_error(c->diags, 1061, ast->at, "the digest of the program is malformed");
		d->expected = KRUX_STR("64 lower-case hex digits, as sha256sum prints them");
		ok = false;
	}
	for (size_t i = 0; i < ast->nargv; i++) {
		size_t taker = 0;

		if (ast->argv[i].kind != ARGV_CONST) {
			item[i] = (struct argv_item){ .kind = ARGV_CONST, .text = KRUX_STR("--") };
			end.possible = of.listed ? ok && usage_ends(c->arena, &(struct given){ of.file, item, i + 1, labelled })
			                         : dashes_at(&of, item, i, NO_DASHES, &taker) == END_OF_OPTIONS;
		}
		ok = item_resolve(c, &ast->argv[i], &item[i], &end) && ok;
		end.dashes = dashes_at(&of, item, i, end.dashes, &taker);
		if (end.dashes == DOUBTFUL && !end.taker.n)
			end.taker = item[taker].text;
	}
	h->argv = item;
	h->nargv = ast->nargv;
	if (ok)
		usage_check(c, h);
}

void handler_resolve(struct cap_ctx *c)
{
	const struct ast_handler *ast = &c->ast->handler;
	struct handler *h = &c->cap->handler;
	struct diag *d;
	bool ok = true;

	*h = (struct handler){
		.kind = ast->kind, .name = ast->name, .sha256 = ast->sha256, .tool = ast->tool,
		.background = ast->background
	};
	if (ast->kind == HANDLER_COMMAND && argv_fits(c))
		command_resolve(c, h);
	else if (ast->kind == HANDLER_BUILTIN)
		ok = name_check(ast->name, KRUX_MAX_NAME, lower, digits, "_");
	else if (ast->kind == HANDLER_MCP)
		ok = name_check(ast->name, KRUX_MAX_NAME, lower, digits, "._-") &&
		     name_check(ast->tool, 128,
		                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", digits,
		                "_./-");
	if (ok)
		return;
	d = diag_error(c->diags, 1067, ast->at, "the name of the handler is malformed");
	d->expected = ast->kind == HANDLER_BUILTIN
	                      ? KRUX_STR("a letter, then letters, digits and '_', in lower case, "
	                                 "at most 63")
	                      : KRUX_STR("a server name of a-z 0-9 . _ - that starts with a "
	                                 "letter, and a tool name");
}
