/* The supervisor protocol, from the side of who asks. */
#include "runtime/front/supervisor.h"

#include "client/fault.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/front.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Records may be long in coming when the disk is slow; a daemon that says nothing for so long is none. */
enum { PATIENCE_MS = 30000 };

static enum supervisor_result broke(const struct krux_fault *f, struct krux_err *err)
{
	err_set(err, 0, "%s", f->text);
	return SUPERVISOR_FAILED;
}

static bool socket_path(const char *given, char *path, size_t size)
{
	const char *agent = secure_getenv("KRUX_SOCKET"), *slash = agent ? strrchr(agent, '/') : NULL;

	if (given)
		return (size_t)snprintf(path, size, "%s", given) < size;
	if (slash && !secure_getenv("KRUX_SUPERVISOR_SOCKET"))
		return (size_t)snprintf(path, size, "%.*s/supervisor.sock", (int)(slash - agent), agent) < size;
	return stream_path("KRUX_SUPERVISOR_SOCKET", "supervisor", path, size);
}

/* Waits for the next message; wait_ms negative: as long as it takes. */
static enum supervisor_result next(struct supervisor *s, int wait_ms, struct frame *out, struct krux_err *err)
{
	struct timespec start, now;
	struct krux_fault fault;
	size_t most = SIZE_MAX;
	bool got = false;
	int left = wait_ms;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!got) {
		struct pollfd p = { .fd = s->stream.fd, .events = POLLIN };

		if (!stream_idle(&s->stream))
			p.events |= POLLOUT;
		if (stream_flush(&s->stream, &fault) ||
		    stream_take(&s->stream, FRAME_TO_SUPERVISOR, &most, out, &got, &fault))
			return broke(&fault, err);
		if (got)
			break;
		if (poll(&p, 1, left) < 0 && errno != EINTR) {
			err_set(err, errno, "poll");
			return SUPERVISOR_FAILED;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (wait_ms >= 0)
			left = wait_ms - (int)((now.tv_sec - start.tv_sec) * 1000 +
			                       (now.tv_nsec - start.tv_nsec) / 1000000);
		if (wait_ms >= 0 && left <= 0) {
			err_set(err, 0, "the daemon says nothing");
			return SUPERVISOR_FAILED;
		}
	}
	if (out->kind != FRAME_ERROR)
		return SUPERVISOR_OK;
	fault_frame(&fault, out);
	err_set(err, 0, "%s: %s", krux_code_word(fault.code), fault.text);
	return SUPERVISOR_FAILED;
}

enum supervisor_result supervisor_greet(struct supervisor *s, struct krux_err *err)
{
	struct frame f = { .kind = FRAME_S_HELLO, .s_hello.version = FRAME_PROTOCOL };
	enum supervisor_result result;
	struct krux_fault fault;

	if (s->greeted)
		return SUPERVISOR_OK;
	if (stream_put(&s->stream, &f, &fault))
		return broke(&fault, err);
	result = next(s, PATIENCE_MS, &f, err);
	if (result)
		return result;
	if (f.kind != FRAME_S_WELCOME) {
		err_set(err, 0, "the daemon did not say welcome");
		return SUPERVISOR_FAILED;
	}
	snprintf(s->engine, sizeof s->engine, "%.*s", (int)(f.s_welcome.engine.n < 100 ? f.s_welcome.engine.n : 100),
	         f.s_welcome.engine.p);
	memcpy(s->bundle, f.s_welcome.bundle, sizeof s->bundle);
	s->dev = f.s_welcome.dev;
	s->greeted = true;
	return SUPERVISOR_OK;
}

enum supervisor_result supervisor_reach(struct supervisor *s, const char *socket, struct krux_err *err)
{
	struct krux_fault fault;
	char path[4096];

	*s = (struct supervisor){ .stream.fd = -1 };
	if (!socket_path(socket, path, sizeof path)) {
		err_set(err, 0, "the path of the socket is too long");
		return SUPERVISOR_FAILED;
	}
	return stream_open(&s->stream, path, PATIENCE_MS, &fault) ? broke(&fault, err) : SUPERVISOR_OK;
}

void supervisor_close(struct supervisor *s)
{
	stream_close(&s->stream);
}

enum supervisor_result supervisor_ask(struct supervisor *s, struct frame *question, enum frame_kind want,
                                      struct frame *answer, struct krux_err *err)
{
	enum supervisor_result result;
	struct krux_fault fault;

	question->id = ++s->id;
	if (stream_put(&s->stream, question, &fault))
		return broke(&fault, err);
	do
		result = next(s, PATIENCE_MS, answer, err);
	while (!result && answer->kind == FRAME_S_EVENT);
	if (result)
		return result;
	if (answer->id == question->id && answer->kind == want)
		return SUPERVISOR_OK;
	if (answer->id == question->id && answer->kind == FRAME_S_REFUSED) {
		err_set(err, 0, "%.*s", (int)(answer->s_refused.why.n < 400 ? answer->s_refused.why.n : 400),
		        answer->s_refused.why.p);
		return SUPERVISOR_REFUSED;
	}
	err_set(err, 0, "the daemon answered what nobody asked");
	return SUPERVISOR_FAILED;
}

enum supervisor_result supervisor_event(struct supervisor *s, struct frame *event, struct krux_err *err)
{
	enum supervisor_result result;

	do
		result = next(s, -1, event, err);
	while (!result && event->kind != FRAME_S_EVENT);
	return result;
}

enum supervisor_result supervisor_json(struct supervisor *s, struct frame *question, struct krux_pool *pool,
                                       struct krux_value *out, struct krux_err *err)
{
	struct krux_refusal why = { "", "" };
	enum supervisor_result result;
	struct frame answer;
	struct krux_str text;

	result = supervisor_ask(s, question, FRAME_S_ANSWER, &answer, err);
	if (result)
		return result;
	text = answer.s_answer.json;
	text.p = krux_pool_copy(pool, text.p, text.n);
	if (text.p && krux_json_read(pool, text, out, &why))
		return SUPERVISOR_OK;
	err_set(err, 0, "the daemon's answer is no JSON: %s", why.why);
	return SUPERVISOR_FAILED;
}

int supervisor_fail(const char *command, enum supervisor_result result, const struct krux_err *err)
{
	fprintf(stderr, "kruxrt %s: %s", command, result == SUPERVISOR_REFUSED ? "refused: " : "");
	screen_puts(stderr, err->text);
	fputc('\n', stderr);
	return result == SUPERVISOR_REFUSED ? EXIT_NO : EXIT_SYSTEM;
}
