/* A command's program, /usr/bin/dash with a script, in the real sandbox on a workspace of its own, for tests. */
#ifndef KRUX_TEST_COMMANDING_H
#define KRUX_TEST_COMMANDING_H

#include "capspec/schema.h"
#include "tests/unit/here.h"

#include <check.h>
#include <string.h>
#include <sys/types.h>

/* As root, an agent's uid on the workspace of another uid, and of root's; the workspace's owner, as where its file system has no
 * idmapped mounts; as an ordinary user. Without those mounts of a workspace that is root's. */
enum { AGENT, ROOTS, OWNER, USER, WAYS, ROOT };
/* Whose the workspace is, on the disk, and as whom its calls run. */
extern uid_t commands_owner, commands_uid;
/* Effects of the call's path; EXECUTES is the label runs-workspace-code. */
enum { R = 1, L = 2, C = 4, W = 8, D = 16, TREE = 32, EXECUTES = 64 };
#define TREES (R | L | C | W | D | TREE)

extern struct krux_capability commands_cap;
extern const struct krux_type commands_plain;   /* an output of `stdout` alone */
extern struct spawn_result commands_result;
extern char commands_root[64];                 /* the test's folder: secret, workspace/a, d/b, d/c */
extern char commands_json[1 << 16];            /* the last answer, or why there was none */
extern char commands_digest[65];               /* that the capability has for the program */
extern const char *commands_denied;            /* the policy refuses paths that hold this; NULL, as at first: none */

/* Becomes an ordinary user where asked, makes the folders and goes to commands_root. False: this way cannot be tested. */
bool commands_setup(int way);
void commands_teardown(void);
/* All of the workspace is its owner's; where that is the caller, nothing changes. */
void commands_own(void);
/* The workspace that calls get is what has that name by now. */
void commands_again(void);
void commands_digest_find(void);
void commands_put(const char *name, const char *text);
/* Nothing there: "-". */
const char *commands_get(const char *name);
/* A capability with these effects and limits that the test may change. */
void commands_make(unsigned what, const char *script);
/* One call of it. 0, or -1 and nothing ran. */
int commands_call(unsigned what, const char *path);
/* Both; it must run. */
void commands_sh(unsigned what, const char *path, const char *script);

#define HAS(text) ck_assert_msg(strstr(commands_json, text), "%s\nin %.3000s", text, commands_json)
#define LACKS(text) ck_assert_msg(!strstr(commands_json, text), "%s\nin %.3000s", text, commands_json)
#define IS(file, text) ck_assert_str_eq(commands_get(file), text)
#define DONE() ck_assert_msg(commands_result.end == SPAWN_DONE, "%d: %s", commands_result.end, commands_json)

#endif
