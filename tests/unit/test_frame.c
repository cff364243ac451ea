/* Messages: capspec/frame.def says what capspec/wire.cddl says; what is decoded is encoded as the
 * same bytes; everything else is refused; bytes may come in any pieces. */
#include "capspec/frame.h"

#include "tests/unit/frame_text.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t hash[64] = "a hash, a nonce or a signature of up to sixty-four bytes .......";
static uint8_t bytes[1 << 16];

/* ---- the two texts ---- */

/* wire.cddl without comments and spaces. */
static char *cddl_read(void)
{
	FILE *f = fopen("capspec/wire.cddl", "r");
	char *text = calloc(1, 1 << 20), *to = text;
	bool comment = false, quoted = false;
	int c;

	ck_assert(f && text);
	*to++ = '\n';
	while ((c = fgetc(f)) != EOF) {
		quoted ^= c == '"' && !comment;
		comment = c != '\n' && (comment || (c == ';' && !quoted));
		if (!comment && (quoted || (c != ' ' && (c != '\n' || to[-1] != '\n'))))
			*to++ = (char)c;
	}
	fclose(f);
	/* A rule begins at the start of a line with its name and "=". */
	return text;
}

struct wanted {
	char text[2048];
	size_t n;
	unsigned pair;                 /* rows left of a pair */
	bool close;
};

static void __attribute__((format(printf, 2, 3))) add(struct wanted *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	w->n += (size_t)vsnprintf(w->text + w->n, sizeof w->text - w->n, fmt, ap);
	va_end(ap);
	ck_assert_uint_lt(w->n, sizeof w->text);
}

static void row_add(struct wanted *w, bool optional, unsigned key, const char *type)
{
	if (w->pair == 2)
		add(w, "%u:%s//", key, type);
	else if (w->pair == 1)
		add(w, "%u:%s)", key, type);
	else
		add(w, ",%s%u:%s", optional ? "?" : "", key, type);
	w->pair -= w->pair > 0;
}

static void squeeze(char *s, bool lines)
{
	char *to = s;

	for (; *s; s++)
		if (*s != ' ' && (!lines || *s != '\n'))
			*to++ = *s;
	*to = 0;
}

/* The rule of this name, without line breaks: up to the line that begins the next. */
static void rule_find(const char *text, const char *name, char *out, size_t size)
{
	char start[64];
	const char *p;
	size_t n = 0, depth = 0;

	snprintf(start, sizeof start, "\n%s=", name);
	p = strstr(text, start);
	ck_assert_msg(p != NULL, "wire.cddl has no rule %s", name);
	for (p++; *p && n + 1 < size; p++) {
		depth += *p == '{' || *p == '(' || *p == '[';
		depth -= *p == '}' || *p == ')' || *p == ']';
		if (*p == '\n' && !depth && p[1] != '/')
			break;
		out[n++] = *p;
	}
	out[n] = 0;
	squeeze(out, true);
}

static void hyphens(char *s)
{
	for (; *s; s++)
		if (*s == '_')
			*s = '-';
}

static void rule_compare(const char *text, const char *frame, struct wanted *w)
{
	char found[2048], name[64];

	snprintf(name, sizeof name, "%s", frame);
	hyphens(name);
	add(w, "}");
	squeeze(w->text, true);
	rule_find(text, name, found, sizeof found);
	ck_assert_str_eq(found + strlen(name) + 1, w->text);
	*w = (struct wanted){ .n = 0 };
}

START_TEST(cddl_and_table_are_one)
{
	char *text = cddl_read();
	struct wanted w = { .n = 0 };

#define FRAME_OPEN(ID, frame, number, to) add(&w, "{0:%u", number);
#define FRAME_ROW(frame, member, key, type, least, most, cddl) row_add(&w, false, key, cddl);
#define FRAME_OPT(frame, member, key, type, least, most, cddl) row_add(&w, true, key, cddl);
#define FRAME_PAIR(frame, a, b, need) add(&w, (need) ? ",(" : ",?("); w.pair = 2;
#define FRAME_CLOSE(frame) rule_compare(text, #frame, &w);
#include "capspec/frame.def"
	free(text);
}
END_TEST

