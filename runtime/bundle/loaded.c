/* A file to a policy that can be asked. Nothing of the file is believed before its signature is
 * found good, and nothing of its code is mapped before it is checked. */
#include "runtime/bundle/loaded.h"

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/relay.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/bundle/abi.h"
#include "runtime/bundle/elf.h"
#include "runtime/bundle/trust.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Other processes read from the same open file: its offset is nobody's. */
static uint8_t *bytes_read(int fd, size_t *n, struct krux_err *err)
{
	uint8_t *p = NULL;
	struct stat st;

	*n = 0;
	if (fstat(fd, &st)) {
		err_set(err, errno, "read");
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > KRUX_MAX_BUNDLE ||
	    !(p = malloc((size_t)st.st_size + 1))) {
		err_set(err, p ? ENOMEM : 0, "not a file of at most 64 MiB");
		return NULL;
	}
	while (*n < (size_t)st.st_size) {
		ssize_t k = pread(fd, p + *n, (size_t)st.st_size - *n, (off_t)*n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0) {
			err_set(err, k ? errno : EIO, "read");
			free(p);
			return NULL;
		}
		*n += (size_t)k;
	}
	return p;
}

/* The kernel is handed what this version's compiler writes, and nothing that only looks like it. */
static void relay_read(struct loaded *l)
{
	const struct krux_str rules = krux_bundle_file(&l->bundle, RELAY_FILE);
	char text[2 * KRUX_SHA256 + 1] = "";
	uint8_t digest[KRUX_SHA256];

	if (!rules.p)
		return;
	krux_sha256(rules, digest);
	krux_hex_write(digest, sizeof digest, text);
	if (!strcmp(text, RELAY_SHA256))
		l->relay = rules;
}

/* Bundles of earlier versions have none: they can be shown and replayed, their calls are not run. */
static int layers_read(struct loaded *l, struct krux_err *err)
{
	struct krux_str bytes = krux_bundle_file(&l->bundle, KRUX_LAYERS_FILE);
	struct krux_refusal why = { "", "" };

	if (!bytes.p || krux_layers_read(l->pool, bytes, l->ncaps, &l->layers, &why))
		return 0;
	return err_set(err, 0, KRUX_LAYERS_FILE ": %s%s%s", why.where, *why.where ? ": " : "", why.why);
}

const struct krux_layer *loaded_layer(const struct loaded *l, const struct krux_capability *cap)
{
	return l->layers.n ? &l->layers.list[cap - l->cap] : NULL;
}

static int bundle_open(struct loaded *l, int fd, const char *path, int trust, bool dev,
                       struct krux_err *err)
{
	struct krux_refusal why = { "", "" };
	struct krux_public_key *key;
	size_t nkeys, n;

	if (trust_read(trust, TRUST_BUNDLE, l->pool, &key, &nkeys, err))
		return -1;
	l->bytes = path ? file_read_path(path, KRUX_MAX_BUNDLE, &n, err) : bytes_read(fd, &n, err);
	if (!l->bytes)
		return -1;
	l->nbytes = n;
	if (!krux_bundle_open(l->pool, (struct krux_str){ (char *)l->bytes, n }, key, nkeys, dev,
	                      &l->bundle, &why))
		return err_set(err, 0, "%s%s%s", why.where, *why.where ? ": " : "", why.why);
	if (!krux_schema_read(l->pool, l->bundle.schema, &l->cap, &l->ncaps, &why))
		return err_set(err, 0, "schema: %s%s%s", why.where, *why.where ? ": " : "",
		               why.why);
	relay_read(l);
	return layers_read(l, err);
}

static int policy_map(struct loaded *l, struct krux_err *err)
{
	const uint8_t *p = (const uint8_t *)l->bundle.object.p;
	struct elf_image image;
	CLEAN_FD int fd = -1;

	if (elf_check(p, l->bundle.object.n, &image, err))
		return -1;
	fd = map_seal(p, l->bundle.object.n, err);
	if (fd < 0 || map_image(fd, &image, &l->map, err))
		return -1;
	if (abi_check(&l->map, l->cap, l->ncaps, err) || abi_try(l->map.abi, l->cap, l->ncaps, err))
		return -1;
	l->abi = l->map.abi;
	return 0;
}

typedef int policy_fn(struct loaded *, struct krux_err *err);

static struct loaded *load(int fd, const char *path, const char *name, int trust, bool dev, policy_fn *policy,
                           struct krux_err *err)
{
	struct loaded *l = calloc(1, sizeof *l);

	if (l)
		l->pool = krux_pool_new(0);
	if (!l || !l->pool) {
		loaded_close(l);
		err_set(err, ENOMEM, "load the bundle");
		return NULL;
	}
	if (bundle_open(l, fd, path, trust, dev, err) || (policy && policy(l, err))) {
		err_wrap(err, "bundle %s", name);
		loaded_close(l);
		return NULL;
	}
	return l;
}

struct loaded *loaded_open(const char *path, int trust, bool dev, struct krux_err *err)
{
	return load(-1, path, path, trust, dev, policy_map, err);
}

struct loaded *loaded_open_fd(int fd, const char *name, int trust, bool dev, struct krux_err *err)
{
	return load(fd, NULL, name, trust, dev, policy_map, err);
}

struct loaded *loaded_read(int fd, const char *name, int trust, bool dev, struct krux_err *err)
{
	return load(fd, NULL, name, trust, dev, NULL, err);
}

void loaded_close(struct loaded *l)
{
	if (!l)
		return;
	if (l->map.base)
		map_free(&l->map);
	krux_pool_free(l->pool);
	free(l->bytes);
	free(l);
}

bool capability_runs_workspace(const struct krux_capability *cap)
{
	for (size_t i = 0; i < cap->nlabels; i++)
		if (krux_str_eq(cap->label[i], KRUX_STR("runs-workspace-code")))
			return cap->handler.kind == KRUX_HANDLER_COMMAND;
	return false;
}
