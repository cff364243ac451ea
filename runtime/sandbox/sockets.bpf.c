/* What sockets of IPv4 and IPv6 may be used for in a call: to connect to the relay, or to be it, and nothing else. Compiled for the
 * kernel's own machine and attached to the control group that calls are in; a program that ends with 0 has the system
 * call fail with EPERM. It reads what the kernel passes for this and no structure of its own, so it is the same on every kernel.
 * Addresses and ports are in network order. */
#include "capspec/relay.h"
#include "runtime/sandbox/sockets_network.h"

#include <linux/bpf.h>
#include <linux/in.h>

#define PROGRAM(name, ctx) __attribute__((section(#name "/program"), used)) int name(ctx); \
	__attribute__((section(#name "/program"), used)) int name(ctx)
#define NETWORK_ORDER __builtin_bswap32

enum { REFUSED = 0, PASSES = 1, STREAM = 1, DATAGRAM = 2, MAPPED = 0xffff };

static __u64 (*const network_of)(void *ctx) = (void *)BPF_FUNC_get_netns_cookie;

/* The machine's loopback, where the daemon is, is nobody's relay. */
static int to_relay(struct bpf_sock_addr *a, __u32 ip4)
{
	return a->type == STREAM && a->protocol == IPPROTO_TCP && ip4 == NETWORK_ORDER(INADDR_LOOPBACK) &&
	       a->user_port == __builtin_bswap16(RELAY_PORT) && network_of(a) != SOCKETS_MACHINE;
}

/* Others have ways to send that the programs below are not asked about. */
PROGRAM(sock_create, struct bpf_sock *s)
{
	return (s->type == STREAM && s->protocol == IPPROTO_TCP) || (s->type == DATAGRAM && s->protocol == IPPROTO_UDP);
}

/* Also of datagrams, and of the first packet that TCP fast open sends. */
PROGRAM(connect4, struct bpf_sock_addr *a)
{
	return to_relay(a, a->user_ip4);
}

/* A socket of IPv6 reaches IPv4 by addresses that hold one. */
PROGRAM(connect6, struct bpf_sock_addr *a)
{
	if (a->user_ip6[0] || a->user_ip6[1] || a->user_ip6[2] != NETWORK_ORDER(MAPPED))
		return REFUSED;
	return to_relay(a, a->user_ip6[3]);
}

/* The relay speaks TCP. */
PROGRAM(sendmsg4, struct bpf_sock_addr *a)
{
	(void)a;
	return REFUSED;
}

PROGRAM(sendmsg6, struct bpf_sock_addr *a)
{
	(void)a;
	return REFUSED;
}

/* Nobody is to reach a call but its own program, where the first process listens as its relay. */
PROGRAM(bind4, struct bpf_sock_addr *a)
{
	return to_relay(a, a->user_ip4);
}

PROGRAM(bind6, struct bpf_sock_addr *a)
{
	(void)a;
	return REFUSED;
}
