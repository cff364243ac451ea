/* Tokens into syntax trees: the whole syntax of Krux, capability files, conditions, calls and
 * operands alike. The first token, which no text contains, chooses which.
 *
 * This file and cap.re are documentation too. A line reads "left ::= right": what is on the
 * left is written as the right. Letters in parentheses name values for the C code in braces,
 * which makes the tree (compiler/ast/) and decides nothing: names are resolved, types compared
 * and clauses counted later.
 *
 * T_BAD stands for text that was reported and given up; compiler/read/parse.c puts it there. */

%name cap_lemon
%token_prefix T_
%token_type {struct token}
%extra_context {struct parse *p}
%start_symbol start

/* 64 levels of nesting take at most nine entries each; what nests without brackets (not not
 * not ...) ends here. */
%stack_size 640
%stack_overflow { p->refused = p->too_deep = true; }
%syntax_error { p->refused = true; }

%include {
#include "grammar/tree.h"

#include <stdio.h>
#include <stdlib.h>

#define YYNOERRORRECOVERY 1
#ifndef KRUX_DEBUG
#define NDEBUG 1
#endif
}

/* Words serve as names wherever the grammar has no other use for them. */
%fallback WORD AND OR NOT TRUE FALSE IN UNDER MATCHES LIKE STARTS ENDS WITH CONTAINS HAS ANY ALL IT
	SIZE WORKSPACE CALLS NAMESPACE TYPE CAPABILITY INPUT OUTPUT ERROR RECOVER EFFECT LABELS LIMITS
	HANDLER ANSWER DURABLE CHANGES APPROVE EXAMPLE BUILTIN COMMAND SHA256 ARGV BACKGROUND MCP TOOL RESIDENT TREE PRUNES
	OPTIONAL UNUSED ENUM LIST MAP RECORD DECIMAL MAX PATTERN.

/* decimal 2 0..9.99: the first number is the scale. */
%nonassoc SHORT.
%nonassoc NUMBER.

%token COMMENT.

%type file {int}
%type docs {struct docs *}
%type fields {struct fields *}
%type field {struct ast_field *}
%type field_type {struct ast_type *}
%type bounded {struct ast_type *}
%type type {struct ast_type *}
%type default {struct literal *}
%type names {struct literals *}
%type effect_args {struct ast_effect *}
%type effect_arg {struct ast_effect_arg *}
%type argv_items {struct argvs *}
%type argv_item {struct ast_argv *}
%type background {bool}
%type record {struct literal *}
%type members {struct literals *}
%type member {struct literal *}
%type literal {struct literal *}
%type literals {struct literals *}
%type scalar {struct literal *}
%type range {struct literal *}
%type right {struct literal *}
%type item {struct literal *}
%type items {struct literals *}
%type dotted {struct names *}
%type capability_name {struct names *}
%type name {struct operand *}
%type it {struct names *}
%type element {struct operand *}
%type operand {struct operand *}
%type condition {const struct expr *}
%type disjunction {const struct expr *}
%type conjunction {const struct expr *}
%type negation {const struct expr *}
%type test {const struct expr *}
%type op {enum expr_op}

start ::= ENTRY_FILE file.
start ::= ENTRY_CONDITION condition(C).                  { p->expr = C; }
start ::= ENTRY_CALL call.
start ::= ENTRY_OPERAND operand(O).                      { p->operand = O; }

/* ---- capability files ---- */

file ::= namespace declarations.

namespace ::= NAMESPACE WORD(N) STRING(D) SEMI. {
	p->file->ns = tree_identifier(p, N, "a namespace");
	p->file->ns_at = AT(N);
	p->file->doc = D.text;
}
namespace ::= BAD.

declarations ::= .
declarations ::= declarations declaration.

declaration ::= type_declaration.
declaration ::= capability.
declaration ::= docs BAD.

docs(A) ::= .                                            { A = ARENA_NEW(p->arena, struct docs); }
docs(A) ::= docs(A) DOC(D).                              { PUSH(p, A, D); }

type_declaration ::= docs(D) TYPE NAME(N) ASSIGN bounded(T) SEMI. {
	struct ast_typedef def = { AT(N), N.text, T };

	tree_docs_unwanted(p, D);
	ARENA_PUSH(p->arena, p->type, p->file->ntypes, p->types_cap, def);
	p->file->type = p->type;
}

