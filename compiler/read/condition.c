/* Texts inside policies to syntax trees: conditions, calls, operands. */
#include "compiler/read/parse.h"
#include "compiler/read/read.h"
#include "grammar/cap_parse.h"

const struct expr *condition_parse(struct arena *a, struct diags *ds, struct krux_str text, struct span at)
{
	struct parse p;

	if (!parse_begin(&p, a, ds, text, at) || !parse_run(&p, T_ENTRY_CONDITION))
		return NULL;
	return p.expr;
}

bool call_parse(struct arena *a, struct diags *ds, struct krux_str text, struct span at,
                struct krux_str *capability, const struct literal **args)
{
	struct parse p;

	if (!parse_begin(&p, a, ds, text, at) || !parse_run(&p, T_ENTRY_CALL))
		return false;
	*capability = p.capability;
	*args = p.args;
	return true;
}

const struct operand *operand_parse(struct arena *a, struct diags *ds, struct krux_str text, struct span at)
{
	struct parse p;

	if (!parse_begin(&p, a, ds, text, at) || !parse_run(&p, T_ENTRY_OPERAND))
		return NULL;
	return p.operand;
}
