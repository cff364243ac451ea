/* Encoded states: any bytes are refused, or are the very bytes that the encoder writes; and a state
 * that is taken can be gone on from. */
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <string.h>

#include "runtime/record/carry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_str s = { (const char *)data, size };
	const char *why = NULL;
	struct carry *c;
	uint8_t *again;
	size_t n;

	PROMISE(sodium_init() >= 0);
	c = carry_decode(s, &why);
	if (!c) {
		PROMISE(why);
		return 0;
	}
	again = carry_encode(c, &n);
	PROMISE(again && n == size && !memcmp(again, data, n));
	free(again);
	for (size_t i = 0; i < carry_intents(c); i++)
		PROMISE(carry_intent_find(c, carry_intent(c, i)->seq) == carry_intent(c, i));
	for (size_t i = 0; i < carry_tickets(c); i++)
		PROMISE(carry_ticket_find(c, carry_ticket(c, i)->leaf) == carry_ticket(c, i));
	for (size_t i = 0; i < carry_agents(c); i++)
		PROMISE(carry_agent_find(c, carry_agent(c, i)->name) == carry_agent(c, i));
	carry_free(c);
	return 0;
}
