/* How waits went to whether the next begins with a look. It gives up soon and tries again ever more rarely, so that who is on
 * the processor that the answer needs costs it little. */
#include "runtime/base/eager.h"

#include <sched.h>

void eager_begin(struct eager *e)
{
	cpu_set_t set;

	*e = (struct eager){ .next = EAGER_REST };
	/* With more processors than fit there is more than one. */
	e->able = sched_getaffinity(0, sizeof set, &set) || CPU_COUNT(&set) > 1;
}

bool eager_looks(const struct eager *e)
{
	return e->able && !e->rest && e->soon >= EAGER_AFTER;
}

void eager_looked(struct eager *e, bool came)
{
	if (came) {
		e->missed = 0;
		if (++e->paid == EAGER_PAID) {
			e->paid = 0;
			e->next = EAGER_REST;
		}
		return;
	}
	e->paid = 0;
	if (++e->missed < EAGER_MISSES)
		return;
	e->missed = e->soon = 0;
	e->rest = e->next;
	if (e->next < EAGER_REST_MOST)
		e->next *= 2;
}

void eager_waited(struct eager *e, uint64_t ns, int came)
{
	e->soon = came == 1 && ns <= eager_soon ? e->soon + 1 : 0;
	if (e->rest)
		e->rest--;
}
