/* The manifest of an older package to what may be written over and removed: what it names belongs to a build, what it
 * does not name is somebody else's, and what has other bytes than it says was changed by somebody. */
#include "compiler/command/package_old.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "compiler/base/arena.h"

enum { MOST_MANIFEST = 16 << 20, HEX = 2 * KRUX_SHA256, BEFORE_NAME = 2 + HEX + 2 };

/* ---- the manifest ---- */

/* n 0 where there is none. */
static struct krux_str manifest_text(struct arena *a, int out)
{
	int fd = openat(out, PACKAGE_MANIFEST, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct krux_str text = { 0 };
	struct stat st;
	size_t n = 0;
	ssize_t got = 1;
	char *to;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MOST_MANIFEST) {
		to = arena_get(a, (size_t)st.st_size + 1);
		while (got > 0 && n < (size_t)st.st_size) {
			got = read(fd, to + n, (size_t)st.st_size - n);
			n += got > 0 ? (size_t)got : 0;
		}
		text = (struct krux_str){ to, n };
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* "  DIGEST  NAME" */
static bool line_read(struct arena *a, const char *p, size_t n, struct old_part *out)
{
	if (n <= BEFORE_NAME || memchr(p, 0, n) || !krux_hex_read((struct krux_str){ p + 2, HEX }, out->digest, KRUX_SHA256))
		return false;
	out->name = arena_copy(a, p + BEFORE_NAME, n - BEFORE_NAME);
	return true;
}

/* Its lines below "sha256". */
struct old_package old_package_read(struct arena *a, int out)
{
	static const char first[] = "policy ", above[] = "\nsha256\n";
	struct krux_str text = manifest_text(a, out);
	struct old_package old = { 0 };
	const char *from = NULL, *end = text.p + text.n, *lf;
	struct old_part part;
	size_t cap = 0;

	if (text.n > strlen(first) && !memcmp(text.p, first, strlen(first)))
		from = memmem(text.p, text.n, above, strlen(above));
	if (!from)
		return old;
	old.there = true;
	for (from += strlen(above); (lf = memchr(from, '\n', (size_t)(end - from))); from = lf + 1)
		if (line_read(a, from, (size_t)(lf - from), &part))
			ARENA_PUSH(a, old.part, old.n, cap, part);
	return old;
}

bool old_package_names(const struct old_package *old, const char *name)
{
	if (!strcmp(name, PACKAGE_MANIFEST) || !strcmp(name, PACKAGE_BUNDLE))
		return old->there;
	for (size_t i = 0; i < old->n; i++)
		if (!strcmp(old->part[i].name, name))
			return true;
	return false;
}

/* ---- its parts ---- */

bool old_part_may_go(const struct old_part *part)
{
	static const char *const folders[] = { "docs/", "mcp/", "sandbox/", "src/" };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		size_t n = strlen(folders[i]);

		if (!strncmp(part->name, folders[i], n))
			return part->name[n] && part->name[n] != '.' && !strchr(part->name + n, '/');
	}
	return false;
}

/* The folder that it is in, no link; -1 with errno. */
static int folder_of(struct arena *a, int out, const struct old_part *part)
{
	size_t n = (size_t)(strchr(part->name, '/') - part->name);

	return openat(out, arena_copy(a, part->name, n), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool has_digest(int fd, const uint8_t want[static KRUX_SHA256])
{
	struct krux_sha256_state state;
	uint8_t digest[KRUX_SHA256];
	char piece[1 << 14];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	krux_sha256_start(&state);
	while ((n = read(fd, piece, sizeof piece)) > 0)
		krux_sha256_add(&state, piece, (size_t)n);
	krux_sha256_end(&state, digest);
	return !n && !memcmp(digest, want, sizeof digest);
}

enum old_state old_part_state(struct arena *a, int out, const struct old_part *part)
{
	int folder = folder_of(a, out, part), fd;
	enum old_state state = OLD_CHANGED;

	if (folder < 0)
		return OLD_GONE;
	fd = openat(folder, strchr(part->name, '/') + 1, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		state = OLD_GONE;
	else if (fd >= 0 && has_digest(fd, part->digest))
		state = OLD_AS_BUILT;
	if (fd >= 0)
		close(fd);
	close(folder);
	return state;
}

bool old_part_remove(struct arena *a, int out, const struct old_part *part)
{
	int folder = folder_of(a, out, part), why;
	bool fine = folder < 0 || !unlinkat(folder, strchr(part->name, '/') + 1, 0) || errno == ENOENT;

	why = errno;
	if (folder >= 0)
		close(folder);
	errno = why;
	return fine;
}
