/* Records for people and programs. */
#ifndef KRUX_AUDIT_H
#define KRUX_AUDIT_H

#include "runtime/record/record.h"

int audit_verify(int argc, char **argv);
int audit_tail(int argc, char **argv);

/* One line of text, or one JSON object; false: no memory. */
bool audit_print_line(const struct record *, void *file /* FILE * */);
bool audit_print_json(const struct record *, const uint8_t leaf[static HASH_LEN], void *file);

#endif
