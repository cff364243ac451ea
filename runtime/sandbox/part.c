/* A program that has only a channel to a process of the daemon. */
#include "runtime/sandbox/part.h"

#include "runtime/base/err.h"
#include "runtime/base/message.h"
#include "runtime/sandbox/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WRONG_USAGE = 2, SYSTEM_FAILED = 3 };

static bool has_channel(void)
{
	int type = 0;
	socklen_t n = sizeof type;

	return !getsockopt(BEGIN_CHANNEL, SOL_SOCKET, SO_TYPE, &type, &n) && type == SOCK_SEQPACKET;
}

static void refuse(const char *name, const char *why)
{
	char text[512];
	struct channel c;

	snprintf(text, sizeof text, "%s: %.400s", name, why);
	if (channel_open(&c, BEGIN_CHANNEL, NULL))
		return;
	channel_put(&c, MESSAGE_REFUSED, 0, &(struct part){ text, strlen(text) }, 1, NULL);
	channel_flush(&c, NULL);
	channel_close(&c);
}

int part_begin(enum process_kind kind, struct begin *out)
{
	struct krux_err err = { 0 };
	char name[16];

	snprintf(name, sizeof name, "krux-%s", process_word(kind));
	if (!has_channel()) {
		fprintf(stderr, "%s: a part of kruxrt serve, which starts it\n", name);
		return WRONG_USAGE;
	}
	prctl(PR_SET_NAME, name);
	probe_get();                   /* while it can be looked up */
	if (begin_take(BEGIN_CHANNEL, kind, out, &err) || process_begin(kind, out->uid, out->gid, &err)) {
		refuse(name, err.text);
		return SYSTEM_FAILED;
	}
	/* The recorder writes down what it has when its channel closes; the others have nothing to finish
	 * without a parent. */
	if (kind != PROCESS_RECORDER && prctl(PR_SET_PDEATHSIG, SIGKILL))
		return SYSTEM_FAILED;
	return getppid() == out->parent ? 0 : SYSTEM_FAILED;
}
