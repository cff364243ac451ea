/* What a fuzzer defines: it takes any bytes, returns 0, and aborts where a promise is broken. */
#ifndef KRUX_FUZZ_H
#define KRUX_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Holds whatever the build: not an assert. */
#define PROMISE(x) \
	((x) ? (void)0 : (fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #x), abort()))

#endif
