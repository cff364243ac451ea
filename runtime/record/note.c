/* Bytes to notes and back. Everything that is not exactly as the encoder of the format writes it is
 * refused; who signed is decided only for keys that the caller names. */
#include "runtime/record/note.h"

#include "capspec/canon.h"
#include "capspec/digest.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char dash[] = "\xe2\x80\x94 ";     /* em dash, space */

enum { DASH = sizeof dash - 1, SIGNATURE = crypto_sign_BYTES, TIME = 8, ID = 4 };

static bool refuse(const char **why, const char *what)
{
	*why = what;
	return false;
}

/* ---- names and keys ---- */

static bool is_space(uint32_t c)
{
	return c <= ' ' || c == 0x7f || (c >= 0x80 && c <= 0xa0) || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool note_name_valid(struct krux_str name)
{
	unsigned len;

	if (!name.n || name.n > NOTE_NAME || !krux_utf8_valid(name))
		return false;
	for (size_t i = 0; i < name.n; i += len) {
		uint32_t c = krux_utf8_get(name.p + i, name.n - i, &len);

		if (c == '+' || is_space(c))
			return false;
	}
	return true;
}

/* The first octets of SHA-256(name || LF || type || key). */
static uint32_t key_id(struct krux_str name, enum note_type type, const uint8_t key[static 32])
{
	const char middle[2] = { '\n', (char)type };
	const struct krux_str part[] = { name, { middle, 2 }, { (const char *)key, 32 } };
	uint8_t sum[KRUX_SHA256];

	krux_sha256_parts(part, 3, sum);
	return (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
}

bool note_key_make(struct note_key *k, struct krux_str name, enum note_type type, const uint8_t key[static 32])
{
	if (!note_name_valid(name))
		return false;
	*k = (struct note_key){ .type = type, .id = key_id(name, type, key) };
	memcpy(k->name, name.p, name.n);
	memcpy(k->key, key, sizeof k->key);
	return true;
}

size_t note_key_text(const struct note_key *k, char out[static NOTE_KEY_TEXT])
{
	char raw[1 + 32];
	int n = snprintf(out, NOTE_KEY_TEXT, "%s+%08x+", k->name, k->id);

	raw[0] = (char)k->type;
	memcpy(raw + 1, k->key, 32);
	return (size_t)n + krux_base64_write((struct krux_str){ raw, sizeof raw }, out + n);
}

bool note_key_parse(struct krux_str text, struct note_key *out, const char **why)
{
	const char *first = text.n ? memchr(text.p, '+', text.n) : NULL;
	uint8_t id[ID], raw[36];
	struct krux_str name, base64;
	size_t n;

	if (!first || text.n - (size_t)(first - text.p) < 10 || first[9] != '+')
		return refuse(why, "is no verifier key: NAME+HEXID+BASE64 is expected");
	name = (struct krux_str){ text.p, (size_t)(first - text.p) };
	base64 = (struct krux_str){ first + 10, text.n - (size_t)(first + 10 - text.p) };
	if (!krux_hex_read((struct krux_str){ first + 1, 8 }, id, sizeof id))
		return refuse(why, "has an id that is not eight lower-case hex digits");
	if (base64.n != 44 || !krux_base64_read(base64, raw, &n, why) || n != 33)
		return refuse(why, "has a key that is not 33 octets in base64");
	if (raw[0] != NOTE_ED25519 && raw[0] != NOTE_COSIGNATURE)
		return refuse(why, "is a key of a type that is not known here");
	if (!note_key_make(out, name, (enum note_type)raw[0], raw + 1))
		return refuse(why, "has a name that no key may have");
	if (out->id != ((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3]))
		return refuse(why, "has an id that is not that of its name and key");
	return true;
}

bool note_signer_make(struct note_signer *s, struct krux_str name, enum note_type type,
                      const uint8_t seed[static 32])
{
	uint8_t public[32];

	crypto_sign_seed_keypair(public, s->secret, seed);
	if (note_key_make(&s->public, name, type, public))
		return true;
	note_signer_wipe(s);
	return false;
}

void note_signer_wipe(struct note_signer *s)
{
	sodium_memzero(s, sizeof *s);
}

/* ---- reading ---- */

/* One line after the blank one; moves behind it. */
static bool line_parse(struct krux_str *rest, struct note_line *out, const char **why)
{
	static const char bad[] = "has a signature line that is none";
	const char *end = memchr(rest->p, '\n', rest->n), *space;
	uint8_t raw[3 * (NOTE_MAX / 4)];
	size_t n;

	if (!end)
		return refuse(why, "ends in the middle of a signature line");
	*out = (struct note_line){ .line = { rest->p, (size_t)(end + 1 - rest->p) } };
	if (out->line.n <= DASH || memcmp(rest->p, dash, DASH) != 0)
		return refuse(why, bad);
	space = memchr(rest->p + DASH, ' ', out->line.n - DASH);
	if (!space)
		return refuse(why, bad);
	out->name = (struct krux_str){ rest->p + DASH, (size_t)(space - rest->p) - DASH };
	out->base64 = (struct krux_str){ space + 1, (size_t)(end - space - 1) };
	if (!note_name_valid(out->name) || !krux_base64_read(out->base64, raw, &n, why) || n <= ID)
		return refuse(why, bad);
	out->id = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
	rest->p += out->line.n;
	rest->n -= out->line.n;
	return true;
}

bool note_parse(struct krux_str s, struct note *out, const char **why)
{
	struct krux_str rest;

	*out = (struct note){ .nlines = 0 };
	if (s.n > NOTE_MAX)
		return refuse(why, "is longer than 64 KiB");
	if (!krux_utf8_valid(s))
		return refuse(why, "is not UTF-8");
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] < ' ' && s.p[i] != '\n')
			return refuse(why, "has control characters");
	for (size_t i = s.n; i >= 2 && !out->text.n; i--)
		if (s.p[i - 1] == '\n' && s.p[i - 2] == '\n')
			out->text = (struct krux_str){ s.p, i - 1 };
	if (!out->text.n)
		return refuse(why, "has no blank line before its signatures");
	rest = (struct krux_str){ s.p + out->text.n + 1, s.n - out->text.n - 1 };
	if (!rest.n)
		return refuse(why, "has no signatures");
	while (rest.n) {
		if (out->nlines == NOTE_LINES)
			return refuse(why, "has more than 64 signatures");
		if (!line_parse(&rest, &out->line[out->nlines++], why))
			return false;
	}
	return true;
}