capability ::= capability_head clauses RC.               { tree_capability_end(p); }
capability_head ::= docs(D) CAPABILITY WORD(N) VERSION(V) LC. { tree_capability(p, D, N, V); }

/* Which clauses a capability needs, and how often, is for check/ to say. */
clauses ::= .
clauses ::= clauses clause.

clause ::= BAD.
clause ::= INPUT LC fields(F) RC.                        { p->draft->cap.inputs++; tree_fields(p, &p->draft->input, F); }
clause ::= OUTPUT LC fields(F) RC.                       { p->draft->cap.outputs++; tree_fields(p, &p->draft->output, F); }
clause ::= ERROR(E) NAME(N) STRING(D) RECOVER capability_name(R) STRING(H) SEMI. {
	struct cap_draft *d = p->draft;
	struct ast_error error = { FROM_TO(E, N), N.text, D.text, tree_dotted(p, R, (struct krux_str){ 0 }), H.text,
	                           R->at };

	error.at = AT(N);
	ARENA_PUSH(p->arena, d->error, d->cap.nerrors, d->errors, error);
}
clause ::= EFFECT effects SEMI.                          { p->draft->cap.effect_clauses++; }
clause ::= LABELS names(L) SEMI. {
	struct cap_draft *d = p->draft;

	d->cap.label_clauses++;
	for (size_t i = 0; i < L->n; i++)
		ARENA_PUSH(p->arena, d->label, d->cap.nlabels, d->labels, L->item[i]);
}
clause ::= LIMITS LC limits RC.                          { p->draft->cap.limit_clauses++; }
clause ::= HANDLER(H) handler SEMI(S).                   { p->draft->cap.handlers++; p->draft->cap.handler.at = FROM_TO(H, S); }
clause ::= ANSWER DURABLE COLON FALSE SEMI.              { p->draft->cap.answers++; p->draft->cap.not_durable = true; }
clause ::= CHANGES(C) COLON APPROVE SEMI(S).             { p->draft->cap.changes++; p->draft->cap.changes_at = FROM_TO(C, S); }
clause ::= EXAMPLE STRING(N) record(I) ARROW record(O) SEMI. {
	struct cap_draft *d = p->draft;
	struct ast_example example = { AT(N), N.text, I, O, { 0 } };

	ARENA_PUSH(p->arena, d->example, d->cap.nexamples, d->examples, example);
}
clause ::= EXAMPLE STRING(N) record(I) ARROW ERROR NAME(E) SEMI. {
	struct cap_draft *d = p->draft;
	struct ast_example example = { AT(N), N.text, I, NULL, E.text };

	ARENA_PUSH(p->arena, d->example, d->cap.nexamples, d->examples, example);
}

fields(A) ::= .                                          { A = ARENA_NEW(p->arena, struct fields); }
fields(A) ::= fields(A) field(F).                        { PUSH(p, A, *F); }
fields(A) ::= fields(A) BAD.

field(A) ::= WORD(N) COLON field_type(T) default(L) SEMI. {
	A = ARENA_NEW(p->arena, struct ast_field);
	*A = (struct ast_field){ AT(N), tree_identifier(p, N, "a field"), T, L, { 0 } };
}
field(A) ::= WORD(N) COLON field_type(T) default(L) STRING(D) SEMI. {
	A = ARENA_NEW(p->arena, struct ast_field);
	*A = (struct ast_field){ AT(N), tree_identifier(p, N, "a field"), T, L, D.text };
}

default(A) ::= .                                         { A = NULL; }
default(A) ::= ASSIGN literal(L).                        { A = L; }

field_type(A) ::= bounded(A).
field_type(A) ::= bounded(A) UNUSED.                     { A->unused = true; }
field_type(A) ::= OPTIONAL bounded(T).                   { A = T; A->optional = true; }
field_type(A) ::= OPTIONAL bounded(T) UNUSED.            { A = T; A->optional = A->unused = true; }

