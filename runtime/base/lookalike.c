/* A table of the common cases, looked through from its start: texts for people are short. */
#include "runtime/base/lookalike.h"

#include <stddef.h>

static const struct {
	char ascii;
	uint16_t like[8];
} table[] = {
#define LOOKALIKE(c, ...) { c, { __VA_ARGS__ } },
#include "runtime/base/lookalike.def"
#undef LOOKALIKE
};

char lookalike(uint32_t scalar)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		for (size_t k = 0; k < 8 && table[i].like[k]; k++)
			if (table[i].like[k] == scalar)
				return table[i].ascii;
	return 0;
}
