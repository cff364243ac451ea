/* The same facts that kruxrt doctor shows decide whether the daemon starts. */
#include "runtime/front/machine.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that can be waived, for people. */
static int name_refuse(const char *name, struct krux_err *err)
{
	char list[400] = "";
	size_t n = 0;

	for (unsigned i = 0; i < FEATURES && n < sizeof list; i++)
		if (feature_is_waivable(i))
			n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", feature_list[i].name);
	return err_set(err, 0, "--allow-missing: %.60s cannot be waived; these can: %s", name, list);
}

int machine_waive(struct machine *m, const char *list, struct krux_err *err)
{
	char *rest, *name;
	size_t n = 0;

	m->names = strdup(list ? list : "");
	if (!m->names)
		return err_set(err, ENOMEM, "--allow-missing");
	rest = m->names;
	while (rest && *rest) {
		name = strsep(&rest, ",");
		if (!feature_can_be_waived(name))
			return name_refuse(name, err);
		if (n == FEATURES)
			return err_set(err, 0, "--allow-missing: too many features");
		m->waived[n++] = name;
	}
	m->waived[n] = NULL;
	return 0;
}

void machine_lacks(struct machine *m, enum feature_number i, const char *fmt, ...)
{
	const struct feature *f = &feature_list[i];
	char where[256];
	size_t n = 0;
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(where, sizeof where, fmt, ap) < 0)
		*where = 0;
	va_end(ap);
	while (m->missing[n])
		n++;
	snprintf(m->text[n], sizeof m->text[n], "%s: %s: %s", f->name, where, f->loses);
	m->missing[n] = m->text[n];
	m->missing[n + 1] = NULL;
}

int machine_check(struct machine *m, struct krux_err *err)
{
	m->missing[0] = NULL;
	for (unsigned i = 0; i < FEATURES; i++) {
		const struct feature *f = &feature_list[i];
		int no = 0;

		/* WORKSPACE is asked of folders, once they are known. */
		if (f->need == FEATURE_COMMANDS || f->need == FEATURE_CONNECTS || f->need == FEATURE_WORKSPACE || f->need == FEATURE_UNUSED)
			continue;
		if (feature_try((enum feature_number)i, &no))
			return err_set(err, errno, "try what the machine has");
		if (i == FEATURE_IS_cgroup_bpf)
			m->sockets = !no;
		if (!no || f->need == FEATURE_SECOND)
			continue;
		if (f->need == FEATURE_NEEDED)
			return err_set(err, no, "this machine cannot confine calls: it lacks %s (kruxrt doctor says more)",
			               f->name);
		if (f->need == FEATURE_LIMITS && !feature_is_waived(i, m->waived))
			continue;      /* then no command is run, and each says why */
		if (!feature_is_waived(i, m->waived))
			return err_set(err, no, "this machine lacks %s: %s; --allow-missing %s goes without "
			               "(kruxrt doctor says more)", f->name, f->loses, f->name);
		machine_lacks(m, i, "%s", strerror(no));
	}
	return 0;
}

void machine_free(struct machine *m)
{
	free(m->names);
	m->names = NULL;
}
