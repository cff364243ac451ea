/* The reader's table of keys as JSON Schema, draft-07. It accepts what the reader accepts, seen
 * through an editor's YAML, in which 10 is a number and true is a boolean. */
#include "compiler/emit/policyschema.h"

#include <string.h>

#include "compiler/base/escape.h"
#include "compiler/read/policykeys.h"

static void put_string(struct buf *b, const char *s)
{
	buf_putc(b, '"');
	escape_json(b, (struct krux_str){ s, strlen(s) });
	buf_putc(b, '"');
}

static void put_doc(struct buf *b, const char *doc)
{
	buf_puts(b, "\"description\": ");
	put_string(b, doc);
}

/* One scalar, without braces around. */
static void put_scalar(struct buf *b, enum policy_spelling spelling)
{
	const struct policy_spelling_row *s = policy_spelling(spelling);

	if (s->words) {
		buf_puts(b, "\"enum\": [");
		for (size_t i = 0; s->words[i]; i++) {
			buf_puts(b, i ? ", " : "");
			put_string(b, s->words[i]);
		}
		buf_putc(b, ']');
	} else if (s->pattern) {
		buf_puts(b, s->digits ? "\"type\": [\"string\", \"integer\"]" : "\"type\": \"string\"");
		buf_puts(b, ", \"pattern\": \"^(?:");
		escape_json(b, (struct krux_str){ s->pattern, strlen(s->pattern) });
		buf_puts(b, ")$\"");
	} else if (spelling == SPELL_CONDITION) {
		buf_puts(b, "\"type\": [\"string\", \"boolean\"]");
	} else {
		buf_puts(b, "\"type\": [\"string\", \"number\", \"boolean\"]");
	}
}

static void put_shape(struct buf *b, const struct policy_key *k)
{
	switch (k->shape) {
	case SHAPE_TEXT:
	case SHAPE_CONDITION:
	case SHAPE_OPERAND:
	case SHAPE_CALL:
		put_scalar(b, k->spelling);
		return;
	case SHAPE_TEXTS:
		buf_puts(b, "\"anyOf\": [{ ");
		put_scalar(b, k->spelling);
		buf_puts(b, " }, { \"type\": \"array\", \"minItems\": 1, \"items\": { ");
		put_scalar(b, k->spelling);
		buf_puts(b, " } }]");
		return;
	case SHAPE_RECORD:
		buf_printf(b, "\"allOf\": [{ \"$ref\": \"#/definitions/%s\" }]", k->table->name);
		return;
	case SHAPE_RECORDS:
		buf_printf(b, "\"type\": \"array\", \"items\": { \"$ref\": \"#/definitions/%s\" }", k->table->name);
		return;
	case SHAPE_NAMED:
		buf_puts(b, "\"type\": \"object\", \"propertyNames\": { \"pattern\": \"^(?:");
		escape_json(b, (struct krux_str){ policy_spelling(k->spelling)->pattern,
		                                  strlen(policy_spelling(k->spelling)->pattern) });
		buf_puts(b, ")$\" }, \"additionalProperties\": { ");
		put_shape(b, &k->table->key[0]);
		buf_puts(b, ", ");
		put_doc(b, k->table->key[0].doc);
		buf_puts(b, " }");
		return;
	}
}

/* The members of one mapping, without braces around. */
static void put_table(struct buf *b, const struct policy_table *t, const char *indent)
{
	size_t required = 0;

	buf_printf(b, "%s\"type\": \"object\",\n%s\"additionalProperties\": false,\n", indent, indent);
	for (size_t i = 0; i < t->nkeys; i++) {
		if (!t->key[i].required)
			continue;
		buf_printf(b, required++ ? ", " : "%s\"required\": [", indent);
		put_string(b, t->key[i].name);
	}
	buf_printf(b, "%s%s\"properties\": {\n", required ? "],\n" : "", indent);
	for (size_t i = 0; i < t->nkeys; i++) {
		buf_printf(b, "%s  ", indent);
		put_string(b, t->key[i].name);
		buf_puts(b, ": { ");
		put_doc(b, t->key[i].doc);
		buf_puts(b, ", ");
		put_shape(b, &t->key[i]);
		buf_puts(b, i + 1 < t->nkeys ? " },\n" : " }\n");
	}
	buf_printf(b, "%s}", indent);
}

/* What the rows cannot say: keys that hang together. */
static const struct { const char *table, *rule; } bonds[] = {
	{ "policy",
	  "\"allOf\": [\n"
	  "    { \"if\": { \"required\": [\"layer\"], \"properties\": { \"layer\": { \"const\": \"agent\" } } },\n"
	  "      \"then\": { \"required\": [\"agents\"] }, \"else\": { \"not\": { \"required\": [\"agents\"] } } },\n"
	  "    { \"if\": { \"required\": [\"zone\"] },\n"
	  "      \"then\": { \"properties\": { \"layer\": { \"const\": \"organization\" } } } }\n"
	  "  ]" },
	{ "claim", "\"anyOf\": [{ \"required\": [\"never\"] }, { \"required\": [\"always\"] }]" },
};

static void put_bonds(struct buf *b, const char *table, const char *indent)
{
	for (size_t i = 0; i < sizeof bonds / sizeof *bonds; i++)
		if (!strcmp(bonds[i].table, table))
			buf_printf(b, ",\n%s%s", indent, bonds[i].rule);
}

/* Every mapping that others refer to, the innermost first. */
static void put_definitions(struct buf *b, const struct policy_table *t, bool *first)
{
	for (size_t i = 0; i < t->nkeys; i++) {
		const struct policy_key *k = &t->key[i];

		if (k->shape != SHAPE_RECORD && k->shape != SHAPE_RECORDS)
			continue;
		put_definitions(b, k->table, first);
		buf_printf(b, "%s    \"%s\": {\n", *first ? "" : ",\n", k->table->name);
		put_table(b, k->table, "      ");
		put_bonds(b, k->table->name, "      ");
		buf_puts(b, "\n    }");
		*first = false;
	}
}

void policyschema_write(struct buf *b)
{
	bool first = true;

	buf_puts(b, "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
	            "  \"title\": \"Krux policy\",\n");
	put_table(b, &policy_file_keys, "  ");
	put_bonds(b, policy_file_keys.name, "  ");
	buf_puts(b, ",\n  \"definitions\": {\n");
	put_definitions(b, &policy_file_keys, &first);
	buf_puts(b, "\n  }\n}\n");
}
