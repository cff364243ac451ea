/* A file to a policy that can be asked. Nothing of the file is believed before its signature is
 * found good, and nothing of its code is mapped before it is checked. */
#include "runtime/bundle/loaded.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/bundle/abi.h"
#include "runtime/bundle/elf.h"
#include "runtime/bundle/trust.h"

#include <errno.h>

static int bundle_open(struct loaded *l, const char *path, int trust, bool dev,
                       struct krux_err *err)
{
	struct krux_refusal why = { "", "" };
	struct krux_public_key *key;
	size_t nkeys, n;

	if (trust_read(trust, TRUST_BUNDLE, l->pool, &key, &nkeys, err))
		return -1;
	l->bytes = file_read_path(path, KRUX_MAX_BUNDLE, &n, err);
	if (!l->bytes)
		return -1;
	if (!krux_bundle_open(l->pool, (struct krux_str){ (char *)l->bytes, n }, key, nkeys, dev,
	                      &l->bundle, &why))
		return err_set(err, 0, "%s%s%s", why.where, *why.where ? ": " : "", why.why);
	if (!krux_schema_read(l->pool, l->bundle.schema, &l->cap, &l->ncaps, &why))
		return err_set(err, 0, "schema: %s%s%s", why.where, *why.where ? ": " : "",
		               why.why);
	return 0;
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

struct loaded *loaded_open(const char *path, int trust, bool dev, struct krux_err *err)
{
	struct loaded *l = calloc(1, sizeof *l);

	if (l)
		l->pool = krux_pool_new(0);
	if (!l || !l->pool) {
		loaded_close(l);
		err_set(err, ENOMEM, "load the bundle");
		return NULL;
	}
	if (bundle_open(l, path, trust, dev, err) || policy_map(l, err)) {
		err_wrap(err, "bundle %s", path);
		loaded_close(l);
		return NULL;
	}
	return l;
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
