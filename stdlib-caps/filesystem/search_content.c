/* filesystem.search_content: a literal text and a folder to the lines that hold it. One buffer
 * serves all files, one after the other; of the lines the first few are kept, sorted. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/pathglob.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/common/select.h"
#include "stdlib-caps/common/walk.h"

enum { FILE_MAX_BYTES = 16 << 20, LINE_SHOWN = 512 };
static const uint64_t TOTAL_BYTES = UINT64_C(1) << 30;

struct line {
	char path[HANDLER_PATH + 1];
	char text[LINE_SHOWN + 1];
	uint64_t number, offset;
};

struct grep {
	struct handler_call *call;
	struct walk *walk;
	struct pathglob glob;
	struct select chosen;
	struct krux_str text;      /* lowered when the case is ignored */
	bool fold;
	struct line item;
	char *file;                /* FILE_MAX_BYTES + 1 */
	char *lowered;             /* the same again when the case is ignored */
	uint64_t total, files, searched, bytes;
};

bool filesystem_search_content_open(struct handler_call *c)
{
	int no;

	if (!place_open(c, 0, "path", PLACE_LOOK))
		return false;
	no = place_stat(&c->place[0], &c->st);
	if (no)
		return handler_failed(c, no, c->place[0].path);
	if (!S_ISDIR(c->st.st_mode))
		return (c->fd = place_file(c, &c->place[0], O_RDONLY)) >= 0;
	c->fd = place_folder(c, &c->place[0]);
	if (c->fd < 0)
		return false;
	handler_grant(c, c->fd, RIGHT_READ_FOLDERS | RIGHT_READ_FILES);
	return true;
}

static int line_cmp(const void *pa, const void *pb, const void *ctx)
{
	const struct line *a = pa, *b = pb;
	int cmp = strcmp(a->path, b->path);

	(void)ctx;
	return cmp ? cmp : (a->number > b->number) - (a->number < b->number);
}

static void lower(char *to, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + 32) : from[i];
}

/* The line, or of a long one what surrounds the hit, as UTF-8: bytes that are none become '?'. */
static void line_show(struct line *l, struct krux_str line, size_t hit)
{
	size_t from = line.n <= LINE_SHOWN || hit < 64 ? 0 : hit - 64, n = line.n - from;

	n = n > LINE_SHOWN ? LINE_SHOWN : n;
	while (from && n && ((uint8_t)line.p[from] & 0xC0) == 0x80)
		from++, n--;
	while (n && from + n < line.n && ((uint8_t)line.p[from + n] & 0xC0) == 0x80)
		n--;
	memcpy(l->text, line.p + from, n);
	l->text[n] = '\0';
	if (!krux_utf8_valid((struct krux_str){ l->text, n }))
		for (size_t i = 0; i < n; i++)
			if ((uint8_t)l->text[i] >= 0x80)
				l->text[i] = '?';
}

/* The lines of a file that hold the text, each once. */
static bool file_scan(struct grep *g, struct krux_str path, size_t n)
{
	const char *hay = g->fold ? g->lowered : g->file, *end = hay + n;
	const char *p = hay, *counted = hay, *hit;
	uint64_t number = 1, before = g->total;

	while ((hit = memmem(p, (size_t)(end - p), g->text.p, g->text.n))) {
		const char *start = memrchr(hay, '\n', (size_t)(hit - hay));
		const char *stop = memchr(hit, '\n', (size_t)(end - hit));

		start = start ? start + 1 : hay;
		stop = stop ? stop : end;
		for (const char *q; (q = memchr(counted, '\n', (size_t)(start - counted)));
		     counted = q + 1)
			number++;
		g->total++;
		memcpy(g->item.path, path.p, path.n);
		g->item.path[path.n] = '\0';
		g->item.number = number;
		g->item.offset = (uint64_t)(start - hay);
		line_show(&g->item,
		          (struct krux_str){ g->file + (start - hay), (size_t)(stop - start) },
		          (size_t)(hit - start));
		if (!select_add(&g->chosen, &g->item))
			return handler_memory(g->call, "IoError");
		if (stop == end)
			break;
		p = stop + 1;
	}
	g->files += g->total > before;
	return true;
}

