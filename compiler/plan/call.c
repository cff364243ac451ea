/* Calls, verdicts and obligations in words. */
#include "compiler/plan/call.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/escape.h"
#include "compiler/model/names.h"
#include "compiler/plan/given.h"
#include "compiler/plan/rows.h"

enum { LONGEST_TEXT = 120 };

/* ---- values ---- */

static void text_print(struct buf *b, struct krux_str s, size_t most)
{
	struct krux_str shown = s;

	if (most && s.n > most) {
		shown.n = most;
		while (shown.n && ((unsigned char)s.p[shown.n] & 0xC0) == 0x80)
			shown.n--;
	}
	buf_putc(b, '"');
	escape_cap(b, shown);
	buf_putc(b, '"');
	if (shown.n < s.n)
		buf_printf(b, "... (%zu bytes)", s.n);
}

/* A value in its JSON form (krux_uncanon), typed so that enum names go bare. */
static void json_form_print(struct buf *b, const struct krux_type *t, const struct krux_value *v, size_t most)
{
	const struct krux_type *inner = NULL;

	switch (v->kind) {
	case KRUX_V_BOOL:
		buf_puts(b, v->b ? "true" : "false");
		break;
	case KRUX_V_UINT:
		buf_printf(b, "%llu", (unsigned long long)v->u);
		break;
	case KRUX_V_NINT:
		buf_printf(b, "-%llu", (unsigned long long)v->u + 1);
		break;
	case KRUX_V_TEXT:
		if (t->kind == KRUX_T_ENUM)
			buf_str(b, v->str);
		else
			text_print(b, v->str, most);
		break;
	case KRUX_V_NUMBER:
		buf_str(b, v->str);
		break;
	case KRUX_V_LIST:
		buf_puts(b, "[");
		for (size_t i = 0; i < v->list.n; i++) {
			if (most && i == 8) {
				buf_printf(b, ", ... (%zu elements)", v->list.n);
				break;
			}
			buf_puts(b, i ? ", " : " ");
			json_form_print(b, t->elem, &v->list.item[i], most);
		}
		buf_puts(b, v->list.n ? " ]" : "]");
		break;
	case KRUX_V_MAP:
		buf_puts(b, "{");
		for (size_t i = 0; i < v->map.n; i++) {
			const struct krux_member *m = &v->map.member[i];

			inner = t->elem;
			for (size_t k = 0; k < t->nfields; k++)
				if (krux_str_eq(t->field[k].name, m->key))
					inner = t->field[k].type;
			buf_puts(b, i ? ", " : " ");
			if (t->kind == KRUX_T_RECORD)
				buf_str(b, m->key);
			else
				text_print(b, m->key, most);
			buf_puts(b, ": ");
			json_form_print(b, inner, &m->value, most);
		}
		buf_puts(b, v->map.n ? " }" : "}");
		break;
	case KRUX_V_NULL:
	case KRUX_V_BYTES:
	case KRUX_V_UMAP:
		buf_puts(b, "null");
		break;
	}
}

void value_print(struct buf *b, const struct krux_type *t, const struct krux_value *wire, size_t most)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_value v;

	if (pool && krux_uncanon(pool, t, wire, &v))
		json_form_print(b, t, &v, most);
	krux_pool_free(pool);
}

/* ---- facts ---- */

static const char *const weekday[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static void fact_print(struct buf *b, const struct dd *m, const struct dd_var *v, uint64_t value)
{
	struct krux_str name = v->subject.name;

	switch (v->is_fact ? v->fact : KRUX_FACT_TIME) {
	case KRUX_FACT_RATE:
		buf_printf(b, ", %llu in the window of rule ", (unsigned long long)value);
		escape_screen(b, v->policy);
		buf_putc(b, '/');
		escape_screen(b, name);
		window_twin_print(b, m, v, " (", ")");
		return;
	case KRUX_FACT_BUDGET:
		buf_puts(b, ", over the budget of rule ");
		escape_screen(b, v->policy);
		buf_putc(b, '/');
		escape_screen(b, name);
		window_twin_print(b, m, v, " (", ")");
		return;
	case KRUX_FACT_TIME:
	case KRUX_FACT_WEEKDAY:
	case KRUX_FACT_LABEL:
	case KRUX_FACT_CALLS:
		break;
	}
	switch (v->subject.kind) {
	case SUBJECT_TIME:
		buf_printf(b, ", time %02u:%02u", (unsigned)(value / 3600), (unsigned)(value / 60 % 60));
		if (value % 60)
			buf_printf(b, ":%02u", (unsigned)(value % 60));
		break;
	case SUBJECT_WEEKDAY:
		buf_printf(b, ", weekday %s", weekday[value % 7]);
		break;
	case SUBJECT_LABEL:
		buf_puts(b, ", workspace has \"");
		escape_screen(b, name);
		buf_putc(b, '"');
		break;
	case SUBJECT_CALLS:
		buf_printf(b, ", %llu calls of ", (unsigned long long)value);
		escape_screen(b, name);
		break;
	case SUBJECT_FIELD:
	case SUBJECT_SIZE:
	case SUBJECT_HAS:
	case SUBJECT_AGENT:
	case SUBJECT_CONSTANT:
		break;
	}
}

/* ---- calls ---- */

static void name_print(struct buf *b, const struct capability *cap)
{
	buf_str(b, cap->name);
	buf_printf(b, "@%u.%u", cap->major, cap->minor);
}

void call_print(struct buf *b, const struct dd *m, const struct capability *cap, const struct dd_witness *w)
{
	name_print(b, cap);
	buf_putc(b, ' ');
	value_print(b, cap->input, &w->args, LONGEST_TEXT);
	buf_puts(b, " as ");
	escape_screen(b, w->agent);
	for (size_t i = 0; i < w->nfacts; i++)
		if (w->fact[i].value)
			fact_print(b, m, dd_variable(m, w->fact[i].var), w->fact[i].value);
}

void call_json(struct buf *b, const struct dd *m, const struct capability *cap, const struct dd_witness *w,
               const struct build *build)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_value v;

	buf_puts(b, "{\"capability\":\"");
	name_print(b, cap);
	buf_puts(b, "\",\"agent\":\"");
	escape_json(b, w->agent);
	buf_puts(b, "\",\"args\":");
	if (pool && krux_uncanon(pool, cap->input, &w->args, &v)) {
		size_t n = krux_json_write(&v, NULL, 0);
		char *text = krux_pool_get(pool, n + 1);

		if (text)
			buf_put(b, text, krux_json_write(&v, text, n + 1));
	}
	krux_pool_free(pool);
	buf_puts(b, ",\"facts\":");
	given_json(b, m, w, build);
	buf_putc(b, '}');
}

