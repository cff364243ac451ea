/* Lists of signers to their parts, and what each has signed. */
#include "runtime/record/sign.h"

#include "capspec/item.h"
#include "capspec/key.h"

#include <string.h>

bool signer_at(const struct record *r, size_t i, struct signer *out)
{
	struct krux_str list, key, signature;
	struct item_in in;
	uint64_t n, three;

	if (!record_has(r, AUDIT_SIGNERS))
		return false;
	list = r->field[AUDIT_SIGNERS].s;
	in = (struct item_in){ (const uint8_t *)list.p, (const uint8_t *)list.p + list.n, NULL };
	if (!item_take(&in, ITEM_LIST, &n) || i >= n)
		return false;
	for (size_t k = 0; k <= i; k++)
		if (!item_take(&in, ITEM_LIST, &three) || !item_take_str(&in, ITEM_TEXT, &out->name) ||
		    !item_take_str(&in, ITEM_BYTES, &key) || !item_take_str(&in, ITEM_BYTES, &signature))
			return false;
	out->key = (const uint8_t *)key.p;
	out->signature = (const uint8_t *)signature.p;
	return key.n == SIGN_KEY && signature.n == SIGN_LEN;
}

static bool holds(const struct signer *s, const char *domain, struct krux_str message)
{
	struct krux_public_key key = { .dev = false };

	memcpy(key.key, s->key, sizeof key.key);
	return krux_key_verify(&key, domain, message, s->signature);
}

bool signer_holds_act(const struct signer *s, const struct record *r)
{
	struct record act = *r;
	uint8_t bytes[RECORD_MAX];
	size_t n;

	act.have &= ~(1ull << AUDIT_SIGNERS);
	n = record_encode_body(&act, bytes, sizeof bytes);
	return n && holds(s, "krux/operator/1", (struct krux_str){ (char *)bytes, n });
}

bool signer_holds_decision(const struct signer *s, const uint8_t ticket[static HASH_LEN], const char *action)
{
	char message[HASH_LEN + 8];
	size_t n = strlen(action);

	memcpy(message, ticket, HASH_LEN);
	memcpy(message + HASH_LEN, action, n < 8 ? n : 8);
	return holds(s, "krux/approve/1", (struct krux_str){ message, HASH_LEN + n });
}
