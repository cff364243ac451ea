/* Reading options by the table options.def; help and completions come from the same rows. */
#include "compiler/command/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/buf.h"

enum kind { TEXT, NUMBER, FLAG, LIST, FORMAT };

static const struct option_row {
	const char *name, *takes, *commands, *what;
	size_t field;
	enum kind kind;              /* all but a FLAG take a value */
	char letter;
} rows[] = {
#define OPTION(name, letter, takes, kind, field, commands, what) \
	{ name, takes, commands, what, offsetof(struct options, field), kind, letter },
#include "compiler/command/options.def"
#undef OPTION
};

enum { NROWS = sizeof rows / sizeof *rows, SCREEN_WIDTH = 79, HELP_COLUMN = 29 };

/* Is `word` one of the words of a list parted by spaces. */
static bool among(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

static const struct option_row *row_find(const struct options *o, const char *arg, const char **value)
{
	*value = NULL;
	for (size_t i = 0; i < NROWS; i++) {
		const struct option_row *r = &rows[i];
		size_t n = strlen(r->name);

		if (!among(r->commands, o->command))
			continue;
		if (r->letter && arg[0] == '-' && arg[1] == r->letter && arg[1] != '-') {
			if (!arg[2])
				return r;
			if (r->takes) {
				*value = arg + 2;
				return r;
			}
		}
		if (n && arg[0] == '-' && arg[1] == '-' && !strncmp(arg + 2, r->name, n)) {
			if (!arg[2 + n])
				return r;
			if (arg[2 + n] == '=' && r->takes) {
				*value = arg + 3 + n;
				return r;
			}
		}
	}
	return NULL;
}

static bool number_set(const struct options *o, const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || !*out) {
		command_usage(o, "'%s' is not a number from 1 on", text);
		return false;
	}
	return true;
}

static bool format_set(const struct options *o, const char *text, enum diag_format *out)
{
	static const char *const word[] = { "text", "json", "sarif" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(text, word[i])) {
			*out = (enum diag_format)i;
			return true;
		}
	command_usage(o, "--format takes text, json or sarif, not '%s'", text);
	return false;
}

static bool field_set(struct options *o, const struct option_row *r, char *value)
{
	char *at = (char *)o + r->field;

	switch (r->kind) {
	case TEXT:
		memcpy(at, &value, sizeof value);
		return true;
	case FLAG:
		*(bool *)at = true;
		return true;
	case LIST:
		o->capdir[o->ncapdirs++] = value;
		return true;
	case NUMBER:
		return number_set(o, value, (uint64_t *)(void *)at);
	case FORMAT:
		return format_set(o, value, (enum diag_format *)(void *)at);
	}
	return false;
}

enum options_result options_read(struct options *o, int argc, char **argv)
{
	bool ended = false;

	*o = (struct options){ .command = argv[1], .serial = 1 };
	o->arg = calloc((size_t)argc * 2, sizeof *o->arg);
	if (!o->arg)
		return OPTIONS_BAD;
	o->capdir = o->arg + argc;
	for (int i = 2; i < argc; i++) {
		const struct option_row *r;
		const char *value;

		if (ended || argv[i][0] != '-' || !argv[i][1]) {
			o->arg[o->nargs++] = argv[i];
			continue;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return OPTIONS_HELP;
		ended = !strcmp(argv[i], "--");
		if (ended)
			continue;
		r = row_find(o, argv[i], &value);
		if (!r) {
			command_usage(o, "there is no option '%s'", argv[i]);
			return OPTIONS_BAD;
		}
		if (r->kind != FLAG && !value && i + 1 == argc) {
			command_usage(o, "%s needs %s", argv[i], r->takes);
			return OPTIONS_BAD;
		}
		if (r->kind != FLAG && !value)
			value = argv[++i];
		if (!field_set(o, r, (char *)(uintptr_t)value))
			return OPTIONS_BAD;
	}
	return OPTIONS_FINE;
}

void options_free(struct options *o)
{
	free(o->arg);
}

void options_text(const char *text, size_t column, size_t indent)
{
	for (bool first = true; *text; first = false) {
		size_t n = strcspn(text, " ");

		/* What stands in brackets stays in one line. */
		if (*text == '[')
			n = strcspn(text, "]") + (strchr(text, ']') != NULL);
		n += strcspn(text + n, " ");
		if (!first && column + 1 + n > SCREEN_WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)n, text);
		column += n;
		text += n + strspn(text + n, " ");
	}
	putchar('\n');
}

