/* Hosts, addresses and blocks arrive in their one text or octets. */

static inline bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* -1: not a digit of canonical text, which is lower case. */
static inline int hex_value(uint8_t c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A decimal number without leading zeros at *p; past max: false. */
static bool number_at(const uint8_t **p, const uint8_t *end, uint32_t max, uint32_t *out)
{
	const uint8_t *from = *p;
	uint32_t v = 0;

	while (*p < end && is_digit(**p)) {
		v = v * 10 + (**p - '0');
		++*p;
		if (v > max || (*p - from > 1 && *from == '0'))
			return false;
	}
	*out = v;
	return *p > from;
}

static bool v4_text(struct text s, uint8_t out[4])
{
	const uint8_t *p = s.p, *end = s.p + s.n;

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t v;

		if (i && (p == end || *p++ != '.'))
			return false;
		if (!number_at(&p, end, 255, &v))
			return false;
		out[i] = (uint8_t)v;
	}
	return p == end;
}

/* Where RFC 5952 writes "::", 8 for nowhere, and how many groups it stands for. */
static uint32_t v6_gap(const uint16_t group[8], uint32_t *len)
{
	uint32_t best = 8, run = 0;

	*len = 1;
	for (uint32_t i = 0; i < 8; i++) {
		run = group[i] ? 0 : run + 1;
		if (run > *len) {
			*len = run;
			best = i + 1 - run;
		}
	}
	return best;
}

/* The text of RFC 5952 that is not IPv4-mapped, which is written as IPv4. */
static bool v6_text(struct text s, uint16_t group[8])
{
	const uint8_t *p = s.p, *end = s.p + s.n;
	uint32_t n = 0, gap = 8, len, tail, where;

	if (s.n >= 2 && p[0] == ':' && p[1] == ':') {
		gap = 0;
		p += 2;
	}
	while (p < end) {
		const uint8_t *from = p;
		uint32_t v = 0;

		while (p < end && hex_value(*p) >= 0 && p - from < 4)
			v = v << 4 | (uint32_t)hex_value(*p++);
		if (p == from || (*from == '0' && p - from > 1) || n == 8)
			return false;
		group[n++] = (uint16_t)v;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':') {
			if (gap < 8)
				return false;
			gap = n;
			p++;
		}
	}
	if (gap == 8 ? n != 8 : n > 6)
		return false;
	if (gap < 8) {
		tail = n - gap;
		for (uint32_t i = 0; i < tail; i++)
			group[7 - i] = group[n - 1 - i];
		for (uint32_t i = gap; i < 8 - tail; i++)
			group[i] = 0;
	}
	where = v6_gap(group, &len);
	if (where != gap || (gap < 8 && len != 8 - n))
		return false;
	return group[0] | group[1] | group[2] | group[3] | group[4] || group[5] != 0xFFFF;
}

static bool label_valid(const uint8_t *p, const uint8_t *end)
{
	if (p == end || end - p > 63 || *p == '-' || end[-1] == '-')
		return false;
	for (; p < end; p++)
		if (!is_digit(*p) && !(*p >= 'a' && *p <= 'z') && *p != '-' && *p != '_')
			return false;
	return true;
}

/* A last label that an old resolver would read as a number. */
static bool label_numeric(const uint8_t *p, const uint8_t *end)
{
	bool hex = end - p > 2 && p[0] == '0' && p[1] == 'x';

	for (p += hex ? 2 : 0; p < end; p++)
		if (hex ? hex_value(*p) < 0 : !is_digit(*p))
			return false;
	return true;
}

static bool host_valid(struct text s)
{
	const uint8_t *p = s.p, *end = s.p + s.n, *from = p;
	uint16_t group[8];
	uint8_t v4[4];

	for (; p < end; p++) {
		if (*p == ':')
			return v6_text(s, group);
		if (*p != '.')
			continue;
		if (!label_valid(from, p))
			return false;
		from = p + 1;
	}
	if (!label_valid(from, end) || s.n > 253)
		return false;
	return !label_numeric(from, end) || v4_text(s, v4);
}

static inline bool read_host(struct reader *r, const char *field, uint32_t max, struct text *out)
{
	if (!read_text(r, field, max, out))
		return false;
	return host_valid(*out) || refuse(r, field, "is not a canonical host");
}

/* ---- addresses on one scale: IPv4 as ::ffff:a.b.c.d ---- */

static inline bool read_ip(struct reader *r, const char *field, u128 *out)
{
	struct text s;
	u128 v = 0;

	if (!read_string(r, 2, 16, &s, field, "is not an address"))
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	if (s.n == 4)
		v |= (u128)0xFFFF << 32;
	else if (s.n != 16 || v >> 32 == 0xFFFF)
		return refuse(r, field, "is not the 4 or 16 bytes of a canonical address");
	*out = v;
	return true;
}

/* ---- blocks: address/prefix, nothing set after the prefix ---- */

static bool cidr_valid(struct text s)
{
	struct text address = { s.p, 0 };
	const uint8_t *p, *end = s.p + s.n;
	uint8_t octet[16];
	uint16_t group[8];
	uint32_t prefix, bits = 32;

	while (address.n < s.n && s.p[address.n] != '/')
		address.n++;
	if (address.n == s.n)
		return false;
	if (!v4_text(address, octet)) {
		bits = 128;
		if (!v6_text(address, group))
			return false;
		for (uint32_t i = 0; i < 16; i++)
			octet[i] = (uint8_t)(i % 2 ? group[i / 2] : group[i / 2] >> 8);
	}
	p = s.p + address.n + 1;
	if (!number_at(&p, end, bits, &prefix) || p != end)
		return false;
	for (uint32_t i = prefix; i < bits; i++)
		if (octet[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

static inline bool read_cidr(struct reader *r, const char *field, uint32_t max, struct text *out)
{
	if (!read_text(r, field, max, out))
		return false;
	return cidr_valid(*out) || refuse(r, field, "is not a canonical address block");
}

static inline bool read_secret(struct reader *r, const char *field, uint32_t max, struct text *out)
{
	if (!read_text(r, field, max, out))
		return false;
	for (uint32_t i = 0; i < out->n; i++) {
		uint8_t c = out->p[i];

		if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '.' && c != '_' && c != '-')
			return refuse(r, field, "is not the name of a secret");
	}
	return out->n || refuse(r, field, "is not the name of a secret");
}
