/* What the lexer (cap.re), the grammar (cap.y) and their driver (compiler/read/parse.c) share.
 *
 * One grammar reads capability files, conditions, calls and operands: the first token fed is
 * one of the four T_ENTRY_... and chooses what is being read. The fast road is cap_parse(): it
 * stops at the first thing it does not understand and says nothing. The driver then reads the
 * same text again, token by token, asking the parser before each what it would accept, and
 * writes the diagnostics. */
#ifndef KRUX_GRAMMAR_CAP_H
#define KRUX_GRAMMAR_CAP_H

#include "capspec/limits.h"
#include "compiler/ast/capfile.h"
#include "compiler/base/diag.h"

enum { CAP_NESTING = KRUX_MAX_DEPTH, CAP_END = 0 };

struct token {
	struct krux_str text;           /* as written; of strings: what they mean */
	uint32_t at, n;                 /* bytes of parse.text */
};

struct cap_draft;                       /* the capability that is being read */

struct parse {
	struct arena *arena;
	struct diags *diags;
	struct krux_str text;           /* valid UTF-8, no NUL, a NUL after it */

	/* Where the text stands. map: source offset of each text offset, text.n + 1 of them;
	 * NULL: they run alike from `whole.at`. blurred: only the whole is known. */
	struct span whole;
	const uint32_t *map;
	bool blurred;

	/* lexer */
	const unsigned char *cursor;
	bool quiet;                     /* say nothing, count slips */
	unsigned slips;
	bool keep_comments;             /* return them as T_COMMENT: for the formatter */
	uint32_t tabs;                  /* how many were met; the first is reported */
	uint32_t tab_at;

	/* parser */
	unsigned nesting;
	bool refused, too_deep;

	/* what was read */
	const struct expr *expr;
	const struct operand *operand;
	struct krux_str capability;
	const struct literal *args;
	struct capfile *file;
	struct ast_typedef *type;
	struct ast_capability *cap;
	size_t types_cap, caps_cap;
	struct cap_draft *draft;
};

struct span cap_span(const struct parse *, uint32_t at, uint32_t n);

/* Counts an error in the text and, unless quiet, reports it; the diagnostic comes back for
 * completion, or NULL. */
#define CAP_ERROR(p, code, at, ...) \
	((p)->slips++, (p)->quiet ? (struct diag *)NULL : diag_error((p)->diags, (code), (at), __VA_ARGS__))

/* The next token's code, CAP_END at the end. Malformed text is reported (unless quiet) and
 * comes back as the token that was most likely meant. */
int cap_lex(struct parse *, struct token *);
/* Keeps count of open brackets; false beyond the limit. */
bool cap_nest(struct parse *, int entry, int code);

/* Reads the whole text quietly; false when anything is wrong with it. */
bool cap_parse(struct parse *, int entry);

/* The same parser, one token at a time. */
struct cap_parser *cap_parser_new(struct parse *);
void cap_parser_free(struct cap_parser *);
void cap_feed(struct cap_parser *, int code, struct token);
/* Would it take these, one after another? */
bool cap_accepts(const struct cap_parser *, const int *codes, size_t n);
/* Would it take this code as what it is, not as a name? */
bool cap_expects(const struct cap_parser *, int code);
/* Pops to the innermost construct that may be given up, so that T_BAD is accepted; the number of
 * brackets open there, or -1 if there is none. */
int cap_retreat(struct cap_parser *);
/* The i-th symbol from the top of the stack: a token code, -1: something composed, -2: beyond
 * the bottom. */
int cap_symbol(const struct cap_parser *, size_t i);

#endif
