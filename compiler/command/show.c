/* kruxc check, table, doc, schema, fmt, explain: text out of sources. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/buf.h"
#include "compiler/base/escape.h"
#include "compiler/check/explain.h"
#include "compiler/command/command.h"
#include "compiler/emit/policyschema.h"
#include "compiler/emit/reference.h"
#include "compiler/emit/table.h"
#include "compiler/plan/coverage.h"

/* Capability files can be checked without a policy; the built-in one is always there. */
int command_check(const struct options *o)
{
	struct pipeline *p = pipeline_new();
	struct inputs_given given = { .path = o->arg, .npaths = o->nargs, .capdir = o->capdir, .ncapdirs = o->ncapdirs };
	bool ok = pipeline_read(p, &given);

	if (ok && p->npolicyfiles <= 1) {
		capabilities_resolve(p->arena, p->diags, p->capfile, p->ncapfiles, &p->caps);
	} else if (ok && pipeline_resolve(p) && pipeline_decide(p)) {
		coverage_report(p->decisions, p->manager, p->diags, &p->build);
		dd_allow(2);
		tables_fit(p->diags, p->decisions, p->manager, p->root, &p->caps);
	}
	if (!p->diags->n && o->format == DIAG_TEXT)
		printf("%zu capabilit%s, %zu polic%s: no complaints\n", p->caps.n, p->caps.n == 1 ? "y" : "ies",
		       p->npolicyfiles - 1, p->npolicyfiles == 2 ? "y" : "ies");
	return command_end_output(p, o, EXIT_YES);
}

int command_table(const struct options *o)
{
	bool ok;
	struct pipeline *p = command_load(o, 0, o->nargs, &ok);
	struct buf b = { 0 };

	if (ok)
		(o->json ? tables_json : tables_write)(&b, p->diags, p->decisions, p->manager, p->root, &p->caps);
	ok = !p->diags->errors && command_output(o, &b);
	buf_free(&b);
	return command_end(p, o, ok ? EXIT_YES : EXIT_SYSTEM);
}

int command_doc(const struct options *o)
{
	struct pipeline *p = pipeline_new();
	struct inputs_given given = { .path = o->arg, .npaths = o->nargs };
	struct buf b = { 0 };
	bool ok = pipeline_read(p, &given) &&
	          capabilities_resolve(p->arena, p->diags, p->capfile, p->ncapfiles, &p->caps);

	for (size_t i = 0; ok && i < p->caps.n; i++) {
		buf_puts(&b, i ? "\n" : "");
		reference_write(&b, p->caps.cap[i]);
	}
	ok = output_check(o, p) && ok && command_output(o, &b);
	buf_free(&b);
	p->caps.n = 0;
	return command_end(p, o, ok ? EXIT_YES : EXIT_SYSTEM);
}

int command_schema(const struct options *o)
{
	struct buf b = { 0 };
	bool fine;

	policyschema_write(&b);
	fine = command_output(o, &b);
	buf_free(&b);
	return fine ? EXIT_YES : EXIT_SYSTEM;
}

int command_explain(const struct options *o)
{
	const char *text = o->arg[0];
	struct buf b = { 0 };
	unsigned long code;
	char *end;
	bool found, fine;

	code = strtoul(text + (*text == 'K' || *text == 'k'), &end, 10);
	if (*end || end == text || code > 9999)
		return command_usage(o, "'%s' is not a code such as K3001", text);
	found = code_explain(&b, (unsigned)code);
	fine = !found || command_output(o, &b);
	buf_free(&b);
	if (!found)
		command_say("kruxc explain: there is no diagnostic K%04lu", code);
	return !found ? EXIT_NO : fine ? EXIT_YES : EXIT_SYSTEM;
}
