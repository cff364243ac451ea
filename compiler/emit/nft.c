/* A table of rules to text and to netlink. In the namespace there is the loopback interface, number 1, and
 * nothing else; the relay's process listens on it. Rules are written with the three expressions that they
 * need: load, compare, accept. */
#include "compiler/emit/nft.h"

#include "capspec/relay.h"
#include "compiler/model/model.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

static const char table[] = "krux";
enum { LOOPBACK = 1, INET = 1, NETWORK = 1, TRANSPORT = 2, ADDRESS_FROM = 12, ADDRESS_TO = 16, PORT_FROM = 0, PORT_TO = 2 };

static const struct chain {
	const char *name, *device;     /* how nft calls the interface of this hook */
	enum nf_inet_hooks hook;
	enum nft_meta_keys meta;
	bool passes;                   /* has the rules */
} chains[] = {
	{ "input", "iif", NF_INET_LOCAL_IN, NFT_META_IIF, true },
	{ "forward", "iif", NF_INET_FORWARD, NFT_META_IIF, false },
	{ "output", "oif", NF_INET_LOCAL_OUT, NFT_META_OIF, true },
};

/* To the relay, and its answers. */
static const struct pass {
	const char *address, *port;
	unsigned address_at, port_at;
} passes[] = {
	{ "daddr", "dport", ADDRESS_TO, PORT_TO },
	{ "saddr", "sport", ADDRESS_FROM, PORT_FROM },
};
enum { CHAINS = sizeof chains / sizeof *chains, PASSES = sizeof passes / sizeof *passes };

bool capability_has_network(const struct capability *c)
{
	if (c->handler.kind == HANDLER_BUILTIN)
		return false;
	for (size_t i = 0; i < c->neffects; i++)
		if (c->effect[i].kind == EFFECT_CONNECTS)
			return true;
	return false;
}

void nft_text_write(struct buf *b)
{
	buf_printf(b, "table inet %s {\n", table);
	for (unsigned i = 0; i < CHAINS; i++) {
		const struct chain *c = &chains[i];

		buf_printf(b, "%s\tchain %s {\n\t\ttype filter hook %s priority filter; policy drop;\n", i ? "\n" : "", c->name,
		           c->name);
		for (unsigned k = 0; c->passes && k < PASSES; k++)
			buf_printf(b, "\t\t%s \"lo\" ip %s 127.0.0.1 tcp %s %d accept\n", c->device, passes[k].address,
			           passes[k].port, RELAY_PORT);
		buf_puts(b, "\t}\n");
	}
	buf_puts(b, "}\n");
}

/* ---- netlink ---- */

static void pad(struct buf *b)
{
	while (b->n % 4)
		buf_putc(b, 0);
}

static void attr_put(struct buf *b, unsigned type, const void *p, size_t n)
{
	struct nlattr a = { (uint16_t)(sizeof a + n), (uint16_t)type };

	buf_put(b, &a, sizeof a);
	buf_put(b, p, n);
	pad(b);
}

static void attr_text(struct buf *b, unsigned type, const char *s)
{
	attr_put(b, type, s, strlen(s) + 1);
}

/* Numbers of attributes are in network order. */
static void attr_number(struct buf *b, unsigned type, uint32_t v)
{
	v = htonl(v);
	attr_put(b, type, &v, sizeof v);
}

/* An attribute of attributes: between the two calls they are written. */
static size_t nest_begin(struct buf *b, unsigned type)
{
	size_t at = b->n;
	struct nlattr a = { 0, (uint16_t)(type | NLA_F_NESTED) };

	buf_put(b, &a, sizeof a);
	return at;
}

static void nest_end(struct buf *b, size_t at)
{
	uint16_t n = (uint16_t)(b->n - at);

	memcpy(b->p + at, &n, sizeof n);
}

static size_t message_begin(struct buf *b, unsigned type, unsigned flags, unsigned family, unsigned resource)
{
	static const struct nlmsghdr none;
	struct nlmsghdr h = none;
	struct nfgenmsg g = { (uint8_t)family, NFNETLINK_V0, htons((uint16_t)resource) };
	size_t at = b->n;

	h.nlmsg_type = (uint16_t)type;
	h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	buf_put(b, &h, sizeof h);
	buf_put(b, &g, sizeof g);
	return at;
}

static void message_end(struct buf *b, size_t at)
{
	uint32_t n = (uint32_t)(b->n - at);

	memcpy(b->p + at, &n, sizeof n);
}

/* ---- expressions ---- */

static size_t expression_begin(struct buf *b, const char *name, size_t *data)
{
	size_t at = nest_begin(b, NFTA_LIST_ELEM);

	attr_text(b, NFTA_EXPR_NAME, name);
	*data = nest_begin(b, NFTA_EXPR_DATA);
	return at;
}

