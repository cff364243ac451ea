/* What importers share: notes that are both a warning and a comment, names, and drafts of
 * capability files and policies with one writer each. */
#ifndef KRUX_IMPORT_DRAFT_H
#define KRUX_IMPORT_DRAFT_H

#include "capspec/krux_abi.h"
#include "compiler/base/buf.h"
#include "compiler/read/import.h"

struct name_set {                       /* open addressing; slots with p NULL are free */
	struct krux_str *slot;
	size_t n, size;
};

struct importer {
	struct arena *arena;
	struct diags *diags;
	const struct source *src;       /* being imported */
	struct imported *file;
	size_t nfiles, files_cap;
	struct name_set known;          /* capabilities of this import, by their new names */
	struct name_set caps, policies; /* its files so far, without their suffix */
	bool invented;                  /* something of this file is marked for review */
	unsigned long work;             /* spent on this file: see import_afford */
};

/* Codes of capspec/codes.def. */
enum {
	IMPORT_NO_SHAPE = 6101, IMPORT_LOST = 6102, IMPORT_CHANGED = 6103, IMPORT_INVENTED = 6104,
	IMPORT_RENAMED = 6105, IMPORT_DENIED = 6106, IMPORT_BROKEN = 6107,
};

/* A few bytes of input can ask for much: references, lists times lists. False, after one error,
 * when a file has asked for more than anybody would write. */
bool import_afford(struct importer *, unsigned long cost);

/* ---- notes ---- */

struct notes {                          /* comments to be written, one a line */
	struct krux_str *line;
	size_t n, cap;
};

/* A warning at a place of the source, and the same as a comment in the output. */
void import_note(struct importer *, struct notes *, unsigned code, struct span at, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* A comment that asks for a look at something invented; counted for one warning a file. */
void import_review(struct importer *, struct notes *, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A comment that says nothing about a warning. */
void import_say(struct importer *, struct notes *, struct krux_str line);
void notes_put(struct buf *, const struct notes *, const char *indent);
/* `# a; b` behind a line, for a single short matter. */
void notes_put_behind(struct buf *, const struct notes *);

/* ---- names ---- */

/* [a-z][a-z0-9_]*, from any spelling: "getUser" and "get-user" are get_user. */
struct krux_str import_identifier(struct arena *, struct krux_str);
/* It is one as it stands. */
bool import_is_identifier(struct krux_str);
/* The namespace of a server's tools, which is none of the standard library. False: another server can have the same. */
bool import_server(struct arena *, struct krux_str server, struct krux_str *ns);
/* [A-Z][A-Za-z0-9]* */
struct krux_str import_error_name(struct arena *, struct krux_str);
/* [a-z0-9][a-z0-9._-]* */
struct krux_str import_id(struct arena *, struct krux_str);
/* The name of a source without folders and suffix. */
struct krux_str import_stem(const struct source *);
/* "a.b.c" is a.b_c: a capability has one namespace and one name. Patterns too: "a.*", "*".
 * n 0 where there is no such name. */
struct krux_str import_capability_name(struct arena *, struct krux_str);
/* The tool's name as a handler can state it; another, that no tool of the set has, after a
 * warning. */
struct krux_str import_tool_name(struct importer *, struct notes *, struct name_set *tools, struct krux_str raw,
                                 struct span at);
bool name_set_has(const struct name_set *, struct krux_str);
/* False when it was there. */
bool name_set_add(struct arena *, struct name_set *, struct krux_str);
/* The name, or the name with a sign and a number where it is taken; it is added. */
struct krux_str name_set_unique(struct arena *, struct name_set *, struct krux_str, char sign);
struct krux_str import_quoted(struct arena *, struct krux_str);  /* a string of .cap */
struct krux_str import_line(struct arena *, struct krux_str);    /* runs of blanks as one */

/* ---- capability files ---- */

enum draft_kind { DRAFT_OTHER, DRAFT_PATH, DRAFT_URL, DRAFT_HOST, DRAFT_PORT, DRAFT_CODE };

struct draft_reach {                    /* a place that an effect names: "target.path" */
	enum draft_kind kind;
	struct krux_str place;
};

struct draft_field {
	struct krux_str name, doc;
	struct krux_str type;           /* as in .cap, without `optional` */
	struct krux_str deflt;          /* a literal; n 0: none */
	struct krux_str sample;         /* a literal, for the example */
	enum draft_kind kind;           /* DRAFT_CODE: what is done with it can be anything */
	bool optional;
	struct span at;
	struct draft_reach *reach;
	size_t nreach, reach_cap;
	struct notes notes;
};

struct draft_error {
	struct krux_str name, doc, recover, hint;
	struct notes notes;
};

struct draft_cap {
	struct krux_str ns, name;
	unsigned major, minor;
	struct notes doc;               /* lines of documentation; the first is the summary */
	struct draft_field *input, *output;
	size_t ninput, noutput, input_cap, output_cap;
	struct draft_error *error;
	size_t nerrors, errors_cap;
	struct krux_str effect, handler;
	unsigned says;                  /* of MCP: what the descriptions of its inputs say that it does */
	struct notes notes, effect_notes, handler_notes;
};

struct draft_file {
	struct krux_str ns, doc;
	struct notes notes;
	struct draft_cap *cap;
	size_t ncaps, caps_cap;
};

/* Summary and further lines from a description of any form. */
void draft_describe(struct importer *, struct draft_cap *, struct krux_str text);
void draft_use(struct importer *, struct draft_cap *, struct krux_str text);
/* The field of a name is added or, where the name is taken, gets another; NULL beyond 64. */
struct draft_field *draft_input(struct importer *, struct draft_cap *, struct krux_str raw, struct span at);
struct draft_field *draft_output(struct importer *, struct draft_cap *, struct krux_str raw, struct span at);
/* Fills in what a capability must have and the source does not say; all of it for review. */
void draft_complete(struct importer *, struct draft_cap *);
/* Writes, reads back, and adds NS.cap to the answer. */
void draft_file_add(struct importer *, const struct draft_file *);

/* ---- policies ---- */

struct draft_rate {
	bool given;
	struct krux_str max, per;
	enum krux_verdict exceeded;
};

struct draft_rule {
	struct krux_str id;
	struct krux_str *on;
	size_t non, on_cap;
	struct krux_str agent, when, reason;
	enum krux_verdict verdict;
	struct draft_rate rate;
	struct notes notes;
	unsigned order;                 /* rules are sorted by it, alike ones as they came */
};

struct draft_policy {
	struct krux_str name, description, agent;  /* agent: layer agent */
	struct draft_rule *rule;
	size_t nrules, rules_cap;
	bool has_default;
	enum krux_verdict deflt;
	struct notes notes, default_notes;
};

struct draft_rule *draft_rule(struct importer *, struct draft_policy *, struct krux_str id);
void draft_on(struct importer *, struct draft_rule *, struct krux_str pattern);
void draft_policy_add(struct importer *, struct draft_policy *);
const char *draft_verdict_word(enum krux_verdict);

/* ---- the importers ---- */

void import_kruxos(struct importer *);
/* The new names of a file's capabilities, before any file is imported. */
void import_kruxos_names(struct importer *, const struct source *);
void import_mcp(struct importer *);
void import_claude(struct importer *);

/* JSON of a source; NULL after a diagnostic, with what reads other files. */
const struct krux_value *import_json(struct importer *, struct krux_str fix);
/* Where a text of that JSON stands; the start of the file for one that was escaped. */
struct span import_json_at(const struct importer *, struct krux_str);

#endif
