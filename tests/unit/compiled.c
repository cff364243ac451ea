/* From text to code that runs. */
#include "tests/unit/compiled.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/krux_abi.h"
#include "compiler/emit/cc.h"
#include "compiler/emit/emit_c.h"
#include "compiler/read/read.h"
#include "runtime/base/err.h"

static void errors_none(const struct compiled *c)
{
	if (c->diags->errors)
		diags_print(c->diags, DIAG_TEXT, stderr, false);
	ck_assert_uint_eq(c->diags->errors, 0);
}

void compiled_decide(struct compiled *c, const char *caps, const char *const *policy, size_t npolicies)
{
	struct krux_str text = { caps, strlen(caps) };
	const struct policyfile **file;
	const struct capfile *capfile;

	*c = (struct compiled){ .arena = arena_new() };
	c->diags = diags_new(c->arena);
	capfile = capfile_parse(c->arena, c->diags, source_text(c->arena, c->diags, "t.cap", text));
	errors_none(c);
	file = ARENA_ARRAY(c->arena, const struct policyfile *, npolicies + 1);
	for (size_t i = 0; i < npolicies; i++) {
		const struct krux_str name = arena_printf(c->arena, "%zu.yaml", i);

		text = (struct krux_str){ policy[i], strlen(policy[i]) };
		file[i] = policyfile_parse(c->arena, c->diags, source_text(c->arena, c->diags, name.p, text));
		errors_none(c);
	}
	capabilities_resolve(c->arena, c->diags, &capfile, 1, &c->build.caps);
	errors_none(c);
	build_resolve(c->arena, c->diags, &c->build.caps, file, npolicies, &c->build);
	errors_none(c);
	build_index(c->arena, &c->build);
	c->decisions = decisions_new(c->arena);
	c->manager = ARENA_ARRAY(c->arena, struct dd *, c->build.caps.n + 1);
	c->root = ARENA_ARRAY(c->arena, uint32_t, c->build.caps.n + 1);
	for (size_t i = 0; i < c->build.caps.n; i++) {
		c->manager[i] = dd_new(c->build.caps.cap[i]);
		c->root[i] = decide_build(c->decisions, c->manager[i], c->diags, &c->build, c->build.caps.cap[i]);
	}
	errors_none(c);
}

void compiled_emit(struct compiled *c)
{
	struct buf b = { 0 };
	bool ok = emit_c(c->arena, c->diags, &c->build, c->decisions, c->manager, c->root, c->form, &b);

	errors_none(c);
	ck_assert(ok);
	c->c_text = arena_str(c->arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
}

void compiled_load(struct compiled *c)
{
	struct krux_err err = { 0 };
	struct elf_image image;
	int fd;

	if (!c->c_text.n)
		compiled_emit(c);
	if (!cc_shared_object(c->arena, c->diags, &(struct cc_allowed){ 0 }, c->c_text, &c->object, &c->compiler))
		errors_none(c);
	ck_assert_msg(!elf_check((const uint8_t *)c->object.p, c->object.n, &image, &err), "%s", err.text);
	fd = map_seal((const uint8_t *)c->object.p, c->object.n, &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_msg(!map_image(fd, &image, &c->map, &err), "%s", err.text);
	close(fd);
	c->abi = c->map.abi;
	c->scratch = aligned_alloc(16, ((size_t)c->abi->scratch + 15) & ~(size_t)15);
	ck_assert_ptr_nonnull(c->scratch);
}

void compiled_free(struct compiled *c)
{
	if (c->abi)
		map_free(&c->map);
	free(c->scratch);
	for (size_t i = 0; c->manager && i < c->build.caps.n; i++)
		dd_free(c->manager[i]);
	arena_free(c->arena);
}

size_t compiled_args(struct compiled *c, const struct capability *cap, const char *json, struct krux_value *wire,
                     uint8_t *out, size_t room)
{
	struct krux_pool *pool = arena_pool(c->arena);
	struct krux_refusal why = { 0 };
	struct krux_value written;
	size_t n;

	ck_assert_msg(krux_json_read(pool, (struct krux_str){ json, strlen(json) }, &written, &why), "%s: %s", json, why.why);
	ck_assert_msg(krux_canon(pool, cap->input, &written, wire, &why), "%s: %s: %s", json, why.where, why.why);
	n = krux_cbor_write(wire, out, room);
	ck_assert_uint_le(n, room);
	return n;
}
