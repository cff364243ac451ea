/* What the model knows of types beyond their bounds: the widest of each kind, the types of
 * facts and of the parts of a url, words for messages, greatest lengths. */
#ifndef KRUX_KINDS_H
#define KRUX_KINDS_H

#include "compiler/base/arena.h"
#include "compiler/model/model.h"

enum url_part { URL_SCHEME, URL_HOST, URL_PORT, URL_PATH, URL_QUERY, URL_PARTS };

/* The type of a scalar kind with no bounds but those of the language. ENUM and containers
 * have none. */
const struct krux_type *kind_widest(enum krux_tkind);
/* The widest type that a value of `t` may be compared with: the same names, the same scale. */
struct krux_type type_widest(const struct krux_type *t);

/* The five parts of a url, as the fields of a record in the order of enum url_part. */
extern const struct krux_field url_part[URL_PARTS];
/* The types of facts, of sizes, and of what a tree effect reaches. */
extern const struct krux_type type_agent, type_time, type_weekday, type_flag, type_count,
	type_any_path;

/* The kind of that word; KRUX_T_COUNT: none. */
enum krux_tkind kind_find(struct krux_str word);
/* The word of a kind that was perhaps meant; n 0: none is close. */
struct krux_str kind_near(struct krux_str word);
bool kind_is_numeric(enum krux_tkind);
bool kind_is_texty(enum krux_tkind);
/* "a uint", "an ip". */
const char *kind_words(enum krux_tkind);
/* What a value has to be: "a uint of 1..16777216", "one of utf8, base64". */
struct krux_str type_words(struct arena *, const struct krux_type *);
/* A number of the type's scale as people write it. */
struct krux_str number_words(struct arena *, const struct krux_type *, krux_i128);

/* The greatest length of a canonical value in CBOR; saturates. */
uint64_t type_wire_max(const struct krux_type *);

#endif
