#include "tests/unit/names.h"

#include "runtime/base/message.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

void names_run(int channel, void (*answer)(const char *name, int to))
{
	struct pollfd p = { .fd = channel, .events = POLLIN };
	struct channel c;
	struct message m;
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (channel_open(&c, channel, NULL))
		_exit(3);
	while ((rc = channel_take(&c, &m, NULL)) >= 0) {
		if (rc) {
			answer((const char *)m.body, m.fd[0]);
			message_close_fds(&m);
		} else {
			poll(&p, 1, -1);
		}
	}
	_exit(0);
}
