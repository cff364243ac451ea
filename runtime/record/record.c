/* Records to bytes and back. What a kind must and may have is a row of capspec/audit.def. */
#include "runtime/record/record.h"

#include "capspec/digest.h"
#include "capspec/item.h"
#include "capspec/krux_abi.h"

#include <sodium.h>
#include <string.h>

static const struct {
	const char *word, *schema;
} fields[AUDIT_FIELDS] = {
#define AUDIT_FIELD(id, key, w, s) [key] = { w, s },
#include "capspec/audit.def"
};

struct kind {
	uint64_t number;
	const char *word;
	uint64_t required, optional;
};

static const struct kind kinds[64] = {
#define AUDIT_KIND(id, n, w, req, opt) [n] = { n, w, req, opt },
#include "capspec/audit.def"
};

#define BIT(id) (1ull << AUDIT_##id)
static const uint64_t head = BIT(SEQ) | BIT(PREV) | BIT(KIND) | BIT(EPOCH) | BIT(BOOT) | BIT(WALL) |
                             BIT(MONO) | BIT(CHECK);

static const struct kind *kind_find(uint64_t number)
{
	return number < sizeof kinds / sizeof *kinds && kinds[number].word ? &kinds[number] : NULL;
}

const char *record_kind_word(uint64_t number)
{
	const struct kind *k = kind_find(number);

	return k ? k->word : NULL;
}

const char *record_field_word(enum audit_field f)
{
	return fields[f].word;
}

const char *record_field_schema(enum audit_field f)
{
	return fields[f].schema;
}

void record_set(struct record *r, enum audit_field f, uint64_t u)
{
	r->have |= 1ull << f;
	r->field[f].u = u;
}

void record_str(struct record *r, enum audit_field f, struct krux_str s)
{
	r->have |= 1ull << f;
	r->field[f].s = s;
}

void record_text(struct record *r, enum audit_field f, const char *s)
{
	if (s && *s)
		record_str(r, f, (struct krux_str){ s, strlen(s) });
}

void record_bytes(struct record *r, enum audit_field f, const void *p, size_t n)
{
	record_str(r, f, (struct krux_str){ p, n });
}

bool record_has(const struct record *r, enum audit_field f)
{
	return r->have >> f & 1;
}

static bool is_number(char schema)
{
	return schema == 'u' || schema == 'v' || schema == 'k';
}

static void check_of(const uint8_t *p, size_t n, uint8_t out[static crypto_shorthash_BYTES])
{
	static const uint8_t key[crypto_shorthash_KEYBYTES];

	crypto_shorthash(out, p, n, key);
}

/* The map of the fields in `which`, with a head for `more` further ones. False: no such field. */
static bool fields_encode(const struct record *r, uint64_t which, unsigned more, struct item_out *o)
{
	item_head(o, ITEM_MAP, (uint64_t)__builtin_popcountll(which) + more);
	for (unsigned f = 0; f < AUDIT_CHECK; f++) {
		const char *schema = fields[f].schema;

		if (!(which >> f & 1))
			continue;
		if (!schema)
			return false;
		item_head(o, ITEM_UINT, f);
		if (is_number(*schema))
			item_head(o, ITEM_UINT, r->field[f].u);
		else if (*schema == 't')
			item_str(o, ITEM_TEXT, r->field[f].s);
		else if (*schema == 'b' || *schema == 'c')
			item_str(o, ITEM_BYTES, r->field[f].s);
		else
			item_raw(o, r->field[f].s);
	}
	return o->n <= o->cap;
}

size_t record_encode_body(const struct record *r, uint8_t *out, size_t cap)
{
	struct item_out o = { out, cap < RECORD_MAX ? cap : RECORD_MAX, 0 };

	return fields_encode(r, r->have & ~(head & ~BIT(KIND)), 0, &o) ? o.n : 0;
}

