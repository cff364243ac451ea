/* A state folder and addresses of witnesses to a process that can ask these and keep what they say. */
#include "runtime/witness/confine.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/record/witnesses.h"
#include "runtime/sandbox/typed.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What libcurl takes a proxy from. */
static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
enum { PROXIES = sizeof proxies / sizeof *proxies };
enum { DNS = 53, PROXY = 1080, HTTPS = 443 };

struct ports {
	uint16_t at[1 + WITNESSES_MAX + 3 * PROXIES];
	size_t n;
};

static void port_add(struct ports *p, unsigned long port)
{
	if (port && port <= UINT16_MAX)
		p->at[p->n++] = (uint16_t)port;
}

/* 0: it names none, or is no address. */
static unsigned long port_read(const char *url, unsigned flags)
{
	unsigned long port = 0;
	CURLU *u = curl_url();
	char *text = NULL;

	if (u && !curl_url_set(u, CURLUPART_URL, url, CURLU_GUESS_SCHEME) && !curl_url_get(u, CURLUPART_PORT, &text, flags))
		port = strtoul(text, NULL, 10);
	curl_free(text);
	curl_url_cleanup(u);
	return port;
}

/* A proxy that names no port has the library's, which depends on how it is spoken to. */
static void proxies_add(struct ports *p)
{
	for (size_t i = 0; i < PROXIES; i++) {
		const char *url = getenv(proxies[i]);
		unsigned long port = url && *url ? port_read(url, 0) : 0;

		if (!url || !*url)
			continue;
		port_add(p, port);
		port_add(p, port ? 0 : PROXY);
		port_add(p, port ? 0 : HTTPS);
	}
}

/* Nothing of it is a secret, as other files of /etc are: whoever takes this program over can tell its witness. Distributions
 * differ; what is not there is left out. */
static const char *const etc[] = {
	"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services",
	"/etc/ssl/openssl.cnf", "/etc/ssl/cert.pem", "/etc/ssl/certs", "/etc/ssl/ca-bundle.pem", "/etc/ca-certificates",
	"/etc/pki/tls/openssl.cnf", "/etc/pki/tls/cert.pem", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted",
	"/etc/crypto-policies",
};
enum { ETC = sizeof etc / sizeof *etc };

static int places_confine(const char *const own[static 3], const struct ports *ports, struct krux_err *err)
{
	struct typed_place place[4 + ETC] = {
		{ .place = PLACE_WITNESS_TRUST, .path = own[0] }, { .place = PLACE_WITNESS_LOG, .path = own[1] },
		{ .place = PLACE_WITNESS_SEEN, .path = own[2] },  { .place = PLACE_WITNESS_USR, .path = "/usr" },
	};
	const struct typed t = {
		.kind = PROCESS_WITNESS, .place = place, .n = 4 + ETC, .port = ports->at, .nports = ports->n,
	};

	for (size_t i = 0; i < ETC; i++)
		place[4 + i] = (struct typed_place){ .place = PLACE_WITNESS_ETC, .path = etc[i] };
	return typed_confine(&t, err);
}

int witness_confine(const struct state *s, const struct witness *w, size_t n, struct krux_err *err)
{
	CLEAN_FREE char *trust = NULL;
	CLEAN_FREE char *log = NULL;
	CLEAN_FREE char *seen = NULL;
	struct ports ports = { { DNS }, 1 };

	if (asprintf(&trust, "%s/trust", s->path) < 0 || asprintf(&log, "%s/log", s->path) < 0 ||
	    asprintf(&seen, "%s/witness", s->path) < 0)
		return err_set(err, ENOMEM, "%s", s->path);
	for (size_t i = 0; i < n; i++)
		port_add(&ports, port_read(w[i].url, CURLU_DEFAULT_PORT));
	proxies_add(&ports);
	return places_confine((const char *const[]){ trust, log, seen }, &ports, err);
}
