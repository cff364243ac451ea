/* SHA-256 as OpenSSL's EVP has it: fetched once, one context. */
#include "bench/peers.h"

#if __has_include(<openssl/evp.h>)
#include "bench/measure.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

double openssl_sha256_ns(const uint8_t *data, size_t size, size_t total)
{
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char out[EVP_MAX_MD_SIZE];
	uint64_t from;
	double ns;

	if (!md || !ctx)
		abort();
	from = cpu_ns();
	for (size_t at = 0; at + size <= total; at += size)
		if (!EVP_DigestInit_ex2(ctx, md, NULL) || !EVP_DigestUpdate(ctx, data + at, size) ||
		    !EVP_DigestFinal_ex(ctx, out, NULL)) {
			fputs("bench: openssl: SHA-256 fails\n", stderr);
			exit(1);
		}
	ns = (double)(cpu_ns() - from);
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	return ns;
}

#else

double openssl_sha256_ns(const uint8_t *data, size_t size, size_t total)
{
	(void)data;
	(void)size;
	(void)total;
	return 0;
}

#endif
