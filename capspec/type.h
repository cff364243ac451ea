/* Types of arguments and answers, as LANG.md section 2 has them. The compiler makes them
 * from .cap text, the runtime reads them from a bundle; both hand them to canon.h. */
#ifndef KRUX_TYPE_H
#define KRUX_TYPE_H

#include "value.h"

__extension__ typedef __int128 krux_i128;
__extension__ typedef unsigned __int128 krux_u128;

enum krux_tkind {
#define TYPE(id, word, json, numeric, texty) KRUX_T_##id,
#include "types.def"
#undef TYPE
	KRUX_T_COUNT
};

struct krux_type {
	enum krux_tkind kind;
	uint8_t scale;                    /* DECIMAL: digits after the point, 0..18 */
	bool unused;                      /* names a resource but is bound to no effect, on purpose */
	krux_i128 lo, hi;                 /* numeric kinds but ip: the closed range, always set */
	uint64_t max;                     /* bytes (STRING BYTES PATH URL HOST ...) or elements, always set */
	struct krux_str pattern;          /* STRING: regular expression the whole value matches; n 0: none */
	const struct krux_str *name;      /* ENUM: names in the order written */
	size_t nnames;
	const struct krux_type *elem;     /* LIST, MAP */
	const struct krux_field *field;   /* RECORD (and the input and output of a capability) */
	size_t nfields;
	struct krux_str type_name;        /* the Name it was declared under; n 0: anonymous */
};

struct krux_field {
	struct krux_str name;
	struct krux_str doc;
	const struct krux_type *type;
	bool optional;
	const struct krux_value *deflt;   /* canonical; NULL: none */
};

/* The word of a kind: "uint". */
const char *krux_type_word(enum krux_tkind);

#endif
