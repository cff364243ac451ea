/* Segments to summaries and back. A summary is as good as its checksum and the size of its segment. */
#include "runtime/front/audit_index.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/segment.h"

#include "capspec/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Both ends are one program on one machine: numbers are its own. */
struct index_file {
	char magic[8];
	struct index_segment segment;
	uint8_t sum[KRUX_SHA256];
};

static const char magic[8] = "kruxidx1";

void index_begin(struct index_segment *s)
{
	*s = (struct index_segment){ .first_wall = UINT64_MAX };
}

/* Three bits of a name in its field. */
static void bits_of(char field, struct krux_str name, unsigned out[static 3])
{
	const struct krux_str part[] = { { &field, 1 }, name };
	uint8_t sum[KRUX_SHA256];

	krux_sha256_parts(part, 2, sum);
	for (unsigned i = 0; i < 3; i++)
		out[i] = ((unsigned)sum[2 * i] << 8 | sum[2 * i + 1]) % INDEX_BITS;
}

static void word_add(struct index_segment *s, char field, struct krux_str name)
{
	unsigned bit[3];

	bits_of(field, name, bit);
	for (unsigned i = 0; i < 3; i++)
		s->words[bit[i] / 8] |= (uint8_t)(1u << bit[i] % 8);
}

static bool word_in(const struct index_segment *s, char field, const char *name)
{
	unsigned bit[3];

	if (!name)
		return true;
	bits_of(field, (struct krux_str){ name, strlen(name) }, bit);
	for (unsigned i = 0; i < 3; i++)
		if (!(s->words[bit[i] / 8] >> bit[i] % 8 & 1))
			return false;
	return true;
}

void index_add(struct index_segment *s, const struct record *r)
{
	static const struct {
		enum audit_field field;
		char name;
	} words[] = { { AUDIT_AGENT, 'a' }, { AUDIT_WORKSPACE, 'w' }, { AUDIT_RULE, 'r' }, { AUDIT_CAPABILITY, 'c' } };
	uint64_t wall = r->field[AUDIT_WALL].u;
	struct krux_str name;
	const char *dot;

	s->first_wall = wall < s->first_wall ? wall : s->first_wall;
	s->last_wall = wall > s->last_wall ? wall : s->last_wall;
	s->kinds |= 1ull << r->field[AUDIT_KIND].u % 64;
	if (record_has(r, AUDIT_VERDICT))
		s->verdicts |= 1ull << r->field[AUDIT_VERDICT].u % 64;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (record_has(r, words[i].field))
			word_add(s, words[i].name, r->field[words[i].field].s);
	/* "filesystem.*" asks for any name with this beginning. */
	if (!record_has(r, AUDIT_CAPABILITY))
		return;
	name = r->field[AUDIT_CAPABILITY].s;
	for (dot = name.p; (dot = memchr(dot, '.', name.n - (size_t)(dot - name.p))); dot++)
		word_add(s, 'n', (struct krux_str){ name.p, (size_t)(dot - name.p) });
}

static void file_name(uint64_t segment, char out[static 32])
{
	snprintf(out, 32, "index/%08llx", (unsigned long long)segment);
}

static void sum_make(const struct index_file *f, uint8_t out[static KRUX_SHA256])
{
	krux_sha256((struct krux_str){ (const char *)f, offsetof(struct index_file, sum) }, out);
}

/* Bytes of a sealed segment; 0: it is none. */
static uint64_t sealed_size(int log, uint64_t segment)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(segment + 1, name);
	if (fstatat(log, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	segment_name(segment, name);
	return fstatat(log, name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : (uint64_t)st.st_size;
}

/* False: there is none that can be believed. */
static bool index_read(int state, int log, uint64_t segment, struct index_segment *out)
{
	CLEAN_FREE struct index_file *f = NULL;
	uint8_t sum[KRUX_SHA256];
	char name[32];
	size_t n;

	file_name(segment, name);
	f = (struct index_file *)file_read(state, name, sizeof *f, &n, NULL);
	if (!f || n != sizeof *f || memcmp(f->magic, magic, sizeof magic) != 0)
		return false;
	sum_make(f, sum);
	*out = f->segment;
	return !memcmp(sum, f->sum, sizeof sum) && out->bytes && out->bytes == sealed_size(log, segment);
}

void index_keep(int state, int log, uint64_t segment, const struct index_segment *s)
{
	struct index_segment there;
	struct index_file f;
	char name[32];

	if (index_read(state, log, segment, &there))
		return;
	memset(&f, 0, sizeof f);
	memcpy(f.magic, magic, sizeof magic);
	f.segment = *s;
	f.segment.bytes = sealed_size(log, segment);
	if (!f.segment.bytes || (mkdirat(state, "index", 0700) && errno != EEXIST))
		return;
	sum_make(&f, f.sum);
	file_name(segment, name);
	file_replace(state, name, 0600, &f, sizeof f, NULL);
}

bool index_may_hold(int state, int log, uint64_t segment, const struct audit_filter *q)
{
	size_t k = q->capability ? strlen(q->capability) : 0;
	struct index_segment there, *s = &there;
	char space[256];

	if (!index_read(state, log, segment, s))
		return true;
	if (s->last_wall < q->from || s->first_wall >= q->to)
		return false;
	if ((q->kind && !(s->kinds >> q->kind_number & 1)) || (q->verdict && !(s->verdicts >> q->verdict_number & 1)))
		return false;
	if (k > 2 && k < sizeof space && !strcmp(q->capability + k - 2, ".*")) {
		snprintf(space, sizeof space, "%.*s", (int)(k - 2), q->capability);
		if (!word_in(s, 'n', space))
			return false;
	} else if (k && !word_in(s, 'c', q->capability)) {
		return false;
	}
	return word_in(s, 'a', q->agent) && word_in(s, 'w', q->workspace) && word_in(s, 'r', q->rule);
}
