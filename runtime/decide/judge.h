/* What the policy says about one call. */
#ifndef KRUX_JUDGE_H
#define KRUX_JUDGE_H

#include "capspec/krux_abi.h"
#include "capspec/value.h"
#include "runtime/decide/facts.h"

struct krux_err;

struct judgement {
	uint8_t verdict, would;                    /* enum krux_verdict */
	const struct krux_obligation *obligation;  /* never NULL */
	/* The voice that decided; policy "" where no file speaks. Strings of the policy. */
	struct krux_cite voice;
	const char *reason;                        /* never NULL; "" where there is none */
	struct facts_full full;  /* the voice's rate or budget, where it has no room for this call */
};

struct judge;

/* For calls of one capability by one agent; agent is borrowed. NULL with *err. */
struct judge *judge_new(const struct krux_abi *, uint32_t cap, struct krux_str agent,
                        struct facts *, struct krux_err *err);
/* For any capability and agent, by judge_aim; it does not answer judge_path. */
struct judge *judge_any(const struct krux_abi *, struct facts *, struct krux_err *err);
void judge_aim(struct judge *, uint32_t cap, struct krux_str agent);
void judge_free(struct judge *);

/* Decides canonical arguments, which are borrowed until the next call. Negative with *err where
 * the policy's decoder refuses them, which canonical arguments of the type never meet. args: the
 * same as a value, for what a budget counts; NULL: unknown. */
int judge_call(struct judge *, struct krux_str cbor, const struct krux_value *args, struct judgement *out,
               struct krux_err *err);
/* The same in two steps: is this the encoding of arguments of the capability; then the verdict.
 * *why has constant strings. */
bool judge_decode(struct judge *, struct krux_str cbor, struct krux_decode_error *why);
void judge_decide(struct judge *, const struct krux_value *args, struct judgement *out);

/* The verdict of the same call with the path field `field` of args (the canonical wire map)
 * holding `path`. Takes no memory; blocked in every doubt. */
enum krux_verdict judge_path(struct judge *, const struct krux_value *args, struct krux_str field,
                             struct krux_str path);

/* Who has to approve what the verdict is about: as the policy says, and one of all approvers within an hour where it asks
 * for nobody, as a default's approval is. For changes that are approved whatever the verdict. */
const struct krux_obligation *judge_approvals(const struct judgement *);

/* "policy/rule", "policy/default" or "", and "file:line" or "": into the pool. False: no memory. */
bool cite_text(struct krux_pool *, const struct krux_cite *, struct krux_str *rule,
               struct krux_str *source);

/* Is a stricter than b. */
bool verdict_stricter(uint8_t a, uint8_t b);
const char *krux_verdict_text(uint8_t verdict);

#endif
