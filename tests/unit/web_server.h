/* A server of one connection after the other, which answers well or badly as the path says. */
#ifndef KRUX_TEST_WEB_SERVER_H
#define KRUX_TEST_WEB_SERVER_H

#include <stdint.h>

enum { SERVER_PLAIN, SERVER_TLS, SERVER_STRANGER };      /* STRANGER: with a certificate that nobody trusts */

/* Makes the certificates: of an authority, written to the file in PEM, and of here.test by it and by another. */
void server_certify(const char *path);
/* Starts one of that kind; its port. All end with server_stop. */
uint16_t server_start(int kind);
void server_stop(void);

#endif
