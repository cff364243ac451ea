/* Canonical values: for each type what is read, how it is printed, and what is refused with
 * which words; expressions; places in refusals. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

#define RANGE(l, h) .lo = (l), .hi = (h)

static const struct krux_str colours[] = { { "red", 3 }, { "green", 5 }, { "blue", 4 } };
static const struct krux_type t_bool = { .kind = KRUX_T_BOOL, RANGE(0, 1) };
static const struct krux_type t_int = { .kind = KRUX_T_INT, RANGE(INT64_MIN, INT64_MAX) };
static const struct krux_type t_small = { .kind = KRUX_T_INT, RANGE(-5, 10) };
static const struct krux_type t_uint = { .kind = KRUX_T_UINT, RANGE(0, UINT64_MAX) };
static const struct krux_type t_price = { .kind = KRUX_T_DECIMAL, .scale = 2, RANGE(INT64_MIN, INT64_MAX) };
static const struct krux_type t_atto = { .kind = KRUX_T_DECIMAL, .scale = 18, RANGE(INT64_MIN, INT64_MAX) };
static const struct krux_type t_string = { .kind = KRUX_T_STRING, .max = 10 };
static const struct krux_type t_word = { .kind = KRUX_T_STRING, .max = 10, .pattern = { "[a-z]+", 6 } };
static const struct krux_type t_bytes = { .kind = KRUX_T_BYTES, .max = 4 };
static const struct krux_type t_enum = { .kind = KRUX_T_ENUM, RANGE(0, 2), .name = colours, .nnames = 3 };
static const struct krux_type t_path = { .kind = KRUX_T_PATH, .max = 12 };
static const struct krux_type t_url = { .kind = KRUX_T_URL, .max = 60 };
static const struct krux_type t_host = { .kind = KRUX_T_HOST, .max = 253 };
static const struct krux_type t_ip = { .kind = KRUX_T_IP };
static const struct krux_type t_cidr = { .kind = KRUX_T_CIDR, .max = 43 };
static const struct krux_type t_port = { .kind = KRUX_T_PORT, RANGE(1, 65535) };
static const struct krux_type t_date = { .kind = KRUX_T_DATETIME, RANGE(INT64_MIN, INT64_MAX) };
static const struct krux_type t_late = { .kind = KRUX_T_DATETIME, RANGE(0, INT64_MAX) };
static const struct krux_type t_duration = { .kind = KRUX_T_DURATION, RANGE(0, INT64_MAX) };
static const struct krux_type t_minute = { .kind = KRUX_T_DURATION, RANGE(1000000000, 60000000000) };
static const struct krux_type t_size = { .kind = KRUX_T_SIZE, RANGE(0, INT64_MAX) };
static const struct krux_type t_digest = { .kind = KRUX_T_DIGEST, .max = 64 };
static const struct krux_type t_secret = { .kind = KRUX_T_SECRET, .max = 64 };
static const struct krux_type t_list = { .kind = KRUX_T_LIST, .elem = &t_small, .max = 3 };
static const struct krux_type t_map = { .kind = KRUX_T_MAP, .elem = &t_path, .max = 3 };
static const struct krux_value five = { .kind = KRUX_V_UINT, .u = 5 };
static const struct krux_field fields[] = {
	{ .name = { "path", 4 }, .type = &t_path },
	{ .name = { "n", 1 }, .type = &t_small, .deflt = &five },
	{ .name = { "to", 2 }, .type = &t_host, .optional = true },
};
static const struct krux_type t_record = { .kind = KRUX_T_RECORD, .field = fields, .nfields = 3 };
static const struct krux_type t_records = { .kind = KRUX_T_LIST, .elem = &t_record, .max = 9 };
static const struct krux_field top[] = {
	{ .name = { "entries", 7 }, .type = &t_records }, { .name = { "tags", 4 }, .type = &t_map, .optional = true },
};
static const struct krux_type t_top = { .kind = KRUX_T_RECORD, .field = top, .nfields = 2 };
static const struct krux_type t_empty = { .kind = KRUX_T_RECORD };

static struct krux_pool *pool;

static void setup(void)
{
	pool = krux_pool_new(0);
}

static void teardown(void)
{
	krux_pool_free(pool);
}

static struct krux_value json(const char *text)
{
	struct krux_refusal why = { "", "" };
	struct krux_value v;

	ck_assert_msg(krux_json_read(pool, (struct krux_str){ text, strlen(text) }, &v, &why), "%s: %s",
	              text, why.why);
	return v;
}

/* JSON in, the JSON of the canonical value out; and through CBOR and back. */
static void reads(const struct krux_type *type, const char *in, const char *want)
{
	struct krux_value v = json(in), got, again, back;
	struct krux_refusal why = { "", "" };
	uint8_t wire[4096];
	char text[4096];
	size_t n;

	ck_assert_msg(krux_canon(pool, type, &v, &got, &why), "%s: %s: %s", in, why.where, why.why);
	n = krux_cbor_write(&got, wire, sizeof wire);
	ck_assert(n > 0 && n <= sizeof wire);
	ck_assert_msg(krux_cbor_read(pool, wire, n, &again, &why), "%s", why.why);
	ck_assert(krux_value_eq(&got, &again));
	ck_assert(krux_canon(pool, type, &again, &back, &why) && krux_value_eq(&got, &back));
	ck_assert(krux_uncanon(pool, type, &got, &back));
	n = krux_json_write(&back, text, sizeof text - 1);
	text[n] = 0;
	ck_assert_str_eq(text, want);
	v = json(krux_pool_copy(pool, text, n));
	ck_assert(krux_canon(pool, type, &v, &back, &why) && krux_value_eq(&got, &back));
}

