/* Keys: made, turned into lines of text and back, and put to work. */
#include "capspec/key.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/digest.h"

static const char secret_header[] = "krux-secret-key-ed25519";
static const char public_header[] = "krux-public-key-ed25519";

static bool name_put(struct krux_str name, char out[static 65], struct krux_refusal *r)
{
	if (!krux_agent_valid(name))
		return krux_refuse(r, "name", "the name of a key is 1 to 64 of a-z 0-9 . _ -");
	memset(out, 0, 65);
	memcpy(out, name.p, name.n);
	return true;
}

bool krux_key_generate(const char *name, bool dev, struct krux_secret_key *out, struct krux_refusal *r)
{
	if (sodium_init() < 0)
		return krux_refuse(r, "", "no source of random numbers");
	if (!name_put((struct krux_str){ name, strlen(name) }, out->name, r))
		return false;
	out->dev = dev;
	randombytes_buf(out->seed, sizeof out->seed);
	return true;
}

void krux_key_development(struct krux_secret_key *out)
{
	*out = (struct krux_secret_key){ .dev = true, .name = "development" };
	krux_sha256(KRUX_STR("krux development key 1"), out->seed);
}

void krux_key_wipe(struct krux_secret_key *key)
{
	sodium_memzero(key, sizeof *key);
}

static void id_set(struct krux_public_key *key)
{
	uint8_t digest[KRUX_SHA256];

	krux_sha256((struct krux_str){ (const char *)key->key, sizeof key->key }, digest);
	memcpy(key->id, digest, sizeof key->id);
}

void krux_key_public(const struct krux_secret_key *secret, struct krux_public_key *out)
{
	unsigned char both[crypto_sign_SECRETKEYBYTES];

	memset(out, 0, sizeof *out);
	crypto_sign_seed_keypair(out->key, both, secret->seed);
	sodium_memzero(both, sizeof both);
	out->dev = secret->dev;
	memcpy(out->name, secret->name, sizeof out->name);
	id_set(out);
}

/* domain, its NUL, message; caller frees. */
static unsigned char *message_join(const char *domain, struct krux_str message, size_t *n)
{
	size_t ndomain = strlen(domain) + 1;
	unsigned char *all;

	if (message.n > SIZE_MAX - ndomain)
		return NULL;
	*n = ndomain + message.n;
	all = malloc(*n);
	if (!all)
		return NULL;
	memcpy(all, domain, ndomain);
	if (message.n)
		memcpy(all + ndomain, message.p, message.n);
	return all;
}

bool krux_key_sign(const struct krux_secret_key *secret, const char *domain, struct krux_str message,
                   uint8_t out[static KRUX_SIGNATURE])
{
	unsigned char both[crypto_sign_SECRETKEYBYTES], public[crypto_sign_PUBLICKEYBYTES];
	unsigned char *all;
	size_t n;

	all = message_join(domain, message, &n);
	if (!all)
		return false;
	crypto_sign_seed_keypair(public, both, secret->seed);
	crypto_sign_detached(out, NULL, all, n, both);
	sodium_memzero(both, sizeof both);
	free(all);
	return true;
}

bool krux_key_verify(const struct krux_public_key *key, const char *domain, struct krux_str message,
                     const uint8_t signature[static KRUX_SIGNATURE])
{
	unsigned char *all;
	size_t n;
	bool ok;

	all = message_join(domain, message, &n);
	if (!all)
		return false;
	ok = crypto_sign_verify_detached(signature, all, n, key->key) == 0;
	free(all);
	return ok;
}

static size_t line_put(const char *header, bool dev, const uint8_t *octets, const char *name, char *out)
{
	size_t n = strlen(header), len = strlen(name);

	memcpy(out, header, n);
	if (dev) {
		memcpy(out + n, "-dev", 4);
		n += 4;
	}
	out[n++] = ':';
	n += krux_base64_write((struct krux_str){ (const char *)octets, 32 }, out + n);
	out[n++] = ' ';
	memcpy(out + n, name, len);
	n += len;
	out[n++] = '\n';
	return n;
}

size_t krux_key_public_text(const struct krux_public_key *key, char out[static KRUX_KEY_LINE])
{
	return line_put(public_header, key->dev, key->key, key->name, out);
}

size_t krux_key_secret_text(const struct krux_secret_key *key, char out[static KRUX_KEY_LINE])
{
	return line_put(secret_header, key->dev, key->seed, key->name, out);
}

static bool line_parse(struct krux_str line, const char *header, bool *dev, uint8_t octets[static 32],
                       char name[static 65], struct krux_refusal *r)
{
	uint8_t read[33];
	const char *why;
	size_t n;
	bool ok;

	if (!krux_str_skip(&line, header)) {
		if (krux_str_skip(&line, header == secret_header ? public_header : secret_header))
			return krux_refuse(r, "header", header == secret_header ?
			                   "is a public key: the secret key is wanted, the file that ends in .key" :
			                   "is a secret key: the public key is wanted, the file that ends in .pub");
		return krux_refuse(r, "header", header == secret_header ?
		                   "is no secret key: it starts with krux-secret-key-ed25519:" :
		                   "is no public key: it starts with krux-public-key-ed25519:");
	}
	*dev = krux_str_skip(&line, "-dev");
	if (!krux_str_skip(&line, ":") || line.n < 45 || line.p[44] != ' ')
		return krux_refuse(r, "key", "is no key file: 44 characters of base64, a space and a name follow");
	ok = krux_base64_read((struct krux_str){ line.p, 44 }, read, &n, &why) && n == 32;
	if (ok)
		memcpy(octets, read, 32);
	sodium_memzero(read, sizeof read);
	if (!ok)
		return krux_refuse(r, "key", "is no key file: 32 octets in base64 are expected");
	line.p += 45;
	line.n -= 45;
	if (line.n && line.p[line.n - 1] == '\n')
		line.n--;
	return name_put(line, name, r);
}

bool krux_key_public_parse(struct krux_str line, struct krux_public_key *out, struct krux_refusal *r)
{
	struct krux_public_key key = { 0 };

	if (!line_parse(line, public_header, &key.dev, key.key, key.name, r))
		return false;
	id_set(&key);
	*out = key;
	return true;
}

bool krux_key_secret_parse(struct krux_str line, struct krux_secret_key *out, struct krux_refusal *r)
{
	if (line_parse(line, secret_header, &out->dev, out->seed, out->name, r))
		return true;
	krux_key_wipe(out);
	return false;
}
