/* Octets and their texts: base64 (RFC 4648 section 4, padded) and lower-case hex. */
#include "capspec/canon.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t krux_base64_write(struct krux_str in, char *out)
{
	const unsigned char *p = (const unsigned char *)in.p;
	char *to = out;

	for (size_t i = 0; i < in.n; i += 3) {
		size_t n = in.n - i < 3 ? in.n - i : 3;
		uint32_t v = (uint32_t)p[i] << 16;

		if (n > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			v |= p[i + 2];
		*to++ = alphabet[v >> 18];
		*to++ = alphabet[v >> 12 & 63];
		*to++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
		*to++ = n > 2 ? alphabet[v & 63] : '=';
	}
	return (size_t)(to - out);
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool krux_base64_read(struct krux_str in, uint8_t *out, size_t *n, const char **why)
{
	size_t pad = 0, len = 0;
	uint32_t v = 0;

	*n = 0;
	*why = "is not padded base64 (RFC 4648)";
	if (in.n % 4)
		return false;
	while (pad < 2 && pad < in.n && in.p[in.n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < in.n - pad; i++) {
		int s = sextet(in.p[i]);

		if (s < 0)
			return false;
		v = v << 6 | (uint32_t)s;
		if (i % 4)
			out[len++] = (uint8_t)(v >> (6 - 2 * (i % 4)));
	}
	if (pad && (v & ((1u << 2 * pad) - 1)))
		return false;
	*n = len;
	return true;
}

bool krux_hex_read(struct krux_str in, uint8_t *out, size_t n)
{
	if (in.n != 2 * n)
		return false;
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];
		int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (v < 0)
			return false;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | v : v << 4);
	}
	return true;
}

void krux_hex_write(const uint8_t *in, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
}
