/* Three accounts of the same calls, held against each other. */
#include "tests/e2e/counts.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wrong(struct counts *c, const char *fmt, ...)
{
	va_list ap;

	if (c->wrong++ > 40)
		return;
	va_start(ap, fmt);
	fputs("WRONG ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
}

static struct counted *call_of(struct counts *c, unsigned agent, unsigned long i)
{
	return agent < COUNTS_AGENTS && i < COUNTS_CALLS ? &c->call[agent][i] : NULL;
}

void counts_file(struct counts *c, unsigned agent, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[128];
	unsigned a;
	unsigned long i;
	int n;

	while (f && fgets(line, sizeof line, f)) {
		struct counted *call;

		n = 0;
		if (sscanf(line, "%u:%lu\n%n", &a, &i, &n) != 2 || a != agent || !strchr(line, '\n') ||
		    !(call = call_of(c, a, i))) {
			wrong(c, "%s: a torn line: %s", path, line);
			continue;
		}
		call->lines++;
		c->lines++;
	}
	if (f)
		fclose(f);
}

void counts_notes(struct counts *c, unsigned agent, const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned long i, record;
	int done, durable;
	char line[128];

	while (f && fgets(line, sizeof line, f)) {
		struct counted *call;

		if (sscanf(line, "%lu %d %lu %d", &i, &done, &record, &durable) != 4 ||
		    !(call = call_of(c, agent, i))) {
			wrong(c, "%s: %s", path, line);
			continue;
		}
		call->asked++;
		c->asked++;
		call->done |= done != 0;
		c->done += done != 0;
		call->durable |= durable != 0;
		call->told = record;
	}
	if (f)
		fclose(f);
	else
		wrong(c, "%s: no notes", path);
}

void counts_asked(struct counts *c, unsigned agent, const char *path)
{
	FILE *f = fopen(path, "r");
	struct counted *call;
	unsigned long i;
	char line[128];

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%lu ", &i) == 1 && (call = call_of(c, agent, i)))
			call->asked++;
		else
			wrong(c, "%s: %s", path, line);
	if (f)
		fclose(f);
	else
		wrong(c, "%s: no notes", path);
}

/* ---- the log ---- */

/* Which call each intent is of, by its record. */
struct by_record {
	struct counted **call;
	size_t n;
};

static struct counted **record_at(struct by_record *r, size_t seq)
{
	if (seq >= r->n) {
		size_t n = seq * 2 + 1024;

		r->call = realloc(r->call, n * sizeof *r->call);
		memset(r->call + r->n, 0, (n - r->n) * sizeof *r->call);
		r->n = n;
	}
	return &r->call[seq];
}

static void intent_take(struct counts *c, struct by_record *r, const json_t *o, size_t seq)
{
	const char *content = json_string_value(json_object_get(json_object_get(o, "args"), "content"));
	struct counted *call;
	unsigned long i;
	unsigned a;

	if (!content || sscanf(content, "%u:%lu", &a, &i) != 2 || !(call = call_of(c, a, i)))
		return;                /* another capability's */
	if (call->intents++)
		wrong(c, "%u:%lu has two intents, %llu and %zu", a, i, (unsigned long long)call->intent, seq);
	call->intent = seq;
	c->intents++;
	*record_at(r, seq) = call;
}

static void end_take(struct counts *c, struct by_record *r, const json_t *o, size_t seq, int unknown)
{
	size_t about = (size_t)json_integer_value(json_object_get(o, "about"));
	struct counted *call = *record_at(r, about);

	if (!call)
		return;
	if (unknown) {
		call->unknowns++;
		c->unknowns++;
	} else {
		call->outcomes++;
	}
	if (call->unknowns + call->outcomes > 1)
		wrong(c, "intent %zu ends twice, again in %zu", about, seq);
}

void counts_log(struct counts *c, const char *path)
{
	FILE *f = fopen(path, "r");
	struct by_record r = { NULL, 0 };
	size_t cap = 0, next = 0;
	char *line = NULL;

	while (f && getline(&line, &cap, f) > 0) {
		json_t *o = json_loads(line, 0, NULL);
		const char *kind = json_string_value(json_object_get(o, "kind"));
		size_t seq = (size_t)json_integer_value(json_object_get(o, "seq"));

		if (!kind || seq != next++)
			wrong(c, "the log has %.100s at %zu", line, next - 1);
		else if (!strcmp(kind, "intent"))
			intent_take(c, &r, o, seq);
		else if (!strcmp(kind, "outcome") || !strcmp(kind, "unknown"))
			end_take(c, &r, o, seq, *kind == 'u');
		json_decref(o);
	}
	free(line);
	free(r.call);
	if (f)
		fclose(f);
	if (!next)
		wrong(c, "%s: no log", path);
}

/* ---- one against the other ---- */

static void call_check(struct counts *c, unsigned a, unsigned long i)
{
	const struct counted *call = &c->call[a][i];

	if (call->lines > 1)
		wrong(c, "%u:%lu: its effect happened %u times", a, i, call->lines);
	if (call->lines && !call->intents)
		wrong(c, "%u:%lu: an effect without an intent", a, i);
	if (call->lines && !call->asked)
		wrong(c, "%u:%lu: an effect that nobody asked for", a, i);
	if (call->intents && call->outcomes + call->unknowns != 1)
		wrong(c, "%u:%lu: intent %llu has no end", a, i, (unsigned long long)call->intent);
	if (!call->done)
		return;
	if (!call->intents || !call->outcomes)
		wrong(c, "%u:%lu: acknowledged, and the log has %s", a, i,
		      call->intents ? "no outcome" : "no intent");
	if (!call->lines)
		wrong(c, "%u:%lu: acknowledged, and it did not happen", a, i);
	if (call->told != call->intent)
		wrong(c, "%u:%lu: told record %llu, which is %llu", a, i, (unsigned long long)call->told,
		      (unsigned long long)call->intent);
	if (!call->durable)
		wrong(c, "%u:%lu: an effect acknowledged without being durable", a, i);
}

unsigned long counts_check(struct counts *c, unsigned agents)
{
	for (unsigned a = 0; a < agents; a++)
		for (unsigned long i = 0; i < COUNTS_CALLS; i++)
			call_check(c, a, i);
	printf("asked %lu, acknowledged %lu, happened %lu, intents %lu, of unknown end %lu, wrong %lu\n",
	       c->asked, c->done, c->lines, c->intents, c->unknowns, c->wrong);
	return c->wrong;
}
