/* A file to records. Before a record is refused the buffer holds as many bytes as the longest one has, so
 * that none is for being cut, but where the file really ends. A few records are decoded ahead of
 * the one that is handed out, since many hashes at once take half as long as one after the other. */
#include "runtime/record/scan.h"

#include "runtime/base/err.h"
#include "runtime/record/record_known.h"
#include "runtime/record/record_part.h"
#include "runtime/record/segment.h"

#include "capspec/item.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is read at once should still be near when it is decoded. */
enum { BUFFER = RECORD_MAX + 1 + (32 << 10), AHEAD = RECORD_MANY };

struct scan {
	int fd;
	uint64_t base;          /* offset of buf[0] in the file */
	uint64_t end;
	size_t spare;           /* zeros behind the end that may belong to the last record */
	size_t at, n;           /* place and fill of buf */
	bool trusting;
	size_t nahead, next;    /* records decoded from buf[at] on, less those that were handed out */
	struct krux_str bytes[AHEAD];
	uint8_t leaf[AHEAD][HASH_LEN];
	struct record ahead[AHEAD];
	uint64_t last_at;       /* of the last record */
	size_t last_n;
	struct record_known known;
	uint8_t buf[BUFFER];
};

struct scan *scan_new(int fd, uint64_t end, struct krux_err *err)
{
	struct scan *s = calloc(1, sizeof *s);

	if (!s) {
		err_set(err, ENOMEM, "read the log");
		return NULL;
	}
	s->fd = fd;
	s->end = end;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return s;
}

void scan_free(struct scan *s)
{
	free(s);
}

uint64_t scan_at(const struct scan *s)
{
	return s->base + s->at;
}

static void scan_seek(struct scan *s, uint64_t at)
{
	s->base = at;
	s->at = s->n = 0;
	s->nahead = s->next = 0;
}

void scan_extend(struct scan *s, uint64_t end)
{
	scan_seek(s, scan_at(s));
	s->end = end;
	s->spare = 0;
}

void scan_zeros(struct scan *s, uint64_t end)
{
	scan_extend(s, end);
	s->spare = RECORD_CHECK;
}

/* Fills the buffer so that a whole record, or the rest of the file, stands at buf[at]. */
static int scan_fill(struct scan *s, struct krux_err *err)
{
	if (s->n - s->at >= RECORD_MAX || s->base + s->n >= s->end + s->spare)
		return 0;
	memmove(s->buf, s->buf + s->at, s->n - s->at);
	s->base += s->at;
	s->n -= s->at;
	s->at = 0;
	while (s->n < BUFFER && s->base + s->n < s->end + s->spare) {
		uint64_t left = s->end + s->spare - s->base - s->n;
		size_t want = left < BUFFER - s->n ? (size_t)left : BUFFER - s->n;
		ssize_t got = pread(s->fd, s->buf + s->n, want, (off_t)(s->base + s->n));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, errno, "read the log after byte %llu",
			               (unsigned long long)s->base);
		if (!got) {
			if (s->end > s->base + s->n)
				s->end = s->base + s->n;
			s->spare = 0;
			break;
		}
		s->n += (size_t)got;
	}
	return 0;
}

/* Leaves out those from the first on that does not add up. */
static void checks_look(struct scan *s, struct scan_item *item)
{
	size_t good = record_add_up(s->bytes, s->nahead);

	if (good < s->nahead && !good) {
		item->why = record_adds_not_up;
		item->why_at = s->base + s->at;
	}
	s->nahead = good;
}

/* Decodes what comes, at least one record; false: there is none, with item->why. */
static bool scan_look(struct scan *s, struct scan_item *item)
{
	bool (*decode)(const uint8_t *, size_t, struct record_known *, struct record *, size_t *, const char **) =
		s->trusting ? record_decode_hashed : record_decode_known;
	size_t at = s->at, used;

	s->nahead = s->next = 0;
	/* What is refused near the end of the buffer may only be cut there. */
	while (s->nahead < AHEAD && at < s->n) {
		if (!decode(s->buf + at, s->n - at, &s->known, &s->ahead[s->nahead], &used, &item->why)) {
			item->why_at = s->base + at + used;
			break;
		}
		s->bytes[s->nahead++] = (struct krux_str){ (const char *)s->buf + at, used };
		at += used;
	}
	if (!s->trusting)
		checks_look(s, item);
	record_leaves(s->bytes, s->nahead, s->leaf);
	return s->nahead > 0;
}

