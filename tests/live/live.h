/* Attempts of a handler that an attacker has taken over. Each is made in a real call's child, where all layers are
 * on, then again with layers switched off, so that what is said about each layer has been seen. */
#ifndef KRUX_LIVE_H
#define KRUX_LIVE_H

#include "stdlib-caps/common/handler.h"
#include "tests/live/off.h"

#include <errno.h>
#include <sys/types.h>

/* Whose call it is: root's for a workspace of somebody's; root's for a workspace of root; an ordinary user's. As root the call
 * is another uid's, for whom a mount says that the workspace is his; where that is off, it is the workspace's owner's. */
enum way { WAY_AGENT, WAY_ROOT, WAY_USER, WAYS };

enum { OWNER = 60871, USER = 60872, AGENT = 70001, EXEC_THROUGH = 77, EXEC_STOPPED = 78 };

/* 0: it got through; else the errno that stopped it. Runs last in the child. */
typedef long go_fn(struct handler_call *, const void *arg);

struct attempt {
	const char *name;
	go_fn *go;
	const void *arg;
	bool (*before)(void);          /* false: cannot be tried on this machine, and `why` says why */
	bool (*seen)(void);            /* from outside, whatever the child says: it got through */
	/* Layers, 1 << enum layer: each stops it alone, and without all of them it gets through. 0: not tried so. */
	unsigned hold[WAYS];
	unsigned from;                 /* those of them that count from this version of Landlock on */
	int abi;
	const char *open;              /* where no layer of it is left it gets through, and why; NULL: it never may */
	unsigned rights;               /* below the operand; 0: all but to execute */
	const char *operand;           /* folder below the workspace; NULL: all of it */
	const char *plan;              /* folder that the plan leaves; NULL: all of it */
	unsigned ways;                 /* 1 << enum way: only those; 0: all */
	unsigned wall_ms;              /* its deadline; 0: a minute */
	bool spins;                    /* 1 s of processor, else 20 */
	const char *command;           /* a program makes it (program.c), named so there; NULL: go */
	const char *(*argument)(void); /* of the program, instead of arg */
	bool reads_only;               /* the program may change nothing */
	bool line;                     /* it has one to egress, for the host of its arg: egress.c */
	bool connects;                 /* the program's capability does; with `line` */
	bool only_together;            /* never without all layers: it would end more than this test */
};

struct attempt_list { const char *group; const struct attempt *list; size_t n; };
extern const struct attempt_list files_list, processes_list, calls_list, privileged_list, network_list, leftovers_list, commands_list,
	egress_list;

extern enum way way;
extern char why[256];                  /* of `before` */
bool cannot(const char *fmt, ...) __attribute__((format(printf, 1, 2)));       /* false */

#define EACH(mask) { mask, mask, mask }
/* What only who is root outside can do. An ordinary user's calls never are. */
#define ROOTS(more) { (more) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER, (more) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER, \
	              (more) | ON(PRIVILEGES) | ON(NS_USER) }
/* The same by the mount of a workspace. The uid of a workspace's owner who is root keeps nothing from root. */
#define ROOTS_MAPPED(more) { (more) | ON(IDMAPPED) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER, \
	                     (more) | ON(IDMAPPED) | ON(PRIVILEGES) | ON(NS_USER), (more) | ON(PRIVILEGES) | ON(NS_USER) }
/* What whoever has capabilities in a user namespace of its own can do. */
#define CAPABLE(more) EACH((more) | ON(PRIVILEGES))
#define LANDLOCKS (ON_PLAN | ON(LANDLOCK))

/* ---- world.c: what is outside ---- */

extern const char *place;              /* where `outside` is made */
extern char outside[64];               /* folder: workspace/, secret, program; the runner's working folder */
extern int leaked_file, leaked_folder, leaked_terminal;
extern pid_t victim;                   /* a process outside, of the workspace's owner, in the runner's group */
extern char victim_secret[16];         /* "secret" in its memory */
extern int key_serial;                 /* of a key outside that holds "secret" */
extern uint16_t listening;             /* port of the host's loopback */
extern char abstract_name[32];
extern int segment;                    /* shared memory outside */
enum { OWNERS_KEY, OWNERS_QUEUE, OWNERS_SEMAPHORE, OWNERS };
extern int owners[OWNERS];             /* what the workspace's owner alone may read; -1: cannot be made */

bool world_make(enum way);
void world_fresh(void);                /* files and victim as at first */
void world_end(void);
/* Of a call without these layers, from `call` on; of a command, or a builtin. False: it cannot be, and `why` says why. */
struct child_plan;
bool call_workspace(struct child_plan *, bool command, unsigned layers);
void call_workspace_end(struct child_plan *);
/* The victim has got SIGUSR1; it is a new one afterwards. */
bool victim_was_hit(void);
/* It was changed otherwise: the next attempt has a new one. */
void victim_renew(void);

/* For `before`: the host of this test has addresses that a call should never reach. */
bool addresses_are_there(void);

/* ---- egress.c ---- */

/* Of a call without these layers: the process, and the child's end of its line, which the caller closes. */
int egress_begin(const struct attempt *, unsigned layers);
/* False: it failed, and what it did not reach says nothing. */
bool egress_end(void);
/* After egress_begin: the arguments of that call, `host` and `port`. */
const struct krux_value *egress_arguments(void);

static inline long result_of(long r)
{
	return r < 0 ? errno : 0;
}

#endif
