/* kruxrt doctor: what this machine has, what is lost where it has not, how to get it. */
#include "runtime/front/front.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/doctor.h"
#include "runtime/front/options.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/feature.h"

#include "capspec/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char help[] =
"kruxrt doctor [--state DIR | --processes] [--json]\n"
"\n"
"What this machine has of what confines calls, and of what connects for them:\n"
"each feature is tried in a child, as whoever runs this, so run it as the daemon\n"
"will run. Changes nothing.\n"
"\n"
"  --state DIR        of the agents that are registered there, too: whether their\n"
"                     workspaces give what calls as root take\n"
"  --processes        what each of Krux's own processes may do; tries nothing\n"
"  --json             one object\n"
"\n"
"needed     no call runs without it\n"
"waivable   kruxrt serve does not start without it, unless it is told to\n"
"commands   no call of a command that changes files runs without it\n"
"connects   some calls that connect are refused without it\n"
"limits     no command runs without it, unless kruxrt serve is told to\n"
"workspace  as root kruxrt serve does not start where an agent's folder lacks it,\n"
"           unless it is told to; here the working folder is tried\n"
"second     holds once more what another layer holds; all runs without it\n"
"unused     nothing in this version asks for it\n"
"\n"
"Exit: 0 calls can be confined and nothing has to be waived; 1 something is\n"
"missing that is needed or has to be waived; 2 wrong usage; 3 the system failed.\n";

/* What each version of Landlock added; where it is missing, what holds it instead. */
static const struct {
	int abi;
	const char *kernel, *added, *without;
} ladder[] = {
#define LANDLOCK_ABI(abi, kernel, added, without) { abi, kernel, added, without },
#include "capspec/landlock.def"
};
enum { LADDER = sizeof ladder / sizeof *ladder };

/* ---- for people ---- */

static void wrapped(const char *head, const char *text)
{
	printf("      %s %s\n", head, text);
}

static void feature_print(const struct features *f, unsigned i)
{
	const struct feature *x = &feature_list[i];

	printf("  %-19s %-9s ", x->name, feature_need_word(x->need));
	if (!f->no[i]) {
		if (i == FEATURE_IS_landlock)
			printf("yes, ABI %d\n", f->landlock_abi);
		else
			puts("yes");
		return;
	}
	printf("no: %s\n", strerror(f->no[i]));
	wrapped(x->need == FEATURE_UNUSED ? "not used:  " : "without it:", x->loses);
	wrapped("to get it: ", x->get);
}

static void ladder_print(const struct features *f)
{
	if (!f->landlock_abi || f->landlock_abi >= ladder[LADDER - 1].abi)
		return;
	printf("\nlandlock, beyond ABI %d\n\n", f->landlock_abi);
	for (unsigned i = 0; i < LADDER; i++) {
		if (ladder[i].abi <= f->landlock_abi)
			continue;
		printf("  ABI %d, Linux %s: %s\n", ladder[i].abi, ladder[i].kernel, ladder[i].added);
		wrapped("held by:", ladder[i].without);
	}
}

/* The names to waive: one that another covers is not among them. */
static bool is_waiver(const struct features *f, unsigned i, bool commands, size_t lacking)
{
	switch (feature_list[i].need) {
	case FEATURE_WAIVABLE:
		return f->no[i] != 0;
	case FEATURE_LIMITS:
		return f->no[i] && commands;
	case FEATURE_WORKSPACE:
		return lacking != 0;
	default:
		return false;
	}
}

static void waive_print(const struct features *f, bool commands, size_t lacking)
{
	const char *said[FEATURES + 1] = { NULL };
	unsigned n = 0;

	for (unsigned i = 0; i < FEATURES; i++)
		if (is_waiver(f, i, commands, lacking) && !feature_is_waived(i, said)) {
			printf("%s%s", n ? "," : "", feature_list[i].name);
			said[n++] = feature_list[i].name;
		}
}

/* lacking: workspaces of agents that calls as root cannot have for themselves. */
static void verdict_print(const struct features *f, const unsigned missing[static FEATURE_NEEDS], size_t lacking)
{
	const unsigned needed = missing[FEATURE_NEEDED];

	if (needed) {
		puts("\nCalls cannot be confined here: kruxrt serve does not start.");
	} else if (!missing[FEATURE_WAIVABLE] && !lacking) {
		puts("\nCalls can be confined here.");
	} else {
		fputs("\nCalls can be confined here, by kruxrt serve --allow-missing ", stdout);
		waive_print(f, false, lacking);
		putchar('\n');
	}
	if (!needed && missing[FEATURE_LIMITS]) {
		fputs("Commands run here by kruxrt serve --allow-missing ", stdout);
		waive_print(f, true, lacking);
		putchar('\n');
	}
}

/* ---- for programs ---- */

