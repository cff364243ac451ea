/* From the types of arguments to C structs and the functions that decode them. Fields are read
 * in the order in which deterministic CBOR sorts their keys. */
#include "compiler/emit/c.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Stands for the record's own tag in text that is not in the file yet. */
#define OWN "\1"

static const struct c_record *record_make(struct c_file *, const struct krux_type *, bool element,
                                          struct krux_str wanted, struct krux_str owner, struct krux_str path);

/* ---- structs ---- */

static const char *c_type(const struct krux_type *t)
{
	switch (t->kind) {
	case KRUX_T_BOOL:
		return "bool ";
	case KRUX_T_INT:
	case KRUX_T_DECIMAL:
	case KRUX_T_DATETIME:
		return "int64_t ";
	case KRUX_T_UINT:
	case KRUX_T_SIZE:
	case KRUX_T_DURATION:
	case KRUX_T_PORT:
		return "uint64_t ";
	case KRUX_T_ENUM:
	case KRUX_T_MAP:
		return "uint32_t ";
	case KRUX_T_IP:
		return "u128 ";
	case KRUX_T_DIGEST:
		return "struct digest ";
	case KRUX_T_URL:
		return "struct url ";
	case KRUX_T_LIST:
		return "struct list ";
	default:
		return "struct text ";
	}
}

static void put_member(struct buf *b, const struct c_member *m, const struct krux_type *t)
{
	if (m->has.n)
		buf_printf(b, "\tbool %.*s;\n", STR_ARG(m->has));
	if (t->kind == KRUX_T_RECORD) {
		buf_printf(b, "\tstruct %.*s %.*s;\n", STR_ARG(m->record->tag), STR_ARG(m->name));
		return;
	}
	buf_printf(b, "\t%s%.*s;", c_type(t), STR_ARG(m->name));
	if (t->kind == KRUX_T_ENUM) {
		buf_puts(b, "  /*");
		for (size_t i = 0; i < t->nnames; i++)
			buf_printf(b, "%s %zu %.*s", i ? "," : "", i, STR_ARG(t->name[i]));
		buf_puts(b, " */");
	}
	buf_puts(b, t->kind == KRUX_T_MAP ? "  /* entries */\n" : "\n");
}

/* ---- decoding one value ---- */

static void put_range(struct buf *b, const struct krux_type *t, bool is_signed)
{
	buf_puts(b, ", ");
	if (is_signed) {
		c_signed(b, (int64_t)t->lo);
		buf_puts(b, ", ");
		c_signed(b, (int64_t)t->hi);
	} else {
		c_unsigned(b, (uint64_t)t->lo);
		buf_puts(b, ", ");
		c_unsigned(b, (uint64_t)t->hi);
	}
}

static void put_max(struct buf *b, uint64_t max)
{
	buf_printf(b, ", %" PRIu64, max < UINT32_MAX ? max : UINT32_MAX);
}

static void put_names(struct buf *b, const struct krux_type *t)
{
	buf_puts(b, ", \"");
	for (size_t i = 0; i < t->nnames; i++) {
		buf_printf(b, "\\%03o", (unsigned)t->name[i].n);
		buf_str(b, t->name[i]);
	}
	buf_printf(b, "\", %zu", t->nnames);
}

static const char *text_reader(const struct krux_type *t)
{
	switch (t->kind) {
	case KRUX_T_BYTES:
		return "read_bytes";
	case KRUX_T_PATH:
		return "read_path";
	case KRUX_T_HOST:
		return "read_host";
	case KRUX_T_CIDR:
		return "read_cidr";
	case KRUX_T_SECRET:
		return "read_secret";
	case KRUX_T_URL:
		return "read_url";
	default:
		return t->pattern.n ? "read_pattern" : "read_text";
	}
}

/* A call that is false where the value is refused. */
static void put_read(struct c_file *f, struct buf *b, const struct krux_type *t, const struct c_member *m,
                     struct krux_str path)
{
	const char *reader = "read_uint";
	bool is_signed = false;

