/* Programs that people type, confined once they know what they were told to do: krux-call, krux-ctl, krux-audit and
 * krux-witness by their rows of processes.def and process.def. */
#ifndef KRUX_TYPED_H
#define KRUX_TYPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/sandbox/process.h"

struct krux_err;

struct typed_place {
	enum process_place_number place;
	const char *path;              /* NULL: it was not given. Borrowed */
	bool around;                   /* the folder that it is in, where it will be made */
};

struct typed {
	enum process_kind kind;
	const struct typed_place *place;       /* those of that kind; one may stand there often */
	size_t n;
	const uint16_t *port;          /* TCP ports that it connects to */
	size_t nports;
	bool bundles;                  /* it runs the code of bundles */
	/* Processes that it has started are to end with it: a domain that refuses signals to others would refuse the
	 * kernel's own then. Sockets and signals are seccomp's alone. */
	bool parent;
};

/* From here on the process opens what lies in these places, with the rights of processes.def, makes the system calls of
 * process.def, starts no program, and has no capability, as root but those of its row. What is not there has no grant. Where the kernel
 * lacks Landlock (of which the second version is taken) or seccomp it does without, so what calls for refusal is for
 * the caller to find. For programs, not for libraries. */
int typed_confine(const struct typed *, struct krux_err *err);

#endif
