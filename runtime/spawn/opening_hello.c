/* Bytes to the server name that a ClientHello says. Its records are joined first: what is split otherwise is the same
 * message. */
#include "runtime/spawn/opening.h"

#include <stdbool.h>
#include <string.h>

enum { RECORD_HEAD = 5, RECORD_HANDSHAKE = 22, RECORD_MOST = 1 << 14, MESSAGE_HEAD = 4, MESSAGE_CLIENT_HELLO = 1,
       EXTENSION_SERVER_NAME = 0, NAME_HOST = 0 };

/* What is left of a message; over: more was asked of it than there was. */
struct rest {
	const uint8_t *p;
	size_t n;
	bool over;
};

/* The next n bytes; none of them where there are fewer. */
static struct rest take(struct rest *r, size_t n)
{
	struct rest out = { r->p, n, false };

	if (r->over || n > r->n) {
		r->over = true;
		return (struct rest){ r->p, 0, true };
	}
	r->p += n;
	r->n -= n;
	return out;
}

/* A number of so many bytes; 0 where there are fewer. */
static size_t number(struct rest *r, size_t bytes)
{
	struct rest p = take(r, bytes);
	size_t v = 0;

	for (size_t i = 0; i < p.n; i++)
		v = v << 8 | p.p[i];
	return v;
}

/* What has its length, a number of so many bytes, before it. */
static struct rest vector(struct rest *r, size_t bytes)
{
	size_t n = number(r, bytes);

	return take(r, n);
}

/* ---- the message ---- */

/* One name, of the one kind that there is. */
static bool name_read(struct rest extension, struct opening_hello *out)
{
	struct rest list = vector(&extension, 2);
	size_t kind = number(&list, 1);
	struct rest name = vector(&list, 2);

	if (extension.over || extension.n || list.over || list.n || kind != NAME_HOST || !name.n || name.n >= sizeof out->name)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return false;
	memcpy(out->name, name.p, name.n);
	out->name[name.n] = 0;
	return true;
}

static bool message_read(struct rest m, struct opening_hello *out)
{
	enum { VERSION = 2, RANDOM = 32, SESSION = 32 };
	struct rest session, suites, compression, extensions, one;
	size_t kind;

	take(&m, VERSION + RANDOM);
	session = vector(&m, 1);
	suites = vector(&m, 2);
	compression = vector(&m, 1);
	if (m.over || session.n > SESSION || !suites.n || suites.n % 2 || !compression.n)
		return false;
	if (!m.n)
		return true;           /* without extensions, as before TLS 1.2 */
	extensions = vector(&m, 2);
	if (m.over || m.n)
		return false;
	while (extensions.n) {
		kind = number(&extensions, 2);
		one = vector(&extensions, 2);
		if (extensions.over)
			return false;
		/* Of two, who knows which one the host takes. */
		if (kind == EXTENSION_SERVER_NAME && (*out->name || !name_read(one, out)))
			return false;
	}
	return true;
}

/* ---- its records ---- */

static enum opening none(struct opening_hello *out, const char *why)
{
	*out->name = 0;
	out->why = why;
	return OPENING_NONE;
}

/* As far as it came. */
struct joined {
	size_t n;
	uint8_t p[OPENING_HELLO];
};

/* Bytes of the whole message; 0: its head is not there yet. */
static size_t message_length(const struct joined *m)
{
	return m->n < MESSAGE_HEAD ? 0 : MESSAGE_HEAD + ((size_t)m->p[1] << 16 | (size_t)m->p[2] << 8 | m->p[3]);
}

/* Nothing of a second message comes in its records, as RFC 8446, 5.1 wants it. */
static enum opening joined_check(const struct joined *m)
{
	const size_t n = message_length(m);

	if ((m->n && m->p[0] != MESSAGE_CLIENT_HELLO) || n > OPENING_HELLO || (n && m->n > n))
		return OPENING_NONE;
	return n && m->n == n ? OPENING_WHOLE : OPENING_MORE;
}

static enum opening records_join(struct rest in, struct joined *out)
{
	enum opening so_far = OPENING_MORE;

	out->n = 0;
	while (so_far == OPENING_MORE && in.n) {
		const uint8_t *head = in.p;
		size_t length, n;

		if (head[0] != RECORD_HANDSHAKE || (in.n > 1 && head[1] != 3) || (in.n > 2 && head[2] > 4))
			return OPENING_NONE;
		if (in.n < RECORD_HEAD)
			return OPENING_MORE;
		length = (size_t)head[3] << 8 | head[4];
		if (!length || length > RECORD_MOST || length > sizeof out->p - out->n)
			return OPENING_NONE;
		take(&in, RECORD_HEAD);
		n = length < in.n ? length : in.n;
		memcpy(out->p + out->n, in.p, n);
		take(&in, n);
		out->n += n;
		so_far = joined_check(out);
		/* The rest of its record would be another message. */
		if (so_far == OPENING_WHOLE && n < length)
			return OPENING_NONE;
	}
	return so_far;
}

enum opening opening_hello(struct krux_str bytes, struct opening_hello *out)
{
	const size_t most = bytes.n < OPENING_HELLO ? bytes.n : OPENING_HELLO;
	struct joined m;

	*out = (struct opening_hello){ .why = NULL };
	switch (records_join((struct rest){ (const uint8_t *)bytes.p, most, false }, &m)) {
	case OPENING_WHOLE:
		break;
	case OPENING_MORE:
		return most < OPENING_HELLO ? OPENING_MORE : none(out, "The ClientHello is too long.");
	default:
		return none(out, "This is no TLS.");
	}
	return message_read((struct rest){ m.p + MESSAGE_HEAD, m.n - MESSAGE_HEAD, false }, out) ? OPENING_WHOLE :
	       none(out, "The ClientHello is none.");
}
