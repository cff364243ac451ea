/* Files, opened once, relative to a directory descriptor, never through a link. Every
 * descriptor is O_CLOEXEC. Errors name the file. */
#ifndef KRUX_FILE_H
#define KRUX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct krux_err;

/* Opens `name` at or below the folder `dir` with openat2: BENEATH, no symbolic or magic links. What
 * root makes (here and by file_mkdir) in a folder of somebody else becomes that owner's. */
int file_open(int dir, const char *name, int flags, mode_t mode, struct krux_err *err);
/* Opens a folder that the operator named, links followed. */
int file_folder(const char *path, struct krux_err *err);
/* Makes a folder and opens it; fails when it is there. */
int file_mkdir(int dir, const char *name, mode_t mode, struct krux_err *err);
/* All of a regular file of at most max bytes; a NUL is added. Caller frees. NULL on error. */
uint8_t *file_read(int dir, const char *name, size_t max, size_t *n, struct krux_err *err);
/* The same from a path that the operator named, links followed; "-" is not special. */
uint8_t *file_read_path(const char *path, size_t max, size_t *n, struct krux_err *err);
/* The same from an open descriptor. `name` is for errors. */
uint8_t *file_read_fd(int fd, const char *name, size_t max, size_t *n, struct krux_err *err);
/* Writes all of it, from the current offset. */
int file_write(int fd, const void *p, size_t n, struct krux_err *err);
/* A new file with this content, on disk when it returns; fails when it is there. What others may read,
 * they may whatever the umask is. */
int file_create(int dir, const char *name, mode_t mode, const void *p, size_t n,
                struct krux_err *err);
/* The same in place of what is there, at once: a reader, and who comes after a crash, sees the old
 * or the new. NAME.new stands beside it meanwhile. */
int file_replace(int dir, const char *name, mode_t mode, const void *p, size_t n, struct krux_err *err);
/* The canonical path of an open folder. Caller frees; NULL on error. */
char *file_path(int fd, struct krux_err *err);
/* Is path b at or below path a; both canonical. */
bool file_under(const char *a, const char *b);

#endif
