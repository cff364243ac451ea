/* Parts to one signed run of bytes, and back. Reading goes from the outside in: the outer map,
 * the key, the signature, and only then the payload and its digests. */
#include "capspec/bundle.h"

#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/limits.h"

static const char domain[] = "krux bundle v1";
static const char format[] = "krux-bundle/1";
static const char object_name[] = "decide.so", schema_name[] = "schema.cbor";

enum { LONGEST_NAME = 255 };

static bool memory_refuse(struct krux_refusal *r)
{
	return krux_refuse(r, "", "out of memory");
}

/* Refuses at a file, whose name may hold anything. */
static bool file_refuse(struct krux_refusal *r, struct krux_str name, const char *why)
{
	char where[128];
	size_t n = name.n < sizeof where - 1 ? name.n : sizeof where - 1;

	for (size_t i = 0; i < n; i++)
		where[i] = name.p[i] >= ' ' && name.p[i] < 0x7F ? name.p[i] : '?';
	where[n] = 0;
	return krux_refuse(r, where, why);
}

static bool name_valid(struct krux_str s)
{
	char canonical[LONGEST_NAME + 2], absolute[LONGEST_NAME + 2];
	const char *why;

	if (!s.n || s.n > LONGEST_NAME || !krux_utf8_valid(s))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F || s.p[i] == '\\')
			return false;
	absolute[0] = '/';
	memcpy(absolute + 1, s.p, s.n);
	return krux_canon_path((struct krux_str){ absolute, s.n + 1 }, canonical, sizeof canonical, &why) ==
	               (int)s.n + 1 &&
	       !krux_str_eq(s, KRUX_STR(object_name)) && !krux_str_eq(s, KRUX_STR(schema_name));
}

static struct krux_value bytes(struct krux_str s)
{
	return (struct krux_value){ .kind = KRUX_V_BYTES, .str = s };
}

static struct krux_value text(struct krux_str s)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = s };
}

/* ---- writing ---- */

static bool manifest_add(struct krux_pool *pool, struct krux_member *m, struct krux_str name,
                         struct krux_str data, struct krux_refusal *r)
{
	uint8_t *digest = krux_pool_get(pool, KRUX_SHA256);

	if (!digest)
		return memory_refuse(r);
	krux_sha256(data, digest);
	*m = (struct krux_member){ name, bytes((struct krux_str){ (const char *)digest, KRUX_SHA256 }) };
	return true;
}

static bool files_write(struct krux_pool *pool, const struct krux_bundle *b, struct krux_value *files,
                        struct krux_value *manifest, struct krux_refusal *r)
{
	struct krux_member *f = krux_pool_get(pool, b->nfiles * sizeof *f);
	struct krux_member *m = krux_pool_get(pool, (b->nfiles + 2) * sizeof *m);
	const struct krux_str *twice;

	if (!f || !m)
		return memory_refuse(r);
	for (size_t i = 0; i < b->nfiles; i++) {
		if (!name_valid(b->file[i].name))
			return file_refuse(r, b->file[i].name, "is no name for a file in a bundle");
		f[i] = (struct krux_member){ b->file[i].name, bytes(b->file[i].data) };
		if (!manifest_add(pool, &m[i], b->file[i].name, b->file[i].data, r))
			return false;
	}
	if (!manifest_add(pool, &m[b->nfiles], KRUX_STR(object_name), b->object, r) ||
	    !manifest_add(pool, &m[b->nfiles + 1], KRUX_STR(schema_name), b->schema, r))
		return false;
	twice = krux_members_sort(f, b->nfiles);
	if (twice)
		return file_refuse(r, *twice, "is in the bundle twice");
	krux_members_sort(m, b->nfiles + 2);
	*files = (struct krux_value){ .kind = KRUX_V_MAP, .map = { f, b->nfiles } };
	*manifest = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, b->nfiles + 2 } };
	return true;
}

/* A map to bytes in the pool. */
static bool map_encode(struct krux_pool *pool, struct krux_member *m, size_t n, struct krux_str *out,
                       struct krux_refusal *r)
{
	struct krux_value v = { .kind = KRUX_V_MAP, .map = { m, n } };
	uint8_t *p;
	size_t len;

