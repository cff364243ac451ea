/* Automata over bytes that are no text. A row of octets[] is the class of what ends there, a
 * number n, and n pairs of a greatest byte and the row to go to. With n 0 nothing more is read. */
static uint32_t octets_class(uint32_t at, struct text s)
{
	const uint32_t *row = octets + at;

	for (uint32_t i = 0; i < s.n && row[1]; i++) {
		const uint32_t *pair = row + 2;

		while (pair[0] < s.p[i])
			pair += 2;
		row = octets + pair[1];
	}
	return row[0];
}