/* What the words of the last column mean: "0/1/2" up to most for sets of numbers, the size for the rest. */
static void word_check(const char *text, const char *type, const char *word, uint64_t least, uint64_t most)
{
	char def[512], want[512] = "", rule[64];
	const char *p = word;
	size_t n = 0;

	for (; *p && strchr("abcdefghijklmnopqrstuvwxyz-", *p); p++)
		rule[n++] = *p;
	rule[n] = 0;
	if (!strcmp(type, "ID") || !strcmp(type, "VERSION") || !strcmp(type, "BOOL") || !strcmp(type, "TRIPLE"))
		return;
	snprintf(def, sizeof def, "%s", word);
	if (!*p && strcmp(word, "uint") != 0 && strcmp(word, "text") != 0 && strcmp(word, "bytes") != 0) {
		rule_find(text, rule, def, sizeof def);
		memmove(def, def + strlen(rule) + 1, strlen(def + strlen(rule)));
	}
	squeeze(def, true);
	if (!strcmp(type, "UINT") && most < 7)
		for (uint64_t i = least; i <= most; i++)
			sprintf(want + strlen(want), "%s%u", i > least ? "/" : "", (unsigned)i);
	else if (!strcmp(type, "UINT") && most == UINT64_MAX)
		snprintf(want, sizeof want, "uint");
	else if (!strcmp(type, "UINT") && most == 7)
		snprintf(want, sizeof want, "0..7");
	else if (!strcmp(type, "UINT"))
		for (uint64_t i = least; i <= most; i++)
			sprintf(want + strlen(want), "%s%u", i > least ? "/" : "", (unsigned)i);
	else if (!strcmp(type, "HASH"))
		snprintf(want, sizeof want, "bytes.size%u", (unsigned)most);
	else if (!strcmp(word, "decision"))
		snprintf(want, sizeof want, "\"accept\"/\"reject\"");
	else if (most != UINT64_MAX)
		snprintf(want, sizeof want, "%s.size(%u..%u)", strcmp(type, "TEXT") ? "bytes" : "text",
		         (unsigned)least, (unsigned)most);
	else
		snprintf(want, sizeof want, "%s", strcmp(type, "TEXT") ? "bytes" : "text");
	if (!strncmp(def, "bytes.cbor", 10))
		def[5] = 0;
	ck_assert_str_eq(def, want);
}

START_TEST(cddl_types_are_the_table_s)
{
	char *text = cddl_read();

#define FRAME_OPEN(ID, frame, number, to)
#define FRAME_ROW(frame, member, key, type, least, most, cddl) word_check(text, #type, cddl, least, most);
#define FRAME_OPT(frame, member, key, type, least, most, cddl) word_check(text, #type, cddl, least, most);
#define FRAME_PAIR(frame, a, b, need)
#define FRAME_CLOSE(frame)
#include "capspec/frame.def"
	free(text);
}
END_TEST

/* wire.cddl has a line "N ; word" for each end and each error; the words follow the number. */
START_TEST(cddl_says_ends_and_errors)
{
	FILE *f = fopen("capspec/wire.cddl", "r");
	char *text = calloc(1, 1 << 20), want[80];

	ck_assert(f && text && fread(text, 1, (1 << 20) - 1, f));
	fclose(f);
	for (unsigned i = FRAME_ERROR_MALFORMED; i < FRAME_ERRORS; i++) {
		snprintf(want, sizeof want, "%s%-21u; %s", i > 1 ? "           / " : "\nerror-code = ", i,
		         frame_error_word(i));
		ck_assert_msg(strstr(text, want), "no line %s", want);
	}
	for (unsigned i = 0; i < FRAME_ENDS; i++) {
		snprintf(want, sizeof want, "%s%-28u; %s", i ? "    / " : "\nend = ", i, frame_end_word(i));
		ck_assert_msg(strstr(text, want), "no line %s", want);
	}
	ck_assert_ptr_null(frame_end_word(FRAME_ENDS));
	ck_assert_ptr_null(frame_error_word(FRAME_ERRORS));
	ck_assert_ptr_null(frame_error_word(0));
	ck_assert_ptr_null(frame_kind_word(0));
	ck_assert_ptr_null(frame_kind_word(1000));
	free(text);
}
END_TEST

/* ---- docs/protocol.md ---- */

