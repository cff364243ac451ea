/* An egress process for tests, and names that it finds without asking anybody. */
#ifndef KRUX_TEST_OUTSIDE_H
#define KRUX_TEST_OUTSIDE_H

#include "capspec/line.h"
#include "runtime/base/message.h"
#include "runtime/egress/proxy.h"

/* Names: here.test is 127.0.0.1; inside.test 10.0.0.1; mixed.test both; turns.test 127.0.0.1 when it is asked for
 * first, 10.0.0.1 from then on; two.test 127.0.0.1 and 127.0.0.2; none.test is no name; silent.test is never answered, late.test with the next name that
 * is not late, and every other name has no answer. `named` is what the operator names, NULL: nothing. */
/* From the next start on; host "": none. */
extern struct proxy outside_proxy;
void outside_start(const char *named);
void outside_stop(void);
bool outside_on(void);

/* A call's line; the child's end, which the caller closes. */
int outside_line(uint64_t cookie, const struct message_target *, unsigned n);
/* What egress answers; the connection, -1: none. */
int outside_ask(int line, const struct line_ask *, struct line_reply *out);
/* The same where it was asked before. */
int outside_heard(int line, struct line_reply *out);
struct message_target outside_target(const char *host, uint16_t port);
/* Waits for the end of that line, which is what used is then. */
void outside_over(uint64_t cookie, struct message_lined *used, unsigned n);

/* A listener on 127.0.0.1; its port. */
int outside_listen(uint16_t *port);

#endif
