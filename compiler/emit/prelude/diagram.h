/* Diagrams as tables: which rule matched is read off diagrams[]; so is the verdict where there
 * is more to tell apart than is read as code. A node is its kind (3 bits) and variable, then
 *
 *   NUMBER  n, then n - 1 greatest values of the children but the last, then n children
 *   ADDRESS the same
 *   TEXT    the automaton, then a child for each of its classes
 *   OCTETS  the same, for bytes that are no text
 *   LIST    for each state the diagram of an element, whose end is the next state, and the
 *           child for a list that ends there
 *   ALL     two children, and as many tests as it has for a variable: twice a variable, and a greatest
 *           value; with 1 added to the former, the value must be above it. The first child is where all hold
 *
 * Greatest values take two words, of addresses four, the lowest first, of ALL one. A child is twice an
 * offset into diagrams[], or twice what an end says, and 1. */
enum { NODE_NUMBER, NODE_ADDRESS, NODE_TEXT, NODE_OCTETS, NODE_LIST, NODE_ALL, NODE_BITS = 3, NODE_KIND = 7 };
#define END 1u
#define END_NO 1u                      /* the end that says 0 */
#define END_UNKNOWN 0xFFFFFFFFu

static uint32_t diagram_end(const struct call *c, const void *args, uint32_t at);

/* The number at `at` (or the fact) on one unsigned scale; false where it has no answer. */
static bool variable_number(const struct call *c, const uint8_t *args, const struct variable *v, u128 *out)
{
	const void *at = args + v->at;
	uint64_t n = 0;
	bool over = false, known = true;
	u128 more;

	switch (v->kind) {
	case VARIABLE_BOOL:
		n = *(const bool *)at;
		break;
	case VARIABLE_WORD:
		n = *(const uint32_t *)at;
		break;
	case VARIABLE_NUMBER:
		n = *(const uint64_t *)at;
		break;
	case VARIABLE_SIGNED:
		n = *(const uint64_t *)at ^ (uint64_t)1 << 63;
		break;
	case VARIABLE_ADDRESS:
		*out = *(const u128 *)at;
		return true;
	case VARIABLE_SIZE:
		n = ((const struct text *)at)->n;
		break;
	case VARIABLE_COUNT:
		n = ((const struct list *)at)->n;
		break;
	case VARIABLE_FACT:
		known = fact(c, v->fact, &n);
		break;
	default:
		known = variable_number(c, args, &variables[v->at], &more) &&
		        fact_over(c, v->fact, (uint64_t)more, v->max, &over);
		n = over;
	}
	*out = n;
	return known;
}

static inline struct text variable_text(const struct call *c, const uint8_t *args, const struct variable *v)
{
	return v->kind == VARIABLE_AGENT ? c->agent : *(const struct text *)(const void *)(args + v->at);
}

/* The child of a NUMBER or ADDRESS node for x. */
static uint32_t diagram_child(const uint32_t *d, u128 x)
{
	uint32_t words = (d[0] & NODE_KIND) == NODE_ADDRESS ? 4 : 2, lo = 0, hi = d[1] - 1;
	const uint32_t *child = d + 2 + words * hi;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		const uint32_t *w = d + 2 + words * mid;
		u128 greatest = w[0] | (uint64_t)w[1] << 32;

		if (words == 4)
			greatest |= (u128)(w[2] | (uint64_t)w[3] << 32) << 64;
		if (x <= greatest)
			hi = mid;
		else
			lo = mid + 1;
	}
	return child[lo];
}

/* The state in which a list ends. Nests as deep as lists do in the types. */
static uint32_t diagram_list(const struct call *c, const struct list *list, uint32_t of, const uint32_t *state)
{
	struct krux_decode_error none;
	struct reader r = { .p = list->p, .end = list->end, .start = list->p, .err = &none };
	union element item;
	uint32_t q = 0;

	for (uint32_t i = 0; i < list->n && decode_element[of](&r, &item); i++)
		q = diagram_end(c, &item, state[2 * q]) >> 1;
	return q;
}

/* The child of an ALL node; END_UNKNOWN where a fact has no answer. */
static uint32_t diagram_all(const struct call *c, const void *args, const uint32_t *d)
{
	const uint32_t *test = d + 3, *end = test + 2 * (d[0] >> NODE_BITS);

	for (; test < end; test += 2) {
		u128 x;

		if (!variable_number(c, args, &variables[test[0] >> 1], &x))
			return END_UNKNOWN;
		if ((x > test[1]) != (test[0] & 1))
			return d[2];
	}
	return d[1];
}

/* Where the diagram at `at` ends for arguments (or an element) at args; END_UNKNOWN where a
 * fact has no answer. */
static uint32_t diagram_end(const struct call *c, const void *args, uint32_t at)
{
	while (!(at & END)) {
		const uint32_t *d = diagrams + at / 2;
		uint32_t kind = d[0] & NODE_KIND;
		const struct variable *v = &variables[kind == NODE_ALL ? 0 : d[0] >> NODE_BITS];
		const void *field = (const uint8_t *)args + v->at;
		u128 x;

		switch (kind) {
		case NODE_ALL:
			at = diagram_all(c, args, d);
			break;
		case NODE_TEXT:
			at = d[2 + text_class(d[1], variable_text(c, args, v))];
			break;
		case NODE_OCTETS:
			at = d[2 + octets_class(d[1], *(const struct text *)field)];
			break;
		case NODE_LIST:
			at = d[2 + 2 * diagram_list(c, field, v->of, d + 1)];
			break;
		default:
			if (!variable_number(c, args, v, &x))
				return END_UNKNOWN;
			at = diagram_child(d, x);
		}
	}
	return at;
}
