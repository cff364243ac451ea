/* Where what a table asks for stands in the decoded arguments. */
enum variable_kind {
	VARIABLE_AGENT, VARIABLE_TEXT, VARIABLE_LIST,
	VARIABLE_BOOL, VARIABLE_WORD, VARIABLE_NUMBER, VARIABLE_SIGNED, VARIABLE_ADDRESS,
	VARIABLE_SIZE, VARIABLE_COUNT,
	VARIABLE_FACT, VARIABLE_OVER       /* OVER: is `fact` with variable `at` added above max */
};

struct variable {
	uint16_t kind;
	uint16_t of;                   /* LIST: its elements, in decode_element[] */
	uint32_t at;                   /* offset */
	uint32_t fact;
	uint64_t max;
};
#define FACT(n) { VARIABLE_FACT, 0, 0, n }
