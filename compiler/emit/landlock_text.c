/* What Landlock leaves the calls of a capability, and what each version of it can hold, in words. */
#include "compiler/emit/layers.h"
#include "compiler/emit/nft.h"

#include "capspec/relay.h"
#include "capspec/rights.h"
#include "compiler/base/escape.h"
#include "compiler/plan/reach.h"

static const struct {
	const char *name;
	int abi;
	unsigned groups;
} rights[] = {
#define LANDLOCK_RIGHT(name, bit, abi, file, groups) { #name, abi, groups },
#include "capspec/landlock.def"
};

static const struct {
	int abi;
	const char *kernel, *added, *without;
} ladder[] = {
#define LANDLOCK_ABI(abi, kernel, added, without) { abi, kernel, added, without },
#include "capspec/landlock.def"
};

static void rights_print(struct buf *b, unsigned groups)
{
	for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
		if (rights[i].groups & groups)
			buf_printf(b, " %s", rights[i].name);
}

static void folder_print(struct buf *b, struct krux_str folder)
{
	buf_puts(b, "    /workspace");
	if (folder.n)
		buf_putc(b, '/');
	escape_cap(b, folder);
	buf_putc(b, '\n');
}

static void class_print(struct buf *b, const struct reach_class *c, unsigned groups)
{
	buf_puts(b, "\n  ");
	if (c->agents.n)
		buf_str(b, c->agents);
	else
		buf_puts(b, "every agent");
	buf_putc(b, '\n');
	if (c->never)
		buf_puts(b, "    none of its calls is let through\n");
	else if (!c->folders.n)
		buf_puts(b, "    nothing else\n");
	for (size_t i = 0; i < c->folders.n; i++)
		folder_print(b, c->folders.list[i]);
	if (c->folders.joined)
		buf_printf(b, "    (more than %d folders would be needed: some of these stand for several, and hold more)\n",
		           KRUX_REACH_MOST);
	if (c->folders.n) {
		buf_puts(b, "     ");
		rights_print(b, groups);
		buf_putc(b, '\n');
	}
}

void landlock_ladder_write(struct buf *b)
{
	buf_puts(b, "\nLandlock's versions (ABI), and what holds the same where one is missing\n\n");
	for (size_t i = 0; i < sizeof ladder / sizeof *ladder; i++)
		buf_printf(b, "  %d  Linux %-5s %s\n      without it: %s\n", ladder[i].abi, ladder[i].kernel, ladder[i].added,
		           ladder[i].without);
}

static const char program[] =
	"\nThe program has, beside what its operands are in /workspace: to read and execute what there is of the host, to read\n"
	"below /proc and /etc, to read and write its devices, and everything but to execute below /tmp.\n";

static const char network[] =
	"Of TCP it may connect to port %d, where the relay of its call listens; before Landlock 4 nftables alone says so.\n";

void landlock_text_write(struct buf *b, const struct capability *c, const struct krux_layer *l, const struct reach *r)
{
	buf_str(b, c->name);
	buf_printf(b, "@%u.%u\n\n", c->major, c->minor);
	if (!(l->rights & ~(unsigned)RIGHT_EXECUTE)) {
		buf_puts(b, l->command ? "Landlock leaves its calls no right to any file of the workspace.\n" :
		            "Landlock leaves its calls no right to any file.\n");
	} else {
		buf_puts(b, "Before a call opens anything, Landlock leaves it below these folders the rights named there, and to open\n"
		            "the workspace's folders. Once it has opened its operands, it keeps rights below those alone.\n");
		for (size_t i = 0; i < r->n; i++)
			class_print(b, &r->list[i], l->rights);
		if (l->rights & RIGHT_NAMES)
			buf_puts(b, "\n  The trash and unfinished files have the same rights. What a path's own name is made or removed in\n"
			            "  is the folder above it.\n");
	}
	if (l->command)
		buf_puts(b, program);
	if (capability_has_network(c))
		buf_printf(b, network, RELAY_PORT);
}
