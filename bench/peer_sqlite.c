/* SQLite in WAL mode: a table of numbered blobs, n inserts a transaction, prepared once. */
#include "bench/peers.h"

#if __has_include(<sqlite3.h>)
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct sqlite {
	sqlite3 *db;
	sqlite3_stmt *insert;
};

static void must(struct sqlite *s, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	fprintf(stderr, "bench: sqlite: %s\n", sqlite3_errmsg(s->db));
	exit(1);
}

static void run(struct sqlite *s, const char *sql)
{
	must(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

static bool open_as(struct peer *p, const char *folder, const char *synchronous)
{
	struct sqlite *s = calloc(1, sizeof *s);
	char path[512];

	if (!s)
		abort();
	snprintf(path, sizeof path, "%s/sqlite-%s.db", folder, synchronous);
	must(s, sqlite3_open(path, &s->db));
	run(s, "PRAGMA journal_mode=WAL");
	snprintf(path, sizeof path, "PRAGMA synchronous=%s", synchronous);
	run(s, path);
	run(s, "CREATE TABLE log (seq INTEGER PRIMARY KEY, record BLOB NOT NULL)");
	must(s, sqlite3_prepare_v2(s->db, "INSERT INTO log (record) VALUES (?1)", -1, &s->insert, NULL));
	p->state = s;
	return true;
}

static bool open_full(struct peer *p, const char *folder, char why[static 128])
{
	(void)why;
	return open_as(p, folder, "FULL");
}

static bool open_normal(struct peer *p, const char *folder, char why[static 128])
{
	(void)why;
	return open_as(p, folder, "NORMAL");
}

static void put(struct peer *p, const void *value, size_t size, unsigned n)
{
	struct sqlite *s = p->state;

	run(s, "BEGIN");
	while (n--) {
		must(s, sqlite3_bind_blob(s->insert, 1, value, (int)size, SQLITE_STATIC));
		must(s, sqlite3_step(s->insert));
		must(s, sqlite3_reset(s->insert));
	}
	run(s, "COMMIT");
}

static void end(struct peer *p)
{
	struct sqlite *s = p->state;

	sqlite3_finalize(s->insert);
	sqlite3_close(s->db);
	free(s);
}

const struct peer peer_sqlite_full = { "SQLite WAL FULL", open_full, put, end, NULL };
const struct peer peer_sqlite_normal = { "SQLite WAL NORMAL", open_normal, put, end, NULL };

#else
#include <stdio.h>

static bool absent(struct peer *p, const char *folder, char why[static 128])
{
	(void)p;
	(void)folder;
	snprintf(why, 128, "libsqlite3-dev was not there when this was built");
	return false;
}

const struct peer peer_sqlite_full = { "SQLite WAL FULL", absent, NULL, NULL, NULL };
const struct peer peer_sqlite_normal = { "SQLite WAL NORMAL", absent, NULL, NULL, NULL };

#endif
