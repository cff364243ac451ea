/* Programs of usages.def: by which names and links they are known, and each of its lines against itself. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/model/program_name.h"
#include "compiler/model/usage.h"
#include "tests/unit/modeling.h"

static bool is_row(const char *file)
{
	return usage_knows((struct krux_str){ file, strlen(file) });
}

START_TEST(program_names)
{
	static const char *const yes[] = {
		"sh",       "bash",       "dash",     "zsh",        "ksh",       "fish", "python",
		"python3",  "python3.11", "perl",     "perl5.36.0", "ruby3.1",   "node", "node18",
		"php8.2",   "lua5.4",     "tclsh8.6", "awk",        "gawk",      "mawk", "sed",
		"env",      "xargs",      "find",     "make",       "su",        "sudo", "doas",
		"nsenter",  "unshare",    "chroot",   "busybox",    "ssh",       "gdb",  "vi",
		"vim",      "vim.basic",  "ex",       "emacs",      "emacs-nox", "ed",   "expect",
		"bash-5.1",
		"bash-static", "zsh-static", "busybox.static", "perl5.36-x86_64-linux-gnu", "gdb-multiarch", "jimsh", "R",
		"arm-none-eabi-gcc-12.2.1", "avr-gcc", "riscv64-unknown-elf-ld", "x86_64-w64-mingw32-gcc-posix", "llvm-nm-17",
		"python3-config", "git-shell", "dpkg-deb", "npm", "pip3.11", "tcpdump", "ip",
		"Rscript", "qemu-aarch64", "qemu-x86_64-static", "tcc", "m4", "psql", "sqlite3", "x86_64-linux-gnu-gcc-12",
		"x86_64-linux-gnu-perl", "nice", "timeout", "setsid", "git", "rsync", "tar", "lua5.4-static",
		"gsed", "gfind", "gxargs", "genv", "gsort-9", "gtimeout", "scan-build-14", "scan-build-py-14", "bsd-csh", "js102", "sotruss",
		"fakeroot-sysv", "fakeroot-tcp", "valgrind.bin", "rexx", "regina", "gdbtui", "mvnDebug", "msgexec", "msgfilter",
		"memusage", "heaptrack", "not-14", "debconf", "debconf-apt-progress", "fstab-decode", "pg_virtualenv",
		"gp-collect-app", "x86_64-linux-gnu-gp-collect-app", "bats", "instantfpc", "cobcrun", "llvm-jitlink-14", "gio",
		"redis-server", "mtrace", "rksh", "miniperl", "igawk", "gnused", "gnufind", "gnutar", "gnuenv", "find.real", "bsdsed", "star",
		"sudo-rs", "uutils", "coreutils", "toybox-x86", "hush", "rga", "jdb", "jrunscript", "cobc", "gnatmake-12", "osascript",
		"babashka", "docker-compose", "podman-remote", "terragrunt", "snakemake", "sh.bin",
	};
	static const char *const no[] = { "shred", "edit",     "exiv2",  "finder", "suspend",
		                          "sedx",  "makeinfo", "luacheck", "",
		                          "rust", "m4a", "ipcs", "argcc", "-linux-", "zipinfo", "Rsync", "static", "-static", "gcat", "gg", "g", "jsx", "gnu", "gnucat", "notes" };

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		ck_assert_msg(is_row(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		ck_assert_msg(!is_row(no[i]), "%s", no[i]);
}
END_TEST

/* A link to a program is that program, where it can be seen. */
START_TEST(program_links)
{
	char folder[] = "/tmp/krux-link-XXXXXX", path[64], real[] = "/bin/sh";
	struct world w, text;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/tool", folder);
	ck_assert_int_eq(symlink(real, path), 0);
	world_start(&text);
	handler_start(&w, command_clause(&text, path, "\"-c\", path"));
	world_diag(&w, 1066);
	world_end(&w);
	world_end(&text);
	unlink(path);
	rmdir(folder);
}
END_TEST

static void script_is(const char *path, const char *why)
{
	struct world w, text;

	world_start(&text);
	handler_start(&w, command_clause(&text, "/usr/bin/perl", arena_printf(text.arena, "\"%s\", path", path).p));
	ck_assert_msg(w.diags->n == 1 && krux_str_eq(w.diags->list[0]->text, (struct krux_str){ why, strlen(why) }),
	              "%s: %zu complaints, first: %.*s", path, w.diags->n,
	              w.diags->n ? (int)w.diags->list[0]->text.n : 0, w.diags->n ? w.diags->list[0]->text.p : "");
	world_end(&w);
	world_end(&text);
}

