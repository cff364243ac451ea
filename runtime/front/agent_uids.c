/* An option to a range of uids that are nobody's: what accounts, groups and subordinate ids of the machine say. */
#include "runtime/front/agent_uids.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

enum { SUBORDINATE_MOST = 16 << 20 };

/* What systemd's table of uids leaves free, above all uids of 16 bits. */
static const struct { uint32_t first, last; } free_ranges[] = {
	{ 65536, 524287 }, { 1879048192, 2147483646 },
};

/* ---- the option ---- */

/* The number at *p, which ends with the text or at a colon. */
static bool number_read(const char **p, uint64_t *out)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*out = strtoull(*p, &end, 10);
	*p = end;
	return !errno && (!*end || *end == ':');
}

int agent_uids_read(const char *option, bool root, struct agent_uids *out, struct krux_err *err)
{
	uint64_t base = AGENT_UIDS_BASE, count = AGENT_UIDS_COUNT;
	const char *p = option;

	*out = (struct agent_uids){ 0, 0 };
	if (!root)
		return option ? err_set(err, 0, "--agent-uids is for root: without root all calls run as you") : 0;
	if (option && (!number_read(&p, &base) || (*p == ':' && (p++, !number_read(&p, &count) || *p)) || !count))
		return err_set(err, 0, "--agent-uids: a first uid and how many, such as %u:%u", AGENT_UIDS_BASE, AGENT_UIDS_COUNT);
	for (size_t i = 0; i < sizeof free_ranges / sizeof *free_ranges; i++)
		if (base >= free_ranges[i].first && base <= free_ranges[i].last && count <= free_ranges[i].last - base + 1) {
			*out = (struct agent_uids){ (uint32_t)base, (uint32_t)count };
			return 0;
		}
	return err_set(err, 0, "--agent-uids %llu:%llu does not lie within %u to %u, nor within %u to %u: others are those of "
	               "people, or systemd gives them out", (unsigned long long)base, (unsigned long long)count,
	               free_ranges[0].first, free_ranges[0].last, free_ranges[1].first, free_ranges[1].last);
}

/* ---- whose they are ---- */

static int taken(const struct agent_uids *a, struct krux_err *err)
{
	return err_wrap(err, "--agent-uids %u:%u has to be uids and gids that nobody has", a->base, a->count);
}

static bool within(const struct agent_uids *a, uint64_t id)
{
	return id >= a->base && id - a->base < a->count;
}

/* Could a list not be begun, or read on, for want of what that takes: then nobody knows who else is in it. Other numbers are left
 * by sources of names that the machine does not have. */
static int list_check(int no, const char *what, struct krux_err *err)
{
	return no == EINTR || no == EIO || no == EMFILE || no == ENFILE || no == ENOMEM ? err_set(err, no, "%s", what) : 0;
}

static int accounts_check(const struct agent_uids *a, struct krux_err *err)
{
	static const char what[] = "the accounts of this machine";
	struct passwd *p;
	int rc;

	errno = 0;
	setpwent();
	rc = list_check(errno, what, err);
	while (!rc && (errno = 0, p = getpwent()))
		if (within(a, p->pw_uid) || within(a, p->pw_gid))
			rc = err_set(err, 0, "account %s has %s %u", p->pw_name, within(a, p->pw_uid) ? "uid" : "gid",
			             within(a, p->pw_uid) ? p->pw_uid : p->pw_gid);
	if (!rc)
		rc = list_check(errno, what, err);
	endpwent();
	return rc;
}

static int groups_check(const struct agent_uids *a, struct krux_err *err)
{
	static const char what[] = "the groups of this machine";
	struct group *g;
	int rc;

	errno = 0;
	setgrent();
	rc = list_check(errno, what, err);
	while (!rc && (errno = 0, g = getgrent()))
		if (within(a, g->gr_gid))
			rc = err_set(err, 0, "group %s has gid %u", g->gr_name, g->gr_gid);
	if (!rc)
		rc = list_check(errno, what, err);
	endgrent();
	return rc;
}

/* "name:first:count"; what is something else gives nobody anything. */
static int line_check(const struct agent_uids *a, char *line, const char *path, const char *what, struct krux_err *err)
{
	char *colon = strchr(line, ':');
	const char *p = colon ? colon + 1 : "";
	uint64_t first, count;

	if (*line == '#' || !number_read(&p, &first) || *p != ':' || (p++, !number_read(&p, &count)) || *p || !count ||
	    first >= (uint64_t)a->base + a->count || (first < a->base && count <= a->base - first))
		return 0;
	*colon = 0;
	return err_set(err, 0, "%s gives %s %llu %s from %llu on", path, line, (unsigned long long)count, what, (unsigned long long)first);
}

int agent_uids_subordinate(const struct agent_uids *a, const char *path, const char *what, struct krux_err *err)
{
	struct krux_err why = { 0 };
	size_t n;
	CLEAN_FREE char *text = (char *)file_read_path(path, SUBORDINATE_MOST, &n, &why), *whole = NULL;
	char *rest, *line;

	if (!text && why.no == ENOENT)
		return 0;
	whole = text ? strndup(text, n) : NULL;
	if (!whole)
		return err_set(err, text ? ENOMEM : why.no, "%s", text ? path : why.text);
	for (rest = whole; (line = strsep(&rest, "\n"));)
		if (line_check(a, line, path, what, err))
			return -1;
	return 0;
}

int agent_uids_check(const struct agent_uids *a, uint32_t uid_base, struct krux_err *err)
{
	if (uid_base < (uint64_t)a->base + a->count && a->base < (uint64_t)uid_base + UIDS) {
		err_set(err, 0, "the daemon's own are %u to %u (--uid-base)", uid_base, uid_base + UIDS - 1);
		return taken(a, err);
	}
	if (accounts_check(a, err) || groups_check(a, err) ||
	    agent_uids_subordinate(a, "/etc/subuid", "uids", err) || agent_uids_subordinate(a, "/etc/subgid", "gids", err))
		return taken(a, err);
	return 0;
}
