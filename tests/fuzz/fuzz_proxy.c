/* What the operator's proxy answers, and what it is called: the first byte chooses, the second how many bytes come at a time.
 * In pieces an answer is what it is as a whole, and what is whole stays so, whatever follows. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "capspec/canon.h"
#include "runtime/base/err.h"
#include "runtime/egress/proxy.h"

static void answer(const char *p, size_t n, size_t step)
{
	struct proxy_answer once = { .n = 0 }, more = { .n = 0 };
	enum proxy_said whole = proxy_answer((struct krux_str){ p, n }, &once), now = PROXY_MORE;

	for (size_t at = step; now == PROXY_MORE && at < n; at += step)
		now = proxy_answer((struct krux_str){ p, at }, &more);
	if (now == PROXY_MORE)
		now = proxy_answer((struct krux_str){ p, n }, &more);
	PROMISE(now == whole);
	if (whole == PROXY_MORE)
		PROMISE(n < PROXY_HEAD);
	if (whole != PROXY_WHOLE)
		return;
	PROMISE(once.n <= n && once.n <= PROXY_HEAD && !memcmp(p + once.n - 4, "\r\n\r\n", 4));
	PROMISE(more.n == once.n && more.status == once.status && once.status >= 100 && once.status <= 599);
	PROMISE(memmem(p, once.n, "\r\n\r\n", 4) == p + once.n - 4);
}

static void name(const char *url)
{
	struct krux_err err = { 0 };
	char again[1024];
	const char *why;
	struct proxy p;
	int n;

	if (proxy_read(&p, url, &err)) {
		PROMISE(!*p.host && *err.text);
		return;
	}
	n = krux_canon_host((struct krux_str){ p.host, strlen(p.host) }, again, sizeof again, &why);
	PROMISE(n == (int)strlen(p.host) && !memcmp(again, p.host, (size_t)n) && p.port && !strchr(url, '@'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size < 2)
		return 0;
	/* In a block of its own, so that a look beyond the end is seen; a few pieces of what is long. */
	copy = malloc(size - 1);
	PROMISE(copy);
	memcpy(copy, data + 2, size - 2);
	copy[size - 2] = 0;
	if (*data & 1) {
		name(copy);
	} else {
		copy = realloc(copy, size - 2 ? size - 2 : 1);
		PROMISE(copy);
		answer(copy, size - 2, data[1] + (size - 2) / 64 + 1);
	}
	free(copy);
	return 0;
}
