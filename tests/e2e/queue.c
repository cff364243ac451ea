/* Tickets, by their hash: who was told what of them. */
#include "tests/e2e/queue.h"

#include <fcntl.h>
#include <jansson.h>
#include <search.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HEX = 64 };

struct ticket {
	char hash[HEX + 1];
	bool told, accepted, rejected;          /* to an agent; to the person: his decision is recorded */
	bool deferred, agreed, waits;           /* in the log; the log has a signed accept; the daemon lists it */
	unsigned used, ended;                   /* an intent by it; anything that ends it */
};

static struct ticket *tickets;
static size_t ntickets, room;
static unsigned long nwrong;

static void wrong(const char *fmt, ...)
{
	va_list ap;

	if (nwrong++ > 40)
		return;
	va_start(ap, fmt);
	fputs("WRONG ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
}

static void path_of(const struct queue_place *q, const char *name, char out[static 400])
{
	snprintf(out, 400, "%s/%s", q->folder, name);
}

/* ---- notes ---- */

void queue_asks(FILE *notes, unsigned long i)
{
	fprintf(notes, "%lu -\n", i);
	fflush(notes);
}

void queue_told(FILE *notes, unsigned long i, const uint8_t *ticket)
{
	if (!ticket)
		return;
	fprintf(notes, "%lu ", i);
	for (unsigned k = 0; k < HEX / 2; k++)
		fprintf(notes, "%02x", ticket[k]);
	fputc('\n', notes);
}

/* The exit code of kruxrt approvals WHAT..., what it prints to this file. */
static int approvals(const struct queue_place *q, const char *to, const char *what, const char *ticket)
{
	const char *argv[12] = { q->kruxrt, "approvals", what, "--socket", q->supervisor };
	char key[300];
	int status, n = 5;
	pid_t pid;

	snprintf(key, sizeof key, "%s/keys/approver.key", q->state);
	if (ticket) {
		argv[n++] = ticket;
		argv[n++] = "--key";
		argv[n++] = key;
	} else {
		argv[n++] = "--json";
	}
	pid = fork();
	if (!pid) {
		if (!freopen(to, "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(127);
		execv(q->kruxrt, (char **)(uintptr_t)argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

/* Where nobody answers it is tried again. */
static void decide(const struct queue_place *q, const char *ticket, FILE *notes, const volatile sig_atomic_t *stop)
{
	int by = rand() % 16, code = 3;
	const char *what = by < 4 ? "reject" : "accept";

	if (!by)
		return;
	for (int tries = 0; tries < 50 && code == 3 && !*stop; tries++) {
		code = approvals(q, "/dev/null", what, ticket);
		if (code == 3)
			nap();
	}
	if (!code)
		fprintf(notes, "%s %s\n", ticket, what);
	fflush(notes);
}

void queue_decide(const struct queue_place *q, const volatile sig_atomic_t *stop)
{
	FILE **asked = calloc(q->agents, sizeof *asked), *notes;
	char path[400], line[128], ticket[HEX + 1];

	path_of(q, "decided", path);
	notes = fopen(path, "w");
	while (notes && asked && !*stop) {
		for (unsigned a = 0; a < q->agents && !*stop; a++) {
			snprintf(path, sizeof path, "%s/w%u.asked", q->folder, a);
			if (!asked[a] && !(asked[a] = fopen(path, "r")))
				continue;
			clearerr(asked[a]);
			while (!*stop && fgets(line, sizeof line, asked[a]))
				if (sscanf(line, "%*u %64[0-9a-f]", ticket) == 1)
					decide(q, ticket, notes, stop);
		}
		nap();
	}
}

bool queue_accepted(const struct queue_place *q)
{
	char path[400], line[128];
	bool found = false;
	FILE *f;

	path_of(q, "decided", path);
	f = fopen(path, "r");
	while (f && !found && fgets(line, sizeof line, f))
		found = strstr(line, " accept") != NULL;
	if (f)
		fclose(f);
	return found;
}

int queue_list(const struct queue_place *q)
{
	char path[400];
	int code = 3;

	path_of(q, "waiting.json", path);
	for (int tries = 0; tries < 50 && code; tries++) {
		code = approvals(q, path, "list", NULL);
		if (code)
			nap();
	}
	if (code)
		printf("soak: what waits is not said: exit %d\n", code);
	return code != 0;
}

/* ---- one against the other ---- */

static struct ticket *ticket_of(const char *hash)
{
	static struct hsearch_data table;
	ENTRY *found, e = { .key = (char *)(uintptr_t)hash };
	struct ticket *t;

	if (!tickets) {
		room = 1 << 16;
		tickets = calloc(room, sizeof *tickets);
		if (!tickets || !hcreate_r(2 * room, &table))
			abort();
	}
	if (hsearch_r(e, FIND, &found, &table))
		return found->data;
	if (ntickets == room)
		abort();
	t = &tickets[ntickets++];
	snprintf(t->hash, sizeof t->hash, "%s", hash);
	e = (ENTRY){ t->hash, t };
	if (!hsearch_r(e, ENTER, &found, &table))
		abort();
	return t;
}

static void notes_take(const struct queue_place *q)
{
	char path[400], line[128], hash[HEX + 1], what[16];
	FILE *f;

	for (unsigned a = 0; a < q->agents; a++) {
		snprintf(path, sizeof path, "%s/w%u.asked", q->folder, a);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof line, f))
			if (sscanf(line, "%*u %64[0-9a-f]", hash) == 1 && strlen(hash) == HEX)
				ticket_of(hash)->told = true;
		if (f)
			fclose(f);
	}
	path_of(q, "decided", path);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%64s %15s", hash, what) == 2) {
			ticket_of(hash)->accepted |= !strcmp(what, "accept");
			ticket_of(hash)->rejected |= !strcmp(what, "reject");
		}
	if (f)
		fclose(f);
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static void record_take(const json_t *o)
{
	static const char *const ends[] = { "intent", "denied", "expired", "stale", "withdrawn" };
	const char *kind = text(o, "kind"), *hash = text(o, "ticket");
	struct ticket *t;

	if (!strcmp(kind, "deferred"))
		ticket_of(text(o, "leaf"))->deferred = true;
	if (!strcmp(kind, "intent") && !*hash && !strcmp(text(json_object_get(o, "args"), "path"), "/workspace/asked"))
		wrong("intent %lld has no ticket", (long long)json_integer_value(json_object_get(o, "seq")));
	if (!*hash)
		return;
	t = ticket_of(hash);
	if (!strcmp(kind, "signed")) {
		/* A reject ends it. */
		if (strcmp(text(o, "action"), "accept") != 0)
			t->ended++;
		else
			t->agreed = true;
		return;
	}
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		t->ended += !strcmp(kind, ends[i]);
	if (!strcmp(kind, "intent")) {
		t->used++;
		if (!t->agreed)
			wrong("%s ran, and nobody had accepted it", hash);
	}
}

static void log_take(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		json_t *o = json_loads(line, 0, NULL);

		record_take(o);
		json_decref(o);
	}
	free(line);
	if (f)
		fclose(f);
}

static void list_take(const struct queue_place *q)
{
	char path[400];
	json_t *list, *o;
	size_t i;

	path_of(q, "waiting.json", path);
	list = json_load_file(path, 0, NULL);
	if (!list)
		wrong("%s is no JSON", path);
	json_array_foreach(json_object_get(list, "tickets"), i, o)
		ticket_of(text(o, "ticket"))->waits = true;
	json_decref(list);
}

static void ticket_check(const struct ticket *t)
{
	if (!t->deferred)
		wrong("%s is not in the log%s", t->hash, t->told ? ", and an agent has it" : "");
	if (t->used > 1 || t->ended > 1)
		wrong("%s was used %u times and ended %u times", t->hash, t->used, t->ended);
	if (!t->ended && !t->waits)
		wrong("%s is lost: it has not ended, and does not wait", t->hash);
	/* What was accepted may run between the list and the end. */
	if (t->ended && t->waits && !t->agreed)
		wrong("%s has ended, and waits", t->hash);
	if (t->accepted && !t->agreed)
		wrong("%s was accepted, and the log does not know", t->hash);
	if (t->agreed && !t->ended)
		wrong("%s was accepted, and does not run", t->hash);
	if (t->rejected && !t->ended)
		wrong("%s was rejected, and waits", t->hash);
}

unsigned long queue_check(const struct queue_place *q, const char *log)
{
	unsigned long told = 0, accepted = 0, used = 0, waits = 0;

	notes_take(q);
	log_take(log);
	list_take(q);
	for (size_t i = 0; i < ntickets; i++) {
		const struct ticket *t = &tickets[i];

		ticket_check(t);
		told += t->told;
		accepted += t->accepted;
		used += t->used;
		waits += t->waits;
	}
	if (!told || !used)
		wrong("nobody asked, or nothing ran");
	printf("tickets %zu, told %lu, accepted %lu, ran %lu, waiting %lu, wrong %lu\n", ntickets, told, accepted, used, waits,
	       nwrong);
	return nwrong;
}
