/* Effects and limits to who enforces them, and the operands that the policy leaves. How each is
 * enforced is alike for all capabilities: common.txt says it once. Every effect has a row in the table
 * below, or the plan says that the capability is not run. */
#include "compiler/emit/sandbox_plan.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/escape.h"
#include "compiler/model/held.h"
#include "compiler/emit/layers.h"
#include "compiler/plan/cond_print.h"

/* ---- who holds what ---- */

/* Of a builtin: effects over one operand, and over all that lies below it. NULL: this version has no
 * builtin that does it. */
static const struct holder {
	const char *one, *tree;
} holders[EFFECT_COUNT] = {
	[EFFECT_READS] = {
		"kernel   the operand is opened beneath the workspace, through no link and no mount, before\n"
		"         anything is read; then Landlock leaves no right to open another, and seccomp no open\n",
		"kernel   Landlock leaves read rights below the opened folder alone\n"
		"handler  opens each path below it beneath the folder and through no link\n",
	},
	[EFFECT_LISTS] = {
		"kernel   the operand is opened beneath the workspace, through no link and no mount; then\n"
		"         Landlock leaves no right to open another, and seccomp no open\n",
		"kernel   Landlock leaves the right to list below the opened folder alone\n"
		"handler  opens each folder below it beneath the first and through no link\n",
	},
	[EFFECT_CREATES] = {
		"kernel   the parent folder is opened beneath the workspace; Landlock leaves rights on names in\n"
		"         that folder alone; content grows in a folder that no call shows\n"
		"handler  makes the one name that was decided, never a protected one\n",
		"kernel   Landlock leaves rights on names below the opened folder alone\n"
		"handler  makes names that were decided, never a protected one\n",
	},
	[EFFECT_WRITES] = {
		"kernel   the parent folder is opened beneath the workspace; Landlock leaves rights on names in\n"
		"         that folder alone; content grows in a folder that no call shows\n"
		"handler  replaces the one file that was decided, never a protected name, a link or a file\n"
		"         with several hard links\n",
		"kernel   Landlock leaves rights on names below the opened folder alone\n"
		"handler  replaces files that were decided, never a protected name or a link\n",
	},
	[EFFECT_DELETES] = {
		"kernel   the parent folder is opened beneath the workspace; Landlock leaves rights on names in\n"
		"         that folder and in the trash alone\n"
		"handler  moves the one name that was decided to the trash, never a protected one\n",
		"kernel   Landlock leaves rights on names of the opened folder and the trash alone\n"
		"handler  moves the whole tree to the trash, or nothing where it holds a protected name\n",
	},
	[EFFECT_CONNECTS] = {
		"kernel   no network: seccomp leaves no socket, and the namespace has no interface that is up\n"
		"egress   connects to the decided host and port alone, at an address that it has checked, and\n"
		"         passes bytes on\n",
		NULL,
	},
};

static const char pruned[] =
	"handler  asks the policy about each path below, and leaves out or refuses what the call itself\n"
	"         would be stricter with\n";

static const char changed[] =
	"kernel   the program writes to an overlay over the workspace, which is gone with the call\n"
	"child    when the program has ended by itself, looks at each change beneath the overlay's upper folder,\n"
	"         asks the policy about it as about the call itself, and commits what is allowed, each file at\n"
	"         once; never a protected name, a link, a device, or a file that has changed meanwhile\n";

/* Of a command. */
static const struct holder commands[EFFECT_COUNT] = {
	[EFFECT_READS] = {
		"kernel   Landlock leaves the program the right to read that file, and no folder\n",
		"kernel   Landlock leaves the program the right to read below the folder\n",
	},
	[EFFECT_LISTS] = { NULL, "kernel   Landlock leaves the program the right to list below the folder\n" },
	[EFFECT_CREATES] = { changed, changed },
	[EFFECT_WRITES] = { changed, changed },
	[EFFECT_DELETES] = { changed, changed },
	[EFFECT_CONNECTS] = {
		"kernel   the program makes sockets of TCP, and its network namespace has a loopback and nothing\n"
		"         else; nftables and Landlock let it connect to one port there\n"
		"child    listens at that port, which https_proxy names; takes CONNECT to a decided host and port\n"
		"         and TLS whose server name is that host; a request to it, each alone, where http was decided,\n"
		"         by its URL or as port 80; and refuses everything else\n"
		"egress   connects to the decided host and port alone, at an address that it has checked, and\n"
		"         passes bytes on\n",
		NULL,
	},
};