size_t record_encode(const struct record *r, uint8_t *out, size_t cap)
{
	struct item_out o = { out, cap < RECORD_MAX ? cap : RECORD_MAX, 0 };
	uint8_t check[crypto_shorthash_BYTES];
	struct record back;
	const char *why;
	size_t used;

	if (!fields_encode(r, r->have & ~BIT(CHECK), 1, &o))
		return 0;
	check_of(out, o.n, check);
	item_head(&o, ITEM_UINT, AUDIT_CHECK);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)check, sizeof check });
	/* Nobody is to write what nobody could read. */
	if (o.n > o.cap || !record_decode(out, o.n, &back, &used, &why) || used != o.n)
		return 0;
	return o.n;
}

/* "32" */
static size_t schema_size(const char *digits)
{
	return digits[1] >= '0' && digits[1] <= '9' ? (size_t)(digits[0] - '0') * 10 + (size_t)(digits[1] - '0')
	                                           : (size_t)(digits[0] - '0');
}

static bool refuse(struct item_in *in, const uint8_t *at, const char *why)
{
	in->p = at;
	in->why = why;
	return false;
}

static bool field_decode(struct item_in *in, const char *schema, struct record_field *out)
{
	const uint8_t *start = in->p;

	switch (*schema) {
	case 'u':
	case 'k':
		return item_take(in, ITEM_UINT, &out->u);
	case 'v':
		if (!item_take(in, ITEM_UINT, &out->u))
			return false;
		return out->u <= KRUX_AUTONOMOUS || refuse(in, start, "a number that is out of range");
	case 't':
		return item_take_str(in, ITEM_TEXT, &out->s);
	case 'b':
		if (!item_take_str(in, ITEM_BYTES, &out->s))
			return false;
		return out->s.n == schema_size(schema + 1) || refuse(in, start, "bytes of the wrong length");
	case 'c':
		if (!item_take_str(in, ITEM_BYTES, &out->s))
			return false;
		return krux_cbor_valid((const uint8_t *)out->s.p, out->s.n) ||
		       refuse(in, start, "bytes that are not canonical CBOR");
	default:
		if (!item_check(in, &schema))
			return false;
		out->s = (struct krux_str){ (const char *)start, (size_t)(in->p - start) };
		return true;
	}
}

/* Is an optional field there that says nothing; the encoder leaves those out. */
static bool is_empty(unsigned f, const struct record_field *field)
{
	switch (fields[f].schema[0]) {
	case 't':
		return field->s.n == 0;
	case '[':
		return field->s.n == 1 && field->s.p[0] == (char)(ITEM_LIST << 5);
	default:
		return false;
	}
}

static const char *request_check(const struct record *r)
{
	if (record_has(r, AUDIT_ARGS) == record_has(r, AUDIT_ARGS_BLOB))
		return "exactly one of args and args-blob belongs there";
	if (record_has(r, AUDIT_FACTS) && record_has(r, AUDIT_FACTS_BLOB))
		return "at most one of facts and facts-blob belongs there";
	return NULL;
}

static const char *outcome_check(const struct record *r)
{
	bool result = record_has(r, AUDIT_RESULT), blob = record_has(r, AUDIT_RESULT_BLOB);
	uint64_t end = r->field[AUDIT_END].u;

	if (end < 1 || end > 4)
		return "an end that is none";
	if (result && blob)
		return "at most one of result and result-blob belongs there";
	if ((end == 1) != (result || blob))
		return "a result belongs to the end done, and only there";
	if ((end == 2) != record_has(r, AUDIT_ERROR))
		return "an error belongs to the end error, and only there";
	return NULL;
}

static bool is_word(const struct record *r, enum audit_field f, const char *const *word)
{
	struct krux_str s = r->field[f].s;

	for (; *word; word++)
		if (s.n == strlen(*word) && !memcmp(s.p, *word, s.n))
			return true;
	return false;
}

static const char *const decisions[] = { "accept", "reject", NULL };
static const char *const changes[] = { "add", "revoke", NULL };
static const char *const holds[] = { "freeze", "thaw", NULL };
static const char *const roles[] = { "bundle", "approver", "operator", "log", NULL };

