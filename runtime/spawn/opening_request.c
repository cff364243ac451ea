/* A request as proxies take it to the one that its host takes (RFC 9112, 3.2 and RFC 9110, 7.6.1), written anew: one Host,
 * which is the target's, one length, and the last of its connection. What speaks of the connection, or of another framing than
 * that length, is left out or refused, so that where a request ends there are no two ways to see. */
#include "runtime/spawn/opening_part.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_DIGITS = 15, MOST_METHOD = 32, MOST_CONNECTION = 4 };

struct parts {
	struct krux_str method, path, version;
	bool query;                    /* path begins with it */
};

static bool request_split(struct krux_str line, struct parts *out)
{
	const char *first = memchr(line.p, ' ', line.n), *last = memrchr(line.p, ' ', line.n);

	if (!first || first == last)
		return false;
	out->method = (struct krux_str){ line.p, (size_t)(first - line.p) };
	out->path = (struct krux_str){ first + 1, (size_t)(last - first - 1) };
	out->version = (struct krux_str){ last + 1, line.n - (size_t)(last + 1 - line.p) };
	if (!out->method.n || out->method.n > MOST_METHOD)
		return false;
	for (size_t i = 0; i < out->method.n; i++)
		if (out->method.p[i] < 'A' || out->method.p[i] > 'Z')
			return false;
	return krux_str_eq(out->version, KRUX_STR("HTTP/1.1")) || krux_str_eq(out->version, KRUX_STR("HTTP/1.0"));
}

/* http://HOST:PORT/PATH?QUERY; what is left of it begins with the path, or the query. */
static bool url_read(struct parts *p, struct opening_head *out)
{
	static const char scheme[] = "http://";
	const size_t before = sizeof scheme - 1;
	struct krux_str rest = p->path;
	size_t n = 0;

	if (rest.n <= before || memcmp(rest.p, scheme, before) != 0)
		return false;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] <= ' ' || rest.p[i] > '~' || rest.p[i] == '#')
			return false;
	rest.p += before;
	rest.n -= before;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	p->path = (struct krux_str){ rest.p + n, rest.n - n };
	p->query = p->path.n && *p->path.p == '?';
	return opening_target((struct krux_str){ rest.p, n }, 80, out);
}

/* ---- fields ---- */

struct fields {
	bool host, length;
	uint64_t body;
	struct krux_str connection[MOST_CONNECTION];   /* what they name is of this connection too */
	unsigned nconnection;
};

static struct krux_str value_of(struct krux_str line, size_t name)
{
	struct krux_str v = { line.p + name + 1, line.n - name - 1 };

	while (v.n && (*v.p == ' ' || *v.p == '\t')) {
		v.p++;
		v.n--;
	}
	while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
		v.n--;
	return v;
}

static bool number_read(struct krux_str s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(s.p[i] - '0');
	}
	return s.n && s.n <= MOST_DIGITS;
}

static bool host_agrees(struct krux_str value, const struct opening_head *target)
{
	struct opening_head h = { .n = 0 };

	return opening_target(value, 80, &h) && h.port == target->port && !strcmp(h.host, target->host);
}

/* Of this connection, which ends here. */
static bool is_hop(struct krux_str line, size_t name)
{
	static const char *const hop[] = { "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate",
		                           "TE", "Trailer", "Upgrade", "HTTP2-Settings" };

	for (size_t i = 0; i < sizeof hop / sizeof *hop; i++)
		if (opening_is(line, name, hop[i]))
			return true;
	return false;
}

/* rest: from the first field on. False: there are too many. */
static bool connection_find(struct krux_str rest, struct fields *f)
{
	struct krux_str line;

	while ((line = opening_line(&rest)).p && line.n) {
		const size_t name = opening_name(line);

		if (!opening_is(line, name, "Connection"))
			continue;
		if (f->nconnection == MOST_CONNECTION)
			return false;
		f->connection[f->nconnection++] = value_of(line, name);
	}
	return true;
}

