/* Bounds that compiler and runtime both hold every input to: LANG.md section 8 and the type
 * defaults of section 2. Bytes unless said. */
#ifndef KRUX_LIMITS_H
#define KRUX_LIMITS_H

enum krux_limit {
#define LIMIT(id, value, words, shown) KRUX_MAX_##id = value,
#include "capspec/limits.def"
#undef LIMIT
	/* Arguments of one call, whatever the bounds of its fields allow. */
	KRUX_MAX_ARGS_BYTES_HARD = 16777216 + 65536,

	KRUX_MAX_NAME = 63,          /* identifiers, labels, rule ids, each part of a capability */
	KRUX_MAX_AGENT = 64,
	KRUX_MAX_SECRET = 64,
	KRUX_MAX_SUMMARY = 200,      /* first line of a documentation */
	KRUX_MAX_STRING = 65536,     /* string and bytes without `max`; keys of maps */
	KRUX_MAX_PATH = 4096,
	KRUX_MAX_URL = 8192,
	KRUX_MAX_HOST = 253,
	KRUX_MAX_LABEL_DNS = 63,
	KRUX_MAX_CIDR = 43,          /* the longest canonical text */
	KRUX_MAX_ENUM = 256,         /* names */
	KRUX_MAX_ELEMENTS = 65536,   /* of a list or map */
	KRUX_MAX_COUNT = 256,        /* of a repetition in a regular expression */
	KRUX_MAX_SCALE = 18,         /* fraction digits of a decimal */
};

/* A limit of limits.def as people read it: KRUX_SHOWN(CAPABILITIES) is "8,192". */
#define KRUX_SHOWN(id) krux_shown_##id
#define LIMIT(id, value, words, shown) static const char krux_shown_##id[] __attribute__((unused)) = shown;
#include "capspec/limits.def"
#undef LIMIT

#endif
