/* Signed notes (C2SP signed-note): text, and lines of signatures by named keys. */
#ifndef KRUX_NOTE_H
#define KRUX_NOTE_H

#include "capspec/value.h"

enum {
	NOTE_MAX = 64 << 10,         /* bytes of a note */
	NOTE_LINES = 64,             /* signatures */
	NOTE_NAME = 255,             /* bytes of a key's name */
	NOTE_KEY_TEXT = 320,
	NOTE_LINE = 512,             /* room for a signature line that note_sign writes */
};

enum note_type {
	NOTE_ED25519 = 1,            /* over the text */
	NOTE_COSIGNATURE = 4,        /* C2SP tlog-cosignature, cosignature/v1, with a time */
};

/* A public key with its name. */
struct note_key {
	char name[NOTE_NAME + 1];
	uint32_t id;                 /* of name, type and key */
	enum note_type type;
	uint8_t key[32];
};

/* Not empty, valid UTF-8, no space of Unicode, no control character, no "+". */
bool note_name_valid(struct krux_str);
/* False: no such name. */
bool note_key_make(struct note_key *, struct krux_str name, enum note_type, const uint8_t key[static 32]);
/* "NAME+HEXID+BASE64", the form in which verifiers and witnesses are told of a key. */
size_t note_key_text(const struct note_key *, char out[static NOTE_KEY_TEXT]);
bool note_key_parse(struct krux_str, struct note_key *, const char **why);

struct note_signer {
	struct note_key public;
	uint8_t secret[64];
};
bool note_signer_make(struct note_signer *, struct krux_str name, enum note_type,
                      const uint8_t seed[static 32]);
void note_signer_wipe(struct note_signer *);

enum note_check {
	NOTE_NOT_CHECKED,            /* no key of this name and id was given */
	NOTE_GOOD,
	NOTE_BAD,
};

struct note_line {
	struct krux_str line;        /* all of it, with its LF */
	struct krux_str name;
	uint32_t id;
	struct krux_str base64;      /* id and signature */
	enum note_check check;
	uint64_t time;               /* of a good cosignature: seconds since 1970 */
};

struct note {
	struct krux_str text;        /* with its last LF */
	size_t nlines;
	struct note_line line[NOTE_LINES];
};

/* Any bytes to a note; borrows. Every line is NOT_CHECKED. */
bool note_parse(struct krux_str, struct note *, const char **why);
/* Checks the lines that these keys say they made. Returns how many are good; -1: one is bad,
 * which spoils all of it. */
int note_verify(struct note *, const struct note_key *key, size_t nkeys);
/* The signature line over text, with its LF; cosignatures say `time`. Its length; 0: text or time are
 * beyond what a note can hold. */
size_t note_sign(const struct note_signer *, struct krux_str text, uint64_t time,
                 char out[static NOTE_LINE]);

#endif
