/* A policy's YAML tree to struct policyfile: every key is looked up in the tables of
 * policykeys.c, which say what shape its value has and where it goes. Conditions, calls and
 * operands are handed to the grammar. Names stay as written. */
#include "compiler/ast/policyfile.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/read/policykeys.h"
#include "compiler/read/read.h"
#include "compiler/read/yaml.h"

enum { MOST_KEYS = 16 };

struct filler {
	struct arena *arena;
	struct diags *diags;
};

static void table_read(struct filler *f, const struct policy_table *t, const struct yaml_node *map,
                       char *out);

static struct krux_str words(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

/* ---- what is wrong ---- */

/* Marks the key that was probably meant as seen: it is not missing too. */
static void unknown_key(struct filler *f, const struct policy_table *t, const struct yaml_node *key,
                        bool *seen)
{
	struct krux_str name[MOST_KEYS] = { { 0 } }, near;
	struct buf list = { 0 };
	struct diag *d;

	assert(t->key);
	for (size_t i = 0; i < t->nkeys; i++) {
		name[i] = words(t->key[i].name);
		buf_printf(&list, "%s%s", i ? ", " : "", t->key[i].name);
	}
	d = diag_error(f->diags, 2020, key->at, "%s has no key `%.*s`", t->what, STR_ARG(key->text));
	d->expected = arena_str(f->arena, (struct krux_str){ list.p, list.n });
	buf_free(&list);
	near = diag_nearest(key->text, name, t->nkeys);
	if (near.n)
		d->fix = arena_printf(f->arena, "did you mean `%.*s`?", STR_ARG(near));
	for (size_t i = 0; near.n && i < t->nkeys; i++)
		seen[i] |= near.p == name[i].p;
}

static void missing_key(struct filler *f, const struct policy_table *t, const struct policy_key *k,
                        const struct yaml_node *map)
{
	struct diag *d = diag_error(f->diags, 2021, map->child ? map->child->at : map->at,
	                            "%s without `%s`", t->what, k->name);

	d->fix = arena_printf(f->arena, "add `%s: %s` or the like", k->name,
	                      policy_spelling(k->spelling)->example);
}

/* What to write instead, in the notation of the file. */
static struct krux_str shape_fix(struct filler *f, const struct policy_key *k, const struct yaml_node *v)
{
	const char *example = policy_spelling(k->spelling)->example;

	switch (k->shape) {
	case SHAPE_TEXTS:
		return arena_printf(f->arena, "write %s: %s or %s: [ %s ]", k->name, example, k->name, example);
	case SHAPE_CALL:
		if (v->kind == YAML_MAPPING)
			return arena_printf(f->arena, "put the call in single quotes: '%s'", example);
		return arena_printf(f->arena, "write %s: %s", k->name, example);
	case SHAPE_RECORD:
		return arena_printf(f->arena, "write %s: { %s: ... }", k->name, k->table->key[0].name);
	case SHAPE_RECORDS:
		return arena_printf(f->arena, "write %s: and below it one `- %s: ...` for each", k->name,
		                    k->table->key[0].name);
	case SHAPE_NAMED:
		return arena_printf(f->arena, "write %s: and below it `name: %s`", k->name,
		                    policy_spelling(k->table->key[0].spelling)->example);
	default:
		return arena_printf(f->arena, "write %s: %s", k->name, example);
	}
}

static const char *shape_words(enum policy_shape s)
{
	return s == SHAPE_TEXTS ? "text or a list of texts"
	     : s == SHAPE_RECORDS ? "a list"
	     : s == SHAPE_RECORD || s == SHAPE_NAMED ? "a mapping" : "text";
}

static void wrong_shape(struct filler *f, const struct policy_key *k, const struct yaml_node *v)
{
	struct span at = v->at;
	struct diag *d;

	if (v->kind == YAML_SCALAR && v->style == YAML_PLAIN && !v->text.n) {
		d = diag_error(f->diags, 2023, at, "`%s` has no value", k->name);
	} else {
		if (v->child)
			at.n = v->flow ? 1 : v->child->at.n;
		d = diag_error(f->diags, 2022, at, "`%s` takes %s, not %s", k->name, shape_words(k->shape),
		               yaml_kind_words(v));
	}
	d->expected = words(shape_words(k->shape));
	d->fix = shape_fix(f, k, v);
}

/* ---- values by shape ---- */

static struct ast_word word_of(const struct yaml_node *v)
{
	return (struct ast_word){ v->text, yaml_text_at(v) };
}

/* A scalar with something in it; quoted nothing is left to those who know what it means. */
static bool is_text(const struct yaml_node *v)
{
	return v->kind == YAML_SCALAR && (v->text.n || v->style != YAML_PLAIN);
}

static void texts_read(struct filler *f, const struct policy_key *k, const struct yaml_node *v,
                       struct ast_words *out)
{
	struct ast_word *item;

	out->at = v->at;
	if (is_text(v)) {
		item = ARENA_NEW(f->arena, struct ast_word);
		*item = word_of(v);
		out->item = item;
		out->n = 1;
		return;
	}
	if (v->kind != YAML_SEQUENCE) {
		wrong_shape(f, k, v);
		return;
	}
	item = ARENA_ARRAY(f->arena, struct ast_word, v->n);
	for (const struct yaml_node *i = v->child; i; i = i->next) {
		if (i->broken)
			continue;
		if (is_text(i))
			item[out->n++] = word_of(i);
		else
			wrong_shape(f, k, i);
	}
	out->item = item;
}

static void array_put(const struct policy_key *k, char *out, void *item, size_t n)
{
	memcpy(out + k->to, &item, sizeof item);
	memcpy(out + k->also, &n, sizeof n);
}

static void records_read(struct filler *f, const struct policy_key *k, const struct yaml_node *v, char *out)
{
	char *item = arena_get(f->arena, v->n * k->table->size);
	size_t n = 0;

	for (const struct yaml_node *i = v->child; i; i = i->next) {
		if (i->broken)
			continue;
		if (i->kind == YAML_MAPPING) {
			table_read(f, k->table, i, item + n++ * k->table->size);
		} else {
			struct diag *d = diag_error(f->diags, 2022, i->at, "%s is a mapping, not %s",
			                            k->table->what, yaml_kind_words(i));
			d->fix = arena_printf(f->arena, "write `- %s: ...`", k->table->key[0].name);
		}
	}
	array_put(k, out, item, n);
}

static void value_read(struct filler *f, const struct policy_key *k, const struct yaml_node *v, char *out);

static void named_read(struct filler *f, const struct policy_key *k, const struct yaml_node *v, char *out)
{
	size_t n = 0, size = k->table->size;
	struct policy_key row = k->table->key[0];
	char *item = arena_get(f->arena, v->n * size);

	for (const struct yaml_node *key = v->child; key; key = key->next->next) {
		if (key->broken || key->next->broken)
			continue;
		row.name = arena_copy(f->arena, key->text.p, key->text.n);
		*(struct ast_word *)(void *)(item + n * size) = word_of(key);
		value_read(f, &row, key->next, item + n * size);
		n++;
	}
	array_put(k, out, item, n);
}

/* Conditions, sums and calls: kept as text, and parsed. */
static void code_read(struct filler *f, const struct policy_key *k, const struct yaml_node *v, char *out)
{
	struct span at = yaml_text_at(v);

	*(struct ast_word *)(void *)(out + k->to) = word_of(v);
	if (k->shape == SHAPE_CONDITION) {
		const struct expr *e = condition_parse(f->arena, f->diags, v->text, at);

		memcpy(out + k->also, &e, sizeof e);
	} else if (k->shape == SHAPE_OPERAND) {
		const struct operand *o = operand_parse(f->arena, f->diags, v->text, at);

		memcpy(out + k->also, &o, sizeof o);
	} else {
		struct ast_test *test = (struct ast_test *)(void *)out;

		call_parse(f->arena, f->diags, v->text, at, &test->capability, &test->args);
	}
}

static void value_read(struct filler *f, const struct policy_key *k, const struct yaml_node *v, char *out)
{
	switch (k->shape) {
	case SHAPE_TEXT:
		if (!is_text(v))
			break;
		*(struct ast_word *)(void *)(out + k->to) = word_of(v);
		return;
	case SHAPE_CONDITION:
	case SHAPE_OPERAND:
	case SHAPE_CALL:
		if (!is_text(v))
			break;
		code_read(f, k, v, out);
		return;
	case SHAPE_TEXTS:
		texts_read(f, k, v, (struct ast_words *)(void *)(out + k->to));
		return;
	case SHAPE_RECORD:
		if (v->kind != YAML_MAPPING)
			break;
		table_read(f, k->table, v, out + k->to);
		return;
	case SHAPE_RECORDS:
		if (v->kind != YAML_SEQUENCE)
			break;
		records_read(f, k, v, out);
		return;
	case SHAPE_NAMED:
		if (v->kind != YAML_MAPPING)
			break;
		named_read(f, k, v, out);
		return;
	}
	wrong_shape(f, k, v);
}

/* ---- tables ---- */

/* Where a mapping stands: its first key, so that no message marks half a file. */
static struct span head_at(const struct yaml_node *map)
{
	return map->child ? map->child->at : map->at;
}

static void head_write(const struct policy_table *t, const struct yaml_node *map, char *out)
{
	struct span at = head_at(map);

	_Static_assert(offsetof(struct ast_approval, at) == offsetof(struct ast_rate, at), "HEAD_GIVEN");
	if (t->head == HEAD_AT)
		memcpy(out, &at, sizeof at);
	if (t->head == HEAD_GIVEN) {
		*(bool *)out = true;
		memcpy(out + offsetof(struct ast_rate, at), &at, sizeof at);
	}
}

static void table_read(struct filler *f, const struct policy_table *t, const struct yaml_node *map, char *out)
{
	const struct policy_key *row = t->key;
	bool seen[MOST_KEYS] = { false };

	assert(row && t->nkeys && t->nkeys <= MOST_KEYS);
	head_write(t, map, out);
	for (const struct yaml_node *key = map->child; key; key = key->next->next) {
		const struct policy_key *k = NULL;

		if (key->kind != YAML_SCALAR)
			continue;
		for (size_t i = 0; i < t->nkeys && !k; i++)
			if (krux_str_eq(key->text, words(row[i].name)))
				k = &row[i];
		if (k)
			seen[k - row] = true;
		if (key->broken || (k && key->next->broken))
			continue;
		if (k)
			value_read(f, k, key->next, out);
		else
			unknown_key(f, t, key, seen);
	}
	for (size_t i = 0; i < t->nkeys; i++)
		if (row[i].required && !seen[i])
			missing_key(f, t, &row[i], map);
}

/* ---- the file ---- */

/* The first line says what the rest is, so that a later format is not read as this one. */
static bool format_check(struct filler *f, const struct yaml_node *root)
{
	const struct yaml_node *first = root->kind == YAML_MAPPING ? root->child : NULL;
	struct span at = first ? first->at : root->at;
	struct diag *d;

	if (!first || first->kind != YAML_SCALAR || !krux_str_eq(first->text, KRUX_STR("krux"))) {
		if (!first)
			at.n = 1;
		d = diag_error(f->diags, 2024, at, "a policy file begins with `krux: policy/1`");
		d->fix = root->kind == YAML_MAPPING && yaml_get(root, "krux")
			? KRUX_STR("move this line to the top")
			: KRUX_STR("make it the first line; `kruxc import` converts files of other systems");
		return false;
	}
	if (!first->next->broken && !krux_str_eq(first->next->text, KRUX_STR("policy/1"))) {
		d = diag_error(f->diags, 2024, first->next->at, "unknown format of policy file");
		d->expected = KRUX_STR("policy/1");
		d->fix = KRUX_STR("write krux: policy/1");
		return false;
	}
	return true;
}

const struct policyfile *policyfile_parse(struct arena *a, struct diags *ds, const struct source *src)
{
	struct filler f = { a, ds };
	const struct yaml_doc *doc = yaml_read(a, ds, src);
	struct policyfile *file;

	if (!doc || !format_check(&f, doc->root))
		return NULL;
	file = ARENA_NEW(a, struct policyfile);
	file->src = src;
	table_read(&f, &policy_file_keys, doc->root, (char *)file);
	return file;
}
