/* Bytes of a handler to a result, and to what the record is to hold of it. */
#include "runtime/spawn/answer.h"

#include <stdarg.h>
#include <stdio.h>

#include "capspec/canon.h"
#include "capspec/schema.h"
#include "runtime/base/changeset.h"
#include "runtime/spawn/redact.h"
#include "stdlib-caps/common/handler.h"

void spawn_why(struct spawn_result *out, enum spawn_end end, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->why, sizeof out->why, fmt, ap);
	va_end(ap);
	out->end = end;
}

static const struct krux_error_def *error_declared(const struct krux_capability *cap,
                                                   struct krux_str name)
{
	for (size_t i = 0; i < cap->nerrors; i++)
		if (krux_str_eq(cap->error[i].name, name))
			return &cap->error[i];
	return NULL;
}

/* Secrets are listed; what the record is to hold has none of them. */
static bool secrets_take(const struct krux_value *list, struct krux_pool *pool, struct krux_str **out,
                         size_t *n)
{
	*n = 0;
	*out = NULL;
	if (!list)
		return true;
	if (list->kind != KRUX_V_LIST || !list->list.n || list->list.n > HANDLER_SECRETS)
		return false;
	*out = krux_pool_get(pool, list->list.n * sizeof **out);
	for (size_t i = 0; *out && i < list->list.n; i++) {
		if (list->list.item[i].kind != KRUX_V_BYTES)
			return false;
		(*out)[i] = list->list.item[i].str;
	}
	*n = list->list.n;
	return *out;
}

static void output_take(const struct krux_capability *cap, struct krux_pool *pool,
                        const struct krux_value *output, const struct krux_value *changes, struct spawn_result *out)
{
	struct krux_refusal refusal;
	struct changeset set;
	const char *why;

	if (changes && (changes->kind != KRUX_V_BYTES || !changeset_read(changes->str, &set, &why))) {
		spawn_why(out, SPAWN_BROKEN, "its changes are not well-formed");
		return;
	}
	if (changes)
		out->changes = changes->str;
	if (krux_canon(pool, cap->output, output, &out->output, &refusal))
		out->end = SPAWN_DONE;
	else
		spawn_why(out, SPAWN_BROKEN, "answer %.40s: %.70s", refusal.where, refusal.why);
}

static void error_take(const struct krux_capability *cap, const struct krux_value *error,
                       const struct krux_value *message, struct spawn_result *out)
{
	const struct krux_error_def *declared =
		error->kind == KRUX_V_TEXT ? error_declared(cap, error->str) : NULL;

	if (!declared || message->kind != KRUX_V_TEXT) {
		spawn_why(out, SPAWN_BROKEN,
		          "the handler failed in a way that the capability does not declare");
		return;
	}
	out->end = SPAWN_ERROR;
	out->error = declared->name;
	out->message = message->str;
}

void answer_read(const struct krux_capability *cap, struct krux_pool *pool, struct krux_str cbor,
                 struct spawn_result *out)
{
	const struct krux_value *output, *error, *message, *secrets, *changes;
	struct krux_refusal refusal;
	struct krux_value answer;
	struct krux_str *secret;
	size_t n;

	if (!krux_cbor_read(pool, (const uint8_t *)cbor.p, cbor.n, &answer, &refusal) ||
	    answer.kind != KRUX_V_MAP) {
		spawn_why(out, SPAWN_BROKEN, "the answer is not well-formed");
		return;
	}
	output = krux_value_get(&answer, "output");
	error = krux_value_get(&answer, "error");
	message = krux_value_get(&answer, "message");
	secrets = krux_value_get(&answer, "secrets");
	changes = cap->approves_changes ? krux_value_get(&answer, "changes") : NULL;
	if (!secrets_take(secrets, pool, &secret, &n))
		spawn_why(out, SPAWN_BROKEN, "the answer is not well-formed");
	else if (output && answer.map.n == 1u + !!secrets + !!changes)
		output_take(cap, pool, output, changes, out);
	else if (error && message && answer.map.n == 2u + !!secrets)
		error_take(cap, error, message, out);
	else
		spawn_why(out, SPAWN_BROKEN, "the answer is not well-formed");
	out->recorded = out->output;
	out->recorded_message = out->message;
	if (n && (!redact_value(pool, secret, n, &out->output, &out->recorded) ||
	          !redact_str(pool, secret, n, out->message, &out->recorded_message)))
		spawn_why(out, SPAWN_UNKNOWN, "out of memory");
}
