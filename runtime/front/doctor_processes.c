/* kruxrt doctor --processes: the tables by which Krux's own processes, and the compiler of a build, are confined. */
#include "runtime/front/doctor.h"

#include "runtime/sandbox/process.h"
#include "runtime/sandbox/sandbox.h"

#include "capspec/rights.h"

#include <linux/capability.h>
#include <stdio.h>

static const struct { unsigned right; const char *name, *word; } words[] = {
	{ RIGHT_READ_FILES, "read", "read" }, { RIGHT_READ_FOLDERS, "list", "list" }, { RIGHT_EXECUTE, "execute", "execute" },
	{ RIGHT_WRITE_FILES, "write", "write" }, { RIGHT_PLAIN_NAMES, "plain-names", "make, rename and remove files" }, { RIGHT_NAMES, "names", "make, rename and remove" },
};
enum { WORDS = sizeof words / sizeof *words };

static const struct { unsigned cap; const char *name; } capabilities[] = {
	{ CAP_DAC_OVERRIDE, "dac_override" }, { CAP_DAC_READ_SEARCH, "dac_read_search" }, { CAP_SYS_ADMIN, "sys_admin" },
	{ CAP_SETUID, "setuid" }, { CAP_SETGID, "setgid" }, { CAP_SETFCAP, "setfcap" }, { CAP_CHOWN, "chown" },
	{ CAP_FOWNER, "fowner" }, { CAP_KILL, "kill" }, { CAP_NET_ADMIN, "net_admin" },
};
enum { CAPABILITIES = sizeof capabilities / sizeof *capabilities };

struct place { const char *word; unsigned rights; };

static const struct place compiler_places[] = {
#define PLACE(path, rights) { path, rights },
#include "capspec/compiler_places.def"
};
enum { COMPILER_PLACES = sizeof compiler_places / sizeof *compiler_places };

/* The i-th place of a process; false: there is none. */
static bool place_at(unsigned kind, unsigned i, struct place *out)
{
	if (kind == PROCESS_COMPILER) {
		if (i < COMPILER_PLACES)
			*out = compiler_places[i];
		return i < COMPILER_PLACES;
	}
	for (unsigned k = 0; k < PROCESS_PLACES; k++)
		if (process_places[k].kind == kind && !i--) {
			*out = (struct place){ process_places[k].word, process_places[k].rights };
			return true;
		}
	return false;
}

/* ---- for people ---- */

static void rights_print(unsigned rights)
{
	const char *sep = "";

	for (unsigned i = 0; i < WORDS; i++)
		if (rights & words[i].right) {
			printf("%s%s", sep, words[i].word);
			sep = ", ";
		}
}

static void files_print(unsigned kind)
{
	static const char *const head[] = { "files       ", "            " };
	struct place p;
	unsigned n = 0;

	for (; place_at(kind, n, &p); n++) {
		printf("    %s  %s: ", head[n > 0], p.word);
		rights_print(p.rights);
		putchar('\n');
	}
	if (*process_rows[kind].files || !n)
		printf("    %s  %s\n", head[n > 0], *process_rows[kind].files ? process_rows[kind].files : "none");
}

static void process_print(unsigned kind)
{
	const struct process_row *r = &process_rows[kind];
	const char *sep = "";

	printf("\n  %s\n", r->word);
	files_print(kind);
	printf("    network       %s\n    system calls  ", r->network);
	if (r->calls)
		printf("%s\n", r->calls);
	else
		printf("%u, and no other\n", process_calls((enum process_kind)kind));
	fputs("    as root       ", stdout);
	for (unsigned i = 0; i < CAPABILITIES; i++)
		if (r->keeps >> capabilities[i].cap & 1) {
			printf("%s%s", sep, capabilities[i].name);
			sep = ", ";
		}
	puts(r->capabilities ? r->capabilities : *sep ? "" : "none");
}

/* ---- for programs ---- */

static void files_json(unsigned kind)
{
	struct place p;

	fputs(",\"files\":[", stdout);
	for (unsigned i = 0; place_at(kind, i, &p); i++) {
		const char *sep = "";

		fputs(i ? ",{\"place\":" : "{\"place\":", stdout);
		doctor_text_json(p.word);
		fputs(",\"rights\":[", stdout);
		for (unsigned k = 0; k < WORDS; k++)
			if (p.rights & words[k].right) {
				fputs(sep, stdout);
				doctor_text_json(words[k].name);
				sep = ",";
			}
		fputs("]}", stdout);
	}
	putchar(']');
}

static void process_json(unsigned kind)
{
	const struct process_row *r = &process_rows[kind];
	const char *sep = "";

	fputs(kind ? ",{\"name\":" : "{\"name\":", stdout);
	doctor_text_json(r->word);
	files_json(kind);
	doctor_member_json("files_besides", r->files);
	doctor_member_json("network", r->network);
	if (r->calls)
		doctor_member_json("calls", r->calls);
	else
		printf(",\"calls\":%u", process_calls((enum process_kind)kind));
	if (r->capabilities) {
		doctor_member_json("capabilities", r->capabilities);
	} else {
		fputs(",\"capabilities\":[", stdout);
		for (unsigned i = 0; i < CAPABILITIES; i++)
			if (r->keeps >> capabilities[i].cap & 1) {
				printf("%s\"%s\"", sep, capabilities[i].name);
				sep = ",";
			}
		putchar(']');
	}
	putchar('}');
}

/* Whether what the tables say is applied here. */
static void here_print(void)
{
	const struct probe *p = probe_get();

	printf("\nHere: %s Landlock", p->present[LAYER_LANDLOCK] ? "there is" : "there is no");
	if (p->present[LAYER_LANDLOCK])
		printf(", version %d", p->landlock_abi);
	printf("; %s seccomp.\n", p->present[LAYER_SECCOMP] ? "there is" : "there is no");
	puts("Without one of them kruxrt serve does not start, and kruxc build is refused unless it is told otherwise. kruxc\n"
	     "itself, krux-call, krux-ctl, krux-audit and krux-witness do what they are told with what there is.");
}

static void here_json(void)
{
	const struct probe *p = probe_get();

	printf("],\"landlock\":%d,\"seccomp\":%s}\n", p->present[LAYER_LANDLOCK] ? p->landlock_abi : 0,
	       p->present[LAYER_SECCOMP] ? "true" : "false");
}

void doctor_processes(bool json)
{
	if (json) {
		fputs("{\"processes\":[", stdout);
		for (unsigned i = 0; i < PROCESS_ROWS; i++)
			process_json(i);
		here_json();
		return;
	}
	puts("What each process may do once it is confined, by Landlock, seccomp and its capabilities:");
	for (unsigned i = 0; i < PROCESS_ROWS; i++)
		process_print(i);
	here_print();
}
