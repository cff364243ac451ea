/* Text files of the kernel to numbers. */
#include "stdlib-caps/system/figures.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FILE_MAX = 65536 };

static char *file_text(struct handler_call *c, int fd)
{
	char *buf = krux_pool_get(c->pool, FILE_MAX + 1);
	size_t n = 0;
	ssize_t k = 0;

	while (buf && fd >= 0 && n < FILE_MAX &&
	       (k = pread(fd, buf + n, FILE_MAX - n, (off_t)n)) > 0)
		n += (size_t)k;
	if (!buf || fd < 0 || k < 0 || !n)
		return handler_say(c, "Unavailable", "A file of /proc cannot be read."), NULL;
	return buf;
}

/* The number after "\nWORD", or after WORD at the start. */
static bool number_after(const char *text, const char *word, uint64_t *out)
{
	const char *p = text;

	while ((p = strstr(p, word)) && p != text && p[-1] != '\n')
		p++;
	if (!p)
		return false;
	*out = strtoull(p + strlen(word), NULL, 10);
	return true;
}

bool figures_memory(struct handler_call *c, int meminfo, struct memory *m)
{
	char *text = file_text(c, meminfo);

	if (!text)
		return false;
	if (!number_after(text, "MemTotal:", &m->total) ||
	    !number_after(text, "MemAvailable:", &m->available))
		return handler_fail(c, "Unavailable",
		                    "/proc/meminfo does not say how much memory there is.");
	m->total *= 1024;
	m->available *= 1024;
	if (!m->total || m->available > m->total)
		return handler_fail(c, "Unavailable", "/proc/meminfo contradicts itself.");
	return true;
}

bool figures_disk(struct handler_call *c, struct disk *d)
{
	struct statvfs fs;

	if (fstatvfs(c->workspace, &fs))
		return handler_fail(c, "Unavailable",
		                    "The file system of the workspace does not tell its size.");
	d->total = (uint64_t)fs.f_blocks * fs.f_frsize;
	d->available = (uint64_t)fs.f_bavail * fs.f_frsize;
	return true;
}

bool figures_load(struct handler_call *c, int loadavg, struct load *l)
{
	char *p = file_text(c, loadavg);

	if (!p)
		return false;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t whole = strtoull(p, &p, 10), part = 0;

		if (*p == '.')
			part = strtoull(p + 1, &p, 10);
		l->hundredths[i] = (unsigned)(whole * 100 + part);
	}
	return true;
}

/* "cpu user nice system idle iowait irq softirq steal ...": idle and iowait are not busy; guest
 * times are part of user and nice. */
bool figures_busy(struct handler_call *c, int stat, struct busy *b)
{
	char *p = file_text(c, stat);

	if (!p)
		return false;
	if (strncmp(p, "cpu ", 4) != 0)
		return handler_fail(c, "Unavailable", "/proc/stat has no line for all processors.");
	p += 4;
	*b = (struct busy){ 0 };
	for (unsigned i = 0; i < 8; i++) {
		uint64_t ticks = strtoull(p, &p, 10);

		b->all += ticks;
		b->busy += i == 3 || i == 4 ? 0 : ticks;
	}
	return true;
}

/* Whole disks only: partitions, loops and mapped devices would count the same bytes again. */
static bool is_disk(const char *name, size_t n)
{
	if (n > 4 && !strncmp(name, "nvme", 4))
		return !memchr(name + 4, 'p', n - 4);
	if (n > 6 && !strncmp(name, "mmcblk", 6))
		return !memchr(name + 6, 'p', n - 6);
	return n >= 3 &&
	       (!strncmp(name, "sd", 2) || !strncmp(name, "vd", 2) || !strncmp(name, "xvd", 3)) &&
	       (name[n - 1] < '0' || name[n - 1] > '9');
}

bool figures_disk_io(struct handler_call *c, int diskstats, struct disk_io *io)
{
	char *text = file_text(c, diskstats), *line, *save = NULL;

	if (!text)
		return false;
	*io = (struct disk_io){ 0 };
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t field[7];
		size_t n;

		strtoull(line, &line, 10);
		strtoull(line, &line, 10);
		line += strspn(line, " ");
		n = strcspn(line, " ");
		if (!is_disk(line, n))
			continue;
		line += n;
		for (unsigned i = 0; i < 7; i++)
			field[i] = strtoull(line, &line, 10);
		/* Sectors of 512 bytes, whatever the disk's own are. */
		io->read += field[2] * 512;
		io->written += field[6] * 512;
	}
	return true;
}

unsigned figures_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}
