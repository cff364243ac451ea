/* In the place of krux-resolver: a test answers names itself. */
#ifndef KRUX_TEST_NAMES_H
#define KRUX_TEST_NAMES_H

/* Until the channel's other end is closed, then exits with 0; 3: it is no channel. `answer` writes one `struct resolved`
 * to `to`, which is closed when it returns: who answers later, or never, keeps a copy. Ends with its parent. */
void names_run(int channel, void (*answer)(const char *name, int to)) __attribute__((noreturn));

#endif
