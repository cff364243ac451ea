/* Arguments: deterministic CBOR (RFC 8949, 4.2.1) read against the types of the capability.
 * Whatever the encoder would not have written is refused. */

struct reader {
	const uint8_t *p, *end, *start;
	struct krux_decode_error *err;
};

/* Elements that have been validated, still encoded. */
struct list {
	const uint8_t *p, *end;
	uint32_t n;
};

static bool refuse(struct reader *r, const char *field, const char *why)
{
	r->err->field = field;
	r->err->why = why;
	r->err->offset = (uint32_t)(r->p - r->start);
	return false;
}

/* Major type and argument of the next item, in its shortest form. */
static inline bool read_head(struct reader *r, uint8_t major, uint64_t *value)
{
	uint64_t left = (uint64_t)(r->end - r->p), v = 0;
	uint32_t info, more;

	if (!left || r->p[0] >> 5 != major)
		return false;
	info = r->p[0] & 31;
	if (info < 24) {
		*value = info;
		r->p++;
		return true;
	}
	if (info > 27)
		return false;
	more = 1u << (info - 24);
	if (left <= more)
		return false;
	for (uint32_t i = 1; i <= more; i++)
		v = v << 8 | r->p[i];
	if (more == 1 ? v < 24 : v >> (4 * more) == 0)
		return false;
	*value = v;
	r->p += more + 1;
	return true;
}

/* A byte or text string of at most max bytes. */
static inline bool read_string(struct reader *r, uint8_t major, uint32_t max, struct text *out,
                               const char *field, const char *why)
{
	const uint8_t *from = r->p;
	uint64_t n;

	if (!read_head(r, major, &n))
		return refuse(r, field, why);
	if (n > max || n > (uint64_t)(r->end - r->p)) {
		bool cut = n <= max;

		r->p = from;
		return refuse(r, field, cut ? "ends too early" : "is longer than its type allows");
	}
	out->p = r->p;
	out->n = (uint32_t)n;
	r->p += n;
	return true;
}

static inline bool read_bool(struct reader *r, const char *field, bool *out)
{
	if (r->p == r->end || r->p[0] >> 1 != 0xF4 >> 1)
		return refuse(r, field, "is not a bool");
	*out = *r->p++ & 1;
	return true;
}

static inline bool read_uint(struct reader *r, const char *field, uint64_t lo, uint64_t hi, uint64_t *out)
{
	const uint8_t *from = r->p;

	if (!read_head(r, 0, out))
		return refuse(r, field, "is not an unsigned integer in shortest form");
	if (*out >= lo && *out <= hi)
		return true;
	r->p = from;
	return refuse(r, field, "is outside its range");
}

static inline bool read_int(struct reader *r, const char *field, int64_t lo, int64_t hi, int64_t *out)
{
	const uint8_t *from = r->p;
	bool negative = r->p < r->end && r->p[0] >> 5 == 1;
	uint64_t v;

	if (!read_head(r, negative, &v))
		return refuse(r, field, "is not an integer in shortest form");
	*out = (int64_t)(negative ? ~v : v);
	if (v <= INT64_MAX && *out >= lo && *out <= hi)
		return true;
	r->p = from;
	return refuse(r, field, "is outside its range");
}

static inline bool read_text(struct reader *r, const char *field, uint32_t max, struct text *out)
{
	if (!read_string(r, 3, max, out, field, "is not text"))
		return false;
	return text_valid(*out) || refuse(r, field, "is not valid UTF-8 without NUL");
}

static inline bool read_bytes(struct reader *r, const char *field, uint32_t max, struct text *out)
{
	return read_string(r, 2, max, out, field, "is not a byte string");
}

