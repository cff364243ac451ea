/* A source to the syntax tree of a capability file. */
#include "compiler/read/parse.h"
#include "compiler/read/read.h"
#include "grammar/cap_parse.h"

const struct capfile *capfile_parse(struct arena *a, struct diags *ds, const struct source *src)
{
	struct parse p;

	parse_source(&p, a, ds, src);
	p.file = ARENA_NEW(a, struct capfile);
	p.file->src = src;
	parse_run(&p, T_ENTRY_FILE);
	return p.file->ns.n ? p.file : NULL;
}