/* Scripts are where their links lead. Which of these links a machine has differs; certificates are links everywhere. */
START_TEST(script_links)
{
	static const char *const folders[] = { "/usr/bin", "/etc/alternatives", "/etc/ssl/certs" };
	char path[512], real[PATH_MAX];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		DIR *d = opendir(folders[i]);
		struct dirent *e;
		int n = 0;

		while (d && n < 40 && (e = readdir(d))) {
			snprintf(path, sizeof path, "%s/%s", folders[i], e->d_name);
			if (e->d_type != DT_LNK || strpbrk(path, "\"\\ ") || !realpath(path, real))
				continue;
			if (strstr(real, "/lib/") || strstr(real, "/share/"))
				script_is(path, "`perl` is refused: the file that is run is part of a library, which may run what it is given");
			else if (strncmp(real, "/usr/", 5) && strncmp(real, "/etc/", 5))
				script_is(path, "`perl` is refused: the file that is run is no constant file of the host that a command sees");
			else if (strstr(real, "/vim.") || strstr(real, "/nano"))
				script_is(path, "`perl` is refused: a script of that name may run what it is given");
			else
				continue;
			n++;
		}
		if (d)
			closedir(d);
	}
}
END_TEST

/* ---- usages.def against itself ---- */

static const struct usage_row { const char *names, *line; bool labelled; } rows[] = {
#define USAGE(names, line) { names, line, false },
#define CODE_USAGE(names, line) { names, line, true },
#define RUNS_CODE(names) { names, NULL, true },
#define NO_USAGE(names) { names, NULL, false },
#include "compiler/model/usages.def"
#undef USAGE
#undef CODE_USAGE
#undef RUNS_CODE
#undef NO_USAGE
};

static size_t word_length(const char *p)
{
	return strcspn(p, " ])");
}

/* What stands for a word of a line; fields where it takes one. */
static void word_add(struct arena *a, struct krux_str *argv, const char *word, size_t n)
{
	static const struct { const char *name, *item; } given[] = {
		{ "CONST", "\"x\"" }, { "-NUMBER", "\"-12\"" }, { "FILE", "\"/usr/x\"" }, { "CODE", "\"run\"" }, { "WORD", "n" }, { "PATH", "path" }, { "URL", "url" }, { "ANY", "word" },
		{ "CONST...", "\"x\", \"y\"" }, { "WORD...", "n, kind" }, { "PATH...", "path, list *" }, { "URL...", "url" },
		{ "ANY...", "word, may ?" }, { "DATA...", "path, \"-x\", \"--y=\" + text" },
	};
	const char *comma = argv->n ? ", " : "", *equals = memchr(word, '=', n);
	int rest = (int)n;

	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		const char *name = given[i].name, *item = given[i].item;
		size_t length = strlen(name);
		bool joined = equals && n - (size_t)(equals + 1 - word) == length && !memcmp(equals + 1, name, length);

		if (n == length && !memcmp(word, name, n))
			*argv = arena_printf(a, "%.*s%s%s", STR_ARG(*argv), comma, item);
		else if (joined && *item == '"')
			*argv = arena_printf(a, "%.*s%s\"%.*s%s", STR_ARG(*argv), comma, rest - (int)length, word, item + 1);
		else if (joined)
			*argv = arena_printf(a, "%.*s%s\"%.*s\" + %s", STR_ARG(*argv), comma, rest - (int)length, word, item);
		else
			continue;
		return;
	}
	*argv = arena_printf(a, "%.*s%s\"%.*s\"", STR_ARG(*argv), comma, rest, word);
}

/* Adds option number `pick` of a set, with its values. False: it has fewer. */
static bool set_add(struct arena *a, struct krux_str *argv, const char *p, size_t pick)
{
	for (size_t i = 0; *p != ']' && *p != ')'; i++) {
		bool values = *p == '-';

		do {
			if (i == pick)
				word_add(a, argv, p, word_length(p));
			p += word_length(p);
			p += *p == ' ';
		} while (values && *p != '-' && *p != ']' && *p != ')');
		if (i == pick)
			return true;
	}
	return false;
}

