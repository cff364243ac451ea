/* Names of programs: "/usr/bin/x86_64-linux-gnu-gcc-12" is gcc, and gsed is sed. */
#include "compiler/model/program_name.h"

#include <string.h>

static bool begins(struct krux_str s, struct krux_str with)
{
	return s.n >= with.n && !memcmp(s.p, with.p, with.n);
}

static struct krux_str after(struct krux_str s, size_t n)
{
	return (struct krux_str){ s.p + n, s.n - n };
}

struct krux_str program_file(struct krux_str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	return slash ? after(path, (size_t)(slash - path.p) + 1) : path;
}

struct krux_str word_next(struct krux_str *list)
{
	const char *space = list->n ? memchr(list->p, ' ', list->n) : NULL;
	struct krux_str word = { list->p, space ? (size_t)(space - list->p) : list->n };

	*list = after(*list, word.n + (space != NULL));
	return word;
}

static bool is_version(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '.' && s.p[i] != '-')
			return false;
	return true;
}

/* Where a system has tools of its own, GNU's are called gsed or gnused, gfind and so on: what is before the name; 0: none. */
static size_t gnu_prefix(struct krux_str s)
{
	size_t n = begins(s, KRUX_STR("gnu")) ? 3 : 1;

	if (s.n <= n || s.p[0] != 'g' ||
	    !program_is("ar as awk bc cpio cpp dc diff3 ed env find chroot install ld less m4 make nice nm nohup objcopy objdump "
	                  "patch ranlib readelf runcon sdiff sed size sort split stdbuf strings strip tar time timeout xargs",
	                  after(s, n)))
		return 0;
	return n;
}

struct krux_str program_plainer(struct krux_str s)
{
	const char *builds =
		"-static .static -multiarch -minimal .distrib .real -debug -dbg -wrapped .bin .exe";
	struct krux_str list = { builds, strlen(builds) }, build, rest;
	const char *at, *dash;

	while ((build = word_next(&list)).n)
		if (s.n > build.n && begins(after(s, s.n - build.n), build))
			return (struct krux_str){ s.p, s.n - build.n };
	at = memmem(s.p, s.n, "-linux-", 7);
	if (!at)
		return after(s, gnu_prefix(s));
	/* "x86_64-linux-gnu-perl", or "perl5.36-x86_64-linux-gnu". */
	rest = after(s, (size_t)(at - s.p) + 7);
	dash = rest.n ? memchr(rest.p, '-', rest.n) : NULL;
	if (dash)
		return after(rest, (size_t)(dash - rest.p) + 1);
	return (struct krux_str){ s.p, (size_t)((const char *)memchr(s.p, '-', s.n) - s.p) };
}

static bool name_is(struct krux_str name, struct krux_str file)
{
	bool any = name.p[name.n - 1] == '*';

	name.n -= any;
	return begins(file, name) && (any || is_version(after(file, name.n)));
}

static bool name_fits(struct krux_str name, struct krux_str file)
{
	const char *dash;

	if (name.p[0] != '*')
		return name_is(name, file);
	while (!name_is(after(name, 1), file)) {
		dash = file.n ? memchr(file.p, '-', file.n) : NULL;
		if (!dash)
			return false;
		file = after(file, (size_t)(dash - file.p) + 1);
	}
	return true;
}

bool program_is(const char *names, struct krux_str file)
{
	struct krux_str list = { names, strlen(names) }, name;

	while ((name = word_next(&list)).n)
		if (name_fits(name, file))
			return true;
	return false;
}