static void value_refused(const struct krux_type *type, const struct krux_value *in, const char *where,
                          const char *reason)
{
	struct krux_refusal why = { "", "" };
	struct krux_value got;

	ck_assert_msg(!krux_canon(pool, type, in, &got, &why), "accepted where expected: %s", reason);
	ck_assert_str_eq(why.why, reason);
	ck_assert_str_eq(why.where, where);
}

static void refused(const struct krux_type *type, const char *in, const char *reason)
{
	struct krux_value v = json(in);

	value_refused(type, &v, "", reason);
}

static void refused_at(const struct krux_type *type, const char *in, const char *where,
                       const char *reason)
{
	struct krux_value v = json(in);

	value_refused(type, &v, where, reason);
}

START_TEST(numbers)
{
	reads(&t_bool, "true", "true");
	refused(&t_bool, "1", "expected true or false, got a number");
	refused(&t_bool, "\"true\"", "expected true or false, got text");
	reads(&t_int, "-9223372036854775808", "-9223372036854775808");
	reads(&t_int, "9223372036854775807", "9223372036854775807");
	reads(&t_int, "\"-12\"", "-12");
	reads(&t_int, "-0", "0");
	refused(&t_int, "9223372036854775808", "must be within -9223372036854775808..9223372036854775807");
	refused(&t_int, "99999999999999999999999999999999999999999999999", "the number is too large");
	refused(&t_int, "1.0", "is no whole number");
	refused(&t_int, "1e3", "is no whole number");
	refused(&t_int, "\"\"", "text of a number is digits alone");
	refused(&t_int, "\"1_000\"", "text of a number is digits alone");
	refused(&t_int, "\"10KiB\"", "text of a number is digits alone");
	refused(&t_int, "\"+1\"", "text of a number is digits alone");
	refused(&t_int, "null", "expected a number, got null");
	refused(&t_int, "[1]", "expected a number, got a list");
	refused(&t_small, "11", "must be within -5..10, is 11");
	refused(&t_small, "-6", "must be within -5..10, is -6");
	reads(&t_uint, "18446744073709551615", "18446744073709551615");
	refused(&t_uint, "18446744073709551616", "must be within 0..18446744073709551615");
	refused(&t_uint, "-1", "takes no sign");
	refused(&t_uint, "\"-1\"", "takes no sign");
	reads(&t_port, "443", "443");
	refused(&t_port, "0", "must be within 1..65535, is 0");
	refused(&t_port, "65536", "must be within 1..65535, is 65536");
	refused(&t_port, "\"443\"", "a port is a number of digits alone");
	reads(&t_size, "1024", "1024");
	reads(&t_size, "\"10KiB\"", "10240");
	reads(&t_size, "\"8589934591GiB\"", "9223372035781033984");
	refused(&t_size, "\"8589934592GiB\"", "must be within 0..9223372036854775807");
	refused(&t_size, "\"10KB\"", "a suffix of a number is KiB, MiB or GiB");
	refused(&t_size, "\"10 KiB\"", "a suffix of a number is KiB, MiB or GiB");
}
END_TEST

START_TEST(decimals)
{
	reads(&t_price, "1.5", "1.5");
	reads(&t_price, "\"1.50\"", "1.5");
	reads(&t_price, "-0.01", "-0.01");
	reads(&t_price, "100", "100");
	reads(&t_price, "-92233720368547758.08", "-92233720368547758.08");
	refused(&t_price, "92233720368547758.08", "must be within -92233720368547758.08..92233720368547758.07");
	refused(&t_price, "1.005", "has too many digits after the point");
	refused(&t_price, "1.000000000000000000000000000000000000000000000", "has too many digits after the point");
	refused(&t_price, "1e2", "is no decimal number");
	refused(&t_price, "\".5\"", "is no decimal number");
	refused(&t_price, "\"5.\"", "is no decimal number");
	reads(&t_atto, "9.223372036854775807", "9.223372036854775807");
	reads(&t_atto, "0.000000000000000001", "0.000000000000000001");
	refused(&t_atto, "18446744073709551615.999999999999999999", "the number is too large");
	refused(&t_atto, "18446744073709551615", "must be within -9.223372036854775808..9.223372036854775807");
}
END_TEST

