/* Figures of the machine, from files of /proc that were opened before the call was confined. */
#ifndef KRUX_FIGURES_H
#define KRUX_FIGURES_H

#include "stdlib-caps/common/handler.h"

struct memory { uint64_t total, available; };            /* bytes */
struct disk { uint64_t total, available; };
struct load { unsigned hundredths[3]; };                 /* over 1, 5 and 15 minutes */
struct busy { uint64_t busy, all; };                     /* ticks since the start */
struct disk_io { uint64_t read, written; };              /* bytes since the start */

/* Each false, with the call failed, when the kernel does not give the figure. */
bool figures_memory(struct handler_call *, int meminfo, struct memory *);
bool figures_disk(struct handler_call *, struct disk *);
bool figures_load(struct handler_call *, int loadavg, struct load *);
bool figures_busy(struct handler_call *, int stat, struct busy *);
bool figures_disk_io(struct handler_call *, int diskstats, struct disk_io *);
unsigned figures_processors(void);

#endif
