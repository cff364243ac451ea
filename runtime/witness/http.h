/* One POST over HTTP, by libcurl. */
#ifndef KRUX_WITNESS_HTTP_H
#define KRUX_WITNESS_HTTP_H

#include "capspec/value.h"

struct krux_err;

enum { HTTP_ANSWER = 64 << 10 };

struct http_answer {
	long status;
	char type[64];               /* of the content, "" where it is not said */
	char body[HTTP_ANSWER];
	size_t n;
};

/* http and https only, no redirect is followed, 30 seconds at most, and an answer that is longer than
 * HTTP_ANSWER is an error. Negative with *err when there was no answer. */
int http_post(const char *url, struct krux_str body, struct http_answer *out, struct krux_err *err);

#endif
