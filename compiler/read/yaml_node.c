/* Questions about a YAML tree, and the comments between its nodes. */
#include "compiler/read/yaml.h"

#include <string.h>

struct span yaml_text_at(const struct yaml_node *s)
{
	struct span at = s->at;
	const char *raw = at.src->text.p + at.at;

	if ((s->style == YAML_SINGLE || s->style == YAML_DOUBLE) && s->text.n + 2 == at.n &&
	    !memcmp(raw + 1, s->text.p, s->text.n)) {
		at.at++;
		at.n -= 2;
	}
	return at;
}

const char *yaml_kind_words(const struct yaml_node *n)
{
	return n->kind == YAML_MAPPING ? "a mapping" : n->kind == YAML_SEQUENCE ? "a list" : "text";
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	size_t n = strlen(key);

	if (map->kind != YAML_MAPPING)
		return NULL;
	for (const struct yaml_node *k = map->child; k; k = k->next->next)
		if (k->kind == YAML_SCALAR && k->text.n == n && !memcmp(k->text.p, key, n))
			return k->next;
	return NULL;
}

struct comments {
	struct arena *arena;
	const struct source *src;
	struct yaml_comment *list;
	size_t n, cap;
	size_t done;                    /* offset up to which the text has been looked at */
};

/* The text from `done` to `end` holds no scalar, so that a hash in it begins a comment. */
static void gap_read(struct comments *c, size_t end)
{
	const char *t = c->src->text.p;

	while (c->done < end) {
		const char *hash = memchr(t + c->done, '#', end - c->done), *lf;
		struct yaml_comment found = { .own_line = true };

		if (!hash)
			break;
		lf = memchr(hash, '\n', c->src->text.n - (size_t)(hash - t));
		if (!lf)
			lf = t + c->src->text.n;
		found.at = (struct span){ c->src, (uint32_t)(hash - t), (uint32_t)(lf - hash) };
		for (const char *p = hash; p > t && p[-1] != '\n' && found.own_line; p--)
			found.own_line = p[-1] == ' ' || p[-1] == '\t';
		ARENA_PUSH(c->arena, c->list, c->n, c->cap, found);
		c->done = (size_t)(lf - t);
	}
	if (c->done < end)
		c->done = end;
}

/* Depth is bounded by the reader. */
static void node_read(struct comments *c, const struct yaml_node *n)
{
	const char *raw = c->src->text.p + n->at.at, *lf;

	if (n->kind != YAML_SCALAR) {
		for (const struct yaml_node *k = n->child; k; k = k->next)
			node_read(c, k);
		return;
	}
	gap_read(c, n->at.at);
	lf = n->style == YAML_LITERAL || n->style == YAML_FOLDED ? memchr(raw, '\n', n->at.n) : NULL;
	if (lf)
		gap_read(c, (size_t)(lf - c->src->text.p));
	c->done = n->at.at + n->at.n;
}

const struct yaml_comment *yaml_comments(struct arena *a, const struct yaml_doc *doc, size_t *n)
{
	struct comments c = { .arena = a, .src = doc->src };

	node_read(&c, doc->root);
	gap_read(&c, doc->src->text.n);
	*n = c.n;
	return c.list;
}
