/* What the files of the egress process share. */
#ifndef KRUX_EGRESS_PART_H
#define KRUX_EGRESS_PART_H

#include "capspec/line.h"
#include "runtime/base/loop.h"
#include "runtime/base/message.h"
#include "runtime/egress/egress.h"
#include "runtime/egress/resolver.h"

#include <sys/socket.h>

struct egress;
struct line;

/* ---- relay.c: one connection, both ways ---- */

/* Bytes from one end to the other. */
struct flow {
	struct watch *from, *to;
	uint8_t *bytes;
	size_t at, n;                  /* that are there and not passed on yet */
	bool ended, shut;              /* nothing more comes; that was passed on too */
	uint64_t *count;
};

struct relay {
	struct line *line;             /* NULL: free */
	struct watch child, host;      /* of each end, which are the relay's own */
	struct flow out, in;           /* out: to the host */
	bool gone, lost;               /* the child's end is closed; the host's is broken */
	struct timer late;             /* gone: when it is looked at again */
	uint64_t until, look;          /* gone: when it ends at the latest, and how long to the next look */
	uint64_t took;                 /* since when the host has taken nothing of out */
};

/* Takes both descriptors. -1 with *err: they are closed. */
int relay_open(struct relay *, struct line *, int child, int host, struct message_lined *count, struct krux_err *err);
void relay_close(struct relay *);
/* The child's end is closed, or counts as that: what has come from there is brought to the host, and then it ends. */
void relay_leave(struct relay *);

/* ---- line.c: what a call asks for ---- */

/* Of a target, what its name led to at first: it leads there for the whole call. */
struct pinned {
	bool known;
	struct resolved found;         /* what may be reached of it */
	uint32_t refused;
};

/* A name that is looked up. It takes its place until its process is gone, also where nobody waits for it any more. */
struct name {
	struct egress *egress;
	struct line *line;             /* NULL: nobody */
	struct watch watch;            /* not on: free */
};

/* The ask at hand. */
struct asking {
	bool on, waits;                /* waits: for a connection that is about to end */
	struct line_ask ask;
	uint64_t until, since;
	struct name *name;             /* NULL: it is not waited for one */
	struct watch socket;           /* fd -1: not waited for */
	struct timer late;
	unsigned at;                   /* which address is tried */
	uint32_t status;               /* why the last one was none */
	bool proxy, named, asked;      /* proxy: name is the proxy's; named: it is told the host's name; and has been */
	unsigned way;                  /* which of the proxy's addresses is tried */
	struct proxy_answer answer;
	char *heard;                   /* PROXY_HEAD bytes, where it was asked */
	size_t nheard;
};

struct line {
	struct egress *egress;
	struct line *next;             /* free */
	bool on, ended;                /* ended: nobody asks, and its connections end */
	uint64_t cookie;
	struct watch watch;
	unsigned ntargets, connections;
	struct message_target target[LINE_TARGETS];
	struct message_lined count[LINE_TARGETS];
	struct pinned pinned[LINE_TARGETS], proxy;
	struct asking asking;
	struct relay relay[LINE_STREAMS];
};

/* Takes fd. -1 with *err: the line is none, and fd closed. */
int line_open(struct line *, int fd, struct krux_err *err);
/* One of its connections is over. */
void line_relayed(struct line *);
void line_close(struct line *);
void name_close(struct name *);
/* Answers the ask at hand; with: a descriptor that goes along, -1: none. */
void line_answer(struct line *, struct line_reply *, int with);
void line_reply(struct line *, uint32_t status);
/* For one more connection; NULL: there is none. */
struct relay *line_place(struct line *);
socklen_t address_make(const uint8_t address[static 16], uint16_t port, struct sockaddr_storage *out);

/* ---- connect.c: the connection that is asked for ---- */

/* Ends with line_answer, at once or later. */
void connect_begin(struct line *);
/* Its time is over. */
void connect_late(struct line *);
/* Nothing of it is left. */
void connect_drop(struct line *);

/* ---- egress.c ---- */

struct egress {
	const struct egress_options *options;
	struct loop loop;
	struct channel channel;
	struct watch watch;
	struct line *line, *free;      /* EGRESS_LINES of them */
	struct name name[RESOLVER_MOST];
	int code;
};

/* It is over, with its connections: free again, and the spawner knows what they were. */
void line_over(struct line *);

#endif
