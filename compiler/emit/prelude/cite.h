/* Which rule of which file matched: rules[] and what leads to them. Texts are offsets into words[]. */
struct policy {
	uint32_t name, file;
	uint32_t line;                 /* of its default */
	uint8_t layer, deflt;          /* deflt: NO_VERDICT where it has none */
	bool observe;
};

struct rate {
	uint32_t fact;
	uint64_t most;                 /* intents that exceed it */
};

struct rule {
	uint32_t id, reason, line;
	uint32_t verdict : 2;
	uint32_t observe : 1;
	uint32_t over_rate : 2, over_budget : 2;   /* what is said when it is exceeded */
	uint32_t rate : 25;            /* in rates[], + 1; 0: none */
};

/* A rule for one capability. It matches where the text that its voice looks at is in class 1 of the automaton
 * `text` - 1 (0: where any is), and the diagram `when` does not end with 0. The end says 1 or, where there
 * is a budget, 2 and its variable more. */
struct match {
	uint32_t rule, text, when;
};

/* A policy for one capability. */
struct voice {
	uint32_t policy, applies;      /* a diagram that ends with 1 */
	uint32_t from, to;             /* of matches[] */
	uint32_t variable;             /* that the texts of matches are about, + 1; 0: none */
};

enum { NO_VERDICT = 255 };

static inline uint8_t stricter(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}