#define OUTSIDE "must be within 1677-09-21T00:12:43.145224192Z..2262-04-11T23:47:16.854775807Z"
START_TEST(times)
{
	reads(&t_date, "\"1970-01-01T00:00:00Z\"", "\"1970-01-01T00:00:00Z\"");
	reads(&t_date, "\"1969-12-31T23:59:59.999999999Z\"", "\"1969-12-31T23:59:59.999999999Z\"");
	reads(&t_date, "\"2024-02-29T12:30:00.250+05:30\"", "\"2024-02-29T07:00:00.25Z\"");
	reads(&t_date, "\"2000-02-29t00:00:00z\"", "\"2000-02-29T00:00:00Z\"");
	reads(&t_date, "\"1677-09-21T00:12:43.145224192Z\"", "\"1677-09-21T00:12:43.145224192Z\"");
	reads(&t_date, "\"2262-04-11T23:47:16.854775807Z\"", "\"2262-04-11T23:47:16.854775807Z\"");
	refused(&t_date, "\"1677-09-21T00:12:43.145224191Z\"", OUTSIDE);
	refused(&t_date, "\"2262-04-11T23:47:16.854775808Z\"", OUTSIDE);
	refused(&t_date, "\"1676-12-31T23:59:59Z\"", OUTSIDE);
	refused(&t_date, "\"2263-01-01T00:00:00Z\"", OUTSIDE);
	refused(&t_date, "\"1900-02-29T00:00:00Z\"", "the month has no such day");
	refused(&t_date, "\"2026-01-31 12:00:00Z\"", "is no RFC 3339 date and time such as 2026-01-31T12:00:00Z");
	refused(&t_date, "\"2026-01-31T24:00:00Z\"", "is no RFC 3339 date and time such as 2026-01-31T12:00:00Z");
	refused(&t_date, "\"2026-01-31T12:00:60Z\"", "leap seconds are not known here");
	refused(&t_date, "\"2026-01-31T12:00:00.Z\"", "a second has 1 to 9 fraction digits");
	refused(&t_date, "\"2026-01-31T12:00:00.1234567890Z\"", "a second has 1 to 9 fraction digits");
	refused(&t_date, "\"2026-01-31T12:00:00\"", "is no RFC 3339 date and time such as 2026-01-31T12:00:00Z");
	refused(&t_date, "\"2026-01-31T12:00:00+24:00\"", "is no RFC 3339 date and time such as 2026-01-31T12:00:00Z");
	refused(&t_date, "\"2026-01-31T12:00:00ZZ\"", "is no RFC 3339 date and time such as 2026-01-31T12:00:00Z");
	refused(&t_date, "1769860800", "a date is text such as \"2026-01-31T12:00:00Z\"");
	refused(&t_late, "\"1969-01-01T00:00:00Z\"",
	        "must be within 1970-01-01T00:00:00Z..2262-04-11T23:47:16.854775807Z, is 1969-01-01T00:00:00Z");
	reads(&t_duration, "\"90s\"", "\"90s\"");
	reads(&t_duration, "\"120s\"", "\"2m\"");
	reads(&t_duration, "\"0d\"", "\"0s\"");
	reads(&t_duration, "\"1500us\"", "\"1500us\"");
	reads(&t_duration, "\"9223372036854775807ns\"", "\"9223372036854775807ns\"");
	refused(&t_duration, "\"9223372036854775808ns\"", "the duration is too long");
	refused(&t_duration, "\"106752d\"", "the duration is too long");
	refused(&t_duration, "90", "a duration is digits and one of ns us ms s m h d");
	refused(&t_duration, "\"1.5s\"", "a duration is digits and one of ns us ms s m h d");
	refused(&t_duration, "\"-1s\"", "a duration is digits and one of ns us ms s m h d");
	refused(&t_duration, "\"1h30m\"", "a duration is digits and one of ns us ms s m h d");
	refused(&t_minute, "\"61s\"", "must be within 1s..1m, is 61s");
}
END_TEST

/* Every day of the years that are known goes to text and back, and each is one day later. */
START_TEST(calendar)
{
	const int64_t day = 86400000000000;
	int64_t before = INT64_MIN;

	for (int64_t ns = (INT64_MIN / day + 120) * day; ns < (INT64_MAX / day - 120) * day; ns += day) {
		char text[64];
		const char *why;
		int64_t back;
		int n = krux_datetime_text(ns, text, sizeof text);

		ck_assert(n == 20 && krux_read_datetime((struct krux_str){ text, 20 }, &back, &why));
		if (back != ns || back <= before)
			ck_abort_msg("%.*s", n, text);
		before = back;
	}
}
END_TEST

START_TEST(literals)
{
	struct krux_value v = { .kind = KRUX_V_NUMBER, .str = KRUX_STR("1_000KiB") }, out;
	struct krux_refusal why;

	ck_assert(krux_canon(pool, &t_uint, &v, &out, &why));
	ck_assert_uint_eq(out.u, 1024000);
	v.str = KRUX_STR("5m");
	ck_assert(krux_canon(pool, &t_duration, &v, &out, &why));
	ck_assert_uint_eq(out.u, 300000000000);
	v.str = KRUX_STR("+7");
	ck_assert(krux_canon(pool, &t_small, &v, &out, &why));
	value_refused(&t_uint, &v, "", "takes no sign");
	v.str = KRUX_STR("1__0");
	value_refused(&t_uint, &v, "", "a suffix of a number is KiB, MiB or GiB");
	v.str = KRUX_STR("_1");
	value_refused(&t_uint, &v, "", "is no whole number");
	v.str = KRUX_STR("1_");
	value_refused(&t_uint, &v, "", "a suffix of a number is KiB, MiB or GiB");
}
END_TEST

