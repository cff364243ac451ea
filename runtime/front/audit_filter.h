/* Which records somebody asks for. */
#ifndef KRUX_AUDIT_FILTER_H
#define KRUX_AUDIT_FILTER_H

#include "runtime/record/record.h"

struct krux_err;
struct option_spec;

enum { FILTER_ARGS = 16 };

/* As options give it; NULL: all. */
struct audit_filter {
	const char *agent, *capability, *verdict, *rule, *kind, *since, *until, *workspace;
	const char *arg[FILTER_ARGS + 1];        /* PLACE=VALUE */
	/* Read from these by audit_filter_read. */
	uint64_t kind_number, verdict_number, from, to;
	bool requests;                           /* asks for something that only requests have */
};

/* Turns words and times to numbers. Negative with *err: one of them is none. */
int audit_filter_read(struct audit_filter *, struct krux_err *err);

/* The argument bytes of a request, from the record or its blob, good until the next call. False:
 * there are none, or the blob was erased. */
bool audit_args(int blobs, const struct record *, struct krux_str *cbor);
/* The same for the facts that the verdict read. True with n 0: it read none. */
bool audit_facts(int blobs, const struct record *, struct krux_str *cbor);

/* The records that were let through, so that those about them are let through too. */
struct audit_seen {
	uint64_t *seq;
	size_t n, cap;
	size_t open;                 /* intents among them whose end was not seen yet */
};

/* 1, 0; negative with *err. */
int audit_filter_match(const struct audit_filter *, int blobs, struct audit_seen *, const struct record *,
                       struct krux_err *err);

#endif
