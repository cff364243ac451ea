/* Words of the type kinds. */
#include "capspec/type.h"

const char *krux_type_word(enum krux_tkind kind)
{
	static const char *const words[] = {
#define TYPE(id, word, json, numeric, texty) [KRUX_T_##id] = word,
#include "capspec/types.def"
#undef TYPE
	};

	return (unsigned)kind < KRUX_T_COUNT ? words[kind] : "?";
}
