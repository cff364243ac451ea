/* Libraries and certificates to a process whose children need to load nothing. */
#include "stdlib-caps/network/web_part.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

static const char *const bundles[] = {
#define CERTIFICATES(path) path,
#include "capspec/certificates.def"
#undef CERTIFICATES
};

static X509_STORE *trusted;

static void store_load(const char *bundle)
{
	for (size_t i = 0; !bundle && i < sizeof bundles / sizeof *bundles; i++)
		if (!access(bundles[i], R_OK))
			bundle = bundles[i];
	trusted = bundle ? X509_STORE_new() : NULL;
	if (!trusted || X509_STORE_load_file(trusted, bundle) == 1)
		return;
	X509_STORE_free(trusted);
	trusted = NULL;
}

/* What is set up at first use is set up here: a child could open no file for it. */
static void libraries_warm(void)
{
	SSL_CTX *ctx;
	SSL *ssl;

	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	ctx = SSL_CTX_new(TLS_client_method());
	ssl = ctx ? SSL_new(ctx) : NULL;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

void web_ready(const char *bundle)
{
	libraries_warm();
	store_load(bundle);
}

bool web_trusts(void)
{
	return trusted != NULL;
}

CURLcode web_trust(CURL *curl, void *ssl_ctx, void *ctx)
{
	(void)curl;
	(void)ctx;
	if (!trusted)
		return CURLE_SSL_CACERT_BADFILE;
	SSL_CTX_set1_cert_store(ssl_ctx, trusted);
	return CURLE_OK;
}

static const struct builtin builtins[] = {
#define BUILTIN(name, calls, ...)
#define WEB(name, calls, ...) { #name, name##_open, name##_run, calls, { __VA_ARGS__ } },
#include "capspec/builtins.def"
#undef BUILTIN
};

const struct builtin *builtin_web(struct krux_str name)
{
	for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
		if (krux_str_eq(name, (struct krux_str){ builtins[i].name, strlen(builtins[i].name) }))
			return &builtins[i];
	return NULL;
}
