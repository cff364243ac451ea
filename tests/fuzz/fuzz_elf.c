/* Shared objects: what the checker lets through can be mapped, and its tables can be looked at
 * without leaving the image. */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capspec/krux_abi.h"
#include "capspec/schema.h"
#include "runtime/base/err.h"
#include "runtime/bundle/abi.h"
#include "runtime/bundle/map.h"

/* The names that stand in the corpus, so that more than the count of capabilities is looked at. */
static const struct krux_str label[] = { KRUX_STR("file-content") };
static const struct krux_capability caps[] = {
	{ .name = KRUX_STR("files.read"), .major = 1, .label = label, .nlabels = 1, .max_args = 4200 },
	{ .name = KRUX_STR("files.walk"), .major = 1, .max_args = 4200 },
	{ .name = KRUX_STR("mail.send"), .major = 1, .max_args = 400 },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_err err = { 0 };
	struct elf_image image;
	struct map map;
	int fd;

	if (elf_check(data, size, &image, &err)) {
		PROMISE(err.text[0]);
		return 0;
	}
	PROMISE(image.nsegments > 0 && image.span % ELF_PAGE == 0 && image.symbol + image.symbol_size <= image.span);
	for (unsigned i = 0; i < image.nsegments; i++) {
		PROMISE((image.segment[i].prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC));
		PROMISE(image.segment[i].offset + image.segment[i].filesz <= size);
	}
	/* Much memory takes long, and is no other case. */
	if (image.span > 1 << 20)
		return 0;
	fd = map_seal(data, size, &err);
	PROMISE(fd >= 0);
	if (!map_image(fd, &image, &map, &err)) {
		PROMISE(map_holds(&map, map.abi, sizeof *map.abi, false));
		abi_check(&map, caps, sizeof caps / sizeof *caps, &err);
		map_free(&map);
	}
	close(fd);
	return 0;
}
