/* Records, a log of them in a folder of its own, and its files as bytes. */
#include "tests/unit/records.h"

#include "runtime/base/file.h"
#include "runtime/record/log.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];
int records_dir, records_blobs;
struct krux_err records_err;

void records_setup(void)
{
	strcpy(root, "/tmp/krux-record-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	records_dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(records_dir, 0);
	ck_assert_int_eq(mkdirat(records_dir, "blobs", 0700), 0);
	records_blobs = openat(records_dir, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	records_err = (struct krux_err){ 0 };
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

void records_teardown(void)
{
	close(records_dir);
	close(records_blobs);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- records to write ---- */

static uint8_t bundle[HASH_LEN] = { 1, 2, 3 }, nonce[16] = { 9 };
static const uint8_t args[] = { 0xA1, 0x61, 'a', 0x01 };

static void caller(struct record *r)
{
	record_text(r, AUDIT_AGENT, "builder");
	record_set(r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	record_set(r, AUDIT_UID, 1000);
	record_text(r, AUDIT_WORKSPACE, "/srv/w");
	record_bytes(r, AUDIT_BUNDLE, bundle, sizeof bundle);
}

static uint8_t version[16], list[256], facts[512], usage[64], digest[64];

struct krux_str records_item(struct item_out *o)
{
	ck_assert_uint_le(o->n, o->cap);
	return (struct krux_str){ (char *)o->p, o->n };
}

static void request(struct record *r)
{
	struct item_out v = { version, sizeof version, 0 }, f = { facts, sizeof facts, 0 };

	caller(r);
	record_text(r, AUDIT_CAPABILITY, "filesystem.read");
	item_head(&v, ITEM_LIST, 2);
	item_head(&v, ITEM_UINT, 1);
	item_head(&v, ITEM_UINT, 0);
	record_str(r, AUDIT_VERSION, records_item(&v));
	record_bytes(r, AUDIT_ARGS, args, sizeof args);
	record_set(r, AUDIT_VERDICT, 3);
	record_set(r, AUDIT_WOULD, 2);
	record_text(r, AUDIT_RULE, "team/read");
	record_text(r, AUDIT_SOURCE, "team.yaml:12");
	item_head(&f, ITEM_LIST, 1);
	item_head(&f, ITEM_LIST, 5);
	item_head(&f, ITEM_UINT, 4);
	item_text(&f, "team");
	item_text(&f, "read");
	item_head(&f, ITEM_UINT, 3600);
	item_head(&f, ITEM_UINT, 7);
	record_str(r, AUDIT_FACTS, records_item(&f));
}

struct record records_whole(struct record r)
{
	static const uint8_t zeros[HASH_LEN];

	record_set(&r, AUDIT_SEQ, 5);
	record_bytes(&r, AUDIT_PREV, zeros, HASH_LEN);
	record_bytes(&r, AUDIT_EPOCH, zeros, 16);
	record_bytes(&r, AUDIT_BOOT, zeros, 16);
	record_set(&r, AUDIT_WALL, 1);
	record_set(&r, AUDIT_MONO, 1);
	return r;
}

bool records_same(const struct record *a, const struct record *b)
{
	bool same = a->have == b->have;

	for (unsigned f = 0; same && f < AUDIT_FIELDS; f++) {
		if (!(a->have >> f & 1))
			continue;
		if (strchr("ukv", record_field_schema(f)[0]))
			same = a->field[f].u == b->field[f].u;
		else
			same = a->field[f].s.p == b->field[f].s.p && a->field[f].s.n == b->field[f].s.n;
	}
	return same;
}

struct record records_intent(void)
{
	struct item_out l = { list, sizeof list, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_INTENT);
	request(&r);
	item_head(&l, ITEM_LIST, 1);
	item_text(&l, "file-content");
	record_str(&r, AUDIT_LABELS, records_item(&l));
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	return r;
}

struct record records_intent_as(void)
{
	static const uint8_t as[] = { 0x81, 0x1A, 0, 1, 0x11, 0x71 };
	struct record r = records_intent();

	record_bytes(&r, AUDIT_RUNS_AS, as, sizeof as);
	return r;
}

/* Good for a thousand ns, by one approver of any name. */
struct record records_deferred(void)
{
	static uint8_t approvals[16];
	struct item_out l = { approvals, sizeof approvals, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_DEFERRED);
	request(&r);
	record_set(&r, AUDIT_VERDICT, 1);
	record_set(&r, AUDIT_TTL, 1000);
	item_head(&l, ITEM_LIST, 1);
	item_head(&l, ITEM_LIST, 2);
	item_head(&l, ITEM_UINT, 1);
	item_head(&l, ITEM_LIST, 0);
	record_str(&r, AUDIT_APPROVALS, records_item(&l));
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	return r;
}

struct record records_outcome(uint64_t about)
{
	struct item_out l = { list, sizeof list, 0 }, u = { usage, sizeof usage, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_OUTCOME);
	record_set(&r, AUDIT_ABOUT, about);
	record_set(&r, AUDIT_END, 1);
	record_bytes(&r, AUDIT_RESULT, args, sizeof args);
	item_head(&l, ITEM_LIST, 0);
	record_str(&r, AUDIT_LAYERS, records_item(&l));
	item_head(&u, ITEM_LIST, 3);
	for (unsigned i = 0; i < 3; i++)
		item_head(&u, ITEM_UINT, 1000 + i);
	record_str(&r, AUDIT_USAGE, records_item(&u));
	return r;
}

struct record records_denied(void)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_DENIED);
	request(&r);
	record_set(&r, AUDIT_VERDICT, 0);
	record_text(&r, AUDIT_REASON, "Not there");
	return r;
}

struct record records_invalid(void)
{
	struct item_out d = { digest, sizeof digest, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_INVALID);
	caller(&r);
	record_text(&r, AUDIT_ASKED, "filesystem.raed");
	record_text(&r, AUDIT_WHY, "there is no such capability");
	item_head(&d, ITEM_LIST, 2);
	item_str(&d, ITEM_BYTES, (struct krux_str){ (char *)bundle, HASH_LEN });
	item_head(&d, ITEM_UINT, 17);
	record_str(&r, AUDIT_INPUT, records_item(&d));
	return r;
}

struct record records_agent(const char *name, const char *workspace)
{
	static uint8_t signers[128], act[16], proof[64];
	static uint32_t acts;
	struct item_out o = { signers, sizeof signers, 0 };
	struct record r = { 0 };

	acts++;
	memcpy(act, &acts, sizeof acts);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, name);
	record_text(&r, AUDIT_ACTION, workspace ? "add" : "revoke");
	if (workspace) {
		record_text(&r, AUDIT_WORKSPACE, workspace);
		record_set(&r, AUDIT_AUTH, AUDIT_AUTH_TOKEN);
		record_bytes(&r, AUDIT_TOKEN, proof, HASH_LEN);
	}
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, "operator");
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)proof, HASH_LEN });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)proof, sizeof proof });
	record_str(&r, AUDIT_SIGNERS, records_item(&o));
	record_bytes(&r, AUDIT_NONCE, act, sizeof act);
	return r;
}

