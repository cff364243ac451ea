/* Bytes to the end of a head: CR LF twice in a row. */
#include "runtime/base/head.h"

#include <stdbool.h>
#include <string.h>

static bool is_text(char c)
{
	return c == '\r' || c == '\n' || c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

enum head head_look(struct krux_str bytes, size_t most, size_t *looked)
{
	static const char end[] = "\r\n\r\n";
	const size_t before = sizeof end - 2, all = bytes.n < most ? bytes.n : most;
	/* The end may have begun in what was looked at. */
	const size_t from = *looked > before ? *looked - before : 0;
	const char *at = all ? memmem(bytes.p + from, all - from, end, sizeof end - 1) : NULL;
	const size_t n = at ? (size_t)(at - bytes.p) + sizeof end - 1 : all;

	for (size_t i = *looked; i < n; i++)
		if (!is_text(bytes.p[i]))
			return HEAD_NONE;
	*looked = n;
	if (at)
		return HEAD_WHOLE;
	return all == most ? HEAD_LONG : HEAD_MORE;
}
