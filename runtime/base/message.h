/* What the daemon's processes say to each other, and the packets that carry it. The contract is
 * docs/design/006-processes.md; numbers are the machine's own, since both ends are one program. */
#ifndef KRUX_MESSAGE_H
#define KRUX_MESSAGE_H

#include "capspec/usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct krux_err;

enum { MESSAGE_MAX = 192 << 10, MESSAGE_FDS = 12, MESSAGE_INLINE = 64 << 10, MESSAGE_KEY = 32 };

enum message_kind {
	MESSAGE_NONE,
	/* parent to each program, first, and what a program says that cannot begin: these numbers stay */
	MESSAGE_BEGIN, MESSAGE_REFUSED,
	/* gate and spawner to recorder, and back */
	MESSAGE_APPEND, MESSAGE_SNAPSHOT, MESSAGE_KEY_NEW, MESSAGE_ACK, MESSAGE_NEWS,
	/* gate to spawner, and back */
	MESSAGE_RUN, MESSAGE_CANCEL, MESSAGE_RESULT, MESSAGE_STARTED,
	/* parent to all, and back */
	MESSAGE_GENERATION, MESSAGE_GONE, MESSAGE_START, MESSAGE_HANDOVER, MESSAGE_STOP,
	MESSAGE_READY, MESSAGE_RELOAD,
	/* gate to gate */
	MESSAGE_CONNECTION, MESSAGE_DONE,
	/* spawner to the handlers' process, and back */
	MESSAGE_FORK, MESSAGE_SIGNAL, MESSAGE_ENDED,
	/* gate to recorder, spawner and parent */
	MESSAGE_BLOB, MESSAGE_LOOK, MESSAGE_NOTIFY,
	/* spawner to the handlers' process */
	MESSAGE_EMPTY,
	/* the handlers' process to a nest, and back */
	MESSAGE_BEAR, MESSAGE_BORN,
	/* spawner to egress, and back; egress to its resolver */
	MESSAGE_LINE, MESSAGE_LINED, MESSAGE_LOOKUP,
	MESSAGE_KINDS
};

struct message_head {
	uint32_t kind, n;              /* n: bytes of the body, without the padding to 8 */
	uint64_t cookie;
};

enum { APPEND_LAZY = 1, APPEND_HERE = 2, APPEND_ECHO = 4 };
struct message_append {
	uint32_t flags, reserved;
};

enum ack_status {
	ACK_OK,
	ACK_MALFORMED,                 /* the body is no record that its sender may append */
	ACK_FROZEN,
	ACK_AGENT,                     /* agent and workspace are not registered so */
	ACK_TICKET,                    /* the ticket is not waiting */
	ACK_SIGNATURE,                 /* an operator's or approver's signature does not hold */
	ACK_FULL,                      /* no room on the disk */
	ACK_FAILED                     /* the log failed; nothing can be recorded any more */
};
struct message_ack {
	uint32_t status, nrecord;
	uint64_t seq, wall;
	uint8_t leaf[32], receipt[32];
};

/* A deadline of a call that was cancelled while its intent was recorded: nothing of it runs. */
enum { RUN_CANCELLED = 1 };
struct message_run {
	uint8_t receipt[32];
	uint64_t generation, deadline; /* ns of CLOCK_BOOTTIME; 0: the capability's own, or RUN_CANCELLED */
	uint32_t nrecord, nticket;     /* the intent, and the deferred record of its ticket */
};

/* Why a call is cancelled; a CANCEL without a body: its caller has said so. */
enum cancel_why { CANCEL_ASKED, CANCEL_GENERATION, CANCEL_AGENT };
struct message_cancel {
	uint32_t why, reserved;
};

/* Most runs in the background that go on at a time, of one agent and in all. */
enum { RUNS_AGENT = 8, RUNS_ALL = 32 };

enum { FORK_TRASH = 1, FORK_LINE = 2, FORK_SNAPSHOT = 4, FORK_STREAM = 8, FORK_OWNER = 32 };
struct message_fork {
	uint32_t capability;           /* its index in the bundle's schema */
	uint32_t flags;
	uint8_t owner[FORK_OWNER];     /* SHA-256 of the agent's name */
	uint32_t uid;                  /* that it runs as, and the gid; AGENT_UID_NONE: its workspace's owner (base/uids.h) */
	uint32_t reserved;
};

struct message_born {
	int32_t pid;                   /* -1: there is none */
	int32_t no;                    /* errno */
};

struct message_signal {
	uint32_t signal, reserved;     /* SIGKILL, SIGSTOP or SIGCONT; to a command's processes others too */
};

