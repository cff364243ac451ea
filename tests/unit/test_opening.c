/* What a program says to the relay of its call, well meant and hostile. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/spawn/opening.h"

/* ---- the head ---- */

static enum opening head_of(const char *text, struct opening_head *out)
{
	*out = (struct opening_head){ .n = 0 };
	return opening_head((struct krux_str){ text, strlen(text) }, out);
}

static const struct {
	const char *text, *host;
	uint16_t port;
} heads[] = {
	{ "CONNECT a.test:443 HTTP/1.1\r\n\r\n", "a.test", 443 },
	{ "CONNECT A.Test.:443 HTTP/1.1\r\nHost: b.test:443\r\n\r\n", "a.test", 443 },
	{ "CONNECT a.test:1 HTTP/1.0\r\nUser-Agent: x\r\nProxy-Authorization:\r\nx:\t y \r\n\r\nmore", "a.test", 1 },
	{ "CONNECT 127.0.0.1:65535 HTTP/1.1\r\n\r\n", "127.0.0.1", 65535 },
	{ "CONNECT 0x7f.1:443 HTTP/1.1\r\n\r\n", "127.0.0.1", 443 },
	{ "CONNECT [2001:DB8::1]:443 HTTP/1.1\r\n\r\n", "2001:db8::1", 443 },
	{ "CONNECT [::ffff:10.0.0.1]:443 HTTP/1.1\r\n\r\n", "10.0.0.1", 443 },
};

START_TEST(a_head_says_host_and_port)
{
	struct opening_head h;

	ck_assert_int_eq(head_of(heads[_i].text, &h), OPENING_WHOLE);
	ck_assert_str_eq(h.host, heads[_i].host);
	ck_assert_uint_eq(h.port, heads[_i].port);
	ck_assert_uint_eq(h.n, (size_t)(strstr(heads[_i].text, "\r\n\r\n") - heads[_i].text) + 4);
}
END_TEST

static const char *const no_heads[] = {
	"POST a.test:443 HTTP/1.1\r\n\r\n",
	"connect a.test:443 HTTP/1.1\r\n\r\n",
	" CONNECT a.test:443 HTTP/1.1\r\n\r\n",
	"\r\nCONNECT a.test:443 HTTP/1.1\r\n\r\n",
	"\r\n\r\n",
	"CONNECT\r\n\r\n",
	"CONNECT  HTTP/1.1\r\n\r\n",
	"CONNECT HTTP/1.1\r\n\r\n",
	"CONNECT a.test:443\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1 \r\n\r\n",
	"CONNECT a.test:443 HTTP/2.0\r\n\r\n",
	"CONNECT a.test:443  HTTP/1.1\r\n\r\n",
	"CONNECT  a.test:443 HTTP/1.1\r\n\r\n",
	"CONNECT a.test HTTP/1.1\r\n\r\n",
	"CONNECT :443 HTTP/1.1\r\n\r\n",
	"CONNECT a.test: HTTP/1.1\r\n\r\n",
	"CONNECT a.test:0 HTTP/1.1\r\n\r\n",
	"CONNECT a.test:0443 HTTP/1.1\r\n\r\n",
	"CONNECT a.test:+443 HTTP/1.1\r\n\r\n",
	"CONNECT a.test:65536 HTTP/1.1\r\n\r\n",
	"CONNECT a.test:4294967739 HTTP/1.1\r\n\r\n",
	"CONNECT a.test:443:443 HTTP/1.1\r\n\r\n",
	"CONNECT 2001:db8::1:443 HTTP/1.1\r\n\r\n",
	"CONNECT [2001:db8::1:443 HTTP/1.1\r\n\r\n",
	"CONNECT [fe80::1%eth0]:443 HTTP/1.1\r\n\r\n",
	"CONNECT [a.test]:443 HTTP/1.1\r\n\r\n",
	"CONNECT u@a.test:443 HTTP/1.1\r\n\r\n",
	"CONNECT http://a.test:443 HTTP/1.1\r\n\r\n",
	"CONNECT a.test:443/x HTTP/1.1\r\n\r\n",
	"CONNECT a..test:443 HTTP/1.1\r\n\r\n",
	"CONNECT a.test\t:443 HTTP/1.1\r\n\r\n",
	"CONNECT b\xc3\xbc.test:443 HTTP/1.1\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\nHost: a.test\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\r\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\r\nA: b\rCONNECT b.test:443 HTTP/1.1\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\r\n folded: x\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\r\nnothing\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\r\n: x\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\r\nHost : a.test\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
	"CONNECT a.test:443 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
	"\x16\x03\x01",
	"CONNECT a.test:443 HTTP/1.1\r\nA: \x01",
	"\x7f",
};