/* ---- outcomes ---- */

static void approval_print(struct buf *b, const struct approval *a)
{
	if (!a->nfrom) {
		buf_printf(b, "%u of anyone", a->quorum);
		return;
	}
	buf_printf(b, "%u of ", a->quorum);
	for (size_t i = 0; i < a->nfrom; i++) {
		buf_puts(b, i ? "+" : "");
		escape_screen(b, a->from[i]);
	}
}

static int fact_order(const struct fact *a, const struct fact *b)
{
	int c = name_order(a->policy, b->policy);

	c = c ? c : name_order(a->name, b->name);
	c = c ? c : (int)a->kind - (int)b->kind;
	return c ? c : (a > b) - (a < b);
}

/* The next of its counters by name; the first after NULL. Their numbers are the build's own. */
static const struct fact *counter_next(const struct fact *facts, const struct obligation *o, const struct fact *after)
{
	const struct fact *next = NULL;

	for (size_t i = 0; i < o->ncounters; i++) {
		const struct fact *f = &facts[o->counter[i]];

		if ((!after || fact_order(f, after) > 0) && (!next || fact_order(f, next) < 0))
			next = f;
	}
	return next;
}

void outcome_print(struct buf *b, const struct decisions *d, const struct outcome *o)
{
	const struct obligation *all, *ob;
	const struct fact *facts;
	bool first = true;
	char ttl[48];

	decisions_obligations(d, &all);
	decisions_facts(d, &facts);
	ob = &all[o->obligation];
	buf_puts(b, verdict_word(o->verdict));
	if (ob->ttl) {
		buf_puts(b, " (");
		for (size_t i = 0; i < ob->napprovals; i++) {
			buf_puts(b, i ? " and " : "");
			approval_print(b, &ob->approval[i]);
		}
		buf_puts(b, ", within ");
		buf_put(b, ttl, (size_t)krux_duration_text(ob->ttl, ttl, sizeof ttl));
		buf_putc(b, ')');
	}
	if (ob->notify && o->verdict != KRUX_NOTIFY)
		buf_puts(b, ", notify");
	for (const struct fact *f = NULL; (f = counter_next(facts, ob, f)); first = false) {
		buf_puts(b, first ? ", counts in " : ", ");
		escape_screen(b, f->policy);
		buf_putc(b, '/');
		escape_screen(b, f->name);
		buf_puts(b, f->kind == KRUX_FACT_RATE ? " rate" : " budget");
	}
	if (o->would != o->verdict)
		buf_printf(b, ", would be %s", verdict_word(o->would));
}

void outcome_json(struct buf *b, const struct decisions *d, const struct outcome *o)
{
	const struct obligation *all, *ob;
	const struct fact *facts;
	bool first = true;

	decisions_obligations(d, &all);
	decisions_facts(d, &facts);
	ob = &all[o->obligation];
	buf_printf(b, "{\"verdict\":\"%s\",\"would\":\"%s\",\"notify\":%s,\"ttl_ns\":%llu,\"approvals\":[",
	           verdict_word(o->verdict), verdict_word(o->would), ob->notify ? "true" : "false",
	           (unsigned long long)ob->ttl);
	for (size_t i = 0; i < ob->napprovals; i++) {
		buf_printf(b, "%s{\"quorum\":%u,\"from\":[", i ? "," : "", ob->approval[i].quorum);
		for (size_t k = 0; k < ob->approval[i].nfrom; k++) {
			buf_puts(b, k ? ",\"" : "\"");
			escape_json(b, ob->approval[i].from[k]);
			buf_putc(b, '"');
		}
		buf_puts(b, "]}");
	}
	buf_puts(b, "],\"counters\":[");
	for (const struct fact *f = NULL; (f = counter_next(facts, ob, f)); first = false) {
		buf_printf(b, "%s{\"kind\":\"%s\",\"policy\":\"", first ? "" : ",",
		           f->kind == KRUX_FACT_RATE ? "rate" : "budget");
		escape_json(b, f->policy);
		buf_puts(b, "\",\"rule\":\"");
		escape_json(b, f->name);
		buf_puts(b, "\"}");
	}
	buf_puts(b, "]}");
}
