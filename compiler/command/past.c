/* Records to requests. A record is an item of deterministic CBOR; behind the last one of the open segment
 * there are zeros, which are no map. */
#include "compiler/command/past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capspec/digest.h"
#include "capspec/item.h"

enum {
#define AUDIT_FIELD(id, key, word, schema) AUDIT_##id = key,
#include "capspec/audit.def"
	AUDIT_FIELDS
};

enum { RECORD_MOST = 65535, BLOB_SALT = 32, BLOB_MOST = 64 << 20, POOL_MOST = 256 << 20 };

struct reader {
	int blobs;                               /* folder, or -1 */
	past_fn *each;
	void *ctx;
	struct krux_pool *pool;                  /* of one record */
	struct krux_refusal *why;
	bool any;                                /* a record was found: it is a log */
	bool stopped;
};

static int past_fail(struct reader *r, int code, const char *name, const char *why)
{
	krux_refuse(r->why, name, why);
	return code;
}

/* ---- one record ---- */

static const struct krux_value *field(const struct krux_value *record, unsigned key)
{
	char text[8];
	size_t n = (size_t)snprintf(text, sizeof text, "%u", key);

	for (size_t i = 0; i < record->map.n; i++)
		if (krux_str_eq(record->map.member[i].key, (struct krux_str){ text, n }))
			return &record->map.member[i].value;
	return NULL;
}

static bool number_of(const struct krux_value *record, unsigned key, uint64_t *out)
{
	const struct krux_value *v = field(record, key);

	if (!v || v->kind != KRUX_V_UINT)
		return false;
	*out = v->u;
	return true;
}

static bool text_of(const struct krux_value *record, unsigned key, struct krux_str *out)
{
	const struct krux_value *v = field(record, key);

	if (!v || v->kind != KRUX_V_TEXT)
		return false;
	*out = v->str;
	return true;
}

/* What [name, size] names: salt || content, whose hash is the name. */
static bool blob_read(struct reader *r, const struct krux_value *v, struct krux_str *out)
{
	static const char domain[] = "krux/blob/1";
	char hex[2 * KRUX_SHA256 + 1];
	uint8_t hash[KRUX_SHA256];
	struct krux_str part[2];
	struct stat st;
	char *p;
	int fd;

	if (r->blobs < 0 || v->kind != KRUX_V_LIST || v->list.n != 2 || v->list.item[0].kind != KRUX_V_BYTES ||
	    v->list.item[0].str.n != KRUX_SHA256)
		return false;
	krux_hex_write((const uint8_t *)v->list.item[0].str.p, KRUX_SHA256, hex);
	hex[2 * KRUX_SHA256] = 0;
	fd = openat(r->blobs, hex, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < BLOB_SALT || st.st_size > BLOB_MOST ||
	    !(p = krux_pool_get(r->pool, (size_t)st.st_size)) || read(fd, p, (size_t)st.st_size) != st.st_size) {
		close(fd);
		return false;
	}
	close(fd);
	part[0] = (struct krux_str){ domain, sizeof domain - 1 };
	part[1] = (struct krux_str){ p, (size_t)st.st_size };
	krux_sha256_parts(part, 2, hash);
	*out = (struct krux_str){ p + BLOB_SALT, (size_t)st.st_size - BLOB_SALT };
	return !memcmp(hash, v->list.item[0].str.p, KRUX_SHA256);
}

static bool cbor_of(struct reader *r, struct krux_str s, struct krux_value *out)
{
	return krux_cbor_read(r->pool, (const uint8_t *)s.p, s.n, out, NULL);
}

static void args_read(struct reader *r, const struct krux_value *record, struct past_request *q)
{
	const struct krux_value *v = field(record, AUDIT_ARGS), *blob = field(record, AUDIT_ARGS_BLOB);
	struct krux_str bytes;

	if (v && v->kind == KRUX_V_BYTES)
		q->has_args = cbor_of(r, v->str, &q->args);
	else if (blob && blob_read(r, blob, &bytes))
		q->has_args = cbor_of(r, bytes, &q->args);
}

/* [kind, policy, name, per, answer], each. */
static bool is_facts(const struct krux_value *v)
{
	static const uint8_t kind[5] = { KRUX_V_UINT, KRUX_V_TEXT, KRUX_V_TEXT, KRUX_V_UINT, KRUX_V_UINT };

	for (size_t i = 0; v->kind == KRUX_V_LIST && i < v->list.n; i++) {
		const struct krux_value *f = &v->list.item[i];

		if (f->kind != KRUX_V_LIST || f->list.n != 5)
			return false;
		for (size_t k = 0; k < 5; k++)
			if ((uint8_t)f->list.item[k].kind != kind[k])
				return false;
	}
	return v->kind == KRUX_V_LIST;
}

static void facts_read(struct reader *r, const struct krux_value *record, struct past_request *q)
{
	const struct krux_value *v = field(record, AUDIT_FACTS), *blob = field(record, AUDIT_FACTS_BLOB);
	struct krux_str bytes;

	q->facts = (struct krux_value){ .kind = KRUX_V_LIST };
	q->has_facts = !blob;
	if (v)
		q->facts = *v;
	else if (blob && blob_read(r, blob, &bytes))
		q->has_facts = cbor_of(r, bytes, &q->facts);
	q->has_facts = q->has_facts && is_facts(&q->facts);
}