void doctor_text_json(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		if ((unsigned char)*s < ' ')
			printf("\\u%04x", (unsigned char)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

void doctor_member_json(const char *name, const char *text)
{
	printf(",\"%s\":", name);
	doctor_text_json(text);
}

static void feature_json(const struct features *f, unsigned i)
{
	const struct feature *x = &feature_list[i];

	fputs(i ? ",{\"name\":" : "{\"name\":", stdout);
	doctor_text_json(x->name);
	doctor_member_json("need", feature_need_word(x->need));
	printf(",\"present\":%s", f->no[i] ? "false" : "true");
	if (!f->no[i] && i == FEATURE_IS_landlock)
		printf(",\"abi\":%d", f->landlock_abi);
	if (f->no[i]) {
		doctor_member_json("why", strerror(f->no[i]));
		doctor_member_json("loses", x->loses);
		doctor_member_json("get", x->get);
	}
	putchar('}');
}

static void ladder_json(const struct features *f)
{
	const char *sep = "";

	fputs("],\"landlock_beyond\":[", stdout);
	for (unsigned i = 0; i < LADDER; i++) {
		if (!f->landlock_abi || ladder[i].abi <= f->landlock_abi)
			continue;
		printf("%s{\"abi\":%d", sep, ladder[i].abi);
		doctor_member_json("linux", ladder[i].kernel);
		doctor_member_json("adds", ladder[i].added);
		doctor_member_json("held_by", ladder[i].without);
		putchar('}');
		sep = ",";
	}
	putchar(']');
}

static void all_json(const struct features *f, const char *kernel, bool able, const struct doctor_workspaces *w)
{
	fputs("{\"kernel\":", stdout);
	doctor_text_json(kernel);
	doctor_member_json("engine", "kruxrt " KRUX_VERSION);
	printf(",\"root\":%s,\"able\":%s,\"features\":[", f->root ? "true" : "false", able ? "true" : "false");
	for (unsigned i = 0; i < FEATURES; i++)
		feature_json(f, i);
	ladder_json(f);
	if (w)
		doctor_workspaces_json(w);
	puts("}");
}

static void all_print(const struct features *f, const char *kernel, const unsigned missing[static FEATURE_NEEDS],
                      const struct doctor_workspaces *w, size_t lacking)
{
	printf("kruxrt " KRUX_VERSION ", Linux %s, %s\n\n", kernel, f->root ? "as root" : "rootless");
	for (unsigned i = 0; i < FEATURES; i++)
		feature_print(f, i);
	ladder_print(f);
	if (w)
		doctor_workspaces_print(w);
	verdict_print(f, missing, lacking);
}

/* *w stays NULL where no state folder was named. */
static int workspaces_look(const char *path, struct doctor_workspaces **w, size_t *lacking, struct krux_err *err)
{
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };

	if (!path)
		return 0;
	if (state_open(path, &state, err))
		return -1;
	*w = doctor_workspaces(&state, lacking, err);
	return *w ? 0 : -1;
}

static void workspaces_free(struct doctor_workspaces **w)
{
	doctor_workspaces_free(*w);
}

int doctor_command(int argc, char **argv)
{
	CLEANUP(workspaces_free) struct doctor_workspaces *w = NULL;
	bool json = false, processes = false, ask = false;
	const char *state = NULL;
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &state }, { .name = "--json", .flag = &json }, { .name = "--processes", .flag = &processes },
		{ .name = "--help", .flag = &ask }, { .name = NULL },
	};
	unsigned missing[FEATURE_NEEDS] = { 0 };
	char place[32];
	struct krux_err err = { 0 };
	struct features f;
	struct utsname u;
	const char *operand[1];
	size_t n, lacking = 0;

	if (!options_parse("doctor", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	if (ask) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	if (processes && !state) {
		doctor_processes(json);
		return EXIT_YES;
	}
	if (processes) {
		fputs("kruxrt doctor: --state or --processes, not both\n", stderr);
		return EXIT_USAGE;
	}
	if (workspaces_look(state, &w, &lacking, &err)) {
		fputs("kruxrt doctor: ", stderr);
		screen_puts(stderr, err.text);
		fputc('\n', stderr);
		return EXIT_USAGE;
	}
	fflush(stdout);
	/* As the daemon does. */
	snprintf(place, sizeof place, "krux-self-%d", getpid());
	cgroup_settle(place);
	n = (size_t)features_try(&f);
	cgroup_unsettle();
	if (uname(&u) || n) {
		fprintf(stderr, "kruxrt doctor: try what the machine has: %s\n", strerror(errno));
		return EXIT_SYSTEM;
	}
	for (unsigned i = 0; i < FEATURES; i++)
		missing[feature_list[i].need] += f.no[i] != 0;
	if (json)
		all_json(&f, u.release, !missing[FEATURE_NEEDED], w);
	else
		all_print(&f, u.release, missing, w, lacking);
	return missing[FEATURE_NEEDED] || missing[FEATURE_WAIVABLE] || lacking ? EXIT_NO : EXIT_YES;
}
