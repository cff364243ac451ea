/* A policy written by hand, as small as it can be: what the loader and the gate are tried with.
 *
 *   files.read@1.0 { path }       below /workspace/secret blocked, /workspace/ask approval-required,
 *                                 /workspace/loud notify, /workspace autonomous, else blocked
 *   files.walk@1.0 { path }       the same
 *   mail.send@1.0 { size, to }    blocked where the workspace has "file-content" or the day of the
 *                                 week is not known; else autonomous, at most 2 an hour and a size
 *                                 of 100 in all
 *
 * Built with -DFAULT=n it is wrong in one way each; with -DREAL files.read is filesystem.stat. */
#include "capspec/krux_abi.h"

#ifndef FAULT
#define FAULT 0
#endif

enum { READ, WALK, SEND, CAPS };
enum { WEEKDAY, LABEL, RATE, BUDGET, FACTS };
enum { NONE, ASK, LOUD, MAIL, OBLIGATIONS };

struct args {
	const uint8_t *text;
	uint32_t ntext;
	uint64_t size;
};

static uint32_t length(const char *s)
{
	uint32_t n = 0;

	while (s[n])
		n++;
	return n;
}

static bool same(const char *a, const uint8_t *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if ((uint8_t)a[i] != b[i])
			return false;
	return true;
}

static bool number(const uint8_t **p, const uint8_t *end, uint8_t major, uint64_t *out)
{
	uint32_t more, info;

	if (*p == end || **p >> 5 != major)
		return false;
	info = *(*p)++ & 31;
	*out = info;
	if (info < 24)
		return true;
	if (info > 27)
		return false;
	more = 1u << (info - 24);
	if ((uint64_t)(end - *p) < more)
		return false;
	*out = 0;
	for (uint32_t i = 0; i < more; i++)
		*out = *out << 8 | *(*p)++;
	return *out >= (more == 1 ? 24 : 1ull << (4 * more));
}

static bool key(const uint8_t **p, const uint8_t *end, const char *name)
{
	uint32_t n = length(name);
	uint64_t len;

	if (!number(p, end, 3, &len) || len != n || (uint64_t)(end - *p) < n || !same(name, *p, n))
		return false;
	*p += n;
	return true;
}

static bool text(const uint8_t **p, const uint8_t *end, struct args *a)
{
	uint64_t len;

	if (!number(p, end, 3, &len) || len > (uint64_t)(end - *p))
		return false;
	a->text = *p;
	a->ntext = (uint32_t)len;
	*p += len;
	return true;
}

static bool decode(uint32_t cap, const uint8_t *p, uint32_t n, void *scratch, struct krux_decode_error *err)
{
	const uint8_t *end = p + n;
	struct args *a = scratch;
	uint64_t members;

	err->field = "";
	err->why = "is not what this capability takes";
	err->offset = 0;
	if (FAULT == 1)
		return cap < CAPS;
	if (!number(&p, end, 5, &members) || cap >= CAPS || members != (cap == SEND ? 2 : 1))
		return false;
	if (cap != SEND)
		return key(&p, end, "path") && text(&p, end, a) && a->ntext && a->text[0] == '/' && p == end;
	return key(&p, end, "to") && text(&p, end, a) && key(&p, end, "size") && number(&p, end, 0, &a->size) && p == end;
}

static bool under(const struct args *a, const char *folder)
{
	uint32_t n = length(folder);

	return a->ntext >= n && same(folder, a->text, n) && (a->ntext == n || a->text[n] == '/');
}

static const struct {
	const char *folder, *rule;
	uint32_t line;
	uint8_t verdict, obligation;
} rules[] = {
	{ "/workspace/secret", "secret", 3, KRUX_BLOCKED, NONE },
	{ "/workspace/ask", "ask", 4, KRUX_APPROVAL, ASK },
	{ "/workspace/loud", "loud", 5, KRUX_NOTIFY, LOUD },
	{ "/workspace", "inside", 6, KRUX_AUTONOMOUS, NONE },
};

static int rule_of(const struct args *a)
{
	for (int i = 0; i < 4; i++)
		if (under(a, rules[i].folder))
			return i;
	return -1;
}

/* Blocked, autonomous, or -1 where a fact is not known. */
static int mail(const struct args *a, krux_fact_fn *fact, void *ctx)
{
	uint64_t label, rate, sum, day;

	if (!fact(ctx, WEEKDAY, &day) || !fact(ctx, LABEL, &label))
		return -1;
	if (day > 6 || label)
		return KRUX_BLOCKED;
	if (!fact(ctx, RATE, &rate) || !fact(ctx, BUDGET, &sum))
		return -1;
	return rate >= 2 || sum > 100 || a->size > 100 - sum ? KRUX_BLOCKED : KRUX_AUTONOMOUS;
}