static void page_message(const char *text, const uint8_t *p, size_t n)
{
	struct krux_str body;
	struct frame_reader r = { .max = FRAME_MAX };
	const char *why = "";
	char *again = NULL;
	struct frame f;
	size_t size;
	FILE *out;

	ck_assert_msg(frame_reader_take(&r, &p, &n, &body) == FRAME_WHOLE && !n, "%s", text);
	ck_assert_msg(!frame_decode(15, body, &f, &why), "%s: %s", text, why);
	out = open_memstream(&again, &size);
	frame_text_print(&f, out);
	fclose(out);
	again[strcspn(again, "\n")] = 0;
	/* Quotes around a text without spaces may be left out. */
	for (const char *a = text, *b = again; *a || *b;) {
		while (*a == '"')
			a++;
		while (*b == '"')
			b++;
		ck_assert_msg(*a == *b, "%s\n%s", text, again);
		a += *a != 0;
		b += *b != 0;
	}
	free(again);
}

START_TEST(the_page_decodes)
{
	FILE *f = fopen("docs/protocol.md", "r");
	char line[4096], text[4096] = "";
	uint8_t p[4096];
	unsigned seen = 0;
	size_t n = 0;

	ck_assert(f);
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "message: ", 9)) {
			snprintf(text, sizeof text, "%s", line + 9);
			n = 0;
		} else if (text[0] && !strncmp(line, "```", 3)) {
			page_message(text, p, n);
			text[0] = 0;
			seen++;
		} else if (text[0]) {
			unsigned v;

			for (const char *at = line; *at && *at != ';' && sscanf(at, "%2x", &v) == 1; at += 3) {
				p[n++] = (uint8_t)v;
				if (strlen(at) < 3)
					break;
			}
		}
	}
	fclose(f);
	ck_assert_uint_eq(seen, 6);
}
END_TEST

START_TEST(the_page_names_ends_and_errors)
{
	FILE *f = fopen("docs/protocol.md", "r");
	char *text = calloc(1, 1 << 20), want[80];

	ck_assert(f && text && fread(text, 1, (1 << 20) - 1, f));
	fclose(f);
	for (unsigned i = 0; i < FRAME_ENDS; i++) {
		snprintf(want, sizeof want, "\n| %u | %s |", i, frame_end_word(i));
		ck_assert_msg(strstr(text, want), "no row %s", want);
	}
	for (unsigned i = 1; i < FRAME_ERRORS; i++) {
		snprintf(want, sizeof want, "\n| %u | %s |", i, frame_error_word(i));
		ck_assert_msg(strstr(text, want), "no row %s", want);
	}
	free(text);
}
END_TEST

/* ---- there and back ---- */

/* Fills all that a message may have; of a pair the second where `second`. */
struct filler {
	bool optional, second;
	unsigned pair;
};

static bool fill_wants(struct filler *f, bool optional)
{
	if (f->pair)
		return f->pair-- == (f->second ? 1 : 2);
	return !optional || f->optional;
}

#define FILL_ID(f, m, lo, hi) v->id = 7, v->has_id = true
#define FILL_VERSION(f, m, lo, hi) v->f.m = 1
#define FILL_UINT(f, m, lo, hi) v->f.m = (hi)
#define FILL_BOOL(f, m, lo, hi) v->f.m = true
#define FILL_TEXT(f, m, lo, hi) v->f.m = (struct krux_str){ "accept", (hi) < 6 ? (hi) : 6 }
#define FILL_BYTES(f, m, lo, hi) v->f.m = (struct krux_str){ "\xA1\x00\x01", 3 }
#define FILL_HASH(f, m, lo, hi) v->f.m = hash
#define FILL_TRIPLE(f, m, lo, hi) v->f.m[0] = 1, v->f.m[1] = 1 << 20, v->f.m[2] = UINT64_MAX
#define MARK_ID(f, m) (void)0
#define MARK_UINT(f, m) v->f.has_##m = true
#define MARK_BOOL(f, m) v->f.has_##m = true
#define MARK_TEXT(f, m) (void)0
#define MARK_BYTES(f, m) (void)0
#define MARK_HASH(f, m) (void)0

