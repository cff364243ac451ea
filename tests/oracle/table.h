/* What the two readers of tables share. */
#ifndef KRUX_ORACLE_TABLE_H
#define KRUX_ORACLE_TABLE_H

#include "tests/oracle/roads.h"

/* A row: its condition, n 0 for what no other row holds for; the policy whose defines it may name, or
 * NULL; its outcome. False stops. */
typedef bool table_row_fn(void *ctx, struct krux_str when, const struct o_policy *names, const char *outcome);
/* All rows of one capability's table in text; false: it is none, *why says it. */
bool table_text_read(struct arena *, struct krux_str text, table_row_fn *, void *ctx, const char **why);
/* 4: it is no verdict. */
int table_verdict(struct krux_str);

#endif
