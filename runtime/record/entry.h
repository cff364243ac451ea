/* Calls to records: what was asked, what was decided and why, and how it ended. Pieces that are
 * large go to blobs. Everything that a record points at lives in the pool. */
#ifndef KRUX_ENTRY_H
#define KRUX_ENTRY_H

#include "runtime/record/record.h"

#include "capspec/usage.h"

struct facts;
struct judgement;
struct krux_abi;
struct krux_obligation;
struct krux_err;
struct request;

/* The most bytes of arguments, or of a result, that a record holds itself. Of more it holds the hash, and a blob the
 * bytes; docs/security.md says what that means for approvals. */
enum { ENTRY_INLINE = 4096 };

/* Blobs of one record for another process to write, in the order of the record's fields. The
 * caller closes them. */
enum { ENTRY_BLOBS = 3 };
struct entry_memory {
	int fd[ENTRY_BLOBS];
	unsigned n;
};

/* What an approval adds to a decided call. */
struct entry_ticket {
	const uint8_t *ticket;           /* INTENT, DENIED: the one that it uses up; NULL: none */
	struct krux_str signers;         /* INTENT: the field of that name; n 0: none */
	uint64_t expires;                /* DEFERRED: ns since 1970; 0: wall + ttl alone counts */
	struct krux_str shown;           /* DEFERRED: the field of that name; n 0: none */
};

/* DEFERRED, DENIED: of a run whose changes it is about. */
struct entry_changes {
	uint64_t about;                  /* seq of its intent */
	struct krux_str content;         /* DEFERRED: the change set */
	const int *blob;                 /* memory file of an earlier record of these; NULL: none */
};

struct entry {
	struct krux_pool *pool;
	int blobs;                       /* folder; -1: memory holds them */
	struct entry_memory *memory;
	const int *args_blob;            /* memory file of an earlier record of these arguments; NULL: none, or not at hand */
	/* Who asks. */
	const char *agent, *workspace;
	enum audit_auth auth;
	uint64_t uid, connection;        /* 0: no connection */
	uint32_t runs_as;                /* INTENT: the uid that it runs as; AGENT_UID_NONE: its workspace's owner */
	const char *claimed;             /* what it says of itself; NULL or "": nothing */
	uint8_t bundle[HASH_LEN];
	bool dev;                        /* signed with a development key */
	const struct entry_ticket *ticket;   /* NULL: none */
	const struct entry_changes *changes; /* NULL: the call itself is what it is about */
	const uint8_t *nonce;            /* 16 random bytes for this record alone; NULL: drawn */
};

/* A decided call: kind DENIED, DEFERRED or INTENT. */
int entry_decided(const struct entry *, enum audit_kind, const struct krux_abi *,
                  const struct request *, const struct judgement *, struct facts *,
                  struct record *out, struct krux_err *err);
/* What its approvals are: the field of a deferred record. */
int entry_approvals(struct krux_pool *, const struct krux_obligation *, struct krux_str *out,
                    struct krux_err *err);
/* A call that is none. asked and input are as they came. */
int entry_invalid(const struct entry *, struct krux_str asked, struct krux_str input,
                  const char *why, struct record *out, struct krux_err *err);
/* The operator's attention to an intent. */
int entry_notify(const struct entry *, uint64_t intent, const struct request *,
                 const struct judgement *, struct record *out, struct krux_err *err);

/* How a record names what decided: "policy/rule" and "file:line", from the pool. */
int entry_rule(struct krux_pool *, const struct judgement *, char **rule, char **source, struct krux_err *err);

struct entry_end {
	uint64_t intent;                 /* seq */
	uint64_t end;                    /* of audit.cddl; 0: unknown */
	struct krux_str result;          /* DONE: canonical */
	struct krux_str error, why;
	const char *const *layer;
	size_t nlayers;
	uint64_t usage[3];
	struct call_used used;
	const struct entry_network {     /* of a call that connects */
		struct krux_str host;
		uint64_t port, connections, refused, sent, received;
		bool proxied;          /* by way of the operator's proxy */
	} *network;
	size_t nnetwork;
};
int entry_outcome(const struct entry *, const struct entry_end *, struct record *out,
                  struct krux_err *err);

#endif
