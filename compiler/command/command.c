/* What the commands share: loading input, showing diagnostics, writing output. */
#include "compiler/command/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/buf.h"
#include "compiler/base/escape.h"

static int output_fail(void)
{
	static bool said;

	if (!said)
		command_say("kruxc: cannot write standard output: %s", strerror(errno));
	said = true;
	return EXIT_SYSTEM;
}

int command_output_end(int code)
{
	return fflush(stdout) || ferror(stdout) ? output_fail() : code;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool input_spare(struct pipeline *p, const char *output, const char *input)
{
	bool same = is_same_file(output, input);

	if (same)
		diag_error(p->diags, 7, (struct span){ 0 }, "%s is an input, which would be written over", output)->fix =
			KRUX_STR("name another file with -o");
	return !same;
}

bool output_spares(struct pipeline *p, const char *output, char *const *input, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!input_spare(p, output, input[i]))
			return false;
	return true;
}

bool output_check(const struct options *o, struct pipeline *p)
{
	for (size_t i = 0; o->output && i < p->nsources; i++)
		if (!input_spare(p, o->output, p->source[i]->path.p))
			return false;
	return true;
}

struct pipeline *command_load(const struct options *o, size_t first, size_t last, bool *ok)
{
	struct pipeline *p = pipeline_new();
	struct inputs_given given = { .path = o->arg + first, .npaths = last - first, .capdir = o->capdir,
	                              .ncapdirs = o->ncapdirs };

	*ok = pipeline_run(p, &given);
	*ok = output_check(o, p) && *ok;
	return p;
}

static int end_to(struct pipeline *p, const struct options *o, int code, FILE *f)
{
	bool errors = p->diags->errors || (o->strict && p->diags->n);

	diags_print(p->diags, o->format, f, o->format == DIAG_TEXT && isatty(fileno(f)));
	pipeline_free(p);
	return errors ? EXIT_USAGE : code;
}

int command_end(struct pipeline *p, const struct options *o, int code)
{
	return end_to(p, o, code, stderr);
}

int command_end_output(struct pipeline *p, const struct options *o, int code)
{
	code = end_to(p, o, code, o->format == DIAG_TEXT ? stderr : stdout);
	return command_output_end(code);
}

void screen_print(FILE *f, const char *text)
{
	struct buf b = { 0 };

	escape_screen(&b, (struct krux_str){ text, strlen(text) });
	if (b.n)
		fwrite(b.p, 1, b.n, f);
	buf_free(&b);
}

bool command_output(const struct options *o, const struct buf *b)
{
	if (o->output)
		return file_save(o->output, b->p, b->n);
	if ((b->n && fwrite(b->p, 1, b->n, stdout) != b->n) || fflush(stdout)) {
		output_fail();
		return false;
	}
	return true;
}

void command_say(const char *fmt, ...)
{
	char *said = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&said, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	screen_print(stderr, said);
	fputc('\n', stderr);
	free(said);
}

int command_usage(const struct options *o, const char *fmt, ...)
{
	char *said = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&said, fmt, ap);
	va_end(ap);
	fprintf(stderr, "kruxc %s: ", o->command);
	if (n >= 0) {
		screen_print(stderr, said);
		free(said);
	}
	fprintf(stderr, "\nTry 'kruxc %s --help'.\n", o->command);
	return EXIT_USAGE;
}
