/* What a program says to the relay of its call: the first byte chooses head or hello, the second how many bytes come at
 * a time. In pieces it is what it is as a whole, and what is whole stays so, whatever follows. */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <strings.h>

#include "capspec/canon.h"
#include "runtime/spawn/opening.h"

static void host_is_canonical(const char *host)
{
	char again[1024];
	const char *why;
	int n = krux_canon_host((struct krux_str){ host, strlen(host) }, again, sizeof again, &why);

	PROMISE(n == (int)strlen(host) && !memcmp(again, host, (size_t)n));
}

/* One Host, one end of its connection, one empty line, and that the last; no longer than there is room for. */
static void request_is_one(const struct opening_head *once, const struct opening_head *more)
{
	static const char host[] = "\r\nHost:", coding[] = "\r\nTransfer-Encoding:", end[] = "\r\nConnection: close\r\n";
	const char *p = once->request;
	const size_t n = once->nrequest;
	unsigned hosts = 0;

	PROMISE(n == more->nrequest && !memcmp(p, more->request, n) && once->body == more->body);
	PROMISE(n <= once->n + OPENING_MORE_BYTES && n <= sizeof once->request);
	PROMISE(memmem(p, n, "\r\n\r\n", 4) == p + n - 4 && memmem(p, n, end, sizeof end - 1));
	for (size_t i = 0; i < n; i++) {
		hosts += n - i >= sizeof host - 1 && !strncasecmp(p + i, host, sizeof host - 1);
		PROMISE(n - i < sizeof coding - 1 || strncasecmp(p + i, coding, sizeof coding - 1) != 0);
	}
	PROMISE(hosts == 1);
}

static void head(const char *p, size_t n, size_t step)
{
	struct opening_head once = { .n = 0 }, more = { .n = 0 };
	enum opening whole = opening_head((struct krux_str){ p, n }, &once), now = OPENING_MORE;

	for (size_t at = step; now == OPENING_MORE && at < n; at += step)
		now = opening_head((struct krux_str){ p, at }, &more);
	if (now == OPENING_MORE)
		now = opening_head((struct krux_str){ p, n }, &more);
	PROMISE(now == whole);
	if (whole == OPENING_NONE)
		PROMISE(once.why && more.why);
	if (whole == OPENING_MORE)
		PROMISE(n < OPENING_HEAD);
	if (whole != OPENING_WHOLE)
		return;
	PROMISE(once.n <= n && once.n <= OPENING_HEAD && !memcmp(p + once.n - 4, "\r\n\r\n", 4));
	PROMISE(more.n == once.n && more.port == once.port && !strcmp(more.host, once.host) && *once.host);
	host_is_canonical(once.host);
	PROMISE(more.plain == once.plain);
	if (once.plain)
		request_is_one(&once, &more);
}

static void hello(const char *p, size_t n, size_t step)
{
	struct opening_hello once, more;
	enum opening whole = opening_hello((struct krux_str){ p, n }, &once), now = OPENING_MORE;

	for (size_t at = step; now == OPENING_MORE && at < n; at += step)
		now = opening_hello((struct krux_str){ p, at }, &more);
	if (now == OPENING_MORE)
		now = opening_hello((struct krux_str){ p, n }, &more);
	PROMISE(now == whole && !strcmp(once.name, more.name));
	if (whole == OPENING_NONE)
		PROMISE(once.why && more.why && !*once.name);
	if (whole == OPENING_MORE)
		PROMISE(n < OPENING_HELLO && !*once.name);
	for (const char *c = once.name; *c; c++)
		PROMISE(*c > ' ' && *c <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step;
	char *copy;

	if (size < 2)
		return 0;
	/* In a block of its own, so that a look beyond the end is seen; a few pieces of what is long. */
	step = data[1] + (size - 2) / 64 + 1;
	copy = malloc(size - 1);
	PROMISE(copy);
	memcpy(copy, data + 2, size - 2);
	copy = realloc(copy, size - 2 ? size - 2 : 1);
	PROMISE(copy);
	(*data & 1 ? hello : head)(copy, size - 2, step);
	free(copy);
	return 0;
}
