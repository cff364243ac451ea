/* Syntax of a capability file, as written. */
#ifndef KRUX_AST_CAPFILE_H
#define KRUX_AST_CAPFILE_H

#include "compiler/ast/expr.h"

struct ast_type {
	struct span at;
	struct krux_str word;              /* "uint", "list", "record", "Name" */
	const struct literal *lo, *hi;     /* range; NULL: none */
	const struct literal *max;         /* after `max`; NULL: none */
	const struct literal *scale;       /* decimal N */
	const struct literal *pattern;     /* after `pattern` */
	bool optional, unused;
	const struct literal *names;       /* enum: LIT_WORD each */
	size_t nnames;
	const struct ast_type *elem;       /* list<T>, map<string, T> */
	const struct ast_field *field;     /* record */
	size_t nfields;
};

struct ast_field {
	struct span at;
	struct krux_str name;
	const struct ast_type *type;
	const struct literal *deflt;       /* NULL: none */
	struct krux_str doc;               /* n 0: none */
};

struct ast_effect_arg {
	struct span at;
	bool tree, prunes;
	const struct operand *operand;     /* NULL: the constant */
	const struct literal *constant;
};

struct ast_effect {
	struct span at;
	struct krux_str word;
	struct ast_effect_arg arg[2];
	size_t nargs;
};

struct ast_error {
	struct span at;
	struct krux_str name, doc, recover, hint;   /* recover: retry, ask, stop or a capability */
	struct span recover_at;
};

struct ast_limit {
	struct span at;
	struct krux_str word;
	const struct literal *value;
};

enum argv_kind { ARGV_CONST, ARGV_FIELD, ARGV_JOINED, ARGV_OPTIONAL, ARGV_EACH };

struct ast_argv {
	struct span at;
	enum argv_kind kind;
	struct krux_str text;              /* CONST, and the left part of JOINED */
	const struct operand *operand;
};

enum handler_kind { HANDLER_NONE, HANDLER_BUILTIN, HANDLER_COMMAND, HANDLER_MCP };

struct ast_handler {
	struct span at;
	enum handler_kind kind;
	struct krux_str name;              /* builtin name, program, or server */
	struct krux_str sha256, tool;
	const struct ast_argv *argv;
	size_t nargv;
	bool background;
};

struct ast_example {
	struct span at;
	struct krux_str name;
	const struct literal *args;        /* LIT_RECORD */
	const struct literal *output;      /* LIT_RECORD; NULL when it fails */
	struct krux_str error;             /* its error's name; n 0 when it succeeds */
};

/* Clauses that occur more often than allowed are all kept, so that check/ can say so. */
struct ast_capability {
	struct span at;                    /* the name */
	struct krux_str name;              /* without the namespace */
	unsigned major, minor;
	struct krux_str doc;               /* the '///' lines, joined by LF, without "/// " */
	struct span doc_at;
	const struct ast_field *input, *output;
	size_t ninput, noutput;
	unsigned inputs, outputs, effect_clauses, label_clauses, limit_clauses, handlers, answers, changes;
	const struct ast_error *error;
	size_t nerrors;
	const struct ast_effect *effect;
	size_t neffects;
	const struct literal *label;       /* LIT_WORD each */
	size_t nlabels;
	const struct ast_limit *limit;
	size_t nlimits;
	struct ast_handler handler;
	bool not_durable;                  /* answer durable: false; */
	struct span changes_at;            /* changes: approve; */
	const struct ast_example *example;
	size_t nexamples;
};

struct ast_typedef {
	struct span at;
	struct krux_str name;
	const struct ast_type *type;
};

struct capfile {
	const struct source *src;
	struct krux_str ns, doc;
	struct span ns_at;
	const struct ast_typedef *type;
	size_t ntypes;
	const struct ast_capability *cap;
	size_t ncaps;
};

#endif
