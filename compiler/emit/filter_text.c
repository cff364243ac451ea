/* A filter to what people read: the rows of the table that it was made from. */
#include "compiler/emit/layers.h"

#include <string.h>

#include "capspec/digest.h"
#include "capspec/rights.h"
#include "compiler/emit/filter.h"

static const struct { const char *name, *gives; } never[] = {
#define NEVER(name, gives) { #name, gives },
#define NEVER_BUILTIN(name, gives) { #name, gives },
#include "capspec/never.def"
};

enum { WIDTH = 100 };

/* Words in lines of WIDTH. */
struct lines {
	struct buf *b;
	size_t column;
};

static void word_put(struct lines *l, const char *word)
{
	size_t n = strlen(word);

	if (!l->column || l->column + 1 + n > WIDTH) {
		buf_puts(l->b, "\n   ");
		l->column = 3;
	}
	buf_putc(l->b, ' ');
	buf_puts(l->b, word);
	l->column += 1 + n;
}

static void groups_print(struct buf *b, unsigned groups)
{
	buf_puts(b, filter_group_word(groups & CALLS_COMMAND));
	groups &= ~(unsigned)CALLS_COMMAND;
	for (unsigned bit = 1; bit <= CALLS_RELAY; bit <<= 1)
		if (groups & bit)
			buf_printf(b, ", %s", filter_group_word(bit));
}

static void checks_print(struct buf *b, const struct filter_row *r)
{
	for (size_t k = 0; k < r->nchecks; k++)
		buf_printf(b, "%s%s argument %u & 0x%x == 0x%x", !k ? "" : r->any ? " or" : " and",
		           k && k % 3 == 0 ? "\n     " : "", r->check[k].arg, r->check[k].mask, r->check[k].bits);
	buf_putc(b, '\n');
}

static void allowed_print(struct buf *b, const struct filter_row *r, size_t n, unsigned groups)
{
	struct lines l = { b, 0 };

	buf_puts(b, "\n\n  allowed\n");
	b->n--;
	for (size_t i = 0; i < n; i++)
		if (filter_has(&r[i], groups) && !r[i].no && !r[i].nchecks)
			word_put(&l, r[i].name);
	buf_puts(b, "\n\n  allowed where it is\n");
	for (size_t i = 0; i < n; i++) {
		if (!filter_has(&r[i], groups) || !r[i].nchecks)
			continue;
		buf_printf(b, "    %s %s:", r[i].name, r[i].why);
		checks_print(b, &r[i]);
	}
}

static void refused_print(struct buf *b, const struct filter_row *r, size_t n, unsigned groups)
{
	buf_puts(b, "\n  answered with an error, and not done\n");
	for (size_t i = 0; i < n; i++)
		if (filter_has(&r[i], groups) && r[i].no)
			buf_printf(b, "    %s %s: %s\n", r[i].name, strerrorname_np(r[i].no), r[i].why);
}

void filter_never_write(struct buf *b)
{
	buf_puts(b, "\nsystem calls that no handler may have, by what they would give\n"
	            "(a command's program has openat2, execve and execveat, and ioctl and socket where its list says so)\n\n");
	for (size_t i = 0; i < sizeof never / sizeof *never;) {
		struct lines l = { b, 0 };
		const char *gives = never[i].gives;

		buf_printf(b, "  %s:", gives);
		l.column = 3 + strlen(gives);
		for (; i < sizeof never / sizeof *never && !strcmp(never[i].gives, gives); i++)
			word_put(&l, never[i].name);
		buf_putc(b, '\n');
	}
}

static void program_print(struct buf *b, const struct filter *f, enum krux_machine m)
{
	const struct krux_filter *p = &f->program[m];
	uint8_t digest[32];
	const struct filter_row *r;
	bool first = true;
	size_t n;

	krux_sha256((struct krux_str){ (const char *)p->code, p->n * sizeof *p->code }, digest);
	buf_printf(b, "  %-7s  %zu instructions, SHA-256 ", krux_machine_word(m), p->n);
	for (size_t i = 0; i < sizeof digest; i++)
		buf_printf(b, "%02x", digest[i]);
	buf_puts(b, m == KRUX_AARCH64 ? "\n           simulated: no such machine has run it yet\n" : "\n");
	r = filter_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (!filter_has(&r[i], f->groups) || filter_number(r[i].name, m) >= 0)
			continue;
		buf_printf(b, "%s %s", first ? "           it has no" : ",", r[i].name);
		first = false;
	}
	buf_puts(b, first ? "" : "\n");
}

void filter_text_write(struct buf *b, const struct capability *c, const struct filter *f)
{
	size_t n;
	const struct filter_row *r = filter_rows(&n);

	buf_str(b, c->name);
	buf_printf(b, "@%u.%u\n\n", c->major, c->minor);
	buf_printf(b, "system calls of %s %.*s%s: ",
	           f->groups & CALLS_COMMAND ? "the program" : f->groups & CALLS_RUN ? "who waits for" : "the handler",
	           STR_ARG(c->handler.name),
	           f->groups & CALLS_COMMAND ? " and of what it starts" :
	           f->groups & CALLS_RUN ? " and commits what it changed" : " once it is confined");
	groups_print(b, f->groups);
	allowed_print(b, r, n, f->groups);
	refused_print(b, r, n, f->groups);
	buf_puts(b, f->groups & CALLS_COMMAND
	            ? "\n  Everything else is answered with ENOSYS and not done, among it what common.txt lists. Calls of another\n"
	              "  architecture and of x32 kill the process.\n"
	            : "\n  Everything else kills the process, among it all calls of another architecture and of x32, and those\n"
	              "  that common.txt lists.\n");
	buf_puts(b, "\nprograms, which kruxc has followed on all ways, for every number of a system call and any arguments\n\n");
	for (unsigned m = 0; m < KRUX_MACHINES; m++)
		program_print(b, f, m);
}