START_TEST(what_is_no_head_is_none)
{
	struct opening_head h;

	ck_assert_int_eq(head_of(no_heads[_i], &h), OPENING_NONE);
	ck_assert_ptr_nonnull(h.why);
}
END_TEST

START_TEST(a_head_may_come_byte_by_byte)
{
	static const char text[] = "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n";
	struct opening_head h = { .n = 0 };
	char *piece;

	for (size_t n = 0; n < sizeof text - 1; n++) {
		piece = malloc(n + 1);
		memcpy(piece, text, n);
		ck_assert_int_eq(opening_head((struct krux_str){ piece, n }, &h), OPENING_MORE);
		free(piece);
	}
	ck_assert_int_eq(opening_head((struct krux_str){ text, sizeof text - 1 }, &h), OPENING_WHOLE);
	ck_assert_str_eq(h.host, "a.test");
}
END_TEST

/* A CONNECT with a field that makes it so long. */
static void head_fill(char *out, size_t n)
{
	static const char begin[] = "CONNECT a.test:443 HTTP/1.1\r\nA: ";

	memset(out, 'a', n);
	memcpy(out, begin, sizeof begin - 1);
	memcpy(out + n - 4, "\r\n\r\n", 4);
}

START_TEST(a_head_has_8_kib)
{
	static char text[OPENING_HEAD + 2];
	struct opening_head h = { .n = 0 };

	head_fill(text, OPENING_HEAD);
	ck_assert_int_eq(opening_head((struct krux_str){ text, OPENING_HEAD - 1 }, &h), OPENING_MORE);
	ck_assert_int_eq(opening_head((struct krux_str){ text, OPENING_HEAD }, &h), OPENING_WHOLE);
	head_fill(text, OPENING_HEAD + 1);
	h = (struct opening_head){ .n = 0 };
	ck_assert_int_eq(opening_head((struct krux_str){ text, OPENING_HEAD + 1 }, &h), OPENING_NONE);
}
END_TEST

/* ---- the hello ---- */

struct bytes {
	uint8_t p[40000];
	size_t n;
};

