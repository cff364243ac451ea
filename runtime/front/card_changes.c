/* A change set to lines of a card, and to values: each path, what becomes of it, and how its text differs. Everything is
 * computed here, from bytes that the ticket binds. */
#include "runtime/front/card_changes.h"

#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/show.h"
#include "runtime/front/unified.h"
#include "runtime/record/blob.h"

#include "capspec/canon.h"
#include "capspec/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is printed unless all is asked for: of one file, and of all. */
enum { FILE_LINES = 60, ALL_LINES = 1000 };

static bool no(struct krux_err *err, const char *why)
{
	err_set(err, 0, "%s", why);
	return false;
}

bool card_changes_read(struct krux_pool *pool, const struct krux_value *told, const struct record *r, struct changeset *out,
                       struct krux_err *err)
{
	struct krux_str field = r->field[AUDIT_RESULT_BLOB].s, hex = show_text(told, "changes"), name, content;
	struct item_in in = { (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	uint8_t *bytes = krux_pool_get(pool, hex.n / 2 + 1);
	uint64_t two, size;
	const char *why;

	if (!bytes)
		return no(err, "out of memory");
	if (!hex.n)
		return no(err, "the daemon does not give the changes that the ticket is about");
	if (!item_take(&in, ITEM_LIST, &two) || !item_take_str(&in, ITEM_BYTES, &name) || !item_take(&in, ITEM_UINT, &size) ||
	    !krux_hex_read(hex, bytes, hex.n / 2) || !blob_is(bytes, hex.n / 2, (const uint8_t *)name.p, &content) || content.n != size)
		return no(err, "THE DAEMON SHOWS OTHER CHANGES THAN THE TICKET'S: they do not have the hash that its record has");
	return changeset_read(content, out, &why) || no(err, why);
}

/* ---- words ---- */

static const char *what_of(const struct change *c)
{
	switch (c->what) {
	case CHANGE_DELETE:
		return "delete";
	case CHANGE_FOLDER:
		return "folder";
	default:
		return c->was.there ? "write" : "create";
	}
}

static const char *kind_of(uint32_t mode)
{
	return S_ISREG(mode) ? "a file" : S_ISDIR(mode) ? "a folder with all that is in it" : S_ISLNK(mode) ? "a link" : "no file";
}

static void hash_print(FILE *f, struct krux_str s)
{
	uint8_t digest[KRUX_SHA256];

	krux_sha256(s, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		fprintf(f, "%02x", digest[i]);
}

/* What there is to compare with; false: nothing that a person could read. */
static bool before_of(const struct change *c, struct krux_str *old)
{
	*old = c->compared ? c->old : (struct krux_str){ "", 0 };
	return c->what == CHANGE_FILE && (c->compared || !c->was.there) && changeset_text(c->content);
}

/* ---- a terminal ---- */

struct page {
	FILE *f;
	bool full;
	bool *escaped;
	unsigned lines, all;
	unsigned left_out, hidden;     /* lines: of this file, of all before it */
};

static bool is_plain(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7F)
			return false;
	return true;
}

/* In quotes where it has what could be taken for words of ours. */
static void path_print(struct page *p, struct krux_str path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%=~";
	bool is = true;

	*p->escaped |= !is_plain(path);
	for (size_t i = 0; i < path.n; i++)
		is &= path.p[i] && strchr(plain, path.p[i]);
	if (!is)
		fputc('"', p->f);
	for (size_t i = 0, n; i < path.n; i += n + 1) {
		const char *quote = memchr(path.p + i, '"', path.n - i);

		n = quote ? (size_t)(quote - path.p) - i : path.n - i;
		screen_put(p->f, (struct krux_str){ path.p + i, n });
		if (quote)
			fputs("\\\"", p->f);
	}
	if (!is)
		fputc('"', p->f);
}

static bool diff_line(void *ctx, char mark, struct krux_str line)
{
	struct page *p = ctx;

	if (!p->full && (p->lines >= FILE_LINES || p->all >= ALL_LINES)) {
		p->left_out++;
		return true;
	}
	p->lines++;
	p->all++;
	*p->escaped |= !is_plain(line);
	fputs("              ", p->f);
	if (mark != '@')
		fputc(mark, p->f);
	screen_put(p->f, line);
	fputc('\n', p->f);
	return true;
}

static void file_print(struct page *p, const struct change *c)
{
	fprintf(p->f, ", %zu bytes, mode %03" PRIo32, c->content.n, c->mode);
	if (c->was.there && (c->was.mode & 07777) != c->mode)
		fprintf(p->f, " (it was %03" PRIo32 ")", c->was.mode & 07777);
	fputs(", SHA-256 ", p->f);
	hash_print(p->f, c->content);
}

/* All of a file's bytes as lines that are new, where there is nothing to show them by. */
static void content_print(struct page *p, struct krux_str s)
{
	while (s.n) {
		const char *stop = memchr(s.p, '\n', s.n);
		const size_t n = stop ? (size_t)(stop - s.p) : s.n;

		diff_line(p, '+', (struct krux_str){ s.p, n });
		if (!stop)
			diff_line(p, '\\', KRUX_STR(" No newline at end of file"));
		s = (struct krux_str){ s.p + n + (stop != NULL), s.n - n - (stop != NULL) };
	}
}

static void diff_print(struct page *p, struct krux_pool *pool, const struct change *c)
{
	struct krux_str old;

	p->lines = p->left_out = 0;
	if (c->what != CHANGE_FILE)
		return;
	if (!changeset_text(c->content)) {
		fputs(p->full ? "              it is no text:\n" : "              it is no text; --full shows its bytes\n", p->f);
		if (p->full)
			content_print(p, c->content);
	} else if (!before_of(c, &old)) {
		fputs("              what was there is no text, or too long to be compared; what will be there:\n", p->f);
		content_print(p, c->content);
	} else if (!pool || !unified(pool, old, c->content, diff_line, p)) {
		fputs("              it is too long to be compared; what will be there:\n", p->f);
		content_print(p, c->content);
	}
	if (p->left_out)
		fprintf(p->f, "              ... and %u lines more; --full shows all\n", p->left_out);
	p->hidden += p->left_out;
}

static void change_print(struct page *p, struct krux_pool *pool, const struct change *c)
{
	fprintf(p->f, "  %-11s ", what_of(c));
	path_print(p, c->path);
	if (c->what == CHANGE_DELETE)
		fprintf(p->f, ", %s", kind_of(c->was.mode));
	else if (c->what == CHANGE_FOLDER)
		fprintf(p->f, ", mode %03" PRIo32, c->mode);
	else
		file_print(p, c);
	fputc('\n', p->f);
	diff_print(p, pool, c);
}

unsigned card_changes_print(const struct changeset *set, bool full, bool *escaped, void *file)
{
	struct page p = { .f = file, .full = full, .escaped = escaped };
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct changeset s = *set;
	struct krux_str path, why;
	struct change c;

	fprintf(p.f, "  program     ended with %" PRIu64 "; what waits is that %" PRIu64 " change%s of it %s put in place, all or none\n",
	        s.status, s.nchanges, s.nchanges == 1 ? "" : "s", s.nchanges == 1 ? "is" : "are");
	while (changeset_change(&s, &c)) {
		change_print(&p, pool, &c);
		if (pool)
			krux_pool_reset(pool);
	}
	while (changeset_refused(&s, &path, &why)) {
		fputs("  left out    ", p.f);
		path_print(&p, path);
		fputs(": ", p.f);
		screen_put(p.f, why);
		fputc('\n', p.f);
	}
	if (s.cut)
		fputs("  left out    more than is listed here, or some of what the program said\n", p.f);
	krux_pool_free(pool);
	return p.hidden;
}

/* ---- values ---- */

static bool text_line(void *ctx, char mark, struct krux_str line)
{
	FILE *f = ctx;

	if (mark != '@')
		fputc(mark, f);
	fwrite(line.p, 1, line.n, f);
	fputc('\n', f);
	return true;
}

static bool diff_text(struct krux_pool *pool, const struct change *c, struct krux_str *out)
{
	struct krux_str old;
	char *text = NULL;
	size_t n = 0;
	FILE *f;
	bool ok;

	*out = (struct krux_str){ NULL, 0 };
	if (!before_of(c, &old))
		return true;
	f = open_memstream(&text, &n);
	if (!f)
		return false;
	ok = unified(pool, old, c->content, text_line, f);
	ok &= !fclose(f);
	*out = (struct krux_str){ ok ? krux_pool_copy(pool, text, n) : NULL, n };
	free(text);
	return out->p;
}

static struct krux_str hex_of(struct krux_pool *pool, struct krux_str bytes)
{
	char *hex = krux_pool_get(pool, 2 * bytes.n + 1);

