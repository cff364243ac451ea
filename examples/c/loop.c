/* Many calls at once, inside a loop of its own: loop AGENT TOKEN-FILE PATH...
 * Prints the size of each file as the answers come, in whatever order that is. */
#include <krux.h>

#include <poll.h>
#include <stdio.h>

static void done(void *ctx, struct krux_result *r)
{
	const char *path = ctx;

	if (r->code)
		printf("%s: %s\n", path, r->why);
	else if (r->end == KRUX_END_DONE)
		printf("%s: %.*s\n", path, (int)r->output_len, (const char *)r->output);
	else
		printf("%s: %s\n", path, krux_end_word(r->end));
	krux_result_free(r);
}

static int submit(struct krux *k, char *path, struct krux_fault *fault)
{
	char json[4200];
	struct krux_request request = { .size = sizeof request, .capability = "filesystem.stat", .json = json,
		                        .flags = KRUX_JSON, .timeout_ms = 10000, .done = done, .ctx = path };

	/* A program that takes paths from others escapes them. */
	if ((size_t)snprintf(json, sizeof json, "{\"path\": \"%s\"}", path) >= sizeof json)
		return KRUX_E_TOO_LARGE;
	return krux_submit(k, &request, NULL, fault);
}

int main(int argc, char **argv)
{
	struct krux_options options = { .size = sizeof options };
	struct krux_fault fault = { 0 };
	struct krux *k;
	int code = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: loop AGENT TOKEN-FILE PATH...\n");
		return 2;
	}
	options.agent = argv[1];
	options.token_file = argv[2];
	if (krux_open(&options, &k, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		return 3;
	}
	for (int i = 3; i < argc && !code; i++)
		code = submit(k, argv[i], &fault);
	while (!code && krux_pending(k)) {
		struct pollfd p = { .fd = krux_fd(k), .events = krux_events(k) };

		poll(&p, 1, krux_timeout(k));
		code = krux_step(k, &fault);
	}
	if (code)
		fprintf(stderr, "%s\n", fault.text);
	krux_close(k);
	return code ? 3 : 0;
}
