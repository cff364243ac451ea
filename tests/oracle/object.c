/* decide.c of a build to code in this process. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/emit/emit_c.h"
#include "tests/oracle/roads.h"

static bool compile(const char *from, const char *to, bool optimise)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		static char words[256];
		const char *cc = getenv("CC"), *argv[24];
		size_t n = 0;
		snprintf(words, sizeof words, "%s %s -std=gnu11 -w -shared -fPIC -ffreestanding -nostdlib", cc && *cc ? cc : "gcc",
		         optimise ? "-O2" : "-O0");
		for (char *w = strtok(words, " "); w && n < 20; w = strtok(NULL, " "))
			argv[n++] = w;
		memcpy(argv + n, (const char *[]){ "-o", to, from, NULL }, 4 * sizeof *argv);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static const char *operand_text(struct arena *a, const struct o_operand *o)
{
	struct krux_str s = o->name[0];

	for (size_t i = 1; i < o->n; i++)
		s = arena_printf(a, "%.*s.%.*s", (int)s.n, s.p, (int)o->name[i].n, o->name[i].p);
	return arena_printf(a, o->size ? "size(%.*s)" : "%.*s", (int)s.n, s.p).p;
}

/* What the ABI says of rates and budgets: the runtime counts by that. */
static bool facts_agree(struct world *w)
{
	for (uint32_t i = 0; i < w->abi->nfacts; i++) {
		const struct krux_fact_def *f = &w->abi->facts[i];
		const struct o_rate *rate = NULL;
		if (f->kind != KRUX_FACT_RATE && f->kind != KRUX_FACT_BUDGET)
			continue;
		for (size_t p = 0; p < w->o.npolicies; p++)
			for (size_t r = 0; r < w->o.policy[p].nrules && o_is(w->o.policy[p].name, f->policy); r++)
				if (o_is(w->o.policy[p].rule[r].id, f->name))
					rate = f->kind == KRUX_FACT_RATE ? &w->o.policy[p].rule[r].rate : &w->o.policy[p].rule[r].budget;
		if (!rate || !rate->given || rate->per != f->per || rate->max != f->max ||
		    (f->kind == KRUX_FACT_BUDGET && strcmp(f->sum, operand_text(w->a, &rate->sum)))) {
			printf("seed %llu: facts[%u] of decide.c is not what %s/%s counts\n", (unsigned long long)w->g->seed, i, f->policy,
			       f->name);
			return false;
		}
	}
	return true;
}

/* Capabilities are found by their names. */
static bool names_agree(struct world *w)
{
	for (uint32_t i = 0; i < w->p->caps.n; i++) {
		const struct capability *c = w->p->caps.cap[i];
		struct krux_str name = arena_printf(w->a, "%.*s@%u.%u", (int)c->name.n, c->name.p, c->major, c->minor);
		if (w->abi->find(name.p, (uint32_t)name.n) != (int)i || w->abi->find(name.p, (uint32_t)name.n - 1) == (int)i) {
			printf("seed %llu: decide.c does not find %s\n", (unsigned long long)w->g->seed, name.p);
			return false;
		}
	}
	return true;
}

bool object_make(struct world *w, bool optimise)
{
	char folder[] = "/tmp/krux-oracle-XXXXXX", c[64], so[64];
	struct buf text = { 0 };
	FILE *f;
	bool ok;

	if (!emit_c(w->a, w->p->diags, &w->p->build, w->p->decisions, w->p->manager, w->p->root,
	            w->g->seed / 2 % 2 ? EMIT_TABLES : EMIT_READABLE, &text)) {
		buf_free(&text);
		return false;
	}
	if (!mkdtemp(folder))
		return false;
	snprintf(c, sizeof c, "%s/decide.c", folder);
	snprintf(so, sizeof so, "%s/decide.so", folder);
	f = fopen(c, "w");
	ok = f && fwrite(text.p, 1, text.n, f) == text.n;
	if (f)
		ok = !fclose(f) && ok;
	buf_free(&text);
	ok = ok && compile(c, so, optimise);
	if (ok) {
		w->object = dlopen(so, RTLD_NOW | RTLD_LOCAL);
		w->abi = w->object ? dlsym(w->object, "krux_abi_1") : NULL;
	}
	if (ok && !w->abi)
		fprintf(stderr, "%s\n", dlerror());
	if (w->abi)
		w->scratch = aligned_alloc(16, ((size_t)w->abi->scratch + 31) & ~(size_t)15);
	if (!getenv("ORACLE_KEEP")) {
		unlink(c);
		unlink(so);
		rmdir(folder);
	}
	return w->abi && facts_agree(w) && names_agree(w);
}

void object_free(struct world *w)
{
	free(w->scratch);
	if (w->object)
		dlclose(w->object);
	w->object = NULL;
	w->abi = NULL;
	w->scratch = NULL;
}
