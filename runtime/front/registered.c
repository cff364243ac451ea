/* A log to names and paths. Records hold what others have written, so whoever reads them has no rights by then: a child opens
 * log and blobs and nothing else, and writes texts, each with its NUL, to a pipe: a name, its workspace, the next name. One that
 * fails writes why. */
#include "runtime/front/registered.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/record/carry.h"
#include "runtime/record/roster.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/sandbox/typed.h"

#include "capspec/canon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64 << 20, CHUNK = 64 << 10 };

/* ---- in the child ---- */

static int confine(const struct state *s, struct krux_err *err)
{
	CLEAN_FREE char *log = NULL;
	CLEAN_FREE char *blobs = NULL;

	if (asprintf(&log, "%s/log", s->path) < 0 || asprintf(&blobs, "%s/blobs", s->path) < 0)
		return err_set(err, ENOMEM, "%s", s->path);
	{
		const struct typed_place place[] = { { .place = PLACE_AUDIT_STATE, .path = log }, { .place = PLACE_AUDIT_STATE, .path = blobs } };
		const struct typed t = { .kind = PROCESS_AUDIT, .place = place, .n = 2 };

		return typed_confine(&t, err);
	}
}

static void text_put(FILE *out, struct krux_str s)
{
	fwrite(s.p, 1, s.n, out);
	fputc(0, out);
}

static int agents_put(const struct carry *c, FILE *out, struct krux_err *err)
{
	for (size_t i = 0; i < carry_agents(c); i++) {
		const struct carry_agent *a = carry_agent(c, i);

		if (a->revoked)
			continue;
		text_put(out, a->name);
		text_put(out, a->workspace);
	}
	return fflush(out) || ferror(out) ? err_set(err, errno, "say who is registered") : 0;
}

static void child_be(const struct state *s, int pipe) __attribute__((noreturn));

static void child_be(const struct state *s, int pipe)
{
	const int keep[] = { s->log, s->blobs, pipe };
	struct krux_err err = { 0 };
	FILE *out = fdopen(pipe, "w");
	struct carry *c = NULL;

	if (!out || prctl(PR_SET_PDEATHSIG, SIGKILL) || descriptors_only(keep, 3))
		_exit(2);
	if (!confine(s, &err))
		c = roster_read(s->log, s->blobs, &err);
	if (c && !agents_put(c, out, &err))
		_exit(0);
	fputs(err.text, out);
	fflush(out);
	_exit(1);
}

/* ---- what it says ---- */

/* All of it, with a NUL; the caller frees it. */
static char *said_take(int fd, size_t *n, struct krux_err *err)
{
	CLEAN_FREE char *text = NULL;
	size_t cap = 0;
	ssize_t got;
	char *whole;

	for (*n = 0;; *n += (size_t)got) {
		if (*n + CHUNK > cap) {
			char *more = *n > MOST ? NULL : realloc(text, cap = 2 * cap + 2 * CHUNK);

			if (!more) {
				err_set(err, ENOMEM, "who is registered");
				return NULL;
			}
			text = more;
		}
		got = read(fd, text + *n, cap - *n - 1);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0) {
			err_set(err, errno, "who is registered");
			return NULL;
		} else if (!got)
			break;
	}
	text[*n] = 0;
	whole = text;
	text = NULL;
	return whole;
}

static int agents_take(struct registered *r, size_t n, struct krux_err *err)
{
	size_t texts = 0;

	for (size_t i = 0; i < n; i++)
		texts += !r->text[i];
	r->agent = calloc(texts / 2 + 1, sizeof *r->agent);
	if (!r->agent)
		return err_set(err, ENOMEM, "who is registered");
	for (const char *p = r->text; p < r->text + n; r->n++) {
		struct registered_agent *a = &r->agent[r->n];

		a->name = p;
		p += strlen(p) + 1;
		a->workspace = p;
		if (r->n == texts / 2 || !krux_agent_valid((struct krux_str){ a->name, strlen(a->name) }) || *a->workspace != '/')
			return err_set(err, EPROTO, "who is registered");
		p += strlen(p) + 1;
	}
	return 0;
}

static int child_end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int child_ask(const struct state *s, struct registered *r, struct krux_err *err)
{
	int ends[2], code;
	size_t n = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return err_set(err, errno, "who is registered");
	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (!pid)
		child_be(s, ends[1]);
	if (pid < 0)
		err_set(err, errno, "who is registered");
	close(ends[1]);
	if (pid > 0)
		r->text = said_take(ends[0], &n, err);
	close(ends[0]);
	if (pid < 0)
		return -1;
	code = child_end(pid);
	if (!r->text)
		return -1;
	if (code == 1)
		return err_set(err, 0, "who is registered: %s", r->text);
	if (code)
		return err_set(err, 0, "who is registered: the process that reads it could not go on");
	return agents_take(r, n, err);
}

int registered_read(const struct state *s, struct registered *r, struct krux_err *err)
{
	*r = (struct registered){ .n = 0 };
	if (!child_ask(s, r, err))
		return 0;
	registered_free(r);
	return -1;
}

void registered_free(struct registered *r)
{
	free(r->agent);
	free(r->text);
	*r = (struct registered){ .n = 0 };
}
