/* The two workloads of bench/decide: policies as text, requests, and what a person would write
 * by hand. All from fixed seeds: the same every time. */
#ifndef KRUX_WORKLOAD_H
#define KRUX_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/buf.h"

enum { RULES_PER_CAP = 10, FOLDERS_PER_CAP = 8, REQUESTS = 4096, PATH_LENGTH = 40 };

/* A: what the rules of one capability say. */
struct group {
	char cap[40];
	char folder[FOLDERS_PER_CAP][32];
	uint64_t most[FOLDERS_PER_CAP], calls[FOLDERS_PER_CAP];   /* size at most, calls so far below */
};

struct request {
	const char *cap;
	uint32_t ncap;
	char path[PATH_LENGTH + 1];
	uint64_t size, calls;
	bool allowed;                        /* by what the policy was made to say */
};

struct workload {
	char kind;                           /* 'A' or 'B' */
	uint32_t rules;
	struct group *group;                 /* A */
	uint32_t ngroups;
	char (*folder)[32], (*glob)[32];     /* B */
	uint32_t nfolders, nglobs;
	struct request request[REQUESTS];
};

struct workload *workload_new(char kind, uint32_t rules);
void workload_free(struct workload *);

/* Capability file and policy file. `changed`: ten rules say something else. */
void workload_caps(const struct workload *, struct buf *);
void workload_policy(const struct workload *, bool changed, struct buf *);
/* A: C of a function `hand` that decides the same with a switch, without the system layer. */
void workload_hand(const struct workload *, struct buf *);

/* How hand and the linear scan ask for the count, as decide does. */
typedef bool count_fn(void *ctx, uint32_t id, uint64_t *answer);
typedef int hand_fn(const char *cap, uint32_t ncap, const char *path, uint32_t npath, uint64_t size,
                    count_fn *count, void *ctx);
/* A: rule by rule. */
int workload_scan(const struct workload *, const struct request *, count_fn *count, void *ctx);

#endif