static const char *const host[] = {
#define HOST(path) path,
#include "capspec/host.def"
};

static const char command_common[] =
	"\nhow commands are held to effects\n\n"
	"  The program's file is copied when the daemon starts, and is run from that copy if it has the digest.\n"
	"  It has seccomp and Landlock of its own, /workspace, a /tmp and a /dev of four devices, its own processes\n"
	"  in /proc, and read-only of the host";

static bool is_held(const struct capability *cap, const struct effect *e)
{
	return cap->handler.kind != HANDLER_MCP && effect_is_held(cap, e);
}

/* ---- words ---- */

static void lines_indent(struct buf *b, const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start)
			buf_puts(b, "    ");
		buf_putc(b, *text);
		start = *text == '\n';
	}
}

/* A long chain, one part a line. */
static void chain_print(struct buf *b, struct krux_str text)
{
	static const char join[] = " or ";
	const char *p = text.p, *end = text.p + text.n, *at;

	while ((at = memmem(p, (size_t)(end - p), join, sizeof join - 1))) {
		buf_put(b, p, (size_t)(at - p));
		buf_puts(b, "\n    or ");
		p = at + sizeof join - 1;
	}
	buf_put(b, p, (size_t)(end - p));
}

/* ---- parts ---- */

static void reached_print(struct buf *b, const struct reach_operand *o)
{
	buf_puts(b, effect_word(o->effect->kind));
	buf_putc(b, ' ');
	effect_arg_print(b, o->arg);
}

/* Operands that are held to the same set share a line. */
static void operands_print(struct buf *b, const struct reach_class *c)
{
	for (size_t i = 0; i < c->noperands; i++) {
		size_t first = 0;

		while (!krux_str_eq(c->operand[first].what, c->operand[i].what))
			first++;
		if (first < i)
			continue;
		buf_puts(b, "    ");
		reached_print(b, &c->operand[i]);
		for (size_t k = i + 1; k < c->noperands; k++) {
			if (!krux_str_eq(c->operand[k].what, c->operand[i].what))
				continue;
			buf_puts(b, ", ");
			reached_print(b, &c->operand[k]);
		}
		buf_puts(b, ": ");
		buf_str(b, c->operand[i].what);
		buf_putc(b, '\n');
	}
}

static void reach_print(struct buf *b, const struct reach *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct reach_class *c = &r->list[i];

		buf_puts(b, i ? "\n  " : "  ");
		if (c->agents.n)
			buf_str(b, c->agents);
		else
			buf_puts(b, "every agent");
		buf_puts(b, "\n");
		if (c->never)
			buf_puts(b, "    nothing: none of its calls is let through\n");
		else if (!c->noperands)
			buf_puts(b, "    no operands\n");
		operands_print(b, c);
		if (c->folders.joined)
			buf_printf(b, "    of more than %d folders: Landlock holds fewer that hold more, see the .landlock.txt beside this\n",
			           KRUX_REACH_MOST);
	}
}

static const char *held_by(const struct capability *cap, const struct effect *e)
{
	const char *how = e->nargs && e->arg[0].tree ? holders[e->kind].tree : holders[e->kind].one;

	if (!is_held(cap, e))
		return "nobody";
	if (capability_asks_runs(cap))
		return "spawner";
	if (cap->handler.kind == HANDLER_COMMAND && e->kind == EFFECT_CONNECTS)
		return "kernel, child and egress";
	if (cap->handler.kind == HANDLER_COMMAND)
		return effect_changes(e) ? "kernel and child" : "kernel";
	if (e->kind == EFFECT_CONNECTS)
		return "kernel and egress";
	return e->kind != EFFECT_NONE && strstr(how, "handler") ? "kernel and handler" : "kernel";
}

