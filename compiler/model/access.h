/* Places inside requests: from a field on, through record fields and parts of urls. */
#ifndef KRUX_ACCESS_H
#define KRUX_ACCESS_H

#include "compiler/model/model.h"

/* Index of an input field, or of a part; -1: none. */
int field_find(const struct krux_type *record, struct krux_str name);
/* The fields of a record or the parts of a url; 0 for other types. */
size_t type_parts(const struct krux_type *, const struct krux_field **out);

/* The place of an input field. */
struct access access_field(const struct krux_type *input, unsigned field);
/* One step further into a record or url; the text grows by ".name". */
struct access access_part(struct arena *, const struct access *, unsigned part);

/* How looking up "a.b.c" ended. */
enum access_fault { ACCESS_OK, ACCESS_NO_NAME, ACCESS_NO_FIELD, ACCESS_NO_PART };
/* The place that an operand names below `input`. *optional: something on the way may be
 * absent. Not OK: *at_name is the index of the name that is wrong, *type what it was looked
 * for in. */
enum access_fault access_find(struct arena *, const struct krux_type *input, const struct operand *,
                              struct access *out, bool *optional, size_t *at_name,
                              const struct krux_type **in);
/* Says so, with what there is instead. */
void access_complain(struct diags *, unsigned code, enum access_fault, const struct operand *,
                     size_t at_name, const struct krux_type *in);
/* "a.b.c" as it was written. */
struct krux_str operand_words(struct arena *, const struct operand *);
bool access_eq(const struct access *, const struct access *);

#endif
