/* Which rule of which file matched: rules[] and what leads to them. Texts are offsets into words[]. */
struct policy {
	uint32_t name, file;
	uint32_t line;                 /* of its default */
	uint8_t layer, deflt;          /* deflt: NO_VERDICT where it has none */
	bool observe;
};

struct rule {
	uint32_t id, reason, line;
	uint8_t verdict, over_rate, over_budget;   /* over: what is said when it is exceeded */
	bool observe;
	uint32_t rate;                 /* fact + 1, 0: none */
	uint64_t most;                 /* RATE: intents that exceed it */
};

/* A rule for one capability: matches where the diagram ends with 1. */
struct match {
	uint32_t rule, when;
	uint32_t budget;               /* variable + 1, 0: none */
};

/* A policy for one capability. */
struct voice {
	uint32_t policy, applies;      /* a diagram that ends with 1 */
	uint32_t from, to;             /* of matches[] */
};

enum { NO_VERDICT = 255 };

static inline uint8_t stricter(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}
