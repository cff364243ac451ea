/* A connection to a daemon that is all script. */
#include "tests/unit/client_rig.h"

#include <check.h>
#include <dirent.h>
#include <time.h>

struct fake gate;
struct krux *k;
struct krux_fault fault;
struct krux_options options;

unsigned rig_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

void rig_setup(void)
{
	fake_start(&gate, FRAME_TO_GATE);
	options = (struct krux_options){ .size = sizeof options, .agent = "builder", .token = "secret",
		                         .socket = gate.path, .timeout_ms = 2000 };
	fault = (struct krux_fault){ 0 };
}

void rig_teardown(void)
{
	krux_close(k);
	k = NULL;
	fake_stop(&gate);
}

void rig_greet(void)
{
	ck_assert_msg(!krux_open(&options, &k, &fault), "%s", fault.text);
	fake_accept(&gate);
	fake_expect(&gate, FRAME_HELLO);
}

/* Ready, with these limits. */
void rig_ready(const char *limits)
{
	rig_greet();
	fake_say(&gate, WELCOME "%s", limits);
	ck_assert(!krux_step(k, &fault) && krux_welcomed(k));
}

struct krux_request rig_request(const char *json)
{
	return (struct krux_request){ .size = sizeof(struct krux_request), .capability = "filesystem.read",
		                      .json = json, .flags = KRUX_JSON };
}

uint64_t rig_submit(const struct krux_request *q)
{
	uint64_t id = 0;

	ck_assert_msg(!krux_submit(k, q, &id, &fault), "%s", fault.text);
	return id;
}

struct krux_result *rig_stepped(uint64_t id)
{
	struct krux_result *r;

	ck_assert_msg(!krux_step(k, &fault), "%s", fault.text);
	r = krux_next(k);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(r->id, id);
	return r;
}

int64_t rig_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void rig_wait_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}
