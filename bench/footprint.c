/* What one call touches in the child that serves it: on a virtual machine a child costs the pages that are new to it more than
 * the instructions that it runs. One call of filesystem.stat, then one of a command, each as bench/sandbox's warm ones: of the
 * child that has waited longest, which gets the next call, each instruction is stepped through from there to its end, and what
 * a command's process runs until it executes the program, since it has the child's memory until then.
 *
 * With the argument `functions`, the names of what ran follow, in order of first use: mk/handler.ld is made from those. What
 * ran before the child waited is not among them.
 *
 * For root: nobody else may step through children, or sees the frames of their pages. */
#include "runtime/base/uids.h"
#include "runtime/front/audit.h"
#include "runtime/sandbox/cgroup.h"
#include "tests/unit/spawning.h"

#include <check.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* A call that takes longer went to another child. */
enum { WARM = 10, PAUSE_MS = 1000, PATIENCE_S = 120, PAGE = 12, WINDOW = 16, PAGES = 1 << 14, HAD = 1 << 14 };

static char build_path[4096], bare_path[4096];
static bool functions;

__attribute__((noreturn)) static void give_up(const char *what)
{
	fprintf(stderr, "bench/footprint: %s: %s\n", what, strerror(errno));
	_exit(1);
}

__attribute__((noreturn)) static void not_measured(const char *why)
{
	printf("footprint: NOT MEASURED: %s\n", why);
	fflush(stdout);
	_exit(0);
}

/* ---- functions of krux-handler ---- */

/* Or a section, of what no function has: the linker's jumps. */
struct symbol {
	uint64_t at, size;
	const char *name;
	bool near, ran;
};
static struct symbol *symbol;
static const struct symbol **order;            /* that ran, by first use */
static size_t nsymbols, norder;

/* By place; what lies in another after it; of several names, the shortest last. */
static int symbol_order(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return (int)strlen(y->name) - (int)strlen(x->name);
}

/* The file stays mapped, for its names. */
static void symbols_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const Elf64_Ehdr *head;
	const Elf64_Shdr *section, *table = NULL;
	const Elf64_Sym *sym = NULL;
	const char *file;
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st) || (file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
		give_up(path);
	close(fd);
	head = (const void *)file;
	section = (const void *)(file + head->e_shoff);
	for (unsigned i = 0; i < head->e_shnum; i++)
		if (section[i].sh_type == SHT_SYMTAB)
			table = &section[i];
	if (table) {
		sym = (const void *)(file + table->sh_offset);
		n = table->sh_size / sizeof *sym;
	}
	symbol = calloc(n + head->e_shnum, sizeof *symbol);
	order = calloc(n + head->e_shnum, sizeof *order);
	errno = n ? ENOMEM : ENOEXEC;
	if (!n || !symbol || !order)
		give_up("the symbols of krux-handler");
	for (unsigned i = 0; i < head->e_shnum; i++)
		if (section[i].sh_flags & SHF_EXECINSTR)
			symbol[nsymbols++] = (struct symbol){ section[i].sh_addr, section[i].sh_size,
				file + section[head->e_shstrndx].sh_offset + section[i].sh_name, false, false };
	for (size_t i = 0; i < n; i++) {
		const Elf64_Shdr *in = sym[i].st_shndx < head->e_shnum ? &section[sym[i].st_shndx] : section;
		const char *name = file + section[head->e_shstrndx].sh_offset + in->sh_name;

		if (sym[i].st_size && in->sh_flags & SHF_EXECINSTR)
			symbol[nsymbols++] = (struct symbol){ sym[i].st_value, sym[i].st_size,
				file + section[table->sh_link].sh_offset + sym[i].st_name, !strcmp(name, ".text.near"), false };
	}
	qsort(symbol, nsymbols, sizeof *symbol, symbol_order);
}

