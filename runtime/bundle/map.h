/* A checked shared object to memory: read-only once it stands. */
#ifndef KRUX_MAP_H
#define KRUX_MAP_H

#include "runtime/bundle/elf.h"

struct krux_abi;
struct krux_err;

struct map {
	struct elf_image image;
	uint8_t *base;
	const struct krux_abi *abi;
};

/* Copies n bytes to a memory file that nobody can change any more; its descriptor. */
int map_seal(const uint8_t *p, size_t n, struct krux_err *err);
/* Maps what elf_check has passed from the same bytes, sealed. */
int map_image(int fd, const struct elf_image *, struct map *out, struct krux_err *err);
void map_free(struct map *);

/* Do these n bytes lie in the image; executable ones if `code`. */
bool map_holds(const struct map *, const void *p, uint64_t n, bool code);
/* A string inside the image, of at most max bytes; its length, or -1. */
long map_text(const struct map *, const char *s, size_t max);

#endif
