/* Places of usages: which constants and fields may stand in each. A field is known by its type alone, a file that is run
 * by where it lies. */
#include "compiler/model/usage_place.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/program.h"
#include "compiler/model/program_name.h"

#define BIT(kind) (1u << (kind))
/* Texts of digits and letters, or what the capability lists. */
#define WORDS (BIT(KRUX_T_BOOL) | BIT(KRUX_T_INT) | BIT(KRUX_T_UINT) | BIT(KRUX_T_DECIMAL) | BIT(KRUX_T_ENUM) | \
               BIT(KRUX_T_PORT) | BIT(KRUX_T_DURATION) | BIT(KRUX_T_SIZE) | BIT(KRUX_T_DIGEST))

static const struct {
	const char *name, *why;            /* why a field does not stand there */
} places[] = {
	[PLACE_CONST] = { "CONST", "an argument stands where only a constant is known to be harmless" },
	[PLACE_FILE] = { "FILE", "an argument controls which file is run" },
	[PLACE_CODE] = { "CODE", "an argument controls which file is run" },
	[PLACE_WORD] = { "WORD", "an argument that is neither a number nor a name of an enum is not known to be harmless there" },
	[PLACE_PATH] = { "PATH", "an argument that is no path is not known to be harmless there" },
	[PLACE_URL] = { "URL", "an argument that is no url is not known to be harmless there" },
	[PLACE_ANY] = { "ANY", "" },
};

enum place place_find(struct krux_str word)
{
	enum place p = PLACE_ANY;

	while (p != NO_PLACE && (strlen(places[p].name) != word.n || memcmp(places[p].name, word.p, word.n) != 0))
		p--;
	return p;
}

static bool is_below(struct krux_str path, struct krux_str folder)
{
	return path.n > folder.n && path.p[folder.n] == '/' && !memcmp(path.p, folder.p, folder.n);
}

/* Is a file of that name one that a command sees, that no call writes, and whose author has written it to be run. */
static const char *name_refuse(struct krux_str path)
{
	static const struct krux_str host[] = {
#define HOST(path) { path, sizeof path - 1 },
#include "capspec/host.def"
	};
	struct krux_str libraries = KRUX_STR("/lib/ /lib32/ /lib64/ /libx32/ /libexec/ /share/ /node_modules/ "
	                                     "/site-packages/ /dist-packages/"), word;
	char canon[4096];
	const char *why;
	int n = krux_canon_path(path, canon, sizeof canon, &why);
	size_t i = 0;

	while (i < sizeof host / sizeof *host && !is_below(path, host[i]))
		i++;
	if (i == sizeof host / sizeof *host || n < 2 || !krux_str_eq(path, (struct krux_str){ canon, (size_t)n }))
		return "the file that is run is no constant file of the host that a command sees";
	while ((word = word_next(&libraries)).n)
		if (memmem(path.p, path.n, word.p, word.n))
			return "the file that is run is part of a library, which may run what it is given";
	return NULL;
}

/* The file that is read is the one at the end of all links, as far as this machine has it. */
static const char *file_refuse(struct arena *a, struct krux_str path)
{
	const char *why = name_refuse(path);
	struct krux_str end = why ? KRUX_STR("") : program_target(a, path);

	return why || !end.n || krux_str_eq(end, path) ? why : name_refuse(end);
}

/* A file of the workspace, which is where the program runs. */
static const char *code_refuse(struct krux_str path)
{
	return path.n && path.p[0] != '-' && (path.p[0] != '/' || is_below(path, KRUX_STR("/workspace"))) ? NULL
	       : "the file that is run is no constant file of the workspace";
}

const char *place_refuse(struct arena *a, enum place place, struct krux_str text, const struct krux_type *t)
{
	bool yes = place == PLACE_ANY;

	if (place == PLACE_FILE && !t)
		return file_refuse(a, text);
	if (place == PLACE_CODE && !t)
		return code_refuse(text);
	if (text.n && text.p[0] == '@' && !yes)
		return "what begins with `@` may name a file of options";
	if (place == PLACE_PATH && t)
		yes = text.n ? text.p[0] == '/' : BIT(t->kind) & (WORDS | BIT(KRUX_T_PATH));
	else if (place == PLACE_WORD && t)
		yes = !text.n && BIT(t->kind) & WORDS;
	else if (place == PLACE_URL && t)
		yes = !text.n && t->kind == KRUX_T_URL;
	return yes || !t ? NULL : places[place].why;
}
