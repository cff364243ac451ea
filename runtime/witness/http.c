/* A body to an answer. What a witness says is believed for its signature alone, so that plain http
 * is as good as https. */
#include "runtime/witness/http.h"

#include "runtime/base/err.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static size_t body_take(char *p, size_t one, size_t n, void *ctx)
{
	struct http_answer *out = ctx;

	if (n * one > sizeof out->body - out->n)
		return 0;
	memcpy(out->body + out->n, p, n * one);
	out->n += n * one;
	return n * one;
}

static CURLcode post(CURL *curl, const char *url, struct krux_str body, struct http_answer *out, char *why)
{
	const struct {
		CURLoption option;
		long value;
	} number[] = {
		{ CURLOPT_POST, 1 }, { CURLOPT_POSTFIELDSIZE, (long)body.n }, { CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_TIMEOUT, 30 }, { CURLOPT_CONNECTTIMEOUT, 10 }, { CURLOPT_NOSIGNAL, 1 },
	};
	CURLcode rc = CURLE_OK;

	for (size_t i = 0; !rc && i < sizeof number / sizeof *number; i++)
		rc = curl_easy_setopt(curl, number[i].option, number[i].value);
	if (rc || (rc = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why)) ||
	    (rc = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https")) ||
	    (rc = curl_easy_setopt(curl, CURLOPT_URL, url)) ||
	    (rc = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.p)) ||
	    (rc = curl_easy_setopt(curl, CURLOPT_USERAGENT, "krux-witness")) ||
	    (rc = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_take)) ||
	    (rc = curl_easy_setopt(curl, CURLOPT_WRITEDATA, out)))
		return rc;
	return curl_easy_perform(curl);
}

int http_post(const char *url, struct krux_str body, struct http_answer *out, struct krux_err *err)
{
	/* A text, not a form. */
	struct curl_slist *head = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
	char why[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	const char *type = NULL;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	out->status = 0;
	out->type[0] = 0;
	out->n = 0;
	if (curl && head && !(rc = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head)))
		rc = post(curl, url, body, out, why);
	if (!rc)
		rc = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
	if (!rc && !curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) && type)
		snprintf(out->type, sizeof out->type, "%s", type);
	curl_easy_cleanup(curl);
	curl_slist_free_all(head);
	return rc ? err_set(err, 0, "%s: %s", url, why[0] ? why : curl_easy_strerror(rc)) : 0;
}
