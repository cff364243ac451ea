/* What a builtin handler is given and what it gives back.
 *
 * A handler is two functions. `open` runs in the child of one call, already in its own
 * namespaces and without privileges; it opens the operands that the call names, and nothing else
 * ever opens a path from the workspace's root. Then the child gives up what it does not need, and
 * `run` works on the opened operands alone. Both return false after handler_fail(). */
#ifndef KRUX_HANDLER_H
#define KRUX_HANDLER_H

#include <sys/stat.h>

#include "capspec/value.h"
#include "capspec/rights.h"

enum { HANDLER_GRANTS = 8, HANDLER_HOST = 4, HANDLER_NAME = 256, HANDLER_PATH = 4096,
       HANDLER_SECRETS = 16 };

/* One path of the workspace: the opened folder that holds it, and its name there. */
struct place {
	struct krux_str path;          /* as the agent gave it, "/workspace/..." */
	int folder;                    /* readable directory; -1: there is none */
	char name[HANDLER_NAME];       /* "." for /workspace itself */
};

struct handler_call {
	const struct krux_value *args;                /* canonical */
	struct krux_pool *pool;
	int workspace;
	int store;                                    /* folder of the trash; -1: not opened */
	int line;                                     /* to egress, capspec/line.h; -1: the call connects to nothing */
	int host[HANDLER_HOST];                       /* the builtin's host files; -1: not there */
	const char *confined;                         /* what confines this call, in words */
	/* May the same call, with this field holding this path, go ahead? */
	bool (*allows)(void *ctx, struct krux_str field, struct krux_str path);
	void *allows_ctx;

	/* open leaves these for run */
	struct { int fd; unsigned rights; } grant[HANDLER_GRANTS];
	unsigned ngrants;
	struct place place[2];
	struct stat st;
	int fd;
	int temp;                                     /* folder in it of unfinished files; -1 */
	bool target;                                  /* open has reached the place to be made */
	char id[32];                                  /* of the deletion that open prepared */

	/* the answer: output, or the name of one of the capability's errors and a sentence */
	struct krux_value output;
	struct krux_str changes;                      /* of a command: what waits to be approved, runtime/base/changeset.h; n 0: nothing */
	const char *error;
	char detail[512];
	/* what must not be in the log: replaced there wherever it occurs in the answer */
	struct krux_value secret[HANDLER_SECRETS];
	unsigned nsecrets;
};

typedef bool handler_fn(struct handler_call *);

struct builtin {
	const char *name;
	handler_fn *open, *run;
	unsigned calls;                               /* enum handler_calls */
	const char *host[HANDLER_HOST];               /* files of the host that it reads */
};

#define RUNS(name)
#define BUILTIN(name, calls, ...) handler_fn name##_open, name##_run;
#include "capspec/builtins.def"
#undef BUILTIN

/* The builtin of that name, or NULL. */
typedef const struct builtin *builtin_find_fn(struct krux_str name);
builtin_find_fn builtin_find;
/* The same among those that are CALLS_PURE: a program that runs no others has no others in it. */
const struct builtin *builtin_pure(struct krux_str name);

void handler_say(struct handler_call *, const char *error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void handler_say_errno(struct handler_call *, int no, struct krux_str path);

/* The answer holds this value, such as a password, and the log must not. Call it before the value can get
 * into anything; false: there are too many, or the value is empty, and the call has failed. */
bool handler_secret(struct handler_call *, struct krux_str value, const char *error);

/* Ends the call with one of the capability's errors and a sentence for this case. False. */
#define handler_fail(call, ...) (handler_say(call, __VA_ARGS__), false)

/* The same for a failed system call on a path. */
static inline bool handler_failed(struct handler_call *c, int no, struct krux_str path)
{
	handler_say_errno(c, no, path);
	return false;
}

/* The same where memory ran out. */
static inline bool handler_memory(struct handler_call *c, const char *error)
{
	return handler_fail(c, error, "The call has not enough memory.");
}

/* How many bytes of a path a sentence shows: whole characters. For "%.*s". */
int handler_shown(struct krux_str path);
/* Lets `run` keep rights below a folder. */
void handler_grant(struct handler_call *, int fd, unsigned rights);

/* Arguments; the types are what the capability declares. */
struct krux_str arg_text(const struct handler_call *, const char *field);   /* n 0: absent */
bool arg_has(const struct handler_call *, const char *field);
bool arg_bool(const struct handler_call *, const char *field);
uint64_t arg_uint(const struct handler_call *, const char *field);
bool arg_is(const struct handler_call *, const char *field, const char *name);
/* Text as it is, or decoded where the field `encoding` says base64. */
bool arg_content(struct handler_call *, const char *field, struct krux_str *out);
/* The same with another field than `encoding`, and another error than BadContent. */
bool arg_content_of(struct handler_call *, const char *field, const char *encoding, const char *error, struct krux_str *out);

#endif
