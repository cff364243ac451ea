static inline uint64_t name_hash(const uint8_t *p, uint32_t n)
{
	uint64_t h = (n + (uint64_t)NAME_SEED) * 0x9E3779B97F4A7C15u;

	for (uint32_t i = 0; i < n; i += 8) {
		h = (h ^ peek8(p + i, p + n, p)) * 0xD6E8FEB86659FD93u;
		h ^= h >> 32;
	}
	return h;
}

/* 0 for none. */
static const struct named *name_find(const uint8_t *p, uint32_t n)
{
	uint64_t h = name_hash(p, n);

	for (uint32_t i = (uint32_t)h;; i++) {
		const struct named *at = &named[i & (NAME_SLOTS - 1)];

		if (!at->length)
			return 0;
		if (at->length == n && bytes_equal((const uint8_t *)caps[at->first].name, p, n))
			return at;
	}
}

/* A number of a version at *p: no sign, no leading zero, at most 65535. */
static bool version_number(const uint8_t **p, const uint8_t *end, uint32_t *out)
{
	const uint8_t *from = *p;

	*out = 0;
	while (*p < end && **p >= '0' && **p <= '9' && *out <= 65535)
		*out = *out * 10 + (*(*p)++ - '0');
	return *p > from && *out <= 65535 && (*from != '0' || *p == from + 1);
}

static int find(const char *name, uint32_t n)
{
	const uint8_t *p = (const uint8_t *)name, *end = p + n, *at = end;
	const struct named *found = name_find(p, n);
	uint32_t major, minor = 0;
	bool exact = false;

	if (found)
		return (int)(found->first + found->versions - 1);
	while (at > p && at[-1] != '@')
		at--;
	if (at == p)
		return -1;
	found = name_find(p, (uint32_t)(at - 1 - p));
	if (!found || !version_number(&at, end, &major))
		return -1;
	if (at < end) {
		exact = true;
		if (*at++ != '.' || !version_number(&at, end, &minor) || at < end)
			return -1;
	}
	for (uint32_t i = found->first + found->versions; i-- > found->first;)
		if (caps[i].major == major && (!exact || caps[i].minor == minor))
			return (int)i;
	return -1;
}
