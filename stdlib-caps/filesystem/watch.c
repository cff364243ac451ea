/* filesystem.watch: a folder to what happens in it until a time is over. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/common/walk.h"
#include "stdlib-caps/filesystem/moved.h"

enum { WATCHES = 1000, SETTLE_MS = 50 };
static const uint32_t watched_for = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE |
                                    IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;

struct watched {
	int wd;                      /* -1: no longer */
	struct krux_str path;
};

struct watch {
	struct handler_call *call;
	int inotify;
	struct watched folder[WATCHES];
	unsigned nfolders;
	struct { struct krux_str path; const char *word; } *event;
	size_t nevents, limit;
	bool truncated;
	char path[HANDLER_PATH + 1];
	_Alignas(8) char buffer[16384];
};

bool filesystem_watch_open(struct handler_call *c)
{
	if (!place_open(c, 0, "path", PLACE_LOOK) || (c->fd = place_folder(c, &c->place[0])) < 0)
		return false;
	handler_grant(c, c->fd, RIGHT_READ_FOLDERS);
	return true;
}

/* inotify takes a path, so the folder becomes the working one and "." its path. */
static bool folder_add(struct watch *w, int fd, struct krux_str path)
{
	struct handler_call *c = w->call;
	char *copy = krux_pool_copy(c->pool, path.p, path.n);
	int wd;

	if (w->nfolders == WATCHES)
		return handler_fail(c, "TooManyWatches", "There are more than 1,000 folders.");
	if (!copy || fchdir(fd))
		return handler_failed(c, copy ? errno : ENOMEM, path);
	wd = inotify_add_watch(w->inotify, ".", watched_for);
	if (wd < 0)
		return errno == ENOSPC ? handler_fail(c, "TooManyWatches",
		                                      "The limit of the system is reached.")
		                       : handler_failed(c, errno, path);
	w->folder[w->nfolders++] = (struct watched){ wd, { copy, path.n } };
	return true;
}

static enum walk_next watch_visit(void *ctx, const struct walk_entry *e)
{
	struct watch *w = ctx;
	bool ok;
	int fd;

	if (!S_ISDIR(e->st.st_mode))
		return WALK_ON;
	fd = place_child(e->folder, e->name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return WALK_SKIP;
	ok = folder_add(w, fd, e->path);
	close(fd);
	return ok ? WALK_ON : WALK_STOP;
}

/* The path of an entry, in w->path; n 0 where it is too long. */
static struct krux_str event_path(struct watch *w, const struct watched *in, const char *name)
{
	size_t n = strlen(name);

