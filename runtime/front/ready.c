/* States of the daemon to datagrams on NOTIFY_SOCKET, a path or an abstract name behind '@'. */
#include "runtime/front/ready.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un to;
static socklen_t nto;              /* 0: nobody listens */

void ready_begin(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t n = name ? strlen(name) : 0;

	nto = 0;
	if (n && n < sizeof to.sun_path && (*name == '/' || *name == '@')) {
		to = (struct sockaddr_un){ .sun_family = AF_UNIX };
		memcpy(to.sun_path, name, n);
		if (*name == '@')
			to.sun_path[0] = 0;
		nto = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	}
	unsetenv("NOTIFY_SOCKET");
}

void ready_say(const char *state, const char *status)
{
	struct timespec t;
	char text[512];
	int fd, n;

	if (!nto)
		return;
	/* Required with RELOADING=1, harmless with the others. */
	clock_gettime(CLOCK_MONOTONIC, &t);
	n = snprintf(text, sizeof text, "%s\nMONOTONIC_USEC=%llu\n%s%.256s\n", state,
	             (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000,
	             status ? "STATUS=" : "", status ? status : "");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Whether it is heard does not matter to us. */
	if (sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&to, nto) < 0)
		nto = 0;
	close(fd);
}
