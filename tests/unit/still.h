/* A clock of the day that stands still, for tests of what passes with it: in place of the C library's, in a
 * program that calls one of these, and in all that it forks. */
#ifndef KRUX_STILL_H
#define KRUX_STILL_H

/* It stands, a little after the moment that it is; it goes on by so many seconds, or back; it goes again, which
 * each test begins with: what one holds, the next one finds held. */
void still_now(void);
void still_on(int seconds);
void still_end(void);

#endif