static void put(struct bytes *b, const void *p, size_t n)
{
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void put_number(struct bytes *b, size_t v, size_t bytes)
{
	while (bytes--) {
		uint8_t c = (uint8_t)(v >> 8 * bytes);

		put(b, &c, 1);
	}
}

static void put_name(struct bytes *b, const char *name, unsigned kind)
{
	const size_t n = strlen(name);

	put_number(b, 0, 2);
	put_number(b, n + 5, 2);
	put_number(b, n + 3, 2);
	put_number(b, kind, 1);
	put_number(b, n, 2);
	put(b, name, n);
}

/* Behind another extension. */
static void extensions_of(struct bytes *b, const char *name)
{
	put_number(b, 43, 2);
	put_number(b, 3, 2);
	put(b, "\x02\x03\x04", 3);
	if (name)
		put_name(b, name, 0);
}

/* extensions NULL: there is no list of them. */
static void message_of(struct bytes *b, const struct bytes *extensions)
{
	struct bytes body = { .n = 0 };

	put(&body, "\x03\x03" "0123456789abcdef0123456789abcdef", 34);
	put_number(&body, 4, 1);
	put(&body, "sess", 4);
	put_number(&body, 4, 2);
	put(&body, "\x13\x01\x13\x02", 4);
	put(&body, "\x01\x00", 2);
	if (extensions) {
		put_number(&body, extensions->n, 2);
		put(&body, extensions->p, extensions->n);
	}
	put_number(b, 1, 1);
	put_number(b, body.n, 3);
	put(b, body.p, body.n);
}

static void records_of(struct bytes *b, const struct bytes *message, size_t most)
{
	for (size_t at = 0; at < message->n; at += most) {
		const size_t n = message->n - at < most ? message->n - at : most;

		put(b, "\x16\x03\x01", 3);
		put_number(b, n, 2);
		put(b, message->p + at, n);
	}
}

static enum opening hello_of(const struct bytes *b, struct opening_hello *out)
{
	return opening_hello((struct krux_str){ (const char *)b->p, b->n }, out);
}

static void hello_make(struct bytes *b, const char *name, size_t record)
{
	struct bytes e = { .n = 0 }, m = { .n = 0 };

	extensions_of(&e, name);
	message_of(&m, &e);
	b->n = 0;
	records_of(b, &m, record);
}

static enum opening hello_with(const struct bytes *extensions)
{
	struct bytes m = { .n = 0 }, b = { .n = 0 };
	struct opening_hello h;
	enum opening is;

	message_of(&m, extensions);
	records_of(&b, &m, 1 << 14);
	is = hello_of(&b, &h);
	if (is == OPENING_NONE)
		ck_assert_str_eq(h.name, "");
	return is;
}

START_TEST(a_hello_says_a_name)
{
	static const size_t records[] = { 1, 2, 3, 5, 64, 1 << 14 };
	static struct bytes b;
	struct opening_hello h;

	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		hello_make(&b, "a.test", records[i]);
		ck_assert_int_eq(hello_of(&b, &h), OPENING_WHOLE);
		ck_assert_str_eq(h.name, "a.test");
		/* What follows is the rest of the connection. */
		put(&b, "\x17\x03\x03\xff\xff", 5);
		ck_assert_int_eq(hello_of(&b, &h), OPENING_WHOLE);
	}
}
END_TEST

START_TEST(a_hello_may_say_none)
{
	static struct bytes b;
	struct bytes m = { .n = 0 };
	struct opening_hello h;

	hello_make(&b, NULL, 1 << 14);
	ck_assert_int_eq(hello_of(&b, &h), OPENING_WHOLE);
	ck_assert_str_eq(h.name, "");
	message_of(&m, NULL);
	b.n = 0;
	records_of(&b, &m, 1 << 14);
	ck_assert_int_eq(hello_of(&b, &h), OPENING_WHOLE);
	ck_assert_str_eq(h.name, "");
}
END_TEST

START_TEST(a_hello_is_more_until_it_is_whole)
{
	static const size_t records[] = { 1, 7, 1 << 14 };
	static struct bytes b;
	struct opening_hello h;
	size_t n;

	hello_make(&b, "a.test", records[_i]);
	for (n = 0; n < b.n; n++) {
		uint8_t *piece = malloc(n + 1);

		memcpy(piece, b.p, n);
		ck_assert_int_eq(opening_hello((struct krux_str){ (const char *)piece, n }, &h), OPENING_MORE);
		ck_assert_str_eq(h.name, "");
		free(piece);
	}
}
END_TEST

/* One byte of a hello of one record is another one. */
static const struct {
	size_t at;
	uint8_t is;
} turned[] = {
	{ 0, 0x17 }, { 0, 0x15 }, { 0, 0x80 }, { 0, 'G' },      /* a record of another kind, SSL 2, HTTP */
	{ 1, 2 }, { 2, 9 },                                     /* of no version */
	{ 5, 2 }, { 5, 0 },                                     /* another message */
	{ 6, 1 },                                               /* of 64 KiB and more */
	{ 8, 0 },                                               /* that ends before its record does */
	{ 43, 33 },                                             /* a session that is too long */
	{ 49, 5 }, { 49, 0 },                                   /* suites: an odd number of bytes, none */
	{ 54, 0 }, { 54, 255 },                                 /* no compression; more than there is */
	{ 57, 1 }, { 57, 255 },                                 /* extensions that end before the message, and after it */
	{ 61, 255 },                                            /* one that ends after them */
};