static void expression_end(struct buf *b, size_t at, size_t data)
{
	nest_end(b, data);
	nest_end(b, at);
}

static void compare_put(struct buf *b, const void *p, size_t n)
{
	size_t data, at = expression_begin(b, "cmp", &data), value;

	attr_number(b, NFTA_CMP_SREG, NFT_REG_1);
	attr_number(b, NFTA_CMP_OP, NFT_CMP_EQ);
	value = nest_begin(b, NFTA_CMP_DATA);
	attr_put(b, NFTA_DATA_VALUE, p, n);
	nest_end(b, value);
	expression_end(b, at, data);
}

static void meta_put(struct buf *b, enum nft_meta_keys key, const void *p, size_t n)
{
	size_t data, at = expression_begin(b, "meta", &data);

	attr_number(b, NFTA_META_KEY, key);
	attr_number(b, NFTA_META_DREG, NFT_REG_1);
	expression_end(b, at, data);
	compare_put(b, p, n);
}

static void payload_put(struct buf *b, unsigned base, unsigned offset, const void *p, size_t n)
{
	size_t data, at = expression_begin(b, "payload", &data);

	attr_number(b, NFTA_PAYLOAD_DREG, NFT_REG_1);
	attr_number(b, NFTA_PAYLOAD_BASE, base);
	attr_number(b, NFTA_PAYLOAD_OFFSET, offset);
	attr_number(b, NFTA_PAYLOAD_LEN, (uint32_t)n);
	expression_end(b, at, data);
	compare_put(b, p, n);
}

static void accept_put(struct buf *b)
{
	size_t data, at = expression_begin(b, "immediate", &data), value, verdict;

	attr_number(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	value = nest_begin(b, NFTA_IMMEDIATE_DATA);
	verdict = nest_begin(b, NFTA_DATA_VERDICT);
	attr_number(b, NFTA_VERDICT_CODE, NF_ACCEPT);
	nest_end(b, verdict);
	nest_end(b, value);
	expression_end(b, at, data);
}

/* ---- messages ---- */

static size_t nft_begin(struct buf *b, unsigned kind, unsigned flags)
{
	return message_begin(b, NFNL_SUBSYS_NFTABLES << 8 | kind, NLM_F_CREATE | flags, INET, 0);
}

static void chain_put(struct buf *b, const struct chain *c)
{
	size_t at = nft_begin(b, NFT_MSG_NEWCHAIN, 0), hook;

	attr_text(b, NFTA_CHAIN_TABLE, table);
	attr_text(b, NFTA_CHAIN_NAME, c->name);
	hook = nest_begin(b, NFTA_CHAIN_HOOK);
	attr_number(b, NFTA_HOOK_HOOKNUM, c->hook);
	attr_number(b, NFTA_HOOK_PRIORITY, 0);
	nest_end(b, hook);
	attr_number(b, NFTA_CHAIN_POLICY, NF_DROP);
	attr_text(b, NFTA_CHAIN_TYPE, "filter");
	message_end(b, at);
}

static void rule_put(struct buf *b, const struct chain *c, const struct pass *p)
{
	const uint32_t device = LOOPBACK, address = htonl(INADDR_LOOPBACK);
	const uint8_t ipv4 = NFPROTO_IPV4, tcp = IPPROTO_TCP;
	const uint16_t port = htons(RELAY_PORT);
	size_t at = nft_begin(b, NFT_MSG_NEWRULE, NLM_F_APPEND), list;

	attr_text(b, NFTA_RULE_TABLE, table);
	attr_text(b, NFTA_RULE_CHAIN, c->name);
	list = nest_begin(b, NFTA_RULE_EXPRESSIONS);
	meta_put(b, c->meta, &device, sizeof device);
	meta_put(b, NFT_META_NFPROTO, &ipv4, sizeof ipv4);
	payload_put(b, NETWORK, p->address_at, &address, sizeof address);
	meta_put(b, NFT_META_L4PROTO, &tcp, sizeof tcp);
	payload_put(b, TRANSPORT, p->port_at, &port, sizeof port);
	accept_put(b);
	nest_end(b, list);
	message_end(b, at);
}

void nft_batch_write(struct buf *b)
{
	size_t at = message_begin(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	message_end(b, at);
	at = nft_begin(b, NFT_MSG_NEWTABLE, 0);
	attr_text(b, NFTA_TABLE_NAME, table);
	message_end(b, at);
	for (unsigned i = 0; i < CHAINS; i++)
		chain_put(b, &chains[i]);
	for (unsigned i = 0; i < CHAINS; i++)
		for (unsigned k = 0; chains[i].passes && k < PASSES; k++)
			rule_put(b, &chains[i], &passes[k]);
	at = message_begin(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	message_end(b, at);
}
