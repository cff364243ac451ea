/* kruxc fmt, import, keygen: files to files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capspec/guard.h"
#include "capspec/key.h"
#include "compiler/base/buf.h"
#include "compiler/command/command.h"
#include "compiler/read/import.h"

/* ---- fmt ---- */

static bool is_cap(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && !strcmp(path + n - 4, ".cap");
}

struct formatted {
	const char *path;
	bool same;                      /* as it was */
	struct buf text;
};

static bool format_one(struct pipeline *p, const char *path, struct formatted *out)
{
	const struct source *src = source_read(p->arena, p->diags, path, path);
	size_t errors = p->diags->errors;
	const struct capfile *f;

	*out = (struct formatted){ .path = path };
	if (!src)
		return false;
	if (is_cap(path)) {
		f = capfile_parse(p->arena, p->diags, src);
		if (!f || p->diags->errors > errors)
			return false;
		capfile_format(&out->text, f);
	} else if (!policyfile_format(p->arena, p->diags, src, &out->text)) {
		buf_free(&out->text);
		return false;
	}
	out->same = krux_str_eq(src->text, (struct krux_str){ out->text.p, out->text.n });
	return true;
}

/* All or none, as far as it can be known before the first. */
static int formatted_write(const struct formatted *f, size_t n)
{
	int code = EXIT_YES;

	for (size_t i = 0; i < n; i++)
		if (!f[i].same && !file_may_save(f[i].path))
			code = EXIT_SYSTEM;
	for (size_t i = 0; i < n && code == EXIT_YES; i++)
		if (!f[i].same && !file_save(f[i].path, f[i].text.p, f[i].text.n))
			code = EXIT_SYSTEM;
	return code;
}

static int formatted_list(const struct formatted *f, size_t n)
{
	int code = EXIT_YES;

	for (size_t i = 0; i < n; i++)
		if (!f[i].same) {
			screen_print(stdout, f[i].path);
			putchar('\n');
			code = EXIT_NO;
		}
	return code;
}

static int formatted_print(const struct options *o, const struct formatted *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!command_output(o, &f[i].text))
			return EXIT_SYSTEM;
	return EXIT_YES;
}

int command_fmt(const struct options *o)
{
	struct pipeline *p = pipeline_new();
	struct formatted *f = ARENA_ARRAY(p->arena, struct formatted, o->nargs);
	size_t n = 0;
	int code = EXIT_YES;

	for (size_t i = 0; i < o->nargs; i++)
		n += format_one(p, o->arg[i], &f[n]);
	if (o->check)
		code = formatted_list(f, n);
	else if (!o->write)
		code = formatted_print(o, f, n);
	else if (!p->diags->errors)
		code = formatted_write(f, n);
	for (size_t i = 0; i < n; i++)
		buf_free(&f[i].text);
	return command_end(p, o, code);
}

/* ---- import ---- */

/* Several files to a folder. */
static int import_write_all(const struct options *o, struct pipeline *p, const struct imports *all)
{
	const char **path = ARENA_ARRAY(p->arena, const char *, all->n);
	int code = EXIT_YES;

	if (mkdir(o->output, 0777) && errno != EEXIST) {
		command_say("kruxc: cannot make the folder %s: %s", o->output, strerror(errno));
		return EXIT_SYSTEM;
	}
	for (size_t i = 0; i < all->n; i++) {
		path[i] = arena_printf(p->arena, "%s/%.*s", o->output, STR_ARG(all->file[i].name)).p;
		if (!output_spares(p, path[i], o->arg + 1, o->nargs - 1))
			return EXIT_USAGE;
	}
	for (size_t i = 0; i < all->n; i++)
		if (!file_save(path[i], all->file[i].text.p, all->file[i].text.n))
			code = EXIT_SYSTEM;
	return code;
}

static int import_write(const struct options *o, struct pipeline *p, const struct imports *all)
{
	int code = EXIT_YES;
	struct buf b = { 0 };

	if (o->output && all->n > 1)
		return import_write_all(o, p, all);
	if (o->output && !output_spares(p, o->output, o->arg + 1, o->nargs - 1))
		return EXIT_USAGE;
	for (size_t i = 0; i < all->n; i++) {
		const struct imported *f = &all->file[i];

		if (all->n > 1)
			buf_printf(&b, "%s# %.*s\n", i ? "\n" : "", STR_ARG(f->name));
		buf_str(&b, f->text);
	}
	if (b.n && !command_output(o, &b))
		code = EXIT_SYSTEM;
	buf_free(&b);
	return code;
}

/* What cannot be built is not handed on. */
static bool import_check(struct pipeline *p, const struct imports *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct diags *quiet = diags_new(p->arena);
		const struct source *src = source_text(p->arena, quiet, "imported", all->file[i].text);
		const struct capfile *f = capfile_parse(p->arena, quiet, src);
		struct capability_set set;

		if (f && capabilities_resolve(p->arena, quiet, &f, 1, &set) && !quiet->errors)
			continue;
		diag_error(p->diags, 6107, (struct span){ 0 }, "%.*s cannot be imported: the result would be wrong: %.*s",
		           STR_ARG(all->file[i].name), STR_ARG(quiet->n ? quiet->list[0]->text : KRUX_STR("it is empty")));
	}
	return !p->diags->errors;
}

int command_import(const struct options *o)
{
	static const char *const word[] = { "kruxos", "mcp", "claude" };
	struct pipeline *p;
	const struct source **src;
	struct imports all = { 0 };
	size_t n = 0;
	int kind = 0, code = EXIT_YES;

	while (kind < 3 && strcmp(o->arg[0], word[kind]) != 0)
		kind++;
	if (kind == 3)
		return command_usage(o, "'%s' is no format; there are kruxos, mcp and claude", o->arg[0]);
	p = pipeline_new();
	src = ARENA_ARRAY(p->arena, const struct source *, o->nargs);
	for (size_t i = 1; i < o->nargs; i++) {
		const struct source *s = source_read(p->arena, p->diags, o->arg[i], o->arg[i]);

		if (s)
			src[n++] = s;
	}
	if (!p->diags->errors && import_run(p->arena, p->diags, (enum import_kind)kind, src, n, &all) &&
	    (kind != IMPORT_MCP || import_check(p, &all)))
		code = import_write(o, p, &all);
	return command_end(p, o, code);
}

/* ---- keys ---- */

int command_keygen(const struct options *o)
{
	const char *stem = o->arg[0], *slash = strrchr(stem, '/');
	struct krux_refusal why = { { 0 }, { 0 } };
	struct krux_secret_key key;
	bool fine;

	if (!krux_guard(&why)) {
		command_say("kruxc keygen: %s", why.why);
		return EXIT_SYSTEM;
	}
	if (!krux_key_generate(slash ? slash + 1 : stem, o->dev, &key, &why))
		return command_usage(o, "%s", why.why);
	fine = krux_key_files_write(stem, &key, &why);
	krux_key_wipe(&key);
	if (!fine) {
		command_say("kruxc keygen: %s: %s", why.where, why.why);
		return EXIT_SYSTEM;
	}
	screen_print(stdout, stem);
	fputs(".key  keep it secret: who has it decides what agents may do\n", stdout);
	screen_print(stdout, stem);
	fputs(".pub  for the runtime's trust folder\n", stdout);
	return EXIT_YES;
}
