/* A url to an answer, by libcurl over a connection of egress's. The library makes no socket and looks no name up: it is
 * given the one connection that the call was decided for. It follows nothing. */
#include "stdlib-caps/network/line.h"
#include "stdlib-caps/network/web_part.h"

#include "capspec/canon.h"
#include "capspec/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the connection ---- */

static bool given;               /* a call is under way, and nothing here connects */

/* In place of the C library's, for libcurl 7.88, which connects what it was told is connected: it is to go on as after
 * a connection that has begun. The filter would end the call. */
__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *to, socklen_t n)
{
	if (!given)
		return (int)syscall(SYS_connect, fd, to, n);
	errno = EINPROGRESS;
	return -1;
}

static curl_socket_t socket_give(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = ctx;
	const struct line_ask ask = { .kind = LINE_CONNECT, .timeout_ms = t->timeout_ms };
	struct line_reply r = { .status = LINE_NO_ANSWER };
	int fd;

	(void)purpose;
	(void)address;
	if (line_call(t->call, &ask, &r, &fd) && r.status == LINE_OK && fd >= 0)
		return fd;
	t->refused = r.status;
	return CURL_SOCKET_BAD;
}

static int socket_is_connected(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	(void)ctx;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* ---- the answer ---- */

static bool is_text(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return n > 0;
}

/* Name in lower case and value; of those that are sent twice, the values with a comma between them. */
static bool header_keep(struct transfer *t, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);
	size_t nname = colon ? (size_t)(colon - line) : 0;
	struct krux_str value;
	char *name;

	if (!nname)
		return true;
	value = (struct krux_str){ colon + 1, n - nname - 1 };
	while (value.n && (*value.p == ' ' || *value.p == '\t'))
		value.p++, value.n--;
	while (value.n && strchr(" \t\r\n", value.p[value.n - 1]))
		value.n--;
	/* What is no plain text is not told: the answer is JSON for many. */
	if (!is_text(line, nname) || !is_text(value.p, value.n))
		return true;
	name = krux_pool_copy(t->call->pool, line, nname);
	if (!name)
		return false;
	for (size_t i = 0; i < nname; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] |= 32;
	for (size_t i = 0; i < t->nheaders; i++) {
		struct krux_member *m = &t->header[i];
		char *both;

		if (!krux_str_eq(m->key, (struct krux_str){ name, nname }))
			continue;
		both = krux_pool_get(t->call->pool, m->value.str.n + 2 + value.n);
		if (!both)
			return false;
		memcpy(both, m->value.str.p, m->value.str.n);
		memcpy(both + m->value.str.n, ", ", 2);
		memcpy(both + m->value.str.n + 2, value.p, value.n);
		m->value.str = (struct krux_str){ both, m->value.str.n + 2 + value.n };
		return true;
	}
	if (t->nheaders == WEB_HEADERS)
		return false;
	value.p = krux_pool_copy(t->call->pool, value.p, value.n);
	t->header[t->nheaders++] = (struct krux_member){ { name, nname }, { .kind = KRUX_V_TEXT, .str = value } };
	return value.p != NULL;
}

static size_t header_take(char *line, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	n *= size;
	t->header_bytes += n;
	/* Those of an answer before the last one (100, 103) are not its own. */
	if (n > 5 && !memcmp(line, "HTTP/", 5))
		t->nheaders = 0;
	else if (t->header_bytes > WEB_HEADER_BYTES || !header_keep(t, line, n))
		t->too_much = true;
	return t->too_much ? 0 : n;
}

static size_t content_take(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t room = t->limit - t->n, whole = n * size;

	n = whole < room ? whole : room;
	if (t->takes ? !t->takes(t->ctx, p, n) : false)
		return 0;
	if (!t->takes)
		memcpy(t->content + t->n, p, n);
	t->n += n;
	t->truncated = n < whole;
	return t->truncated ? 0 : whole;
}

/* ---- the request ---- */

static bool url_set(struct transfer *t)
{
	const struct krux_value *map = krux_value_get(t->call->args, "url");
	struct krux_url *url = krux_pool_get(t->call->pool, sizeof *url);
	char text[KRUX_MAX_URL + 1], pin[KRUX_MAX_HOST + 64];
	uint8_t address[16];
	const char *why;
	bool v4;
	int n;

	if (!map || !url || !krux_canon_url_parts(map, url, &why))
		return false;
	if (url->https && !web_trusts())
		return handler_fail(t->call, "Untrusted", "This machine has no certificates that it trusts: https is not asked "
		                    "for (kruxrt doctor says more).");
	n = krux_url_text(url, text, sizeof text - 1);
	if (n < 0)
		return false;
	text[n] = 0;
	t->host = url->host;
	if (curl_easy_setopt(t->curl, CURLOPT_URL, text))
		return false;
	if (krux_canon_ip(url->host, address, &v4, &why))
		return true;
	/* An address that nobody connects to, so that no name is looked up here. */
	snprintf(pin, sizeof pin, "%.*s:%u:127.0.0.1", (int)url->host.n, url->host.p, (unsigned)url->port);
	t->resolve = curl_slist_append(NULL, pin);
	return t->resolve && !curl_easy_setopt(t->curl, CURLOPT_RESOLVE, t->resolve);
}

