/* A few questions whose answers are known for every policy. */
#include "runtime/bundle/abi.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

static int refuse(struct krux_err *err, const struct krux_capability *c, const char *why)
{
	return err_set(err, 0, "the policy fails its test: %.*s%s%s", c ? (int)c->name.n : 0,
	               c ? c->name.p : "", c ? ": " : "", why);
}

static bool fact_none(void *ctx, uint32_t id, uint64_t *answer)
{
	(void)ctx, (void)id, (void)answer;
	return false;
}

static bool fact_zero(void *ctx, uint32_t id, uint64_t *answer)
{
	(void)ctx, (void)id;
	*answer = 0;
	return true;
}

/* ---- the simplest arguments of a type, as somebody would write them ---- */

static bool sample(struct krux_pool *, const struct krux_type *, struct krux_value *);

static bool sample_record(struct krux_pool *pool, const struct krux_type *t, struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(pool, t->nfields * sizeof *m);
	size_t n = 0;

	if (!m)
		return false;
	for (size_t i = 0; i < t->nfields; i++) {
		if (t->field[i].optional || t->field[i].deflt)
			continue;
		m[n].key = t->field[i].name;
		if (!sample(pool, t->field[i].type, &m[n++].value))
			return false;
	}
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	return true;
}

static bool sample(struct krux_pool *pool, const struct krux_type *t, struct krux_value *out)
{
	static const struct krux_str texts[KRUX_T_COUNT] = {
		[KRUX_T_STRING] = KRUX_STR("x"),
		[KRUX_T_PATH] = KRUX_STR("/"),
		[KRUX_T_URL] = KRUX_STR("http://x/"),
		[KRUX_T_HOST] = KRUX_STR("x"),
		[KRUX_T_IP] = KRUX_STR("127.0.0.1"),
		[KRUX_T_CIDR] = KRUX_STR("10.0.0.0/8"),
		[KRUX_T_DATETIME] = KRUX_STR("2026-01-01T00:00:00Z"),
		[KRUX_T_SECRET] = KRUX_STR("x"),
		[KRUX_T_BYTES] = KRUX_STR("AAAA"),
		[KRUX_T_DIGEST] = KRUX_STR(
			"0000000000000000000000000000000000000000000000000000000000000000"),
	};
	char number[24];

	switch (t->kind) {
	case KRUX_T_BOOL:
		*out = (struct krux_value){ .kind = KRUX_V_BOOL };
		return true;
	case KRUX_T_ENUM:
		*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = t->name[0] };
		return true;
	case KRUX_T_LIST:
		*out = (struct krux_value){ .kind = KRUX_V_LIST };
		return true;
	case KRUX_T_MAP:
		*out = (struct krux_value){ .kind = KRUX_V_MAP };
		return true;
	case KRUX_T_RECORD:
		return sample_record(pool, t, out);
	case KRUX_T_INT:
	case KRUX_T_UINT:
	case KRUX_T_PORT:
	case KRUX_T_SIZE:
	case KRUX_T_DURATION:
		if (t->lo < 0)
			snprintf(number, sizeof number, "0");
		else
			snprintf(number, sizeof number, "%llu%s", (unsigned long long)t->lo,
			         t->kind == KRUX_T_DURATION ? "ns" : "");
		out->kind = KRUX_V_NUMBER;
		out->str = (struct krux_str){ krux_pool_copy(pool, number, strlen(number)),
			                      strlen(number) };
		return out->str.p != NULL;
	default:
		*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = texts[t->kind] };
		return out->str.n > 0;
	}
}

/* The canonical encoding of them; 0: these arguments do not fit the type's bounds. */
static size_t sample_args(struct krux_pool *pool, const struct krux_capability *c, uint8_t *buf,
                          size_t cap)
{
	struct krux_value written, canonical;
	size_t n;

	if (!sample(pool, c->input, &written) ||
	    !krux_canon(pool, c->input, &written, &canonical, NULL))
		return 0;
	n = krux_cbor_write(&canonical, buf, cap);
	return n <= cap ? n : 0;
}

