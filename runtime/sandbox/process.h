/* The daemon's own processes: what each may still do once it has started. docs/confinement.md says
 * the same to readers. */
#ifndef KRUX_PROCESS_H
#define KRUX_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct krux_err;
struct landlock_grant;

/* The rows of processes.def: programs, of which two are handlers' processes (WEB: of those that need libcurl); the
 * process that egress looks names up in, which is forked from it; then what others begin, among which are those that
 * people type. */
enum process_kind {
#define PROCESS(id, word, realm, capabilities, files, network) PROCESS_##id,
#include "runtime/sandbox/processes.def"
	PROCESS_KINDS,
	PROCESS_PROGRAMS = PROCESS_RESOLVER,
	PROCESS_BEFORE_OTHERS = PROCESS_KINDS - 1,
#define PROCESS_TYPED(id, word, capabilities, files, network) PROCESS_##id,
#define PROCESS_OTHER(id, word, files, network, calls, capabilities) PROCESS_##id,
#include "runtime/sandbox/processes.def"
	PROCESS_ROWS
};
enum process_realm { REALM_INSIDE, REALM_OUTSIDE, REALM_MAKES, REALM_TYPED };

/* What they may open. */
enum process_place_number {
#define PROCESS_PLACE(id, place, word, rights) PLACE_##id##_##place,
#include "runtime/sandbox/processes.def"
	PROCESS_PLACES
};
struct process_place {
	enum process_kind kind;
	const char *word;
	unsigned rights;               /* enum handler_right */
};
extern const struct process_place process_places[PROCESS_PLACES];

struct process_row {
	const char *word;
	enum process_realm realm;
	uint64_t keeps;                /* capabilities as root, 1 << CAP_... */
	const char *files, *network;   /* words; files: besides its places, "" for nothing */
	const char *calls, *capabilities;      /* words; NULL: those of process.def, and of keeps */
};
extern const struct process_row process_rows[PROCESS_ROWS];

const char *process_word(enum process_kind);
bool process_is_typed(enum process_kind);

/* The first thing in such a process. As root: namespaces of its own for network, IPC and host name (all but
 * the handlers', whose children get them; egress and resolver stay in the machine's network), then uid and gid without further groups and no capability; the
 * spawner stays root with those that opening workspaces takes, the handlers' process with those that making a
 * sandbox takes. As anybody else uid and gid stay. Always: no new privileges, not dumpable, no core files, as
 * many descriptors as the hard limit lets the gate have. */
int process_begin(enum process_kind, uid_t uid, gid_t gid, struct krux_err *err);

/* The grants of its places that are there (descriptors by number, -1: is not), into as many as there are numbers. How many. */
size_t process_grants(enum process_kind, const int at[static PROCESS_PLACES], struct landlock_grant *out);
/* The system calls of process.def alone, for good. What is not in the table ends the process; of programs that people type
 * it is answered with ENOSYS, so that they can say what failed. bundles: krux-audit that runs the code of bundles. */
int process_calls_restrict(enum process_kind, bool bundles);
/* How many system calls process.def lets it make, whatever the arguments; of handlers with those of builtins. */
unsigned process_calls(enum process_kind);

/* The last thing before it serves: Landlock with these grants alone, and the system calls of process.def,
 * both for good. Egress and resolver may connect, and the others not. The handlers' process gets no Landlock: a domain with rules for files would refuse mounts to
 * its children, and one without any would refuse them renames between folders. */
int process_confine(enum process_kind, const struct landlock_grant *, size_t n,
                    struct krux_err *err);
/* The same for a handlers' process whose bundle has commands: it has what their programs may call too, and what is not in
 * the table is answered with ENOSYS there, since its filter is theirs. connect: some of them do, so that it keeps power
 * over networks, as root in one of its own that has nothing, and its children may make sockets. */
int process_confine_commands(bool connect, struct krux_err *err);

#endif
