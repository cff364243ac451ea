/* Typing one condition for many capabilities. */
#ifndef KRUX_COND_RESOLVE_H
#define KRUX_COND_RESOLVE_H

#include "compiler/model/report.h"

/* The condition that always holds. */
extern const struct cond cond_always;

/* As cond_resolve, with what is wrong collected; adds to *nodes how many nodes were made. */
const struct cond *cond_report(struct arena *, struct report *, const struct scope *,
                               const struct capability *, const struct expr *, size_t *nodes);

#endif
