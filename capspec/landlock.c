/* Opened folders and the rights below them to a Landlock domain: everything else about files,
 * TCP, abstract sockets and signals is refused. What the kernel can hold is in
 * capspec/landlock.def, since the headers of older systems lack the newer rights. */
#include "capspec/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capspec/rights.h"

enum {
	VERSION = 1,               /* asks for the ABI */
	NET_TCP = 3,               /* bind and connect, since ABI 4 */
	SCOPED = 3,                /* abstract Unix sockets and signals, since ABI 6 */
};

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

static const struct right {
	unsigned bit;
	int abi;
	bool file;
	unsigned groups;
} right[] = {
#define LANDLOCK_RIGHT(name, bit, abi, file, groups) { bit, abi, file, groups },
#include "capspec/landlock.def"
};

/* A kernel refuses bits that it does not know. */
static struct ruleset_attr attr_of(int abi)
{
	struct ruleset_attr a = { .net = abi >= 4 ? NET_TCP : 0, .scoped = abi >= 6 ? SCOPED : 0 };

	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		if (abi >= right[i].abi)
			a.fs |= UINT64_C(1) << right[i].bit;
	return a;
}

/* A file takes no rights of folders. */
static uint64_t rights_at(int fd, unsigned groups)
{
	struct stat st;
	bool folder = fstat(fd, &st) || S_ISDIR(st.st_mode);
	uint64_t fs = 0;

	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		if (right[i].groups & groups && (folder || right[i].file))
			fs |= UINT64_C(1) << right[i].bit;
	return fs;
}

static int ruleset_open(int abi, struct ruleset_attr attr)
{
	size_t size = abi >= 6 ? sizeof attr : abi >= 4 ? 16 : 8;

	return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

static int ruleset_close(int set, int rc)
{
	int no = errno;

	close(set);
	errno = no;
	return rc;
}

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION);

	return abi > 0 ? (int)abi : 0;
}

int landlock_open(int abi)
{
	return ruleset_open(abi, attr_of(abi));
}

int landlock_open_files(int abi)
{
	struct ruleset_attr attr = attr_of(abi);

	attr.net = attr.scoped = 0;
	return ruleset_open(abi, attr);
}

int landlock_allow(int set, int abi, int fd, unsigned rights)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights_at(fd, rights) & attr_of(abi).fs,
		.parent_fd = fd
	};

	return (int)syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* The newer part of the interface, which headers of older systems lack. */
int landlock_allow_port(int set, int abi, uint16_t port)
{
	enum { RULE_NET_PORT = 2, CONNECT_TCP = 2 };
	const struct { uint64_t allowed, port; } rule = { CONNECT_TCP, port };

	return abi < 4 ? 0 : (int)syscall(SYS_landlock_add_rule, set, RULE_NET_PORT, &rule, 0);
}

int landlock_enforce(int set)
{
	return ruleset_close(set, (int)syscall(SYS_landlock_restrict_self, set, 0));
}

static int ruleset_restrict(int set, int abi, const struct landlock_grant *grant, size_t n)
{
	if (set < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (landlock_allow(set, abi, grant[i].fd, grant[i].rights))
			return ruleset_close(set, -1);
	return landlock_enforce(set);
}

int landlock_restrict(int abi, const struct landlock_grant *grant, size_t n)
{
	return ruleset_restrict(landlock_open(abi), abi, grant, n);
}

int landlock_files(int abi, const struct landlock_grant *grant, size_t n)
{
	struct ruleset_attr attr = attr_of(abi);

	attr.net = 0;
	return ruleset_restrict(ruleset_open(abi, attr), abi, grant, n);
}