bounded(A) ::= type(A).
bounded(A) ::= bounded(A) NUMBER(L) DOTDOT NUMBER(H). {
	tree_bound(p, &A->lo, tree_literal(p, LIT_NUMBER, L), "range");
	A->hi = tree_literal(p, LIT_NUMBER, H);
}
bounded(A) ::= bounded(A) MAX NUMBER(N).                 { tree_bound(p, &A->max, tree_literal(p, LIT_NUMBER, N), "'max'"); }
bounded(A) ::= bounded(A) PATTERN STRING(S).             { tree_bound(p, &A->pattern, tree_literal(p, LIT_STRING, S), "'pattern'"); }

type(A) ::= WORD(W).                                     { A = tree_type(p, W); }
type(A) ::= NAME(W).                                     { A = tree_type(p, W); }
type(A) ::= DECIMAL(W). [SHORT]                          { A = tree_type(p, W); }
type(A) ::= DECIMAL(W) NUMBER(N).                        { A = tree_type(p, W); A->scale = tree_literal(p, LIT_NUMBER, N); }
type(A) ::= ENUM(W) LC names(N) RC(Z). {
	A = tree_type(p, W);
	A->at = FROM_TO(W, Z);
	A->names = N->item;
	A->nnames = N->n;
}
type(A) ::= LIST(W) LT bounded(E) GT(Z).                 { A = tree_type(p, W); A->at = FROM_TO(W, Z); A->elem = E; }
type(A) ::= MAP(W) LT WORD(K) COMMA bounded(E) GT(Z). {
	struct diag *d;

	A = tree_type(p, W);
	A->at = FROM_TO(W, Z);
	A->elem = E;
	if (!krux_str_eq(K.text, KRUX_STR("string")) && (d = CAP_ERROR(p, 34, AT(K), "keys of a map are strings")))
		d->fix = KRUX_STR("write 'map<string, ...>'");
}
type(A) ::= RECORD(W) LC fields(F) RC(Z). {
	A = tree_type(p, W);
	A->at = FROM_TO(W, Z);
	A->field = F->item;
	A->nfields = F->n;
}

names(A) ::= WORD(W). {
	A = ARENA_NEW(p->arena, struct literals);
	PUSH(p, A, *tree_literal(p, LIT_WORD, W));
}
names(A) ::= names(A) COMMA WORD(W).                     { PUSH(p, A, *tree_literal(p, LIT_WORD, W)); }

effects ::= effect.
effects ::= effects COMMA effect.
effect ::= WORD(W). {
	struct cap_draft *d = p->draft;
	struct ast_effect effect = { .at = AT(W), .word = W.text };

	ARENA_PUSH(p->arena, d->effect, d->cap.neffects, d->effects, effect);
}
effect ::= WORD(W) LP effect_args(A) RP(Z). {
	struct cap_draft *d = p->draft;

	A->at = FROM_TO(W, Z);
	A->word = W.text;
	ARENA_PUSH(p->arena, d->effect, d->cap.neffects, d->effects, *A);
}
effect_args(A) ::= effect_arg(B).                        { A = ARENA_NEW(p->arena, struct ast_effect); A->arg[0] = *B; A->nargs = 1; }
effect_args(A) ::= effect_arg(B) COMMA effect_arg(C).    { A = ARENA_NEW(p->arena, struct ast_effect); A->arg[0] = *B; A->arg[1] = *C; A->nargs = 2; }

effect_arg(A) ::= name(N). {
	A = ARENA_NEW(p->arena, struct ast_effect_arg);
	*A = (struct ast_effect_arg){ .at = N->at, .operand = N };
}
effect_arg(A) ::= TREE(T). {
	A = ARENA_NEW(p->arena, struct ast_effect_arg);
	*A = (struct ast_effect_arg){ .at = AT(T), .operand = tree_operand(p, OPERAND_NAME, AT(T), tree_name(p, T)) };
}
effect_arg(A) ::= TREE(T) name(N). {
	A = ARENA_NEW(p->arena, struct ast_effect_arg);
	*A = (struct ast_effect_arg){ .at = span_join(AT(T), N->at), .tree = true, .operand = N };
}
effect_arg(A) ::= TREE(T) name(N) PRUNES(Z). {
	A = ARENA_NEW(p->arena, struct ast_effect_arg);
	*A = (struct ast_effect_arg){ .at = FROM_TO(T, Z), .tree = true, .prunes = true, .operand = N };
}
effect_arg(A) ::= STRING(S). {
	A = ARENA_NEW(p->arena, struct ast_effect_arg);
	*A = (struct ast_effect_arg){ .at = AT(S), .constant = tree_literal(p, LIT_STRING, S) };
}

