/* How many children wait for calls, for whom, and which of them goes next. Numbers and a clock that is given:
 * the processes are runtime/spawn/template_call.c's. A place is one of `all` numbers, which stands for one child from
 * pool_due until pool_gone. */
#ifndef KRUX_POOL_H
#define KRUX_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POOL_ALL = 64, POOL_EACH = 8, POOL_OWNER = 32 };

/* Ns. Who has asked for none in a whole window keeps none. */
static const uint64_t pool_window = UINT64_C(5) * 1000000000;

/* Whom a child is made for: it serves nobody else. Compared byte by byte: zero what is not set. */
struct pool_key {
	uint8_t owner[POOL_OWNER];     /* stands for the agent */
	uint64_t device, inode;        /* of its workspace */
	uint32_t uid, gid;             /* whose that is, as whom a child runs; 0 where all run as the operator */
	uint32_t disk_uid, disk_gid;   /* of a command: whose it is on the disk, which its mount was made for */
	uint64_t profile;              /* what of the host was opened */
};

bool pool_key_same(const struct pool_key *, const struct pool_key *);

enum pool_state { POOL_FREE, POOL_WAITING, POOL_ENDING };

struct pool {
	unsigned each, all;            /* most children of a class, and in all; all 0: there are no classes */
	struct pool_place {
		enum pool_state state;
		unsigned kind;         /* index of its class */
		uint64_t since;        /* a number that grows: the eldest goes first */
	} place[POOL_ALL];
	struct pool_class {
		bool on;
		struct pool_key key;
		unsigned want, has, least;   /* children: to be there, there, fewest that were left in this window */
		bool asked;            /* in this window */
		uint64_t window;       /* when it began */
	} kind[POOL_ALL];
	uint64_t count;                /* of children ever */
};

/* At most POOL_ALL each. */
void pool_init(struct pool *, unsigned each, unsigned all);
/* A call of that class is here. The place of the child that it gets, which from now on is no child of the pool; -1:
 * there is none, and more are made from now on. */
int pool_take(struct pool *, const struct pool_key *, uint64_t now);
/* Whether a child is to be made now: the place that is taken for it, and in *key its class, who has fewest first; -1: no.
 * While calls go on (busy), which are to have the processors, only a class that has none left gets one. */
int pool_due(struct pool *, bool busy, const struct pool_key **key);
/* A child that nobody needs any more, to be ended; -1: none. Its place is taken until pool_gone. */
int pool_surplus(struct pool *, uint64_t now);
/* The same of this owner's children, NULL: of all, whoever needs them. Call it until it says -1: then their classes
 * are forgotten too. */
int pool_revoke(struct pool *, const uint8_t *owner);
/* The process of that place has ended, or was never made. One that was neither taken nor to be ended shows that
 * no more should be made before the next call. */
void pool_gone(struct pool *, int place);
/* There is a class of that key: somebody has asked not long ago. */
bool pool_knows(const struct pool *, const struct pool_key *);
/* When to look at pool_surplus again; 0: not before the next pool_take. */
uint64_t pool_next(const struct pool *, uint64_t now);
/* Children that wait. */
unsigned pool_waiting(const struct pool *);

#endif
