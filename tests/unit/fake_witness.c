/* Requests to cosignatures, by the rules of tlog-witness and in their order. */
#include "tests/unit/fake_witness.h"

#include "runtime/record/checkpoint.h"
#include "runtime/record/tree.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct request {
	uint64_t old;
	struct tree_path path;
	struct note note;
	struct checkpoint head;
};

static bool line_take(struct krux_str *s, struct krux_str *line)
{
	const char *end = s->n ? memchr(s->p, '\n', s->n) : NULL;

	if (!end)
		return false;
	*line = (struct krux_str){ s->p, (size_t)(end - s->p) };
	s->n -= line->n + 1;
	s->p = end + 1;
	return true;
}

static bool request_read(struct krux_str body, struct request *r)
{
	struct krux_str line;
	const char *why;

	if (!line_take(&body, &line) || line.n < 5 || memcmp(line.p, "old ", 4) != 0 ||
	    !checkpoint_number((struct krux_str){ line.p + 4, line.n - 4 }, &r->old))
		return false;
	for (r->path.n = 0; line_take(&body, &line) && line.n;)
		if (r->path.n == 63 || !checkpoint_hash(line, r->path.hash[r->path.n++]))
			return false;
	return note_parse(body, &r->note, &why) && checkpoint_parse(r->note.text, &r->head, &why);
}

static void reply(int fd, const char *status, const char *type, const char *body, size_t n)
{
	char head[256];
	int k = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	                 "Connection: close\r\n\r\n", status, type, n);

	if (write(fd, head, (size_t)k) == k)
		while (n) {
			ssize_t w = write(fd, body, n);

			if (w <= 0)
				break;
			body += w;
			n -= (size_t)w;
		}
}

static void answer(struct fake_witness *w, int fd, struct krux_str body)
{
	static struct request r;
	struct fake_state *s = w->state;
	char line[NOTE_LINE], name[NOTE_NAME + 1];

	s->asked++;
	if (s->status[0])
		return reply(fd, s->status, s->type, s->body, s->nbody);
	if (!request_read(body, &r))
		return reply(fd, "400 Bad Request", "text/plain", "", 0);
	snprintf(name, sizeof name, "%.*s", (int)r.head.origin.n, r.head.origin.p);
	if (strcmp(name, s->log.name) != 0)
		return reply(fd, "404 Not Found", "text/plain", "", 0);
	if (note_verify(&r.note, &s->log, 1) != 1)
		return reply(fd, "403 Forbidden", "text/plain", "", 0);
	if (r.old > r.head.size)
		return reply(fd, "400 Bad Request", "text/plain", "", 0);
	if (r.old != s->size) {
		int n = snprintf(line, sizeof line, "%llu\n", (unsigned long long)s->size);

		return reply(fd, "409 Conflict", "text/x.tlog.size", line, (size_t)n);
	}
	if (r.old == r.head.size && memcmp(r.head.root, s->root, HASH_LEN) != 0)
		return reply(fd, "409 Conflict", "text/plain", "", 0);
	if (r.old ? !tree_check_consistency(r.old, r.head.size, s->root, r.head.root, &r.path) : r.path.n != 0)
		return reply(fd, "422 Unprocessable Entity", "text/plain", "", 0);
	s->size = r.head.size;
	memcpy(s->root, r.head.root, HASH_LEN);
	reply(fd, "200 OK", "text/plain; charset=utf-8", line,
	      note_sign(&w->signer, r.note.text, s->time, line));
}

static void serve_one(struct fake_witness *w, int fd)
{
	static char in[256 << 10];
	char *end = NULL, *length;
	size_t n = 0, want = 0;

	while (n < sizeof in - 1) {
		ssize_t got = read(fd, in + n, sizeof in - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		in[n] = 0;
		if (!end && (end = strstr(in, "\r\n\r\n"))) {
			length = strcasestr(in, "Content-Length:");
			want = (size_t)(end + 4 - in) + (length ? strtoul(length + 15, NULL, 10) : 0);
		}
		if (end && n >= want)
			break;
	}
	if (end && !strncmp(in, "POST /add-checkpoint ", 21))
		answer(w, fd, (struct krux_str){ end + 4, n - (size_t)(end + 4 - in) });
	else
		reply(fd, "404 Not Found", "text/plain", "", 0);
	close(fd);
}

void fake_witness_start(struct fake_witness *w, const char *name, const struct note_key *log)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof at;
	uint8_t seed[32];

	randombytes_buf(seed, sizeof seed);
	ck_assert(note_signer_make(&w->signer, (struct krux_str){ name, strlen(name) }, NOTE_COSIGNATURE, seed));
	w->state = mmap(NULL, sizeof *w->state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(w->state != MAP_FAILED);
	w->state->log = *log;
	w->state->time = 1700000000;
	ck_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof at) && !listen(fd, 8));
	ck_assert(!getsockname(fd, (struct sockaddr *)&at, &n));
	snprintf(w->url, sizeof w->url, "http://127.0.0.1:%u", ntohs(at.sin_port));
	w->pid = fork();
	ck_assert(w->pid >= 0);
	if (!w->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		for (;;) {
			int one = accept(fd, NULL, NULL);

			if (one >= 0)
				serve_one(w, one);
		}
	}
	close(fd);
}

void fake_witness_stop(struct fake_witness *w)
{
	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	if (w->state)
		munmap(w->state, sizeof *w->state);
	*w = (struct fake_witness){ 0 };
}