/* names: with commas and blanks between them. */
static bool names_have(struct krux_str names, struct krux_str name)
{
	size_t n;

	for (size_t at = 0; at < names.n; at += n + 1) {
		for (n = 0; at + n < names.n && !strchr(", \t", names.p[at + n]);)
			n++;
		if (n == name.n && !strncasecmp(names.p + at, name.p, n))
			return true;
	}
	return false;
}

static bool is_named(struct krux_str line, size_t name, const struct fields *f)
{
	for (unsigned i = 0; i < f->nconnection; i++)
		if (names_have(f->connection[i], (struct krux_str){ line.p, name }))
			return true;
	return false;
}

/* Why it cannot be passed on, or NULL; *keep: it is. */
static const char *field_take(struct krux_str line, const struct opening_head *target, struct fields *f, bool *keep)
{
	const size_t name = opening_name(line);
	const struct krux_str value = name ? value_of(line, name) : line;

	*keep = false;
	if (!name)
		return "A line of the head is no field.";
	if (opening_is(line, name, "Transfer-Encoding"))
		return "A request without TLS says its length: no coding of its transfer is taken.";
	if (opening_is(line, name, "Host")) {
		if (f->host || !host_agrees(value, target))
			return "The Host of the request is another than its target.";
		f->host = true;
		return NULL;
	}
	if (opening_is(line, name, "Content-Length")) {
		if (f->length || !number_read(value, &f->body))
			return "The length of the request is none.";
		f->length = *keep = true;
		return NULL;
	}
	*keep = !is_hop(line, name) && !is_named(line, name, f);
	return NULL;
}

/* ---- the request ---- */

struct text {
	char *p;
	size_t n, room;
};

static void text_add(struct text *t, struct krux_str s)
{
	if (s.n > t->room - t->n) {
		t->room = t->n;
		return;
	}
	memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}

static void text_put(struct text *t, const char *s)
{
	text_add(t, (struct krux_str){ s, strlen(s) });
}

static void request_begin(struct text *t, const struct parts *p, const struct opening_head *target)
{
	const char *bracket = strchr(target->host, ':') ? "[" : "";
	char port[16] = "";

	text_add(t, p->method);
	text_put(t, p->path.n && !p->query ? " " : " /");
	text_add(t, p->path);
	text_put(t, " ");
	text_add(t, p->version);
	text_put(t, "\r\nHost: ");
	text_put(t, bracket);
	text_put(t, target->host);
	text_put(t, *bracket ? "]" : "");
	if (target->port != 80)
		snprintf(port, sizeof port, ":%u", target->port);
	text_put(t, port);
	text_put(t, "\r\nConnection: close\r\n");
}

const char *opening_request(struct krux_str head, struct opening_head *out)
{
	/* Nothing is longer than what it stands for but Host and Connection, so there is always room. */
	const size_t most = head.n + OPENING_MORE_BYTES;
	struct text t = { out->request, 0, most < sizeof out->request ? most : sizeof out->request };
	const size_t room = t.room;
	struct fields f = { .body = 0 };
	struct krux_str line = opening_line(&head);
	struct parts p;
	const char *why;
	bool keep;

	if (!line.p || !request_split(line, &p) || !url_read(&p, out))
		return "The relay takes CONNECT, and requests to http://HOST in full, and nothing else.";
	if (!connection_find(head, &f))
		return "The request has too many fields named Connection.";
	request_begin(&t, &p, out);
	while ((line = opening_line(&head)).p && line.n) {
		why = field_take(line, out, &f, &keep);
		if (why)
			return why;
		if (!keep)
			continue;
		text_add(&t, line);
		text_put(&t, "\r\n");
	}
	if (!line.p)
		return "A line of the head does not end with CR LF.";
	if (!f.host && krux_str_eq(p.version, KRUX_STR("HTTP/1.1")))
		return "The request says no Host.";
	text_put(&t, "\r\n");
	if (t.room != room)
		return "The head is too long.";
	out->plain = true;
	out->nrequest = t.n;
	out->body = f.body;
	return NULL;
}
