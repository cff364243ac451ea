/* The C library's clock, and one second that it can be held at. */
#include "tests/unit/still.h"

#include <check.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic time_t *held;           /* shared with what is forked; 0: it goes */

static void __attribute__((constructor)) held_make(void)
{
	void *p = mmap(NULL, sizeof *held, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	held = p == MAP_FAILED ? NULL : p;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	if (!rc && id == CLOCK_REALTIME && held && *held)
		*t = (struct timespec){ .tv_sec = *held };
	return rc;
}

void still_now(void)
{
	ck_assert_ptr_nonnull(held);
	*held = time(NULL) + 10;
}

void still_on(int seconds)
{
	*held += seconds;
}

void still_end(void)
{
	*held = 0;
}