static bool options_set(struct transfer *t)
{
	CURL *c = t->curl;

	return !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) && !curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error) &&
		!curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") && !curl_easy_setopt(c, CURLOPT_PROXY, "") &&
		!curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
		!curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) && !curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
		!curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L) && !curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L) &&
		!curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, socket_give) &&
		!curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t) &&
		!curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, socket_is_connected) &&
		!curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, header_take) && !curl_easy_setopt(c, CURLOPT_HEADERDATA, t) &&
		!curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, content_take) && !curl_easy_setopt(c, CURLOPT_WRITEDATA, t) &&
		!curl_easy_setopt(c, CURLOPT_CAINFO, NULL) && !curl_easy_setopt(c, CURLOPT_CAPATH, NULL) &&
		!curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, web_trust);
}

bool transfer_open(struct handler_call *c, struct transfer *t, size_t limit)
{
	*t = (struct transfer){ .call = c, .curl = curl_easy_init(), .multi = curl_multi_init(), .limit = limit,
		                .refused = LINE_OK };
	given = true;
	if (!t->curl || !t->multi || !options_set(t) || !url_set(t))
		return c->error ? false : handler_memory(c, "NoAnswer");
	return true;
}

/* Those that say how the message itself is sent are not the caller's. */
static bool header_is_ours(struct krux_str line)
{
	static const char *const ours[] = { "host", "content-length", "transfer-encoding", "connection", "expect", "te",
		                            "trailer", "upgrade", "keep-alive", "proxy-authorization", "proxy-connection" };
	size_t n = (size_t)((const char *)memchr(line.p, ':', line.n) - line.p);

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strlen(ours[i]) == n && !strncasecmp(line.p, ours[i], n))
			return true;
	return false;
}

bool transfer_headers(struct transfer *t, const struct krux_value *list)
{
	struct handler_call *c = t->call;

	/* None of its own accord. */
	t->sent = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; list && t->sent && i < list->list.n; i++) {
		struct krux_str line = list->list.item[i].str;
		char *text = krux_pool_copy(c->pool, line.p, line.n);
		struct curl_slist *more;

		if (header_is_ours(line))
			return handler_fail(c, "BadRequest", "%.*s: that header is not the caller's to set.",
			                    (int)((const char *)memchr(line.p, ':', line.n) - line.p), line.p);
		more = text ? curl_slist_append(t->sent, text) : NULL;
		if (!more)
			return handler_memory(c, "NoAnswer");
		t->sent = more;
	}
	return t->sent || handler_memory(c, "NoAnswer");
}

/* ---- from start to end ---- */

static bool transfer_failed(struct transfer *t, CURLcode code)
{
	struct handler_call *c = t->call;

	/* Whoever took the content has said why not. */
	if (c->error)
		return false;
	switch (t->refused) {
	case LINE_OK:
		break;
	case LINE_CLOSED:
	case LINE_UNREACHABLE:
	case LINE_TIMEOUT:
		return handler_fail(c, "NoConnection", "The host takes no connection at that port: %s.",
		                    t->refused == LINE_CLOSED ? "it refuses them" : t->refused == LINE_TIMEOUT ?
		                    "it does not answer in time" : "there is no way there");
	default:
		return line_failed(c, t->refused, t->host);
	}
	if (t->too_much)
		return handler_fail(c, "BadAnswer", "Its headers are too many or too long.");
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return handler_fail(c, "Timeout", "The answer did not come in time.");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
		return handler_fail(c, "Untrusted", "%s.", *t->error ? t->error : curl_easy_strerror(code));
	default:
		return handler_fail(c, "BadAnswer", "%s.", *t->error ? t->error : curl_easy_strerror(code));
	}
}

/* What it ended with; the multi interface is used for its waiting, which needs no more system calls than poll. */
static CURLcode transfer_wait(struct transfer *t)
{
	int running = 1, left;
	CURLMsg *m;

	if (curl_multi_add_handle(t->multi, t->curl))
		return CURLE_OUT_OF_MEMORY;
	while (running) {
		if (curl_multi_perform(t->multi, &running))
			return CURLE_OUT_OF_MEMORY;
		if (running && curl_multi_wait(t->multi, NULL, 0, 1000, NULL))
			return CURLE_OUT_OF_MEMORY;
	}
	while ((m = curl_multi_info_read(t->multi, &left)))
		if (m->msg == CURLMSG_DONE)
			return m->data.result;
	return CURLE_OUT_OF_MEMORY;
}

bool transfer_run(struct transfer *t, uint64_t timeout_ms)
{
	CURLcode code;

	t->timeout_ms = (uint32_t)timeout_ms;
	if (!t->takes)
		t->content = krux_pool_get(t->call->pool, t->limit + 1);
	if ((!t->takes && !t->content) || curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms) ||
	    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->sent))
		return handler_memory(t->call, "NoAnswer");
	code = transfer_wait(t);
	/* As much as was asked for is an answer. */
	if (code && !(code == CURLE_WRITE_ERROR && t->truncated && !t->too_much))
		return transfer_failed(t, code);
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &t->status);
	krux_members_sort(t->header, t->nheaders);
	return true;
}
