/* kruxrt doctor --state: registered agents to their workspaces, and each to whether calls there can run as a uid of the agent's own. */
#include "runtime/front/doctor.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/screen.h"
#include "runtime/front/folders.h"
#include "runtime/front/registered.h"
#include "runtime/front/show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* UNASKED: rootless, or the folder could not be opened. */
enum gives { GIVES, GIVES_NOT, UNASKED };

struct workspace_look {
	enum gives gives;
	char why[320];                 /* but for GIVES */
};

struct doctor_workspaces {
	struct registered all;
	struct workspace_look look[];  /* one of each */
};

static void look(struct folders *f, const char *path, struct workspace_look *out)
{
	struct krux_err err = { 0 };
	CLEAN_FD int fd = -1;

	if (geteuid()) {
		snprintf(out->why, sizeof out->why, "rootless: all calls run as who runs the daemon");
		return;
	}
	fd = file_folder(path, NULL);
	if (fd < 0)
		snprintf(out->why, sizeof out->why, "%s", strerror(errno));
	else if (!folders_try(f, fd, &err))
		out->gives = GIVES;
	else {
		out->gives = GIVES_NOT;
		snprintf(out->why, sizeof out->why, "%.319s", err.text);
	}
}

struct doctor_workspaces *doctor_workspaces(const struct state *s, size_t *lacking, struct krux_err *err)
{
	CLEANUP(folders_close) struct folders f = FOLDERS_NONE;
	struct doctor_workspaces *w;
	struct registered all;

	*lacking = 0;
	if (registered_read(s, &all, err))
		return NULL;
	w = calloc(1, sizeof *w + all.n * sizeof *w->look);
	if (!w) {
		registered_free(&all);
		err_set(err, ENOMEM, "the workspaces");
		return NULL;
	}
	w->all = all;
	for (size_t i = 0; i < all.n; i++) {
		w->look[i].gives = UNASKED;
		look(&f, all.agent[i].workspace, &w->look[i]);
		*lacking += w->look[i].gives == GIVES_NOT;
	}
	return w;
}

void doctor_workspaces_free(struct doctor_workspaces *w)
{
	if (w)
		registered_free(&w->all);
	free(w);
}

void doctor_workspaces_print(const struct doctor_workspaces *w)
{
	static const char *const word[] = { "yes", "no", "?" };

	puts("\n" FOLDERS_FEATURE ", of the workspaces of registered agents\n");
	if (!w->all.n)
		puts("  no agent is registered");
	for (size_t i = 0; i < w->all.n; i++) {
		const struct registered_agent *a = &w->all.agent[i];

		fputs("  ", stdout);
		show_cell(stdout, (struct krux_str){ a->name, strlen(a->name) }, 19);
		printf(" %-9s ", word[w->look[i].gives]);
		screen_puts(stdout, a->workspace);
		putchar('\n');
		if (w->look[i].gives != GIVES)
			printf("      %s\n", w->look[i].why);
	}
}

void doctor_workspaces_json(const struct doctor_workspaces *w)
{
	static const char *const word[] = { "true", "false", "null" };

	fputs(",\"workspaces\":[", stdout);
	for (size_t i = 0; i < w->all.n; i++) {
		fputs(i ? ",{\"agent\":" : "{\"agent\":", stdout);
		doctor_text_json(w->all.agent[i].name);
		doctor_member_json("workspace", w->all.agent[i].workspace);
		printf(",\"idmapped\":%s", word[w->look[i].gives]);
		if (w->look[i].gives != GIVES)
			doctor_member_json("why", w->look[i].why);
		putchar('}');
	}
	putchar(']');
}