	krux_members_sort(m, n);
	len = krux_cbor_write(&v, NULL, 0);
	if (len > KRUX_MAX_BUNDLE)
		return krux_refuse(r, "", "the bundle is larger than 64 MiB");
	p = krux_pool_get(pool, len);
	if (!p)
		return memory_refuse(r);
	krux_cbor_write(&v, p, len);
	*out = (struct krux_str){ (const char *)p, len };
	return true;
}

/* Names of the zone database: words and '/' between them, so that none leads elsewhere. */
static bool zone_valid(struct krux_str s)
{
	bool word = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '/' ? !word : !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		                         (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-'))
			return false;
		word = c != '/';
	}
	return word && s.n <= KRUX_MAX_NAME + 1;
}

static bool parts_check(const struct krux_bundle *b, struct krux_refusal *r)
{
	if (!krux_agent_valid(b->policy))
		return krux_refuse(r, "policy", "a policy id is 1 to 64 of a-z 0-9 . _ -");
	if (!b->engine.n || !krux_utf8_valid(b->engine))
		return krux_refuse(r, "engine", "is missing");
	if (b->zone.n && !zone_valid(b->zone))
		return krux_refuse(r, "zone", "is no name of a time zone");
	return true;
}

bool krux_bundle_write(struct krux_pool *pool, const struct krux_bundle *b,
                       const struct krux_secret_key *key, struct krux_str *out, struct krux_refusal *r)
{
	uint8_t signature[KRUX_SIGNATURE];
	struct krux_public_key public;
	struct krux_value files, manifest;
	struct krux_str payload = { NULL, 0 };

	if (!parts_check(b, r) || !files_write(pool, b, &files, &manifest, r))
		return false;
	if (!map_encode(pool, (struct krux_member[]){
	                        { KRUX_STR("policy"), text(b->policy) },
	                        { KRUX_STR("serial"), { .kind = KRUX_V_UINT, .u = b->serial } },
	                        { KRUX_STR("engine"), text(b->engine) },
	                        { KRUX_STR("zone"), text(b->zone.n ? b->zone : KRUX_STR("UTC")) },
	                        { KRUX_STR("dev"), { .kind = KRUX_V_BOOL, .b = key->dev } },
	                        { KRUX_STR("object"), bytes(b->object) },
	                        { KRUX_STR("schema"), bytes(b->schema) },
	                        { KRUX_STR("files"), files },
	                        { KRUX_STR("manifest"), manifest } }, 9, &payload, r))
		return false;
	krux_key_public(key, &public);
	if (!krux_key_sign(key, domain, payload, signature))
		return memory_refuse(r);
	return map_encode(pool, (struct krux_member[]){
	                          { KRUX_STR("format"), text(KRUX_STR(format)) },
	                          { KRUX_STR("key"), bytes((struct krux_str){ (const char *)public.id, KRUX_KEY_ID }) },
	                          { KRUX_STR("payload"), bytes(payload) },
	                          { KRUX_STR("signature"), bytes((struct krux_str){ (const char *)signature,
	                                                                            KRUX_SIGNATURE }) } }, 4, out, r);
}

/* ---- opening ---- */

static bool outer_read(struct krux_pool *pool, struct krux_str in, struct krux_value *out,
                       struct krux_refusal *r)
{
	static const char start[] = "\xA4\x63key";
	struct krux_refusal inner = { "", "" };
	char why[sizeof r->why + 16];
	size_t n = in.n < 5 ? in.n : 5;

	if (!in.n || memcmp(in.p, start, n) != 0)
		return krux_refuse(r, "", in.n ? "is no Krux bundle" : "is empty");
	if (in.n > KRUX_MAX_BUNDLE)
		return krux_refuse(r, "", "is larger than 64 MiB");
	if (krux_cbor_read(pool, (const uint8_t *)in.p, in.n, out, &inner))
		return true;
	snprintf(why, sizeof why, "is damaged: %s", inner.why);
	return krux_refuse(r, inner.where, strcmp(inner.why, "truncated") == 0 ? "is truncated" : why);
}

/* The member, of that kind and, for bytes, of n of them unless n is 0. */
static const struct krux_value *member_get(const struct krux_value *map, const char *key,
                                           enum krux_vkind kind, size_t n, struct krux_refusal *r)
{
	const struct krux_value *v = krux_value_get(map, key);

