/* Bytes to the status of an answer to CONNECT, and back. Lines end with CR LF and with nothing else, and the head ends
 * where the first empty one does: what comes then is passed on as the host's, so no byte may be on the wrong side. */
#include "runtime/egress/proxy.h"

#include "capspec/canon.h"
#include "runtime/base/err.h"
#include "runtime/base/head.h"
#include "runtime/base/message.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- what it is called ---- */

static bool port_read(const char *s, uint16_t *out)
{
	uint32_t port = 0;
	size_t n = strspn(s, "0123456789");

	if (!n || n > 5 || *s == '0' || s[n])
		return false;
	for (size_t i = 0; i < n; i++)
		port = port * 10 + (uint32_t)(s[i] - '0');
	*out = (uint16_t)port;
	return port <= UINT16_MAX;
}

int proxy_read(struct proxy *p, const char *url, struct krux_err *err)
{
	static const char scheme[] = "http://";
	char text[300];
	const char *why = "it is none";
	char *colon;
	size_t n = strlen(url);
	int k;

	*p = (struct proxy){ .port = 0 };
	if (strncmp(url, scheme, sizeof scheme - 1) != 0 || n >= sizeof text)
		return err_set(err, 0, "a proxy is written http://HOST:PORT");
	if (strchr(url, '@'))
		return err_set(err, 0, "a proxy that asks for a name and a password is not spoken to");
	n -= sizeof scheme - 1;
	memcpy(text, url + sizeof scheme - 1, n + 1);
	if (n && text[n - 1] == '/')
		text[n - 1] = 0;
	colon = strrchr(text, ':');
	if (!colon || colon == text || (memchr(text, ':', (size_t)(colon - text)) && *text != '[') || !port_read(colon + 1, &p->port))
		return err_set(err, 0, "a proxy is written http://HOST:PORT");
	k = krux_canon_host((struct krux_str){ text, (size_t)(colon - text) }, p->host, sizeof p->host - 1, &why);
	if (k <= 0) {
		*p = (struct proxy){ .port = 0 };
		return err_set(err, 0, "the proxy's host: %s", why);
	}
	p->host[k] = 0;
	return 0;
}

/* ---- what it is asked ---- */

static void host_text(const struct message_target *t, const uint8_t *address, char out[static 300])
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	char text[INET6_ADDRSTRLEN] = "";

	if (!address)
		snprintf(out, 300, "%s", t->host);
	else if (!memcmp(address, mapped, sizeof mapped) && inet_ntop(AF_INET, address + 12, text, sizeof text))
		snprintf(out, 300, "%s", text);
	else if (inet_ntop(AF_INET6, address, text, sizeof text))
		snprintf(out, 300, "[%s]", text);
}

size_t proxy_ask(const struct message_target *t, const uint8_t *address, char out[static PROXY_ASK])
{
	char host[300] = "";

	host_text(t, address, host);
	return (size_t)snprintf(out, PROXY_ASK, "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n", host, t->port, host, t->port);
}

/* ---- what it answers ---- */

/* HTTP/1.1 200, and perhaps a reason. */
static bool status_read(struct krux_str line, unsigned *out)
{
	static const char version[] = "HTTP/1.";
	const size_t at = sizeof version - 1;

	if (line.n < at + 5 || memcmp(line.p, version, at) != 0 || (line.p[at] != '0' && line.p[at] != '1') ||
	    line.p[at + 1] != ' ' || (line.n > at + 5 && line.p[at + 5] != ' '))
		return false;
	*out = 0;
	for (size_t i = at + 2; i < at + 5; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(line.p[i] - '0');
	}
	return *out >= 100 && *out <= 599;
}

/* NAME: VALUE. A line that begins with a space would go on with the one before. */
static bool is_field(struct krux_str line)
{
	const char *colon = memchr(line.p, ':', line.n);

	if (!colon || colon == line.p)
		return false;
	for (const char *c = line.p; c < colon; c++)
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
			return false;
	return true;
}

static enum proxy_said head_read(struct krux_str head, struct proxy_answer *out)
{
	bool first = true;

	while (head.n) {
		const char *end = memchr(head.p, '\n', head.n);
		struct krux_str line = { head.p, end ? (size_t)(end - head.p) : 0 };

		if (!line.n || line.p[--line.n] != '\r' || memchr(line.p, '\r', line.n))
			return PROXY_NOTHING;
		head.n -= (size_t)(end + 1 - head.p);
		head.p = end + 1;
		if (!line.n)
			return first || head.n ? PROXY_NOTHING : PROXY_WHOLE;
		if (first ? !status_read(line, &out->status) : !is_field(line))
			return PROXY_NOTHING;
		first = false;
	}
	return PROXY_NOTHING;
}

enum proxy_said proxy_answer(struct krux_str bytes, struct proxy_answer *out)
{
	switch (head_look(bytes, PROXY_HEAD, &out->looked)) {
	case HEAD_WHOLE:
		out->n = out->looked;
		return head_read((struct krux_str){ bytes.p, out->n }, out);
	case HEAD_MORE:
		return PROXY_MORE;
	default:
		return PROXY_NOTHING;
	}
}
