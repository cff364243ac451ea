/* One record against the state before it. */
#include "runtime/record/verify_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/log.h"
#include "runtime/record/recount.h"
#include "runtime/record/scan.h"
#include "runtime/record/sign.h"
#include "runtime/record/tree.h"

#include "capspec/item.h"

#include <errno.h>
#include <string.h>

static void check_blob(struct part *v, const struct scan_item *item, enum audit_field f)
{
	struct krux_str field = item->record->field[f].s, name;
	uint64_t two, size, seq = item->record->field[AUDIT_SEQ].u;
	struct item_in in;

	in = (struct item_in){ (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	if (!item_take(&in, ITEM_LIST, &two) ||
	    !item_take_str(&in, ITEM_BYTES, &name) || !item_take(&in, ITEM_UINT, &size))
		return;
	switch (blob_check(v->all->blobs, (const uint8_t *)name.p, size, &v->err)) {
	case BLOB_WHOLE:
		v->r.blobs++;
		break;
	case BLOB_GONE:
		part_find(v, FINDING_GONE, seq, item->at, item->length, "its %s was erased or lost",
		          record_field_word(f));
		break;
	case BLOB_CHANGED:
		part_find(v, FINDING_BLOB, seq, item->at, item->length, "its %s was changed",
		          record_field_word(f));
		break;
	default:
		v->failed = true;
	}
}

/* Does the log know this key for that role, and has not revoked it. */
static bool key_known(const struct carry *c, const char *role, const uint8_t key[static SIGN_KEY])
{
	struct krux_str word = { role, strlen(role) };

	for (size_t i = 0; i < carry_keys(c); i++)
		if (!carry_key(c, i)->revoked && krux_str_eq(carry_key(c, i)->role, word) &&
		    !memcmp(carry_key(c, i)->key, key, SIGN_KEY))
			return true;
	return false;
}

static void signature_judge(struct part *v, const struct scan_item *item, const struct signer *s,
                            const char *role, bool holds)
{
	if (!holds)
		part_find(v, FINDING_SIGNATURE, item->record->field[AUDIT_SEQ].u, item->at, item->length,
		          "the signature of %.*s does not hold", (int)(s->name.n < 64 ? s->name.n : 64), s->name.p);
	else if (v->carry && key_known(v->carry, role, s->key))
		v->r.signatures++;
	else
		v->r.unsigned_++;
}

static void check_signatures(struct part *v, const struct scan_item *item)
{
	const struct record *r = item->record;
	const uint8_t *ticket = (const uint8_t *)r->field[AUDIT_TICKET].s.p;
	bool intent = r->field[AUDIT_KIND].u == AUDIT_KIND_INTENT;
	struct signer s;

	if (r->field[AUDIT_KIND].u == AUDIT_KIND_SIGNED) {
		bool accepts = r->field[AUDIT_ACTION].s.p[0] == 'a';

		s = (struct signer){ r->field[AUDIT_NAME].s, (const uint8_t *)r->field[AUDIT_KEY].s.p,
			             (const uint8_t *)r->field[AUDIT_SIGNATURE].s.p };
		signature_judge(v, item, &s, "approver",
		                signer_holds_decision(&s, ticket, accepts ? "accept" : "reject"));
		return;
	}
	for (size_t i = 0; signer_at(r, i, &s); i++)
		signature_judge(v, item, &s, intent ? "approver" : "operator",
		                intent ? signer_holds_decision(&s, ticket, "accept") : signer_holds_act(&s, r));
}

/* A carry record: the first of its segment, and what the one before led to. */
static void check_state(struct part *v, const struct scan_item *item)
{
	const struct record *r = item->record;
	uint64_t seq = r->field[AUDIT_SEQ].u;
	const char *why = "";

	if (v->r.records || v->carry) {
		if (v->r.records)
			part_find(v, FINDING_STATE, seq, item->at, item->length,
			          "a state stands where none belongs");
		return;
	}
	v->carry = log_state(v->all->blobs, r, &why);
	if (!v->carry) {
		part_find(v, FINDING_STATE, seq, item->at, item->length, "%.150s", why);
		return;
	}
	v->state = carry_encode(v->carry, &v->nstate);
	if (!v->state)
		v->failed = err_set(&v->err, ENOMEM, "check the log");
	v->has_state = true;
}

static void state_follow(struct part *v, const struct scan_item *item)
{
	const struct record *r = item->record;
	enum carry_result rc;

	if (!v->carry)
		return;
	if (carry_widens(v->carry, r) && carry_bundle(v->carry) &&
	    recount(v->all->dir, v->carry, r, v->number, item->at, &v->err))
		v->damaged = true;
	rc = carry_add(v->carry, r, item->bytes, item->leaf);
	carry_leaf(v->carry, item->leaf);
	if (rc == CARRY_MEMORY)
		v->failed = err_set(&v->err, ENOMEM, "check the log");
	else if (rc && r->field[AUDIT_KIND].u != AUDIT_KIND_OUTCOME && r->field[AUDIT_KIND].u != AUDIT_KIND_UNKNOWN &&
	         r->field[AUDIT_KIND].u != AUDIT_KIND_STARTED)
		part_find(v, FINDING_REFERENCE, r->field[AUDIT_SEQ].u, item->at, item->length, "%s",
		          carry_result_text(rc));
	else if (rc)
		part_find(v, FINDING_REFERENCE, r->field[AUDIT_SEQ].u, item->at, item->length,
		          "it is about record %llu, which is no intent that still waits for an outcome",
		          (unsigned long long)r->field[AUDIT_ABOUT].u);
	v->damaged |= rc != CARRY_OK;
}

static void check_origin(struct part *v, const struct scan_item *item)
{
	const struct record *r = item->record;
	uint64_t seq = r->field[AUDIT_SEQ].u;
	bool is_origin = r->field[AUDIT_KIND].u == AUDIT_KIND_ORIGIN;
	struct krux_str name = r->field[AUDIT_ORIGIN].s;
	char *copy;

	if (is_origin != (seq == 0)) {
		part_find(v, FINDING_ORIGIN, seq, item->at, item->length,
		          is_origin ? "an origin stands where the log goes on"
		                    : "the log does not begin with its origin");
		return;
	}
	if (!is_origin || v->r.origin.n)
		return;
	copy = malloc(name.n + 1);
	if (!copy)
		return;
	memcpy(copy, name.p, name.n);
	v->r.origin.p = copy;
	v->r.origin.n = name.n;
}

void part_record(struct part *v, const struct scan_item *item)
{
	static const enum audit_field blobs[] = { AUDIT_ARGS_BLOB, AUDIT_FACTS_BLOB, AUDIT_RESULT_BLOB, AUDIT_STATE_BLOB };
	const struct record *r = item->record;
	uint64_t kind = r->field[AUDIT_KIND].u, seq = r->field[AUDIT_SEQ].u;

	check_origin(v, item);
	if (kind == AUDIT_KIND_CARRY)
		check_state(v, item);
	if (kind == AUDIT_KIND_NOTIFY && r->field[AUDIT_ABOUT].u >= seq)
		part_find(v, FINDING_REFERENCE, seq, item->at, item->length,
		          "it is about record %llu, which is not before it",
		          (unsigned long long)r->field[AUDIT_ABOUT].u);
	if (kind == AUDIT_KIND_ACKNOWLEDGED)
		part_find(v, FINDING_LOST, seq, item->at, item->length, "%s",
		          !record_has(r, AUDIT_ACTION) ? "an operator acknowledged that records were lost before it" :
		          record_has(r, AUDIT_TREE)
		                  ? "an operator acknowledged that records were lost before it, and log/head, so that how many is not known"
		                  : "an operator acknowledged that log/head was lost: whether records before it are missing is not known");
	check_signatures(v, item);
	state_follow(v, item);
	for (size_t i = 0; v->all->blobs >= 0 && i < sizeof blobs / sizeof *blobs; i++)
		if (record_has(r, blobs[i]))
			check_blob(v, item, blobs[i]);
}
