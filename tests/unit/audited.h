/* A state folder with a log that has records, tiles and checkpoints, and kruxrt audit run on it. The
 * log starts with its origin and the certificate of its epoch. */
#ifndef AUDITED_H
#define AUDITED_H

#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/tiles.h"

struct log;

extern struct state audited;             /* the folder */
extern char audited_path[64];
extern struct krux_err audited_err;
extern struct krux_public_key audited_key;       /* of the log */
extern char audited_vkey[NOTE_KEY_TEXT + 1];     /* the same as witnesses are told it */
extern struct log *audited_log;                  /* open for writing */

void audited_setup(void);
void audited_teardown(void);
/* The daemon that writes ends; another one starts, which certifies a key of its own. */
void audited_stop(void);
void audited_start(void);
/* The log's key goes where the daemon has it. */
void audited_key_keep(void);
/* Intents and their outcomes until the log has n records. */
void audited_grow(uint64_t n);
/* Signs the tree as it is; makes tiles where wanted. */
void audited_sign(bool tiles);
/* Signs another tree of that size. */
void audited_sign_other(void);
/* From here on commands find the folder on a mount that nobody can write. */
extern bool audited_read_only;
/* A file of the state folder; caller frees. */
char *audited_file(const char *name, size_t *n);

/* kruxrt audit ARGUMENTS, split at spaces; "@" stands for the state folder. The exit code; what it printed
 * is in audited_out, NUL-terminated, standard error behind standard output. */
extern char audited_out[16 << 20];
__attribute__((format(printf, 1, 2))) int audited_run(const char *format, ...);
/* It printed that; it did not. */
void audited_says(const char *text);
void audited_says_not(const char *text);

#endif