/* Does the sample name the path "/" as something that it reads, writes, or the like. */
static bool leaves_workspace(const struct krux_capability *c)
{
	for (size_t i = 0; i < c->neffects; i++) {
		const struct krux_effect *e = &c->effect[i];
		const struct krux_type *t;

		if (!e->nargs || e->arg[0].is_constant || e->kind == KRUX_EFFECT_EXECUTES)
			continue;
		t = krux_access_type(c->input, e->arg[0].access);
		if (!t || t->kind != KRUX_T_PATH)
			continue;
		for (size_t k = 0; k < c->input->nfields; k++) {
			const struct krux_field *f = &c->input->field[k];

			if (krux_str_eq(f->name, e->arg[0].access) && !f->optional && !f->deflt)
				return true;
		}
	}
	return false;
}

static bool answer_valid(const struct krux_abi *abi, struct krux_answer a)
{
	return a.verdict <= KRUX_AUTONOMOUS && a.would <= KRUX_AUTONOMOUS && a.failed <= 1 &&
	       a.obligation < abi->nobligations && (!a.failed || a.verdict == KRUX_BLOCKED);
}

static int try_decision(const struct krux_abi *abi, uint32_t id, const struct krux_capability *c,
                        void *scratch, struct krux_err *err)
{
	struct krux_answer a = abi->decide(id, "x", 1, scratch, fact_zero, NULL);
	struct krux_answer b = abi->decide(id, "x", 1, scratch, fact_zero, NULL);
	struct krux_answer none = abi->decide(id, "x", 1, scratch, fact_none, NULL);

	if (!answer_valid(abi, a) || !answer_valid(abi, none))
		return refuse(err, c, "an answer is out of range");
	if (a.verdict != b.verdict || a.would != b.would || a.obligation != b.obligation)
		return refuse(err, c, "the same question has two answers");
	if (a.verdict != KRUX_BLOCKED && leaves_workspace(c))
		return refuse(err, c, "the root folder of the machine is not blocked");
	return 0;
}

static int try_capability(const struct krux_abi *abi, uint32_t id, const struct krux_capability *c,
                          void *scratch, struct krux_err *err)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(1 << 20);
	static const uint8_t garbage[][4] = {
		{ 0 }, { 0xFF }, { 0xA1 }, { 0xBF, 0xFF }, { 0xA1, 0x61, 'x', 0xF6 }
	};
	struct krux_decode_error why;
	uint8_t args[4096];
	char name[256];
	size_t n;

	n = (size_t)snprintf(name, sizeof name, "%.*s@%u.%u", (int)c->name.n, c->name.p, c->major,
	                     c->minor);
	if (n >= sizeof name || abi->find(name, (uint32_t)n) != (int)id)
		return refuse(err, c, "it does not find it by name");
	if (abi->decode(id, args, 0, scratch, &why))
		return refuse(err, c, "it takes nothing for arguments");
	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
		if (abi->decode(id, garbage[i], sizeof garbage[i], scratch, &why))
			return refuse(err, c, "it takes garbage for arguments");
	n = pool ? sample_args(pool, c, args, sizeof args) : 0;
	if (!n)
		return 0;
	if (!abi->decode(id, args, (uint32_t)n, scratch, &why))
		return refuse(err, c, "it refuses arguments that fit");
	return try_decision(abi, id, c, scratch, err);
}

static int try_all(const struct krux_abi *abi, const struct krux_capability *caps, size_t n,
                   void *scratch, struct krux_err *err)
{
	struct krux_decode_error why;

	if (abi->find("", 0) >= 0 || abi->find("no.such", 7) >= 0 || abi->find("@", 1) >= 0)
		return refuse(err, NULL, "it finds what is not there");
	if (abi->decode((uint32_t)n, (const uint8_t *)"\xA0", 1, scratch, &why) ||
	    abi->decide((uint32_t)n, "x", 1, scratch, fact_zero, NULL).verdict != KRUX_BLOCKED)
		return refuse(err, NULL, "it decides about what is not there");
	for (size_t i = 0; i < n; i++)
		if (try_capability(abi, (uint32_t)i, &caps[i], scratch, err))
			return -1;
	return 0;
}

int abi_try(const struct krux_abi *abi, const struct krux_capability *caps, size_t n,
            struct krux_err *err)
{
	size_t size = ((size_t)abi->scratch + 31) & ~(size_t)15;
	void *scratch = aligned_alloc(16, size);
	int rc;

	if (!scratch)
		return err_set(err, 0, "the policy fails its test: out of memory");
	memset(scratch, 0, size);
	rc = try_all(abi, caps, n, scratch, err);
	free(scratch);
	return rc;
}
