/* Functions of the C library that fail when they are told to. */
#include "tests/shim/fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { PWRITE, FDATASYNC, FSYNC, FALLOCATE, STEP, ROOM, CALLS };

static const char *const names[CALLS] = { "pwrite", "fdatasync", "fsync", "fallocate", "step", "room" };

static struct fault {
	_Atomic int calls, after, times, no;
	_Atomic dev_t device;         /* of steps */
} *faults;

static void __attribute__((constructor)) faults_make(void)
{
	void *p = mmap(NULL, CALLS * sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		faults = p;
}

static int call_number(const char *call)
{
	int i = 0;

	while (i < CALLS - 1 && strcmp(names[i], call) != 0)
		i++;
	return i;
}

__attribute__((visibility("default"))) fault_fn krux_fault;
__attribute__((visibility("default"))) fault_calls_fn krux_fault_calls;

void krux_fault(const char *call, int after, int times, int no)
{
	struct fault *f = &faults[call_number(call)];
	struct stat st;

	f->device = stat(".", &st) ? 0 : st.st_dev;
	f->times = 0;
	f->calls = 0;
	f->no = no;
	f->after = after;
	f->times = times;
}

int krux_fault_calls(const char *call)
{
	return faults[call_number(call)].calls;
}

/* -1: this call is to go on; else the errno it fails with. */
static int fault_now(int call)
{
	struct fault *f = &faults[call];

	if (!faults)
		return -1;
	f->calls++;
	if (f->times <= 0 || atomic_fetch_sub(&f->after, 1) > 0)
		return -1;
	f->times--;
	return f->no;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static ssize_t pwrite_or_not(ssize_t (*real)(int, const void *, size_t, off_t), int fd, const void *p, size_t n,
                             off_t at)
{
	int no = fault_now(PWRITE);

	if (no > 0) {
		errno = no;
		return -1;
	}
	return real(fd, p, no == 0 && n > 1 ? n / 2 : n, at);
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	return pwrite_or_not(REAL(pwrite), fd, p, n, at);
}

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return pwrite_or_not(REAL(pwrite), fd, p, n, at);
}

static int fails(int call)
{
	int no = fault_now(call);

	if (no <= 0)
		return 0;
	errno = no;
	return -1;
}

/* A change of the file system that the steps are counted on. */
static int step_fails(int fd)
{
	struct stat st;
	int no;

	if (!faults || !faults[STEP].times || fstat(fd, &st) || st.st_dev != faults[STEP].device)
		return 0;
	no = fault_now(STEP);
	if (!no)
		_exit(1);
	errno = no;
	return no > 0;
}

__attribute__((visibility("default"))) ssize_t write(int fd, const void *p, size_t n)
{
	return step_fails(fd) ? -1 : REAL(write)(fd, p, n);
}

__attribute__((visibility("default"))) int fchmod(int fd, mode_t mode)
{
	return step_fails(fd) ? -1 : REAL(fchmod)(fd, mode);
}

__attribute__((visibility("default"))) int mkdirat(int dir, const char *name, mode_t mode)
{
	return step_fails(dir) ? -1 : REAL(mkdirat)(dir, name, mode);
}

__attribute__((visibility("default"))) int renameat2(int dir, const char *name, int to, const char *new, unsigned flags)
{
	return step_fails(dir) ? -1 : REAL(renameat2)(dir, name, to, new, flags);
}

__attribute__((visibility("default"))) int openat(int dir, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return flags & O_CREAT && step_fails(dir) ? -1 : REAL(openat)(dir, name, flags, mode);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
	return fails(FDATASYNC) ? -1 : REAL(fdatasync)(fd);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
	return fails(FSYNC) || step_fails(fd) ? -1 : REAL(fsync)(fd);
}

__attribute__((visibility("default"))) int fallocate(int fd, int mode, off_t at, off_t n)
{
	struct fault *room = &faults[ROOM];

	if (fails(FALLOCATE))
		return -1;
	if (room->times && atomic_fetch_sub(&room->after, (int)n) < n) {
		atomic_fetch_add(&room->after, (int)n);
		errno = ENOSPC;
		return -1;
	}
	return REAL(fallocate)(fd, mode, at, n);
}

__attribute__((visibility("default"))) int unlinkat(int dir, const char *name, int flags)
{
	int rc = step_fails(dir) ? -1 : REAL(unlinkat)(dir, name, flags);

	if (!rc && faults && !strcmp(name, "reserve"))
		atomic_fetch_add(&faults[ROOM].after, 1 << 20);
	return rc;
}
