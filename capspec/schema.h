/* What a runtime knows about each capability: the compiler writes it into the bundle, the
 * runtime reads it back. Format: `schema` in capspec/bundle.cddl. */
#ifndef KRUX_SCHEMA_H
#define KRUX_SCHEMA_H

#include "type.h"

enum krux_effect_kind {
#define EFFECT(id, word, rank) KRUX_EFFECT_##id,
#include "effects.def"
#undef EFFECT
	KRUX_EFFECT_COUNT
};
const char *krux_effect_word(enum krux_effect_kind);
unsigned krux_effect_rank(enum krux_effect_kind);

enum krux_limit_kind {
	KRUX_LIMIT_MEMORY,            /* bytes */
	KRUX_LIMIT_CPU,               /* ns */
	KRUX_LIMIT_WALL,              /* ns */
	KRUX_LIMIT_PIDS,
	KRUX_LIMIT_FILES,
	KRUX_LIMIT_OUTPUT,            /* bytes */
	KRUX_LIMIT_COUNT
};
const char *krux_limit_word(enum krux_limit_kind);

enum krux_handler_kind { KRUX_HANDLER_BUILTIN, KRUX_HANDLER_COMMAND, KRUX_HANDLER_MCP };
enum krux_argv_kind {
	KRUX_ARGV_CONST,              /* text */
	KRUX_ARGV_FIELD,              /* access */
	KRUX_ARGV_JOINED,             /* text and access, one item */
	KRUX_ARGV_OPTIONAL,           /* access, left out when absent */
	KRUX_ARGV_EACH,               /* access, one item an element */
};

struct krux_effect {
	enum krux_effect_kind kind;
	struct krux_effect_arg {
		bool is_constant;
		struct krux_str constant; /* canonical */
		struct krux_str access;   /* a place in the arguments: "path", "target.dir", "url.host" */
		bool tree, prunes;
	} arg[2];                     /* CONNECTS: host and port */
	size_t nargs;                 /* NONE 0, CONNECTS 2, others 1 */
};

struct krux_error_def {
	struct krux_str name, doc, recover, hint;
};

struct krux_argv {
	enum krux_argv_kind kind;
	struct krux_str text, access;
};

struct krux_handler {
	enum krux_handler_kind kind;
	struct krux_str name;         /* of the builtin, the program's path, or the server */
	struct krux_str sha256;       /* COMMAND: 64 hex digits */
	struct krux_str tool;         /* MCP */
	const struct krux_argv *argv; /* COMMAND: what follows argv[0] */
	size_t nargv;
	bool background;              /* COMMAND: a call is answered when the program runs */
};

struct krux_capability {
	struct krux_str name;         /* "filesystem.read" */
	uint16_t major, minor;
	struct krux_str summary, doc, use;
	const struct krux_type *input, *output;     /* RECORDs */
	const struct krux_error_def *error;
	size_t nerrors;
	const struct krux_effect *effect;
	size_t neffects;
	const struct krux_str *label;
	size_t nlabels;
	uint64_t limit[KRUX_LIMIT_COUNT];
	struct krux_handler handler;
	bool durable;                 /* the outcome is durable before the answer */
	bool approves_changes;        /* COMMAND: what it has changed waits for a person, as a whole */
	unsigned rank;                /* greatest effect rank */
	uint32_t max_args;            /* greatest length of the canonical arguments, bytes */
};

/* Capabilities, sorted by name and version, to CBOR in the pool. False: no memory, or not what
 * read would take, with *refusal saying what. */
bool krux_schema_write(struct krux_pool *, const struct krux_capability *, size_t n,
                       struct krux_str *out, struct krux_refusal *refusal);
/* The same without the check. */
bool krux_schema_encode(struct krux_pool *, const struct krux_capability *, size_t n,
                        struct krux_str *out, struct krux_refusal *refusal);
/* Reads any bytes; refuses all that write would not have written. Borrows from cbor. */
bool krux_schema_read(struct krux_pool *, struct krux_str cbor, const struct krux_capability **out,
                      size_t *n, struct krux_refusal *refusal);

/* The type at a place in arguments of type `input`: a field, then record fields or a part of a
 * url. NULL: no such place. */
const struct krux_type *krux_access_type(const struct krux_type *input, struct krux_str access);
/* The value there in canonical arguments; NULL: absent. */
const struct krux_value *krux_access_value(const struct krux_value *args, struct krux_str access);

#endif