/* False: the reader's function wants no more. */
static bool record_take(struct reader *r, const struct krux_value *record)
{
	const struct krux_value *version = field(record, AUDIT_VERSION);
	struct past_request q = { 0 };
	uint64_t verdict;

	if (record->kind != KRUX_V_UMAP || !number_of(record, AUDIT_VERDICT, &verdict) || verdict > KRUX_AUTONOMOUS ||
	    !number_of(record, AUDIT_SEQ, &q.seq) || !number_of(record, AUDIT_WALL, &q.wall) ||
	    !text_of(record, AUDIT_AGENT, &q.agent) || !text_of(record, AUDIT_CAPABILITY, &q.capability) || !version ||
	    version->kind != KRUX_V_LIST || version->list.n != 2 || version->list.item[0].kind != KRUX_V_UINT ||
	    version->list.item[1].kind != KRUX_V_UINT)
		return true;
	q.verdict = (enum krux_verdict)verdict;
	q.major = version->list.item[0].u;
	q.minor = version->list.item[1].u;
	args_read(r, record, &q);
	facts_read(r, record, &q);
	return r->each(r->ctx, &q);
}

/* ---- files ---- */

/* What is read of a file: as long as there is more, at least a record's worth stands in it. */
struct window {
	int fd;
	size_t at, n;
	bool ends;
	uint8_t bytes[4 * RECORD_MOST];
};

static bool window_fill(struct window *w)
{
	if (w->ends || w->n - w->at >= RECORD_MOST)
		return true;
	memmove(w->bytes, w->bytes + w->at, w->n - w->at);
	w->n -= w->at;
	w->at = 0;
	while (!w->ends && w->n < sizeof w->bytes) {
		ssize_t got = read(w->fd, w->bytes + w->n, sizeof w->bytes - w->n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		w->ends = !got;
		w->n += (size_t)got;
	}
	return true;
}

static bool is_zeros(const uint8_t *p, size_t n)
{
	return !n || (!*p && !memcmp(p, p + 1, n - 1));
}

static int records_take(struct reader *r, struct window *w, const char *name)
{
	for (;;) {
		const uint8_t *p;
		struct krux_value v;
		size_t length;

		if (!window_fill(w))
			return past_fail(r, 3, name, strerror(errno));
		p = w->bytes + w->at;
		if (w->at == w->n || (r->any && is_zeros(p, w->n - w->at)))
			return 0;
		length = *p >> 5 == ITEM_MAP ? item_length(p, w->n - w->at) : 0;
		krux_pool_reset(r->pool);
		if (!length || length > RECORD_MOST || !krux_cbor_read(r->pool, p, length, &v, NULL))
			return past_fail(r, 2, name,
			                 r->any ? "there are bytes in it that are no record; `kruxrt audit verify` says which"
			                        : "it is no audit log");
		w->at += length;
		r->any = true;
		r->stopped = !record_take(r, &v);
		if (r->stopped)
			return 0;
	}
}

static int file_take(struct reader *r, int fd, const char *name)
{
	static struct window w;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return past_fail(r, 2, name, "it is no file of records");
	w.fd = fd;
	w.at = w.n = 0;
	w.ends = false;
	return records_take(r, &w, name);
}

static int folder_take(struct reader *r, int dir, const char *path)
{
	int code = 0;

	for (unsigned number = 0; !code && !r->stopped; number++) {
		char name[16];
		int fd;

		snprintf(name, sizeof name, "%08x.seg", number);
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			return number ? 0 : past_fail(r, 2, path, "there is no log/00000000.seg in it");
		if (fd < 0)
			return past_fail(r, 3, name, strerror(errno));
		code = file_take(r, fd, name);
		close(fd);
	}
	return code;
}

static int path_take(struct reader *r, int fd, const char *path)
{
	struct stat st;
	int log, code;

	if (fstat(fd, &st) || !S_ISDIR(st.st_mode))
		return file_take(r, fd, path);
	log = openat(fd, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->blobs = openat(fd, log < 0 ? "../blobs" : "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	code = folder_take(r, log < 0 ? fd : log, path);
	if (log >= 0)
		close(log);
	if (r->blobs >= 0)
		close(r->blobs);
	return code;
}

int past_read(const char *path, past_fn *each, void *ctx, struct krux_refusal *why)
{
	struct reader r = { .blobs = -1, .each = each, .ctx = ctx, .pool = krux_pool_new(POOL_MOST), .why = why };
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), code;

	if (fd < 0 || !r.pool)
		code = past_fail(&r, fd < 0 && errno == ENOENT ? 2 : 3, path, fd < 0 ? strerror(errno) : "no memory");
	else
		code = path_take(&r, fd, path);
	if (!code && !r.any)
		code = past_fail(&r, 2, path, "there is no record in it");
	if (fd >= 0)
		close(fd);
	krux_pool_free(r.pool);
	return code;
}
