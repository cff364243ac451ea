/* Numbers on one unsigned scale, and sets of them. */
#include "compiler/model/number.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"

static const krux_u128 bias = (krux_u128)1 << 63;

static bool is_signed(enum krux_tkind kind)
{
	return kind == KRUX_T_INT || kind == KRUX_T_DECIMAL || kind == KRUX_T_DATETIME;
}

static krux_u128 ip_key(struct krux_str octets)
{
	krux_u128 k = octets.n == 4 ? 0xFFFF : 0;

	for (size_t i = 0; i < octets.n; i++)
		k = k << 8 | (unsigned char)octets.p[i];
	return k;
}

krux_u128 number_key(const struct krux_type *t, const struct krux_value *wire)
{
	switch (wire->kind) {
	case KRUX_V_BOOL:
		return wire->b;
	case KRUX_V_BYTES:
		return ip_key(wire->str);
	case KRUX_V_TEXT:
		for (size_t i = 0; i < t->nnames; i++)
			if (krux_str_eq(t->name[i], wire->str))
				return i;
		abort();
	case KRUX_V_UINT:
		return is_signed(t->kind) ? bias + wire->u : wire->u;
	case KRUX_V_NINT:
		return bias - 1 - wire->u;
	default:
		abort();
	}
}

/* The least and greatest size a value of the type has. */
static struct interval size_domain(const struct krux_type *t)
{
	struct interval d = { 0, t->max };

	if (t->kind == KRUX_T_PATH || t->kind == KRUX_T_HOST)
		d.lo = 1;
	return d;
}

struct interval type_domain(const struct krux_type *t)
{
	struct interval d = { 0, ~(krux_u128)0 };

	if (t->kind == KRUX_T_IP)
		return d;
	d.lo = (krux_u128)t->lo;
	d.hi = (krux_u128)t->hi;
	if (is_signed(t->kind)) {
		d.lo += bias;
		d.hi += bias;
	}
	return d;
}

struct interval number_domain(const struct subject *s)
{
	switch (s->kind) {
	case SUBJECT_SIZE:
		return size_domain(s->access.type);
	case SUBJECT_HAS:
	case SUBJECT_LABEL:
		return (struct interval){ 0, 1 };
	case SUBJECT_TIME:
		return (struct interval){ 0, 86399 };
	case SUBJECT_WEEKDAY:
		return (struct interval){ 0, 6 };
	case SUBJECT_CALLS:
		return (struct interval){ 0, UINT64_MAX };
	default:
		return type_domain(s->type);
	}
}

static int interval_order(const void *pa, const void *pb)
{
	const struct interval *a = pa, *b = pb;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

size_t intervals_join(struct interval *v, size_t n)
{
	size_t k = 0;

	if (n > 1)
		qsort(v, n, sizeof *v, interval_order);
	for (size_t i = 0; i < n; i++) {
		if (k && (v[i].lo <= v[k - 1].hi || v[i].lo - 1 == v[k - 1].hi)) {
			if (v[i].hi > v[k - 1].hi)
				v[k - 1].hi = v[i].hi;
		} else {
			v[k++] = v[i];
		}
	}
	return k;
}

size_t intervals_clip(struct interval *v, size_t n, struct interval domain)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct interval x = v[i];

		if (x.lo < domain.lo)
			x.lo = domain.lo;
		if (x.hi > domain.hi)
			x.hi = domain.hi;
		if (x.lo <= x.hi)
			v[k++] = x;
	}
	return k;
}
