/* Bundles: any bytes as a bundle, any bytes as a payload that a trusted key has signed, and any
 * bytes as a line of a key file. */
#include "tests/fuzz/fuzz.h"

#include "capspec/bundle.h"

static struct krux_value bytes(const void *p, size_t n)
{
	return (struct krux_value){ .kind = KRUX_V_BYTES, .str = { p, n } };
}

/* The development key signs the payload. */
static struct krux_str payload_wrap(struct krux_pool *pool, struct krux_str payload)
{
	struct krux_secret_key secret;
	struct krux_public_key public;
	uint8_t signature[KRUX_SIGNATURE], *out;
	struct krux_member m[4];
	struct krux_value v = { .kind = KRUX_V_MAP, .map = { m, 4 } };
	size_t n;

	krux_key_development(&secret);
	krux_key_public(&secret, &public);
	PROMISE(krux_key_sign(&secret, "krux bundle v1", payload, signature));
	m[0] = (struct krux_member){ KRUX_STR("key"), bytes(public.id, sizeof public.id) };
	m[1] = (struct krux_member){ KRUX_STR("format"), { .kind = KRUX_V_TEXT, .str = KRUX_STR("krux-bundle/1") } };
	m[2] = (struct krux_member){ KRUX_STR("payload"), bytes(payload.p, payload.n) };
	m[3] = (struct krux_member){ KRUX_STR("signature"), bytes(signature, sizeof signature) };
	n = krux_cbor_write(&v, NULL, 0);
	out = krux_pool_get(pool, n);
	PROMISE(out && krux_cbor_write(&v, out, n) == n);
	return (struct krux_str){ (const char *)out, n };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct krux_str in = { (const char *)data, size }, again, wrapped;
	struct krux_refusal why = { "", "" };
	struct krux_public_key public;
	struct krux_secret_key secret;
	char line[KRUX_KEY_LINE];
	struct krux_bundle b;

	if (!krux_bundle_open(pool, in, NULL, 0, true, &b, &why))
		PROMISE(why.why[0]);
	wrapped = payload_wrap(pool, in);
	PROMISE(!krux_bundle_open(pool, wrapped, NULL, 0, false, &b, &why));
	if (krux_bundle_open(pool, wrapped, NULL, 0, true, &b, &why)) {
		krux_key_development(&secret);
		PROMISE(krux_bundle_write(pool, &b, &secret, &again, &why));
		PROMISE(krux_str_eq(wrapped, again));
	}
	if (krux_key_public_parse(in, &public, &why))
		PROMISE(krux_key_public_text(&public, line) - size <= 1);
	if (krux_key_secret_parse(in, &secret, &why))
		PROMISE(krux_key_secret_text(&secret, line) - size <= 1);
	krux_pool_free(pool);
	return 0;
}
