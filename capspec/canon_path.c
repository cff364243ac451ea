/* Paths: absolute text to canonical text, LANG.md 2.3. */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <string.h>

int krux_canon_path(struct krux_str in, char *out, size_t cap, const char **why)
{
	size_t n = 0;

	*why = NULL;
	if (!in.n || in.p[0] != '/')
		*why = "a path starts with '/'";
	else if (memchr(in.p, 0, in.n))
		*why = "a path holds no NUL";
	else if (in.n > KRUX_MAX_SOURCE_BYTES)
		*why = "the path is too long";
	else if (!krux_utf8_valid(in))
		*why = "a path is valid UTF-8";
	if (*why)
		return -1;
	for (size_t i = 0; i < in.n;) {
		const char *from = in.p + i + 1;
		const char *slash = memchr(from, '/', in.n - i - 1);
		size_t len = slash ? (size_t)(slash - from) : in.n - i - 1;

		i += 1 + len;
		if (len == 0 || (len == 1 && from[0] == '.'))
			continue;
		if (len == 2 && from[0] == '.' && from[1] == '.') {
			*why = "a path has no component '..'";
			return -1;
		}
		if (len + 1 > cap - n) {
			*why = "the path is too long";
			return -1;
		}
		out[n++] = '/';
		memcpy(out + n, from, len);
		n += len;
	}
	if (!n) {
		if (!cap) {
			*why = "the path is too long";
			return -1;
		}
		out[n++] = '/';
	}
	return (int)n;
}
