/* Files to sources: regular files of at most 16 MiB that hold text (LANG.md 1). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/limits.h"
#include "compiler/base/buf.h"
#include "compiler/read/read.h"

static struct source *source_new(struct arena *a, const char *shown, struct krux_str text)
{
	struct source *s = ARENA_NEW(a, struct source);

	s->arena = a;
	s->name = arena_str(a, (struct krux_str){ shown, strlen(shown) });
	s->path = s->name;
	s->text = arena_str(a, text);
	return s;
}

/* ---- text ---- */

/* The length of the valid UTF-8 scalar at p, or 0. */
static size_t scalar_length(const unsigned char *p, size_t left)
{
	size_t n = *p < 0xC2 ? 0 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : *p < 0xF5 ? 4 : 0;

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F) || (*p == 0xF0 && p[1] < 0x90) ||
	    (*p == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

/* Characters that reorder text or do not show: what a reviewer sees is not what is there. */
static bool hidden(const unsigned char *p)
{
	if (p[0] == 0xD8)
		return p[1] == 0x9C;                                /* 061C */
	if (p[0] == 0xEF)
		return p[1] == 0xBB && p[2] == 0xBF;                /* FEFF */
	if (p[0] == 0xF3)
		return p[1] == 0xA0 && p[2] < 0x82;                 /* tags */
	return p[0] == 0xE2 && ((p[1] == 0x80 && ((p[2] >= 0x8B && p[2] <= 0x8F) ||     /* 200B..200F */
	                                          (p[2] >= 0xA8 && p[2] <= 0xAE))) ||   /* 2028..202E */
	                        (p[1] == 0x81 && p[2] >= 0xA0 && p[2] <= 0xAF));        /* 2060..206F */
}

/* Where something was first seen, and how often. */
struct seen { size_t first, n; };

static void see(struct seen *s, size_t at)
{
	if (!s->n++)
		s->first = at;
}

struct survey { struct seen nul, cr, bad, hidden; };

static struct survey survey(struct krux_str t)
{
	struct survey v = { 0 };
	const unsigned char *p = (const unsigned char *)t.p;

	for (size_t i = 0, n; i < t.n; i += n) {
		n = 1;
		if (p[i] < 0x80) {
			if (!p[i])
				see(&v.nul, i);
			else if (p[i] == '\r')
				see(&v.cr, i);
			continue;
		}
		n = scalar_length(p + i, t.n - i);
		if (!n) {
			see(&v.bad, i);
			n = 1;
		} else if (hidden(p + i)) {
			see(&v.hidden, i);
		}
	}
	return v;
}

static struct diag *complain(struct diags *ds, const struct source *s, unsigned code, struct seen seen,
                             size_t n, const char *what)
{
	struct span at = { s, (uint32_t)seen.first, (uint32_t)n };

	if (seen.n > 1)
		return diag_error(ds, code, at, "%s; %zu in this file", what, seen.n);
	return diag_error(ds, code, at, "%s", what);
}

static bool begins(struct krux_str t, const char *mark, size_t n)
{
	return t.n >= n && !memcmp(t.p, mark, n);
}

static const struct source *source_check(struct arena *a, struct diags *ds, struct source *s)
{
	bool bom = begins(s->text, "\xEF\xBB\xBF", 3);
	size_t errors = ds->errors;
	struct survey v;
	struct diag *d;

	if (!s->text.n) {
		diag_error(ds, 10, ((struct span){ s, 0, 0 }), "the file is empty");
		return NULL;
	}
	if (begins(s->text, "\xFF\xFE", 2) || begins(s->text, "\xFE\xFF", 2)) {
		d = diag_error(ds, 12, ((struct span){ s, 0, 2 }), "this file is UTF-16");
		d->fix = KRUX_STR("save it as UTF-8");
		return NULL;
	}
	v = survey((struct krux_str){ s->text.p + (bom ? 3 : 0), s->text.n - (bom ? 3 : 0) });
	if (bom) {
		d = diag_error(ds, 11, ((struct span){ s, 0, 3 }), "the file begins with a byte-order mark");
		d->fix = KRUX_STR("save it as UTF-8 without one");
		v.nul.first += 3, v.cr.first += 3, v.bad.first += 3, v.hidden.first += 3;
	}
	if (v.bad.n) {
		d = complain(ds, s, 12, v.bad, 1, "a byte that is not UTF-8");
		d->fix = KRUX_STR("save the file as UTF-8");
	}
	if (v.nul.n)
		complain(ds, s, 13, v.nul, 1, "a NUL byte");
	if (v.cr.n) {
		d = complain(ds, s, 14, v.cr, 1, "a carriage return");
		d->fix = KRUX_STR("end lines with LF alone (sed -i 's/\\r$//' FILE)");
	}
	if (v.hidden.n && ds->errors == errors) {
		size_t at = v.hidden.first, n = scalar_length((const unsigned char *)s->text.p + at, s->text.n - at);

		d = diag_warn(ds, 25, ((struct span){ s, (uint32_t)at, (uint32_t)n }),
		              "a character that does not show or that reorders the text");
		d->fix = arena_printf(a, "write it as an escape inside a string; %zu in this file", v.hidden.n);
	}
	return ds->errors == errors ? s : NULL;
}

const struct source *source_text(struct arena *a, struct diags *ds, const char *shown, struct krux_str text)
{
	struct source *s;

	if (text.n > KRUX_MAX_SOURCE_BYTES) {
		s = source_new(a, shown, (struct krux_str){ "", 0 });
		diag_error(ds, 3, ((struct span){ s, 0, 0 }), "the text has %zu bytes", text.n)->expected =
			KRUX_STR("at most 16 MiB");
		return NULL;
	}
	return source_check(a, ds, source_new(a, shown, text));
}

/* ---- files ---- */

static const char *mode_words(mode_t mode)
{
	return S_ISDIR(mode)    ? "a folder"
	       : S_ISFIFO(mode) ? "a FIFO"
	       : S_ISSOCK(mode) ? "a socket"
	                        : "a device";
}

/* Fills b with at most the limit and one byte; 0 or an errno. */
static int read_all(int fd, struct buf *b)
{
	static const size_t step = 1 << 16;
	char *chunk = malloc(step);
	ssize_t n = chunk ? 1 : -1;
	int err = chunk ? 0 : ENOMEM;

	while (n > 0 && b->n <= KRUX_MAX_SOURCE_BYTES) {
		do {
			n = read(fd, chunk, step);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			err = errno;
		else
			buf_put(b, chunk, (size_t)n);
	}
	free(chunk);
	return err;
}

/* Looks before it opens: opening alone makes some devices act. */
static int open_regular(const char *path, struct stat *st)
{
	int fd;

	if (stat(path, st) < 0)
		return -1;
	if (!S_ISREG(st->st_mode)) {
		errno = EINVAL;
		return -1;
	}
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The folder of a file under its one name, however it was reached. */
static struct krux_str folder_of(struct arena *a, const char *path)
{
	char *whole = realpath(path, NULL), *slash = whole ? strrchr(whole, '/') : NULL;
	struct krux_str folder = { 0 };

	if (slash)
		folder = arena_str(a, (struct krux_str){ whole, (size_t)(slash - whole) + 1 });
	free(whole);
	return folder;
}

const struct source *source_read(struct arena *a, struct diags *ds, const char *path, const char *shown)
{
	struct source *s = source_new(a, shown, (struct krux_str){ "", 0 });
	struct span at = { s, 0, 0 };
	struct stat st = { .st_mode = S_IFREG };
	struct buf b = { 0 };
	int fd = open_regular(path, &st), err;

	s->path = arena_str(a, (struct krux_str){ path, strlen(path) });
	if (fd < 0 && !S_ISREG(st.st_mode)) {
		diag_error(ds, 2, at, "this is %s", mode_words(st.st_mode))->expected = KRUX_STR("a regular file");
		return NULL;
	}
	if (fd < 0) {
		diag_error(ds, 1, at, "this file cannot be opened: %s", strerror(errno));
		return NULL;
	}
	s->folder = folder_of(a, path);
	if (st.st_size > KRUX_MAX_SOURCE_BYTES) {
		close(fd);
		diag_error(ds, 3, at, "the file has %lld bytes", (long long)st.st_size)->expected =
			KRUX_STR("at most 16 MiB");
		return NULL;
	}
	err = read_all(fd, &b);
	close(fd);
	if (err) {
		diag_error(ds, 1, at, "this file cannot be read: %s", strerror(err));
	} else if (b.n > KRUX_MAX_SOURCE_BYTES) {
		err = 1;
		diag_error(ds, 3, at, "the file has more than 16 MiB");
	} else {
		s->text = arena_str(a, (struct krux_str){ b.p, b.n });
	}
	buf_free(&b);
	return err ? NULL : source_check(a, ds, s);
}
