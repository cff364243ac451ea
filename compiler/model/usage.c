/* Usages: does a command fit a line of usages.def, word for word. What no line lists is refused: nobody knows all
 * that another's program can be told to do, but of few of its options it is known that they are harmless. */
#include "compiler/model/usage.h"

#include <string.h>

#include "compiler/model/program.h"
#include "compiler/model/program_name.h"
#include "compiler/model/usage_place.h"

/* To one program several rows may apply. */
enum row_kind { FOR_ALL, FOR_LABELLED, RUNS_WORKSPACE, FOR_NONE };

static const struct row {
	enum row_kind kind;
	const char *names, *line;          /* line NULL: the kind says it all */
} rows[] = {
#define USAGE(names, line) { FOR_ALL, names, line },
#define CODE_USAGE(names, line) { FOR_LABELLED, names, line },
#define RUNS_CODE(names) { RUNS_WORKSPACE, names, NULL },
#define NO_USAGE(names) { FOR_NONE, names, NULL },
#include "compiler/model/usages.def"
#undef USAGE
#undef CODE_USAGE
#undef RUNS_CODE
#undef NO_USAGE
};
#define NROWS (sizeof rows / sizeof *rows)

static bool begins(struct krux_str s, struct krux_str with)
{
	return s.n >= with.n && !memcmp(s.p, with.p, with.n);
}

static struct krux_str after(struct krux_str s, size_t n)
{
	return (struct krux_str){ s.p + n, s.n - n };
}

