/* What the web's handlers share. */
#ifndef KRUX_NETWORK_WEB_PART_H
#define KRUX_NETWORK_WEB_PART_H

#include "stdlib-caps/network/web.h"

#include <curl/curl.h>

/* ---- web.c ---- */

bool web_trusts(void);
/* CURLOPT_SSL_CTX_FUNCTION. */
CURLcode web_trust(CURL *, void *ssl_ctx, void *ctx);

/* ---- transfer.c: one request, one answer ---- */

enum { WEB_HEADERS = 100, WEB_HEADER_BYTES = 64 << 10 };

struct transfer {
	struct handler_call *call;
	CURL *curl;
	CURLM *multi;
	struct curl_slist *sent, *resolve;
	struct krux_str host;
	uint32_t timeout_ms;           /* for all of it; so the connection takes no longer */
	char error[CURL_ERROR_SIZE];
	/* the answer */
	long status;
	struct krux_member header[WEB_HEADERS];      /* names in lower case, sorted when it is over */
	size_t nheaders, header_bytes;
	uint8_t *content;
	size_t n, limit;
	bool truncated;
	/* why there is none */
	uint32_t refused;              /* enum line_status of the connection; LINE_OK: it was not that */
	bool too_much;
	/* takes the content instead, where it is not NULL: false ends the transfer */
	bool (*takes)(void *ctx, const void *p, size_t n);
	void *ctx;
};

/* For the url of the call's argument `url`; before the filter. False: it has failed. */
bool transfer_open(struct handler_call *, struct transfer *, size_t limit);
/* Sends these besides its own; NULL: none. */
bool transfer_headers(struct transfer *, const struct krux_value *list);
/* Makes the request and waits for the answer; its errors are those of network.fetch. */
bool transfer_run(struct transfer *, uint64_t timeout_ms);

#endif
