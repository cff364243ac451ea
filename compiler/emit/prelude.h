/* The fixed parts of decide.c, embedded from compiler/emit/prelude and capspec/krux_abi.h. */
#ifndef KRUX_PRELUDE_H
#define KRUX_PRELUDE_H

#include "capspec/value.h"

struct krux_str prelude_types(void);
struct krux_str prelude_abi(void);
struct krux_str prelude_text(void);
struct krux_str prelude_cbor(void);
struct krux_str prelude_path(void);
struct krux_str prelude_host(void);
struct krux_str prelude_url(void);
struct krux_str prelude_engine(void);
struct krux_str prelude_octets(void);
struct krux_str prelude_pattern(void);
struct krux_str prelude_call(void);
struct krux_str prelude_variable(void);
struct krux_str prelude_diagram(void);
struct krux_str prelude_answer(void);
struct krux_str prelude_function(void);
struct krux_str prelude_table(void);
struct krux_str prelude_cite(void);
struct krux_str prelude_voice(void);
struct krux_str prelude_find(void);
struct krux_str prelude_lookup(void);
struct krux_str prelude_abi_functions(void);

#endif
