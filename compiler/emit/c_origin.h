/* Where in the policies the tests and verdicts of one capability come from: for comments. */
#ifndef KRUX_C_ORIGIN_H
#define KRUX_C_ORIGIN_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

struct c_origins;
struct c_origins *c_origins_make(struct arena *, const struct build *, const struct capability *);

/* The rules that meet the capability, a line each, as a block comment's body. */
void c_origin_rules(struct buf *, const struct c_origins *);
/* "under "/workspace" (team.yaml:12), ..." for the tests of a variable; nothing if there are none. */
void c_origin_tests(struct buf *, const struct c_origins *, const struct dd_var *);
/* "team.yaml:12" for the tests that cut a number between hi and hi + 1. */
void c_origin_cut(struct buf *, const struct c_origins *, const struct dd_var *, krux_u128 hi);
/* The one rule or default that an outcome can come from. */
void c_origin_outcome(struct buf *, const struct c_origins *, const struct outcome *);

#endif
