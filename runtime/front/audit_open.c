/* What a command was told to a process that can do that and nothing else. */
#include "runtime/front/audit_open.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/record/log.h"
#include "runtime/record/segment.h"
#include "runtime/sandbox/typed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Not its keys, the workspaces, or what is thrown away. */
static const char *const known[] = { "log", "blobs", "trust", "witness", "index", "bundles" };
enum { KNOWN = sizeof known / sizeof *known, OWN = KNOWN + 3 };

struct places {
	struct typed_place place[AUDIT_GIVEN + AUDIT_OUTPUTS + OWN];
	size_t n;
	char *own[OWN];                /* below the state folder */
	size_t nown;
};

static void places_free(struct places *p)
{
	while (p->nown)
		free(p->own[--p->nown]);
}

static void place_add(struct places *p, enum process_place_number place, const char *path, bool around)
{
	p->place[p->n++] = (struct typed_place){ place, path, around };
}

static int own_add(struct places *p, enum process_place_number place, const struct state *s, const char *name,
                   struct krux_err *err)
{
	if (asprintf(&p->own[p->nown], "%s/%s", s->path, name) < 0)
		return err_set(err, ENOMEM, "%s", s->path);
	place_add(p, place, p->own[p->nown++], false);
	return 0;
}

/* Nothing is kept where the folder cannot be made. */
static void index_make(const struct state *s)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(1, name);
	if (!fstatat(s->log, name, &st, AT_SYMLINK_NOFOLLOW))
		(void)!mkdirat(s->fd, "index", 0700);
}

static int written_add(struct places *p, const struct audit_opening *o, const struct state *s, struct krux_err *err)
{
	switch (o->writes) {
	case AUDIT_WRITES_NOTHING:
		return 0;
	case AUDIT_WRITES_INDEX:
		index_make(s);
		return own_add(p, PLACE_AUDIT_INDEX, s, "index", err);
	case AUDIT_WRITES_LOG:
		return own_add(p, PLACE_AUDIT_LOG, s, "log", err);
	default:
		return log_ask_machine(err) || own_add(p, PLACE_AUDIT_LOG, s, "log", err) ||
		       own_add(p, PLACE_AUDIT_LOG, s, "blobs", err) || own_add(p, PLACE_AUDIT_LOG, s, "keys/log.key", err) ? -1 : 0;
	}
}

int audit_open(const struct audit_opening *o, struct state *s, struct krux_err *err)
{
	CLEANUP(places_free) struct places p = { .n = 0 };
	struct typed t = { .kind = PROCESS_AUDIT, .place = p.place, .bundles = o->bundles };

	if (o->state && state_open(o->state, s, err))
		return -1;
	for (size_t i = 0; o->given && o->given[i] && i < AUDIT_GIVEN; i++)
		place_add(&p, PLACE_AUDIT_GIVEN, o->given[i], false);
	for (size_t i = 0; i < AUDIT_OUTPUTS; i++)
		place_add(&p, PLACE_AUDIT_OUTPUT, o->output[i], true);
	for (size_t i = 0; o->state && i < KNOWN; i++)
		if (own_add(&p, PLACE_AUDIT_STATE, s, known[i], err))
			return -1;
	if (o->state && written_add(&p, o, s, err))
		return -1;
	t.n = p.n;
	return typed_confine(&t, err);
}
