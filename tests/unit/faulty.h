/* tests/shim/fault.c in a test program. */
#ifndef KRUX_TEST_FAULTY_H
#define KRUX_TEST_FAULTY_H

#include "tests/shim/fault.h"

extern fault_fn *faulty_set;
extern fault_calls_fn *faulty_calls;

/* First in main: executes the program again with the library, until it is there. */
void faulty_load(char **argv);

#endif