	if (in->path.n + 1 + n > HANDLER_PATH)
		return (struct krux_str){ w->path, 0 };
	memcpy(w->path, in->path.p, in->path.n);
	w->path[in->path.n] = '/';
	memcpy(w->path + in->path.n + 1, name, n + 1);
	return (struct krux_str){ w->path, in->path.n + 1 + n };
}

/* A folder below one that is open, name by name. */
static int folder_below(int root, const char *path)
{
	char name[NAME_MAX + 1];
	int at = root, next;
	size_t n;

	for (;; path += n + 1, at = next) {
		n = strcspn(path, "/");
		if (n >= sizeof name) {
			errno = ENAMETOOLONG;
			next = -1;
		} else {
			memcpy(name, path, n);
			name[n] = '\0';
			next = place_child(at, name, O_RDONLY | O_DIRECTORY, 0);
		}
		if (at != root)
			close(at);
		if (next < 0 || !path[n])
			return next;
	}
}

/* A folder that has left, or came, takes its watches along or needs them. */
static void folder_follow(struct watch *w, struct krux_str path, uint32_t mask)
{
	int fd;

	if (!(mask & IN_ISDIR) || !arg_bool(w->call, "recursive"))
		return;
	if (mask & (IN_MOVED_FROM | IN_DELETE)) {
		for (unsigned i = 0; i < w->nfolders; i++) {
			struct watched *f = &w->folder[i];

			if (f->wd < 0 || !moved_inside(f->path, path))
				continue;
			inotify_rm_watch(w->inotify, f->wd);
			f->wd = -1;
		}
		return;
	}
	if (!(mask & (IN_CREATE | IN_MOVED_TO)))
		return;
	/* Opened from the root of the watch; w->path ends with a NUL. */
	fd = folder_below(w->call->fd, path.p + w->call->place[0].path.n + 1);
	if (fd < 0)
		return;
	if (!folder_add(w, fd, path)) {
		w->call->error = NULL;
		w->truncated = true;
	}
	close(fd);
}

static const char *event_word(uint32_t mask)
{
	if (mask & IN_CREATE)
		return "created";
	if (mask & IN_DELETE)
		return "deleted";
	if (mask & IN_MOVED_FROM)
		return "moved_from";
	return mask & IN_MOVED_TO ? "moved_to" : "modified";
}

static void event_add(struct watch *w, const struct inotify_event *e)
{
	struct handler_call *c = w->call;
	const struct watched *in = NULL;
	const char *word = event_word(e->mask);
	struct krux_str path;
	char *copy;

	if (e->mask & IN_Q_OVERFLOW) {
		w->truncated = true;
		return;
	}
	for (unsigned i = 0; i < w->nfolders && !in; i++)
		if (w->folder[i].wd == e->wd)
			in = &w->folder[i];
	if (!in || !e->len || e->mask & IN_IGNORED ||
	    !krux_utf8_valid((struct krux_str){ e->name, strlen(e->name) }))
		return;
	path = event_path(w, in, e->name);
	if (!path.n || path_reserved(path) || !c->allows(c->allows_ctx, KRUX_STR("path"), path))
		return;
	folder_follow(w, path, e->mask);
	for (size_t i = 0; i < w->nevents; i++)
		if (w->event[i].word == word && krux_str_eq(w->event[i].path, path) &&
		    !strcmp(word, "modified"))
			return;
	copy = w->nevents < w->limit ? krux_pool_copy(c->pool, path.p, path.n) : NULL;
	if (!copy) {
		w->truncated = true;
		return;
	}
	w->event[w->nevents].path = (struct krux_str){ copy, path.n };
	w->event[w->nevents++].word = word;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool events_wait(struct watch *w)
{
	int64_t end = now_ms() + (int64_t)(arg_uint(w->call, "timeout") / 1000000);
	bool settling = false;

	for (;;) {
		struct pollfd p = { .fd = w->inotify, .events = POLLIN };
		int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return true;
		n = read(w->inotify, w->buffer, sizeof w->buffer);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return handler_failed(w->call, errno, w->call->place[0].path);
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e =
				(const struct inotify_event *)(const void *)(w->buffer + at);

			event_add(w, e);
			at += (ssize_t)(sizeof *e + e->len);
		}
		if (!settling && (w->nevents || w->truncated)) {
			int64_t settled = now_ms() + SETTLE_MS;

			settling = true;
			end = settled < end ? settled : end;
		}
	}
}

static bool watch_answer(struct watch *w)
{
	struct handler_call *c = w->call;
	struct krux_value *value = krux_pool_get(c->pool, w->nevents * sizeof *value + 1);
	struct answer a;

	for (size_t i = 0; value && i < w->nevents; i++) {
		answer_begin(&a, c->pool);
		answer_text(&a, "path", w->event[i].path);
		answer_word(&a, "event", w->event[i].word);
		if (!answer_end(&a, &value[i]))
			value = NULL;
	}
	if (!value)
		return handler_memory(c, "IoError");
	answer_begin(&a, c->pool);
	answer_list(&a, "events", value, w->nevents);
	answer_bool(&a, "timed_out", !w->nevents && !w->truncated);
	answer_bool(&a, "truncated", w->truncated);
	return answer_give(&a, c, "IoError");
}

bool filesystem_watch_run(struct handler_call *c)
{
	struct watch *w = krux_pool_get(c->pool, sizeof *w);
	struct walk walk = { .call = c, .field = "path", .hidden = true, .max = WALK_ENTRIES,
	                     .visit = watch_visit, .ctx = w };

	if (!w)
		return handler_memory(c, "IoError");
	w->call = c;
	w->limit = (size_t)arg_uint(c, "limit");
	w->event = krux_pool_get(c->pool, w->limit * sizeof *w->event + 1);
	if (!w->event)
		return handler_memory(c, "IoError");
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify < 0)
		return errno == EMFILE ? handler_fail(c, "TooManyWatches",
		                                      "The limit of the system is reached.")
		                       : handler_failed(c, errno, c->place[0].path);
	if (!folder_add(w, c->fd, c->place[0].path))
		return false;
	if (arg_bool(c, "recursive") && (!walk_below(&walk, c->fd, c->place[0].path) || c->error))
		return false;
	return events_wait(w) && watch_answer(w);
}
