/* Canonical forms. The first byte chooses: a text as one of the types, JSON as a record of all
 * of them, or an expression and a text. Canonical values are their own canonical form, go
 * through CBOR unchanged, and their JSON form means the same. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

static const struct krux_str names[] = { { "red", 3 }, { "green", 5 } };
static const struct krux_type types[] = {
	{ .kind = KRUX_T_BOOL, .hi = 1 },
	{ .kind = KRUX_T_INT, .lo = INT64_MIN, .hi = INT64_MAX },
	{ .kind = KRUX_T_UINT, .hi = UINT64_MAX },
	{ .kind = KRUX_T_DECIMAL, .scale = 3, .lo = INT64_MIN, .hi = INT64_MAX },
	{ .kind = KRUX_T_STRING, .max = 100 },
	{ .kind = KRUX_T_BYTES, .max = 100 },
	{ .kind = KRUX_T_ENUM, .hi = 1, .name = names, .nnames = 2 },
	{ .kind = KRUX_T_PATH, .max = KRUX_MAX_PATH },
	{ .kind = KRUX_T_URL, .max = KRUX_MAX_URL },
	{ .kind = KRUX_T_HOST, .max = KRUX_MAX_HOST },
	{ .kind = KRUX_T_IP, .max = 16 },
	{ .kind = KRUX_T_CIDR, .max = KRUX_MAX_CIDR },
	{ .kind = KRUX_T_PORT, .lo = 1, .hi = 65535 },
	{ .kind = KRUX_T_DATETIME, .lo = -9214560000000000000, .hi = 9214646400000000000 - 1 },
	{ .kind = KRUX_T_DURATION, .hi = INT64_MAX },
	{ .kind = KRUX_T_SIZE, .hi = INT64_MAX },
	{ .kind = KRUX_T_DIGEST, .max = 64 },
	{ .kind = KRUX_T_SECRET, .max = 64 },
};
enum { TYPES = sizeof types / sizeof *types };

static const struct krux_type paths = { .kind = KRUX_T_LIST, .elem = &types[7], .max = 8 };
static const struct krux_type hosts = { .kind = KRUX_T_MAP, .elem = &types[9], .max = 8 };
static const struct krux_value seven = { .kind = KRUX_V_UINT, .u = 7 };
#define FIELD(n, t) { .name = { n, sizeof(n) - 1 }, .type = (t), .optional = true }
static const struct krux_field fields[] = {
	FIELD("bool", &types[0]), FIELD("int", &types[1]), { .name = { "uint", 4 }, .type = &types[2], .deflt = &seven },
	FIELD("decimal", &types[3]), FIELD("string", &types[4]), FIELD("bytes", &types[5]), FIELD("enum", &types[6]),
	FIELD("path", &types[7]), FIELD("url", &types[8]), FIELD("host", &types[9]), FIELD("ip", &types[10]),
	FIELD("cidr", &types[11]), FIELD("port", &types[12]), FIELD("datetime", &types[13]),
	FIELD("duration", &types[14]), FIELD("size", &types[15]), FIELD("digest", &types[16]),
	FIELD("secret", &types[17]), FIELD("paths", &paths), FIELD("hosts", &hosts),
};
static const struct krux_type record = { .kind = KRUX_T_RECORD, .field = fields, .nfields = sizeof fields / sizeof *fields };

static void value_check(struct krux_pool *pool, const struct krux_type *type, const struct krux_value *in)
{
	struct krux_refusal why = { "", "" };
	struct krux_value v, back, again;
	uint8_t *wire;
	size_t n;

	if (!krux_canon(pool, type, in, &v, &why)) {
		PROMISE(why.why[0]);
		return;
	}
	PROMISE(krux_canon(pool, type, &v, &again, &why) && krux_value_eq(&v, &again));
	n = krux_cbor_write(&v, NULL, 0);
	PROMISE(n > 0);
	wire = krux_pool_get(pool, n);
	PROMISE(wire && krux_cbor_write(&v, wire, n) == n);
	PROMISE(krux_cbor_read(pool, wire, n, &back, &why) && krux_value_eq(&v, &back));
	PROMISE(krux_uncanon(pool, type, &v, &back));
	PROMISE(krux_canon(pool, type, &back, &again, &why) && krux_value_eq(&v, &again));
}

static void pattern_check(struct krux_pool *pool, struct krux_str in)
{
	const char *cut = in.n ? memchr(in.p, 0, in.n) : NULL, *why = NULL;
	struct krux_str text = { cut ? cut + 1 : NULL, cut ? in.n - (size_t)(cut + 1 - in.p) : 0 };
	struct krux_pattern *p;

	if (cut)
		in.n = (size_t)(cut - in.p);
	p = krux_pattern_compile(pool, in, &why);
	PROMISE(p || why);
	if (p && text.n < 256 && krux_utf8_valid(text))
		krux_pattern_match(p, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct krux_str rest = { (const char *)data + 1, size ? size - 1 : 0 };
	struct krux_refusal why = { "", "" };
	struct krux_value v = { .kind = KRUX_V_TEXT, .str = rest };
	unsigned choice = size ? data[0] - 'a' : 0;

	if (size && choice < TYPES) {
		value_check(pool, &types[choice], &v);
		v.kind = KRUX_V_NUMBER;
		value_check(pool, &types[choice], &v);
		v.kind = KRUX_V_BYTES;
		value_check(pool, &types[choice], &v);
	} else if (size && data[0] == '~') {
		pattern_check(pool, rest);
	} else if (size && krux_json_read(pool, rest, &v, &why)) {
		value_check(pool, &record, &v);
	}
	krux_pool_free(pool);
	return 0;
}
