/* kruxrt reload: another bundle for the daemon, or the same file again. One that is older, or of another policy,
 * takes an operator, whose act is recorded first. */
#include "runtime/front/front.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/front/ctl.h"
#include "runtime/front/options.h"
#include "runtime/front/show.h"

#include "capspec/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"kruxrt reload [BUNDLE] [--socket PATH] [--json]\n"
"kruxrt reload BUNDLE --operator KEY --reason TEXT [--state DIR]\n"
"\n"
"Lets the daemon load BUNDLE, or the file that it was started with as it is now.\n"
"Connections stay; what runs goes on under the bundle that decided it. One that\n"
"cannot be used changes nothing.\n"
"\n"
"The first bundle binds the state folder to its policy id. Another policy id, or\n"
"a serial lower than the last, takes an operator: it is signed and recorded.\n"
"Development bundles are bound by nothing.\n"
"\n"
"  --operator KEY the operator's secret key\n"
"  --reason TEXT  is recorded\n"
"  --state DIR    without a daemon: the next start of this state may load it\n"
"  --socket PATH  the daemon's supervisor socket (KRUX_SUPERVISOR_SOCKET, else\n"
"                 supervisor.sock beside KRUX_SOCKET, else\n"
"                 krux/supervisor.sock below XDG_RUNTIME_DIR or /run)\n"
"  --json         print JSON\n"
"\n"
"Exit: 0 it decides now; 1 it was refused; 2 wrong usage; 3 nobody answers.\n";

struct reloading {
	struct act_place place;
	const char *reason, *bundle;
	bool json, help;
	char *path;                    /* of the bundle, whole; NULL: the daemon's own */
	uint64_t act, seq;             /* records; 0: none */
};

static int fail(const char *why)
{
	fprintf(stderr, "kruxrt reload: %s\n", why);
	return EXIT_USAGE;
}

static bool options_fit(const struct reloading *r)
{
	if (!r->place.operator && !r->place.state && !r->reason)
		return true;
	if (!r->place.operator || !r->reason || !*r->reason || !r->bundle)
		fail("BUNDLE, --operator KEY and --reason TEXT say what may be loaded, who lets it, and why");
	else if (r->place.socket && r->place.state)
		fail("--socket or --state, not both");
	else
		return true;
	return false;
}

static int answer_print(const struct reloading *r)
{
	struct krux_member member[2];
	struct krux_value v = { .kind = KRUX_V_MAP, .map = { member, 0 } };

	if (!r->json && r->act)
		printf("the operator's act: record %llu%s\n", (unsigned long long)r->act,
		       r->seq ? "" : "; the next start may load it");
	if (!r->json && r->seq)
		printf("reloaded: record %llu\n", (unsigned long long)r->seq);
	if (!r->json)
		return ferror(stdout) ? EXIT_SYSTEM : EXIT_YES;
	if (r->act)
		show_put_uint(member, &v.map.n, "act", r->act);
	if (r->seq)
		show_put_uint(member, &v.map.n, "record", r->seq);
	return show_json(&v, stdout) ? EXIT_SYSTEM : EXIT_YES;
}

/* The daemon has another folder than we have, which may not be asked for once we are confined. Caller frees. */
static char *path_whole(const char *bundle, struct krux_err *err)
{
	char *path = realpath(bundle, NULL);

	if (!path)
		err_set(err, errno, "%s", bundle);
	return path;
}

/* What is in the file, for the operator to sign; whose signature the bundle bears is for the daemon to see. */
static int bundle_look(const char *path, struct krux_pool *pool, struct krux_bundle *out, struct krux_err *err)
{
	struct krux_refusal why = { "", "" };
	CLEAN_FREE uint8_t *file = NULL;
	struct krux_str bytes;
	size_t n;

	file = file_read_path(path, KRUX_MAX_BUNDLE, &n, err);
	if (!file)
		return -1;
	bytes = (struct krux_str){ krux_pool_copy(pool, file, n), n };
	if (!bytes.p)
		return err_set(err, ENOMEM, "%s", path);
	if (!krux_bundle_look(pool, bytes, out, &why))
		return err_set(err, 0, "%s: %s", path, why.why);
	if (out->key.dev)
		return err_set(err, 0, "%s: a development bundle is bound by nothing; it is loaded without an operator", path);
	return 0;
}

static int act(struct reloading *r, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
	struct record record = { 0 };
	enum supervisor_result result;
	struct krux_bundle b;

	if (!pool)
		return fail("out of memory");
	if (bundle_look(r->path, pool, &b, err))
		return fail(err->text);
	record_set(&record, AUDIT_KIND, AUDIT_KIND_ROLLBACK);
	record_bytes(&record, AUDIT_BUNDLE, b.digest, sizeof b.digest);
	record_str(&record, AUDIT_POLICY, b.policy);
	record_set(&record, AUDIT_SERIAL, b.serial);
	record_text(&record, AUDIT_WHY, r->reason);
	result = act_do(&r->place, &record, &r->act, err);
	return result ? supervisor_fail("reload", result, err) : EXIT_YES;
}

static enum supervisor_result load(struct reloading *r, struct krux_err *err)
{
	struct frame question = { .kind = FRAME_S_RELOAD }, answer;
	enum supervisor_result result = supervisor_greet(r->place.daemon, err);

	if (r->path)
		question.s_reload.bundle = (struct krux_str){ r->path, strlen(r->path) };
	if (!result)
		result = supervisor_ask(r->place.daemon, &question, FRAME_S_DONE, &answer, err);
	if (!result)
		r->seq = answer.s_done.record;
	return result;
}

static int reload(struct reloading *r)
{
	struct typed_place bundle = { .place = PLACE_CTL_GIVEN };
	struct krux_err err = { 0 };
	enum supervisor_result result;
	int code;

	if (r->bundle && !(r->path = path_whole(r->bundle, &err)))
		return fail(err.text);
	bundle.path = r->path;
	result = ctl_begin(&r->place, &bundle, 1, &err);
	if (result)
		return supervisor_fail("reload", result, &err);
	if (r->place.operator && (code = act(r, &err)) != EXIT_YES)
		return code;
	result = r->place.state ? SUPERVISOR_OK : load(r, &err);
	return result ? supervisor_fail("reload", result, &err) : answer_print(r);
}

int reload_command(int argc, char **argv)
{
	CLEANUP(supervisor_close) struct supervisor daemon = { .stream.fd = -1 };
	struct reloading r = { .place.daemon = &daemon };
	const struct option_spec specs[] = {
		{ .name = "--socket", .value = &r.place.socket },
		{ .name = "--operator", .value = &r.place.operator },
		{ .name = "--reason", .value = &r.reason },
		{ .name = "--state", .value = &r.place.state },
		{ .name = "--json", .flag = &r.json },
		{ .name = "--help", .flag = &r.help },
		{ .name = NULL },
	};
	size_t n;
	int code;

	if (!options_parse("reload", argc, argv, specs, &r.bundle, 1, &n))
		return EXIT_USAGE;
	if (r.help) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	if (!options_fit(&r))
		return EXIT_USAGE;
	code = reload(&r);
	free(r.path);
	return code;
}
