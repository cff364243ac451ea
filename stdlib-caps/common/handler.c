/* What every handler does first and last: read its arguments, and say why it failed. */
#include "stdlib-caps/common/handler.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void handler_say(struct handler_call *c, const char *error, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(c->detail, sizeof c->detail, fmt, ap);
	va_end(ap);
	if (n < 0)
		c->detail[0] = '\0';
	c->error = error;
}

bool handler_secret(struct handler_call *c, struct krux_str value, const char *error)
{
	char *copy = c->nsecrets < HANDLER_SECRETS && value.n ?
		krux_pool_copy(c->pool, value.p, value.n) : NULL;

	if (!copy)
		return handler_fail(c, error, "The call has more secrets than it can keep.");
	c->secret[c->nsecrets++] =
		(struct krux_value){ .kind = KRUX_V_BYTES, .str = { copy, value.n } };
	return true;
}

int handler_shown(struct krux_str path)
{
	size_t n = path.n > 300 ? 300 : path.n;

	while (n && n < path.n && ((uint8_t)path.p[n] & 0xC0) == 0x80)
		n--;
	return (int)n;
}

static const char *errno_error(const struct handler_call *c, int no)
{
	switch (no) {
	case ENOENT:
	case ENOTDIR:
		return c->target ? "ParentNotFound" : "NotFound";
	case ENAMETOOLONG:
		return c->target ? "NameTooLong" : "NotFound";
	case ELOOP:
		return "Symlink";
	case EACCES:
	case EPERM:
	case EROFS:
	case ETXTBSY:
	case EXDEV:
	case EOVERFLOW:
		return "AccessDenied";
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "DiskFull";
	default:
		return "IoError";
	}
}

void handler_say_errno(struct handler_call *c, int no, struct krux_str path)
{
	const char *why = strerror(no);

	if (no == EXDEV)
		why = "Another file system is mounted there";
	else if (no == EOVERFLOW)
		why = "On the disk it belongs to the uid that calls of this agent have, which nothing there is to have";
	else if (no == ELOOP)
		why = "It is, or goes through, a symbolic link. Links are not followed: what they "
		      "stand for would need a decision of its own";
	handler_say(c, errno_error(c, no), "%.*s: %s.", handler_shown(path), path.p, why);
}

void handler_grant(struct handler_call *c, int fd, unsigned rights)
{
	if (c->ngrants == HANDLER_GRANTS)
		abort();
	c->grant[c->ngrants].fd = fd;
	c->grant[c->ngrants++].rights = rights;
}

struct krux_str arg_text(const struct handler_call *c, const char *field)
{
	const struct krux_value *v = krux_value_get(c->args, field);

	return v && (v->kind == KRUX_V_TEXT || v->kind == KRUX_V_BYTES)
	               ? v->str
	               : (struct krux_str){ "", 0 };
}

bool arg_has(const struct handler_call *c, const char *field)
{
	return krux_value_get(c->args, field) != NULL;
}

bool arg_bool(const struct handler_call *c, const char *field)
{
	const struct krux_value *v = krux_value_get(c->args, field);

	return v && v->kind == KRUX_V_BOOL && v->b;
}

uint64_t arg_uint(const struct handler_call *c, const char *field)
{
	const struct krux_value *v = krux_value_get(c->args, field);

	return v && v->kind == KRUX_V_UINT ? v->u : 0;
}

bool arg_is(const struct handler_call *c, const char *field, const char *name)
{
	return krux_str_eq(arg_text(c, field), (struct krux_str){ name, strlen(name) });
}

bool arg_content(struct handler_call *c, const char *field, struct krux_str *out)
{
	return arg_content_of(c, field, "encoding", "BadContent", out);
}

bool arg_content_of(struct handler_call *c, const char *field, const char *encoding, const char *error, struct krux_str *out)
{
	struct krux_str text = arg_text(c, field);
	uint8_t *bytes;

	if (!arg_is(c, encoding, "base64")) {
		*out = text;
		return true;
	}
	bytes = krux_pool_get(c->pool, text.n + 1);
	if (!bytes)
		return handler_memory(c, error);
	if (sodium_base642bin(bytes, text.n + 1, text.p, text.n, NULL, &out->n, NULL,
	                      sodium_base64_VARIANT_ORIGINAL))
		return handler_fail(
			c, error,
			"The content is not padded base64 in the alphabet A-Z a-z 0-9 + /.");
	out->p = (char *)bytes;
	return true;
}