static struct krux_answer decide(uint32_t cap, const char *agent, uint32_t nagent, const void *scratch,
                                 krux_fact_fn *fact, void *ctx)
{
	struct krux_answer a = { KRUX_BLOCKED, KRUX_BLOCKED, 0, NONE };
	int k;

	(void)agent, (void)nagent;
	if (cap >= CAPS)
		return a;
	if (FAULT == 2)
		return (struct krux_answer){ 9, 9, 0, 99 };
	if (FAULT == 3)
		return (struct krux_answer){ KRUX_AUTONOMOUS, KRUX_AUTONOMOUS, 0, 0 };
	if (cap == SEND) {
		k = mail(scratch, fact, ctx);
		a.failed = k < 0;
		a.verdict = a.would = k < 0 ? KRUX_BLOCKED : (uint8_t)k;
		a.obligation = k == KRUX_AUTONOMOUS ? MAIL : NONE;
		return a;
	}
	k = rule_of(scratch);
	if (k >= 0) {
		a.verdict = a.would = rules[k].verdict;
		a.obligation = rules[k].obligation;
	}
	return a;
}

static uint32_t cite(uint32_t cap, const char *agent, uint32_t nagent, const void *scratch, krux_fact_fn *fact,
                     void *ctx, struct krux_cite *out, uint32_t max)
{
	struct krux_answer a = decide(cap, agent, nagent, scratch, fact, ctx);
	int k = cap == SEND ? -1 : rule_of(scratch);

	if (!max)
		return 1;
	out[0] = (struct krux_cite){ "tiny", "", "tiny.yaml", 1, "", 1, a.verdict, false };
	if (cap == SEND) {
		out[0].rule = "mail";
		out[0].line = 7;
	} else if (k >= 0) {
		out[0].rule = rules[k].rule;
		out[0].line = rules[k].line;
		out[0].reason = rules[k].verdict == KRUX_BLOCKED ? "It is secret" : "";
	}
	return 1;
}

static const char *const read_labels[] = { "file-content" };

static const struct krux_cap_def caps[CAPS] = {
#ifdef REAL
	[READ] = { "filesystem.stat", 1, 0, read_labels, 0, 4200 },
	[WALK] = { "goo.walk", 1, 0, (void *)0, 0, 4200 },
#else
	[READ] = { "files.read", 1, 0, read_labels, 1, FAULT == 4 ? 99 : 4200 },
	[WALK] = { "files.walk", 1, 0, (void *)0, 0, 4200 },
#endif
	[SEND] = { FAULT == 5 ? "mail.sent" : "mail.send", 1, 0, (void *)0, 0, 400 },
};

static int find(const char *name, uint32_t n)
{
	for (int i = 0; i < CAPS; i++) {
		uint32_t len = length(caps[i].name);

		if (FAULT == 6)
			return 0;
		if (n >= len && same(caps[i].name, (const uint8_t *)name, len) &&
		    (n == len || (n == len + 2 && same("@1", (const uint8_t *)name + len, 2)) ||
		     (n == len + 4 && same("@1.0", (const uint8_t *)name + len, 4))))
			return i;
	}
	return -1;
}

static const struct krux_fact_def facts[FACTS] = {
	[WEEKDAY] = { KRUX_FACT_WEEKDAY, "", "", 0, 0, "" },
	[LABEL] = { KRUX_FACT_LABEL, "", "file-content", 0, 0, "" },
	[RATE] = { KRUX_FACT_RATE, "tiny", "mail", 3600000000000, 2, "" },
	[BUDGET] = { KRUX_FACT_BUDGET, "tiny", "mail", 3600000000000, 100, FAULT == 7 ? "" : "size" },
};

static const char *const approvers[] = { "ops" };
static const struct krux_approval approval[] = { { 1, 1, approvers } };
static const uint32_t counters[] = { RATE, BUDGET };

static const struct krux_obligation obligations[OBLIGATIONS] = {
	[ASK] = { 3600000000000, 1, approval, false, 0, (void *)0 },
	[LOUD] = { 0, 0, (void *)0, true, 0, (void *)0 },
	[MAIL] = { 0, 0, (void *)0, false, FAULT == 8 ? 99999 : 2, counters },
};

#if FAULT == 9
#define VERSION 2
#else
#define VERSION KRUX_ABI_VERSION
#endif

__attribute__((visibility("default"))) const struct krux_abi krux_abi_1 = {
	.version = VERSION, .scratch = sizeof(struct args), .ncaps = CAPS, .nfacts = FACTS, .nobligations = OBLIGATIONS,
	.caps = caps, .facts = facts, .obligations = obligations,
	.find = find, .decode = decode, .decide = decide, .cite = cite,
};

/* What no policy may hold. */
#ifdef CONSTRUCTOR
__attribute__((constructor)) static void start(void)
{
	__asm__ volatile("");
}
#endif
#ifdef UNDEFINED
extern int elsewhere(void);
__attribute__((visibility("default"))) int (*const reaches)(void) = elsewhere;
#endif
#ifdef THREAD
__thread int each;
__attribute__((visibility("default"))) int *reach(void)
{
	return &each;
}
#endif
#ifdef INDIRECT
static int one(void)
{
	return 1;
}
static int (*choose(void))(void)
{
	return one;
}
int chosen(void) __attribute__((ifunc("choose")));
__attribute__((visibility("default"))) int call(void)
{
	return chosen();
}
#endif
#ifdef SECOND
__attribute__((visibility("default"))) int krux_abi_2 = 2;
#endif
