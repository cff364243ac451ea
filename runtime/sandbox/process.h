/* The daemon's own processes: what each may still do once it has started. docs/confinement.md says
 * the same to readers. */
#ifndef KRUX_PROCESS_H
#define KRUX_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

struct krux_err;
struct landlock_grant;

/* Programs, of which two are handlers' processes (WEB: of those that need libcurl), and then the process that egress looks names up in, which is forked from it. */
enum process_kind { PROCESS_GATE, PROCESS_RECORDER, PROCESS_SPAWNER, PROCESS_HANDLER, PROCESS_WEB, PROCESS_EGRESS, PROCESS_PROGRAMS,
                    PROCESS_RESOLVER = PROCESS_PROGRAMS, PROCESS_KINDS };
const char *process_word(enum process_kind);

/* The first thing in such a process. As root: namespaces of its own for network, IPC and host name (all but
 * the handlers', whose children get them; egress and resolver stay in the machine's network), then uid and gid without further groups and no capability; the
 * spawner stays root with those that opening workspaces takes, the handlers' process with those that making a
 * sandbox takes. As anybody else uid and gid stay. Always: no new privileges, not dumpable, no core files, as
 * many descriptors as the hard limit lets the gate have. */
int process_begin(enum process_kind, uid_t uid, gid_t gid, struct krux_err *err);

/* The last thing before it serves: Landlock with these grants alone, and the system calls of process.def,
 * both for good. Egress and resolver may connect, and the others not. The handlers' process gets no Landlock: a domain with rules for files would refuse mounts to
 * its children, and one without any would refuse them renames between folders. */
int process_confine(enum process_kind, const struct landlock_grant *, size_t n,
                    struct krux_err *err);
/* The same for a handlers' process whose bundle has commands: it has what their programs may call too, and what is not in
 * the table is answered with ENOSYS there, since its filter is theirs. */
int process_confine_commands(struct krux_err *err);

#endif
