/* A process of the daemon to one that can do its job and nothing else. */
#include "runtime/sandbox/process.h"

#include "runtime/base/err.h"
#include "capspec/rights.h"
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_DESCRIPTORS = 1 << 16 };

#define CAP(name) (1ULL << CAP_##name)

const struct process_row process_rows[PROCESS_ROWS] = {
#define PROCESS(id, word, realm, capabilities, files, network) { word, REALM_##realm, capabilities, files, network, NULL, NULL },
#define PROCESS_TYPED(id, word, capabilities, files, network) { word, REALM_TYPED, capabilities, files, network, NULL, NULL },
#define PROCESS_OTHER(id, word, files, network, calls, capabilities) { word, REALM_OUTSIDE, 0, files, network, calls, capabilities },
#include "runtime/sandbox/processes.def"
};

const struct process_place process_places[PROCESS_PLACES] = {
#define PROCESS_PLACE(id, place, word, rights) { PROCESS_##id, word, rights },
#include "runtime/sandbox/processes.def"
};

const char *process_word(enum process_kind kind)
{
	return process_rows[kind].word;
}

bool process_is_typed(enum process_kind kind)
{
	return process_rows[kind].realm == REALM_TYPED;
}

size_t process_grants(enum process_kind kind, const int at[static PROCESS_PLACES], struct landlock_grant *out)
{
	size_t n = 0;

	for (unsigned i = 0; i < PROCESS_PLACES; i++)
		if (process_places[i].kind == kind && at[i] >= 0)
			out[n++] = (struct landlock_grant){ at[i], process_places[i].rights };
	return n;
}

/* ---- privileges ---- */

/* Children are forked from it. */
static bool is_handlers(enum process_kind kind)
{
	return process_rows[kind].realm == REALM_MAKES;
}

static int capabilities_keep(uint64_t keep)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)keep, .permitted = (uint32_t)keep },
		{ .effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32) },
	};

	return (int)syscall(SYS_capset, &head, data);
}

/* Power over networks, where no command connects. */
static int networks_leave(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[0].effective &= ~(uint32_t)CAP(NET_ADMIN);
	data[0].permitted &= ~(uint32_t)CAP(NET_ADMIN);
	return (int)syscall(SYS_capset, &head, data);
}

/* EINVAL: there are no more. */
static int bounding_set_keep(uint64_t keep)
{
	for (unsigned long cap = 0; cap < 64; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap))
			return errno == EINVAL ? 0 : -1;
	return 0;
}

/* In the network that the machine has. */
static bool is_outside(enum process_kind kind)
{
	return process_rows[kind].realm == REALM_OUTSIDE;
}

static int root_leave(enum process_kind kind, uid_t uid, gid_t gid)
{
	const unsigned long locked = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
	                             SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
	                             SECBIT_NO_CAP_AMBIENT_RAISE |
	                             SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	uint64_t keep = process_rows[kind].keeps;

	if (!is_handlers(kind) && unshare((is_outside(kind) ? 0 : CLONE_NEWNET) | CLONE_NEWIPC | CLONE_NEWUTS))
		return -1;
	if (setgroups(0, NULL) || bounding_set_keep(keep) || prctl(PR_SET_SECUREBITS, locked))
		return -1;
	if (!keep && privileges_become(uid, gid))
		return -1;
	return capabilities_keep(keep);
}

static int limits_set(enum process_kind kind)
{
	struct rlimit none = { 0, 0 }, files;

	if (setrlimit(RLIMIT_CORE, &none) || getrlimit(RLIMIT_NOFILE, &files))
		return -1;
	if (files.rlim_max > MOST_DESCRIPTORS)
		files.rlim_max = MOST_DESCRIPTORS;
	files.rlim_cur = files.rlim_max;
	return kind == PROCESS_GATE || is_handlers(kind) || kind == PROCESS_EGRESS ? setrlimit(RLIMIT_NOFILE, &files) : 0;
}

int process_begin(enum process_kind kind, uid_t uid, gid_t gid, struct krux_err *err)
{
	int rc = geteuid() == 0 ? root_leave(kind, uid, gid) : capabilities_keep(0);

	if (rc || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0) || limits_set(kind))
		return err_set(err, errno, "take the %s's privileges", process_word(kind));
	return 0;
}

/* ---- system calls ---- */

/* C: the handlers' process where there are commands; their programs inherit its filter. K: and where some connect.
 * X: krux-audit where it runs bundles. */
enum { G = 1 << PROCESS_GATE, R = 1 << PROCESS_RECORDER, S = 1 << PROCESS_SPAWNER,
       H = 1 << PROCESS_HANDLER, E = 1 << PROCESS_EGRESS, N = 1 << PROCESS_RESOLVER, A = 1 << PROCESS_CALLER,
       O = 1 << PROCESS_CTL, V = 1 << PROCESS_AUDIT, W = 1 << PROCESS_WITNESS, C = 1 << PROCESS_ROWS,
       K = 1 << (PROCESS_ROWS + 1), X = 1 << (PROCESS_ROWS + 2) };

