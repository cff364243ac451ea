/* Bytes to the host and the port that a CONNECT names. Lines end with CR LF and with nothing else, so that nobody could
 * read another head in them. */
#include "runtime/spawn/opening_part.h"

#include "capspec/canon.h"
#include "runtime/base/head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static enum opening none(struct opening_head *out, const char *why)
{
	out->why = why;
	return OPENING_NONE;
}

struct krux_str opening_line(struct krux_str *rest)
{
	const char *end = memchr(rest->p, '\n', rest->n);
	size_t n = end ? (size_t)(end - rest->p) : 0;
	struct krux_str line = { rest->p, n - 1 };

	if (!n || end[-1] != '\r' || memchr(rest->p, '\r', n - 1))
		return (struct krux_str){ NULL, 0 };
	rest->p += n + 1;
	rest->n -= n + 1;
	return line;
}

static bool begins(struct krux_str s, const char *word)
{
	size_t n = strlen(word);

	return s.n >= n && !memcmp(s.p, word, n);
}

static bool port_read(struct krux_str s, uint16_t *out)
{
	uint32_t port = 0;

	if (!s.n || s.n > 5 || s.p[0] == '0')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(s.p[i] - '0');
	}
	*out = (uint16_t)port;
	return port <= UINT16_MAX;
}

/* An address of IPv6 stands in brackets, since it holds colons. */
bool opening_target(struct krux_str s, uint16_t otherwise, struct opening_head *out)
{
	const bool bare = otherwise && s.n && (s.p[s.n - 1] == ']' || !memchr(s.p, ':', s.n));
	const char *colon = bare ? s.p + s.n : memrchr(s.p, ':', s.n), *why;
	struct krux_str host = { s.p, colon ? (size_t)(colon - s.p) : 0 };
	int n;

	if (!host.n || (memchr(host.p, ':', host.n) && host.p[0] != '['))
		return false;
	if (bare)
		out->port = otherwise;
	else if (!port_read((struct krux_str){ colon + 1, s.n - host.n - 1 }, &out->port))
		return false;
	n = krux_canon_host(host, out->host, sizeof out->host - 1, &why);
	if (n <= 0)
		return false;
	out->host[n] = 0;
	return true;
}

/* CONNECT HOST:PORT HTTP/1.1 */
static bool request_read(struct krux_str line, struct opening_head *out)
{
	static const char method[] = "CONNECT ";
	const size_t version = sizeof " HTTP/1.1" - 1;
	struct krux_str target;

	if (!begins(line, method) || line.n < sizeof method - 1 + version)
		return false;
	target = (struct krux_str){ line.p + sizeof method - 1, line.n - (sizeof method - 1) - version };
	line = (struct krux_str){ target.p + target.n, version };
	return (begins(line, " HTTP/1.1") || begins(line, " HTTP/1.0")) && !memchr(target.p, ' ', target.n) &&
	       opening_target(target, 0, out);
}

bool opening_is(struct krux_str line, size_t n, const char *name)
{
	return n == strlen(name) && !strncasecmp(line.p, name, n);
}

/* A line that begins with a space would go on with the one before. */
size_t opening_name(struct krux_str line)
{
	const char *colon = memchr(line.p, ':', line.n);
	size_t n = colon ? (size_t)(colon - line.p) : 0;

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)line.p[i]) && !strchr("!#$%&'*+-.^_`|~", line.p[i]))
			return 0;
	return n;
}

static const char *field_wrong(struct krux_str line)
{
	const size_t n = opening_name(line);

	if (!n)
		return "A line of the head is no field.";
	if (opening_is(line, n, "Content-Length") || opening_is(line, n, "Transfer-Encoding"))
		return "A CONNECT has no body.";
	return NULL;
}

static enum opening whole_read(struct krux_str rest, struct opening_head *out)
{
	const struct krux_str head = rest;
	struct krux_str line = opening_line(&rest);
	const char *why;

	if (!begins(head, "CONNECT ")) {
		why = opening_request(head, out);
		return why ? none(out, why) : OPENING_WHOLE;
	}
	if (!line.p || !request_read(line, out))
		return none(out, "This is no CONNECT to a host and a port.");
	while ((line = opening_line(&rest)).p) {
		if (!line.n)
			return OPENING_WHOLE;
		why = field_wrong(line);
		if (why)
			return none(out, why);
	}
	return none(out, "A line of the head does not end with CR LF.");
}

enum opening opening_head(struct krux_str bytes, struct opening_head *out)
{
	switch (head_look(bytes, OPENING_HEAD, &out->looked)) {
	case HEAD_NONE:
		return none(out, "This is no head of HTTP.");
	case HEAD_LONG:
		return none(out, "The head is too long.");
	case HEAD_MORE:
		return OPENING_MORE;
	default:
		out->n = out->looked;
		return whole_read((struct krux_str){ bytes.p, out->n }, out);
	}
}
