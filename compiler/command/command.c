/* What the commands share: loading input, showing diagnostics, writing output. */
#include "compiler/command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/buf.h"
#include "compiler/base/escape.h"

static int output_fail(void)
{
	fprintf(stderr, "kruxc: cannot write standard output: %s\n", strerror(errno));
	return EXIT_SYSTEM;
}

struct pipeline *command_load(const struct options *o, size_t first, size_t last, bool *ok)
{
	struct pipeline *p = pipeline_new();
	struct inputs_given given = { .path = o->arg + first, .npaths = last - first, .capdir = o->capdir,
	                              .ncapdirs = o->ncapdirs };

	*ok = pipeline_run(p, &given);
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
	return fflush(stdout) || ferror(stdout) ? output_fail() : code;
}

void screen_print(FILE *f, const char *text)
{
	struct buf b = { 0 };

	escape_screen(&b, (struct krux_str){ text, strlen(text) });
	if (b.n)
		fwrite(b.p, 1, b.n, f);
	buf_free(&b);
}

bool file_save(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const char *at = p;
	bool fine = fd >= 0;

	while (fine && n) {
		ssize_t k = write(fd, at, n);

		if (k < 0 && errno == EINTR)
			continue;
		fine = k > 0;
		at += fine ? k : 0;
		n -= fine ? (size_t)k : 0;
	}
	if (fd >= 0 && close(fd))
		fine = false;
	if (!fine) {
		int why = errno;

		fputs("kruxc: cannot write ", stderr);
		screen_print(stderr, path);
		fprintf(stderr, ": %s\n", strerror(why));
	}
	return fine;
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
