#include "tests/unit/web_server.h"

#include "tests/unit/outside.h"

#include <check.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SERVERS = 4, LARGEST = 1 << 20 };

static pid_t server[SERVERS];
static int nservers;
static EVP_PKEY *key[2];
static X509 *certificate[2];

/* ---- certificates ---- */

/* Before there are tests. */
static void must(bool done)
{
	if (!done)
		abort();
}

static void extension_add(X509 *c, X509 *by, int nid, const char *text)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, by, c, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
	must(e != NULL);
	X509_add_ext(c, e, -1);
	X509_EXTENSION_free(e);
}

static X509 *certificate_make(EVP_PKEY *own, const char *name, X509 *by, EVP_PKEY *signer)
{
	X509 *c = X509_new();

	X509_set_version(c, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c), 1 + (long)(by != NULL));
	X509_gmtime_adj(X509_getm_notBefore(c), -3600);
	X509_gmtime_adj(X509_getm_notAfter(c), 3600);
	X509_set_pubkey(c, own);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c, X509_get_subject_name(by ? by : c));
	extension_add(c, by ? by : c, NID_basic_constraints, by ? "CA:FALSE" : "critical,CA:TRUE");
	if (by)
		extension_add(c, by, NID_subject_alt_name, "DNS:here.test");
	must(X509_sign(c, signer, EVP_sha256()) > 0);
	return c;
}

void server_certify(const char *path)
{
	FILE *f = fopen(path, "w");

	must(f != NULL);
	for (int i = 0; i < 2; i++) {
		EVP_PKEY *authority = EVP_EC_gen("P-256");
		X509 *root = certificate_make(authority, i ? "stranger" : "authority", NULL, authority);

		key[i] = EVP_EC_gen("P-256");
		certificate[i] = certificate_make(key[i], "here.test", root, authority);
		if (!i)
			must(PEM_write_X509(f, root));
		X509_free(root);
		EVP_PKEY_free(authority);
	}
	fclose(f);
}

/* ---- one connection ---- */

struct talk {
	int fd;
	SSL *ssl;
};

static int take(const struct talk *t, char *p, size_t n)
{
	return t->ssl ? SSL_read(t->ssl, p, (int)n) : (int)read(t->fd, p, n);
}

/* False: nobody listens any more. */
static bool put(const struct talk *t, const char *p, size_t n)
{
	return t->ssl ? SSL_write(t->ssl, p, (int)n) > 0 : send(t->fd, p, n, MSG_NOSIGNAL) > 0;
}

static bool say(const struct talk *t, const char *text)
{
	return put(t, text, strlen(text));
}

static void nap(void)
{
	nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
}

