/* Capabilities as tools of the Model Context Protocol: the same text that the decoder, the
 * policy and the manual come from. */
#include "compiler/emit/tools.h"

#include "compiler/base/escape.h"
#include "compiler/emit/json_schema.h"

static void member(struct buf *b, const char *key, struct krux_str s)
{
	buf_printf(b, "\"%s\":\"", key);
	escape_json(b, s);
	buf_putc(b, '"');
}

/* The highest version has the plain name; others say theirs. */
static bool is_highest(const struct capability_set *set, size_t i)
{
	return i + 1 == set->n || !krux_str_eq(set->cap[i]->name, set->cap[i + 1]->name);
}

/* What a client may assume; hints only, as the protocol says. */
static void annotations(struct buf *b, const struct capability *cap)
{
	bool destroys = false, open = false;

	for (size_t i = 0; i < cap->neffects; i++) {
		enum effect_kind k = cap->effect[i].kind;

		destroys |= k == EFFECT_DELETES || k == EFFECT_WRITES || k == EFFECT_EXECUTES;
		open |= k == EFFECT_CONNECTS;
	}
	buf_printf(b, "\"annotations\":{\"readOnlyHint\":%s,\"destructiveHint\":%s,\"openWorldHint\":%s}",
	           cap->rank <= 1 ? "true" : "false", destroys ? "true" : "false", open ? "true" : "false");
}

static void description(struct buf *b, const struct capability *cap)
{
	buf_puts(b, "\"description\":\"");
	escape_json(b, cap->doc);
	buf_puts(b, "\\n\\nUse it ");
	escape_json(b, cap->use);
	if (cap->handler.background)
		buf_puts(b, "\\n\\nIt is answered when its program runs, with the number of that run: process.status, process.output, "
		            "process.signal and process.list tell more of it.");
	buf_puts(b, "\\n\\nErrors:");
	for (size_t i = 0; i < cap->nerrors; i++) {
		buf_puts(b, "\\n- ");
		escape_json(b, cap->error[i].name);
		buf_puts(b, ": ");
		escape_json(b, cap->error[i].doc);
		buf_putc(b, ' ');
		escape_json(b, cap->error[i].hint);
	}
	buf_putc(b, '"');
}

void tools_write(struct buf *b, const struct capability_set *set)
{
	buf_puts(b, "{\"tools\":[");
	for (size_t i = 0; i < set->n; i++) {
		const struct capability *cap = set->cap[i];

		buf_puts(b, i ? ",\n{\"name\":\"" : "\n{\"name\":\"");
		escape_json(b, cap->name);
		if (!is_highest(set, i))
			buf_printf(b, ".v%u.%u", cap->major, cap->minor);
		buf_puts(b, "\",");
		member(b, "title", cap->summary);
		buf_putc(b, ',');
		description(b, cap);
		buf_puts(b, ",\"inputSchema\":");
		json_schema_type(b, cap->input);
		buf_puts(b, ",\"outputSchema\":");
		json_schema_type(b, cap->output);
		buf_putc(b, ',');
		annotations(b, cap);
		buf_putc(b, '}');
	}
	buf_puts(b, "\n]}\n");
}