	if (v && v->kind == kind && (!n || v->str.n == n))
		return v;
	krux_refuse(r, key, v ? "is not what a bundle has here" : "is missing");
	return NULL;
}

static bool key_find(const uint8_t *id, const struct krux_public_key *trust, size_t ntrust, bool allow_dev,
                     struct krux_public_key *out, struct krux_refusal *r)
{
	struct krux_secret_key development;
	bool found = false;

	for (size_t i = 0; i < ntrust && !found; i++) {
		found = memcmp(trust[i].id, id, KRUX_KEY_ID) == 0;
		if (found)
			*out = trust[i];
	}
	if (!found) {
		krux_key_development(&development);
		krux_key_public(&development, out);
		found = memcmp(out->id, id, KRUX_KEY_ID) == 0;
	}
	if (!found)
		return krux_refuse(r, "key", "signed with a key that is not trusted here");
	return !out->dev || allow_dev ||
	       krux_refuse(r, "key", "signed with a development key, which works only with --dev");
}

static bool signature_check(struct krux_pool *pool, struct krux_str in, const struct krux_public_key *trust,
                            size_t ntrust, bool allow_dev, struct krux_bundle *out, struct krux_str *payload,
                            struct krux_refusal *r)
{
	const struct krux_value *version, *id, *data, *signature;
	struct krux_value outer;

	if (!outer_read(pool, in, &outer, r))
		return false;
	version = member_get(&outer, "format", KRUX_V_TEXT, 0, r);
	if (!version)
		return false;
	if (!krux_str_eq(version->str, KRUX_STR(format)))
		return krux_refuse(r, "format", "is not krux-bundle/1: another version of Krux made it");
	if (!(id = member_get(&outer, "key", KRUX_V_BYTES, KRUX_KEY_ID, r)) ||
	    !(data = member_get(&outer, "payload", KRUX_V_BYTES, 0, r)) ||
	    !(signature = member_get(&outer, "signature", KRUX_V_BYTES, KRUX_SIGNATURE, r)))
		return false;
	if (!key_find((const uint8_t *)id->str.p, trust, ntrust, allow_dev, &out->key, r))
		return false;
	if (!krux_key_verify(&out->key, domain, data->str, (const uint8_t *)signature->str.p))
		return krux_refuse(r, "signature", "does not match: the bundle was changed after it was signed");
	*payload = data->str;
	return true;
}

static bool digest_check(const struct krux_value *manifest, struct krux_str name, struct krux_str data,
                         const struct krux_member **next, struct krux_refusal *r)
{
	uint8_t digest[KRUX_SHA256];
	const struct krux_member *m = *next;

	if (m == manifest->map.member + manifest->map.n || !krux_str_eq(m->key, name))
		return file_refuse(r, name, "has no digest in the manifest");
	krux_sha256(data, digest);
	if (m->value.kind != KRUX_V_BYTES || m->value.str.n != sizeof digest ||
	    memcmp(m->value.str.p, digest, sizeof digest) != 0)
		return file_refuse(r, name, "does not have the digest that the manifest says");
	++*next;
	return true;
}

/* Files and manifest are in the same order; the two parts that are no files stand between. */
static bool manifest_check(const struct krux_value *files, const struct krux_value *manifest,
                           const struct krux_bundle *b, struct krux_refusal *r)
{
	const struct krux_member *next = manifest->map.member;
	const struct krux_bundle_file extra[] = {
		{ KRUX_STR(object_name), b->object }, { KRUX_STR(schema_name), b->schema },
	};
	size_t e = 0;

	if (manifest->map.n != files->map.n + 2)
		return krux_refuse(r, "manifest", "does not list what the bundle holds");
	for (size_t i = 0; i <= files->map.n; i++) {
		const struct krux_member *f = i < files->map.n ? &files->map.member[i] : NULL;

		for (; e < 2 && (!f || krux_key_cmp(extra[e].name, f->key) < 0); e++)
			if (!digest_check(manifest, extra[e].name, extra[e].data, &next, r))
				return false;
		if (!f)
			break;
		if (!name_valid(f->key))
			return file_refuse(r, f->key, "is no name for a file in a bundle");
		if (f->value.kind != KRUX_V_BYTES)
			return file_refuse(r, f->key, "is not bytes");
		if (!digest_check(manifest, f->key, f->value.str, &next, r))
			return false;
	}
	return true;
}

