/* system.metrics: two looks at the machine's counters, a window apart, to what it did between. */
#include <errno.h>
#include <time.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/system/figures.h"

enum { MEMINFO, LOADAVG, STAT, DISKSTATS };

bool system_metrics_open(struct handler_call *c)
{
	(void)c;
	return true;
}

static void window_sleep(uint64_t ns)
{
	struct timespec left = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

static uint64_t since(uint64_t after, uint64_t before)
{
	return after > before ? after - before : 0;
}

/* Tenths of a percent, at most 1000. */
static uint64_t share(uint64_t part, uint64_t whole)
{
	uint64_t n = whole ? part / (whole / 1000 + 1) : 0;

	if (whole && whole < 1000000)
		n = part * 1000 / whole;
	return n > 1000 ? 1000 : n;
}

bool system_metrics_run(struct handler_call *c)
{
	uint64_t window = arg_uint(c, "window");
	struct krux_value cpu, mem, disks;
	struct disk_io io[2];
	struct memory memory;
	struct busy busy[2];
	struct answer a;
	struct load load;
	bool ok;

	if (!figures_busy(c, c->host[STAT], &busy[0]) ||
	    !figures_disk_io(c, c->host[DISKSTATS], &io[0]))
		return false;
	window_sleep(window);
	if (!figures_busy(c, c->host[STAT], &busy[1]) ||
	    !figures_disk_io(c, c->host[DISKSTATS], &io[1]) ||
	    !figures_memory(c, c->host[MEMINFO], &memory) ||
	    !figures_load(c, c->host[LOADAVG], &load))
		return false;
	answer_begin(&a, c->pool);
	answer_uint(&a, "average_percent",
	            share(since(busy[1].busy, busy[0].busy), since(busy[1].all, busy[0].all)));
	answer_uint(&a, "load_1m", load.hundredths[0]);
	answer_uint(&a, "load_5m", load.hundredths[1]);
	answer_uint(&a, "load_15m", load.hundredths[2]);
	ok = answer_end(&a, &cpu);
	answer_begin(&a, c->pool);
	answer_uint(&a, "total_bytes", memory.total);
	answer_uint(&a, "used_bytes", memory.total - memory.available);
	answer_uint(&a, "used_percent", share(memory.total - memory.available, memory.total));
	ok = answer_end(&a, &mem) && ok;
	answer_begin(&a, c->pool);
	answer_uint(&a, "read_bytes", since(io[1].read, io[0].read));
	answer_uint(&a, "write_bytes", since(io[1].written, io[0].written));
	ok = answer_end(&a, &disks) && ok;
	answer_begin(&a, ok ? c->pool : NULL);
	answer_uint(&a, "window", window);
	answer_value(&a, "cpu", cpu);
	answer_value(&a, "memory", mem);
	answer_value(&a, "disk_io", disks);
	return answer_give(&a, c, "Unavailable");
}
