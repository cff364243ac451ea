/* A program to the same one under the library of faults. */
#include "tests/unit/faulty.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

fault_fn *faulty_set;
fault_calls_fn *faulty_calls;

static void again_with_shim(char **argv)
{
	char self[PATH_MAX], dir[PATH_MAX], shim[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0 || getenv("LD_PRELOAD")) {
		fputs("the library of faults is not there\n", stderr);
		exit(1);
	}
	self[n] = 0;
	strcpy(dir, self);
	snprintf(shim, sizeof shim, "%s/../shim/fault.so", dirname(dir));
	setenv("LD_PRELOAD", shim, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
	execv(self, argv);
	perror("the library of faults");
	exit(1);
}

void faulty_load(char **argv)
{
	*(void **)&faulty_set = dlsym(RTLD_DEFAULT, FAULT_SYMBOL);
	*(void **)&faulty_calls = dlsym(RTLD_DEFAULT, FAULT_CALLS_SYMBOL);
	if (!faulty_set || !faulty_calls)
		again_with_shim(argv);
}
