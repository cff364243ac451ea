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
		const char *cc = getenv("CC");
		execlp(cc && *cc ? cc : "gcc", "cc", optimise ? "-O2" : "-O0", "-std=gnu11", "-w", "-shared", "-fPIC",
		       "-ffreestanding", "-nostdlib", "-o", to, from, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

bool object_make(struct world *w, bool optimise)
{
	char folder[] = "/tmp/krux-oracle-XXXXXX", c[64], so[64];
	struct buf text = { 0 };
	FILE *f;
	bool ok;

	if (!emit_c(w->a, w->p->diags, &w->p->build, w->p->decisions, w->p->manager, w->p->root, &text)) {
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
	return w->abi != NULL;
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