static bool payload_read(struct krux_pool *pool, struct krux_str payload, bool vouched, struct krux_bundle *out,
                         struct krux_refusal *r)
{
	const struct krux_value *policy, *serial, *engine, *zone, *dev, *object, *schema, *files, *manifest;
	struct krux_bundle_file *file;
	struct krux_value v;

	if (!krux_cbor_read(pool, (const uint8_t *)payload.p, payload.n, &v, r))
		return false;
	if (v.kind != KRUX_V_MAP || v.map.n != 9)
		return krux_refuse(r, "payload", "does not have the members of a bundle");
	if (!(policy = member_get(&v, "policy", KRUX_V_TEXT, 0, r)) ||
	    !(serial = member_get(&v, "serial", KRUX_V_UINT, 0, r)) ||
	    !(engine = member_get(&v, "engine", KRUX_V_TEXT, 0, r)) ||
	    !(zone = member_get(&v, "zone", KRUX_V_TEXT, 0, r)) ||
	    !(dev = member_get(&v, "dev", KRUX_V_BOOL, 0, r)) ||
	    !(object = member_get(&v, "object", KRUX_V_BYTES, 0, r)) ||
	    !(schema = member_get(&v, "schema", KRUX_V_BYTES, 0, r)) ||
	    !(files = member_get(&v, "files", KRUX_V_MAP, 0, r)) ||
	    !(manifest = member_get(&v, "manifest", KRUX_V_MAP, 0, r)))
		return false;
	if (!vouched)
		out->key.dev = dev->b;
	if (dev->b != out->key.dev)
		return krux_refuse(r, "dev", "does not fit the key that signed");
	out->policy = policy->str;
	out->serial = serial->u;
	out->engine = engine->str;
	out->zone = zone->str;
	if (!out->zone.n)
		return krux_refuse(r, "zone", "is missing");
	out->object = object->str;
	out->schema = schema->str;
	if (!parts_check(out, r) || !manifest_check(files, manifest, out, r))
		return false;
	file = krux_pool_get(pool, files->map.n * sizeof *file);
	if (!file)
		return memory_refuse(r);
	for (size_t i = 0; i < files->map.n; i++)
		file[i] = (struct krux_bundle_file){ files->map.member[i].key, files->map.member[i].value.str };
	out->file = file;
	out->nfiles = files->map.n;
	krux_sha256(payload, out->digest);
	return true;
}

bool krux_bundle_open(struct krux_pool *pool, struct krux_str in, const struct krux_public_key *trust,
                      size_t ntrust, bool allow_dev, struct krux_bundle *out, struct krux_refusal *r)
{
	struct krux_bundle b = { 0 };
	struct krux_str payload = { NULL, 0 };

	if (!signature_check(pool, in, trust, ntrust, allow_dev, &b, &payload, r) ||
	    !payload_read(pool, payload, true, &b, r))
		return false;
	*out = b;
	return true;
}

bool krux_bundle_look(struct krux_pool *pool, struct krux_str in, struct krux_bundle *out, struct krux_refusal *r)
{
	const struct krux_value *version, *data;
	struct krux_bundle b = { 0 };
	struct krux_value outer;

	if (!outer_read(pool, in, &outer, r) || !(version = member_get(&outer, "format", KRUX_V_TEXT, 0, r)) ||
	    !(data = member_get(&outer, "payload", KRUX_V_BYTES, 0, r)))
		return false;
	if (!krux_str_eq(version->str, KRUX_STR(format)))
		return krux_refuse(r, "format", "is not krux-bundle/1: another version of Krux made it");
	if (!payload_read(pool, data->str, false, &b, r))
		return false;
	*out = b;
	return true;
}

struct krux_str krux_bundle_file(const struct krux_bundle *b, const char *name)
{
	struct krux_str key = { name, strlen(name) };
	size_t lo = 0, hi = b->nfiles;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = krux_key_cmp(b->file[mid].name, key);

		if (!order)
			return b->file[mid].data;
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (struct krux_str){ NULL, 0 };
}
