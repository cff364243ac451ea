/* A daemon that does what a script says, for tests of programs: fakedaemon SOCKET agent|supervisor < SCRIPT
 *
 *     < KIND       reads a message, which has to be of this kind, and prints it
 *     > MESSAGE    sends one (tests/unit/frame_text.h); ID stands for the number of the last call read
 *     hang up      and waits for the next connection
 *
 * Ends with the script; 1 where something else came. Prints "listening" when it does. */
#include "tests/unit/frame_text.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static int listener, fd = -1;
static unsigned to;
static struct frame_reader reader = { .max = FRAME_MAX };
static uint8_t in[1 << 16];
static const uint8_t *at = in;
static size_t left;
static uint64_t last_id;

static void fail(const char *what, const char *why)
{
	printf("fakedaemon: %s: %s\n", what, why);
	fflush(stdout);
	exit(1);
}

static void wait_for(int what, const char *name)
{
	struct pollfd p = { .fd = what, .events = POLLIN };

	if (poll(&p, 1, PATIENCE_MS) < 1)
		fail(name, "nothing comes");
}

static void listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (strlen(path) >= sizeof a.sun_path)
		fail(path, "too long");
	memcpy(a.sun_path, path, strlen(path) + 1);
	unlink(path);
	if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 4))
		fail(path, "cannot listen");
	puts("listening");
	fflush(stdout);
}

static void peer(void)
{
	if (fd >= 0)
		return;
	wait_for(listener, "accept");
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static const char *word(unsigned kind)
{
	static char out[64];

	snprintf(out, sizeof out, "%s", frame_kind_word(kind));
	for (char *p = out; *p; p++)
		if (*p == '_')
			*p = '-';
	return out;
}

static void take(const char *kind)
{
	struct krux_str body;
	enum frame_take t;
	const char *why = "";
	struct frame f;

	peer();
	while ((t = frame_reader_take(&reader, &at, &left, &body)) != FRAME_WHOLE) {
		ssize_t n;

		if (t == FRAME_TOO_LONG)
			fail(kind, "too long");
		if (t == FRAME_ROOM) {
			reader.body = realloc(reader.body, reader.length);
			reader.room = reader.length;
			continue;
		}
		wait_for(fd, kind);
		n = read(fd, in, sizeof in);
		if (n <= 0)
			fail(kind, "the client is gone");
		at = in;
		left = (size_t)n;
	}
	if (frame_decode(to, body, &f, &why))
		fail(kind, why);
	fputs("< ", stdout);
	frame_text_print(&f, stdout);
	if (strcmp(kind, word(f.kind)) != 0)
		fail(kind, "something else came");
	last_id = f.id;
}

static void say(const char *text)
{
	static uint8_t out[1 << 20], room[1 << 20];
	static char whole[1 << 20];
	const char *id = strstr(text, "=ID");
	struct frame f;
	size_t n;

	peer();
	if (id)
		snprintf(whole, sizeof whole, "%.*s=%lu%s", (int)(id - text), text, last_id, id + 3);
	else
		snprintf(whole, sizeof whole, "%s", text);
	n = frame_text_read(whole, &f, room, sizeof room) ? frame_encode(&f, out, sizeof out) : 0;
	if (!n)
		fail(whole, "no message");
	if (send(fd, out, n, MSG_NOSIGNAL) != (ssize_t)n)
		fail(whole, "the client is gone");
}

int main(int argc, char **argv)
{
	static char line[1 << 20];

	if (argc != 3)
		return 2;
	to = strcmp(argv[2], "supervisor") ? FRAME_TO_GATE : FRAME_TO_DAEMON;
	listen_at(argv[1]);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "< ", 2)) {
			take(line + 2);
		} else if (!strncmp(line, "> ", 2)) {
			say(line + 2);
		} else if (!strcmp(line, "hang up")) {
			peer();
			close(fd);
			fd = -1;
			left = 0;
		} else if (line[0]) {
			fail(line, "no such line");
		}
	}
	free(reader.body);
	return 0;
}
