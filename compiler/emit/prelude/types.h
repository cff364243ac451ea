/* Nothing is included: the types of <stdint.h> and <stdbool.h> as the compiler has them. */
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT64_TYPE__ uint64_t;
__extension__ typedef unsigned __int128 u128;
#define U128(high, low) ((u128)(high) << 64 | (low))
typedef _Bool bool;
enum { false, true };
#define UINT64_MAX __UINT64_MAX__
#define INT64_MAX __INT64_MAX__
#define INT64_MIN (-__INT64_MAX__ - 1)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "texts are compared as little-endian words");
