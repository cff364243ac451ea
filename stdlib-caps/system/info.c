/* system.info: the machine to one record. */
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/system/figures.h"

#ifndef KRUX_VERSION
#define KRUX_VERSION "0.1.0"
#endif

bool system_info_open(struct handler_call *c)
{
	(void)c;
	return true;
}

bool system_info_run(struct handler_call *c)
{
	struct utsname *uts = krux_pool_get(c->pool, sizeof *uts);
	char *os = krux_pool_get(c->pool, 200);
	struct sysinfo machine;
	struct memory memory;
	struct disk disk;
	struct answer a;

	if (!uts || !os || uname(uts) || sysinfo(&machine))
		return handler_fail(c, "Unavailable", "The kernel does not describe itself.");
	if (!figures_memory(c, c->host[0], &memory) || !figures_disk(c, &disk))
		return false;
	snprintf(os, 200, "%s %s", uts->sysname, uts->release);
	answer_begin(&a, c->pool);
	answer_word(&a, "os_version", os);
	answer_word(&a, "architecture", uts->machine);
	answer_word(&a, "krux_version", KRUX_VERSION);
	answer_uint(&a, "uptime_seconds", (uint64_t)machine.uptime);
	answer_uint(&a, "cpu_count", figures_processors());
	answer_uint(&a, "memory_total_bytes", memory.total);
	answer_uint(&a, "memory_available_bytes", memory.available);
	answer_uint(&a, "disk_total_bytes", disk.total);
	answer_uint(&a, "disk_available_bytes", disk.available);
	return answer_give(&a, c, "Unavailable");
}
