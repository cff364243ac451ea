/* A pattern, a NUL, a path: the globs of the handlers and those of policies mean the same. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/pattern.h"
#include "stdlib-caps/common/pathglob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size ? memchr(data, 0, size) : NULL;
	struct krux_str pattern = { (const char *)data, cut ? (size_t)(cut - data) : size };
	struct krux_str rest = { cut ? (const char *)cut + 1 : "", cut ? size - pattern.n - 1 : 0 };
	struct arena *arena = arena_new();
	const struct glob *theirs;
	static struct pathglob ours;
	char path[4097];
	const char *why;
	size_t at;
	int n;

	n = krux_canon_path(rest, path, sizeof path, &why);
	theirs = krux_utf8_valid(pattern) ? glob_parse(arena, pattern, &why, &at) : NULL;
	if (krux_utf8_valid(pattern) && !pathglob_read(&ours, pattern)) {
		/* What starts with a slash or with two stars and one is a policy's too. */
		PROMISE(theirs || !((pattern.n && pattern.p[0] == '/') ||
		                    (pattern.n > 2 && !memcmp(pattern.p, "**/", 3))));
		if (theirs && n >= 0)
			PROMISE(pathglob_match(&ours, (struct krux_str){ path, (size_t)n }) ==
			        glob_match(theirs, (struct krux_str){ path, (size_t)n }));
	} else if (theirs) {
		/* 63 components are the handlers' limit. */
		size_t slashes = 0;

		for (size_t i = 0; i < pattern.n; i++)
			slashes += pattern.p[i] == '/';
		PROMISE(slashes >= GLOB_COMPONENTS || pattern.n == 1);
	}
	arena_free(arena);
	return 0;
}