limits ::= .
limits ::= limits limit.
limits ::= limits BAD.
limit ::= WORD(W) NUMBER(N) SEMI. {
	struct cap_draft *d = p->draft;
	struct ast_limit limit = { AT(W), W.text, tree_literal(p, LIT_NUMBER, N) };

	ARENA_PUSH(p->arena, d->limit, d->cap.nlimits, d->limits, limit);
}

handler ::= BUILTIN STRING(N).                           { p->draft->cap.handler = (struct ast_handler){ .kind = HANDLER_BUILTIN, .name = N.text }; }
handler ::= COMMAND STRING(N) SHA256 STRING(D) ARGV LB argv_items(A) RB background(G). {
	p->draft->cap.handler = (struct ast_handler){ .kind = HANDLER_COMMAND, .name = N.text, .sha256 = D.text,
	                                              .argv = A->item, .nargv = A->n, .background = G };
}
handler ::= COMMAND STRING(N) SHA256 STRING(D) ARGV LB RB background(G). {
	p->draft->cap.handler = (struct ast_handler){ .kind = HANDLER_COMMAND, .name = N.text, .sha256 = D.text, .background = G };
}
handler ::= MCP STRING(N) TOOL STRING(T) RESIDENT.       { p->draft->cap.handler = (struct ast_handler){ .kind = HANDLER_MCP, .name = N.text, .tool = T.text }; }

background(A) ::= .                                      { A = false; }
background(A) ::= BACKGROUND.                            { A = true; }

argv_items(A) ::= argv_item(I).                          { A = ARENA_NEW(p->arena, struct argvs); PUSH(p, A, *I); }
argv_items(A) ::= argv_items(A) COMMA argv_item(I).      { PUSH(p, A, *I); }

argv_item(A) ::= STRING(S). {
	A = ARENA_NEW(p->arena, struct ast_argv);
	*A = (struct ast_argv){ AT(S), ARGV_CONST, S.text, NULL };
}
argv_item(A) ::= name(N). {
	A = ARENA_NEW(p->arena, struct ast_argv);
	*A = (struct ast_argv){ N->at, ARGV_FIELD, { 0 }, N };
}
argv_item(A) ::= STRING(S) PLUS name(N). {
	A = ARENA_NEW(p->arena, struct ast_argv);
	*A = (struct ast_argv){ span_join(AT(S), N->at), ARGV_JOINED, S.text, N };
}
argv_item(A) ::= name(N) QUESTION(Z). {
	A = ARENA_NEW(p->arena, struct ast_argv);
	*A = (struct ast_argv){ span_join(N->at, AT(Z)), ARGV_OPTIONAL, { 0 }, N };
}
argv_item(A) ::= name(N) STAR(Z). {
	A = ARENA_NEW(p->arena, struct ast_argv);
	*A = (struct ast_argv){ span_join(N->at, AT(Z)), ARGV_EACH, { 0 }, N };
}

/* ---- literals ---- */

literal(A) ::= scalar(A).
literal(A) ::= record(A).
literal(A) ::= LB(Y) RB(Z).                              { A = tree_list(p, LIT_LIST, NULL, Y, Z); }
literal(A) ::= LB(Y) literals(L) RB(Z).                  { A = tree_list(p, LIT_LIST, L, Y, Z); }

literals(A) ::= literal(L).                              { A = ARENA_NEW(p->arena, struct literals); PUSH(p, A, *L); }
literals(A) ::= literals(A) COMMA literal(L).            { PUSH(p, A, *L); }

record(A) ::= LC(Y) RC(Z).                               { A = tree_list(p, LIT_RECORD, NULL, Y, Z); }
record(A) ::= LC(Y) members(M) RC(Z).                    { A = tree_list(p, LIT_RECORD, M, Y, Z); }

members(A) ::= member(M).                                { A = ARENA_NEW(p->arena, struct literals); PUSH(p, A, *M); }
members(A) ::= members(A) COMMA member(M).               { PUSH(p, A, *M); }

/* A member's name is a string where it is the key of a map. */
member(A) ::= WORD(N) COLON literal(L).                  { A = L; A->name = N.text; A->name_at = AT(N); }
member(A) ::= STRING(N) COLON literal(L).                { A = L; A->name = N.text; A->name_at = AT(N); }

