/* What the files of the MCP importer share. */
#ifndef KRUX_IMPORT_MCP_H
#define KRUX_IMPORT_MCP_H

#include "capspec/type.h"
#include "compiler/read/import_draft.h"

enum { MCP_DEEPEST = 8 };

/* What words say that a tool does. */
enum { MCP_RUNS = 1, MCP_DELETES = 2, MCP_WRITES = 4, MCP_CONNECTS = 8 };

struct made {                           /* a type, and a literal of it */
	struct krux_str type, sample;
	enum draft_kind kind;           /* DRAFT_CODE: it holds what no effect can name */
	bool nullable;
	uint64_t wire;                  /* most bytes of an argument of it */
	uint64_t most;                  /* elements, of a list */
};

struct maker {
	struct importer *im;
	const struct krux_value *root;  /* what $ref looks into */
	struct notes *notes;            /* of the field at hand */
	struct krux_str field;
	struct span at;
	bool too_deep;                  /* said of the field at hand */
	bool input;
	struct draft_cap *cap;
	struct draft_field *into;       /* of an input: the field at hand */
	struct krux_str place;          /* its name in an effect; n 0: none, as within a list */
	bool maybe;                     /* what holds it can be absent */
	size_t reaches;                 /* of the capability */
	uint64_t budget;                /* bytes that an argument of it may have */
	const struct krux_value *above[MCP_DEEPEST + 1]; /* what is being made, from the outside in */
};

/* The properties of an object's schema to fields; schema may be NULL. */
void import_mcp_fields(struct importer *, struct draft_cap *, const struct krux_value *schema, bool input);

/* What reaches something, by its format or its name (import_mcp_reach.c): the type gets a form that an effect
 * can name, and the effect is noted; where none can, made->kind is DRAFT_CODE. */
void made_reach(struct maker *, struct krux_str name, struct made *, bool optional, bool top);
/* A text whose description says that it is more than text, and that no effect names, is DRAFT_CODE. */
void made_described(struct maker *, const struct krux_value *schema, struct made *);
/* Does anything in a schema reach something. */
bool schema_reaches(struct maker *, const struct krux_value *schema);
/* What #/a/b/c means within the tool's schema; NULL: nothing. */
const struct krux_value *schema_follow(struct maker *, const struct krux_value *schema);
/* Hosts, by the field that holds their port. */
void import_mcp_hosts(struct importer *, struct draft_cap *);

/* What words say (import_mcp_words.c): a tool's name, a description, and a description of a text as that text. */
unsigned mcp_name_says(struct importer *, struct krux_str name);
unsigned mcp_text_says(struct importer *, struct krux_str text);
unsigned mcp_thing_says(struct importer *, struct krux_str text);

/* Scalars by their schemas (import_mcp_scalar.c). */
struct made made_string(struct maker *, const struct krux_value *schema, unsigned depth);
bool format_reaches(struct krux_str format);
struct made made_enum(struct maker *, const struct krux_value *list);
struct made made_integer(struct maker *, const struct krux_value *schema);
struct made made_number(struct maker *, const struct krux_value *schema);
struct made made_of(const char *type, const char *sample);
/* The most bytes of a scalar of a type. */
uint64_t scalar_wire(struct krux_str type);
/* Something of the field at hand is another thing here. */
void maker_changed(struct maker *, const char *what);

bool json_is(struct krux_str, const char *word);
/* A name that an enum can have. */
bool json_is_word(struct krux_str);
/* A member, or NULL; a text, or nothing. */
const struct krux_value *json_get(const struct krux_value *map, const char *key);
struct krux_str json_text(const struct krux_value *map, const char *key);
/* A whole number within 64 bits. */
bool json_whole(const struct krux_value *, krux_i128 *out);

#endif