	if (hex)
		krux_hex_write((const uint8_t *)bytes.p, bytes.n, hex);
	return (struct krux_str){ hex, hex ? 2 * bytes.n : 0 };
}

static bool change_value(struct krux_pool *pool, const struct change *c, struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(pool, 9 * sizeof *m);
	struct krux_str old;
	uint8_t digest[KRUX_SHA256];
	struct krux_str diff;
	size_t n = 0;

	if (!m || !diff_text(pool, c, &diff))
		return false;
	show_put_text(m, &n, "path", c->path);
	show_put_text(m, &n, "what", (struct krux_str){ what_of(c), strlen(what_of(c)) });
	if (c->what != CHANGE_DELETE)
		show_put_uint(m, &n, "mode", c->mode);
	if (c->what == CHANGE_FILE) {
		krux_sha256(c->content, digest);
		show_put_uint(m, &n, "size", c->content.n);
		show_put_text(m, &n, "sha256", hex_of(pool, (struct krux_str){ (char *)digest, sizeof digest }));
		if (before_of(c, &old))
			show_put_text(m, &n, "diff", diff);
		else if (changeset_text(c->content))
			show_put_text(m, &n, "content", c->content);
		else
			show_put_text(m, &n, "content_hex", hex_of(pool, c->content));
	}
	if (c->was.there)
		show_put_uint(m, &n, "was_mode", c->was.mode & 07777);
	if (c->was.hashed)
		show_put_text(m, &n, "was_sha256", hex_of(pool, (struct krux_str){ (const char *)c->was.digest, sizeof c->was.digest }));
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	return true;
}

bool card_changes_value(struct krux_pool *pool, const struct changeset *set, struct krux_value *out)
{
	struct krux_value *item = krux_pool_get(pool, (size_t)set->nchanges * sizeof *item);
	struct changeset s = *set;
	struct change c;
	size_t n = 0;

	while (item && changeset_change(&s, &c))
		if (!change_value(pool, &c, &item[n++]))
			return false;
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } };
	return item;
}