START_TEST(a_hello_with_one_byte_wrong_is_none)
{
	static struct bytes b;
	struct opening_hello h;

	hello_make(&b, "a.test", 1 << 14);
	b.p[turned[_i].at] = turned[_i].is;
	ck_assert_int_eq(hello_of(&b, &h), OPENING_NONE);
	ck_assert_str_eq(h.name, "");
	ck_assert_ptr_nonnull(h.why);
}
END_TEST

START_TEST(a_name_is_one_and_of_printing_ascii)
{
	static const char *const wrong[] = { "a b", "a\x01", "a\x7f", "\xc3\xbc.test", "" };
	char name[257];
	struct bytes e;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		e.n = 0;
		put_name(&e, wrong[i], 0);
		ck_assert_int_eq(hello_with(&e), OPENING_NONE);
	}
	e.n = 0;
	put_name(&e, "a.test", 1);
	ck_assert_int_eq(hello_with(&e), OPENING_NONE);
	/* Who takes the first and who takes the last would go to different hosts. */
	e.n = 0;
	put_name(&e, "a.test", 0);
	put_name(&e, "b.test", 0);
	ck_assert_int_eq(hello_with(&e), OPENING_NONE);
	memset(name, 'a', 256);
	for (size_t n = 255; n <= 256; n++) {
		name[n] = 0;
		e.n = 0;
		put_name(&e, name, 0);
		ck_assert_int_eq(hello_with(&e), n == 255 ? OPENING_WHOLE : OPENING_NONE);
		name[n] = 'a';
	}
}
END_TEST

START_TEST(a_list_of_two_names_is_none)
{
	struct bytes e = { .n = 0 };

	put_number(&e, 0, 2);
	put_number(&e, 10, 2);
	put_number(&e, 8, 2);
	for (int i = 0; i < 2; i++)
		put(&e, "\x00\x00\x01" "a", 4);
	ck_assert_int_eq(hello_with(&e), OPENING_NONE);
}
END_TEST

/* All of it, heads of records and what fills it up, in 16 KiB. */
START_TEST(a_hello_has_16_kib)
{
	static struct bytes b, e, m;
	struct opening_hello h;

	for (size_t fill = OPENING_HELLO - 100; fill < OPENING_HELLO; fill++) {
		e.n = m.n = b.n = 0;
		put_name(&e, "a.test", 0);
		put_number(&e, 21, 2);
		put_number(&e, fill, 2);
		memset(e.p + e.n, 0, fill);
		e.n += fill;
		message_of(&m, &e);
		records_of(&b, &m, 1 << 14);
		ck_assert_int_eq(hello_of(&b, &h), b.n <= OPENING_HELLO ? OPENING_WHOLE : OPENING_NONE);
		if (b.n > OPENING_HELLO)
			return;
	}
	ck_abort_msg("none was too long");
}
END_TEST

START_TEST(records_without_content_are_none)
{
	static struct bytes b;
	struct opening_hello h;

	hello_make(&b, "a.test", 1 << 14);
	memmove(b.p + 5, b.p, b.n);
	memcpy(b.p, "\x16\x03\x01\x00\x00", 5);
	b.n += 5;
	ck_assert_int_eq(hello_of(&b, &h), OPENING_NONE);
}
END_TEST

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

int main(void)
{
	Suite *s = suite_create("opening");
	TCase *head = tcase_create("head"), *hello = tcase_create("hello");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, head);
	suite_add_tcase(s, hello);
	tcase_add_loop_test(head, a_head_says_host_and_port, 0, COUNT(heads));
	tcase_add_loop_test(head, what_is_no_head_is_none, 0, COUNT(no_heads));
	tcase_add_test(head, a_head_may_come_byte_by_byte);
	tcase_add_test(head, a_head_has_8_kib);
	tcase_add_test(hello, a_hello_says_a_name);
	tcase_add_test(hello, a_hello_may_say_none);
	tcase_add_loop_test(hello, a_hello_is_more_until_it_is_whole, 0, 3);
	tcase_add_loop_test(hello, a_hello_with_one_byte_wrong_is_none, 0, COUNT(turned));
	tcase_add_test(hello, a_name_is_one_and_of_printing_ascii);
	tcase_add_test(hello, a_list_of_two_names_is_none);
	tcase_add_test(hello, a_hello_has_16_kib);
	tcase_add_test(hello, records_without_content_are_none);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
