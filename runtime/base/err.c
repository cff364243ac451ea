/* errno and context to one sentence. */
#include "runtime/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Its length. */
__attribute__((format(printf, 2, 0)))
static size_t text_print(struct krux_err *err, const char *fmt, va_list ap)
{
	if (vsnprintf(err->text, sizeof err->text, fmt, ap) < 0)
		err->text[0] = 0;
	return strlen(err->text);
}

#undef err_set
#undef err_wrap

int err_set(struct krux_err *err, int no, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t n;

	if (!err)
		return -1;
	err->no = no;
	va_start(ap, fmt);
	n = text_print(err, fmt, ap);
	va_end(ap);
	if (no)
		snprintf(err->text + n, sizeof err->text - n, "%s%s", n ? ": " : "",
		         strerrordesc_np(no));
	errno = saved;
	return -1;
}

int err_wrap(struct krux_err *err, const char *fmt, ...)
{
	char old[sizeof err->text];
	va_list ap;
	size_t n;

	if (!err)
		return -1;
	memcpy(old, err->text, sizeof old);
	va_start(ap, fmt);
	n = text_print(err, fmt, ap);
	va_end(ap);
	snprintf(err->text + n, sizeof err->text - n, ": %s", old);
	return -1;
}
