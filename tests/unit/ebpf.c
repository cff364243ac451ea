/* An interpreter: jumps lead onwards alone, so that every program ends. Registers that nothing has set are known, and
 * reading one is an error, as it is to the kernel's verifier. */
#include "tests/unit/ebpf.h"

#include <linux/bpf.h>
#include <string.h>

enum { REGISTERS = 10, CALLER_SAVED = 6 };
/* Where what is passed lies, to the program. */
static const uint64_t context_at = UINT64_C(1) << 40;

struct state {
	uint64_t r[REGISTERS];
	bool set[REGISTERS];
};

/* struct bpf_insn with numbers that are as wide as what is done with them. */
struct step {
	uint8_t code;
	unsigned dst, src;
	int64_t off, imm;
};

static struct step step_of(uint64_t word)
{
	return (struct step){ (uint8_t)word, (unsigned)(word >> 8) & 15, (unsigned)(word >> 12) & 15,
		              (int16_t)(word >> 16), (int32_t)(word >> 32) };
}

static bool get(const struct state *s, unsigned reg, uint64_t *out)
{
	if (reg >= REGISTERS || !s->set[reg])
		return false;
	*out = s->r[reg];
	return true;
}

static bool put(struct state *s, unsigned reg, uint64_t value)
{
	if (reg >= REGISTERS)
		return false;
	s->r[reg] = value;
	return s->set[reg] = true;
}

static bool operand(const struct state *s, const struct step *i, uint64_t *out)
{
	if (i->code & BPF_X)
		return get(s, i->src, out);
	*out = (uint64_t)i->imm;
	return true;
}

static bool load(struct state *s, const struct step *i, const struct ebpf *e)
{
	const size_t width = BPF_SIZE(i->code) == BPF_W ? 4 : BPF_SIZE(i->code) == BPF_H ? 2 : BPF_SIZE(i->code) == BPF_B ? 1 : 8;
	uint64_t at, value = 0;

	if (BPF_MODE(i->code) != BPF_MEM || !get(s, i->src, &at))
		return false;
	at += (uint64_t)i->off - context_at;
	if (at > e->size || width > e->size - at)
		return false;
	memcpy(&value, (const char *)e->context + at, width);
	return put(s, i->dst, value);
}

static bool compute(struct state *s, const struct step *i)
{
	const bool narrow = BPF_CLASS(i->code) == BPF_ALU;
	uint64_t a = 0, b;

	if (!operand(s, i, &b) || (BPF_OP(i->code) != BPF_MOV && !get(s, i->dst, &a)))
		return false;
	switch (BPF_OP(i->code)) {
	case BPF_MOV: a = b; break;
	case BPF_ADD: a += b; break;
	case BPF_SUB: a -= b; break;
	case BPF_AND: a &= b; break;
	case BPF_OR:  a |= b; break;
	case BPF_XOR: a ^= b; break;
	case BPF_LSH: a <<= b & (narrow ? 31 : 63); break;
	case BPF_RSH: a = (narrow ? (uint32_t)a : a) >> (b & (narrow ? 31 : 63)); break;
	default: return false;
	}
	return put(s, i->dst, narrow ? (uint32_t)a : a);
}

/* False in the function: it cannot be said. */
static bool jumps(const struct state *s, const struct step *i, bool *out)
{
	uint64_t a, b;

	*out = true;
	if (BPF_OP(i->code) == BPF_JA)
		return true;
	if (!get(s, i->dst, &a) || !operand(s, i, &b))
		return false;
	if (BPF_CLASS(i->code) == BPF_JMP32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:  *out = a == b; return true;
	case BPF_JNE:  *out = a != b; return true;
	case BPF_JGT:  *out = a > b; return true;
	case BPF_JGE:  *out = a >= b; return true;
	case BPF_JLT:  *out = a < b; return true;
	case BPF_JLE:  *out = a <= b; return true;
	case BPF_JSET: *out = a & b; return true;
	default: return false;
	}
}

static bool call(struct state *s, const struct step *i, const struct ebpf *e)
{
	uint64_t first;

	if (i->src || i->imm != BPF_FUNC_get_netns_cookie || !get(s, 1, &first) || first != context_at)
		return false;
	for (unsigned reg = 1; reg < CALLER_SAVED; reg++)
		s->set[reg] = false;
	return put(s, 0, e->network);
}

bool ebpf_run(const uint64_t *code, size_t n, const struct ebpf *e, uint64_t *result)
{
	struct state s = { .r = { 0 } };
	bool taken;

	put(&s, 1, context_at);
	for (size_t at = 0; at < n; at++) {
		const struct step i = step_of(code[at]);

		if (i.code == (BPF_JMP | BPF_EXIT))
			return get(&s, 0, result);
		switch (BPF_CLASS(i.code)) {
		case BPF_LD:
			if (i.code != (BPF_LD | BPF_IMM | BPF_DW) || i.src || ++at == n ||
			    !put(&s, i.dst, (uint32_t)i.imm | (code[at] >> 32) << 32))
				return false;
			break;
		case BPF_LDX:
			if (!load(&s, &i, e))
				return false;
			break;
		case BPF_ALU:
		case BPF_ALU64:
			if (!compute(&s, &i))
				return false;
			break;
		case BPF_JMP:
		case BPF_JMP32:
			if (i.code == (BPF_JMP | BPF_CALL)) {
				if (!call(&s, &i, e))
					return false;
				break;
			}
			if (!jumps(&s, &i, &taken) || i.off < 0)
				return false;
			at += taken ? (size_t)i.off : 0;
			break;
		default:
			return false;
		}
	}
	return false;
}