void options_help(const char *command)
{
	puts("Options:");
	for (size_t i = 0; i < NROWS; i++) {
		const struct option_row *r = &rows[i];
		char name[64] = "";
		size_t n = 0;

		if (!among(r->commands, command))
			continue;
		if (r->letter)
			n += (size_t)snprintf(name + n, sizeof name - n, "-%c%s", r->letter, *r->name ? ", " : " ");
		if (*r->name)
			n += (size_t)snprintf(name + n, sizeof name - n, "--%s ", r->name);
		if (r->takes)
			snprintf(name + n, sizeof name - n, "%s", r->takes);
		printf("  %-26s ", name);
		options_text(r->what, HELP_COLUMN, HELP_COLUMN);
	}
	puts("  -h, --help");
}

/* ---- completions ---- */

static void words_of(struct buf *b, const char *command)
{
	for (size_t i = 0; i < NROWS; i++)
		if (*rows[i].name && among(rows[i].commands, command))
			buf_printf(b, " --%s", rows[i].name);
}

static const struct { const char *name, *what; } names[] = {
#define COMMAND(name, args, what, least, most, writes) { #name, what },
#include "compiler/command/commands.def"
#undef COMMAND
};

static void bash_write(struct buf *b)
{
	buf_puts(b, "_kruxc() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]}\n\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
	            "\t\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		buf_printf(b, "%s%s", i ? " " : "", names[i].name);
	buf_puts(b, "' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		buf_printf(b, "\t%s) words='", names[i].name);
		words_of(b, names[i].name);
		buf_puts(b, "' ;;\n");
	}
	buf_puts(b, "\t*) words='' ;;\n\tesac\n\tcase $word in\n\t-*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
	            "\t*) COMPREPLY=() ;;\n\tesac\n}\ncomplete -o default -F _kruxc kruxc\n");
}

static void zsh_write(struct buf *b)
{
	buf_puts(b, "#compdef kruxc\n_kruxc() {\n\tlocal -a commands\n\tcommands=(\n");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		buf_printf(b, "\t\t'%s'\n", names[i].name);
	buf_puts(b, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tcase $words[2] in\n");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		buf_printf(b, "\t%s) compadd --", names[i].name);
		words_of(b, names[i].name);
		buf_puts(b, " ;;\n");
	}
	buf_puts(b, "\tesac\n\t_files\n}\n_kruxc \"$@\"\n");
}

static void fish_write(struct buf *b)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		buf_printf(b, "complete -c kruxc -n __fish_use_subcommand -a %s -d \"%s\"\n", names[i].name, names[i].what);
	for (size_t k = 0; k < NROWS; k++) {
		if (!*rows[k].name)
			continue;
		buf_printf(b, "complete -c kruxc -n \"__fish_seen_subcommand_from %s\" -l %s%s\n", rows[k].commands,
		           rows[k].name, rows[k].takes ? " -r" : "");
	}
}

int command_completion(const struct options *o)
{
	struct buf b = { 0 };
	bool fine;

	if (!strcmp(o->arg[0], "bash"))
		bash_write(&b);
	else if (!strcmp(o->arg[0], "zsh"))
		zsh_write(&b);
	else if (!strcmp(o->arg[0], "fish"))
		fish_write(&b);
	else
		return command_usage(o, "there are completions for bash, zsh and fish, not for '%s'", o->arg[0]);
	fine = command_output(o, &b);
	buf_free(&b);
	return fine ? EXIT_YES : EXIT_SYSTEM;
}