static bool action_is(const struct record *r, const char *word)
{
	const char *const one[] = { word, NULL };

	return record_has(r, AUDIT_ACTION) && is_word(r, AUDIT_ACTION, one);
}

/* Bits of `which` that are there, at the same time as all of them. */
static bool all_or_none(const struct record *r, uint64_t which)
{
	return !(r->have & which) || (r->have & which) == which;
}

static const char *agent_check(const struct record *r)
{
	static const uint64_t proof[] = {
		[AUDIT_AUTH_KEY] = BIT(KEY), [AUDIT_AUTH_TOKEN] = BIT(TOKEN), [AUDIT_AUTH_PEER] = BIT(UID),
	};
	const uint64_t about = BIT(WORKSPACE) | BIT(AUTH) | BIT(KEY) | BIT(TOKEN) | BIT(UID);
	uint64_t auth = r->field[AUDIT_AUTH].u;

	if (!is_word(r, AUDIT_ACTION, changes))
		return "an action that is none of this kind";
	if (action_is(r, "revoke"))
		return r->have & about ? "a field that does not belong to this action" : NULL;
	if (!record_has(r, AUDIT_AUTH) || auth == AUDIT_AUTH_CLAIMED ||
	    (r->have & about) != (BIT(WORKSPACE) | BIT(AUTH) | proof[auth]))
		return "the fields do not say how the agent is known";
	return NULL;
}

static const char *freeze_check(const struct record *r)
{
	if (!is_word(r, AUDIT_ACTION, holds))
		return "an action that is none of this kind";
	if (action_is(r, "thaw") ? !record_has(r, AUDIT_SIGNERS) || !record_has(r, AUDIT_WHY)
	                         : record_has(r, AUDIT_SIGNERS))
		return "a thaw is signed and says why, a freeze is not signed";
	return NULL;
}

static const char *intent_check(const struct record *r)
{
	if (!all_or_none(r, BIT(TICKET) | BIT(SIGNERS)))
		return "ticket and signers belong together";
	return request_check(r);
}

/* What one kind says of its fields beyond which ones there are. */
static const char *content_check(const struct record *r)
{
	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_INTENT:
		return intent_check(r);
	case AUDIT_KIND_DEFERRED:
	case AUDIT_KIND_DENIED:
		return request_check(r);
	case AUDIT_KIND_OUTCOME:
		return outcome_check(r);
	case AUDIT_KIND_SIGNED:
		return is_word(r, AUDIT_ACTION, decisions) ? NULL : "an action that is none of this kind";
	case AUDIT_KIND_AGENT:
		return agent_check(r);
	case AUDIT_KIND_KEY:
		if (!is_word(r, AUDIT_ROLE, roles))
			return "a role that is none";
		return !record_has(r, AUDIT_ACTION) || is_word(r, AUDIT_ACTION, changes) ?
		               NULL : "an action that is none of this kind";
	case AUDIT_KIND_CARRY:
		return record_has(r, AUDIT_STATE) != record_has(r, AUDIT_STATE_BLOB) ?
		               NULL : "exactly one of state and state-blob belongs there";
	case AUDIT_KIND_FREEZE:
		return freeze_check(r);
	case AUDIT_KIND_REFUSED:
		return !record_has(r, AUDIT_ACTION) || is_word(r, AUDIT_ACTION, decisions) ||
		       is_word(r, AUDIT_ACTION, changes) || is_word(r, AUDIT_ACTION, holds) ?
		               NULL : "an action that is none";
	case AUDIT_KIND_ACKNOWLEDGED:
		return record_has(r, AUDIT_ROOT) && !record_has(r, AUDIT_TREE) ?
		               "a root without the size of its tree" : NULL;
	default:
		return NULL;
	}
}

