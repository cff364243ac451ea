/* The layers around one call. Each function puts one on, in the calling process, for good; 0, or
 * -1 with errno. They are called in the order of layers.def by runtime/spawn/child.c. */
#ifndef KRUX_SANDBOX_H
#define KRUX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One layer is the compiler's, too. */
#include "capspec/landlock.h"

/* Sanitizers map terabytes and make calls of their own: limits that cannot hold there are left
 * out of such builds. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum layer {
#define LAYER(id, word) LAYER_##id,
#include "runtime/sandbox/layers.def"
#undef LAYER
	LAYER_COUNT
};
const char *layer_word(enum layer);

/* ---- probe.c ---- */

struct probe {
	bool root;                 /* effective uid 0: no user namespace around the others */
	bool present[LAYER_COUNT]; /* the kernel has it; use shows whether we may */
	int landlock_abi;          /* 0: none */
	bool openat2;
};
/* Looked up once. */
const struct probe *probe_get(void);
/* The name of the first layer that is missing, or NULL; kruxrt doctor says more about it. */
const char *probe_missing(const struct probe *);

/* ---- namespaces.c ---- */

/* Forks into fresh namespaces, and into that cgroup (-1: where the caller is): all but the user namespace as root, all
 * with it otherwise. As fork: 0 in the child, its pid in the parent; a descriptor that stands for it in *pidfd. */
pid_t namespaces_fork(const struct probe *, int group, int *pidfd);
/* The same but for the network namespace, which is another's until the child has entered one. */
pid_t namespaces_fork_joining(const struct probe *, int group, int *pidfd);
/* Enters that network namespace, which nobody else is in. */
int namespaces_enter_network(int network);
/* The same in two steps: a process with fresh namespaces but for the pid namespace, and from that one children of its
 * parent, with its mounts and network and all others fresh, the user namespace too where it is not root. network: it is not to
 * enter one. */
pid_t namespaces_fork_shared(const struct probe *, bool network, int *pidfd);
/* mounts: with its mounts, and more that are its own; network: with one of its own. */
pid_t namespaces_fork_own(const struct probe *, bool mounts, bool network, int group, int *pidfd);
/* In a child that was forked into a group: its cgroup namespace begins where its parent was; now it begins at its own. */
int namespaces_enter_group(void);
/* Writes the map of a process's user namespace, onto one uid and gid. proc: /proc; process: its pid
 * there, or "self". */
int namespaces_map(int proc, const char *process, uid_t uid, gid_t gid);
/* The same for the caller, who is not root: it has to be dumpable for a moment. */
int namespaces_map_self(int proc, uid_t uid, gid_t gid);
/* As root: a user namespace inside the others, which then own nothing that it could change; its map is for the parent to
 * write. Its owner has all power over it from outside, and is charged on the machine for what the kernel counts inside (inotify,
 * signals that wait, timers). So it is an agent's uid, which nobody has outside of calls; and root (0) where that uid is somebody's. */
int namespaces_enter_user(uid_t owner);
/* The caller's namespace of that name ("mnt", "net"); proc is /proc. -1 with errno. */
int namespace_open(int proc, const char *name);
/* A byte over a socket, with a namespace, -1: without. -1 with errno. */
int namespace_say(int socket, int fd);
/* By the other end: that byte, with flags of recvmsg. The namespace, -1: it did not come, and -2: nor did the byte. */
int namespace_hear(int socket, int flags);

/* ---- network.c ---- */

/* In a network namespace that is the caller's own and that it has power over. Loads rules of nftables, as one batch of
 * netlink messages. -1 with errno: none of them. */
int network_rules(const void *batch, size_t n);
/* Brings the loopback up; a socket that listens at that port of 127.0.0.1, and does not block. -1 with errno. */
int network_listen(uint16_t port);

/* ---- root.c ---- */

/* An empty, read-only root; the old one is gone. */
int root_empty(void);

/* ---- descriptors.c ---- */

/* 0, 1 and 2 to /dev/null; everything else but keep[] (-1: none) closed. */
int descriptors_close(const int *keep, size_t n);
/* Everything from 3 on but keep[] closed. */
int descriptors_rest(const int *keep, size_t n);
/* The same for a process of the daemon, which goes on speaking on 2. */
int descriptors_only(const int *keep, size_t n);

/* ---- privileges.c ---- */

/* In the user namespace: becomes uid and gid. */
int privileges_become(uid_t uid, gid_t gid);
/* No capability, none to be had again, not dumpable, no new privileges. executes: a program will be executed, which the bounding set
 * of capabilities is for; that takes a system call for each of them. */
int privileges_drop(bool executes);
/* The same for who has no say over the bounding set, which without new privileges does not matter. */
int privileges_none(void);

/* ---- rlimits.c ---- */

struct rlimits {
	uint64_t memory, cpu;      /* bytes, ns */
	unsigned pids, files;
	uint64_t file_size;        /* bytes a file may grow to */
};
int rlimits_set(const struct rlimits *);

/* ---- seccomp.c ---- */

struct krux_filter;
/* Of each machine one, checked (krux_bpf_wrong); this one's is put on. */
int seccomp_restrict(const struct krux_filter *);

#endif
