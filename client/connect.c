/* Options to a connection that has proved who its agent is. */
#include "client/conn.h"

#include "client/fault.h"

#include "capspec/canon.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_TIMEOUT_MS = 10000, TOKEN_MAX = 128 };
static const size_t default_output = (size_t)256 << 20;

int64_t conn_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t conn_until(uint32_t ms)
{
	return ms ? conn_now() + (int64_t)ms * 1000000 : 0;
}

/* ---- options ---- */

static int options_take(const struct krux_options *given, struct krux_options *o, struct krux_fault *fault)
{
	size_t n = given ? given->size : 0;

	*o = (struct krux_options){ 0 };
	if (n < offsetof(struct krux_options, agent) + sizeof o->agent)
		return fault_set(fault, KRUX_E_USAGE, 0, "krux_options.size is not set");
	memcpy(o, given, n < sizeof *o ? n : sizeof *o);
	for (size_t i = sizeof *o; i < n; i++)
		if (((const uint8_t *)given)[i])
			return fault_set(fault, KRUX_E_USAGE, 0, "krux_options has members that this version "
			                 "does not know");
	if (!o->agent || !krux_agent_valid((struct krux_str){ o->agent, strlen(o->agent) }))
		return fault_set(fault, KRUX_E_USAGE, 0, "an agent is 1 to 64 of a-z 0-9 . _ -");
	if (!!o->token + !!o->token_file + !!o->key_file > 1)
		return fault_set(fault, KRUX_E_USAGE, 0, "token, token_file and key_file: at most one of them");
	if (o->token && (!*o->token || strlen(o->token) > TOKEN_MAX))
		return fault_set(fault, KRUX_E_USAGE, 0, "a token has 1 to %d bytes", TOKEN_MAX);
	if (o->claimed && (strlen(o->claimed) > 255 ||
	                   !krux_utf8_valid((struct krux_str){ o->claimed, strlen(o->claimed) })))
		return fault_set(fault, KRUX_E_USAGE, 0, "claimed is UTF-8 of up to 255 bytes");
	if (!o->timeout_ms)
		o->timeout_ms = DEFAULT_TIMEOUT_MS;
	if (!o->max_output)
		o->max_output = default_output;
	return KRUX_OK;
}

/* The token of a file that its owner alone can read; spaces and line ends around it do not count. */
static int token_read(const char *path, char token[static TOKEN_MAX + 2], struct krux_fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fault_set(fault, KRUX_E_SECRET, errno, "%s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return fault_set(fault, KRUX_E_SECRET, 0, "%s: is no regular file", path);
	}
	if (st.st_mode & 077) {
		close(fd);
		return fault_set(fault, KRUX_E_SECRET, 0, "%s: others than its owner can use this token: chmod 600 "
		                 "it", path);
	}
	do
		n = read(fd, token, TOKEN_MAX + 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	if (n < 0)
		return fault_set(fault, KRUX_E_SECRET, errno, "%s", path);
	while (n && strchr(" \t\r\n", token[n - 1]))
		n--;
	token[n] = 0;
	if (!n || n > TOKEN_MAX || strlen(token) != (size_t)n)
		return fault_set(fault, KRUX_E_SECRET, 0, "%s: holds no token", path);
	return KRUX_OK;
}

static int key_read(struct krux *k, const char *path, struct krux_fault *fault)
{
	struct krux_refusal why = { "", "" };

	if (sodium_init() < 0)
		return fault_set(fault, KRUX_E_SYSTEM, 0, "no source of random numbers");
	if (!krux_key_secret_read(path, &k->key, &why))
		return fault_set(fault, KRUX_E_SECRET, 0, "%s: %s", path, why.why);
	return KRUX_OK;
}

/* ---- greeting ---- */

static int hello_send(struct krux *k, const struct krux_options *o, struct krux_fault *fault)
{
	struct frame f = { .kind = FRAME_HELLO };
	char token[TOKEN_MAX + 2];
	int code = KRUX_OK;

	f.hello.version = FRAME_PROTOCOL;
	f.hello.agent = (struct krux_str){ k->agent, strlen(k->agent) };
	if (o->claimed)
		f.hello.claimed = (struct krux_str){ o->claimed, strlen(o->claimed) };
	if (o->key_file) {
		f.hello.proof = FRAME_PROOF_KEY;
		code = key_read(k, o->key_file, fault);
	} else if (o->token_file) {
		f.hello.proof = FRAME_PROOF_TOKEN;
		code = token_read(o->token_file, token, fault);
		f.hello.token = (struct krux_str){ token, code ? 0 : strlen(token) };
	} else if (o->token) {
		f.hello.proof = FRAME_PROOF_TOKEN;
		f.hello.token = (struct krux_str){ o->token, strlen(o->token) };
	}
	k->proof = (uint8_t)f.hello.proof;
	if (!code)
		code = conn_send(k, &f, fault);
	sodium_memzero(token, sizeof token);
	return code;
}

int conn_send(struct krux *k, const struct frame *f, struct krux_fault *fault)
{
	int code = stream_put(&k->stream, f, fault);

	return code ? code : stream_flush(&k->stream, fault);
}

static struct krux *conn_new(const struct krux_options *o)
{
	struct krux *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->stream.fd = -1;
	k->max_output = o->max_output;
	k->until = conn_until(o->timeout_ms);
	memcpy(k->agent, o->agent, strlen(o->agent) + 1);
	return k;
}

static int open_with(const struct krux_options *o, struct krux **out, struct krux_fault *fault)
{
	char path[4096];
	struct krux *k = conn_new(o);
	int code;

	if (!k)
		return fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a connection");
	if (o->connected)
		code = stream_adopt(&k->stream, o->fd, fault);
	else if (!o->socket && !stream_path("KRUX_SOCKET", "agent", path, sizeof path))
		code = fault_set(fault, KRUX_E_USAGE, 0, "the path of the socket is too long");
	else
		code = stream_open(&k->stream, o->socket ? o->socket : path, o->timeout_ms, fault);
	if (!code)
		code = hello_send(k, o, fault);
	if (code) {
		krux_close(k);
		return code;
	}
	*out = k;
	return KRUX_OK;
}

int krux_open(const struct krux_options *given, struct krux **out, struct krux_fault *fault)
{
	struct krux_options o;
	int code;

	if (!out)
		return fault_set(fault, KRUX_E_USAGE, 0, "nowhere to put the connection");
	*out = NULL;
	code = options_take(given, &o, fault);
	return code ? code : open_with(&o, out, fault);
}

void krux_close(struct krux *k)
{
	if (!k || k->inside)
		return;
	stream_close(&k->stream);
	pending_free_all(k);
	while (k->ready) {
		struct outcome *o = k->ready;

		k->ready = o->next;
		krux_result_free(&o->pub);
	}
	krux_key_wipe(&k->key);
	free(k);
}

const struct krux_welcome *krux_welcomed(const struct krux *k)
{
	return k->welcome.agent ? &k->welcome : NULL;
}
