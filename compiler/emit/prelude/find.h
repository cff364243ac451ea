/* Capabilities by name: a hash table, half empty at least. A name stands at the slot that its
 * hash says or in the next free one. */
struct named {
	uint16_t first;                /* capability; its versions follow in order */
	uint16_t length, versions;     /* length 0: free */
};
