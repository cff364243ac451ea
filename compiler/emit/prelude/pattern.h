static inline bool read_pattern(struct reader *r, const char *field, uint32_t max, uint32_t pattern, struct text *out)
{
	if (!read_text(r, field, max, out))
		return false;
	return text_class(pattern, *out) == 1 || refuse(r, field, "does not match its pattern");
}