void records_append(struct log *log, struct record r)
{
	ck_assert_msg(!log_append(log, &r, NULL, NULL, &records_err), "%s", records_err.text);
}

/* Origin, then intent, outcome, denied, invalid, three times: 13 records. */
void records_log(void)
{
	struct log *log;

	ck_assert_msg(!log_create(records_dir, "krux.test/1", "krux 0", &records_err), "%s", records_err.text);
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	for (unsigned i = 0; i < 3; i++) {
		records_append(log, records_intent());
		records_append(log, records_outcome(1 + 4 * i));
		records_append(log, records_denied());
		records_append(log, records_invalid());
	}
	log_close(log);
}

/* ---- files as bytes ---- */

void records_first(void)
{
	static const char *const rest[] = { "00000001.seg", "00000002.seg", "next" };

	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		unlinkat(records_dir, rest[i], 0);
}

struct bytes records_get(const char *name)
{
	struct bytes b;

	b.p = file_read(records_dir, name, 1 << 24, &b.n, &records_err);
	ck_assert_msg(b.p != NULL, "%s", records_err.text);
	/* Zeros ahead of the records say nothing. */
	if (strstr(name, ".seg")) {
		size_t end = 0, used;
		struct record r;
		const char *why;

		while (end < b.n && record_decode(b.p + end, b.n - end, &r, &used, &why))
			end += used;
		while (b.n > end && !b.p[b.n - 1])
			b.n--;
	}
	return b;
}

/* In place: some file systems bring to the disk at once what was emptied and written again. */
void records_put(const char *name, const uint8_t *p, size_t n)
{
	int fd = openat(records_dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert(!fstat(fd, &st));
	ck_assert(st.st_size <= (off_t)n || !ftruncate(fd, (off_t)n));
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

/* Offsets of the records, and of the end. */
size_t records_places(struct bytes log, size_t *at, size_t max)
{
	size_t n = 0, pos = 0, used;
	struct record r;
	const char *why;

	while (pos < log.n) {
		ck_assert_uint_lt(n, max);
		at[n++] = pos;
		ck_assert_msg(record_decode(log.p + pos, log.n - pos, &r, &used, &why), "%s", why);
		pos += used;
	}
	at[n] = pos;
	return n;
}

struct verify_report records_verify(void)
{
	struct verify_report report;

	ck_assert_msg(!verify_log(records_dir, records_blobs, NULL, &report, &records_err), "%s", records_err.text);
	return report;
}

size_t records_count(const struct verify_report *r, enum finding_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nfindings; i++)
		n += r->finding[i].kind == kind;
	return n;
}

bool records_covers(const struct verify_report *r, uint64_t at)
{
	for (size_t i = 0; i < r->nfindings; i++) {
		const struct finding *f = &r->finding[i];

		if (finding_is_fault(f->kind) && at >= f->at && at < f->at + f->length)
			return true;
	}
	return false;
}
