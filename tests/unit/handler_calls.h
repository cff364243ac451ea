/* Calls of the standard capabilities on a workspace of their own, for tests: definitions from the
 * .cap files, arguments and answers as JSON, each call in the real sandbox. */
#ifndef KRUX_TEST_HANDLER_CALLS_H
#define KRUX_TEST_HANDLER_CALLS_H

#include "compiler/model/model.h"
#include "stdlib-caps/common/handler.h"
#include "tests/unit/here.h"

struct krux_reach;

/* AGENT: as root, but calls run as a uid for which a mount of the workspace says that it is its. */
enum { AS_ROOT, AS_USER, AS_AGENT, WAYS };

extern const char *calls_base;        /* where calls_root is made; /tmp at first */
extern char calls_root[64];           /* a folder of the test; workspace/ and outside/ are in it */
extern struct spawn_result calls_result;
extern struct krux_err calls_err;
/* What plans leave: NULL, as at first: the whole workspace. */
extern const struct krux_reach *calls_reach;
extern builtin_find_fn *calls_find;   /* whose builtins; NULL, as at first: builtin_find */
extern int calls_trash;               /* descriptor for trash_fd; -1 at first */

/* Becomes an ordinary user where asked, makes the folders and goes to calls_root; workspace/ holds
 * what the folder `fixture` of the namespace does. False: this way cannot be tested. */
bool calls_setup(int way, const char *ns);
void calls_teardown(void);
/* Empties the workspace and fills it again. */
void calls_refill(const char *ns);

const struct capability_set *calls_set(void);
/* As spawn_run has it; the caller may change the copy. */
struct krux_capability *calls_capability(const char *name);
/* Runs it. False: spawn_run itself refused, with calls_err. */
bool calls_spawn(const struct krux_capability *, const struct krux_value *args);
/* Every example of every capability whose builtin is found so; how many they were. */
unsigned calls_examples(builtin_find_fn *);
/* The answer as JSON: {"output":...}, {"error":"Name","message":"..."} or {"killed":"why"}. */
const char *calls_json(const char *name, const char *json);
/* The same must succeed and hold each of the texts, up to NULL. */
void calls_ok(const char *name, const char *json, ...) __attribute__((sentinel));
/* The same must fail with this error. */
void calls_fail(const char *name, const char *json, const char *error);
/* Value of a text or number member of the last answer's output, as text. */
const char *calls_member(const char *field);

void file_put(const char *path, const char *text);
void bytes_put(const char *path, const void *p, size_t n);
bool file_is(const char *path, const char *text);
bool there(const char *path);

#endif
