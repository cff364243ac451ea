/* Programs of this build to a daemon that an agent can connect to. */
#include "bench/served.h"

#include "bench/measure.h"
#include "capspec/frame.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *below(const struct served *s, const char *name)
{
	static char path[8][400];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof path[0], "%s/%s", s->folder, name);
	return p;
}

static bool missing(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	return false;
}

static bool token_read(struct served *s)
{
	FILE *f = fopen(below(s, "added"), "re");
	char line[512], *found = NULL;

	while (f && !found && fgets(line, sizeof line, f))
		found = strstr(line, "krux-token-");
	if (f)
		fclose(f);
	return found && sscanf(found, "%127[-0-9a-z]", s->token) == 1;
}

static bool files_make(struct served *s, const char *build, const char *policy)
{
	char kruxc[300], kruxrt[300];
	FILE *f;

	snprintf(kruxc, sizeof kruxc, "%s/kruxc", build);
	snprintf(kruxrt, sizeof kruxrt, "%s/kruxrt", build);
	umask(077);
	snprintf(s->folder, sizeof s->folder, "%s/bench-served-XXXXXX", build);
	if (!mkdtemp(s->folder) || mkdir(below(s, "policy"), 0700))
		return missing(s->folder);
	f = fopen(below(s, "policy/bench.yaml"), "we");
	if (!f || fputs(policy, f) < 0 || fclose(f))
		return missing("a policy");
	if (run_program((const char *[]){ kruxc, "build", below(s, "policy"), "-I", "stdlib-caps", "-o", below(s, "out"), NULL },
	                NULL).code)
		return missing("kruxc build");
	if (run_program((const char *[]){ kruxrt, "init", "--state", below(s, "state"), NULL }, NULL).code)
		return missing("kruxrt init");
	if (run_program((const char *[]){ kruxrt, "agents", "add", "bench", "--token", "--state", below(s, "state"), "--operator",
	                                  below(s, "state/keys/operator.key"), "--bundle", below(s, "out/bundle.krux"), NULL },
	                below(s, "added")).code || !token_read(s))
		return missing("kruxrt agents add");
	return true;
}

static void serve(const struct served *s, const char *build, pid_t bench)
{
	int log = open(below(s, "serve.log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char kruxrt[300];

	snprintf(kruxrt, sizeof kruxrt, "%s/kruxrt", build);
	/* Whatever ends the bench, the daemon is told to stop. */
	if (!prctl(PR_SET_PDEATHSIG, SIGTERM) && getppid() == bench && dup2(log, 2) >= 0)
		execl(kruxrt, kruxrt, "serve", "--state", below(s, "state"), "--bundle", below(s, "out/bundle.krux"), "--socket",
		      below(s, "a"), "--supervisor", below(s, "s"), "--dev", (char *)NULL);
	_exit(127);
}

bool served_start(struct served *s, const char *build, const char *policy)
{
	pid_t bench = getpid();
	int fd = -1;

	*s = (struct served){ .pid = -1 };
	if (!files_make(s, build, policy))
		return false;
	s->pid = fork();
	if (!s->pid)
		serve(s, build, bench);
	for (int i = 0; i < 500 && fd < 0 && waitpid(s->pid, NULL, WNOHANG) == 0; i++) {
		poll(NULL, 0, 20);
		fd = served_connect(s);
	}
	if (fd < 0)
		return missing("kruxrt serve; its serve.log says more");
	close(fd);
	return true;
}

bool served_take(int fd, uint8_t *buf, size_t room, struct frame *out)
{
	size_t n = 0, need = 4;
	const char *why;

	while (n < need) {
		ssize_t k = recv(fd, buf + n, need - n, 0);

		if (k <= 0)
			return false;
		n += (size_t)k;
		if (n == 4)
			need = 4 + ((size_t)buf[0] << 24 | (size_t)buf[1] << 16 | (size_t)buf[2] << 8 | buf[3]);
		if (need > room)
			return false;
	}
	return !frame_decode(FRAME_TO_AGENT, (struct krux_str){ (char *)buf + 4, need - 4 }, out, &why);
}

int served_connect(const struct served *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct frame hello = { .kind = FRAME_HELLO, .hello = { .version = 1, .proof = FRAME_PROOF_TOKEN } };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t buf[2048];
	struct frame f;
	size_t n;

	hello.hello.agent = (struct krux_str){ "bench", 5 };
	hello.hello.token = (struct krux_str){ s->token, strlen(s->token) };
	n = frame_encode(&hello, buf, sizeof buf);
	snprintf(a.sun_path, sizeof a.sun_path, "%.100s", below(s, "a"));
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof a) && send(fd, buf, n, MSG_NOSIGNAL) == (ssize_t)n &&
	    served_take(fd, buf, sizeof buf, &f) && f.kind == FRAME_WELCOME)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int served_workspace(const struct served *s)
{
	return open(below(s, "state/workspaces/bench"), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void served_stop(struct served *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		waitpid(s->pid, NULL, 0);
	}
	if (!s->folder[0])
		return;
	run_program((const char *[]){ "rm", "-rf", s->folder, NULL }, NULL);
}
