/* A program's end to the fields that its capability declares. */
#include "runtime/spawn/command_part.h"

#include "runtime/spawn/shown.h"
#include "stdlib-caps/common/answer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct krux_field *output_field(const struct command *k, const char *name)
{
	const struct krux_type *t = k->plan->command->output;

	for (size_t i = 0; i < t->nfields; i++)
		if (krux_str_eq(t->field[i].name, (struct krux_str){ name, strlen(name) }))
			return &t->field[i];
	return NULL;
}

static const char *const names[] = { "stdout", "stderr" };

void streams_ready(struct command *k, struct stream stream[static 2], size_t *room)
{
	for (int i = 0; i < 2; i++) {
		const struct krux_field *f = output_field(k, names[i]);
		struct stream *s = &stream[i];

		if (s->most > *room)
			s->most = *room;
		if (!f || f->type->kind == KRUX_T_STRING) {
			struct krux_str text = shown_text(k->call->pool, s->p, s->n, s->most, &s->cut);

			if (!text.p)
				_exit(CHILD_BROKEN);
			s->p = (char *)(uintptr_t)text.p;
			s->n = text.n;
		} else if (s->n > s->most) {
			s->n = s->most;
			s->cut = true;
		}
		if (f)
			*room -= s->n;
	}
}

static void stream_answer(struct command *k, struct answer *a, int i, const struct stream *s)
{
	const struct krux_field *f = output_field(k, names[i]);

	if (f)
		answer_value(a, names[i], (struct krux_value){ .str = { s->p, s->n },
			.kind = f->type->kind == KRUX_T_STRING ? KRUX_V_TEXT : KRUX_V_BYTES });
}

static bool failed_say(struct command *k, int status, const struct stream *error)
{
	struct krux_str text = { error->p, error->n };
	char shown[400];

	while (text.n && text.p[text.n - 1] == '\n')
		text.n--;
	if (!text.n)
		return handler_fail(k->call, "Failed", "The program ended with status %d.", status);
	snprintf(shown, sizeof shown, "%.*s", handler_shown(text), text.p);
	return handler_fail(k->call, "Failed", "The program ended with status %d: %s", status, shown);
}

bool command_answer(struct command *k, int status, struct stream stream[static 2], const struct changed *changed)
{
	bool cut = changed->cut;
	struct answer a;

	if (!output_field(k, "status") && status)
		return failed_say(k, status, &stream[1]);
	answer_begin(&a, k->call->pool);
	if (k->plan->command->handler.background)
		answer_uint(&a, "run", k->plan->seq);
	if (output_field(k, "status"))
		answer_uint(&a, "status", (uint64_t)status);
	for (int i = 0; i < 2; i++)
		stream_answer(k, &a, i, &stream[i]);
	if (output_field(k, "changed"))
		answer_list(&a, "changed", changed->list, changed->n);
	if (output_field(k, "refused"))
		answer_list(&a, "refused", changed->refused, changed->nrefused);
	for (int i = 0; i < 2; i++)
		cut |= stream[i].cut && output_field(k, names[i]);
	if (output_field(k, "truncated"))
		answer_bool(&a, "truncated", cut);
	else if (cut)
		_exit(CHILD_TOO_MUCH);
	if (!answer_end(&a, &k->call->output))
		_exit(CHILD_BROKEN);
	return true;
}