/* true, false, weekdays, names of an enum and groups are words. */
scalar(A) ::= STRING(T).                                 { A = tree_literal(p, LIT_STRING, T); }
scalar(A) ::= NUMBER(T).                                 { A = tree_literal(p, LIT_NUMBER, T); }
scalar(A) ::= WORD(T).                                   { A = tree_literal(p, LIT_WORD, T); }
scalar(A) ::= ADDRESS(T).                                { A = tree_literal(p, LIT_ADDRESS, T); }
scalar(A) ::= TIME(T).                                   { A = tree_literal(p, LIT_TIME, T); }

/* ---- calls and names of capabilities ---- */

call ::= capability_name(C) record(R).                   { p->capability = tree_dotted(p, C, (struct krux_str){ 0 }); p->args = R; }
call ::= capability_name(C) VERSION(V) record(R).        { p->capability = tree_dotted(p, C, V.text); p->args = R; }

capability_name(A) ::= WORD(W).                          { A = tree_name(p, W); }
capability_name(A) ::= capability_name(A) DOT WORD(W).   { PUSH(p, A, W.text); A->at = span_join(A->at, AT(W)); }

/* ---- conditions ---- */

condition(A) ::= disjunction(B).                         { A = tree_chain(p, B); }

disjunction(A) ::= conjunction(B).                       { A = tree_chain(p, B); }
disjunction(A) ::= disjunction(B) OR conjunction(C).     { A = tree_pair(p, EXPR_OR, B, tree_chain(p, C)); }

conjunction(A) ::= negation(A).
conjunction(A) ::= conjunction(B) AND negation(C).       { A = tree_pair(p, EXPR_AND, B, C); }

negation(A) ::= test(A).
negation(A) ::= NOT(N) negation(B). {
	struct expr *e = tree_expr(p, EXPR_NOT, span_join(AT(N), B->at));

	e->a = B;
	A = e;
}

test(A) ::= LP condition(B) RP.                          { A = B; }
test(A) ::= TRUE(T).                                     { A = tree_expr(p, EXPR_TRUE, AT(T)); }
test(A) ::= FALSE(T).                                    { A = tree_expr(p, EXPR_FALSE, AT(T)); }
test(A) ::= element(N). {
	struct expr *e = tree_expr(p, EXPR_NAME, N->at);

	e->operand = N;
	A = e;
}
test(A) ::= HAS(H) element(N). {
	struct expr *e = tree_expr(p, EXPR_HAS, span_join(AT(H), N->at));

	e->operand = N;
	A = e;
}
test(A) ::= WORKSPACE(W) HAS STRING(L). {
	struct expr *e = tree_expr(p, EXPR_LABEL, FROM_TO(W, L));

	e->right = tree_literal(p, LIT_STRING, L);
	A = e;
}
test(A) ::= ANY(Y) LP element(L) COMMA condition(C) RP(Z). { A = tree_quantifier(p, EXPR_ANY, FROM_TO(Y, Z), L, C); }
test(A) ::= ALL(Y) LP element(L) COMMA condition(C) RP(Z). { A = tree_quantifier(p, EXPR_ALL, FROM_TO(Y, Z), L, C); }
test(A) ::= operand(L) op(O) right(R).                   { A = tree_test(p, L, O, R); }

op(A) ::= EQ.                                            { A = OP_EQ; }
op(A) ::= NE.                                            { A = OP_NE; }
op(A) ::= LT.                                            { A = OP_LT; }
op(A) ::= LE.                                            { A = OP_LE; }
op(A) ::= GT.                                            { A = OP_GT; }
op(A) ::= GE.                                            { A = OP_GE; }
op(A) ::= IN.                                            { A = OP_IN; }
op(A) ::= UNDER.                                         { A = OP_UNDER; }
op(A) ::= MATCHES.                                       { A = OP_MATCHES; }
op(A) ::= LIKE.                                          { A = OP_LIKE; }
op(A) ::= STARTS WITH.                                   { A = OP_STARTS; }
op(A) ::= ENDS WITH.                                     { A = OP_ENDS; }
op(A) ::= CONTAINS.                                      { A = OP_CONTAINS; }

