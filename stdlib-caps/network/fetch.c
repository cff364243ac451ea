/* network.fetch: a url to what its server answers, once. */
#include "stdlib-caps/network/web_part.h"

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "stdlib-caps/common/answer.h"

#include <sodium.h>
#include <string.h>

static struct transfer transfer;         /* a child serves one call */

bool network_fetch_open(struct handler_call *c)
{
	return transfer_open(c, &transfer, (size_t)arg_uint(c, "limit"));
}

static bool method_set(struct handler_call *c)
{
	CURL *curl = transfer.curl;
	struct krux_str body;

	if (arg_is(c, "method", "head"))
		return !curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	if (!arg_is(c, "method", "post"))
		return !arg_has(c, "body") || handler_fail(c, "BadRequest", "Only post sends a body.");
	if (!arg_content_of(c, "body", "body_encoding", "BadRequest", &body))
		return false;
	return !curl_easy_setopt(curl, CURLOPT_POST, 1L) &&
		!curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.n ? body.p : "") &&
		!curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.n);
}

/* Bytes to text: as they are where they are that, else in base64. */
static bool content_tell(struct answer *a, struct handler_call *c)
{
	const struct transfer *t = &transfer;
	struct krux_str bytes = { (const char *)t->content, t->n };
	const bool base64 = arg_is(c, "encoding", "base64");
	size_t n = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_ORIGINAL);
	char *text;

	/* A limit never cuts a character. */
	if (!base64 && t->truncated && bytes.n == t->limit)
		for (unsigned i = 0; i < 3 && !krux_utf8_valid(bytes); i++)
			bytes.n--;
	if (!base64 && !krux_utf8_valid(bytes))
		return handler_fail(c, "NotUtf8", "What the server answered is not UTF-8.");
	if (base64) {
		text = krux_pool_get(c->pool, n);
		if (!text)
			return handler_memory(c, "NoAnswer");
		sodium_bin2base64(text, n, t->content, bytes.n, sodium_base64_VARIANT_ORIGINAL);
		bytes = (struct krux_str){ text, n - 1 };
	}
	answer_text(a, "content", bytes);
	return true;
}

/* Where it leads, as a url that can be asked for; none where it is no such url. */
static void redirect_tell(struct answer *a, struct handler_call *c)
{
	char *to = NULL;
	struct krux_url *url = krux_pool_get(c->pool, sizeof *url);
	const char *why;

	if (curl_easy_getinfo(transfer.curl, CURLINFO_REDIRECT_URL, &to) || !to || !url)
		return;
	to[strcspn(to, "#")] = 0;
	if (krux_canon_url((struct krux_str){ to, strlen(to) }, url, &why))
		answer_text(a, "redirect", (struct krux_str){ to, strlen(to) });
}

bool network_fetch_run(struct handler_call *c)
{
	const struct transfer *t = &transfer;
	uint8_t digest[KRUX_SHA256];
	struct answer a;

	if (!transfer_headers(&transfer, krux_value_get(c->args, "headers")))
		return false;
	if (!method_set(c))
		return c->error ? false : handler_memory(c, "NoAnswer");
	if (!transfer_run(&transfer, arg_uint(c, "timeout_ms")))
		return false;
	krux_sha256((struct krux_str){ (const char *)t->content, t->n }, digest);
	answer_begin(&a, c->pool);
	answer_uint(&a, "status", (uint64_t)t->status);
	answer_value(&a, "headers", (struct krux_value){ .kind = KRUX_V_MAP, .map = { transfer.header, t->nheaders } });
	redirect_tell(&a, c);
	if (!content_tell(&a, c))
		return false;
	answer_uint(&a, "size", t->n);
	answer_bool(&a, "truncated", t->truncated);
	answer_digest(&a, "sha256", digest);
	return answer_give(&a, c, "NoAnswer");
}
