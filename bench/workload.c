/* Workloads: texts and requests. */
#include "bench/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char header[] =
	"  output { done : bool; }\n"
	"  error Failed \"It did not work.\" recover stop \"Nothing can be done.\";\n"
	"  effect writes(path);\n"
	"  limits { memory 64MiB; cpu 1s; wall 5s; pids 1; files 16; output 1MiB; }\n"
	"  handler builtin \"bench\";\n";

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint32_t below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)((next(seed) >> 33) % n);
}

/* n letters and digits, the first a letter. */
static void word_make(uint64_t *seed, char *out, unsigned n)
{
	static const char letter[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (unsigned i = 0; i < n; i++)
		out[i] = letter[below(seed, i ? 36 : 26)];
	out[n] = 0;
}

/* ---- policies ---- */

static void groups_make(struct workload *w, uint64_t *seed)
{
	w->ngroups = w->rules / RULES_PER_CAP;
	w->group = calloc(w->ngroups, sizeof *w->group);
	if (!w->group)
		abort();
	for (uint32_t i = 0; i < w->ngroups; i++) {
		struct group *g = &w->group[i];
		char word[16];

		word_make(seed, word, 6);
		snprintf(g->cap, sizeof g->cap, "bench.%s_%04" PRIu32, word, i);
		for (uint32_t k = 0; k < FOLDERS_PER_CAP; k++) {
			word_make(seed, word, 8);
			snprintf(g->folder[k], sizeof g->folder[k], "/workspace/%s", word);
			g->most[k] = 4096 + below(seed, 1 << 20);
			g->calls[k] = 10 + below(seed, 1000);
		}
	}
}

static void folders_make(struct workload *w, uint64_t *seed)
{
	w->nglobs = w->rules / 5;
	w->nfolders = w->rules - w->nglobs;
	w->folder = calloc(w->nfolders, sizeof *w->folder);
	w->glob = calloc(w->nglobs, sizeof *w->glob);
	if (!w->folder || !w->glob)
		abort();
	for (uint32_t i = 0; i < w->nfolders; i++)
		word_make(seed, w->folder[i], 8);
	for (uint32_t i = 0; i < w->nglobs; i++)
		word_make(seed, w->glob[i], 7);
}

/* ---- requests ---- */

/* `folder`, then components of letters, to 40 bytes. */
static void path_make(uint64_t *seed, char out[static PATH_LENGTH + 1], const char *folder)
{
	size_t n = strlen(folder);

	memcpy(out, folder, n);
	while (n < PATH_LENGTH) {
		unsigned len = 2 + below(seed, 8);

		out[n++] = '/';
		if (PATH_LENGTH - n < len + 3)
			len = (unsigned)(PATH_LENGTH - n);
		word_make(seed, out + n, len);
		n += len;
	}
	out[PATH_LENGTH] = 0;
}

/* Half are allowed; the rest fail one test each, in turn. */
static void request_a(const struct workload *w, uint64_t *seed, struct request *r, uint32_t i)
{
	const struct group *g = &w->group[below(seed, w->ngroups)];
	uint32_t k = below(seed, FOLDERS_PER_CAP);
	char folder[64];

	r->cap = g->cap;
	r->ncap = (uint32_t)strlen(g->cap);
	r->size = below(seed, (uint32_t)g->most[k]);
	r->calls = below(seed, (uint32_t)g->calls[k]);
	r->allowed = i % 2 == 0;
	memcpy(folder, g->folder[k], sizeof g->folder[k]);
	if (!r->allowed)
		switch (i / 2 % 4) {
		case 0:
			snprintf(folder, sizeof folder, "/workspace/zz%06" PRIu32, below(seed, 1000000));
			break;
		case 1:
			snprintf(folder, sizeof folder, "%s/secret", g->folder[0]);
			break;
		case 2:
			r->size = g->most[k] + 1;
			break;
		default:
			r->calls = g->calls[k];
		}
	path_make(seed, r->path, folder);
}

static void request_b(const struct workload *w, uint64_t *seed, struct request *r, uint32_t i)
{
	char folder[64];

	r->cap = "bench.write";
	r->ncap = 11;
	r->size = below(seed, 1000);
	r->allowed = i % 2 == 0;
	snprintf(folder, sizeof folder, "/workspace/%s", w->folder[below(seed, w->nfolders)]);
	if (!r->allowed && i % 4 == 1)
		snprintf(folder, sizeof folder, "/workspace/zz%06" PRIu32, below(seed, 1000000));
	else if (!r->allowed)
		snprintf(folder, sizeof folder, "/workspace/%s/%s", w->folder[below(seed, w->nfolders)],
		         w->glob[below(seed, w->nglobs)]);
	path_make(seed, r->path, folder);
}

struct workload *workload_new(char kind, uint32_t rules)
{
	struct workload *w = calloc(1, sizeof *w);
	uint64_t seed = 88172645463325252u;

	if (!w)
		abort();
	w->kind = kind;
	w->rules = rules;
	if (kind == 'A')
		groups_make(w, &seed);
	else
		folders_make(w, &seed);
	for (uint32_t i = 0; i < REQUESTS; i++)
		if (kind == 'A')
			request_a(w, &seed, &w->request[i], i);
		else
			request_b(w, &seed, &w->request[i], i);
	return w;
}

void workload_free(struct workload *w)
{
	free(w->group);
	free(w->folder);
	free(w->glob);
	free(w);
}

/* ---- texts ---- */

static void cap_put(struct buf *b, const char *name)
{
	buf_printf(b, "/// Writes a file of a project.\n/// use: in measurements.\ncapability %s @1.0 {\n", name);
	buf_puts(b, "  input {\n    path : path \"Where.\";\n    size : uint 0..16MiB \"Bytes.\";\n"
	         "    content : string max 64KiB \"What.\";\n  }\n");
	buf_puts(b, header);
	buf_puts(b, "  example \"one\" { path: \"/workspace/a\", size: 1, content: \"a\" } -> { done: true };\n}\n");
}

void workload_caps(const struct workload *w, struct buf *b)
{
	buf_puts(b, "namespace bench \"Capabilities to measure with.\";\n");
	for (uint32_t i = 0; i < w->ngroups; i++)
		cap_put(b, w->group[i].cap + strlen("bench."));
	if (w->kind == 'B')
		cap_put(b, "write");
}

static void group_put(struct buf *b, const struct group *g, uint32_t i, bool changed)
{
	buf_printf(b, "  - id: secret-%" PRIu32 "\n    on: %s\n    when: path under \"%s/secret\"\n    verdict: blocked\n",
	           i, g->cap, g->folder[0]);
	buf_printf(b, "  - id: large-%" PRIu32 "\n    on: %s\n    when: size > 1MiB\n    verdict: blocked\n", i, g->cap);
	for (uint32_t k = 0; k < FOLDERS_PER_CAP; k++)
		buf_printf(b, "  - id: work-%" PRIu32 "-%" PRIu32 "\n    on: %s\n    when: path under \"%s\" and size <= %" PRIu64
		           " and workspace.calls(%s) < %" PRIu64 "\n    verdict: autonomous\n", i, k, g->cap, g->folder[k],
		           g->most[k] + (changed && k == 3), g->cap, g->calls[k]);
}

void workload_policy(const struct workload *w, bool changed, struct buf *b)
{
	uint32_t every = w->ngroups > 10 ? w->ngroups / 10 : 1;

	buf_puts(b, "krux: policy/1\nname: bench\nlayer: organization\nrules:\n");
	for (uint32_t i = 0; i < w->ngroups; i++)
		group_put(b, &w->group[i], i, changed && i % every == 0);
	for (uint32_t i = 0; i < w->nglobs; i++)
		buf_printf(b, "  - id: glob-%" PRIu32 "\n    on: bench.write\n    when: path matches \"**/%s/**\"\n"
		           "    verdict: blocked\n", i, w->glob[i]);
	for (uint32_t i = 0; i < w->nfolders; i++)
		buf_printf(b, "  - id: folder-%" PRIu32 "\n    on: bench.write\n    when: path under \"/workspace/%s\"\n"
		           "    verdict: %s\n", i, w->folder[i],
		           changed && w->nfolders > 10 && i % (w->nfolders / 10) == 0 ? "notify" : "autonomous");
	buf_puts(b, "default: blocked\n");
}

/* ---- by hand ---- */

static uint64_t cap_hash(const char *s, size_t n)
{
	uint64_t h = 0xCBF29CE484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001B3u;
	return h;
}

static void hand_group(struct buf *b, const struct group *g, uint32_t i)
{
	buf_printf(b, "static __attribute__((noinline)) int cap_%" PRIu32 "(const char *path, uint32_t n, uint64_t size, "
	           "count_fn *count, void *ctx)\n{\n\tuint64_t calls;\n\n"
	           "\tif (UNDER(\"%s/secret\") || size > 1 << 20)\n\t\treturn 0;\n", i, g->folder[0]);
	for (uint32_t k = 0; k < FOLDERS_PER_CAP; k++)
		buf_printf(b, "\tif (UNDER(\"%s\"))\n\t\treturn size <= %" PRIu64 " && count(ctx, %" PRIu32
		           ", &calls) && calls < %" PRIu64 " ? 3 : 0;\n", g->folder[k], g->most[k], i, g->calls[k]);
	buf_puts(b, "\treturn 0;\n}\n\n");
}

void workload_hand(const struct workload *w, struct buf *b)
{
	buf_puts(b, "#include <stdbool.h>\n#include <stdint.h>\n#include <string.h>\n"
	         "typedef bool count_fn(void *ctx, uint32_t id, uint64_t *answer);\n"
	         "#define UNDER(s) (n >= sizeof s - 1 && !memcmp(path, s, sizeof s - 1) && "
	         "(n == sizeof s - 1 || path[sizeof s - 1] == '/'))\n");
	for (uint32_t i = 0; i < w->ngroups; i++)
		hand_group(b, &w->group[i], i);
	buf_puts(b, "int hand(const char *cap, uint32_t ncap, const char *path, uint32_t n, uint64_t size, count_fn *count, "
	         "void *ctx)\n{\n\tuint64_t h = 0xCBF29CE484222325u;\n\n"
	         "\tfor (uint32_t i = 0; i < ncap; i++)\n\t\th = (h ^ (unsigned char)cap[i]) * 0x100000001B3u;\n"
	         "\tswitch (h) {\n");
	for (uint32_t i = 0; i < w->ngroups; i++) {
		const struct group *g = &w->group[i];
		size_t len = strlen(g->cap);

		buf_printf(b, "\tcase %#" PRIx64 "u:\n\t\treturn ncap == %zu && !memcmp(cap, \"%s\", %zu) ? "
		           "cap_%" PRIu32 "(path, n, size, count, ctx) : 0;\n", cap_hash(g->cap, len), len, g->cap, len, i);
	}
	buf_puts(b, "\tdefault:\n\t\treturn 0;\n\t}\n}\n");
}

static bool under(const char *path, const char *folder, size_t n)
{
	return !strncmp(path, folder, n) && (!path[n] || path[n] == '/');
}

int workload_scan(const struct workload *w, const struct request *r, count_fn *count, void *ctx)
{
	for (uint32_t i = 0; i < w->ngroups; i++) {
		const struct group *g = &w->group[i];
		size_t n = strlen(g->folder[0]);
		uint64_t calls;

		/* Ten rules, each of which names its capability. */
		for (uint32_t k = 0; k < RULES_PER_CAP; k++) {
			if (strncmp(r->cap, g->cap, r->ncap + 1) != 0)
				continue;
			if (k == 0 && under(r->path, g->folder[0], n) && under(r->path + n, "/secret", 7))
				return 0;
			if (k == 1 && r->size > 1 << 20)
				return 0;
			if (k >= 2 && under(r->path, g->folder[k - 2], n) && r->size <= g->most[k - 2] &&
			    count(ctx, i, &calls) && calls < g->calls[k - 2])
				return 3;
		}
	}
	return 0;
}
