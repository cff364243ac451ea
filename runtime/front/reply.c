/* Answers to JSON and to sentences. */
#include "runtime/front/reply.h"

#include "runtime/base/screen.h"
#include "runtime/decide/judge.h"
#include "runtime/front/front.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

enum { MEMBERS = 12 };

struct object {
	struct krux_pool *pool;
	struct krux_member member[MEMBERS];
	size_t n;
	bool failed;
};

static void put(struct object *o, const char *key, struct krux_value v)
{
	if (o->n < MEMBERS)
		o->member[o->n++] = (struct krux_member){ { key, strlen(key) }, v };
	else
		o->failed = true;
}

static void put_str(struct object *o, const char *key, struct krux_str s)
{
	put(o, key, (struct krux_value){ .kind = KRUX_V_TEXT, .str = s });
}

/* Left out where it is empty. */
static void put_text(struct object *o, const char *key, struct krux_str s)
{
	if (s.n)
		put_str(o, key, s);
}

static void put_word(struct object *o, const char *key, const char *s)
{
	put_text(o, key, (struct krux_str){ s, strlen(s) });
}

static void put_uint(struct object *o, const char *key, uint64_t u)
{
	put(o, key, (struct krux_value){ .kind = KRUX_V_UINT, .u = u });
}

static bool finish(struct object *o, struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(o->pool, o->n * sizeof *m);

	if (!m || o->failed)
		return false;
	memcpy(m, o->member, o->n * sizeof *m);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, o->n } };
	return true;
}

static void put_object(struct object *o, const char *key, struct object *inner)
{
	struct krux_value v;

	if (finish(inner, &v))
		put(o, key, v);
	else
		o->failed = true;
}

/* ---- parts ---- */

static void put_invalid(struct object *o, const struct frame *f)
{
	struct object in = { .pool = o->pool };

	put_text(&in, "where", f->answer.where);
	put_text(&in, "why", f->answer.why);
	put_text(&in, "remedy", f->answer.remedy);
	put_object(o, "invalid", &in);
}

static void put_verdict(struct object *o, const struct frame *f)
{
	if (f->answer.has_verdict)
		put_word(o, "verdict", krux_verdict_text((uint8_t)f->answer.verdict));
	if (f->answer.has_would)
		put_word(o, "would", krux_verdict_text((uint8_t)f->answer.would));
}

static void put_ticket(struct object *o, const uint8_t ticket[static 32])
{
	char *hex = krux_pool_get(o->pool, 64);

	if (!hex) {
		o->failed = true;
		return;
	}
	krux_hex_write(ticket, 32, hex);
	put_str(o, "ticket", (struct krux_str){ hex, 64 });
}

static void put_refusal(struct object *o, const struct frame *f)
{
	put_text(o, "rule", f->answer.rule);
	put_text(o, "source", f->answer.source);
	put_text(o, "reason", f->answer.reason);
	put_text(o, "remedy", f->answer.remedy);
	/* In whole seconds. */
	if (f->answer.has_retry)
		put_uint(o, "retry_after", f->answer.retry / 1000 + (f->answer.retry % 1000 != 0));
}

static void put_output(struct object *o, const struct frame *f)
{
	struct krux_refusal why;
	struct krux_value v;

	if (f->answer.output.p && krux_json_read(o->pool, f->answer.output, &v, &why))
		put(o, "output", v);
	else
		o->failed = true;
}

static void put_error(struct object *o, const struct frame *f)
{
	struct object e = { .pool = o->pool };

	put_str(&e, "name", f->answer.error);
	if (f->answer.message.p)
		put_str(&e, "message", f->answer.message);
	if (f->answer.recover.p)
		put_str(&e, "recover", f->answer.recover);
	if (f->answer.hint.p)
		put_str(&e, "hint", f->answer.hint);
	put_object(o, "error", &e);
}

static void put_failure(struct object *o, const struct frame *f)
{
	struct object in = { .pool = o->pool };

	put_word(&in, "how", frame_end_word((unsigned)f->answer.end));
	put_text(&in, "why", f->answer.why);
	put_object(o, "failed", &in);
}

/* ---- the whole ---- */

bool reply_value(struct krux_pool *pool, const struct frame *f, bool dev, struct krux_value *out)
{
	struct object o = { .pool = pool };

	put_verdict(&o, f);
	switch ((enum frame_end)f->answer.end) {
	case FRAME_END_INVALID:
		put_invalid(&o, f);
		break;
	case FRAME_END_DENIED:
	case FRAME_END_DEFERRED:
		put_refusal(&o, f);
		break;
	case FRAME_END_DONE:
		put_output(&o, f);
		break;
	case FRAME_END_ERROR:
		put_error(&o, f);
		break;
	default:
		put_failure(&o, f);
	}
	if (f->answer.ticket)
		put_ticket(&o, f->answer.ticket);
	if (f->answer.has_record)
		put_uint(&o, "record", f->answer.record);
	if (dev)
		put(&o, "dev", (struct krux_value){ .kind = KRUX_V_BOOL, .b = true });
	return finish(&o, out);
}

static void line(FILE *f, const char *label, struct krux_str text)
{
	if (!text.n)
		return;
	fprintf(f, "  %-8s", label);
	screen_put(f, text);
	fputc('\n', f);
}

static void print_refusal(const struct frame *a, const char *capability, FILE *f)
{
	fprintf(f, "%s: ", krux_verdict_text((uint8_t)a->answer.verdict));
	screen_puts(f, capability);
	fputc('\n', f);
	if (a->answer.rule.n) {
		fputs("  rule    ", f);
		screen_put(f, a->answer.rule);
		if (a->answer.source.n)
			fputs(", ", f);
		screen_put(f, a->answer.source);
		fputc('\n', f);
	}
	line(f, "reason", a->answer.reason);
	line(f, "remedy", a->answer.remedy);
}

void reply_print(const struct frame *a, const char *capability, void *file)
{
	FILE *f = file;

	switch ((enum frame_end)a->answer.end) {
	case FRAME_END_INVALID:
		fputs("invalid call\n", f);
		line(f, "where", a->answer.where);
		line(f, "why", a->answer.why);
		line(f, "remedy", a->answer.remedy);
		return;
	case FRAME_END_DENIED:
	case FRAME_END_DEFERRED:
		print_refusal(a, capability, f);
		return;
	case FRAME_END_DONE:
	case FRAME_END_ERROR:
		return;
	case FRAME_END_CANCELLED:
		fputs("nothing ran: ", f);
		break;
	case FRAME_END_WITHDRAWN:
		fputs("nothing was done: ", f);
		break;
	default:
		fputs("the call failed: ", f);
	}
	fputs(frame_end_word((unsigned)a->answer.end), f);
	if (a->answer.why.n)
		fputs(": ", f);
	screen_put(f, a->answer.why);
	fputc('\n', f);
}

int reply_exit(const struct frame *f)
{
	switch ((enum frame_end)f->answer.end) {
	case FRAME_END_INVALID:
		return EXIT_USAGE;
	case FRAME_END_DONE:
		return EXIT_YES;
	case FRAME_END_BROKEN:
	case FRAME_END_UNKNOWN:
		return EXIT_SYSTEM;
	default:
		return EXIT_NO;
	}
}