static void symbol_run(uint64_t at)
{
	size_t low = 0, high = nsymbols;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (symbol[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	while (low && at - symbol[low - 1].at >= symbol[low - 1].size)
		low--;
	if (low && !symbol[low - 1].ran) {
		symbol[low - 1].ran = true;
		order[norder++] = &symbol[low - 1];
	}
}

/* ---- a process, in /proc ---- */

static FILE *proc_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

/* The process of this name that the handlers' process has had longest; 0: there is none. */
static pid_t eldest(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while (proc && (e = readdir(proc))) {
		const pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		FILE *f = pid > 0 && (!found || pid < found) ? proc_open(pid, "stat") : NULL;
		char comm[32] = "";
		int parent = 0;

		if (f && fscanf(f, "%*d (%31[^)]) %*c %d", comm, &parent) == 2 && parent == handler_pid && !strcmp(comm, name))
			found = pid;
		if (f)
			fclose(f);
	}
	if (proc)
		closedir(proc);
	return found;
}

static unsigned long faults_of(pid_t pid)
{
	FILE *f = proc_open(pid, "stat");
	unsigned long n;

	if (!f || fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %lu", &n) != 1)
		give_up("a child in /proc");
	fclose(f);
	return n;
}

/* What a process has at one moment: its pages, by address, as far as they are there. */
struct had {
	struct had_page {
		uint64_t page, frame;
		bool file;
	} page[HAD];
	size_t n, mappings;
	unsigned long faults;
	uint64_t code, code_end;       /* krux-handler's place */
};

static void pages_read(struct had *h, int map, uint64_t from, uint64_t to)
{
	for (uint64_t i = from >> PAGE; i < to >> PAGE && h->n < HAD; i++) {
		uint64_t v;

		if (pread(map, &v, sizeof v, (off_t)(i * sizeof v)) != sizeof v)
			give_up("the pages of a child");
		if (v >> 63)
			h->page[h->n++] = (struct had_page){ i, v & ((1ull << 55) - 1), v >> 61 & 1 };
	}
}

static void had_read(struct had *h, pid_t pid)
{
	FILE *maps = proc_open(pid, "maps"), *map = proc_open(pid, "pagemap");
	unsigned long from, to;
	char line[4400];

	*h = (struct had){ .faults = faults_of(pid) };
	if (!maps || !map)
		give_up("a child in /proc");
	while (fgets(line, sizeof line, maps)) {
		/* One is the kernel's, at the end of all addresses. */
		if (sscanf(line, "%lx-%lx", &from, &to) != 2 || from >> 63)
			continue;
		h->mappings++;
		if (strstr(line, "/krux-handler")) {
			h->code = h->code ? h->code : from;
			h->code_end = to;
		}
		pages_read(h, fileno(map), from, to);
	}
	fclose(maps);
	fclose(map);
	/* Zeros are what it shows to who may not see them. */
	if (!h->n || !h->page[0].frame)
		not_measured("this machine does not show the frames of pages");
}

static int page_order(const void *a, const void *b)
{
	const struct had_page *x = a, *y = b;

	return (x->page > y->page) - (x->page < y->page);
}

/* Against the nest, which made it as a copy of itself. */
static void had_count(const struct had *h, const struct had *nest, unsigned long *copied, unsigned long *new)
{
	*copied = *new = 0;
	for (size_t i = 0; i < h->n; i++) {
		const struct had_page *its = bsearch(&h->page[i], nest->page, nest->n, sizeof *nest->page, page_order);

		*copied += its && its->frame != h->page[i].frame;
		*new += !its && !h->page[i].file;
	}
}

/* ---- the steps ---- */

/* The nest as it was when the child was seized: a page that the nest writes afterwards was not copied by the child. */
static struct had nest, before, after;
static struct touched {
	unsigned long steps, elsewhere;                    /* outside of krux-handler: the bundle's code, the kernel's page */
	unsigned long program_steps, program_faults;       /* of the command's process, until it executes */
	bool page[PAGES], is_over;
} touched;

static void no_answer(int no)
{
	static const char text[] = "bench/footprint: the call went to another child, or stands still\n";

	(void)no;
	(void)!write(2, text, sizeof text - 1);
	_exit(1);
}

static void step_note(pid_t pid, bool is_child)
{
	struct user_regs_struct regs;
	struct iovec v = { &regs, sizeof regs };
	uint64_t at;

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v))
		return;
#ifdef __x86_64__
	at = regs.rip;
#else
	at = regs.pc;
#endif
	touched.steps++;
	touched.program_steps += !is_child;
	if (at < before.code || at >= before.code_end || (at - before.code) >> PAGE >= PAGES) {
		touched.elsewhere++;
		return;
	}
	touched.page[(at - before.code) >> PAGE] = true;
	symbol_run(at - before.code);
}

/* Of a process that is stopped: what is to be known of it, and how it goes on. */
static void step(pid_t pid, bool is_child, int status)
{
	const int event = status >> 16, sig = !event && WSTOPSIG(status) != SIGTRAP ? WSTOPSIG(status) : 0;

	if (event != PTRACE_EVENT_EXEC && event != PTRACE_EVENT_EXIT) {
		if (!event && !sig)
			step_note(pid, is_child);
		ptrace(PTRACE_SINGLESTEP, pid, NULL, (void *)(intptr_t)sig);
		return;
	}
	if (!is_child)
		touched.program_faults = faults_of(pid);
	else if (event == PTRACE_EVENT_EXIT) {
		had_read(&after, pid);
		touched.is_over = true;
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static void child_seize(pid_t child)
{
	const pid_t from = eldest("krux-nest");
	const long options = PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK;
	int status;

	errno = ESRCH;
	if (!from || !child)
		give_up("no child waits");
	if (ptrace(PTRACE_SEIZE, child, NULL, (void *)options) || ptrace(PTRACE_INTERRUPT, child, NULL, NULL) ||
	    waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status))
		not_measured("this machine does not let a child be stepped through");
	had_read(&nest, from);
	had_read(&before, child);
	after.n = 0;
	touched = (struct touched){ 0 };
	norder = 0;
	for (size_t i = 0; i < nsymbols; i++)
		symbol[i].ran = false;
	ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
}

static void child_step(pid_t child)
{
	int status;

	signal(SIGALRM, no_answer);
	alarm(PATIENCE_S);
	while (!touched.is_over) {
		const pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 || pid == spawning_pid || pid == handler_pid)
			give_up("the spawner is gone");
		if (WIFSTOPPED(status))
			step(pid, pid == child, status);
		else
			touched.is_over = pid == child;
	}
	alarm(0);
}

/* ---- what came of it ---- */

static void report(const char *name)
{
	unsigned long copied[2], new[2], pages = 0, windows = 0, far = 0;
	const struct had *h[] = { &before, after.n ? &after : &before };

	for (size_t i = 0, last = PAGES; i < PAGES; i++)
		if (touched.page[i]) {
			pages++;
			windows += last != i >> (WINDOW - PAGE);
			last = i >> (WINDOW - PAGE);
		}
	for (size_t i = 0; i < norder; i++)
		far += !order[i]->near;
	for (int i = 0; i < 2; i++)
		had_count(h[i], &nest, &copied[i], &new[i]);
	printf("footprint: one %s\n", name);
	if (spawning_record.field[AUDIT_END].u != SPAWN_DONE || !after.n)
		printf("  NOT WHOLE: the call was %s (%.*s) while it was stepped through\n", audit_end_word(spawning_record.field[AUDIT_END].u),
		       (int)spawning_record.field[AUDIT_WHY].s.n, spawning_record.field[AUDIT_WHY].s.p);
	printf("  %-52s %9lu\n", "instructions", touched.steps);
	printf("  %-52s %9lu\n", "  of them the bundle's code, and the kernel's page", touched.elsewhere);
	printf("  %-52s %9lu, %lu page faults\n", "  of them of the program's process, until it executes", touched.program_steps, touched.program_faults);
	printf("  %-52s %9zu, %lu not in .text.near\n", "functions of krux-handler that ran", norder, far);
	printf("  %-52s %9lu, %lu of 64 KiB\n", "pages of their code", pages, windows);
	printf("  %-52s %9lu, %lu\n", "page faults until the child waited, until its end", h[0]->faults, h[1]->faults);
	printf("  %-52s %9lu, %lu\n", "pages that it copied from its nest", copied[0], copied[1]);
	printf("  %-52s %9lu, %lu\n", "pages that are new to it", new[0], new[1]);
	printf("  %-52s %9zu, %zu\n", "mappings", h[0]->mappings, h[1]->mappings);
	for (size_t i = 0; functions && i < norder; i++)
		printf("    %-44s %6lu bytes, page 0x%lx%s\n", order[i]->name, (unsigned long)order[i]->size,
		       (unsigned long)order[i]->at >> PAGE, order[i]->near ? "" : ", not in .text.near");
	fflush(stdout);
}

/* ---- the calls ---- */

static void call_send(struct written *w)
{
	struct record r = written_request(w, AUDIT_KIND_INTENT, "/workspace/a", KRUX_AUTONOMOUS);

	written_encode(w, &r);
	spawning_run(w, NULL, w->seq);
}

static void call_touches(const char *name, const char *command)
{
	static struct written w;
	pid_t child;

	spawning_command = command;
	spawning_setup();
	spawning_file("a", "hello\n");
	/* The first calls find nobody who waits; then all are born who will wait. */
	for (unsigned i = 0; i < WARM; i++) {
		call_send(&w);
		expect_done(w.seq, w.seq, SPAWN_DONE);
	}
	poll(NULL, 0, PAUSE_MS);
	child = eldest("krux-call");
	child_seize(child);
	call_send(&w);
	child_step(child);
	spawning_outcome(w.seq);
	report(name);
	spawning_teardown();
}

START_TEST(all)
{
	call_touches("warm call", NULL);
	call_touches("warm command", bare_path);
}
END_TEST

static void paths_find(const char *build)
{
	char path[4096];

	if (!realpath(build, build_path))
		give_up(build);
	snprintf(path, sizeof path, "%s/bench/bare", build);
	if (!realpath(path, bare_path))
		give_up(path);
	snprintf(path, sizeof path, "%s/krux-handler", build);
	symbols_read(path);
}

int main(int argc, char **argv)
{
	const char *build = getenv("BUILD");
	const int above = cgroup_own(NULL);
	Suite *s = suite_create("footprint");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	char group[32];
	int failed;

	functions = argc == 2 && !strcmp(argv[1], "functions");
	if (argc > 1 && !functions) {
		fprintf(stderr, "usage: footprint [functions]\n");
		return 2;
	}
	if (geteuid())
		not_measured("only root may step through the children of calls");
	paths_find(build ? build : "build");
	/* As in bench/sandbox. */
	snprintf(group, sizeof group, "krux-bench-%d", getpid());
	spawning_group = above < 0 ? -1 : cgroup_make(above, group, NULL);
	if (spawning_group >= 0)
		cgroup_pass(spawning_group);
	spawning_agents = (struct agent_uids){ AGENT_UIDS_BASE, AGENT_UIDS_COUNT };
	spawning_programs = build_path;
	/* A step takes some thousand times what its instruction does. */
	spawning_patient = true;
	tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
	tcase_add_test(t, all);
	suite_add_tcase(s, t);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_SILENT);
	failed = srunner_ntests_failed(r);
	if (failed)
		srunner_print(r, CK_VERBOSE);
	srunner_free(r);
	for (int i = 0; spawning_group >= 0 && i < 1000 && !cgroup_empty(spawning_group); i++)
		poll(NULL, 0, 5);
	if (spawning_group >= 0)
		cgroup_remove(above, group, NULL);
	return failed != 0;
}
