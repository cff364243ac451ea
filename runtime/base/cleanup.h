/* Attributes that release what a local variable holds, so that early returns are safe. */
#ifndef KRUX_CLEANUP_H
#define KRUX_CLEANUP_H

#include "capspec/value.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define CLEAN_FREE CLEANUP(cleanup_free)
#define CLEAN_FD CLEANUP(cleanup_fd)       /* -1: none */
#define CLEAN_DIR CLEANUP(cleanup_dir)
#define CLEAN_POOL CLEANUP(cleanup_pool)

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void cleanup_pool(struct krux_pool **pool)
{
	krux_pool_free(*pool);
}

/* The descriptor, which the variable then no longer owns. */
static inline int fd_keep(int *fd)
{
	int kept = *fd;

	*fd = -1;
	return kept;
}

#endif
