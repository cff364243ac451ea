/* The batch, taken by a kernel in a namespace of its own, is what the text says, and lets through what it
 * says. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/relay.h"
#include "compiler/emit/nft.h"

static struct buf batch, wanted;

static void setup(void)
{
	nft_batch_write(&batch);
	nft_text_write(&wanted);
}

static void teardown(void)
{
	buf_free(&batch);
	buf_free(&wanted);
	batch = wanted = (struct buf){ 0 };
}

/* Root's, or those of a user namespace that is mapped onto this user as root. */
static void namespace_enter(void)
{
	const unsigned uid = geteuid();
	char text[64];
	int fd;

	ck_assert(!unshare(CLONE_NEWNET | (uid ? CLONE_NEWUSER : 0)));
	if (!uid)
		return;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	snprintf(text, sizeof text, "0 %u 1", uid);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert(!ioctl(fd, SIOCGIFFLAGS, &r));
	r.ifr_flags |= IFF_UP;
	ck_assert(!ioctl(fd, SIOCSIFFLAGS, &r));
	close(fd);
}

/* The kernel says nothing to a batch that it takes; errors are there at once. */
static void batch_load(void)
{
	struct { struct nlmsghdr h; struct nlmsgerr e; char rest[256]; } said = { .e.error = 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(send(fd, batch.p, batch.n, 0), (ssize_t)batch.n);
	if (recv(fd, &said, sizeof said, MSG_DONTWAIT) > 0)
		ck_abort_msg("%s", strerror(-said.e.error));
	close(fd);
}

static bool nft_is_there(void)
{
	return !access("/usr/sbin/nft", X_OK);
}

START_TEST(the_kernel_has_what_the_text_says)
{
	char got[4096];
	size_t n;
	FILE *f;

	ck_assert_msg(nft_is_there(), "nft is missing: make deps");
	namespace_enter();
	batch_load();
	f = popen("/usr/sbin/nft list ruleset", "re");
	n = fread(got, 1, sizeof got - 1, f);
	got[n] = 0;
	ck_assert_int_eq(pclose(f), 0);
	buf_putc(&wanted, 0);
	ck_assert_str_eq(got, wanted.p);
}
END_TEST

/* ---- packets ---- */

static int listener(const char *address, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &a.sin_addr);
	ck_assert(!bind(fd, (struct sockaddr *)&a, sizeof a) && !listen(fd, 8));
	return fd;
}

/* Connected at once, as it is on a loopback; or refused; or nothing comes back. */
static bool connects(const char *address, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	socklen_t n = sizeof error;
	bool yes;

	inet_pton(AF_INET, address, &a.sin_addr);
	connect(fd, (struct sockaddr *)&a, sizeof a);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
	n = sizeof a;
	yes = !getpeername(fd, (struct sockaddr *)&a, &n);
	close(fd);
	return yes;
}

static bool sends(const char *address, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool yes;

	inet_pton(AF_INET, address, &a.sin_addr);
	yes = sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&a, sizeof a) == 1;
	close(fd);
	return yes;
}

START_TEST(only_the_relay_is_reached)
{
	int relay, other, elsewhere;

	namespace_enter();
	loopback_up();
	relay = listener("127.0.0.1", RELAY_PORT);
	other = listener("127.0.0.1", RELAY_PORT + 1);
	elsewhere = listener("127.0.0.2", RELAY_PORT);
	ck_assert(connects("127.0.0.1", RELAY_PORT + 1) && connects("127.0.0.2", RELAY_PORT));
	ck_assert(sends("127.0.0.1", 53));
	batch_load();
	ck_assert(connects("127.0.0.1", RELAY_PORT));
	ck_assert(!connects("127.0.0.1", RELAY_PORT + 1));
	ck_assert(!connects("127.0.0.2", RELAY_PORT));
	ck_assert(!sends("127.0.0.1", 53) && !sends("127.0.0.1", RELAY_PORT));
	close(relay);
	close(other);
	close(elsewhere);
}
END_TEST

START_TEST(same_bytes_each_time)
{
	char text[2 * KRUX_SHA256 + 1] = "";
	uint8_t digest[KRUX_SHA256];
	struct buf again = { 0 };

	nft_batch_write(&again);
	ck_assert_uint_eq(again.n, batch.n);
	ck_assert(!memcmp(again.p, batch.p, batch.n));
	ck_assert_uint_lt(batch.n, 4096);
	krux_sha256((struct krux_str){ batch.p, batch.n }, digest);
	krux_hex_write(digest, sizeof digest, text);
	ck_assert_str_eq(text, RELAY_SHA256);
	buf_free(&again);
}
END_TEST

static Suite *nft_suite(void)
{
	Suite *s = suite_create("nft");
	TCase *tc = tcase_create("nft");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_test(tc, the_kernel_has_what_the_text_says);
	tcase_add_test(tc, only_the_relay_is_reached);
	tcase_add_test(tc, same_bytes_each_time);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(nft_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