/* Which operator takes which of these is a matter of types. */
right(A) ::= item(A).
right(A) ::= LB(Y) items(L) RB(Z).                       { A = tree_list(p, LIT_LIST, L, Y, Z); }

items(A) ::= item(I).                                    { A = ARENA_NEW(p->arena, struct literals); PUSH(p, A, *I); }
items(A) ::= items(A) COMMA item(I).                     { PUSH(p, A, *I); }

item(A) ::= scalar(A).
item(A) ::= range(A).
range(A) ::= scalar(L) DOTDOT scalar(H).                 { A = tree_range(p, L, H); }

operand(A) ::= element(A).
operand(A) ::= SIZE(Y) LP operand(O) RP(Z). {
	A = tree_operand(p, OPERAND_SIZE, FROM_TO(Y, Z), NULL);
	A->inner = O;
}
operand(A) ::= WORKSPACE(Y) DOT CALLS LP capability_name(C) RP(Z). {
	A = tree_operand(p, OPERAND_CALLS, FROM_TO(Y, Z), NULL);
	A->text = tree_dotted(p, C, (struct krux_str){ 0 });
}
operand(A) ::= WORKSPACE(Y) DOT CALLS LP capability_name(C) VERSION(V) RP(Z). {
	A = tree_operand(p, OPERAND_CALLS, FROM_TO(Y, Z), NULL);
	A->text = tree_dotted(p, C, V.text);
}

element(A) ::= name(A).
element(A) ::= it(I).                                    { A = tree_operand(p, OPERAND_IT, I->at, I); }

it(A) ::= IT(T).                                         { A = ARENA_NEW(p->arena, struct names); A->at = AT(T); }
it(A) ::= it(A) DOT WORD(W).                             { PUSH(p, A, W.text); A->at = span_join(A->at, AT(W)); }

name(A) ::= dotted(D).                                   { A = tree_operand(p, OPERAND_NAME, D->at, D); }
name(A) ::= WORKSPACE(W).                                { A = tree_operand(p, OPERAND_NAME, AT(W), tree_name(p, W)); }

/* A field may be called like what else could stand here. */
dotted(A) ::= WORD(W).                                   { A = tree_name(p, W); }
dotted(A) ::= SIZE(W).                                   { A = tree_name(p, W); }
dotted(A) ::= ANY(W).                                    { A = tree_name(p, W); }
dotted(A) ::= ALL(W).                                    { A = tree_name(p, W); }
dotted(A) ::= dotted(A) DOT WORD(W).                     { PUSH(p, A, W.text); A->at = span_join(A->at, AT(W)); }
dotted(A) ::= dotted(A) DOT CALLS(W).                    { PUSH(p, A, W.text); A->at = span_join(A->at, AT(W)); }
dotted(A) ::= WORKSPACE(V) DOT WORD(W).                  { A = tree_name(p, V); PUSH(p, A, W.text); A->at = FROM_TO(V, W); }
dotted(A) ::= WORKSPACE(V) DOT CALLS(W).                 { A = tree_name(p, V); PUSH(p, A, W.text); A->at = FROM_TO(V, W); }

/* ---- the parser as its driver sees it ---- */