static struct krux_str list_of(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

/* ---- rows ---- */

/* The name by which rows know that program; n 0: none does. */
static struct krux_str known_as(struct krux_str file)
{
	while (file.n) {
		struct krux_str next = program_plainer(file);

		for (size_t i = 0; i < NROWS; i++)
			if (program_is(rows[i].names, file))
				return file;
		if (next.n == file.n)
			break;
		file = next;
	}
	return KRUX_STR("");
}

bool usage_knows(struct krux_str file)
{
	return known_as(file).n;
}

/* ---- a command against a line ---- */

static bool is_constant(const struct argv_item *item, struct krux_str s)
{
	return item->kind == ARGV_CONST && krux_str_eq(item->text, s);
}

static const struct krux_type *item_type(const struct argv_item *item)
{
	const struct krux_type *t = item->access.type;

	return item->kind == ARGV_CONST ? NULL : item->kind == ARGV_EACH ? t->elem : t;
}

static const char unknown[] = "";          /* a fault that names the item */

struct walk {
	struct arena *arena;
	const struct argv_item *item;
	size_t n, i;                       /* those before i fit */
	bool labelled;
	bool ended;                        /* a "--" was among them, */
	size_t ends;                       /* the last of so many */
	size_t fault;                      /* the furthest item that did not, */
	const char *why;                   /* and why it did not; NULL: none */
};

/* Always false. */
static bool fault(struct walk *w, size_t at, const char *why)
{
	if (!w->why || at > w->fault) {
		w->fault = at;
		w->why = why;
	}
	return false;
}

static bool is_option(const struct walk *w, const struct argv_item *item)
{
	/* "-" alone is a name. */
	return !w->ended && (item->kind == ARGV_CONST || item->kind == ARGV_JOINED) &&
	       item->text.n > (item->kind == ARGV_CONST) && item->text.p[0] == '-';
}

static bool unlisted(struct walk *w, size_t i)
{
	return fault(w, i, i == w->n ? "something that has to be said is missing"
	                 : w->item[i].kind == ARGV_CONST || is_option(w, &w->item[i]) ? unknown
	                 : "an argument stands where none is known to be harmless");
}

/* Is the item at i what the word of a line says: a place, or itself. */
static bool word_takes(struct walk *w, size_t i, struct krux_str word, bool several)
{
	enum place place = place_find(word);
	const struct argv_item *item = &w->item[i];
	const char *why;

	if (i == w->n || (place == NO_PLACE ? !is_constant(item, word) : is_option(w, item)))
		return unlisted(w, i);
	if (place == NO_PLACE)
		return true;
	why = place_refuse(w->arena, place, item->text, item_type(item));
	if (!why && !several && (item->kind == ARGV_OPTIONAL || item->kind == ARGV_EACH))
		why = "an argument that may be absent or many stands where one has to stand";
	return !why || fault(w, i, why);
}

static bool is_number(const struct argv_item *item)
{
	size_t i = 1;

	if (item->kind != ARGV_CONST || item->text.n < 2 || item->text.p[0] != '-')
		return false;
	while (i < item->text.n && item->text.p[i] >= '0' && item->text.p[i] <= '9')
		i++;
	return i == item->text.n;
}

/* The option stands at i, with its values; a word without '-' is one too. */
static bool option_takes(struct walk *w, struct krux_str option, struct krux_str values)
{
	const char *equals = memchr(option.p, '=', option.n);
	struct krux_str head = { option.p, equals ? (size_t)(equals - option.p) + 1 : option.n }, word;
	enum place place = place_find(after(option, head.n));
	const struct argv_item *item = &w->item[w->i];
	const char *why = NULL;
	size_t i = w->i + 1;

	if (place != NO_PLACE) {
		if ((item->kind != ARGV_CONST && item->kind != ARGV_JOINED) || !begins(item->text, head))
			return false;
		why = place_refuse(w->arena, place, after(item->text, head.n), item_type(item));
	} else if (krux_str_eq(option, KRUX_STR("-NUMBER")) ? !is_number(item) : !is_constant(item, option)) {
		return false;
	}
	if (why)
		return fault(w, w->i, why);
	while ((word = word_next(&values)).n)
		if (!word_takes(w, i++, word, false))
			return false;
	w->i = i;
	return true;
}

/* One of a set: words, and options with the words behind them for values. */
static bool set_takes(struct walk *w, struct krux_str set)
{
	while (set.n && w->i < w->n && !w->ended) {
		struct krux_str option = word_next(&set), values = set, next = set;

		while (option.p[0] == '-' && next.n && next.p[0] != '-')
			word_next(&next);
		if (option.p[0] == '-') {
			values.n = (size_t)(next.p - values.p);
			set = next;
		} else {
			values.n = 0;
		}
		if (values.n && values.p[values.n - 1] == ' ')
			values.n--;
		if (option_takes(w, option, values))
			return true;
	}
	return false;
}

/* The next part of a line: a word, or a set with its brackets. */
static struct krux_str part_next(struct krux_str *line)
{
	const char *end = line->n && line->p[0] == '[' ? memchr(line->p, ']', line->n)
	                : line->n && line->p[0] == '(' ? memchr(line->p, ')', line->n) : NULL;
	struct krux_str part;

	if (!end)
		return word_next(line);
	part = (struct krux_str){ line->p, (size_t)(end - line->p) + 1 };
	*line = after(*line, part.n < line->n ? part.n + 1 : part.n);
	return part;
}

/* What is given to a script that is a program of a row, by its name or its link's, is given to that program. */
static bool script_takes(struct walk *w)
{
	struct krux_str path = w->item[w->i - 1].text;
	const struct given by_name = { program_file(path), w->item + w->i, w->n - w->i, w->labelled };
	struct given by_link = by_name;
	struct misuse m;

	by_link.file = program_real(w->arena, path);
	if (!usage_refuse(w->arena, &by_name, &m) && !usage_refuse(w->arena, &by_link, &m))
		return true;
	return fault(w, w->i + m.at, "a script of that name may run what it is given");
}

static bool part_takes(struct walk *w, struct krux_str part)
{
	struct krux_str inner = part.n > 2 ? (struct krux_str){ part.p + 1, part.n - 2 } : part;

	if (krux_str_eq(part, KRUX_STR("[--]"))) {
		if (!w->ended && w->i < w->n && is_constant(&w->item[w->i], KRUX_STR("--"))) {
			w->ended = true;
			w->ends = ++w->i;
		}
		return true;
	}
	if (krux_str_eq(part, KRUX_STR("DATA..."))) {
		bool ok = script_takes(w);

		w->i = w->n;
		return ok;
	}
	if (part.p[0] == '[') {
		while (set_takes(w, inner))
			;
		return true;
	}
	if (part.p[0] == '(')
		return set_takes(w, inner) || unlisted(w, w->i);
	if (part.n > 3 && part.p[part.n - 1] == '.') {
		while (w->i < w->n && word_takes(w, w->i, (struct krux_str){ part.p, part.n - 3 }, true))
			w->i++;
		return true;
	}
	if (!word_takes(w, w->i, part, false))
		return false;
	w->i++;
	return true;
}

static bool line_takes(struct walk *w, struct krux_str line)
{
	struct krux_str part;

	while ((part = part_next(&line)).n)
		if (!part_takes(w, part))
			return false;
	return w->i == w->n || unlisted(w, w->i);
}

static void misuse_of(const struct walk *w, const char *line, struct misuse *m)
{
	bool nearer = !m->why.p || w->fault > m->at;

	if (!nearer) {
		if (w->fault == m->at)
			m->usage = KRUX_STR("");
		return;
	}
	*m = (struct misuse){ .at = w->fault, .usage = list_of(line) };
	m->why = w->why == unknown ? arena_printf(w->arena, "Krux does not know `%.*s` to be harmless there",
	                                          STR_ARG(w->item[w->fault].text))
	                           : list_of(w->why);
}

static bool row_counts(const struct row *row, bool labelled)
{
	return row->kind == FOR_ALL || (row->kind == FOR_LABELLED && labelled);
}

/* By the lines that count; where none does, *m is the nearest, if it is not NULL. */
static bool given_fits(struct arena *a, const struct given *g, struct krux_str name, struct misuse *m)
{
	for (size_t i = 0; i < NROWS; i++) {
		struct walk w = { .arena = a, .item = g->item, .n = g->n, .labelled = g->labelled };

		if (!row_counts(&rows[i], g->labelled) || !program_is(rows[i].names, name))
			continue;
		if (line_takes(&w, list_of(rows[i].line)))
			return true;
		if (m)
			misuse_of(&w, rows[i].line, m);
	}
	return false;
}

/* The first item that is no constant; their number: there is none. */
static size_t field_at(const struct given *g)
{
	size_t i = 0;

	while (i < g->n && g->item[i].kind == ARGV_CONST)
		i++;
	return i;
}

bool usage_refuse(struct arena *a, const struct given *g, struct misuse *m)
{
	struct krux_str name = known_as(g->file);
	size_t field = field_at(g);

	if (!name.n || field == g->n)
		return false;
	*m = (struct misuse){ .at = field };
	if (given_fits(a, g, name, m))
		return false;
	m->never = !m->why.p;
	if (m->never)
		m->why = KRUX_STR("it may run what it is given, so it takes no argument of a call at all");
	return true;
}

bool usage_ends(struct arena *a, const struct given *g)
{
	struct krux_str name = known_as(g->file);

	for (size_t i = 0; name.n && i < NROWS; i++) {
		struct walk w = { .arena = a, .item = g->item, .n = g->n, .labelled = g->labelled };

		if (!row_counts(&rows[i], g->labelled) || !program_is(rows[i].names, name))
			continue;
		line_takes(&w, list_of(rows[i].line));
		if (w.ends == g->n)
			return true;
	}
	return false;
}

/* The line by which that program runs scripts. */
static const char *script_line(struct krux_str file)
{
	struct krux_str name = known_as(file);

	for (size_t i = 0; name.n && i < NROWS; i++)
		if (rows[i].line && strstr(rows[i].line, "FILE DATA...") && program_is(rows[i].names, name))
			return rows[i].line;
	return NULL;
}

bool usage_complete(struct krux_str file)
{
	return usage_knows(file) && !script_line(file);
}

size_t usage_script_at(struct krux_str file, const struct argv_item *item, size_t n)
{
	struct walk w = { .item = item, .n = n };
	const char *at = script_line(file);
	struct krux_str line = list_of(at ? at : "");

	if (at && *at == '[')
		part_takes(&w, part_next(&line));
	return w.i;
}

/* A script that is a program of a row does what that does. */
static bool script_runs_workspace(struct arena *a, const struct given *g)
{
	size_t at = usage_script_at(g->file, g->item, g->n);
	struct given script = { .item = g->item + at + 1, .n = g->n - at - 1 };

	if (!script_line(g->file) || at >= g->n || g->item[at].kind != ARGV_CONST)
		return false;
	script.file = program_file(g->item[at].text);
	if (usage_runs_workspace(a, &script))
		return true;
	script.file = program_real(a, g->item[at].text);
	return usage_runs_workspace(a, &script);
}

bool usage_runs_workspace(struct arena *a, const struct given *g)
{
	struct krux_str name = known_as(g->file);
	const bool constant = field_at(g) == g->n;
	struct given bare = *g, labelled = *g;

	bare.labelled = false;
	labelled.labelled = true;
	if (constant && script_runs_workspace(a, g))
		return true;
	if (!name.n || given_fits(a, &bare, name, NULL))
		return false;
	for (size_t i = 0; i < NROWS && constant; i++)
		if (rows[i].kind == RUNS_WORKSPACE && program_is(rows[i].names, name))
			return true;
	return given_fits(a, &labelled, name, NULL);
}
