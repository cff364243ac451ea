/* What the parts of the emitter of decide.c share: the file as it grows, names, records. */
#ifndef KRUX_C_H
#define KRUX_C_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"
#include "compiler/emit/c_text.h"

/* A record of the types as a C struct; a list's scalar elements are a record of one, `it`. */
struct c_record {
	struct krux_str tag;                    /* of the struct; decode_TAG reads it */
	const struct krux_type *type;           /* RECORD, or the element's type */
	bool element;                           /* of scalars: the one member is `it` */
	struct c_member {
		struct krux_str name, has;      /* has: n 0 where the field is not optional */
		const struct c_record *record;  /* of a record, or of a list's elements */
	} *member;
	size_t nmembers;
	uint32_t number;                        /* of elements: as element_next() knows it, from 1 */
};

struct c_file {
	struct arena *a;
	struct diags *diags;
	const struct build *build;
	struct decisions *decisions;
	struct c_texts *texts;

	struct c_words *names;                  /* of file scope */
	struct buf code;                        /* capability by capability */
	bool uses[KRUX_T_COUNT];                /* kinds of types that are decoded */
	bool uses_patterns;
	struct c_words *seen, *patterns;        /* records by their text; patterns, to target + 1 */
	const struct c_record **record;         /* in the order written */
	size_t nrecords, cap_records;
	uint32_t nelements;

	struct c_outcomes *outcomes;            /* c_outcome.c */
	uint32_t *octet;                        /* octets[], c_octets.c */
	size_t noctets, cap_octets;

	struct c_tables *tables;                /* c_table.c */
	bool as_code;                           /* capabilities are functions, as far as each is read */
	bool by_table;                          /* some capability is decided by diagrams[] */
};

/* ---- c_names.c ---- */

/* Texts and a number for each; it is 0 until it is set. The pointer is good until the next call. */
struct c_words;
struct c_words *c_words_new(struct arena *);
uint32_t *c_word(struct c_words *, struct krux_str, bool *known);
/* A C identifier made of a name, unique among those asked for before. */
struct krux_str c_name(struct c_words *, struct krux_str wanted);
/* "filesystem_read", or "filesystem_read_v1_0" where there are several versions. */
struct krux_str c_capability(const struct c_file *, const struct capability *);
/* "file:line", n 0 where there is none. */
struct krux_str c_place(struct arena *, struct span);
/* A literal that compiles as written: 7, 7u, INT64_MIN. */
void c_signed(struct buf *, int64_t);
void c_unsigned(struct buf *, uint64_t);
void c_string(struct buf *, struct krux_str);
/* One more of many initialisers, as many a line as there is room for; *line is where the line began, 0
 * ahead of the first. `tight`: nobody reads them, so without spaces. */
void c_item(struct buf *, size_t *line, bool tight, struct krux_str text);
/* "{ 1, 2, 3 }" of n numbers. */
struct krux_str c_row(struct arena *, bool tight, const uint32_t *, size_t n);

/* ---- c_record.c ---- */

/* The struct and decoder of a capability's input; equal ones are shared. */
const struct c_record *c_record_input(struct c_file *, const struct capability *);
/* What C calls a place under a record, "range.bytes", or its presence; the record behind it. */
struct krux_str c_access(struct arena *, const struct c_record *, const struct access *, bool has,
                         const struct c_record **behind);
/* The automaton of a pattern: class 1 where it matches. */
uint32_t c_pattern(struct c_file *, struct krux_str pattern, struct krux_str path);

/* ---- c_octets.c ---- */

/* Where the automaton of a byte field starts in octets[]. */
uint32_t c_octets_add(struct c_file *, const struct dd_automaton *, const uint32_t *class);
void c_octets_print(struct buf *, const struct c_file *);

/* ---- c_decide.c ---- */

/* Are all capabilities together little enough to be read, and compiled in time, as code. */
bool c_reads_as_code(struct c_file *, struct dd *const *manager, const uint32_t *root);
/* What decides one capability: a function, or, where its n is 0, a diagram. */
struct c_decision {
	struct krux_str function;
	uint32_t at;                            /* in diagrams[], or an end */
};
struct c_decision c_decide(struct c_file *, const struct capability *, const struct c_record *, struct dd *,
                           uint32_t root);

/* ---- c_outcome.c: facts and outcomes by name ---- */

struct c_outcomes *c_outcomes_new(struct arena *);
/* The macro that stands for an outcome, and its index in answers[]. */
struct krux_str c_answer_name(struct c_file *, uint32_t value);
uint32_t c_answer_index(struct c_file *, uint32_t value);
size_t c_answers_count(const struct c_file *);
/* The enumerator of a fact; its number where so much is said that names are not read. */
struct krux_str c_fact_name(struct c_file *, uint32_t fact);
/* Enumerators and macros; then the tables of the ABI. */
void c_outcomes_declare(struct buf *, struct c_file *);
void c_outcomes_print(struct buf *, struct c_file *);

#endif