/* What the kind says of its fields; NULL: all is well. `own` are those that every record has. */
static const char *kind_check(const struct record *r, uint64_t own)
{
	const struct kind *k = kind_find(r->field[AUDIT_KIND].u);

	if (!record_has(r, AUDIT_KIND) || !k)
		return "a kind that this version does not know";
	if ((r->have & (own | k->required)) != (own | k->required))
		return "a field of this kind is missing";
	if (r->have & ~(own | k->required | k->optional))
		return "a field that does not belong to this kind";
	for (uint64_t left = r->have & k->optional; left; left &= left - 1) {
		unsigned f = (unsigned)__builtin_ctzll(left);

		if (is_empty(f, &r->field[f]))
			return "an optional field that is empty";
	}
	if (record_has(r, AUDIT_AUTH) && r->field[AUDIT_AUTH].u > AUDIT_AUTH_PEER)
		return "a way to authenticate that this version does not know";
	if (record_has(r, AUDIT_DEV) &&
	    (r->field[AUDIT_DEV].u > 1 || (k->optional & BIT(DEV) && !r->field[AUDIT_DEV].u)))
		return "dev is not what this kind says there";
	if (k->number != AUDIT_KIND_INTENT && !all_or_none(r, BIT(NONCE) | BIT(SIGNERS)) &&
	    k->optional & BIT(SIGNERS))
		return "nonce and signers belong together";
	return content_check(r);
}

/* What is inside of it was checked before it was written. */
static bool field_take(struct item_in *in, const char *schema, struct record_field *out)
{
	const uint8_t *start = in->p;
	uint64_t n;

	switch (*schema) {
	case 't':
		if (!item_take(in, ITEM_TEXT, &n))
			return false;
		if (n > (size_t)(in->end - in->p))
			return refuse(in, start, "it ends too early");
		out->s = (struct krux_str){ (const char *)in->p, (size_t)n };
		in->p += n;
		return true;
	case 'c':
		return item_take_str(in, ITEM_BYTES, &out->s);
	case '[':
	case '(':
		n = item_length(start, (size_t)(in->end - start));
		if (!n)
			return refuse(in, start, "it ends too early");
		out->s = (struct krux_str){ (const char *)start, (size_t)n };
		in->p += n;
		return true;
	default:
		return field_decode(in, schema, out);
	}
}

/* A map of fields; *at_check is where the key of the check stands. */
static inline bool fields_read(struct item_in *in, struct record *r, const uint8_t **at_check, bool form_only)
{
	uint64_t count, key, last = 0;

	r->have = 0;
	if (!item_take(in, ITEM_MAP, &count))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *at = in->p;

		if (in->end - at > 2 && at[0] == 24 && at[1] >= 24) {
			key = at[1];
			in->p += 2;
		} else if (!item_take(in, ITEM_UINT, &key)) {
			return false;
		}
		if (key >= AUDIT_FIELDS || !fields[key].schema || key <= last) {
			in->p = at;
			in->why = key <= last ? "keys that are not in order"
			                      : "a key that this version does not know";
			return false;
		}
		last = key;
		if (key == AUDIT_CHECK)
			*at_check = at;
		if (!(form_only ? field_take : field_decode)(in, fields[key].schema, &r->field[key]))
			return false;
		r->have |= 1ull << key;
	}
	return true;
}

static bool fields_decode(struct item_in *in, struct record *r, const uint8_t **at_check)
{
	return fields_read(in, r, at_check, false);
}

static bool decode(const uint8_t *p, size_t n, struct record *r, size_t *used, const char **why,
                   bool checked)
{
	struct item_in in = { p, p + (n < RECORD_MAX ? n : RECORD_MAX),
		              "it is longer than 65,535 bytes" };
	uint8_t check[crypto_shorthash_BYTES];
	const uint8_t *at_check = p;

	if (!fields_read(&in, r, &at_check, !checked))
		goto refuse;
	in.why = kind_check(r, head);
	if (!in.why && checked) {
		check_of(p, (size_t)(at_check - p), check);
		if (memcmp(r->field[AUDIT_CHECK].s.p, check, sizeof check) != 0)
			in.why = "it does not add up to its own check";
	}
	if (in.why) {
		in.p = p;
		goto refuse;
	}
	*used = (size_t)(in.p - p);
	return true;
refuse:
	if (n > RECORD_MAX && in.p == in.end)
		in.why = "it is longer than 65,535 bytes";
	*used = (size_t)(in.p - p);
	*why = in.why;
	return false;
}