static const struct process_rule {
	int nr;
	unsigned kinds;
	int no;                        /* 0: allowed */
	unsigned narrowed;             /* only where argument & mask == bits */
	unsigned argument;
	uint64_t mask, bits;
} rules[] = {
#define PROCESS_CALL(name, kinds) { SCMP_SYS(name), kinds, 0, 0, 0, 0, 0 },
#define PROCESS_IF(name, kinds, argument, mask, bits, when) \
	{ SCMP_SYS(name), kinds, 0, 1, argument, mask, bits },
#define PROCESS_NO(name, kinds, no) { SCMP_SYS(name), kinds, no, 0, 0, 0, 0 },
#define PROCESS_NO_IF(name, kinds, argument, mask, bits, when, no) \
	{ SCMP_SYS(name), kinds, no, 1, argument, mask, bits },
#include "runtime/sandbox/process.def"
/* Those of the handlers, without their groups; what connecting takes is in the table. */
#define CALL(name, groups) { SCMP_SYS(name), (groups) == CALLS_RELAY ? 0 : H, 0, 0, 0, 0, 0 },
#include "capspec/calls.def"
/* Those of programs, without their conditions. */
#define CALL(name, groups) { SCMP_SYS(name), (groups) == CALLS_CONNECT ? 0 : C, 0, 0, 0, 0, 0 },
#define CALL_IF(name, groups, when, ...) { SCMP_SYS(name), (groups) == CALLS_CONNECT ? 0 : C, 0, 0, 0, 0, 0 },
#define CALL_ANY(name, groups, when, ...) { SCMP_SYS(name), C, 0, 0, 0, 0, 0 },
#include "capspec/command_calls.def"
#if SANITIZED
#define SAN(name) { SCMP_SYS(name), G | R | S | H | E | N | A | O | V | W, 0, 0, 0, 0, 0 },
	SAN(sigaltstack) SAN(rt_sigaction) SAN(readlink) SAN(prctl) SAN(getrlimit)
	SAN(sched_getaffinity) SAN(openat) SAN(open) SAN(kill) SAN(tgkill) SAN(prlimit64)
#undef SAN
/* These end by coming back from main, and are looked through for leaks then. */
#define SAN(name) { SCMP_SYS(name), A | O | V | W, 0, 0, 0, 0, 0 },
	SAN(clone) SAN(ptrace) SAN(wait4) SAN(getdents) SAN(getdents64) SAN(getppid) SAN(pipe2) SAN(sched_yield)
#undef SAN
#endif
};

static bool is_first(const struct process_rule *r, unsigned kinds)
{
	for (const struct process_rule *o = rules; o < r; o++)
		if (o->nr == r->nr && o->kinds & kinds && !o->no)
			return false;
	return r->kinds & kinds && !r->no;
}

unsigned process_calls(enum process_kind kind)
{
	const unsigned kinds = 1U << (is_handlers(kind) ? PROCESS_HANDLER : kind);
	unsigned n = 0;

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		n += is_first(&rules[i], kinds);
	return n;
}

static int rule_add(scmp_filter_ctx f, const struct process_rule *r)
{
	uint32_t action = r->no ? SCMP_ACT_ERRNO((unsigned)r->no) : SCMP_ACT_ALLOW;
	struct scmp_arg_cmp only = { r->argument, SCMP_CMP_MASKED_EQ, r->mask, r->bits };

#if SANITIZED
	if (r->no == EACCES)
		return 0;              /* the sanitizer reads files of its own */
#endif
	return seccomp_rule_add_array(f, action, r->nr, r->narrowed, &only);
}

static int calls_restrict(enum process_kind kind, unsigned more, uint32_t other)
{
	const unsigned kinds = 1U << (is_handlers(kind) ? PROCESS_HANDLER : kind) | more;
	scmp_filter_ctx f = seccomp_init(other);
	int no;

	if (!f) {
		errno = ENOMEM;
		return -1;
	}
	no = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	no = no ? no : seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; !no && i < sizeof rules / sizeof *rules; i++)
		if (rules[i].kinds & kinds)
			no = rule_add(f, &rules[i]);
	no = no ? no : seccomp_load(f);
	seccomp_release(f);
	errno = no < 0 ? -no : errno;
	return no ? -1 : 0;
}

int process_calls_restrict(enum process_kind kind, bool bundles)
{
	return calls_restrict(kind, bundles ? X : 0, process_is_typed(kind) ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_KILL_PROCESS);
}

int process_confine(enum process_kind kind, const struct landlock_grant *grant, size_t n,
                    struct krux_err *err)
{
	int abi = probe_get()->landlock_abi;
	int rc = is_handlers(kind) ? 0 : is_outside(kind) ? landlock_files(abi, grant, n) : landlock_restrict(abi, grant, n);

	if (rc)
		return err_set(err, errno, "put Landlock on the %s", process_word(kind));
	if (is_handlers(kind) && networks_leave())
		return err_set(err, errno, "take the %s's privileges", process_word(kind));
	if (calls_restrict(kind, 0, SCMP_ACT_KILL_PROCESS))
		return err_set(err, errno, "put seccomp on the %s", process_word(kind));
	return 0;
}

int process_confine_commands(bool connect, struct krux_err *err)
{
	/* Whoever makes sockets in it reaches nobody. Who is not root has no namespaces to begin with. */
	if (connect ? !geteuid() && unshare(CLONE_NEWNET) : networks_leave())
		return err_set(err, errno, "take the %s's privileges", process_word(PROCESS_HANDLER));
	/* What a program tries in vain is not to end it. */
	if (calls_restrict(PROCESS_HANDLER, connect ? C | K : C, SCMP_ACT_ERRNO(ENOSYS)))
		return err_set(err, errno, "put seccomp on the %s", process_word(PROCESS_HANDLER));
	return 0;
}
