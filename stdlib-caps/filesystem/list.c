/* filesystem.list: a folder to a sorted page of its entries. The cursor is the sort key and name
 * of the last entry shown, so a page needs no memory of the pages before it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/entries.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/common/select.h"

struct listed {
	int64_t key;               /* size or time; 0 where names alone count */
	char name[HANDLER_NAME];
	mode_t mode;
	uint64_t size;
	int64_t modified;
};

struct order {
	bool by_size, by_time, down;
};

bool filesystem_list_open(struct handler_call *c)
{
	return place_open(c, 0, "path", PLACE_LOOK) && (c->fd = place_folder(c, &c->place[0])) >= 0;
}

static int listed_cmp(const void *pa, const void *pb, const void *ctx)
{
	const struct listed *a = pa, *b = pb;
	const struct order *order = ctx;
	int by_key = (a->key > b->key) - (a->key < b->key);
	int cmp = by_key ? by_key : strcmp(a->name, b->name);

	return order->down ? -cmp : cmp;
}

/* "KEY/NAME"; names hold no slash. */
static bool cursor_read(struct krux_str text, struct listed *at)
{
	const char *slash = memchr(text.p, '/', text.n);
	size_t n = slash ? text.n - (size_t)(slash + 1 - text.p) : 0;
	char *end;

	if (!n || n >= sizeof at->name || memchr(slash + 1, '/', n) || slash == text.p ||
	    slash - text.p > 20)
		return false;
	memset(at, 0, sizeof *at);
	errno = 0;
	at->key = strtoll(text.p, &end, 10);
	memcpy(at->name, slash + 1, n);
	return end == slash && !errno;
}

static bool folder_select(struct handler_call *c, const struct order *order,
                          const struct listed *after, struct select *chosen, uint64_t *total,
                          uint64_t *skipped, bool *more)
{
	bool hidden = arg_bool(c, "include_hidden"), root = !strcmp(c->place[0].name, ".");
	struct listed it;
	struct entries in;
	const char *name;
	struct stat st;

	entries_take(&in, c->fd);
	while ((name = entries_next(&in))) {
		if ((name[0] == '.' && !hidden) || (root && !strcmp(name, ".krux")))
			continue;
		if (!krux_utf8_valid((struct krux_str){ name, strlen(name) })) {
			++*skipped;
			continue;
		}
		if (fstatat(in.fd, name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		memset(&it, 0, sizeof it);
		memcpy(it.name, name, strlen(name) + 1);
		it.mode = st.st_mode;
		it.size = answer_size(&st);
		it.modified = answer_modified(&st);
		it.key = order->by_size ? (int64_t)it.size : order->by_time ? it.modified : 0;
		++*total;
		if (after && listed_cmp(&it, after, order) <= 0)
			continue;
		*more |= chosen->n == chosen->max;
		if (!select_add(chosen, &it))
			return handler_memory(c, "IoError");
	}
	entries_close(&in);
	return !in.failed || handler_failed(c, in.failed, c->place[0].path);
}

static bool entry_value(struct handler_call *c, const struct listed *it, struct krux_value *out)
{
	struct answer a;

	answer_begin(&a, c->pool);
	answer_word(&a, "name", it->name);
	answer_word(&a, "type", answer_type(it->mode));
	answer_uint(&a, "size", it->size);
	answer_time(&a, "modified", it->modified);
	return answer_end(&a, out);
}

bool filesystem_list_run(struct handler_call *c)
{
	struct order order = { arg_is(c, "sort_by", "size"), arg_is(c, "sort_by", "modified"),
	                       arg_bool(c, "descending") };
	uint64_t total = 0, skipped = 0;
	struct krux_value *entry;
	struct select chosen;
	struct listed after = { 0 };
	char *next = krux_pool_get(c->pool, 320);
	struct answer a;
	bool more = false;

	if (arg_has(c, "cursor") && !cursor_read(arg_text(c, "cursor"), &after))
		return handler_fail(c, "BadCursor",
		                    "A cursor is the field next of an earlier page.");
	if (!next || !select_init(&chosen, c->pool, sizeof after, (size_t)arg_uint(c, "limit"),
	                          listed_cmp, &order))
		return handler_memory(c, "IoError");
	if (!folder_select(c, &order, arg_has(c, "cursor") ? &after : NULL, &chosen, &total,
	                   &skipped, &more))
		return false;
	entry = krux_pool_get(c->pool, chosen.n * sizeof *entry + 1);
	for (size_t i = 0; i < chosen.n; i++)
		if (!entry || !entry_value(c, chosen.item[i], &entry[i]))
			return handler_memory(c, "IoError");
	answer_begin(&a, c->pool);
	answer_text(&a, "path", c->place[0].path);
	answer_list(&a, "entries", entry, chosen.n);
	answer_uint(&a, "total", total);
	if (more) {
		const struct listed *last = chosen.item[chosen.n - 1];

		snprintf(next, 320, "%lld/%s", (long long)last->key, last->name);
		answer_word(&a, "next", next);
	}
	answer_uint(&a, "skipped", skipped);
	return answer_give(&a, c, "IoError");
}
