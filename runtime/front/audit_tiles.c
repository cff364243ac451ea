/* kruxrt audit tiles: records to the files of their tree, for each checkpoint that there is. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/audit_open.h"
#include "runtime/front/audit_trust.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/record/reader.h"
#include "runtime/record/tiles.h"

#include <stdio.h>

struct making {
	struct tiles *tiles;
	struct checkpoint_list list;
	size_t checkpoints;          /* whose tree the log has */
	bool differs;
};

static int record_take(void *ctx, const struct scan_item *item, struct krux_err *err)
{
	struct making *m = ctx;
	const struct tree *t = tiles_tree(m->tiles);

	if (tiles_add(m->tiles, item->bytes, item->leaf, err))
		return -1;
	while (m->list.at < m->list.n && m->list.seen[m->list.at].size < t->size)
		m->list.at++;
	if (m->list.at == m->list.n || m->list.seen[m->list.at].size != t->size)
		return 0;
	if (checkpoint_list_step(&m->list, t))
		m->checkpoints++;
	else
		m->differs = true;
	return tiles_commit(m->tiles, false, err);
}

static int tiles_make(const struct state *state, struct making *m, struct krux_err *err)
{
	static struct audit_trust trust;
	static const struct tree none;

	if (audit_trust_read(state, &trust, err) ||
	    checkpoint_list_read(state->log, state->fd, &trust.log, trust.witness, trust.nwitnesses, &m->list, err))
		return -1;
	m->tiles = tiles_open(state->log, &none, TILES_ENTRIES | TILES_AGAIN, err);
	return m->tiles ? reader_each(state->log, record_take, m, err) : -1;
}

int audit_tiles(int argc, char **argv)
{
	const char *path = NULL, *operand[1];
	const struct option_spec specs[] = { { .name = "--state", .value = &path }, { .name = NULL } };
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	struct making m = { .tiles = NULL };
	struct krux_err err = { 0 };
	struct audit_opening opening = { .writes = AUDIT_WRITES_LOG };
	size_t n;
	int rc;

	if (!options_parse("audit", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	opening.state = path;
	if (!path) {
		fputs("kruxrt audit tiles: --state DIR is missing\n", stderr);
		return EXIT_USAGE;
	}
	rc = audit_open(&opening, &state, &err) ? EXIT_USAGE : tiles_make(&state, &m, &err) ? EXIT_SYSTEM : EXIT_YES;
	if (rc) {
		fputs("kruxrt audit tiles: ", stderr);
		screen_puts(stderr, err.text);
		fputc('\n', stderr);
	} else {
		printf("%llu records, the trees of %zu checkpoints\n", (unsigned long long)tiles_tree(m.tiles)->size,
		       m.checkpoints);
		if (m.differs) {
			puts("a checkpoint signs another tree than that of the log");
			rc = EXIT_NO;
		}
	}
	tiles_close(m.tiles);
	checkpoint_list_free(&m.list);
	return rc;
}
