/* The tables that cite reads: prelude/cite.h. */
#ifndef KRUX_C_CITE_H
#define KRUX_C_CITE_H

#include "compiler/emit/c.h"

struct c_cites;
struct c_cites *c_cites_new(struct c_file *);
void c_cites_free(struct c_cites *);
/* The voices of one capability. */
void c_cites_add(struct c_cites *, struct c_file *, const struct capability *, const struct c_record *, struct dd *);
void c_cites_print(struct buf *, struct c_cites *);

#endif