%code {
struct cap_parser { yyParser yy; };

bool cap_nest(struct parse *p, int entry, int code)
{
	switch (code) {
	case T_LT:
		if (entry != T_ENTRY_FILE)
			return true;
		/* fall through */
	case T_LP:
	case T_LB:
	case T_LC:
		return ++p->nesting <= CAP_NESTING;
	case T_GT:
		if (entry != T_ENTRY_FILE)
			return true;
		/* fall through */
	case T_RP:
	case T_RB:
	case T_RC:
		p->nesting -= p->nesting > 0;
		return true;
	}
	return true;
}

bool cap_parse(struct parse *p, int entry)
{
	struct token t = { 0 };
	yyParser yy;
	int code;

	p->quiet = true;
	cap_lemonInit(&yy, p);
	cap_lemon(&yy, entry, t);
	do {
		code = cap_lex(p, &t);
		if (!cap_nest(p, entry, code))
			p->refused = true;
		else
			cap_lemon(&yy, code, t);
	} while (code != CAP_END && !p->refused && !p->slips);
	cap_lemonFinalize(&yy);
	p->quiet = false;
	return !p->refused && !p->slips && !p->tabs;
}

struct cap_parser *cap_parser_new(struct parse *p)
{
	struct cap_parser *c = malloc(sizeof *c);

	if (!c) {
		fputs("kruxc: out of memory\n", stderr);
		exit(3);
	}
	cap_lemonInit(&c->yy, p);
	return c;
}

void cap_parser_free(struct cap_parser *c)
{
	free(c);
}

void cap_feed(struct cap_parser *c, int code, struct token t)
{
	cap_lemon(&c->yy, code, t);
}

/* What the parser would do, without doing it: its stack up to `base`, and states above. */
struct walk {
	const yyParser *yy;
	size_t base, n;
	YYACTIONTYPE above[64];
};

static YYACTIONTYPE walk_state(const struct walk *w)
{
	return w->n ? w->above[w->n - 1] : w->yy->yystack[w->base].stateno;
}

static YYACTIONTYPE walk_action(const struct walk *w, int code, bool as_name)
{
	YYACTIONTYPE state = walk_state(w);
	int i;

	if (state > YY_MAX_SHIFT)
		return state;
	i = yy_shift_ofst[state];
	if (yy_lookahead[i + code] == code)
		return yy_action[i + code];
	if (as_name && yyFallback[code] && yy_lookahead[i + yyFallback[code]] == yyFallback[code])
		return yy_action[i + yyFallback[code]];
	return yy_default[state];
}

static void walk_reduce(struct walk *w, int rule)
{
	for (int k = -yyRuleInfoNRhs[rule]; k; k--) {
		if (w->n)
			w->n--;
		else
			w->base--;
	}
	w->above[w->n] = yy_find_reduce_action(walk_state(w), yyRuleInfoLhs[rule]);
	w->n++;
}

static bool walk_take(struct walk *w, int code, bool as_name)
{
	for (;;) {
		YYACTIONTYPE act = walk_action(w, code, as_name);

		if (act == YY_ACCEPT_ACTION)
			return true;
		if (act > YY_MAX_SHIFTREDUCE && act < YY_MIN_REDUCE)
			return false;
		if (w->n == sizeof w->above / sizeof *w->above)
			return false;
		if (act <= YY_MAX_SHIFTREDUCE) {
			w->above[w->n++] = act > YY_MAX_SHIFT ? act + YY_MIN_REDUCE - YY_MIN_SHIFTREDUCE : act;
			return true;
		}
		walk_reduce(w, act - YY_MIN_REDUCE);
	}
}

bool cap_accepts(const struct cap_parser *c, const int *codes, size_t n)
{
	struct walk w = { .yy = &c->yy, .base = (size_t)(c->yy.yytos - c->yy.yystack) };

	for (size_t i = 0; i < n; i++)
		if (!walk_take(&w, codes[i], true))
			return false;
	return true;
}

bool cap_expects(const struct cap_parser *c, int code)
{
	struct walk w = { .yy = &c->yy, .base = (size_t)(c->yy.yytos - c->yy.yystack) };

	return walk_take(&w, code, false);
}

int cap_retreat(struct cap_parser *c)
{
	int open = 0;

	for (size_t i = (size_t)(c->yy.yytos - c->yy.yystack) + 1; i-- > 0;) {
		struct walk w = { .yy = &c->yy, .base = i };

		if (!walk_take(&w, T_BAD, false))
			continue;
		c->yy.yytos = c->yy.yystack + i;
		for (; i; i--) {
			int code = c->yy.yystack[i].major;

			open += code == T_LP || code == T_LB || code == T_LC || code == T_LT;
		}
		return open;
	}
	return -1;
}

int cap_symbol(const struct cap_parser *c, size_t i)
{
	struct walk w = { .yy = &c->yy, .base = (size_t)(c->yy.yytos - c->yy.yystack) };
	int code;

	/* A token that ended something stands on the stack until the next one comes. */
	while (walk_state(&w) > YY_MAX_SHIFT)
		walk_reduce(&w, walk_state(&w) - YY_MIN_REDUCE);
	if (i < w.n)
		return -1;
	if (i - w.n >= w.base)
		return -2;
	code = c->yy.yystack[w.base - (i - w.n)].major;
	return code < YYNTOKEN ? code : -1;
}
}
