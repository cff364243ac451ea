/* krux-witness: the last checkpoint of a log to all of the operator's witnesses. Run by a timer, with
 * the rights of who owns the state folder; it opens no key and changes nothing but witness/. */
#include "runtime/witness/confine.h"
#include "runtime/witness/submit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/tiles_follow.h"

#include "capspec/canon.h"
#include "capspec/version.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char help[] =
"krux-witness --state DIR\n"
"\n"
"Sends the last checkpoint of the log in DIR to every witness of\n"
"DIR/trust/witnesses, proves that it goes on from what that witness saw last, and\n"
"keeps its cosignature in DIR/witness. One line of trust/witnesses is a key and\n"
"an address:\n"
"\n"
"  witness.example/w1+8d66cf3f+BO... https://witness.example/w1\n"
"\n"
"A witness that holds another or a larger tree is an alarm: both signed notes are\n"
"kept beside the cosignature, as ID.SIZE.ours and ID.SIZE.theirs.\n"
"\n"
"  --state DIR   the state folder of kruxrt\n"
"\n"
"Exit: 0 all cosigned; 1 a witness refused, or holds another tree; 2 wrong usage;\n"
"3 a witness did not answer, or the system failed.\n";

enum { YES, NO, USAGE, SYSTEM };

static int fail(int code, const struct krux_err *err)
{
	fputs("krux-witness: ", stderr);
	screen_puts(stderr, err->text);
	fputc('\n', stderr);
	return code;
}

/* One at a time: the lock is on the folder that this program alone writes. */
static int folder_lock(const struct state *state, struct krux_err *err)
{
	int fd;

	if (mkdirat(state->fd, "witness", 0700) && errno != EEXIST)
		return err_set(err, errno, "witness");
	fd = file_open(state->fd, "witness", O_RDONLY | O_DIRECTORY, 0, err);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		err_set(err, errno, "witness: another krux-witness is at work");
		cleanup_fd(&fd);
		return -1;
	}
	return fd;
}

/* The tiles of the checkpoints that came since; what is wrong with them is said when they are needed. */
static void tiles_catch_up(const struct state *state, const struct krux_public_key *key)
{
	struct checkpoint_list list = { .n = 0 };
	struct krux_err err = { 0 };
	struct checkpoint head;
	struct note_key name;
	struct note note;
	uint8_t *text;
	const char *why;
	size_t n;

	text = file_read(state->log, "checkpoint", NOTE_MAX, &n, &err);
	if (text && note_parse((struct krux_str){ (char *)text, n }, &note, &why) &&
	    checkpoint_parse(note.text, &head, &why) && log_note_key(&name, head.origin, key->key) &&
	    !checkpoint_list_read(state->log, -1, &name, NULL, 0, &list, &err) && tiles_follow(state->log, &list, &err))
		fail(SYSTEM, &err);
	checkpoint_list_free(&list);
	free(text);
}

/* The checkpoint, signed with one of the keys that the operator trusts for the log. */
static int head_open(const struct state *state, struct submit *out, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(1 << 20);
	struct krux_public_key *key;
	size_t n;

	if (!pool)
		return err_set(err, ENOMEM, "keys");
	if (trust_read(state->trust, TRUST_LOG, pool, &key, &n, err))
		return -1;
	if (!n)
		return err_set(err, 0, "trust/logs holds no key of this log");
	for (size_t i = 0; i < n; i++) {
		tiles_catch_up(state, &key[i]);
		if (!submit_open(state->fd, state->log, key[i].key, out, err))
			return 0;
	}
	return -1;
}

static void print_end(const struct submit *s, const struct witness *w, const struct submit_report *r)
{
	static const char *const words[] = {
		[SUBMIT_COSIGNED] = "cosigned", [SUBMIT_REFUSED] = "refused", [SUBMIT_FORK] = "FORK",
		[SUBMIT_BEHIND] = "ROLLBACK", [SUBMIT_BROKEN] = "broken",
	};
	char text[NOTE_KEY_TEXT + 1];
	int n;

	screen_puts(stdout, w->key.name);
	printf(": %s", words[r->end]);
	if (r->end == SUBMIT_COSIGNED) {
		n = r->time > INT64_MAX / 1000000000 ? 0 :
		    krux_datetime_text((int64_t)r->time * 1000000000, text, sizeof text);
		printf(" %llu records, %.*s\n", (unsigned long long)r->size, n > 0 ? n : 0, text);
		return;
	}
	fputs(": ", stdout);
	screen_puts(stdout, r->why);
	if (r->end == SUBMIT_REFUSED) {
		text[note_key_text(&s->key, text)] = 0;
		fputs("; tell it of ", stdout);
		screen_puts(stdout, text);
	}
	putchar('\n');
}

static int witnesses_ask(const struct state *state, struct krux_err *err)
{
	static struct witness w[WITNESSES_MAX];
	struct submit s;
	int code = YES;
	size_t n;

	if (witnesses_read(state->trust, w, &n, err))
		return fail(USAGE, err);
	if (!n) {
		err_set(err, 0, "trust/witnesses names none");
		return fail(USAGE, err);
	}
	if (witness_confine(state, w, n, err) || head_open(state, &s, err))
		return fail(SYSTEM, err);
	for (size_t i = 0; i < n; i++) {
		struct submit_report r;

		if (submit(&s, &w[i], &r, err)) {
			code = fail(SYSTEM, err);
			continue;
		}
		print_end(&s, &w[i], &r);
		if (r.end != SUBMIT_COSIGNED && code == YES)
			code = NO;
	}
	submit_close(&s);
	return code;
}

int main(int argc, char **argv)
{
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	CLEAN_FD int lock = -1;
	struct krux_err err = { 0 };
	int code;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(help, stdout);
		return YES;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("krux-witness " KRUX_VERSION);
		return YES;
	}
	if (argc != 3 || strcmp(argv[1], "--state") != 0) {
		fputs(help, stderr);
		return USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	if (state_open(argv[2], &state, &err))
		return fail(USAGE, &err);
	lock = folder_lock(&state, &err);
	if (lock < 0 || curl_global_init(CURL_GLOBAL_DEFAULT))
		return fail(SYSTEM, &err);
	code = witnesses_ask(&state, &err);
	curl_global_cleanup();
	return fflush(stdout) ? SYSTEM : code;
}
