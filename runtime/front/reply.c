/* Answers of the gate to JSON and to sentences. */
#include "runtime/front/reply.h"

#include "runtime/base/screen.h"
#include "runtime/front/front.h"
#include "runtime/gate.h"

#include "capspec/canon.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MEMBERS = 12, REMEDY = 320 };

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
static void put_text(struct object *o, const char *key, const char *s)
{
	if (*s)
		put_str(o, key, (struct krux_str){ s, strlen(s) });
}

static void __attribute__((format(printf, 3, 4)))
put_printf(struct object *o, const char *key, const char *fmt, ...)
{
	char buf[1024], *copy;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	copy = n < 0 ? NULL : krux_pool_copy(o->pool, buf, strlen(buf));
	if (copy)
		put_text(o, key, copy);
	else
		o->failed = true;
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

static void put_invalid(struct object *o, const struct gate_answer *a)
{
	struct object in = { .pool = o->pool };

	put_text(&in, "where", a->refusal.where);
	put_text(&in, "why", a->refusal.why);
	put_text(&in, "remedy", a->refusal.remedy);
	put_object(o, "invalid", &in);
}

static void put_rule(struct object *o, const struct gate_answer *a)
{
	const struct krux_cite *c = &a->judgement.voice;

	if (*c->policy)
		put_printf(o, "rule", "%s/%s", c->policy, *c->rule ? c->rule : "default");
	if (*c->file)
		put_printf(o, "source", "%s:%u", c->file, c->line);
	put_text(o, "reason", a->judgement.reason);
}

static void put_ticket(struct object *o, const uint8_t ticket[static 32])
{
	char hex[65];

	krux_hex_write(ticket, 32, hex);
	hex[64] = 0;
	put_printf(o, "ticket", "%s", hex);
}

static const struct krux_error_def *error_find(const struct krux_capability *cap,
                                               struct krux_str name)
{
	for (size_t i = 0; i < cap->nerrors; i++)
		if (krux_str_eq(cap->error[i].name, name))
			return &cap->error[i];
	return NULL;
}

static void put_error(struct object *o, const struct gate_answer *a)
{
	const struct krux_error_def *def = error_find(a->request.cap, a->result.error);
	struct object e = { .pool = o->pool };

	put_str(&e, "name", a->result.error);
	if (a->result.message.n)
		put_str(&e, "message", a->result.message);
	else if (def)
		put_str(&e, "message", def->doc);
	if (def) {
		put_str(&e, "recover", def->recover);
		put_str(&e, "hint", def->hint);
	}
	put_object(o, "error", &e);
}

static const char *end_word(const struct gate_answer *a)
{
	if (!a->started)
		return "not started";
	switch (a->result.end) {
	case SPAWN_KILLED:
		return "killed";
	case SPAWN_BROKEN:
		return "broken";
	default:
		return "unknown";
	}
}

static void put_result(struct object *o, const struct gate_answer *a)
{
	struct object f = { .pool = o->pool };
	struct krux_value v;

	switch (a->result.end) {
	case SPAWN_DONE:
		if (krux_uncanon(o->pool, a->request.cap->output, &a->result.output, &v))
			put(o, "output", v);
		else
			o->failed = true;
		return;
	case SPAWN_ERROR:
		put_error(o, a);
		return;
	default:
		put_text(&f, "how", end_word(a));
		put_text(&f, "why", a->result.why);
		put_object(o, "failed", &f);
	}
}

/* Whole seconds until trying again makes sense; 0: it is not a matter of waiting. */
static uint64_t retry_after(const struct gate_answer *a)
{
	const uint64_t second = UINT64_C(1000000000), wait = a->judgement.wait;

	return wait / second + (wait % second != 0);
}

static const char *remedy_word(const struct gate_answer *a)
{
	if (a->end == GATE_DEFERRED)
		return "A person has to approve this call, and this version of kruxrt cannot take "
		       "approvals: nothing was run, and nothing will be. Do without it, or ask the "
		       "operator to change the rule.";
	if (!*a->judgement.voice.policy || !*a->judgement.voice.rule)
		return "No rule allows this call. Do without it, or ask the operator for one that "
		       "does.";
	return "Do without this call, or choose arguments that the rule does not match. Only the "
	       "operator can change the rule.";
}

static void remedy(const struct gate_answer *a, char *out, size_t size)
{
	if (!retry_after(a))
		snprintf(out, size, "%s", remedy_word(a));
	else
		snprintf(out, size,
		         "The rate of this rule is used up. Try again in %llu seconds, when its "
		         "oldest call no longer counts, or do without this call.",
		         (unsigned long long)retry_after(a));
}

/* ---- the whole ---- */

bool reply_value(struct krux_pool *pool, const struct gate_answer *a, bool dev,
                 struct krux_value *out)
{
	struct object o = { .pool = pool };
	char text[REMEDY];

	if (a->end == GATE_INVALID) {
		put_invalid(&o, a);
	} else {
		put_text(&o, "verdict", krux_verdict_text(a->judgement.verdict));
		if (a->judgement.would != a->judgement.verdict)
			put_text(&o, "would", krux_verdict_text(a->judgement.would));
	}
	if (a->end == GATE_DENIED || a->end == GATE_DEFERRED) {
		put_rule(&o, a);
		remedy(a, text, sizeof text);
		put_printf(&o, "remedy", "%s", text);
		if (retry_after(a))
			put_uint(&o, "retry_after", retry_after(a));
		if (a->end == GATE_DEFERRED)
			put_ticket(&o, a->ticket);
	} else if (a->end == GATE_RAN) {
		put_result(&o, a);
	}
	put_uint(&o, "record", a->record);
	if (dev)
		put(&o, "dev", (struct krux_value){ .kind = KRUX_V_BOOL, .b = true });
	return finish(&o, out);
}

static void line(FILE *f, const char *label, const char *text)
{
	if (!*text)
		return;
	fprintf(f, "  %-8s", label);
	screen_puts(f, text);
	fputc('\n', f);
}

static void print_refusal(const struct gate_answer *a, FILE *f)
{
	const struct krux_cite *c = &a->judgement.voice;
	char text[4400];

	fprintf(f, "%s: ", krux_verdict_text(a->judgement.verdict));
	screen_put(f, a->request.cap->name);
	fputc('\n', f);
	if (*c->policy) {
		snprintf(text, sizeof text, "%s/%s, %s:%u", c->policy,
		         *c->rule ? c->rule : "default", c->file, c->line);
		line(f, "rule", text);
	}
	line(f, "reason", a->judgement.reason);
	remedy(a, text, sizeof text);
	line(f, "remedy", text);
}

void reply_print(const struct gate_answer *a, void *file)
{
	FILE *f = file;

	switch (a->end) {
	case GATE_INVALID:
		fputs("invalid call\n", f);
		line(f, "where", a->refusal.where);
		line(f, "why", a->refusal.why);
		line(f, "remedy", a->refusal.remedy);
		return;
	case GATE_DENIED:
	case GATE_DEFERRED:
		print_refusal(a, f);
		return;
	case GATE_RAN:
		if (a->result.end == SPAWN_DONE || a->result.end == SPAWN_ERROR)
			return;
		fprintf(f, "the call failed: %s: ", end_word(a));
		screen_puts(f, a->result.why);
		fputc('\n', f);
		return;
	}
}

int reply_exit(const struct gate_answer *a)
{
	switch (a->end) {
	case GATE_INVALID:
		return EXIT_USAGE;
	case GATE_DENIED:
	case GATE_DEFERRED:
		return EXIT_NO;
	case GATE_RAN:
		break;
	}
	switch (a->result.end) {
	case SPAWN_DONE:
		return EXIT_YES;
	case SPAWN_ERROR:
	case SPAWN_KILLED:
		return EXIT_NO;
	default:
		return EXIT_SYSTEM;
	}
}
