/* What the web's handlers get ready before any call: libcurl, OpenSSL, and the machine's certificates. */
#ifndef KRUX_NETWORK_WEB_H
#define KRUX_NETWORK_WEB_H

#include "stdlib-caps/common/handler.h"

/* Once, in the process that children are forked from. bundle: a file of certificates in PEM; NULL: the machine's, where
 * it has some. Without them every https call fails, and says so. */
void web_ready(const char *bundle);

/* Among the builtins that need it, the one of that name, or NULL. */
const struct builtin *builtin_web(struct krux_str name);

#endif
