/* Lines to messages and back, by the table of all messages. */
#include "tests/unit/frame_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *p;
	uint8_t *room, *end;
	bool bad;
};

static void hyphens(const char *word, char *out)
{
	for (; *word; word++)
		*out++ = *word == '_' ? '-' : *word;
	*out = 0;
}

/* The text after " member=", or NULL. */
static const char *value_find(const struct reader *r, const char *member)
{
	char key[64];
	const char *p;

	snprintf(key, sizeof key, " %s=", member);
	p = strstr(r->p, key);
	return p ? p + strlen(key) : NULL;
}

static struct krux_str string_read(struct reader *r, const char *p)
{
	struct krux_str s = { (char *)r->room, 0 };
	unsigned v;

	if (!strncmp(p, "hex:", 4)) {
		for (p += 4; sscanf(p, "%2x", &v) == 1 && *p != ' ' && r->room < r->end; p += 2)
			*r->room++ = (uint8_t)v, s.n++;
	} else {
		char stop = *p == '"' ? '"' : ' ';

		for (p += *p == '"'; *p && *p != stop && r->room < r->end; p++)
			*r->room++ = (uint8_t)*p, s.n++;
	}
	r->bad |= r->room == r->end;
	return s;
}

#define READ_ID(f, m) (out->id = strtoull(p, NULL, 0), out->has_id = true)
#define READ_VERSION(f, m) (out->f.m = strtoull(p, NULL, 0))
#define READ_UINT(f, m) (out->f.m = strtoull(p, NULL, 0))
#define READ_BOOL(f, m) (out->f.m = *p == 't')
#define READ_TEXT(f, m) (out->f.m = string_read(&r, p))
#define READ_BYTES(f, m) (out->f.m = string_read(&r, p))
#define READ_HASH(f, m) (out->f.m = (const uint8_t *)string_read(&r, p).p)
#define READ_TRIPLE(f, m) sscanf(p, "%lu,%lu,%lu", &out->f.m[0], &out->f.m[1], &out->f.m[2])
#define MARK_ID(f, m) (void)0
#define MARK_UINT(f, m) (out->f.has_##m = true)
#define MARK_BOOL(f, m) (out->f.has_##m = true)
#define MARK_TEXT(f, m) (void)0
#define MARK_BYTES(f, m) (void)0
#define MARK_HASH(f, m) (void)0

bool frame_text_read(const char *text, struct frame *out, uint8_t *room, size_t size)
{
	struct reader r = { .p = text, .room = room, .end = room + size };
	size_t n = strcspn(text, " ");
	const char *p;
	char word[64];

	*out = (struct frame){ .kind = FRAME_NONE };
#define FRAME_OPEN(ID, frame, number, to)                              \
	hyphens(#frame, word);                                         \
	if (n == strlen(word) && !memcmp(word, text, n)) {             \
		out->kind = (enum frame_kind)(number);
#define FRAME_ROW(frame, member, key, type, least, most, cddl)         \
		p = value_find(&r, #member);                           \
		if (p)                                                 \
			READ_##type(frame, member);                    \
		else                                                   \
			r.bad = true;
#define FRAME_OPT(frame, member, key, type, least, most, cddl)         \
		p = value_find(&r, #member);                           \
		if (p) {                                               \
			READ_##type(frame, member);                    \
			MARK_##type(frame, member);                    \
		}
#define FRAME_PAIR(frame, a, b, need)
#define FRAME_CLOSE(frame) }
#include "capspec/frame.def"
	return out->kind != FRAME_NONE && !r.bad;
}

/* ---- printing ---- */

static void string_print(FILE *f, struct krux_str s, bool text)
{
	if (text) {
		fprintf(f, "\"%.*s\"", (int)s.n, s.p);
		return;
	}
	fputs("hex:", f);
	for (size_t i = 0; i < s.n; i++)
		fprintf(f, "%02x", (uint8_t)s.p[i]);
}

#define PRINT_ID(f, m, n) fprintf(file, "%lu", v->id)
#define PRINT_VERSION(f, m, n) fprintf(file, "%lu", v->f.m)
#define PRINT_UINT(f, m, n) fprintf(file, "%lu", v->f.m)
#define PRINT_BOOL(f, m, n) fputs(v->f.m ? "true" : "false", file)
#define PRINT_TEXT(f, m, n) string_print(file, v->f.m, true)
#define PRINT_BYTES(f, m, n) string_print(file, v->f.m, false)
#define PRINT_HASH(f, m, n) string_print(file, (struct krux_str){ (const char *)v->f.m, n }, false)
#define PRINT_TRIPLE(f, m, n) fprintf(file, "%lu,%lu,%lu", v->f.m[0], v->f.m[1], v->f.m[2])
#define THERE_ID(f, m) (v->has_id)
#define THERE_UINT(f, m) (v->f.has_##m)
#define THERE_BOOL(f, m) (v->f.has_##m)
#define THERE_TEXT(f, m) (v->f.m.p != NULL)
#define THERE_BYTES(f, m) (v->f.m.p != NULL)
#define THERE_HASH(f, m) (v->f.m != NULL)

void frame_text_print(const struct frame *v, void *to)
{
	FILE *file = to;
	char word[64];

	switch ((unsigned)v->kind) {
#define FRAME_OPEN(ID, frame, number, way)                             \
	case number:                                                   \
		hyphens(#frame, word);                                 \
		fputs(word, file);
#define FRAME_ROW(frame, member, key, type, least, most, cddl)         \
		fputs(" " #member "=", file);                          \
		PRINT_##type(frame, member, most);
#define FRAME_OPT(frame, member, key, type, least, most, cddl)         \
		if (THERE_##type(frame, member)) {                     \
			fputs(" " #member "=", file);                  \
			PRINT_##type(frame, member, most);             \
		}
#define FRAME_PAIR(frame, a, b, need)
#define FRAME_CLOSE(frame) break;
#include "capspec/frame.def"
	default:
		fprintf(file, "kind %u", v->kind);
	}
	fputc('\n', file);
}
