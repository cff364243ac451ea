/* Effects and limits to sentences about what enforces them, and the operands that the policy leaves.
 * Every effect has a row in one of the tables below, or the plan says that the capability is not
 * run. */
#include "compiler/emit/sandbox_plan.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/escape.h"
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
};

static const char pruned[] =
	"handler  asks the policy about each path below, and leaves out or refuses what the call itself\n"
	"         would be stricter with\n";

static bool is_held(const struct capability *cap, const struct effect *e)
{
	return cap->handler.kind == HANDLER_BUILTIN &&
	       (e->kind == EFFECT_NONE || (e->nargs && (e->arg[0].tree ? holders[e->kind].tree : holders[e->kind].one)));
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

static void arg_print(struct buf *b, const struct effect_arg *a)
{
	buf_puts(b, a->tree ? "tree " : "");
	if (a->is_constant) {
		buf_putc(b, '"');
		escape_cap(b, a->constant);
		buf_putc(b, '"');
	} else {
		buf_str(b, a->access.text);
	}
	buf_puts(b, a->prunes ? " prunes" : "");
}

static void effect_print(struct buf *b, const struct effect *e)
{
	buf_puts(b, effect_word(e->kind));
	for (size_t i = 0; i < e->nargs; i++) {
		buf_puts(b, i ? ", " : "(");
		arg_print(b, &e->arg[i]);
	}
	buf_puts(b, e->nargs ? ")" : "");
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

static void reach_print(struct buf *b, const struct reach *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct reach_class *c = &r->list[i];

		buf_puts(b, "\n  ");
		if (c->agents.n)
			buf_str(b, c->agents);
		else
			buf_puts(b, "every agent");
		buf_puts(b, "\n");
		if (c->never)
			buf_puts(b, "    none of its calls is let through\n");
		else if (!c->noperands)
			buf_puts(b, "    no operands\n");
		for (size_t k = 0; k < c->noperands; k++) {
			buf_puts(b, "    ");
			buf_puts(b, effect_word(c->operand[k].effect->kind));
			buf_putc(b, ' ');
			arg_print(b, c->operand[k].arg);
			buf_puts(b, ": ");
			buf_str(b, c->operand[k].what);
			buf_putc(b, '\n');
		}
	}
}

static void effects_print(struct buf *b, const struct capability *cap)
{
	for (size_t i = 0; i < cap->neffects; i++) {
		const struct effect *e = &cap->effect[i];

		buf_puts(b, "\n  ");
		effect_print(b, e);
		buf_putc(b, '\n');
		if (!is_held(cap, e)) {
			lines_indent(b, "nobody   this version has nothing that enforces it, and does not run the call\n");
			continue;
		}
		if (e->kind == EFFECT_NONE) {
			lines_indent(b, "kernel   Landlock leaves no right to any file, seccomp no open\n");
			continue;
		}
		lines_indent(b, e->arg[0].tree ? holders[e->kind].tree : holders[e->kind].one);
		lines_indent(b, e->arg[0].prunes ? pruned : "");
	}
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
	buf_puts(b, "\n  memory ");
	bytes_print(b, cap->limit[LIMIT_MEMORY]);
	buf_puts(b, ": kernel, private writable memory beyond what the child starts with\n  cpu ");
	time_print(b, cap->limit[LIMIT_CPU]);
	buf_puts(b, ": kernel, killed\n  wall ");
	time_print(b, cap->limit[LIMIT_WALL]);
	buf_printf(b, ": parent, killed\n  pids %llu: kernel\n  files %llu: kernel, open descriptors\n  output ",
	           (unsigned long long)cap->limit[LIMIT_PIDS], (unsigned long long)cap->limit[LIMIT_FILES]);
	bytes_print(b, cap->limit[LIMIT_OUTPUT]);
	buf_puts(b, ": parent, killed\n");
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
	"  child    decides again, with the facts of the record, before it opens anything\n";

void sandbox_common_write(struct buf *b, const struct words *words)
{
	buf_puts(b, common);
	filter_never_write(b);
	names_print(b, words);
}

void sandbox_plan_write(struct buf *b, const struct reach *r)
{
	const struct capability *cap = r->cap;

	buf_str(b, cap->name);
	buf_printf(b, "@%u.%u\n\nwhat the policy lets calls reach, at once or with approval\n", cap->major, cap->minor);
	reach_print(b, r);
	buf_puts(b, "\nwho holds a call to its effects\n");
	effects_print(b, cap);
	buf_puts(b, "\nto its limits\n");
	limits_print(b, cap);
	buf_puts(b, cap->handler.kind == HANDLER_BUILTIN ? "\nand to nothing else: common.txt, which also explains names of long sets\n" :
	            "\nthis version runs builtin handlers only: no call of this capability is run\n");
}
