/* filesystem.search: a glob and a folder to a sorted page of the paths below it that match. */
#include <errno.h>
#include <string.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/pathglob.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/common/select.h"
#include "stdlib-caps/common/walk.h"

struct match {
	char path[HANDLER_PATH + 1];
	struct stat st;
};

struct search {
	struct handler_call *call;
	struct pathglob glob;
	struct select chosen;
	struct krux_str after;     /* n 0: from the beginning */
	struct match item;
	bool files, folders;       /* which kind; neither: any */
	bool more;
	uint64_t total;
};

bool filesystem_search_open(struct handler_call *c)
{
	if (!place_open(c, 0, "path", PLACE_LOOK) || (c->fd = place_folder(c, &c->place[0])) < 0)
		return false;
	handler_grant(c, c->fd, RIGHT_READ_FOLDERS);
	return true;
}

static int match_cmp(const void *a, const void *b, const void *ctx)
{
	(void)ctx;
	return strcmp(((const struct match *)a)->path, ((const struct match *)b)->path);
}

static enum walk_next search_visit(void *ctx, const struct walk_entry *e)
{
	struct search *s = ctx;

	if ((s->files && !S_ISREG(e->st.st_mode)) || (s->folders && !S_ISDIR(e->st.st_mode)) ||
	    !pathglob_match(&s->glob, s->glob.absolute ? e->path : e->below))
		return WALK_ON;
	s->total++;
	if (s->after.n && strcmp(e->path.p, s->after.p) <= 0)
		return WALK_ON;
	s->more |= s->chosen.n == s->chosen.max;
	memcpy(s->item.path, e->path.p, e->path.n + 1);
	s->item.st = e->st;
	if (select_add(&s->chosen, &s->item))
		return WALK_ON;
	handler_memory(s->call, "IoError");
	return WALK_STOP;
}

static bool match_value(struct handler_call *c, const struct match *m, struct krux_value *out)
{
	struct answer a;

	answer_begin(&a, c->pool);
	answer_word(&a, "path", m->path);
	answer_word(&a, "type", answer_type(m->st.st_mode));
	answer_uint(&a, "size", answer_size(&m->st));
	answer_time(&a, "modified", answer_modified(&m->st));
	return answer_end(&a, out);
}

static bool search_answer(struct handler_call *c, const struct search *s, const struct walk *w)
{
	struct krux_value *value = krux_pool_get(c->pool, s->chosen.n * sizeof *value + 1);
	struct answer a;

	for (size_t i = 0; i < s->chosen.n; i++)
		if (!value || !match_value(c, s->chosen.item[i], &value[i]))
			return handler_memory(c, "IoError");
	answer_begin(&a, c->pool);
	answer_list(&a, "matches", value, s->chosen.n);
	answer_uint(&a, "total", s->total);
	if (s->more)
		answer_word(&a, "next",
		            ((const struct match *)s->chosen.item[s->chosen.n - 1])->path);
	answer_bool(&a, "complete", w->complete);
	answer_uint(&a, "skipped", w->skipped);
	return answer_give(&a, c, "IoError");
}

bool filesystem_search_run(struct handler_call *c)
{
	struct search *s = krux_pool_get(c->pool, sizeof *s);
	struct walk w = { .call = c, .field = "path", .hidden = arg_bool(c, "include_hidden"),
	                  .max = WALK_ENTRIES, .visit = search_visit, .ctx = s };
	struct krux_str cursor = arg_text(c, "cursor");
	const char *why;

	if (!s || !select_init(&s->chosen, c->pool, sizeof s->item, (size_t)arg_uint(c, "limit"),
	                       match_cmp, NULL))
		return handler_memory(c, "IoError");
	why = pathglob_read(&s->glob, arg_text(c, "pattern"));
	if (why)
		return handler_fail(c, "BadPattern", "%s", why);
	s->call = c;
	s->files = arg_is(c, "type", "file");
	s->folders = arg_is(c, "type", "directory");
	s->after = (struct krux_str){ krux_pool_copy(c->pool, cursor.p, cursor.n), cursor.n };
	if (!s->after.p)
		return handler_memory(c, "IoError");
	return walk_below(&w, c->fd, c->place[0].path) && search_answer(c, s, &w);
}