	f->uses[t->kind] = true;
	switch (t->kind) {
	case KRUX_T_LIST:
	case KRUX_T_MAP:
		buf_printf(b, "read_" OWN "_%.*s(r, &out->%.*s)", STR_ARG(m->name), STR_ARG(m->name));
		return;
	case KRUX_T_RECORD:
		buf_printf(b, "decode_%.*s(r, &out->%.*s)", STR_ARG(m->record->tag), STR_ARG(m->name));
		return;
	case KRUX_T_BOOL:
		reader = "read_bool";
		break;
	case KRUX_T_IP:
		reader = "read_ip";
		break;
	case KRUX_T_DIGEST:
		reader = "read_digest";
		break;
	case KRUX_T_ENUM:
		reader = "read_enum";
		break;
	case KRUX_T_INT:
	case KRUX_T_DECIMAL:
	case KRUX_T_DATETIME:
		is_signed = true;
		reader = "read_int";
		break;
	case KRUX_T_UINT:
	case KRUX_T_PORT:
	case KRUX_T_DURATION:
	case KRUX_T_SIZE:
		break;
	default:
		reader = text_reader(t);
	}
	buf_printf(b, "%s(r, ", reader);
	c_string(b, path);
	if (t->kind == KRUX_T_ENUM)
		put_names(b, t);
	else if (!strcmp(reader, "read_uint") || is_signed)
		put_range(b, t, is_signed);
	else if (t->kind != KRUX_T_BOOL && t->kind != KRUX_T_IP && t->kind != KRUX_T_DIGEST)
		put_max(b, t->max);
	if (t->pattern.n)
		buf_printf(b, ", 0x%x", c_pattern(f, t->pattern, path));
	buf_printf(b, ", &out->%.*s)", STR_ARG(m->name));
}

/* The function that reads a list or map. */
static void put_reader(struct buf *b, const struct krux_type *t, const struct c_member *m, struct krux_str path)
{
	bool list = t->kind == KRUX_T_LIST;

	buf_printf(b, "\nstatic bool read_" OWN "_%.*s(struct reader *r, %sout)\n{\n", STR_ARG(m->name),
	           list ? "struct list *" : "uint32_t *");
	if (!list)
		buf_puts(b, "\tstruct text key;\n");
	buf_printf(b, "\tstruct %.*s item;\n\n\tif (!%s(r, ", STR_ARG(m->record->tag), list ? "read_list" : "read_map");
	c_string(b, path);
	put_max(b, t->max);
	buf_printf(b, ", out))\n\t\treturn false;\n\tfor (uint32_t i = 0; i < %s; i++)\n\t\tif (", list ? "out->n" : "*out");
	if (!list) {
		buf_puts(b, "!read_map_key(r, ");
		c_string(b, path);
		buf_puts(b, ", 65536, i, &key) || ");
	}
	buf_printf(b, "!decode_%.*s(r, &item))\n\t\t\treturn false;\n", STR_ARG(m->record->tag));
	if (list)
		buf_puts(b, "\tout->end = r->p;\n");
	buf_puts(b, "\treturn true;\n}\n");
}

/* ---- records ---- */

static struct krux_str path_join(struct arena *a, struct krux_str path, struct krux_str name)
{
	return path.n ? arena_printf(a, "%.*s.%.*s", STR_ARG(path), STR_ARG(name)) : name;
}

/* How `field` is called in C, its presence, and the record behind it. */
static void member_make(struct c_file *f, struct c_words *names, const struct krux_field *field,
                        struct krux_str owner, struct krux_str path, struct c_member *m)
{
	const struct krux_type *t = field->type;
	struct krux_str wanted;

