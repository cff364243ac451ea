/* Parts of kruxrt doctor. */
#ifndef KRUX_DOCTOR_H
#define KRUX_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

/* Of UTF-8. */
void doctor_text_json(const char *);
/* A comma, the name, the text. */
void doctor_member_json(const char *name, const char *text);

/* What each of Krux's own processes may do. */
void doctor_processes(bool json);

struct state;
struct krux_err;

/* The workspaces of the agents that are registered in a state folder, and what each gives to calls as root. */
struct doctor_workspaces;
/* *lacking: how many of them lie on a file system without idmapped mounts; rootless none is asked. The caller frees it with
 * doctor_workspaces_free. NULL with *err. */
struct doctor_workspaces *doctor_workspaces(const struct state *, size_t *lacking, struct krux_err *err);
void doctor_workspaces_free(struct doctor_workspaces *);
void doctor_workspaces_print(const struct doctor_workspaces *);
/* A comma and a member. */
void doctor_workspaces_json(const struct doctor_workspaces *);

#endif
