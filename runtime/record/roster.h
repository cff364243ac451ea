/* Who is registered, of a log that another process may be writing. */
#ifndef KRUX_ROSTER_H
#define KRUX_ROSTER_H

struct carry;
struct krux_err;

/* A state whose agents are those of the last record that is there; of all else it holds what its segment began with. The caller
 * frees it. Borrows the folders. NULL with *err. */
struct carry *roster_read(int log, int blobs, struct krux_err *err);

#endif
