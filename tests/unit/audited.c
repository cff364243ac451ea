/* Records, signatures and commands on a folder of their own. */
#include "tests/unit/audited.h"

#include "runtime/base/file.h"
#include "runtime/bundle/trust.h"
#include "runtime/front/front.h"
#include "runtime/record/log.h"
#include "runtime/record/reader.h"
#include "tests/unit/records.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORIGIN "krux/0123456789abcdef"

struct state audited;
char audited_path[64], audited_vkey[NOTE_KEY_TEXT + 1], audited_out[16 << 20];
struct krux_err audited_err;
struct krux_public_key audited_key;
struct log *audited_log;

static struct krux_secret_key key;
static struct checkpoints *signer;
static uint64_t next, intent;

void audited_start(void)
{
	struct record certify = { 0 };

	audited_log = log_open(audited.log, audited.blobs, NULL, &audited_err);
	ck_assert_msg(audited_log != NULL, "%s", audited_err.text);
	signer = checkpoints_open(audited.log, KRUX_STR(ORIGIN), &key, log_epoch(audited_log), &audited_err);
	ck_assert_msg(signer != NULL, "%s", audited_err.text);
	checkpoints_certify(signer, &certify);
	ck_assert_msg(!log_append(audited_log, &certify, &next, NULL, &audited_err), "%s", audited_err.text);
	next++;
	intent = UINT64_MAX;
}

void audited_stop(void)
{
	checkpoints_close(signer);
	log_close(audited_log);
	signer = NULL;
	audited_log = NULL;
}

void audited_setup(void)
{
	struct note_key name;

	audited_err = (struct krux_err){ 0 };
	strcpy(audited_path, "/tmp/krux-audited-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(audited_path));
	ck_assert_msg(!state_make(audited_path, &audited, &audited_err), "%s", audited_err.text);
	ck_assert(krux_key_generate("log", false, &key, NULL));
	krux_key_public(&key, &audited_key);
	ck_assert(!trust_add(audited.trust, TRUST_LOG, &audited_key, &audited_err));
	ck_assert(log_note_key(&name, KRUX_STR(ORIGIN), audited_key.key));
	audited_vkey[note_key_text(&name, audited_vkey)] = 0;
	ck_assert_msg(!log_create(audited.log, ORIGIN, "tests", &audited_err), "%s", audited_err.text);
	audited_start();
}

static int forget(const char *file, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(file);
}

void audited_teardown(void)
{
	audited_stop();
	state_close(&audited);
	nftw(audited_path, forget, 16, FTW_DEPTH | FTW_PHYS);
}

void audited_key_keep(void)
{
	char line[KRUX_KEY_LINE];
	size_t n = krux_key_secret_text(&key, line);
	int keys = file_open(audited.fd, "keys", O_RDONLY | O_DIRECTORY, 0, &audited_err);

	ck_assert_msg(keys >= 0 && !file_create(keys, "log.key", 0600, line, n, &audited_err), "%s", audited_err.text);
	close(keys);
}

void audited_grow(uint64_t n)
{
	while (next < n) {
		bool end = intent != UINT64_MAX;
		struct record r = end ? records_outcome(intent) : records_intent();
		struct log_added added;

		ck_assert_msg(log_add(audited_log, &r, &added, &audited_err) == LOG_OK, "%s", audited_err.text);
		intent = end ? UINT64_MAX : added.seq;
		next = added.seq + 1;
	}
	ck_assert_int_eq(log_commit(audited_log, &audited_err), LOG_OK);
}

static int take(void *ctx, const struct scan_item *item, struct krux_err *err)
{
	return tiles_add(ctx, item->bytes, item->leaf, err);
}

void audited_sign(bool with_tiles)
{
	static const struct tree none;
	int scratch = with_tiles ? audited.log : file_mkdir(audited.fd, "scratch", 0700, NULL);
	struct tiles *t;
	uint8_t root[HASH_LEN];

	if (scratch < 0)
		scratch = file_open(audited.fd, "scratch", O_RDONLY | O_DIRECTORY, 0, &audited_err);
	t = tiles_open(scratch, &none, TILES_AGAIN, &audited_err);
	ck_assert_msg(t != NULL, "%s", audited_err.text);
	ck_assert(!reader_each(audited.log, take, t, &audited_err));
	tree_root(tiles_tree(t), root);
	ck_assert(!tiles_commit(t, false, &audited_err));
	ck_assert_msg(!checkpoints_write(signer, tiles_tree(t)->size, root, &audited_err), "%s", audited_err.text);
	tiles_close(t);
	if (scratch != audited.log)
		close(scratch);
}

void audited_sign_other(void)
{
	const uint8_t root[HASH_LEN] = { 1 };

	ck_assert_msg(!checkpoints_write(signer, next, root, &audited_err), "%s", audited_err.text);
}

char *audited_file(const char *name, size_t *n)
{
	char *text = (char *)file_read(audited.fd, name, 1 << 24, n, &audited_err);

	ck_assert_msg(text != NULL, "%s", audited_err.text);
	return text;
}

/* ---- commands ---- */

bool audited_read_only;

static bool mount_again(void)
{
	return !(unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	         mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	         mount(audited_path, audited_path, NULL, MS_BIND, NULL) ||
	         mount(NULL, audited_path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
}

static void child(char **argv, int argc, int out, int err)
{
	if (audited_read_only && !mount_again())
		_exit(99);
	dup2(out, 1);
	dup2(err, 2);
	argc = audit_command(argc, argv);
	fflush(stdout);
	_exit(argc);
}

int audited_run(const char *format, ...)
{
	int out = open(audited_path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), argc = 0, status;
	int why = open(audited_path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char arguments[4096], line[4096], *argv[64], *at = line, *word;
	size_t k = 0;
	ssize_t n;
	pid_t pid;
	va_list ap;

	va_start(ap, format);
	ck_assert_int_lt(vsnprintf(arguments, sizeof arguments, format, ap), (int)sizeof arguments);
	va_end(ap);
	for (const char *p = arguments; *p && k < sizeof line - 80; p++)
		k += (size_t)snprintf(line + k, sizeof line - k, *p == '@' ? "%s" : "%.1s",
		                      *p == '@' ? audited_path : p);
	line[k] = 0;
	while ((word = strsep(&at, " ")) && argc < 63)
		if (*word)
			argv[argc++] = word;
	argv[argc] = NULL;
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(argv, argc, out, why);
	ck_assert(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	n = pread(out, audited_out, sizeof audited_out - 1, 0);
	n = n > 0 ? n : 0;
	k = (size_t)n;
	n = pread(why, audited_out + k, sizeof audited_out - 1 - k, 0);
	audited_out[k + (size_t)(n > 0 ? n : 0)] = 0;
	close(why);
	close(out);
	return WEXITSTATUS(status);
}

void audited_says(const char *text)
{
	ck_assert_msg(strstr(audited_out, text) != NULL, "no '%s' in: %s", text, audited_out);
}

void audited_says_not(const char *text)
{
	ck_assert_msg(!strstr(audited_out, text), "'%s' in: %s", text, audited_out);
}
