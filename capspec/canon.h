/* Canonicalisation: the one place that says which texts are which value (LANG.md 2).
 *
 * Texts go in as somebody wrote them, the canonical form comes out, or a refusal with one
 * sentence. Only functions that are given a pool take memory. */
#ifndef KRUX_CANON_H
#define KRUX_CANON_H

#include "type.h"

/* The canonical value of `type` that `in` denotes: defaults filled in, absent optionals left
 * out, map members sorted, text canonicalised, NUMBER read. IPs, datetimes, durations,
 * digests and url records get their wire form (LANG.md table in section 2). */
bool krux_canon(struct krux_pool *, const struct krux_type *type, const struct krux_value *in,
                struct krux_value *out, struct krux_refusal *);
/* Regular expressions of LANG.md 5.4, for patterns of strings: linear in the text. NULL with
 * *why set when it is none or too large a one. A pattern serves one thread at a time. */
struct krux_pattern;
struct krux_pattern *krux_pattern_compile(struct krux_pool *, struct krux_str, const char **why);
/* Is text, valid UTF-8, matched whole. */
bool krux_pattern_match(struct krux_pattern *, struct krux_str text);
/* The way back, for JSON answers and printed calls: wire form to the JSON form of the table. */
bool krux_uncanon(struct krux_pool *, const struct krux_type *type, const struct krux_value *wire,
                  struct krux_value *out);

/* Each takes text and writes at most cap bytes; the length, or -1 with *why set to a
 * constant sentence. Canonical forms are never longer than 3 times the input + 8. */
int krux_canon_path(struct krux_str in, char *out, size_t cap, const char **why);
int krux_canon_host(struct krux_str in, char *out, size_t cap, const char **why);
/* 16 bytes, IPv4 as ::ffff:a.b.c.d; *v4 says which it was. False: invalid. */
bool krux_canon_ip(struct krux_str in, uint8_t out[static 16], bool *v4, const char **why);
int krux_ip_text(const uint8_t ip[static 16], char *out, size_t cap);
/* Address and prefix length on the 128-bit scale (IPv4 /8 is 104). */
bool krux_canon_cidr(struct krux_str in, uint8_t out[static 16], unsigned *prefix,
                     char *text, size_t cap, const char **why);

struct krux_url {               /* slices of buf */
	bool https;
	struct krux_str host, path, query;
	uint16_t port;
	char buf[8192 + 512];
};
bool krux_canon_url(struct krux_str in, struct krux_url *out, const char **why);
/* The same from a record of its parts. */
bool krux_canon_url_parts(const struct krux_value *map, struct krux_url *out, const char **why);
/* scheme://host[:port]path[?query], the port where it is not the default. `max` of a url type
 * bounds the length of this text. Length, or -1. */
int krux_url_text(const struct krux_url *, char *out, size_t cap);

bool krux_read_datetime(struct krux_str in, int64_t *ns, const char **why);
bool krux_read_duration(struct krux_str in, uint64_t *ns, const char **why);
/* Integers with KiB, MiB, GiB and '_'; decimals scaled by 10^scale. */
bool krux_read_integer(struct krux_str in, krux_i128 *out, const char **why);
bool krux_read_decimal(struct krux_str in, unsigned scale, krux_i128 *out, const char **why);
int krux_datetime_text(int64_t ns, char *out, size_t cap);
int krux_duration_text(uint64_t ns, char *out, size_t cap);     /* the largest unit that is exact */
int krux_integer_text(krux_i128 v, char *out, size_t cap);
/* Without trailing zeros. */
int krux_decimal_text(int64_t v, unsigned scale, char *out, size_t cap);

/* Base64 with padding: writes (n + 2) / 3 * 4 characters; reads at most n / 4 * 3 bytes. */
size_t krux_base64_write(struct krux_str in, char *out);
bool krux_base64_read(struct krux_str in, uint8_t *out, size_t *n, const char **why);
/* Exactly 2 * n lower-case hex digits. */
bool krux_hex_read(struct krux_str in, uint8_t *out, size_t n);
void krux_hex_write(const uint8_t *in, size_t n, char *out);

bool krux_utf8_valid(struct krux_str);
/* The scalar at p, and its length in *len; p must be valid UTF-8. */
uint32_t krux_utf8_get(const char *p, size_t n, unsigned *len);
unsigned krux_utf8_put(uint32_t scalar, char out[static 4]);
/* Agent ids [a-z0-9._-]{1,64}. */
bool krux_agent_valid(struct krux_str);

#endif
