/* A bundle in use: verified, its policy mapped, checked and tried. */
#ifndef KRUX_LOADED_H
#define KRUX_LOADED_H

#include "capspec/bundle.h"
#include "capspec/krux_abi.h"
#include "capspec/layers.h"
#include "capspec/schema.h"
#include "runtime/bundle/map.h"

struct krux_err;

struct loaded {
	struct krux_pool *pool;
	uint8_t *bytes;                      /* of the file */
	size_t nbytes;
	struct krux_bundle bundle;
	const struct krux_capability *cap;   /* by index of the policy */
	size_t ncaps;
	struct krux_layers layers;           /* n 0: the bundle has none */
	struct krux_str relay;               /* RELAY_FILE; n 0: the bundle has none, or another version's */
	struct map map;
	const struct krux_abi *abi;          /* NULL: loaded_read */
};

/* path is the operator's; trust the trust folder; dev lets development keys through. NULL with
 * *err. */
struct loaded *loaded_open(const char *path, int trust, bool dev, struct krux_err *err);
/* The same from an open file, whose offset is not used; name is for errors. */
struct loaded *loaded_open_fd(int fd, const char *name, int trust, bool dev, struct krux_err *err);
/* The same without its code, for who decides nothing. */
struct loaded *loaded_read(int fd, const char *name, int trust, bool dev, struct krux_err *err);
void loaded_close(struct loaded *);
/* A command whose label says that it runs code of the workspace: after an approval it runs from a snapshot. */
bool capability_runs_workspace(const struct krux_capability *);
/* What the kernel is told about the calls of one of its capabilities, or NULL. */
const struct krux_layer *loaded_layer(const struct loaded *, const struct krux_capability *);

#endif
