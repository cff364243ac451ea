/* What tests of libkrux share: a scripted daemon and a connection to it. */
#ifndef KRUX_CLIENT_RIG_H
#define KRUX_CLIENT_RIG_H

#include "client/krux.h"

#include "tests/unit/fake_daemon.h"

#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define WELCOME "welcome version=1 agent=builder bundle=hex:" HASH " dev=false engine=\"kruxrt 0\" limits="

extern struct fake gate;          /* the tests say what it does */
extern struct krux *k;
extern struct krux_fault fault;
extern struct krux_options options;

void rig_setup(void);
void rig_teardown(void);
/* Open, and hello is read. */
void rig_greet(void);
/* And welcome is answered, with these limits. */
void rig_ready(const char *limits);
struct krux_request rig_request(const char *json);
uint64_t rig_submit(const struct krux_request *);
/* The result of this number, which is there after a step. */
struct krux_result *rig_stepped(uint64_t id);
unsigned rig_descriptors(void);
int64_t rig_now_ms(void);
void rig_wait_ms(long ms);

#endif