static void effects_print(struct buf *b, const struct capability *cap)
{
	bool all = true;

	for (size_t i = 0; i < cap->neffects; i++) {
		buf_puts(b, "  ");
		effect_print(b, &cap->effect[i]);
		buf_printf(b, ": %s\n", held_by(cap, &cap->effect[i]));
		all &= is_held(cap, &cap->effect[i]);
	}
	if (!all)
		buf_puts(b, "  this version does not run a call that nobody holds\n");
	if (cap->approves_changes)
		buf_puts(b, "  changes: none is put into the workspace before a person has been shown all of them, and approved them as a "
		         "whole\n");
}

static void bytes_print(struct buf *b, uint64_t v)
{
	struct subject size = { .kind = SUBJECT_SIZE };

	number_print(b, &size, v);
}

static void time_print(struct buf *b, uint64_t ns)
{
	char text[64];

	buf_put(b, text, (size_t)krux_duration_text(ns, text, sizeof text));
}

static void limits_print(struct buf *b, const struct capability *cap)
{
	const unsigned long long pids = cap->limit[LIMIT_PIDS], files = cap->limit[LIMIT_FILES];

	buf_puts(b, "  memory ");
	bytes_print(b, cap->limit[LIMIT_MEMORY]);
	if (cap->handler.kind == HANDLER_COMMAND)
		buf_printf(b, ", pids %llu, of all its processes together: kernel, by a cgroup\n  cpu ", pids);
	else
		buf_puts(b, ", cpu ");
	time_print(b, cap->limit[LIMIT_CPU]);
	if (cap->handler.kind == HANDLER_COMMAND)
		buf_printf(b, ", files %llu, of each process: kernel\n  wall ", files);
	else
		buf_printf(b, ", pids %llu, files %llu: kernel\n  wall ", pids, files);
	time_print(b, cap->limit[LIMIT_WALL]);
	buf_puts(b, ", output ");
	bytes_print(b, cap->limit[LIMIT_OUTPUT]);
	buf_puts(b, ": parent\n");
}

/* ---- what plans share ---- */

static void names_print(struct buf *b, const struct words *words)
{
	if (!words->nnamed)
		return;
	buf_puts(b, "\nnames of long sets\n");
	for (size_t i = 0; i < words->nnamed; i++) {
		buf_puts(b, "\n  ");
		buf_str(b, words->named[i].c->name);
		buf_puts(b, ":\n    ");
		chain_print(b, words->named[i].text);
		buf_putc(b, '\n');
	}
}

static const char common[] =
	"what holds each call that is run, beside its own plan\n\n"
	"  kernel   namespaces of its own: no network, no other process, an empty read-only root\n"
	"           seccomp kills it for any system call that the handler's list does not have\n"
	"           Landlock refuses every file, TCP port, abstract socket and signal that the plan does not\n"
	"           name\n"
	"           no capabilities, no_new_privs, not dumpable, no core\n"
	"  parent   closes all other descriptors, checks the answer against the output type\n"
	"  child    decides again, with the facts of the record, before it opens anything\n\n"
	"how calls are held to limits\n\n"
	"  memory   kernel, private writable memory beyond what the child starts with, of each process; of\n"
	"           all processes of the call and files in memory together too, by its cgroup, nothing of it\n"
	"           swapped: all of them are killed\n"
	"  cpu      kernel, of each process, killed\n"
	"  wall     parent, killed\n"
	"  pids     kernel, by the user and by the cgroup of the call, which counts what it refuses\n"
	"  files    kernel, open descriptors\n"
	"  output   parent, killed\n\n"
	"  A machine without one of these cgroup limits runs a command only where its operator has waived it, and\n"
	"  a builtin all the same, which is one process; the layers in the record of a call say what was on.\n\n"
	"how builtins are held to effects\n\n"
	"  none\n"
	"    kernel   Landlock leaves no right to any file, seccomp no open\n";

static void holders_print(struct buf *b)
{
	for (int i = 0; i < EFFECT_COUNT; i++) {
		const char *word = effect_word((enum effect_kind)i);

		if (!holders[i].one)
			continue;
		buf_printf(b, "\n  %s(%s)\n", word, i == EFFECT_CONNECTS ? "host, port" : "path");
		lines_indent(b, holders[i].one);
		if (!holders[i].tree)
			continue;
		buf_printf(b, "\n  %s(tree path)\n", word);
		lines_indent(b, holders[i].tree);
	}
	buf_puts(b, "\n  prunes, beside that\n");
	lines_indent(b, pruned);
}

