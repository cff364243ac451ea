/* What the files of the MCP importer share. */
#ifndef KRUX_IMPORT_MCP_H
#define KRUX_IMPORT_MCP_H

#include "capspec/type.h"
#include "compiler/read/import_draft.h"

enum { MCP_DEEPEST = 8 };

struct made {                           /* a type, and a literal of it */
	struct krux_str type, sample;
	enum draft_kind kind;
	bool nullable;
};

struct maker {
	struct importer *im;
	const struct krux_value *root;  /* what $ref looks into */
	struct notes *notes;            /* of the field at hand */
	struct krux_str field;
	struct span at;
	bool too_deep;                  /* said of the field at hand */
	const struct krux_value *above[MCP_DEEPEST + 1]; /* what is being made, from the outside in */
};

/* The properties of an object's schema to fields; schema may be NULL. */
void import_mcp_fields(struct importer *, struct draft_cap *, const struct krux_value *schema, bool input);

/* Scalars by their schemas (import_mcp_scalar.c). */
struct made made_string(struct maker *, const struct krux_value *schema, unsigned depth);
struct made made_enum(struct maker *, const struct krux_value *list);
struct made made_integer(struct maker *, const struct krux_value *schema);
struct made made_number(struct maker *, const struct krux_value *schema);
struct made made_of(const char *type, const char *sample);
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