/* `names` is n strings in a row, each after its length. */
static inline bool read_enum(struct reader *r, const char *field, const char *names, uint32_t n,
                             uint32_t *out)
{
	const uint8_t *name = (const uint8_t *)names;
	struct text s;

	if (!read_string(r, 3, 255, &s, field, "is not a name"))
		return false;
	for (uint32_t i = 0; i < n; i++, name += 1 + *name)
		if (*name == s.n && bytes_equal(name + 1, s.p, s.n)) {
			*out = i;
			return true;
		}
	return refuse(r, field, "is none of its names");
}

/* A digest is 32 bytes on the wire and 64 hex digits to a policy. */
struct digest {
	struct text text;
	uint8_t hex[64];
};

static inline bool read_digest(struct reader *r, const char *field, struct digest *out)
{
	struct text s;

	if (!read_bytes(r, field, 32, &s))
		return false;
	if (s.n != 32)
		return refuse(r, field, "is not 32 bytes");
	for (uint32_t i = 0; i < 64; i++)
		out->hex[i] = (uint8_t)"0123456789abcdef"[s.p[i / 2] >> (i % 2 ? 0 : 4) & 15];
	out->text.p = out->hex;
	out->text.n = 64;
	return true;
}

/* The head of a list of at most max elements; the elements follow. */
static inline bool read_list(struct reader *r, const char *field, uint32_t max, struct list *out)
{
	uint64_t n;

	if (!read_head(r, 4, &n))
		return refuse(r, field, "is not a list in shortest form");
	if (n > max)
		return refuse(r, field, "has more elements than its type allows");
	out->n = (uint32_t)n;
	out->p = r->p;
	return true;
}

/* ---- records: the declared keys, sorted, each once ---- */

static inline bool read_record(struct reader *r, const char *field, uint64_t *left)
{
	return read_head(r, 5, left) || refuse(r, field, "is not a map in shortest form");
}

/* Takes the key where it is next. */
static inline bool read_key(struct reader *r, uint64_t *left, const char *key, uint32_t n)
{
	if (!*left || (uint64_t)(r->end - r->p) < n + 1 + (n > 23))
		return false;
	if (n < 24 ? r->p[0] != (0x60 | n) : r->p[0] != 0x78 || r->p[1] != n)
		return false;
	if (!bytes_equal(r->p + 1 + (n > 23), (const uint8_t *)key, n))
		return false;
	r->p += n + 1 + (n > 23);
	--*left;
	return true;
}

/* Takes the key, which must be next; `field` is the whole path of the field. */
static inline bool read_field_of(struct reader *r, uint64_t *left, const char *field, const char *key, uint32_t n)
{
	return read_key(r, left, key, n) ||
	       refuse(r, field, *left ? "is missing, or an unknown, repeated or unsorted key stands before it"
	                              : "is missing");
}

static inline bool read_field(struct reader *r, uint64_t *left, const char *key, uint32_t n)
{
	return read_field_of(r, left, key, key, n);
}

static inline bool read_record_end(struct reader *r, const char *field, uint64_t left)
{
	return !left || refuse(r, field, "has an unknown, repeated or unsorted key");
}

/* The head of a map, and its keys: any text, sorted as encoded, so the shorter first. */
static inline bool read_map(struct reader *r, const char *field, uint32_t max, uint32_t *n)
{
	uint64_t pairs;

	if (!read_record(r, field, &pairs))
		return false;
	if (pairs > max)
		return refuse(r, field, "has more entries than its type allows");
	*n = (uint32_t)pairs;
	return true;
}

static inline bool text_before(struct text a, struct text b)
{
	uint32_t i = 0;

	if (a.n != b.n)
		return a.n < b.n;
	while (i < a.n && a.p[i] == b.p[i])
		i++;
	return i < a.n && a.p[i] < b.p[i];
}

static inline bool read_map_key(struct reader *r, const char *field, uint32_t max, uint32_t index,
                                struct text *last)
{
	struct text key;

	if (!read_text(r, field, max, &key))
		return false;
	if (index && !text_before(*last, key))
		return refuse(r, field, "has a repeated or unsorted key");
	*last = key;
	return true;
}
