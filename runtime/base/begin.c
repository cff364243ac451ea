/* A struct begin to one message and back: a head of fixed size, then texts, each with its NUL. */
#include "runtime/base/begin.h"

#include "runtime/base/err.h"
#include "runtime/base/message.h"

#include "begin_word.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { START_MS = 60000, TEXTS = 6, MOST_TEXTS = 64 };

/* `word` stands first in every version, so that a stranger is known before more of him is read. */
struct head {
	uint64_t word;
	uint32_t kind, dev, sockets, proxy_names;
	uint64_t generation;
	uint32_t uid, gid, parent;
	struct agent_uids agents;
	uint32_t given;                /* 1 << enum begin_fd: what came along, in that order */
	uint32_t told;                 /* 1 << place among the first texts */
	uint32_t nwaived, nmissing, nlimits, nplaces, nreached, ntext;
};

/* ---- sending ---- */

struct texts {
	char *p;
	size_t n;
};

static bool text_add(struct texts *t, const char *text)
{
	size_t n = strlen(text) + 1;
	char *grown = realloc(t->p, t->n + n);

	if (!grown)
		return false;
	t->p = grown;
	memcpy(t->p + t->n, text, n);
	t->n += n;
	return true;
}

static bool list_add(struct texts *t, const char *const *list, uint32_t *n)
{
	bool good = true;

	for (*n = 0; good && list && list[*n]; ++*n)
		good = text_add(t, list[*n]);
	return good;
}

static bool texts_add(struct texts *t, const struct begin *b, struct head *h)
{
	const char *const text[TEXTS] = { b->engine, b->bundle_path, b->state_path, b->agent, b->workspace, b->proxy };

	for (unsigned i = 0; i < TEXTS; i++) {
		if (text[i] && !text_add(t, text[i]))
			return false;
		h->told |= (uint32_t)(text[i] != NULL) << i;
	}
	return list_add(t, b->waived, &h->nwaived) && list_add(t, b->missing, &h->nmissing) &&
	       list_add(t, b->limits, &h->nlimits) && list_add(t, b->places, &h->nplaces) &&
	       list_add(t, b->reached, &h->nreached);
}

int begin_put(struct channel *c, const struct begin *b, struct krux_err *err)
{
	struct head h = { .word = BEGIN_WORD, .kind = b->kind, .dev = b->dev, .sockets = b->sockets, .proxy_names = b->proxy_names, .generation = b->generation,
		          .uid = b->uid, .gid = b->gid, .parent = (uint32_t)b->parent, .agents = b->agents };
	struct texts t = { NULL, 0 };
	int fd[BEGIN_FDS], rc;
	unsigned nfds = 0;

	for (unsigned i = 0; i < BEGIN_FDS; i++) {
		if (b->fd[i] < 0)
			continue;
		h.given |= 1U << i;
		fd[nfds++] = b->fd[i];
	}
	if (nfds > MESSAGE_FDS)
		return err_set(err, EMSGSIZE, "begin");
	if (!texts_add(&t, b, &h)) {
		free(t.p);
		return err_set(err, ENOMEM, "begin");
	}
	h.ntext = (uint32_t)t.n;
	rc = channel_put_fds(c, MESSAGE_BEGIN, 0, (const struct part[]){ { &h, sizeof h }, { t.p, t.n } }, 2,
	                     fd, nfds, err);
	free(t.p);
	if (rc || (rc = channel_flush(c, err)) < 0)
		return -1;
	return rc ? 0 : err_set(err, EAGAIN, "begin");
}

/* ---- receiving ---- */

/* The next text; NULL: there is none. */
static const char *text_next(struct texts *t)
{
	const char *end = memchr(t->p, 0, t->n), *text = t->p;

	if (!end)
		return NULL;
	t->n -= (size_t)(end + 1 - t->p);
	t->p += end + 1 - t->p;
	return text;
}

static bool list_next(struct texts *t, uint32_t n, const char **list)
{
	for (uint32_t i = 0; i < n; i++)
		if (!(list[i] = text_next(t)))
			return false;
	list[n] = NULL;
	return true;
}