/* GROUP: it had a control group of its own. MEMORY: the kernel ended it, since the group's memory was used up. */
enum { ENDED_GROUP = 1, ENDED_MEMORY = 2 };
struct message_ended {
	int32_t status;                /* as waitpid has it */
	uint32_t lost;                 /* it could not be seen */
	uint64_t cpu_ns, rss_bytes;
	uint32_t flags, has;           /* has: enum cgroup_controller, limits of its group that were on */
	uint64_t refused;              /* processes that it asked for beyond the group's limit */
	struct call_used used;         /* with a group only */
};

/* A call's connections: LINE_TARGETS of capspec/line.h at most, of which n are sent. */
struct message_target {
	uint16_t port;
	uint16_t plain;                /* 1: what was decided is http, so that a command need not speak TLS */
	char host[256];                /* canonical, with its NUL */
};
struct message_lined {
	uint64_t connections, refused; /* refused: answers that were not to be reached */
	uint64_t sent, received;       /* bytes, as the host saw them */
	uint64_t proxied;              /* 1: the operator's proxy was asked for it */
};

/* Files that come along, the output's first. */
enum { RESULT_OUTPUT_FD = 1, RESULT_CHANGES_FD = 2 };
struct message_result {
	uint32_t end;                  /* enum spawn_end */
	uint32_t nerror, nmessage, nwhy, noutput, flags;
	uint64_t cpu_ns, wall_ns, rss_bytes;
};

/* ---- packets ---- */

/* One end of a socket pair, not blocking. Owns fd and its queue. */
struct channel {
	int fd;
	uint8_t *out;                  /* messages gathered for the next packet */
	size_t nout;
	struct packet *first, *last;   /* packets that the socket did not take yet */
	size_t queued;                 /* bytes in them */
	uint8_t *in;                   /* the packet at hand */
	size_t nin, at;
	int in_fd[MESSAGE_FDS];
	unsigned nin_fd, in_taken;
};

/* A pair of connected ends; each O_CLOEXEC, SO_SNDBUF large enough for MESSAGE_MAX. */
int channel_pair(int fd[static 2], struct krux_err *err);
/* Takes fd. Negative with *err: no memory; fd stays the caller's. */
int channel_open(struct channel *, int fd, struct krux_err *err);
void channel_close(struct channel *);

/* Adds a message of up to 3 parts; it leaves with channel_flush, or before when the packet is full.
 * Negative: it is larger than a packet, or there is no memory. */
struct part {
	const void *p;
	size_t n;
};
int channel_put(struct channel *, enum message_kind, uint64_t cookie, const struct part *,
                unsigned nparts, struct krux_err *err);
/* The same with descriptors, in a packet of its own; they stay the caller's. */
int channel_put_fds(struct channel *, enum message_kind, uint64_t cookie, const struct part *,
                    unsigned nparts, const int *fd, unsigned nfds, struct krux_err *err);
/* Sends what the socket takes. 1: all of it, 0: some is left, wait for POLLOUT; -1 with *err. */
int channel_flush(struct channel *, struct krux_err *err);

/* Sends one message at once, without a channel: to a socket of which the other end is one. 1: sent; 0: the socket takes
 * no more just now; -1 with *err: whoever was there has ended. */
int message_send(int fd, enum message_kind kind, uint64_t cookie, const struct part *, unsigned nparts,
                 const int *with, unsigned nwith, struct krux_err *err);

struct message {
	enum message_kind kind;
	uint64_t cookie;
	const uint8_t *body;           /* until the next channel_take; aligned to 8 */
	size_t n;
	int fd[MESSAGE_FDS];           /* the receiver's to close; -1: none */
	unsigned nfds;
};
/* The next message. 1: *out is filled; 0: nothing there; -1: the other end is gone (err->no 0) or
 * sent what is no message, or the system failed. */
int channel_take(struct channel *, struct message *out, struct krux_err *err);
void message_close_fds(struct message *);
/* Overwrites the packet at hand when all of it was taken; what was pointed to in it is gone. What was sent is
 * overwritten by who sends it. */
void channel_wipe(struct channel *);
/* In a copy of the process that is to know nothing of it: overwrites what was not sent yet. */
void channel_forget(struct channel *);

/* Bytes to a sealed memory file that nobody can change; its descriptor. */
int memory_file(const char *name, const struct part *, unsigned nparts, struct krux_err *err);
/* Maps such a file after checking its seals and that it holds at most max bytes; munmap'd by the
 * caller. NULL with *err. n 0: a file of no bytes gives a valid pointer all the same. */
const uint8_t *memory_map(int fd, size_t max, size_t *n, struct krux_err *err);
void memory_unmap(const uint8_t *p, size_t n);

#endif
