/* kruxrt reload: another bundle for the daemon, or the same file again. */
#include "runtime/front/front.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/front/options.h"
#include "runtime/front/show.h"
#include "runtime/front/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"kruxrt reload [BUNDLE] [--socket PATH] [--json]\n"
"\n"
"Lets the daemon load BUNDLE, or the file that it was started with as it is now.\n"
"Connections stay; what runs goes on under the bundle that decided it. One that\n"
"cannot be used changes nothing.\n"
"\n"
"  --socket PATH  the daemon's supervisor socket (KRUX_SUPERVISOR_SOCKET, else\n"
"                 supervisor.sock beside KRUX_SOCKET, else\n"
"                 krux/supervisor.sock below XDG_RUNTIME_DIR or /run)\n"
"  --json         print JSON\n"
"\n"
"Exit: 0 it decides now; 1 it was refused; 2 wrong usage; 3 nobody answers.\n";

static int answer_print(uint64_t seq, bool json)
{
	struct krux_member member[1];
	struct krux_value v = { .kind = KRUX_V_MAP, .map = { member, 0 } };

	if (!json)
		return printf("reloaded: record %llu\n", (unsigned long long)seq) < 0 ? EXIT_SYSTEM : EXIT_YES;
	show_put_uint(member, &v.map.n, "record", seq);
	return show_json(&v, stdout) ? EXIT_SYSTEM : EXIT_YES;
}

/* The daemon has another folder than we have. Caller frees. */
static char *path_whole(const char *bundle, struct krux_err *err)
{
	char *path = realpath(bundle, NULL);

	if (!path)
		err_set(err, errno, "%s", bundle);
	return path;
}

int reload_command(int argc, char **argv)
{
	const char *socket = NULL, *bundle[1] = { NULL };
	bool json = false, wants_help = false;
	const struct option_spec specs[] = {
		{ .name = "--socket", .value = &socket },
		{ .name = "--json", .flag = &json },
		{ .name = "--help", .flag = &wants_help },
		{ .name = NULL },
	};
	struct frame question = { .kind = FRAME_S_RELOAD }, answer;
	CLEAN_FREE char *path = NULL;
	enum supervisor_result result;
	struct krux_err err = { 0 };
	struct supervisor s;
	uint64_t seq = 0;
	size_t n;

	if (!options_parse("reload", argc, argv, specs, bundle, 1, &n))
		return EXIT_USAGE;
	if (wants_help) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	if (n && !(path = path_whole(bundle[0], &err))) {
		supervisor_fail("reload", SUPERVISOR_FAILED, &err);
		return EXIT_USAGE;
	}
	if (path)
		question.s_reload.bundle = (struct krux_str){ path, strlen(path) };
	result = supervisor_open(&s, socket, &err);
	if (result)
		return supervisor_fail("reload", result, &err);
	result = supervisor_ask(&s, &question, FRAME_S_DONE, &answer, &err);
	if (!result)
		seq = answer.s_done.record;
	supervisor_close(&s);
	return result ? supervisor_fail("reload", result, &err) : answer_print(seq, json);
}
