/* Letters that pass for others. */
#ifndef KRUX_LOOKALIKE_H
#define KRUX_LOOKALIKE_H

#include <stdint.h>

/* The ASCII character that this one looks like; 0: none that is known. */
char lookalike(uint32_t scalar);

#endif