/* What is sent once. */
static const struct {
	const char *path, *answer;
} answers[] = {
	{ "/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a:\t2\r\n\r\nhello" },
	{ "/until-the-end", "HTTP/1.1 200 OK\r\n\r\nas long as it takes" },
	{ "/chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" },
	{ "/redirect", "HTTP/1.1 302 Found\r\nLocation: https://example.com/there?a=b#c\r\nContent-Length: 0\r\n\r\n" },
	{ "/relative", "HTTP/1.1 301 Moved\r\nLocation: ../other\r\nContent-Length: 0\r\n\r\n" },
	{ "/loop", "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n" },
	{ "/to-a-file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n" },
	{ "/with-a-password", "HTTP/1.1 302 Found\r\nLocation: http://user:secret@here.test/\r\nContent-Length: 0\r\n\r\n" },
	{ "/binary", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xFF\xFE\xFD" },
	{ "/accents", "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9" },
	{ "/not-there", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone" },
	{ "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello" },
	{ "/no-http", "220 mail.example.com ESMTP\r\n" },
	{ "/nothing", "" },
	{ "/bad-chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n" },
	{ "/two-lengths", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello" },
	{ "/odd-headers", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Bad: \x01\x02\r\nX-\xC3\xA9: 1\r\nX-Good: yes\r\n\r\n" },
};

/* What has no end but that nobody listens. */
static void endless(const struct talk *t, const char *path)
{
	static char block[4096];

	memset(block, 'x', sizeof block);
	if (!strcmp(path, "/silent")) {
		take(t, block, 1);
	} else if (!strcmp(path, "/slow")) {
		say(t, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
		while (put(t, "x", 1))
			nap();
	} else if (!strcmp(path, "/slow-headers")) {
		say(t, "HTTP/1.1 200 OK\r\nX: ");
		while (put(t, "x", 1))
			nap();
	} else if (!strcmp(path, "/endless")) {
		say(t, "HTTP/1.1 200 OK\r\n\r\n");
		while (put(t, block, sizeof block))
			;
	} else if (!strcmp(path, "/endless-header")) {
		say(t, "HTTP/1.1 200 OK\r\nX: ");
		while (put(t, block, sizeof block))
			;
	} else if (!strcmp(path, "/endless-headers")) {
		say(t, "HTTP/1.1 200 OK\r\n");
		for (unsigned i = 0; snprintf(block, sizeof block, "X-%u: y\r\n", i) && say(t, block); i++)
			;
	} else if (!strcmp(path, "/continue")) {
		while (say(t, "HTTP/1.1 100 Continue\r\n\r\n"))
			;
	}
}

/* A request's body comes back. */
static void echo(const struct talk *t, const char *request, size_t n)
{
	static char body[LARGEST], head[128];
	const char *length = strcasestr(request, "content-length:"), *end = strstr(request, "\r\n\r\n");
	size_t want = length ? strtoul(length + 15, NULL, 10) : 0, got = n - (size_t)(end + 4 - request);
	int k;

	ck_assert_uint_lt(want, sizeof body);
	memcpy(body, end + 4, got);
	while (got < want && (k = take(t, body + got, want - got)) > 0)
		got += (size_t)k;
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", got);
	say(t, head);
	if (got)
		put(t, body, got);
}

static void request_answer(const struct talk *t)
{
	char request[8192] = "", path[64] = "";
	size_t n = 0;
	int k;

	while (!strstr(request, "\r\n\r\n") && n < sizeof request - 1 && (k = take(t, request + n, sizeof request - 1 - n)) > 0)
		request[n += (size_t)k] = 0;
	if (sscanf(request, "%*s %63s", path) != 1)
		return;
	if (!strcmp(path, "/echo"))
		echo(t, request, n);
	else if (!strcmp(path, "/request"))
		say(t, "HTTP/1.1 200 OK\r\n\r\n"), put(t, request, n);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (!strcmp(path, answers[i].path) && *answers[i].answer)
			say(t, answers[i].answer);
	endless(t, path);
}

static void server_run(int listener, int kind)
{
	SSL_CTX *ctx = kind == SERVER_PLAIN ? NULL : SSL_CTX_new(TLS_server_method());
	int which = kind == SERVER_STRANGER;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (ctx) {
		SSL_CTX_use_certificate(ctx, certificate[which]);
		SSL_CTX_use_PrivateKey(ctx, key[which]);
	}
	for (;;) {
		struct talk t = { .fd = accept(listener, NULL, NULL) };

		if (ctx) {
			t.ssl = SSL_new(ctx);
			SSL_set_fd(t.ssl, t.fd);
		}
		if (!ctx || SSL_accept(t.ssl) == 1)
			request_answer(&t);
		if (t.ssl)
			SSL_shutdown(t.ssl);
		SSL_free(t.ssl);
		close(t.fd);
	}
}

uint16_t server_start(int kind)
{
	uint16_t port;
	int listener = outside_listen(&port);

	server[nservers] = fork();
	if (!server[nservers])
		server_run(listener, kind);
	nservers++;
	close(listener);
	return port;
}

void server_stop(void)
{
	while (nservers) {
		kill(server[--nservers], SIGKILL);
		waitpid(server[nservers], NULL, 0);
	}
}