static unsigned sample(unsigned kind, struct filler fill, struct frame *v)
{
	*v = (struct frame){ .kind = (enum frame_kind)kind };
	switch (kind) {
#define FRAME_OPEN(ID, frame, number, way) \
	case number: {                     \
		const unsigned direction = (way);
#define FRAME_ROW(frame, member, key, type, least, most, cddl) \
		if (fill_wants(&fill, false))          \
			FILL_##type(frame, member, least, most);
#define FRAME_OPT(frame, member, key, type, least, most, cddl)     \
		if (fill_wants(&fill, true)) {                     \
			FILL_##type(frame, member, least, most);   \
			MARK_##type(frame, member);                \
		}
#define FRAME_PAIR(frame, a, b, need) fill.pair = (need) || fill.optional ? 2 : 0;
#define FRAME_CLOSE(frame)      \
		return direction; \
	}
#include "capspec/frame.def"
	default:
		return 0;
	}
}

static const struct filler fillers[] = {
	{ .optional = true }, { .optional = true, .second = true }, { .optional = false },
	{ .optional = false, .second = true },
};

START_TEST(decoded_is_encoded_again)
{
	unsigned seen = 0;

	for (unsigned kind = 0; kind < FRAME_KINDS; kind++) {
		for (unsigned i = 0; i < 4; i++) {
			uint8_t again[4096];
			struct frame f, back;
			const char *why = "";
			unsigned to = sample(kind, fillers[i], &f);
			size_t n = to ? frame_encode(&f, bytes, sizeof bytes) : 0;
			struct krux_str body = { (char *)bytes + FRAME_HEAD, n - FRAME_HEAD };

			if (!to)
				continue;
			seen++;
			ck_assert_msg(n > FRAME_HEAD, "%s", frame_kind_word(kind));
			ck_assert_uint_eq(n - FRAME_HEAD,
			                  (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 |
			                  (size_t)bytes[2] << 8 | bytes[3]);
			ck_assert_msg(!frame_decode(to, body, &back, &why), "%s: %s", frame_kind_word(kind), why);
			ck_assert_uint_eq(back.id, f.id);
			ck_assert_uint_eq(back.has_id, f.has_id);
			ck_assert_uint_eq(frame_encode(&back, again, sizeof again), n);
			ck_assert_mem_eq(again, bytes, n);
			/* The other side does not take it. */
			ck_assert_uint_eq(frame_decode(~to, body, &back, &why), FRAME_ERROR_MALFORMED);
			ck_assert_uint_eq(back.kind, kind);
			/* Too small a buffer: the length, nothing beyond. */
			for (size_t cap = 0; cap < n; cap++) {
				memset(again, 0xEE, sizeof again);
				ck_assert_uint_eq(frame_encode(&f, again, cap), n);
				ck_assert_uint_eq(again[cap], 0xEE);
			}
			/* No proper beginning of it, and nothing after it. */
			for (size_t k = 0; k < body.n; k++) {
				struct krux_str cut = { body.p, k };

				ck_assert(frame_decode(to, cut, &back, &why));
			}
			body.n++;
			ck_assert(frame_decode(to, body, &back, &why));
		}
	}
	ck_assert_uint_eq(seen, 4 * 31);
}
END_TEST

static enum frame_error decode_hex(const char *hex, struct frame *out, const char **why)
{
	static uint8_t in[512];
	size_t n = 0;

	for (; *hex; hex += 2) {
		unsigned v;

		hex += *hex == ' ';
		ck_assert_int_eq(sscanf(hex, "%2x", &v), 1);
		in[n++] = (uint8_t)v;
	}
	return frame_decode(15, (struct krux_str){ (char *)in, n }, out, why);
}

START_TEST(only_deterministic_messages_are_read)
{
	static const struct {
		const char *hex, *why;                                  /* NULL: it is read */
	} rows[] = {
		{ "a200060107", NULL },                                 /* ping 7 */
		{ "a2000601f4", "an item of another type than belongs there" },
		{ "a200060127", "an item of another type than belongs there" },
		{ "a201070006", "a message without a kind" },
		{ "a0", "a message without a kind" },
		{ "", "it ends too early" },
		{ "80", "an item of another type than belongs there" },
		{ "bf00060107ff", "a head that the encoder does not write" },
		{ "a20006011807", "a number that is not in its shortest form" },
		{ "a20006010000", "bytes after the message" },
		{ "a2001806 0107", "a message without a kind" },
		{ "b80200060107", "a number that is not in its shortest form" },
		{ "a300060107", "it ends too early" },
		{ "a3000601070108", "a key that is out of order or there twice" },
		{ "a3000601070006", "a key that is out of order or there twice" },
		{ "a3000601070208", "a key that this message does not have" },
		{ "a300060107186408", "a key that this message does not have" },
		{ "a3000601071bffffffffffffffff08", "a key that this message does not have" },
		{ "a1000a", "a message of an unknown kind" },
		{ "a10000", "a message of an unknown kind" },
		{ "a1001bffffffffffffffff", "a message of an unknown kind" },
		{ "a10006", "a field is missing" },
		{ "c1a200060107", "an item of another type than belongs there" },
		{ "a30007010702610a", NULL },                           /* describe of a text */
		{ "a300070107026180", "text that is not valid UTF-8" },
		{ "a3000701070260", "a text or bytes of a wrong length" },
		{ "a300070107024161", "an item of another type than belongs there" },
		{ "a3000701070263 6161", "it ends too early" },
		{ "a300070107027a", "it ends too early" },
		{ "a30007010702 7fff", "a head that the encoder does not write" },
		{ "a300030107026161", "not exactly one of two fields" },
		{ "a400030107026161 0341a0", NULL },
		{ "a400030107026161 0430", "an item of another type than belongs there" },
		{ "a500030107026161 0341a0 046130", "not exactly one of two fields" },
		{ "a500030107026161 0341a0 0600", NULL },
		{ "a500030107026161 0341a0 0608", "a number out of range" },
		{ "a30018420107020a", "a number out of range" },
		{ "a3001842010702 03", NULL },
		{ "a4001842010702 03 13f5", NULL },
		{ "a4001842010702 03 13f6", "neither true nor false" },
		{ "a4001842010702 03 13f8ff", "neither true nor false" },
		{ "a4001842010702 03 13f814", "a number that is not in its shortest form" },
		{ "a4001842010702 03 1301", "an item of another type than belongs there" },
		{ "a5001842010702 03 0b41a0 0c01", "not exactly one of two fields" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct frame f;
		const char *why = "it is read";
		enum frame_error code = decode_hex(rows[i].hex, &f, &why);

		ck_assert_msg(!code == !rows[i].why, "%s: %s", rows[i].hex, why);
		if (rows[i].why)
			ck_assert_str_eq(why, rows[i].why);
	}
}
END_TEST

START_TEST(another_version_is_told_apart)
{
	struct frame f;
	const char *why;

	ck_assert_uint_eq(decode_hex("a400010101026161 0300", &f, &why), FRAME_ERROR_NONE);
	ck_assert_uint_eq(decode_hex("a400010102026161 0300", &f, &why), FRAME_ERROR_VERSION);
	/* What a later version adds does not hide it. */
	ck_assert_uint_eq(decode_hex("a400010102186401", &f, &why), FRAME_ERROR_VERSION);
	ck_assert_uint_eq(decode_hex("a2001880 0103", &f, &why), FRAME_ERROR_VERSION);
	ck_assert_uint_eq(f.kind, FRAME_S_HELLO);
}
END_TEST

START_TEST(what_is_no_message_is_not_encoded)
{
	struct frame f = { .kind = FRAME_NONE };

	ck_assert_uint_eq(frame_encode(&f, bytes, sizeof bytes), 0);
	f.kind = (enum frame_kind)9;
	ck_assert_uint_eq(frame_encode(&f, bytes, sizeof bytes), 0);
	f = (struct frame){ .kind = FRAME_CALL, .call = { .capability = KRUX_STR("a.b") } };
	ck_assert_uint_eq(frame_encode(&f, bytes, sizeof bytes), 0);
	f.call.args = KRUX_STR("\xA0");
	ck_assert_uint_gt(frame_encode(&f, bytes, sizeof bytes), 0);
	f.call.json = KRUX_STR("{}");
	ck_assert_uint_eq(frame_encode(&f, bytes, sizeof bytes), 0);
	f = (struct frame){ .kind = FRAME_DESCRIPTION, .description.json = KRUX_STR("\xFF") };
	ck_assert_uint_eq(frame_encode(&f, bytes, sizeof bytes), 0);
	f = (struct frame){ .kind = FRAME_PROVE };
	ck_assert_uint_eq(frame_encode(&f, bytes, sizeof bytes), 0);
	f = (struct frame){ .kind = FRAME_ANSWER, .answer = { .end = FRAME_ENDS } };
	ck_assert_uint_eq(frame_encode(&f, bytes, sizeof bytes), 0);
	f = (struct frame){ .kind = FRAME_S_EVENT, .s_event.record = { (char *)bytes, FRAME_MAX - 10 } };
	ck_assert_uint_eq(frame_encode(&f, bytes, 0), FRAME_HEAD + FRAME_MAX);
	f.s_event.record.n++;
	ck_assert_uint_eq(frame_encode(&f, bytes, 0), 0);
}
END_TEST

/* ---- pieces ---- */

/* Takes from *p as the loops of both sides do; the buffer is made when it is asked for. */
static enum frame_take take(struct frame_reader *r, const uint8_t **p, size_t *n, struct krux_str *body)
{
	enum frame_take t = frame_reader_take(r, p, n, body);

	if (t == FRAME_ROOM) {
		free(r->body);
		r->body = malloc(r->length);
		r->room = r->length;
		t = frame_reader_take(r, p, n, body);
		ck_assert_int_ne(t, FRAME_ROOM);
	}
	return t;
}

static size_t stream(uint8_t *out)
{
	size_t n = 0;

	for (unsigned i = 1; i < 9; i++) {
		struct frame f = { .kind = FRAME_S_EVENT, .s_event.record = { (const char *)hash, i } };

		n += frame_encode(&f, out + n, 4096 - n);
	}
	return n;
}

START_TEST(pieces_make_the_same_messages)
{
	static uint8_t all[4096];
	size_t n = stream(all);

	for (size_t a = 0; a <= n; a++) {
		for (size_t step = 1; step < 20; step++) {
			struct frame_reader r = { .max = 64 };
			unsigned seen = 0;

			/* First a bytes, then step by step. */
			for (size_t at = 0, k = a; at < n; at += k, k = step) {
				size_t left = k < n - at ? k : n - at;
				/* Exactly these bytes, so that one too far is seen. */
				uint8_t *piece = malloc(left + 1);
				const uint8_t *p = piece;
				struct krux_str body;

				memcpy(piece, all + at, left);
				while (take(&r, &p, &left, &body) == FRAME_WHOLE) {
					struct frame f;
					const char *why;

					ck_assert(!frame_decode(FRAME_TO_SUPERVISOR, body, &f, &why));
					ck_assert_uint_eq(f.s_event.record.n, ++seen);
				}
				ck_assert_uint_eq(left, 0);
				free(piece);
			}
			ck_assert_uint_eq(seen, 8);
			ck_assert(!frame_reader_midway(&r));
			free(r.body);
		}
	}
}
END_TEST

START_TEST(lengths_have_a_limit)
{
	static const struct {
		uint8_t head[4];
		enum frame_take take;
	} rows[] = {
		{ { 0, 0, 0, 0 }, FRAME_TOO_LONG }, { { 0, 0, 0, 1 }, FRAME_MORE },
		{ { 0, 0, 0, 100 }, FRAME_MORE }, { { 0, 0, 0, 101 }, FRAME_TOO_LONG },
		{ { 0xFF, 0xFF, 0xFF, 0xFF }, FRAME_TOO_LONG }, { { 1, 0, 0, 1 }, FRAME_TOO_LONG },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct frame_reader r = { .max = 100 };
		const uint8_t *p = rows[i].head;
		struct krux_str body;
		size_t n = 4;

		ck_assert_int_eq(frame_reader_take(&r, &p, &n, &body), rows[i].take);
		ck_assert_uint_eq(n, 0);
		ck_assert(frame_reader_midway(&r));
		if (rows[i].take == FRAME_TOO_LONG)
			ck_assert_int_eq(frame_reader_take(&r, &p, &n, &body), FRAME_TOO_LONG);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("frame");
	TCase *tc = tcase_create("frame");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, cddl_and_table_are_one);
	tcase_add_test(tc, cddl_types_are_the_table_s);
	tcase_add_test(tc, cddl_says_ends_and_errors);
	tcase_add_test(tc, the_page_decodes);
	tcase_add_test(tc, the_page_names_ends_and_errors);
	tcase_add_test(tc, decoded_is_encoded_again);
	tcase_add_test(tc, only_deterministic_messages_are_read);
	tcase_add_test(tc, another_version_is_told_apart);
	tcase_add_test(tc, what_is_no_message_is_not_encoded);
	tcase_add_test(tc, pieces_make_the_same_messages);
	tcase_add_test(tc, lengths_have_a_limit);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
