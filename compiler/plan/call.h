/* Calls, verdicts and obligations as people and machines read them. */
#ifndef KRUX_CALL_H
#define KRUX_CALL_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"
#include "compiler/model/words.h"   /* verdict_word */

/* A value as a literal of the language, `path: "/workspace/a", limit: 10`; long strings are
 * cut at `most` bytes with their length behind them, 0: never. */
void value_print(struct buf *, const struct krux_type *, const struct krux_value *wire, size_t most);
/* `filesystem.read { path: "/workspace/a" } as builder, time 09:00, labels file-content`:
 * only facts that m's functions ask for and that are not zero. */
void call_print(struct buf *, const struct dd *m, const struct capability *, const struct dd_witness *);
/* The same as a JSON object: capability, agent, args, and facts as `kruxc eval` takes them. */
void call_json(struct buf *, const struct dd *m, const struct capability *, const struct dd_witness *,
               const struct build *);

/* `approval-required (2 of ops, within 1h), notify, counts mail/rate` */
void outcome_print(struct buf *, const struct decisions *, const struct outcome *);
void outcome_json(struct buf *, const struct decisions *, const struct outcome *);

#endif
