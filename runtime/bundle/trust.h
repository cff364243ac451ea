/* The trust folder: public keys of who may sign bundles, approve and operate, and of the log. */
#ifndef KRUX_TRUST_H
#define KRUX_TRUST_H

#include "capspec/key.h"

struct krux_err;

enum { TRUST_KEYS = 1024 };          /* of a role, at most */

enum trust_role { TRUST_BUNDLE, TRUST_APPROVER, TRUST_OPERATOR, TRUST_LOG, TRUST_ROLES };

/* Name of a role, and of its folder: "bundle", "bundles". */
const char *trust_role_word(enum trust_role);
const char *trust_role_folder(enum trust_role);

/* All NAME.pub of a role, by name, from the pool, which has room for TRUST_KEYS of them. Folder and files must belong to root or to who
 * runs this, and nobody else may be able to write them. dir is the trust folder. */
int trust_read(int dir, enum trust_role, struct krux_pool *, struct krux_public_key **out,
               size_t *n, struct krux_err *err);
/* Adds one; fails where the name is taken. */
int trust_add(int dir, enum trust_role, const struct krux_public_key *, struct krux_err *err);
/* Takes one out. */
int trust_remove(int dir, enum trust_role, const char *name, struct krux_err *err);

#endif