	m->name = c_name(names, field->name);
	if (field->optional)
		m->has = c_name(names, arena_printf(f->a, "has_%.*s", STR_ARG(m->name)));
	wanted = arena_printf(f->a, "%.*s_%.*s", STR_ARG(owner), STR_ARG(m->name));
	if (t->kind == KRUX_T_RECORD)
		m->record = record_make(f, t, false, wanted, wanted, path);
	if (t->kind == KRUX_T_LIST || t->kind == KRUX_T_MAP)
		m->record = record_make(f, t->elem, true, wanted, wanted, arena_printf(f->a, "%.*s[]", STR_ARG(path)));
}

/* Indexes of fields in the order of their keys as encoded: the shorter first. */
static void wire_order(const struct krux_type *t, size_t *order)
{
	for (size_t i = 0; i < t->nfields; i++) {
		struct krux_str a = t->field[i].name;
		size_t k = i;

		for (; k > 0; k--) {
			struct krux_str b = t->field[order[k - 1]].name;

			if (b.n < a.n || (b.n == a.n && memcmp(b.p, a.p, a.n) <= 0))
				break;
			order[k] = order[k - 1];
		}
		order[k] = i;
	}
}

static bool clears(const struct krux_type *t)
{
	return t->kind != KRUX_T_RECORD && t->kind != KRUX_T_DIGEST && t->kind != KRUX_T_URL;
}

static bool is_text(const struct krux_type *t)
{
	return !strcmp(c_type(t), "struct text ") || t->kind == KRUX_T_LIST;
}

static void put_field(struct c_file *f, struct buf *b, const struct krux_field *field, const struct c_member *m,
                      struct krux_str path)
{
	if (m->has.n) {
		if (clears(field->type))
			buf_printf(b, "\tout->%.*s%s = 0;\n", STR_ARG(m->name), is_text(field->type) ? ".n" : "");
		buf_printf(b, "\tout->%.*s = read_key(r, &left, ", STR_ARG(m->has));
		c_string(b, field->name);
		buf_printf(b, ", %zu);\n\tif (out->%.*s && !", field->name.n, STR_ARG(m->has));
	} else {
		bool top = krux_str_eq(path, field->name);

		buf_printf(b, "\tif (!read_field%s(r, &left, ", top ? "" : "_of");
		if (!top) {
			c_string(b, path);
			buf_puts(b, ", ");
		}
		c_string(b, field->name);
		buf_printf(b, ", %zu) || !", field->name.n);
	}
	put_read(f, b, field->type, m, path);
	buf_puts(b, ")\n\t\treturn false;\n");
}

/* Struct and functions, with OWN for the tag. */
static void put_record(struct c_file *f, struct buf *b, const struct krux_type *t, const struct c_record *rec,
                       const struct krux_str *path)
{
	size_t order[64];

	buf_puts(b, "struct " OWN " {\n");
	for (size_t i = 0; i < rec->nmembers; i++)
		put_member(b, &rec->member[i], t->field[i].type);
	buf_puts(b, rec->nmembers ? "};\n" : "\tbool none;\n};\n");
	for (size_t i = 0; i < rec->nmembers; i++)
		if (t->field[i].type->kind == KRUX_T_LIST || t->field[i].type->kind == KRUX_T_MAP)
			put_reader(b, t->field[i].type, &rec->member[i], path[i + 1]);
	buf_puts(b, "\nstatic bool decode_" OWN "(struct reader *r, void *args)\n{\n\tstruct " OWN " *out = args;\n");
	if (rec->element) {
		buf_puts(b, "\n\treturn ");
		put_read(f, b, t->field[0].type, &rec->member[0], path[1]);
		buf_puts(b, ";\n}\n\n");
		return;
	}
	buf_puts(b, "\tuint64_t left;\n\n\tif (!read_record(r, ");
	c_string(b, path[0].n ? path[0] : KRUX_STR("arguments"));
	buf_puts(b, ", &left))\n\t\treturn false;\n");
	if (!rec->nmembers)
		buf_puts(b, "\tout->none = true;\n");
	wire_order(t, order);
	for (size_t i = 0; i < rec->nmembers; i++)
		put_field(f, b, &t->field[order[i]], &rec->member[order[i]], path[order[i] + 1]);
	buf_puts(b, "\treturn read_record_end(r, ");
	c_string(b, path[0].n ? path[0] : KRUX_STR("arguments"));
	buf_puts(b, ", left);\n}\n\n");
}

