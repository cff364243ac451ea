/* Events of the Open Cybersecurity Schema Framework 1.1, class 6003 (API Activity). */
#ifndef KRUX_OCSF_H
#define KRUX_OCSF_H

#include "runtime/record/record.h"

/* One line of JSON for a request: an intent with its outcome (an `outcome` or `unknown` record, NULL: it is
 * not known yet), a denied, deferred or invalid one. args: of the request, n 0: not known. False: no
 * memory. */
bool ocsf_print(const struct record *request, const uint8_t leaf[static HASH_LEN], struct krux_str origin,
                const struct record *outcome, struct krux_str args, void *file /* FILE * */);

#endif