/* b->memory: the lists, then the texts. */
static bool texts_take(const uint8_t *p, size_t n, const struct head *h, struct begin *b)
{
	const char **const text[TEXTS] = { &b->engine, &b->bundle_path, &b->state_path, &b->agent, &b->workspace,
		                             &b->proxy };
	size_t lists = ((size_t)h->nwaived + h->nmissing + h->nlimits + h->nplaces + h->nreached + 5) * sizeof(char *);
	struct texts t = { .n = n };
	const char **list;

	if (h->ntext != n || h->nwaived > MOST_TEXTS || h->nmissing > MOST_TEXTS || h->nlimits > MOST_TEXTS ||
	    h->nplaces > MOST_TEXTS || h->nreached > MOST_TEXTS)
		return false;
	list = b->memory = malloc(lists + n);
	if (!list)
		return false;
	t.p = (char *)b->memory + lists;
	memcpy(t.p, p, n);
	for (unsigned i = 0; i < TEXTS; i++)
		if (h->told >> i & 1 && !(*text[i] = text_next(&t)))
			return false;
	b->waived = list;
	b->missing = list + h->nwaived + 1;
	b->limits = b->missing + h->nmissing + 1;
	b->places = b->limits + h->nlimits + 1;
	b->reached = b->places + h->nplaces + 1;
	return list_next(&t, h->nwaived, list) && list_next(&t, h->nmissing, (const char **)(uintptr_t)b->missing) &&
	       list_next(&t, h->nlimits, (const char **)(uintptr_t)b->limits) &&
	       list_next(&t, h->nplaces, (const char **)(uintptr_t)b->places) &&
	       list_next(&t, h->nreached, (const char **)(uintptr_t)b->reached) && !t.n;
}

static bool descriptors_take(struct message *m, uint32_t given, struct begin *b)
{
	unsigned at = 0;

	for (unsigned i = 0; i < BEGIN_FDS; i++) {
		if (!(given >> i & 1))
			continue;
		if (at == m->nfds)
			return false;
		b->fd[i] = m->fd[at];
		m->fd[at++] = -1;
	}
	return at == m->nfds && !(given >> BEGIN_FDS);
}

static int begin_read(struct message *m, uint32_t kind, struct begin *b, struct krux_err *err)
{
	struct head h;

	if (m->kind != MESSAGE_BEGIN || m->n < sizeof h.word)
		return err_set(err, EPROTO, "what kruxrt says first");
	memcpy(&h.word, m->body, sizeof h.word);
	if (h.word != BEGIN_WORD)
		return err_set(err, 0, "kruxrt and this program are not of one build; install them together");
	if (m->n < sizeof h)
		return err_set(err, EPROTO, "what kruxrt says first");
	memcpy(&h, m->body, sizeof h);
	if (h.kind != kind)
		return err_set(err, 0, "this program is another than kruxrt means to start");
	b->kind = h.kind;
	b->dev = h.dev;
	b->sockets = h.sockets;
	b->proxy_names = h.proxy_names;
	b->generation = h.generation;
	b->uid = h.uid;
	b->gid = h.gid;
	b->parent = (pid_t)h.parent;
	b->agents = h.agents;
	if (!texts_take(m->body + sizeof h, m->n - sizeof h, &h, b) || !descriptors_take(m, h.given, b))
		return err_set(err, EPROTO, "what kruxrt says first");
	return 0;
}

void begin_free(struct begin *b)
{
	for (unsigned i = 0; i < BEGIN_FDS; i++)
		if (b->fd[i] >= 0)
			close(b->fd[i]);
	free(b->memory);
}

int begin_take(int fd, uint32_t kind, struct begin *out, struct krux_err *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct channel c;
	struct message m;
	int rc;

	*out = (struct begin){ .memory = NULL };
	for (unsigned i = 0; i < BEGIN_FDS; i++)
		out->fd[i] = -1;
	if (channel_open(&c, fd, err))
		return -1;
	while (!(rc = channel_take(&c, &m, err)))
		if (poll(&p, 1, START_MS) <= 0)
			break;
	if (!rc)
		err_set(err, ETIMEDOUT, "what kruxrt says first");
	if (rc > 0) {
		rc = begin_read(&m, kind, out, err) ? -1 : 1;
		message_close_fds(&m);
	}
	c.fd = -1;
	channel_close(&c);
	if (rc <= 0)
		begin_free(out);
	return rc > 0 ? 0 : -1;
}
