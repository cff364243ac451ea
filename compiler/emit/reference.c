/* Capabilities as reference pages: what an agent or a reviewer wants to know, in that order. */
#include "compiler/emit/reference.h"

#include "capspec/canon.h"
#include "compiler/base/escape.h"
#include "compiler/plan/call.h"
#include "compiler/plan/cond_print.h"

static void bytes_print(struct buf *b, uint64_t v)
{
	struct subject size = { .kind = SUBJECT_SIZE };

	number_print(b, &size, v);
}

/* A range, where it is not all that the kind has. */
static void range_print(struct buf *b, const struct krux_type *t)
{
	struct subject s = { .kind = SUBJECT_FIELD, .type = t };
	struct interval domain = number_domain(&s);
	krux_i128 lo = 0, hi = 0;

	switch (t->kind) {
	case KRUX_T_INT:
	case KRUX_T_DECIMAL:
	case KRUX_T_DATETIME:
		lo = INT64_MIN;
		hi = INT64_MAX;
		break;
	case KRUX_T_UINT:
		hi = UINT64_MAX;
		break;
	case KRUX_T_DURATION:
	case KRUX_T_SIZE:
		hi = INT64_MAX;
		break;
	case KRUX_T_PORT:
		lo = 1;
		hi = 65535;
		break;
	default:
		return;
	}
	if (t->lo == lo && t->hi == hi)
		return;
	buf_putc(b, ' ');
	number_print(b, &s, domain.lo);
	buf_puts(b, "..");
	number_print(b, &s, domain.hi);
}

void type_print(struct buf *b, const struct krux_type *t)
{
	switch (t->kind) {
	case KRUX_T_ENUM:
		buf_puts(b, "enum { ");
		for (size_t i = 0; i < t->nnames; i++) {
			buf_puts(b, i ? ", " : "");
			buf_str(b, t->name[i]);
		}
		buf_puts(b, " }");
		return;
	case KRUX_T_LIST:
	case KRUX_T_MAP:
		buf_puts(b, t->kind == KRUX_T_LIST ? "list<" : "map<string, ");
		type_print(b, t->elem);
		buf_printf(b, "> max %llu", (unsigned long long)t->max);
		return;
	case KRUX_T_RECORD:
		buf_puts(b, "record { ");
		for (size_t i = 0; i < t->nfields; i++) {
			buf_str(b, t->field[i].name);
			buf_puts(b, t->field[i].optional ? " : optional " : " : ");
			type_print(b, t->field[i].type);
			buf_puts(b, "; ");
		}
		buf_putc(b, '}');
		return;
	default:
		buf_puts(b, krux_type_word(t->kind));
	}
	if (t->kind == KRUX_T_DECIMAL)
		buf_printf(b, " %u", t->scale);
	if (t->kind == KRUX_T_STRING || t->kind == KRUX_T_BYTES) {
		buf_puts(b, " max ");
		bytes_print(b, t->max);
	}
	if (t->pattern.n) {
		buf_puts(b, " pattern \"");
		escape_cap(b, t->pattern);
		buf_putc(b, '"');
	}
	range_print(b, t);
}

/* No backtick ends the code early. */
static void code_print(struct buf *b, const struct buf *code)
{
	buf_putc(b, '`');
	for (size_t i = 0; i < code->n; i++)
		buf_putc(b, code->p[i] == '`' ? '\'' : code->p[i]);
	buf_putc(b, '`');
}

static void fields_write(struct buf *b, const char *title, const struct krux_type *t)
{
	buf_printf(b, "\n## %s\n\n", title);
	if (!t->nfields)
		buf_puts(b, "Nothing.\n");
	for (size_t i = 0; i < t->nfields; i++) {
		const struct krux_field *f = &t->field[i];
		struct buf code = { 0 };

		buf_puts(b, "- `");
		buf_str(b, f->name);
		buf_puts(b, "`, ");
		type_print(&code, f->type);
		code_print(b, &code);
		code.n = 0;
		if (f->deflt) {
			value_print(&code, f->type, f->deflt, 0);
			buf_puts(b, ", default ");
			code_print(b, &code);
		} else {
			buf_puts(b, f->optional ? ", may be absent" : "");
		}
		buf_puts(b, f->doc.n ? ": " : "");
		escape_markdown(b, f->doc);
		buf_putc(b, '\n');
		buf_free(&code);
	}
}

static void effects_write(struct buf *b, const struct capability *cap)
{
	buf_puts(b, "\n## Effects and limits\n\n");
	for (size_t i = 0; i < cap->neffects; i++) {
		buf_puts(b, "- `");
		effect_print(b, &cap->effect[i]);
		buf_puts(b, "`\n");
	}
	if (cap->nlabels) {
		buf_puts(b, "- puts on the workspace:");
		for (size_t i = 0; i < cap->nlabels; i++) {
			buf_puts(b, i ? ", `" : " `");
			buf_str(b, cap->label[i]);
			buf_putc(b, '`');
		}
		buf_putc(b, '\n');
	}
	if (cap->handler.background)
		buf_puts(b, "- runs in the background: a call is answered when the program runs, with the number of its run\n");
	buf_puts(b, "- memory ");
	bytes_print(b, cap->limit[LIMIT_MEMORY]);
	char text[48];
	buf_puts(b, ", cpu ");
	buf_put(b, text, (size_t)krux_duration_text(cap->limit[LIMIT_CPU], text, sizeof text));
	buf_puts(b, ", wall ");
	buf_put(b, text, (size_t)krux_duration_text(cap->limit[LIMIT_WALL], text, sizeof text));
	buf_printf(b, ", pids %llu, files %llu, output ", (unsigned long long)cap->limit[LIMIT_PIDS],
	           (unsigned long long)cap->limit[LIMIT_FILES]);
	bytes_print(b, cap->limit[LIMIT_OUTPUT]);
	buf_putc(b, '\n');
}

static void errors_write(struct buf *b, const struct capability *cap)
{
	buf_puts(b, "\n## Errors\n\n");
	for (size_t i = 0; i < cap->nerrors; i++) {
		const struct error_def *e = &cap->error[i];

		buf_puts(b, "- `");
		buf_str(b, e->name);
		buf_puts(b, "`: ");
		escape_markdown(b, e->doc);
		buf_puts(b, " Then `");
		buf_str(b, e->recover);
		buf_puts(b, "`: ");
		escape_markdown(b, e->hint);
		buf_putc(b, '\n');
	}
}

static void examples_write(struct buf *b, const struct capability *cap)
{
	buf_puts(b, "\n## Examples\n");
	for (size_t i = 0; i < cap->nexamples; i++) {
		const struct example *e = &cap->example[i];

		buf_puts(b, "\n");
		escape_markdown(b, e->name);
		buf_puts(b, ":\n\n    ");
		buf_str(b, cap->name);
		buf_putc(b, ' ');
		value_print(b, cap->input, &e->args, 200);
		if (e->error.n) {
			buf_puts(b, "\n    -> error ");
			buf_str(b, e->error);
		}
		buf_putc(b, '\n');
	}
}

void reference_write(struct buf *b, const struct capability *cap)
{
	buf_puts(b, "# ");
	buf_str(b, cap->name);
	buf_printf(b, "@%u.%u\n\n", cap->major, cap->minor);
	escape_markdown(b, cap->doc);
	buf_puts(b, "\n\nUse it ");
	escape_markdown(b, cap->use);
	buf_putc(b, '\n');
	fields_write(b, "Input", cap->input);
	fields_write(b, "Output", cap->output);
	errors_write(b, cap);
	effects_write(b, cap);
	examples_write(b, cap);
}