/* False: the call failed. What cannot be searched counts as skipped. */
static bool file_search(struct grep *g, int fd, struct krux_str path)
{
	size_t n = 0;
	ssize_t k;

	while (n <= FILE_MAX_BYTES && (k = read(fd, g->file + n, FILE_MAX_BYTES + 1 - n)) != 0) {
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			break;
		n += (size_t)k;
	}
	g->bytes += n;
	if (n > FILE_MAX_BYTES || k < 0 || memchr(g->file, '\0', n)) {
		g->walk->skipped++;
		return true;
	}
	g->searched++;
	if (g->fold)
		lower(g->lowered, g->file, n);
	return file_scan(g, path, n);
}

static enum walk_next grep_visit(void *ctx, const struct walk_entry *e)
{
	struct grep *g = ctx;
	bool ok;
	int fd;

	if (!S_ISREG(e->st.st_mode) ||
	    !pathglob_match(&g->glob, g->glob.absolute ? e->path : e->below))
		return WALK_ON;
	if (e->st.st_size > FILE_MAX_BYTES) {
		g->walk->skipped++;
		return WALK_ON;
	}
	if (g->bytes > TOTAL_BYTES) {
		g->walk->complete = false;
		return WALK_STOP;
	}
	fd = place_child(e->folder, e->name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0) {
		g->walk->skipped++;
		return WALK_ON;
	}
	ok = file_search(g, fd, e->path);
	close(fd);
	return ok ? WALK_ON : WALK_STOP;
}

static bool line_value(struct handler_call *c, const struct line *l, struct krux_value *out)
{
	struct answer a;

	answer_begin(&a, c->pool);
	answer_word(&a, "path", l->path);
	answer_uint(&a, "line", l->number);
	answer_uint(&a, "offset", l->offset);
	answer_word(&a, "text", l->text);
	return answer_end(&a, out);
}

static bool grep_answer(struct handler_call *c, const struct grep *g)
{
	struct krux_value *value = krux_pool_get(c->pool, g->chosen.n * sizeof *value + 1);
	struct answer a;

	for (size_t i = 0; i < g->chosen.n; i++)
		if (!value || !line_value(c, g->chosen.item[i], &value[i]))
			return handler_memory(c, "IoError");
	answer_begin(&a, c->pool);
	answer_list(&a, "matches", value, g->chosen.n);
	answer_uint(&a, "total", g->total);
	answer_uint(&a, "files", g->files);
	answer_uint(&a, "searched", g->searched);
	answer_bool(&a, "truncated", g->total > g->chosen.n);
	answer_bool(&a, "complete", g->walk->complete);
	answer_uint(&a, "skipped", g->walk->skipped);
	return answer_give(&a, c, "IoError");
}

static bool grep_init(struct handler_call *c, struct grep *g)
{
	struct krux_str text = arg_text(c, "text");
	char *copy = krux_pool_copy(c->pool, text.p, text.n);
	const char *why = pathglob_read(&g->glob, arg_text(c, "files"));

	if (why)
		return handler_fail(c, "BadPattern", "files: %s", why);
	g->call = c;
	g->fold = arg_bool(c, "ignore_case");
	g->file = krux_pool_get(c->pool, FILE_MAX_BYTES + 1);
	g->lowered = g->fold ? krux_pool_get(c->pool, FILE_MAX_BYTES + 1) : g->file;
	if (!copy || !text.n || !g->file || !g->lowered ||
	    !select_init(&g->chosen, c->pool, sizeof g->item, (size_t)arg_uint(c, "limit"),
	                 line_cmp, NULL))
		return handler_memory(c, "IoError");
	if (g->fold)
		lower(copy, text.p, text.n);
	g->text = (struct krux_str){ copy, text.n };
	return true;
}

bool filesystem_search_content_run(struct handler_call *c)
{
	struct grep *g = krux_pool_get(c->pool, sizeof *g);
	struct walk w = { .call = c, .field = "path", .hidden = arg_bool(c, "include_hidden"),
	                  .max = WALK_ENTRIES, .complete = true, .visit = grep_visit, .ctx = g };

	if (!g)
		return handler_memory(c, "IoError");
	if (!grep_init(c, g))
		return false;
	g->walk = &w;
	if (S_ISDIR(c->st.st_mode) ? !walk_below(&w, c->fd, c->place[0].path) :
	    !file_search(g, c->fd, c->place[0].path))
		return false;
	return grep_answer(c, g);
}
