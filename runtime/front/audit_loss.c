/* Records `acknowledged` to what they excuse. The program that takes the operator's word cuts the log first, so
 * that what was kept ends where its epoch begins. */
#include "runtime/front/audit_loss.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/checkpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *more(void *list, size_t n, size_t each, struct krux_err *err)
{
	list = reallocarray(list, n + 1, each);
	if (!list)
		err_set(err, ENOMEM, "losses");
	return list;
}

static int loss_take(struct losses *all, const struct record *r, const struct signer *s, struct krux_err *err)
{
	struct loss *loss = more(all->loss, all->n, sizeof *loss, err);

	if (!loss)
		return -1;
	all->loss = loss;
	loss += all->n++;
	*loss = (struct loss){ .kept = all->start, .lost = r->field[AUDIT_TREE].u, .seq = r->field[AUDIT_SEQ].u,
		               .has_root = record_has(r, AUDIT_ROOT) };
	if (loss->has_root)
		memcpy(loss->root, r->field[AUDIT_ROOT].s.p, HASH_LEN);
	memcpy(loss->by, s->key, SIGN_KEY);
	return 0;
}

static int gone_take(struct losses *all, const struct record *r, const struct signer *s, struct krux_err *err)
{
	struct operator_gone *gone = more(all->gone, all->ngone, sizeof *gone, err);

	if (!gone)
		return -1;
	all->gone = gone;
	gone += all->ngone++;
	gone->seq = r->field[AUDIT_SEQ].u;
	memcpy(gone->key, r->field[AUDIT_KEY].s.p, SIGN_KEY);
	memcpy(gone->by, s->key, SIGN_KEY);
	return 0;
}

static bool is_text(const struct record *r, enum audit_field f, struct krux_str text)
{
	return record_has(r, f) && krux_str_eq(r->field[f].s, text);
}

int losses_take(struct losses *all, const struct record *r, struct krux_err *err)
{
	const uint64_t kind = r->field[AUDIT_KIND].u;
	bool loss = kind == AUDIT_KIND_ACKNOWLEDGED && record_has(r, AUDIT_TREE);
	bool gone = kind == AUDIT_KIND_KEY && is_text(r, AUDIT_ACTION, KRUX_STR("revoke")) &&
	            is_text(r, AUDIT_ROLE, KRUX_STR("operator")) && record_has(r, AUDIT_KEY);
	struct signer s;
	int rc = 0;

	if (memcmp(all->epoch, r->field[AUDIT_EPOCH].s.p, sizeof all->epoch) != 0) {
		memcpy(all->epoch, r->field[AUDIT_EPOCH].s.p, sizeof all->epoch);
		all->start = r->field[AUDIT_SEQ].u;
	}
	for (size_t i = 0; (loss || gone) && !rc && signer_at(r, i, &s); i++)
		if (signer_holds_act(&s, r))
			rc = (loss ? loss_take : gone_take)(all, r, &s, err);
	return rc;
}

/* ---- whose word it was ---- */

/* Was this an operator's key at that record: one that the trust folder has, or that an operator took back later. */
static bool is_operators(const struct losses *all, const struct krux_public_key *trusted, size_t n, const uint8_t *key,
                         uint64_t seq)
{
	for (size_t i = 0; i < n; i++)
		if (!memcmp(trusted[i].key, key, SIGN_KEY))
			return true;
	for (size_t i = 0; i < all->ngone && all->gone[i].seq > seq; i++)
		if (!memcmp(all->gone[i].key, key, SIGN_KEY))
			return true;
	return false;
}

/* The last first: who took back a key may have been taken back after that. */
static void gone_turn(struct losses *all)
{
	for (size_t i = 0, k = all->ngone; i + 1 < k--; i++) {
		const struct operator_gone one = all->gone[i];

		all->gone[i] = all->gone[k];
		all->gone[k] = one;
	}
}

/* How large the tree of that root was. */
static void size_find(struct loss *l, const struct checkpoint_list *list)
{
	l->size = l->lost;
	for (size_t i = 0; i < list->n; i++)
		if (!memcmp(list->seen[i].root, l->root, HASH_LEN))
			l->size = list->seen[i].size;
}

int losses_judge(struct losses *all, const struct state *state, const struct checkpoint_list *list, uint64_t size,
                 struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(1 << 20);
	const size_t ngone = all->ngone, nlosses = all->n;
	struct krux_public_key *key;
	size_t n;

	if (!nlosses)
		return 0;
	if (!pool)
		return err_set(err, ENOMEM, "keys");
	if (trust_read(state->trust, TRUST_OPERATOR, pool, &key, &n, err))
		return -1;
	gone_turn(all);
	/* A copy of such an act could be put behind any record, but not into a tree that was signed. */
	for (size_t i = all->ngone = 0; i < ngone; i++)
		if (all->gone[i].seq < size && is_operators(all, key, n, all->gone[i].by, all->gone[i].seq))
			all->gone[all->ngone++] = all->gone[i];
	for (size_t i = all->n = 0; i < nlosses; i++) {
		if (!is_operators(all, key, n, all->loss[i].by, all->loss[i].seq))
			continue;
		size_find(&all->loss[i], list);
		all->loss[all->n++] = all->loss[i];
	}
	return 0;
}

/* The log was shorter than what was signed, and what it had still has to be what was signed; or it was another one up
 * to what the root tells; or both. */
static bool is_covered(const struct loss *l, const struct checkpoint_seen *s)
{
	if (s->size > l->lost || (l->has_root && s->size == l->size && memcmp(s->root, l->root, HASH_LEN) != 0))
		return false;
	return s->size > l->kept || (l->has_root && l->size <= l->kept && s->size <= l->size);
}

bool losses_cover(const struct losses *all, const struct checkpoint_seen *s)
{
	for (size_t i = 0; i < all->n; i++)
		if (is_covered(&all->loss[i], s))
			return true;
	return false;
}

void losses_free(struct losses *all)
{
	free(all->loss);
	free(all->gone);
	*all = (struct losses){ .n = 0 };
}
