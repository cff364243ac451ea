/* Capabilities by name: a hash table, half empty at least. A name stands at the slot that its
 * hash says or in the next free one. */
struct named {
	uint32_t tag;                  /* the upper half of the hash */
	uint32_t name;                 /* offset into words[] */
	uint16_t length, versions;     /* length 0: free */
	uint32_t first;                /* capability; its versions follow in order */
};
