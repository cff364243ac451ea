/* What a service manager is told, where there is one: the datagrams of sd_notify(3). */
#ifndef KRUX_READY_H
#define KRUX_READY_H

/* Remembers NOTIFY_SOCKET and takes it out of the environment, which children inherit. */
void ready_begin(void);
/* "READY=1", "STOPPING=1", or "RELOADING=1" with the time that goes with it; status may be NULL.
 * Silently nothing where nobody listens. */
void ready_say(const char *state, const char *status);

#endif