START_TEST(texts)
{
	struct krux_value bad = { .kind = KRUX_V_TEXT, .str = { "a\xff", 2 } };

	reads(&t_string, "\"\"", "\"\"");
	reads(&t_string, "\"0123456789\"", "\"0123456789\"");
	refused(&t_string, "\"01234567890\"", "has 11 bytes, at most 10 are allowed");
	refused(&t_string, "\"\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\"", "has 12 bytes, at most 10 are allowed");
	refused(&t_string, "1", "expected string, got a number");
	value_refused(&t_string, &bad, "", "is not valid UTF-8");
	bad.str = (struct krux_str){ "a\0b", 3 };
	value_refused(&t_string, &bad, "", "holds a NUL");
	value_refused(&t_path, &bad, "", "a path starts with '/'");
	bad.str = (struct krux_str){ "/\0b", 3 };
	value_refused(&t_path, &bad, "", "a path holds no NUL");
	bad.str = (struct krux_str){ "/\xed\xa0\x80", 4 };
	value_refused(&t_path, &bad, "", "a path is valid UTF-8");
	reads(&t_word, "\"abc\"", "\"abc\"");
	refused(&t_word, "\"abC\"", "does not match the pattern \"[a-z]+\"");
	reads(&t_enum, "\"green\"", "\"green\"");
	refused(&t_enum, "\"Green\"", "must be one of red, green, blue");
	refused(&t_enum, "0", "expected one of its names, got a number");
	reads(&t_secret, "\"a-b_c.9\"", "\"a-b_c.9\"");
	refused(&t_secret, "\"A\"", "the name of a secret is 1 to 64 of a-z 0-9 . _ -");
	refused(&t_secret, "\"\"", "the name of a secret is 1 to 64 of a-z 0-9 . _ -");
	reads(&t_bytes, "\"AAH+/w==\"", "\"AAH+/w==\"");
	reads(&t_bytes, "\"\"", "\"\"");
	refused(&t_bytes, "\"AAECAwQ=\"", "has 5 bytes, at most 4 are allowed");
	refused(&t_bytes, "\"AAH+/w\"", "is not padded base64 (RFC 4648)");
	refused(&t_bytes, "\"AAH+/x==\"", "is not padded base64 (RFC 4648)");
	refused(&t_bytes, "\"AA-_\"", "is not padded base64 (RFC 4648)");
	refused(&t_bytes, "\"====\"", "is not padded base64 (RFC 4648)");
	refused(&t_bytes, "\"A===\"", "is not padded base64 (RFC 4648)");
	reads(&t_digest, "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
	      "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"");
	refused(&t_digest, "\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\"",
	        "a digest is 64 lower-case hex digits");
	refused(&t_digest, "\"00\"", "a digest is 64 lower-case hex digits");
}
END_TEST

START_TEST(paths)
{
	reads(&t_path, "\"//a/./b//\"", "\"/a/b\"");
	reads(&t_path, "\"/a/b/c/d/e//\"", "\"/a/b/c/d/e\"");
	reads(&t_path, "\"/././././././././.\"", "\"/\"");
	reads(&t_path, "\"/...\"", "\"/...\"");
	refused(&t_path, "\"/a/b/c/d/e/fg\"", "has 13 bytes, at most 12 are allowed");
	refused(&t_path, "\"/..\"", "a path has no component '..'");
	refused(&t_path, "\"/a/../b\"", "a path has no component '..'");
	refused(&t_path, "\"./a\"", "a path starts with '/'");
}
END_TEST

START_TEST(hosts)
{
	char longest[400];

	reads(&t_host, "\"A-b_c.Example.\"", "\"a-b_c.example\"");
	reads(&t_host, "\"1.2.3\"", "\"1.2.0.3\"");
	reads(&t_host, "\"1.65536\"", "\"1.1.0.0\"");
	reads(&t_host, "\"0X7F000001\"", "\"127.0.0.1\"");
	reads(&t_host, "\"017700000001.\"", "\"127.0.0.1\"");
	reads(&t_host, "\"0\"", "\"0.0.0.0\"");
	reads(&t_host, "\"00.0x0.00.0\"", "\"0.0.0.0\"");
	reads(&t_host, "\"4294967295\"", "\"255.255.255.255\"");
	reads(&t_host, "\"1.2.3.4a\"", "\"1.2.3.4a\"");
	reads(&t_host, "\"0x7f.example\"", "\"0x7f.example\"");
	refused(&t_host, "\"4294967296\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"1.16777216\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"1.2.65536\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"1.2.3.256\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"1.2.3.4.5\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"08\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"a.1\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"1..2\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"a.0x1\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"1.2.3.4:80\"", "is no IPv4 or IPv6 address");
	refused(&t_host, "\"[1.2.3.4]\"", "a host has letters, digits, '-', '_' and '.' only");
	refused(&t_host, "\"\"", "a host has 1 to 253 characters");
	refused(&t_host, "\".\"", "a host has 1 to 253 characters");
	refused(&t_host, "\"a..\"", "a label of a host has 1 to 63 characters");
	refused(&t_host, "\"a b\"", "a host has letters, digits, '-', '_' and '.' only");
	refused(&t_host, "\"a-.b\"", "a label of a host neither starts nor ends with '-'");
	refused(&t_host, "\"\u212a\"", "a host is ASCII: write punycode");
	for (unsigned i = 0; i < 253; i++)
		longest[i] = i % 64 == 63 ? '.' : 'a';
	snprintf(longest + 253, 8, ".");
	ck_assert_int_eq(krux_canon_host((struct krux_str){ longest, 253 }, longest, 253, &(const char *){ 0 }), 253);
	ck_assert_int_eq(krux_canon_host((struct krux_str){ longest, 254 }, longest, 253, &(const char *){ 0 }), 253);
	ck_assert_int_eq(krux_canon_host((struct krux_str){ longest, 253 }, longest, 252, &(const char *){ 0 }), -1);
	longest[253] = 'a';
	ck_assert_int_eq(krux_canon_host((struct krux_str){ longest, 254 }, longest, 400, &(const char *){ 0 }), -1);
	longest[63] = 'a';
	ck_assert_int_eq(krux_canon_host((struct krux_str){ longest, 250 }, longest, 400, &(const char *){ 0 }), -1);
}
END_TEST

START_TEST(addresses)
{
	uint8_t ip[16];
	const char *why;
	bool v4;
	struct krux_value wire = { .kind = KRUX_V_BYTES, .str = KRUX_STR("\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1") };
	struct krux_value out;
	struct krux_refusal refusal;

	reads(&t_ip, "\"10.0.0.1\"", "\"10.0.0.1\"");
	reads(&t_ip, "\"::FFFF:10.0.0.1\"", "\"10.0.0.1\"");
	reads(&t_ip, "\"::ffff:a00:1\"", "\"10.0.0.1\"");
	reads(&t_ip, "\"::\"", "\"::\"");
	reads(&t_ip, "\"::1\"", "\"::1\"");
	reads(&t_ip, "\"1::\"", "\"1::\"");
	reads(&t_ip, "\"2001:db8:0:1:1:1:1:1\"", "\"2001:db8:0:1:1:1:1:1\"");
	reads(&t_ip, "\"2001:0:0:1:0:0:0:1\"", "\"2001:0:0:1::1\"");
	reads(&t_ip, "\"2001:db8:0:0:1:0:0:1\"", "\"2001:db8::1:0:0:1\"");
	reads(&t_ip, "\"1:2:3:4:5:6:7::\"", "\"1:2:3:4:5:6:7:0\"");
	reads(&t_ip, "\"::2:3:4:5:6:7:8\"", "\"0:2:3:4:5:6:7:8\"");
	reads(&t_ip, "\"64:ff9b::1.2.3.4\"", "\"64:ff9b::102:304\"");
	reads(&t_ip, "\"::1.2.3.4\"", "\"::102:304\"");
	reads(&t_ip, "\"1:2:3:4:5:6:1.2.3.4\"", "\"1:2:3:4:5:6:102:304\"");
	for (const char *const *bad = (const char *const[]){
		     "\"\"", "\"1.2.3\"", "\"01.2.3.4\"", "\"1.2.3.4 \"", "\"1.2.3.256\"", "\"0x1.2.3.4\"", "\":\"",
		     "\":::\"", "\"1:::2\"", "\"1::2::3\"", "\"1:2:3:4:5:6:7\"", "\"1:2:3:4:5:6:7:8:9\"",
		     "\"1:2:3:4::5:6:7:8\"", "\"12345::\"", "\"::g\"", "\"1:\"", "\":1\"", "\"[::1]\"",
		     "\"1:2:3:4:5:6:7:1.2.3.4\"", "\"::1.2.3\"", "\"::1.2.3.4:5\"", "\"::01.2.3.4\"", NULL };
	     *bad; bad++)
		refused(&t_ip, *bad, "is no IPv4 or IPv6 address");
	refused(&t_ip, "\"fe80::1%eth0\"", "an address has no zone");
	refused(&t_ip, "1", "expected an IP address, got a number");
	ck_assert(krux_canon_ip(KRUX_STR("10.0.0.1"), ip, &v4, &why) && v4);
	ck_assert_mem_eq(ip, wire.str.p, 16);
	ck_assert(krux_canon(pool, &t_ip, &wire, &out, &refusal));
	ck_assert_uint_eq(out.str.n, 4);
	wire.str.n = 5;
	value_refused(&t_ip, &wire, "", "expected an IP address, got bytes");
	reads(&t_cidr, "\"10.0.0.0/8\"", "\"10.0.0.0/8\"");
	reads(&t_cidr, "\"::ffff:10.0.0.0/104\"", "\"10.0.0.0/8\"");
	reads(&t_cidr, "\"0.0.0.0/0\"", "\"0.0.0.0/0\"");
	reads(&t_cidr, "\"::/0\"", "\"::/0\"");
	reads(&t_cidr, "\"2001:DB8:0::/32\"", "\"2001:db8::/32\"");
	reads(&t_cidr, "\"1.2.3.4/32\"", "\"1.2.3.4/32\"");
	refused(&t_cidr, "\"10.0.0.1/8\"", "the bits after the prefix must be zero");
	refused(&t_cidr, "\"::ffff:0:0/90\"", "the bits after the prefix must be zero");
	refused(&t_cidr, "\"10.0.0.0/33\"", "an IPv4 prefix is 0..32");
	refused(&t_cidr, "\"10.0.0.0/08\"", "an IPv4 prefix is 0..32");
	refused(&t_cidr, "\"10.0.0.0/\"", "an IPv4 prefix is 0..32");
	refused(&t_cidr, "\"::/129\"", "an IPv6 prefix is 0..128");
	refused(&t_cidr, "\"::/-1\"", "an IPv6 prefix is 0..128");
	refused(&t_cidr, "\"10.0.0.0\"", "a block is written address/prefix");
}
END_TEST

START_TEST(urls)
{
	static const char chars[] = "a URL has no spaces, control characters, '\\', '#' or bytes above 0x7E";
	static const char start[] = "a URL starts with http:// or https://";
	static const char hidden[] = "%00, %2F and %5C are not allowed in a URL";

	reads(&t_url, "\"hTTpS://EXAMPLE.com.:443?\"", "\"https://example.com/\"");
	reads(&t_url, "\"http://0x7f.1:08080/a//b/?x=?/%c3%a9%41\"", "\"http://127.0.0.1:8080/a//b/?x=?/%C3%A9A\"");
	reads(&t_url, "\"http://[2001:DB8::]:81\"", "\"http://[2001:db8::]:81/\"");
	reads(&t_url, "\"http://a/b@c:d;e=f|g\"", "\"http://a/b@c:d;e=f|g\"");
	reads(&t_url, "\"http://a/...?../..\"", "\"http://a/...?../..\"");
	refused(&t_url, "\"\"", start);
	refused(&t_url, "\"http:/a\"", start);
	refused(&t_url, "\"httpss://a\"", start);
	refused(&t_url, "\"file:///etc/passwd\"", start);
	refused(&t_url, "\" http://a\"", start);
	refused(&t_url, "\"http://a:0/\"", "a port is 1..65535");
	refused(&t_url, "\"http://a:65536/\"", "a port is 1..65535");
	refused(&t_url, "\"http://a:/\"", "a port is 1..65535");
	refused(&t_url, "\"http://a:8a/\"", "a port is 1..65535");
	refused(&t_url, "\"http:///a\"", "a host has 1 to 253 characters");
	refused(&t_url, "\"http://::1/\"", "a port is 1..65535");
	refused(&t_url, "\"http://[::1/\"", "'[' of the host is not closed");
	refused(&t_url, "\"http://[::1]x/\"", "']' ends the host");
	refused(&t_url, "\"http://[a]/\"", "a host has letters, digits, '-', '_' and '.' only");
	refused(&t_url, "\"http://a%2eb/\"", "a host has letters, digits, '-', '_' and '.' only");
	refused(&t_url, "\"http://u:p@a/\"", "a URL has no user info");
	refused(&t_url, "\"http://a\\\\@b/\"", "a URL has no user info");
	refused(&t_url, "\"http://a/\\\\b\"", chars);
	refused(&t_url, "\"http://a/b c\"", chars);
	refused(&t_url, "\"http://a/\u00e9\"", chars);
	refused(&t_url, "\"http://a/b#c\"", chars);
	refused(&t_url, "\"http://a/?b#c\"", chars);
	refused(&t_url, "\"http://a#c\"", "a URL has no fragment");
	refused(&t_url, "\"http://a/%2F\"", hidden);
	refused(&t_url, "\"http://a/?%5c\"", hidden);
	refused(&t_url, "\"http://a/%00\"", hidden);
	refused(&t_url, "\"http://a/%4\"", "'%' is followed by two hex digits");
	refused(&t_url, "\"http://a/%zz\"", "'%' is followed by two hex digits");
	refused(&t_url, "\"http://a/.\"", "the path of a URL has no segment '.' or '..'");
	refused(&t_url, "\"http://a/b/%2E./c\"", "the path of a URL has no segment '.' or '..'");
	refused(&t_url, "\"http://a/b/..\"", "the path of a URL has no segment '.' or '..'");
	refused(&t_url, "\"http://a/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "is longer than 60 bytes");
	reads(&t_url, "{\"query\":\"\",\"host\":\"A\",\"scheme\":\"http\",\"port\":80,\"path\":\"/%61\"}", "\"http://a/a\"");
	refused(&t_url, "{\"query\":\"\",\"host\":\"A\",\"scheme\":\"http\",\"port\":80,\"path\":\"a\"}",
	        "the path of a URL starts with '/'");
	refused(&t_url, "{\"query\":\"\",\"host\":\"A\",\"scheme\":\"ftp\",\"port\":80,\"path\":\"/\"}",
	        "the scheme of a URL is http or https");
	refused(&t_url, "{\"query\":\"\",\"host\":\"A\",\"scheme\":\"http\",\"port\":80,\"path\":\"/?\"}", chars);
	refused(&t_url, "{\"query\":\"\",\"host\":\"A\",\"port\":80,\"path\":\"/\"}",
	        "the parts of a URL are scheme, host, port, path and query");
}
END_TEST

/* At its longest a URL still fits, and one byte more does not. */
START_TEST(url_longest)
{
	static const struct krux_type any = { .kind = KRUX_T_URL, .max = KRUX_MAX_URL };
	char text[KRUX_MAX_URL * 3 + 1];
	struct krux_value v = { .kind = KRUX_V_TEXT, .str = { text, KRUX_MAX_URL } }, out;
	struct krux_refusal why;

	memset(text, 'a', sizeof text);
	memcpy(text, "http://a/", 9);
	ck_assert(krux_canon(pool, &any, &v, &out, &why));
	v.str.n++;
	value_refused(&any, &v, "", "the URL is too long");
	for (size_t i = 9; i + 3 <= sizeof text; i += 3)
		memcpy(text + i, "%61", 3);
	v.str.n = 9 + 3 * (KRUX_MAX_URL - 9);
	ck_assert(krux_canon(pool, &any, &v, &out, &why));
}
END_TEST

START_TEST(containers)
{
	reads(&t_list, "[]", "[]");
	reads(&t_list, "[3,-1,3]", "[3,-1,3]");
	refused(&t_list, "[1,2,3,4]", "has 4 elements, at most 3 are allowed");
	refused(&t_list, "{}", "expected a list, got a map");
	refused_at(&t_list, "[1,2,11]", "[2]", "must be within -5..10, is 11");
	reads(&t_map, "{\"bb\":\"/x/\",\"c\":\"/\"}", "{\"c\":\"/\",\"bb\":\"/x\"}");
	refused(&t_map, "{\"a\":\"/\",\"b\":\"/\",\"c\":\"/\",\"d\":\"/\"}", "has 4 entries, at most 3 are allowed");
	refused_at(&t_map, "{\"a b\\n\":\"x\"}", "[\"a?b?\"]", "a path starts with '/'");
	reads(&t_record, "{\"path\":\"/a/\"}", "{\"path\":\"/a\",\"n\":5}");
	reads(&t_record, "{\"to\":\"B\",\"n\":\"7\",\"path\":\"/\"}", "{\"path\":\"/\",\"n\":7,\"to\":\"b\"}");
	reads(&t_empty, "{}", "{}");
	refused_at(&t_record, "{\"n\":1}", "path", "is missing");
	refused_at(&t_record, "{\"path\":\"/\",\"pth\":1}", "pth", "no such field, there is path, n, to");
	refused_at(&t_empty, "{\"x\":1}", "x", "no such field, there is none");
	refused_at(&t_record, "{\"path\":null}", "path", "null is no value");
	refused_at(&t_record, "{\"path\":\"/\",\"to\":null}", "to", "null is no value: leave the field out");
	refused_at(&t_record, "{\"path\":\"/\",\"n\":null}", "n", "null is no value: leave the field out");
	refused(&t_record, "[]", "expected a record, got a list");
	refused_at(&t_top, "{\"entries\":[{\"path\":\"/\"},{\"path\":\"/..\"}]}", "entries[1].path",
	           "a path has no component '..'");
	refused_at(&t_top, "{\"entries\":[],\"tags\":{\"k\":1}}", "tags[\"k\"]", "expected path, got a number");
}
END_TEST

START_TEST(members_twice)
{
	struct krux_member m[] = {
		{ KRUX_STR("n"), { .kind = KRUX_V_UINT, .u = 1 } }, { KRUX_STR("n"), { .kind = KRUX_V_UINT, .u = 1 } },
	};
	struct krux_member e[] = {
		{ KRUX_STR("n"), { .kind = KRUX_V_TEXT, .str = KRUX_STR("/") } },
		{ KRUX_STR("n"), { .kind = KRUX_V_TEXT, .str = KRUX_STR("/") } },
	};
	struct krux_value v = { .kind = KRUX_V_MAP, .map = { m, 2 } };
	struct krux_value w = { .kind = KRUX_V_MAP, .map = { e, 2 } };

	value_refused(&t_record, &v, "n", "is there twice");
	value_refused(&t_map, &w, "[\"n\"]", "is there twice");
	v.kind = KRUX_V_UMAP;
	value_refused(&t_record, &v, "", "expected a record, got a map");
}
END_TEST

START_TEST(long_places)
{
	struct krux_type deep[40];
	struct krux_field field[40];
	char name[63], text[40 * 70 + 10], *p = text;
	struct krux_value v;
	struct krux_refusal why;

	memset(name, 'n', sizeof name);
	for (unsigned i = 0; i < 40; i++) {
		field[i] = (struct krux_field){ .name = { name, 63 }, .type = i ? &deep[i - 1] : &t_bool };
		deep[i] = (struct krux_type){ .kind = KRUX_T_RECORD, .field = &field[i], .nfields = 1 };
		p += sprintf(p, "{\"%.63s\":", name);
	}
	*p++ = '1';
	memset(p, '}', 40);
	p[40] = 0;
	v = json(text);
	ck_assert(!krux_canon(pool, &deep[39], &v, &v, &why));
	ck_assert_uint_eq(strlen(why.where), sizeof why.where - 1);
}
END_TEST

START_TEST(no_memory)
{
	const char *text = "{\"entries\":[{\"path\":\"/aaaaaaa\"},{\"path\":\"/b\",\"to\":\"c\"}],\"tags\":{\"k\":\"/\"}}";
	struct krux_value v = json(text), out;
	struct krux_refusal why;
	bool ok = false;

	for (size_t limit = 16; limit < 4096 && !ok; limit += 16) {
		struct krux_pool *small = krux_pool_new(limit);

		ok = krux_canon(small, &t_top, &v, &out, &why);
		ck_assert(ok || strcmp(why.why, "out of memory") == 0);
		krux_pool_free(small);
	}
	ck_assert(ok);
}
END_TEST

/* ---- expressions ---- */

static int match(const char *pattern, const char *text)
{
	const char *why;
	struct krux_pattern *p =
		krux_pattern_compile(pool, (struct krux_str){ pattern, strlen(pattern) }, &why);

	return p ? krux_pattern_match(p, (struct krux_str){ text, strlen(text) }) : -1;
}

START_TEST(patterns)
{
	static const struct {
		const char *pattern, *yes, *no;
	} rows[] = {
		{ "abc", "abc", "abcd" }, { "a|bc|", "bc", "b" }, { "a|bc|", "", "abc" }, { "(a|b)*c", "abbac", "abd" },
		{ "a{2,3}", "aaa", "aaaa" }, { "a{2,3}", "aa", "a" }, { "a{2}", "aa", "aaa" }, { "a{2,}", "aaaaaa", "a" },
		{ "a{0}b", "b", "ab" }, { "a?b+", "bbb", "aab" }, { ".", "\u00e9", "ab" }, { ".", "\n", "" },
		{ "[^/]+", "a\n\u00e9", "a/b" }, { "[a-c\\d_-]*", "-a9_", "d" }, { "\\.\\[\\$\\^\\/\\\"", ".[$^/\"", ".[$^/" },
		{ "\\d+\\w\\s", "12_\v", "12-\n" }, { "[\\n\\t]", "\t", "n" }, { "(a*)*", "aaaa", "b" },
		{ "((a|b){2}c){2}", "abcbac", "abcba" }, { "(){5}x", "x", "" }, { "\u00e9+", "\u00e9\u00e9", "e" },
		{ "[\u00e0-\u00ff]", "\u00e9", "e" }, { "(a|(b|c)d|e)f", "cdf", "cf" }, { "()*", "", "a" },
		{ "", "", "a" }, { "[.]", ".", "a" },
	};
	static const char *const wrong[] = {
		"a**", "a{2}?", "(", ")", "a)", "(a", "[", "[a", "[]", "[b-a]", "[a-\\d]", "*", "+a", "?", "{2}", "a{", "a{}", "a{,3}", "a{3,2}",
		"a{257}", "a{1,257}", "a{2", "^a", "a$", "\\", "\\x", "[\\x]", "[[]", "[a^]", "[$]", "[\\d-a]", "]", "a}", "a{1x}", "\\b",
		"(((a{256}){256}){256}){256}", "\xff",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_msg(match(rows[i].pattern, rows[i].yes) == 1, "%s on %s", rows[i].pattern, rows[i].yes);
		ck_assert_msg(match(rows[i].pattern, rows[i].no) == 0, "%s on %s", rows[i].pattern, rows[i].no);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_msg(match(wrong[i], "") == -1, "%s", wrong[i]);
}
END_TEST

/* What makes backtracking matchers hang takes linear time here; nesting is bounded. */
START_TEST(patterns_hostile)
{
	char text[20001], deep[2001];

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = 0;
	ck_assert_int_eq(match("(a*)*b", text), 0);
	ck_assert_int_eq(match("(a|a|a?)*(a?){64}b", text), 0);
	ck_assert_int_eq(match("(.*.*.*.*)*x", text), 0);
	memset(deep, '(', 1000);
	memset(deep + 1000, ')', 1000);
	deep[2000] = 0;
	ck_assert_int_eq(match(deep, ""), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("canon");
	TCase *t = tcase_create("canon");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, numbers);
	tcase_add_test(t, decimals);
	tcase_add_test(t, times);
	tcase_add_test(t, calendar);
	tcase_add_test(t, literals);
	tcase_add_test(t, texts);
	tcase_add_test(t, paths);
	tcase_add_test(t, hosts);
	tcase_add_test(t, addresses);
	tcase_add_test(t, urls);
	tcase_add_test(t, url_longest);
	tcase_add_test(t, containers);
	tcase_add_test(t, members_twice);
	tcase_add_test(t, long_places);
	tcase_add_test(t, no_memory);
	tcase_add_test(t, patterns);
	tcase_add_test(t, patterns_hostile);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
