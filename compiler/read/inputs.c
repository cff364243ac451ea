/* Files and folders of a command line to the list of sources to read. Names are sorted before
 * anything depends on their order; every folder is entered once, so loops of symbolic links
 * end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "capspec/limits.h"
#include "compiler/read/read.h"

enum { MOST_ENTRIES = 100000, DEEPEST = 64 };

struct found {
	const char *path, *shown;
	dev_t dev;
	ino_t ino;
	size_t arg;
	bool known;                     /* dev and ino are */
};

struct finder {
	struct arena *arena;
	struct diags *diags;
	struct found *file;
	size_t nfiles, files_cap;
	struct found *folder;
	size_t nfolders, folders_cap;
	size_t entries, arg;
	bool stopped;
};

/* A place that names what is wrong and has no text. */
static struct span nowhere(struct finder *f, const char *name)
{
	struct source *s = ARENA_NEW(f->arena, struct source);

	s->name = s->path = arena_str(f->arena, (struct krux_str){ name, strlen(name) });
	s->text = (struct krux_str){ "", 0 };
	s->arena = f->arena;
	return (struct span){ s, 0, 0 };
}

static bool name_ends(const char *name, int (*differ)(const char *, const char *))
{
	static const char *const ends[] = { ".cap", ".yaml", ".yml" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t k = strlen(ends[i]);
		if (n > k && !differ(name + n - k, ends[i]))
			return true;
	}
	return false;
}

static bool wanted(const char *name)
{
	return name_ends(name, strcmp);
}

static void add_file(struct finder *f, const char *path, const char *shown, const struct stat *st)
{
	struct found file = { path, shown, 0, 0, f->arg, st != NULL };

	if (st) {
		file.dev = st->st_dev;
		file.ino = st->st_ino;
	}
	if (f->nfiles == KRUX_MAX_FILES && !f->stopped) {
		diag_error(f->diags, 9010, nowhere(f, path), "more than %d files", KRUX_MAX_FILES);
		f->stopped = true;
	}
	if (!f->stopped)
		ARENA_PUSH(f->arena, f->file, f->nfiles, f->files_cap, file);
}

static bool enter(struct finder *f, const char *path, const struct stat *st)
{
	struct found folder = { path, path, st->st_dev, st->st_ino, f->arg, true };

	for (size_t i = 0; i < f->nfolders; i++)
		if (f->folder[i].dev == st->st_dev && f->folder[i].ino == st->st_ino)
			return false;
	ARENA_PUSH(f->arena, f->folder, f->nfolders, f->folders_cap, folder);
	return true;
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The sorted names in a folder that do not begin with a dot; NULL after a diagnostic. */
static const char **list_folder(struct finder *f, const char *path, size_t *n)
{
	const char **names = ARENA_ARRAY(f->arena, const char *, 1);
	size_t cap = 1;
	DIR *dir = opendir(path);
	struct dirent *e;

	*n = 0;
	if (!dir) {
		diag_error(f->diags, 4, nowhere(f, path), "this folder cannot be read: %s", strerror(errno));
		return NULL;
	}
	while ((errno = 0, e = readdir(dir)) && !f->stopped) {
		if (e->d_name[0] == '.')
			continue;
		if (++f->entries > MOST_ENTRIES) {
			diag_error(f->diags, 4, nowhere(f, path), "more than %d names below the folders given", MOST_ENTRIES);
			f->stopped = true;
			break;
		}
		ARENA_PUSH(f->arena, names, *n, cap, arena_copy(f->arena, e->d_name, strlen(e->d_name)));
	}
	if (errno && !f->stopped)
		diag_error(f->diags, 4, nowhere(f, path), "this folder cannot be read: %s", strerror(errno));
	closedir(dir);
	qsort(names, *n, sizeof *names, name_order);
	return names;
}

/* What kruxc build has written holds copies of its sources, which are nobody's input again. */
static bool is_output(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], "bundle.krux"))
			return true;
	return false;
}

static void walk(struct finder *f, const char *path, const char *shown, unsigned depth)
{
	size_t n;
	const char **names;

	if (depth > DEEPEST) {
		diag_error(f->diags, 4, nowhere(f, path), "folders are nested more than %d deep", DEEPEST);
		f->stopped = true;
		return;
	}
	names = list_folder(f, path, &n);
	if (names && depth && is_output(names, n))
		return;
	for (size_t i = 0; names && i < n && !f->stopped; i++) {
		size_t len = strlen(path);
		const char *sub = arena_printf(f->arena, "%s%s%s", path, len && path[len - 1] == '/' ? "" : "/", names[i]).p;
		const char *as = *shown ? arena_printf(f->arena, "%s/%s", shown, names[i]).p : names[i];
		struct stat st;
		bool there = stat(sub, &st) == 0;

		if (there && S_ISDIR(st.st_mode)) {
			if (enter(f, sub, &st))
				walk(f, sub, as, depth + 1);
		} else if (wanted(names[i])) {
			add_file(f, sub, as, there ? &st : NULL);
		} else if (name_ends(names[i], strcasecmp)) {
			diag_error(f->diags, 6, nowhere(f, sub), "the name says what this file is in capital letters")->fix =
				KRUX_STR("write .cap, .yaml or .yml in small ones");
		}
	}
}

static void find(struct finder *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t before = f->nfiles;
	struct stat st;
	struct diag *d;

	if (stat(path, &st) < 0) {
		diag_error(f->diags, 1, nowhere(f, path), "this file cannot be opened: %s", strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		if (!enter(f, path, &st))
			return;
		walk(f, path, "", 0);
		if (f->nfiles == before && !f->stopped)
			diag_error(f->diags, 5, nowhere(f, path), "no *.cap and no *.yaml below this folder");
	} else if (!wanted(path)) {
		d = diag_error(f->diags, 6, nowhere(f, path), "the name does not say what this file is");
		d->expected = KRUX_STR("a name that ends with .cap, .yaml or .yml");
	} else {
		add_file(f, path, slash ? slash + 1 : path, &st);
	}
}

static int found_order(const void *pa, const void *pb)
{
	const struct found *a = pa, *b = pb;
	int c = strcmp(a->shown, b->shown);

	if (!c)
		c = (a->arg > b->arg) - (a->arg < b->arg);
	return c ? c : strcmp(a->path, b->path);
}

bool inputs_find(struct arena *a, struct diags *ds, char *const *paths, size_t n, struct inputs *out)
{
	struct finder f = { .arena = a, .diags = ds };
	size_t errors = ds->errors;

	*out = (struct inputs){ 0 };
	for (f.arg = 0; f.arg < n && !f.stopped; f.arg++)
		find(&f, paths[f.arg]);
	if (ds->errors != errors)
		return false;
	if (f.nfiles)
		qsort(f.file, f.nfiles, sizeof *f.file, found_order);
	out->path = ARENA_ARRAY(a, const char *, f.nfiles + 1);
	out->shown = ARENA_ARRAY(a, const char *, f.nfiles + 1);
	for (size_t i = 0; i < f.nfiles; i++) {
		bool again = false;

		for (size_t k = 0; k < i && !again; k++)
			again = f.file[k].known && f.file[i].known && f.file[k].dev == f.file[i].dev &&
			        f.file[k].ino == f.file[i].ino;
		if (again)
			continue;
		out->path[out->n] = f.file[i].path;
		out->shown[out->n++] = f.file[i].shown;
	}
	return true;
}