/* ---- signatures ---- */

/* What is signed. */
static size_t message_make(enum note_type type, uint64_t time, struct krux_str text,
                           char out[static NOTE_MAX + 64])
{
	size_t n = 0;

	if (type == NOTE_COSIGNATURE)
		n = (size_t)snprintf(out, 64, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
	memcpy(out + n, text.p, text.n);
	return n + text.n;
}

static void time_put(uint64_t time, uint8_t out[static TIME])
{
	for (unsigned i = 0; i < TIME; i++)
		out[i] = (uint8_t)(time >> (56 - 8 * i));
}

static bool line_verify(struct note_line *line, struct krux_str text, const struct note_key *key)
{
	size_t n, ntime = key->type == NOTE_COSIGNATURE ? TIME : 0;
	uint8_t raw[3 * (NOTE_MAX / 4)];
	char message[NOTE_MAX + 64];
	uint64_t time = 0;
	const char *why;

	if (!krux_base64_read(line->base64, raw, &n, &why) || n != ID + ntime + SIGNATURE)
		return false;
	for (size_t i = 0; i < ntime; i++)
		time = time << 8 | raw[ID + i];
	if (time > INT64_MAX)
		return false;
	n = message_make(key->type, time, text, message);
	if (crypto_sign_verify_detached(raw + ID + ntime, (uint8_t *)message, n, key->key))
		return false;
	line->time = time;
	return true;
}

int note_verify(struct note *note, const struct note_key *key, size_t nkeys)
{
	bool bad = false;
	int good = 0;

	for (size_t k = 0; k < nkeys; k++) {
		const struct krux_str name = { key[k].name, strlen(key[k].name) };
		bool any = false;

		for (size_t i = 0; i < note->nlines; i++) {
			struct note_line *line = &note->line[i];

			if (line->id != key[k].id || !krux_str_eq(line->name, name))
				continue;
			line->check = line_verify(line, note->text, &key[k]) ? NOTE_GOOD : NOTE_BAD;
			any |= line->check == NOTE_GOOD;
			bad |= line->check == NOTE_BAD;
		}
		good += any;
	}
	return bad ? -1 : good;
}

size_t note_sign(const struct note_signer *s, struct krux_str text, uint64_t time, char out[static NOTE_LINE])
{
	size_t n, ntime = s->public.type == NOTE_COSIGNATURE ? TIME : 0;
	uint8_t raw[ID + TIME + SIGNATURE];
	char message[NOTE_MAX + 64];

	if (text.n > NOTE_MAX || time > INT64_MAX)
		return 0;
	for (unsigned i = 0; i < ID; i++)
		raw[i] = (uint8_t)(s->public.id >> (24 - 8 * i));
	if (ntime)
		time_put(time, raw + ID);
	n = message_make(s->public.type, time, text, message);
	crypto_sign_detached(raw + ID + ntime, NULL, (uint8_t *)message, n, s->secret);
	n = (size_t)snprintf(out, NOTE_LINE, "%s%s ", dash, s->public.name);
	n += krux_base64_write((struct krux_str){ (char *)raw, ID + ntime + SIGNATURE }, out + n);
	out[n++] = '\n';
	return n;
}