enum scan_step scan_next(struct scan *s, struct scan_item *item, struct krux_err *err)
{
	size_t i;

	if (s->next == s->nahead) {
		bool found = scan_look(s, item);

		if (!found && scan_fill(s, err))
			return SCAN_FAILED;
		if (scan_at(s) >= s->end)
			return SCAN_END;
		if (!found && !scan_look(s, item)) {
			item->at = scan_at(s);
			item->length = s->end - item->at;
			return SCAN_BAD;
		}
	}
	i = s->next++;
	item->at = scan_at(s);
	item->record = &s->ahead[i];
	item->bytes = s->bytes[i];
	item->length = item->bytes.n;
	memcpy(item->leaf, s->leaf[i], HASH_LEN);
	s->last_at = item->at;
	s->last_n = item->bytes.n;
	s->at += item->bytes.n;
	return SCAN_RECORD;
}

void scan_trust(struct scan *s, bool trusting)
{
	s->trusting = trusting;
	s->known = (struct record_known){ 0 };
}

bool scan_last_adds_up(const struct scan *s)
{
	uint8_t bytes[RECORD_MAX];
	struct record r;
	const char *why;
	size_t used;

	return s->last_n && pread(s->fd, bytes, s->last_n, (off_t)s->last_at) == (ssize_t)s->last_n &&
	       record_decode(bytes, s->last_n, &r, &used, &why);
}

/* A record starts with the head of a map and the key of seq, or of what comes before it. */
static bool may_start(const uint8_t *p, size_t n)
{
	if (n < 3 || p[0] >> 5 != ITEM_MAP)
		return false;
	return p[p[0] == (ITEM_MAP << 5 | 24) ? 2 : 1] <= AUDIT_SEQ;
}

static bool starts(const struct scan *s)
{
	struct record r;
	const char *why;
	size_t used;

	return may_start(s->buf + s->at, s->n - s->at) &&
	       record_decode(s->buf + s->at, s->n - s->at, &r, &used, &why);
}

/* No record begins with a zero, and a hole of the file may be long. */
static void zeros_skip(struct scan *s)
{
	while (s->at < s->n && !s->buf[s->at])
		s->at++;
	if (s->at == s->n && scan_at(s) < s->end)
		scan_seek(s, segment_data(s->fd, scan_at(s), s->end));
}

/* A map with numbers as keys, as records are: one that says that it is longer than it is takes the records
 * behind it for keys or values, and no longer looks like that. 0: it is none. */
static size_t like_record(const uint8_t *p, size_t n)
{
	struct item_in in = { p, p + n, NULL };
	struct item_at map = n ? item_head_take(p, ITEM_MAP, &in) : (struct item_at){ 0 };
	const uint8_t *next = map.v <= AUDIT_FIELDS ? map.next : NULL;

	for (uint64_t i = 0; next && i < 2 * map.v; i++) {
		size_t length = item_length(next, (size_t)(in.end - next));

		if (!length || *next >> 5 == ITEM_MAP || (i % 2 == 0 && *next >> 5 != ITEM_UINT))
			return 0;
		next += length;
	}
	return next ? (size_t)(next - p) : 0;
}

int scan_resync(struct scan *s, struct scan_item *item, struct krux_err *err)
{
	size_t length;

	if (scan_fill(s, err))
		return -1;
	/* A record with one wrong byte is mostly still an item: then the next one follows it, and
	 * what looks like a record inside its arguments is not taken for one. */
	length = like_record(s->buf + s->at, s->n - s->at);
	if (length && length <= RECORD_MAX) {
		s->at += length;
		if (scan_fill(s, err))
			return -1;
		if (scan_at(s) >= s->end || starts(s))
			goto found;
		scan_seek(s, item->at);
	}
	do {
		if (scan_fill(s, err))
			return -1;
		s->at++;
		zeros_skip(s);
		if (scan_fill(s, err))
			return -1;
	} while (scan_at(s) < s->end && !starts(s));
	if (scan_at(s) > s->end)
		scan_seek(s, s->end);
found:
	item->length = scan_at(s) - item->at;
	return 0;
}