/* A command by that line, with option `pick` of each set that has it. False: none has. */
static bool line_argv(struct arena *a, const char *line, size_t pick, struct krux_str *argv)
{
	bool some = false, one;

	*argv = KRUX_STR("");
	for (const char *p = line; *p; p += *p == ' ') {
		const char *end = *p == '[' ? strchr(p, ']') : *p == '(' ? strchr(p, ')') : NULL;

		if (!end) {
			word_add(a, argv, p, word_length(p));
			p += word_length(p);
			continue;
		}
		one = set_add(a, argv, p + 1, pick);
		if (!one && *p == '(')
			set_add(a, argv, p + 1, 0);
		some = some || one;
		p = end + 1;
	}
	return some;
}

static struct krux_str plain_name(const char *names)
{
	size_t star = *names == '*', n = strcspn(names + star, "* ");

	return (struct krux_str){ names + star, n };
}

static void command_is(const char *names, struct krux_str argv, bool labelled, unsigned code)
{
	char program[64];
	struct world w, text;
	struct krux_str name = plain_name(names);

	snprintf(program, sizeof program, "/usr/bin/%.*s", STR_ARG(name));
	world_start(&text);
	labelled_start(&w, command_clause(&text, program, argv.p), labelled ? runs_code : "");
	ck_assert_msg(w.diags->n == (code != 0), "%s [ %s ]: %zu complaints, first: %.*s", program, argv.p, w.diags->n,
	              w.diags->n ? (int)w.diags->list[0]->text.n : 0, w.diags->n ? w.diags->list[0]->text.p : "");
	if (code)
		world_diag(&w, code);
	world_end(&w);
	world_end(&text);
}

/* Is a name of the row, but for that word of it, the name or the plainer one. */
static bool row_is(const struct usage_row *row, const char *but, struct krux_str name, struct krux_str plainer)
{
	struct krux_str list = { row->names, strlen(row->names) }, other;
	char one[64];

	while ((other = word_next(&list)).n) {
		snprintf(one, sizeof one, "%.*s", STR_ARG(other));
		if (other.p != but && (program_is(one, name) || program_is(one, plainer)))
			return true;
	}
	return false;
}

/* Each name is there for something that the others of its row do not know; and of a row without a line, those of all
 * rows, but for one that other names begin with too. */
START_TEST(usage_names)
{
	struct krux_str list = { rows[_i].names, strlen(rows[_i].names) }, word;

	while ((word = word_next(&list)).n) {
		bool many = *word.p == '*' || word.p[word.n - 1] == '*';
		struct krux_str name = word, plainer;

		name.p += *name.p == '*';
		name.n = (size_t)(word.p + word.n - name.p) - (word.p[word.n - 1] == '*');
		plainer = program_plainer(name);
		for (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++)
			if (i == _i || (!rows[_i].line && !many && rows[i].labelled == rows[_i].labelled && !(rows[i].labelled && rows[i].line)))
				ck_assert_msg(!row_is(&rows[i], word.p, name, plainer), "`%.*s` is among `%s`", STR_ARG(word), rows[i].names);
	}
}
END_TEST

/* Each option of each line is read as it is meant; one that no line has is refused, before them and with a value. */
START_TEST(usage_lines)
{
	const struct usage_row *row = &rows[_i];
	struct arena *a = arena_new();
	struct krux_str argv;
	bool more = true;

	for (size_t pick = 0; row->line && (more || !pick); pick++) {
		more = line_argv(a, row->line, pick, &argv);
		command_is(row->names, argv, row->labelled, 0);
		if (row->labelled)
			command_is(row->names, argv, false, 1068);
		command_is(row->names, arena_printf(a, "\"--krux-unknown\", %.*s, path", STR_ARG(argv)), row->labelled, 1066);
		command_is(row->names, arena_printf(a, "\"--krux-unknown=\" + text, %.*s", STR_ARG(argv)), row->labelled, 1066);
		command_is(row->names, arena_printf(a, "\"-%%\", path, %.*s", STR_ARG(argv)), row->labelled, 1066);
	}
	for (const char *p = row->names; *p && !row->line; p += strcspn(p, " "), p += *p == ' ') {
		command_is(p, KRUX_STR("url"), row->labelled, 1066);
		command_is(p, KRUX_STR("\"--krux-unknown=\" + text"), row->labelled, 1066);
		command_is(p, KRUX_STR("\"--krux-unknown\""), row->labelled, 0);
		if (row->labelled)
			command_is(p, KRUX_STR("\"--krux-unknown\""), false, 1068);
	}
	arena_free(a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("usages");
	TCase *t = tcase_create("usages");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, usage_lines, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(t, usage_names, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, program_names);
	tcase_add_test(t, program_links);
	tcase_add_test(t, script_links);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
