/* Names that the operator gave to places that can be compared. */
#include "runtime/front/places.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/parts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int text_add(struct places *p, const char *what, const char *folder, const char *name, struct krux_err *err)
{
	char *text;

	if (p->n == PLACES_MOST)
		return err_set(err, 0, "more than %d places to keep agents from", PLACES_MOST);
	if (asprintf(&text, "%s=%s%s%s", what, folder, *name && strcmp(folder, "/") != 0 ? "/" : "", name) < 0)
		return err_set(err, ENOMEM, "%s", what);
	p->text[p->n++] = text;
	return 0;
}

/* The name itself, in the folder that it stands in: whoever can write there can let a link lead elsewhere. */
static int name_add(struct places *p, const char *what, const char *path, struct krux_err *err)
{
	CLEAN_FREE char *copy = strdup(path);
	CLEAN_FREE char *folder = NULL;
	char *slash;

	if (!copy)
		return err_set(err, ENOMEM, "%s", what);
	for (slash = copy + strlen(copy); slash > copy + 1 && slash[-1] == '/';)
		*--slash = 0;
	slash = strrchr(copy, '/');
	if (slash)
		*slash = 0;
	folder = realpath(!slash ? "." : *copy ? copy : "/", NULL);
	if (!folder)
		return err_set(err, errno, "%s %s", what, path);
	return text_add(p, what, folder, slash ? slash + 1 : copy, err);
}

int places_add(struct places *p, const char *what, const char *path, struct krux_err *err)
{
	CLEAN_FREE char *whole = realpath(path, NULL);

	if (whole && text_add(p, what, whole, "", err))
		return -1;
	return name_add(p, what, path, err);
}

int places_programs(struct places *p, struct krux_err *err)
{
	char own[PATH_MAX], installed[2 * PATH_MAX];

	if (parts_folders(own, installed, err) || places_add(p, "folder of programs", own, err))
		return -1;
	/* Nothing need be installed. */
	places_add(p, "folder of programs", installed, NULL);
	return 0;
}

void places_free(struct places *p)
{
	while (p->n)
		free(p->text[--p->n]);
	*p = (struct places){ .n = 0 };
}