bool record_decode(const uint8_t *p, size_t n, struct record *r, size_t *used, const char **why)
{
	return decode(p, n, r, used, why, true);
}

bool record_decode_hashed(const uint8_t *p, size_t n, struct record *r, size_t *used, const char **why)
{
	return decode(p, n, r, used, why, false);
}

bool record_body(const uint8_t *p, size_t n, struct record *r, const char **why)
{
	struct item_in in = { p, p + n, NULL };
	const uint8_t *at_check;

	*why = NULL;
	if (n > RECORD_MAX - RECORD_HEAD)
		*why = "it is too long for a record";
	else if (!fields_decode(&in, r, &at_check))
		*why = in.why;
	else if (in.p != in.end)
		*why = "bytes after it";
	else
		*why = kind_check(r, BIT(KIND));
	return !*why;
}

static struct krux_str bytes_of(const void *p, size_t n)
{
	return (struct krux_str){ p, n };
}

static void field_write(struct item_out *o, struct record *r, enum audit_field f, const uint8_t *p,
                        size_t n)
{
	item_head(o, ITEM_UINT, f);
	item_str(o, ITEM_BYTES, bytes_of(p, n));
	record_bytes(r, f, o->p + o->n - n, n);
}

static void number_write(struct item_out *o, struct record *r, enum audit_field f, uint64_t v)
{
	item_head(o, ITEM_UINT, f);
	item_head(o, ITEM_UINT, v);
	record_set(r, f, v);
}

size_t record_whole(const struct record_head *h, const uint8_t *body, size_t n, struct record *r,
                    uint8_t *out, size_t cap)
{
	struct item_out o = { out, cap, 0 }, kind = { NULL, 0, 0 };
	uint64_t count = (uint64_t)__builtin_popcountll(r->have), rest = r->have & ~BIT(KIND);
	uint8_t check[crypto_shorthash_BYTES];
	size_t skip;

	if (n + RECORD_HEAD > cap || n + RECORD_HEAD > RECORD_MAX)
		return 0;
	/* The kind is the body's first field; all others of the body come behind the writer's. */
	item_head(&kind, ITEM_MAP, count);
	item_head(&kind, ITEM_UINT, AUDIT_KIND);
	item_head(&kind, ITEM_UINT, r->field[AUDIT_KIND].u);
	skip = kind.n;
	item_head(&o, ITEM_MAP, count + 7);
	number_write(&o, r, AUDIT_SEQ, h->seq);
	field_write(&o, r, AUDIT_PREV, h->prev, HASH_LEN);
	number_write(&o, r, AUDIT_KIND, r->field[AUDIT_KIND].u);
	field_write(&o, r, AUDIT_EPOCH, h->epoch, 16);
	field_write(&o, r, AUDIT_BOOT, h->boot, 16);
	number_write(&o, r, AUDIT_WALL, h->wall);
	number_write(&o, r, AUDIT_MONO, h->mono);
	/* What was borrowed from the body is now borrowed from the record. */
	for (uint64_t left = rest; left; left &= left - 1) {
		struct record_field *f = &r->field[__builtin_ctzll(left)];

		if (!is_number(fields[f - r->field].schema[0]) && f->s.p)
			f->s.p = (const char *)out + o.n + (f->s.p - (const char *)body - skip);
	}
	item_raw(&o, bytes_of(body + skip, n - skip));
	check_of(out, o.n, check);
	field_write(&o, r, AUDIT_CHECK, check, sizeof check);
	return o.n;
}

void record_leaf(const uint8_t *p, size_t n, uint8_t leaf[static HASH_LEN])
{
	krux_sha256_parts((struct krux_str[]){ { "", 1 }, { (const char *)p, n } }, 2, leaf);
}