static void commands_print(struct buf *b)
{
	buf_puts(b, command_common);
	for (size_t i = 0; i < sizeof host / sizeof *host; i++)
		buf_printf(b, "%s%s", i == 0 ? "\n  " : i == 6 ? ",\n  " : ", ", host[i]);
	buf_puts(b, ".\n");
	for (int i = 0; i < EFFECT_COUNT; i++) {
		const char *word = effect_word((enum effect_kind)i);

		if (commands[i].tree == changed)
			continue;
		if (commands[i].one) {
			buf_printf(b, "\n  %s(%s)\n", word, i == EFFECT_CONNECTS ? "host, port" : "path");
			lines_indent(b, commands[i].one);
		}
		if (commands[i].tree) {
			buf_printf(b, "\n  %s(tree path)\n", word);
			lines_indent(b, commands[i].tree);
		}
	}
	buf_puts(b, "\n  creates, writes, deletes\n");
	lines_indent(b, changed);
}

void sandbox_common_write(struct buf *b, const struct words *words)
{
	buf_puts(b, common);
	holders_print(b);
	commands_print(b);
	filter_never_write(b);
	landlock_ladder_write(b);
	names_print(b, words);
}

/* Where the names that the text behind `from` calls are written out. */
static void names_refer(struct buf *b, size_t from, const struct words *words)
{
	size_t end = b->n;
	bool any = false;

	for (size_t i = 0; i < words->nnamed; i++) {
		struct krux_str name = words->named[i].c->name;

		if (!memmem(b->p + from, end - from, name.p, name.n))
			continue;
		buf_puts(b, any ? ", " : "\n  where ");
		buf_str(b, name);
		any = true;
	}
	buf_puts(b, any ? " is what common.txt says at its end\n" : "");
}

void sandbox_plan_write(struct buf *b, const struct reach *r, const struct words *words)
{
	const struct capability *cap = r->cap;
	size_t from;
	unsigned groups;

	buf_str(b, cap->name);
	buf_printf(b, "@%u.%u\n\nwhat the policy lets calls reach, at once or with approval\n\n", cap->major, cap->minor);
	from = b->n;
	reach_print(b, r);
	names_refer(b, from, words);
	if (cap->handler.kind == HANDLER_MCP ||
	    (cap->handler.kind == HANDLER_BUILTIN && !builtin_groups(cap->handler.name, &groups))) {
		buf_puts(b, cap->handler.kind == HANDLER_MCP ? "\nthis version runs builtin handlers and commands only" :
		            "\nthis version has no such handler");
		buf_puts(b, ": no call of this capability is run\n");
		return;
	}
	if (!capability_is_run(cap, &groups)) {
		buf_puts(b, cap->handler.kind == HANDLER_COMMAND ?
		            "\nthis version holds no command to that: no call of this capability is run\n" :
		            "\nthis version has no handler for it: no call of this capability is run\n");
		return;
	}
	buf_puts(b, "\nwho holds a call to that and to nothing else, as common.txt says\n\n");
	effects_print(b, cap);
	if (capability_asks_runs(cap)) {
		buf_puts(b, "\nno process is made for a call: the spawner answers it, and knows of runs in the background those of the\n"
		            "agent that asks; a signal goes to the processes of one run, in its sandbox\n");
		return;
	}
	limits_print(b, cap);
	if (cap->handler.kind == HANDLER_COMMAND)
		buf_printf(b, "\nthe program\n\n  %.*s, SHA-256 %.*s: child, when it is started%s\n", STR_ARG(cap->handler.name),
		           STR_ARG(cap->handler.sha256), command_executes_workspace(cap) ?
		           "\n  it may run what is in the workspace and in its /tmp" : "");
	if (cap->handler.background)
		buf_puts(b, "\nin the background\n\n"
		            "  a call is answered when the program runs; all of this holds until the program ends, by itself, by a\n"
		            "  signal, at wall, or with its generation of processes\n");
}
