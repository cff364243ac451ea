/* Capabilities by name: a perfect hash. A name goes to the bucket that its low bits say, and
 * from there, by the bucket's displacement, to its own slot. */
struct named {
	uint32_t name;                 /* offset into words[] */
	uint16_t length, versions;     /* length 0: free */
	uint32_t first;                /* capability; its versions follow in order */
};