/* Into the file, with the tag in its places. */
static void put_owned(struct buf *b, const struct buf *text, struct krux_str tag)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->p[i] == OWN[0])
			buf_str(b, tag);
		else
			buf_putc(b, text->p[i]);
}

/* `wanted` is the tag; `owner` what the tags of records inside begin with. */
static const struct c_record *record_make(struct c_file *f, const struct krux_type *type, bool element,
                                          struct krux_str wanted, struct krux_str owner, struct krux_str path)
{
	struct c_record *rec = ARENA_NEW(f->a, struct c_record);
	struct krux_field *it = ARENA_NEW(f->a, struct krux_field);
	struct krux_type *one = ARENA_NEW(f->a, struct krux_type);
	const struct krux_type *t = type;
	struct c_words *names = c_words_new(f->a);
	struct krux_str *paths;
	struct buf text = { 0 };
	uint32_t *index;
	bool known;

	rec->element = element && type->kind != KRUX_T_RECORD;
	if (rec->element) {
		*it = (struct krux_field){ .name = KRUX_STR("it"), .type = type };
		*one = (struct krux_type){ .kind = KRUX_T_RECORD, .field = it, .nfields = 1 };
		t = one;
	}
	rec->type = type;
	rec->nmembers = t->nfields;
	rec->member = ARENA_ARRAY(f->a, struct c_member, t->nfields + 1);
	paths = ARENA_ARRAY(f->a, struct krux_str, t->nfields + 1);
	paths[0] = path;
	for (size_t i = 0; i < t->nfields; i++) {
		paths[i + 1] = rec->element ? path : path_join(f->a, path, t->field[i].name);
		member_make(f, names, &t->field[i], owner, paths[i + 1], &rec->member[i]);
	}
	put_record(f, &text, t, rec, paths);
	index = c_word(f->seen, (struct krux_str){ text.p, text.n }, &known);
	if (!known) {
		*index = (uint32_t)f->nrecords;
		rec->tag = c_name(f->names, wanted);
		rec->number = element ? ++f->nelements : 0;
		put_owned(&f->code, &text, rec->tag);
		ARENA_PUSH(f->a, f->record, f->nrecords, f->cap_records, rec);
	}
	buf_free(&text);
	return f->record[*index];
}

const struct c_record *c_record_input(struct c_file *f, const struct capability *cap)
{
	struct krux_str name = c_capability(f, cap);

	return record_make(f, cap->input, false, arena_printf(f->a, "%.*s_args", STR_ARG(name)), name,
	                   (struct krux_str){ "", 0 });
}

/* ---- places ---- */

struct krux_str c_access(struct arena *a, const struct c_record *rec, const struct access *at, bool has,
                         const struct c_record **behind)
{
	static const char *const part[] = { "scheme", "host", "port", "path", "query" };
	struct krux_str text = { "", 0 };

	if (rec->element) {
		text = KRUX_STR("it");
		rec = rec->member[0].record;
	}
	for (size_t i = 0; i < at->nsteps; i++) {
		const struct c_member *m = rec ? &rec->member[at->step[i]] : NULL;
		struct krux_str name;

		if (!m)
			name = (struct krux_str){ part[at->step[i]], strlen(part[at->step[i]]) };
		else
			name = has && i + 1 == at->nsteps ? m->has : m->name;
		text = arena_printf(a, "%.*s%s%.*s", STR_ARG(text), text.n ? "." : "", STR_ARG(name));
		rec = m ? m->record : NULL;
	}
	if (behind)
		*behind = rec;
	return text;
}
