/* One call, as an agent would make it: call AGENT TOKEN-FILE CAPABILITY JSON
 *
 *     cc -o call call.c $(pkg-config --cflags --libs krux) */
#include <krux.h>

#include <stdio.h>

/* What to do about a call that did not give its output. */
static int explain(const struct krux_result *r)
{
	switch (r->end) {
	case KRUX_END_INVALID:
		fprintf(stderr, "the arguments do not fit: %s: %s\n", r->where, r->why);
		return 2;
	case KRUX_END_DENIED:
		fprintf(stderr, "denied by %s (%s): %s\n", r->rule ? r->rule : "no rule",
		        r->source ? r->source : "", r->reason ? r->reason : "");
		if (r->retry_ms)
			fprintf(stderr, "it makes sense to try again in %u ms\n", r->retry_ms);
		return 1;
	case KRUX_END_ERROR:
		fprintf(stderr, "%s: %s\n", r->error, r->message ? r->message : "");
		return 1;
	default:
		fprintf(stderr, "%s: %s\n", krux_end_word(r->end), r->why ? r->why : "");
		return 1;
	}
}

static void deferred(void *ctx, uint64_t id, const char *stage, const struct krux_result *r)
{
	(void)ctx;
	(void)id;
	if (r)
		fprintf(stderr, "a person has to approve this call; waiting\n");
	else
		fprintf(stderr, "%s\n", stage);
}

int main(int argc, char **argv)
{
	struct krux_options options = { .size = sizeof options, .claimed = "examples/c/call" };
	struct krux_request request = { .size = sizeof request, .flags = KRUX_JSON | KRUX_WAIT,
		                        .deadline_ms = 5000, .progress = deferred };
	struct krux_fault fault;
	struct krux_result *r;
	struct krux *k;
	int code = 0;

	if (argc != 5) {
		fprintf(stderr, "usage: call AGENT TOKEN-FILE CAPABILITY JSON\n");
		return 2;
	}
	options.agent = argv[1];
	options.token_file = argv[2];
	request.capability = argv[3];
	request.json = argv[4];
	if (krux_connect(&options, &k, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		return 3;
	}
	if (krux_call(k, &request, &r, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		krux_close(k);
		return 3;
	}
	if (r->end == KRUX_END_DONE)
		printf("%.*s\n", (int)r->output_len, (const char *)r->output);
	else
		code = explain(r);
	krux_result_free(r);
	krux_close(k);
	return code;
}
