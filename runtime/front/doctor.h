/* Parts of kruxrt doctor. */
#ifndef KRUX_DOCTOR_H
#define KRUX_DOCTOR_H

#include <stdbool.h>

/* All texts are the tables' and the C library's: no character of them needs more than quotes and backslashes. */
void doctor_text_json(const char *);
/* A comma, the name, the text. */
void doctor_member_json(const char *name, const char *text);

/* What each of Krux's own processes may do. */
void doctor_processes(bool json);

#endif
