/* What lies about outside of files and network: what others left, and what tells about the machine. */
#include "tests/live/live.h"

#include <linux/keyctl.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static struct utsname host;

static bool look(void)
{
	return !uname(&host);
}

static long name_of_the_host(struct handler_call *c, const void *arg)
{
	struct utsname u;

	(void)c, (void)arg;
	return uname(&u) || strcmp(u.nodename, host.nodename) ? ENODATA : 0;
}

static struct timespec up;

static bool look_at_clock(void)
{
	return !clock_gettime(CLOCK_BOOTTIME, &up);
}

/* A clock of its own would be behind. */
static long up_since(struct handler_call *c, const void *arg)
{
	struct timespec t;

	(void)c, (void)arg;
	return clock_gettime(CLOCK_BOOTTIME, &t) || t.tv_sec < up.tv_sec ? ENODATA : 0;
}

static bool renamed(void)
{
	struct utsname u;
	bool is;

	if (uname(&u))
		return true;
	is = !strcmp(u.nodename, "taken");
	if (is)
		(void)!syscall(SYS_sethostname, host.nodename, strlen(host.nodename));
	return is;
}

static long rename_host(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(syscall(SYS_sethostname, "taken", 5));
}

static bool has_segment(void)
{
	return segment >= 0 || cannot("no shared memory can be made");
}

static long shared_memory(struct handler_call *c, const void *arg)
{
	int id = shmget(0x6B727578, 0, 0);

	(void)c, (void)arg;
	return id < 0 || shmat(id, NULL, 0) == (void *)-1 ? errno : 0;
}

static bool has_key(void)
{
	return key_serial > 0 || cannot("no key can be made");
}

static long key(struct handler_call *c, const void *serial)
{
	char text[8];

	(void)c;
	if (syscall(SYS_keyctl, KEYCTL_READ, *(const int *)serial, text, 6) < 0)
		return errno;
	return memcmp(text, "secret", 6) ? EBADMSG : 0;
}

/* ---- what the workspace's owner alone may read ---- */

static bool owner_has_key(void)
{
	return owners[OWNERS_KEY] > 0 || cannot("no key can be made");
}

static bool owner_has_queue(void)
{
	return owners[OWNERS_QUEUE] >= 0 || cannot("no queue of messages can be made");
}

static bool owner_has_semaphore(void)
{
	return owners[OWNERS_SEMAPHORE] >= 0 || cannot("no semaphore can be made");
}

/* No message is in it. */
static long queue(struct handler_call *c, const void *arg)
{
	struct { long type; char text[8]; } m;

	(void)c, (void)arg;
	return msgrcv(owners[OWNERS_QUEUE], &m, sizeof m.text, 0, IPC_NOWAIT) < 0 && errno != ENOMSG ? errno : 0;
}

static long semaphore(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(semctl(owners[OWNERS_SEMAPHORE], 0, GETVAL));
}

static const struct attempt list[] = {
	{ "name of the host", name_of_the_host, NULL, look, .hold = EACH(ON(NS_UTS)) },
	{ "how long the machine has been up", up_since, NULL, look_at_clock,
	  .open = "a time namespace without offsets has the host's clocks" },
	{ "rename the host", rename_host, NULL, look, .seen = renamed, .hold = ROOTS(ON(SECCOMP) | ON(NS_UTS)) },
	{ "shared memory of others", shared_memory, NULL, has_segment, .hold = EACH(ON(SECCOMP) | ON(NS_IPC)) },
	{ "key of others", key, &key_serial, has_key, .hold = EACH(ON(SECCOMP)) },
	{ "key of the workspace's owner", key, &owners[OWNERS_KEY], owner_has_key, .hold = EACH(ON(SECCOMP) | ON(IDMAPPED)) },
	{ "messages of the workspace's owner", queue, NULL, owner_has_queue, .hold = EACH(ON(SECCOMP) | ON(NS_IPC) | ON(IDMAPPED)) },
	{ "semaphores of the workspace's owner", semaphore, NULL, owner_has_semaphore,
	  .hold = EACH(ON(SECCOMP) | ON(NS_IPC) | ON(IDMAPPED)) },
};
const struct attempt_list leftovers_list = { "leftovers", list, sizeof list / sizeof *list };
