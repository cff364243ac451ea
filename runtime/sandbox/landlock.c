/* Opened folders and the rights below them to a Landlock domain: everything else about files,
 * TCP, abstract sockets and signals is refused. The headers of older systems lack the newer
 * rights, so those are written out. */
#include <errno.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/sandbox/rights.h"
#include "runtime/sandbox/sandbox.h"

enum {
	FS_ABI_1 = (1 << 13) - 1,
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15,
	NET_TCP = 3,               /* bind and connect */
	SCOPED = 3,                /* abstract Unix sockets, signals */
};

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

/* The ladder: what each ABI adds. A kernel refuses bits that it does not know. */
static struct ruleset_attr attr_of(int abi)
{
	struct ruleset_attr a = { .fs = FS_ABI_1 };

	if (abi >= 2)
		a.fs |= FS_REFER;
	if (abi >= 3)
		a.fs |= FS_TRUNCATE;
	if (abi >= 4)
		a.net = NET_TCP;
	if (abi >= 5)
		a.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		a.scoped = SCOPED;
	return a;
}

static uint64_t rights_of(unsigned rights)
{
	uint64_t fs = 0;

	if (rights & RIGHT_READ_FILES)
		fs |= LANDLOCK_ACCESS_FS_READ_FILE;
	if (rights & RIGHT_READ_FOLDERS)
		fs |= LANDLOCK_ACCESS_FS_READ_DIR;
	if (rights & RIGHT_NAMES)
		fs |= LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
		      LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO |
		      LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		      LANDLOCK_ACCESS_FS_REMOVE_DIR | FS_REFER;
	if (rights & RIGHT_WRITE_FILES)
		fs |= LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
	if (rights & RIGHT_EXECUTE)
		fs |= LANDLOCK_ACCESS_FS_EXECUTE;
	return fs;
}

/* A file takes no rights of folders. */
static uint64_t rights_at(int fd, unsigned rights)
{
	const uint64_t of_files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	                          LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE | FS_IOCTL_DEV;
	struct stat st;

	if (!fstat(fd, &st) && !S_ISDIR(st.st_mode))
		return rights_of(rights) & of_files;
	return rights_of(rights);
}

static int ruleset_restrict(int abi, struct ruleset_attr attr, const struct landlock_grant *grant,
                            size_t n)
{
	size_t size = abi >= 6 ? sizeof attr : abi >= 4 ? 16 : 8;
	int set = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0), no;

	if (set < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct landlock_path_beneath_attr rule = {
			.allowed_access = rights_at(grant[i].fd, grant[i].rights) & attr.fs,
			.parent_fd = grant[i].fd
		};

		if (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
			goto failed;
	}
	if (syscall(SYS_landlock_restrict_self, set, 0))
		goto failed;
	return close(set);
failed:
	no = errno;
	close(set);
	errno = no;
	return -1;
}

int landlock_restrict(int abi, const struct landlock_grant *grant, size_t n)
{
	return ruleset_restrict(abi, attr_of(abi), grant, n);
}

int landlock_files(int abi, const struct landlock_grant *grant, size_t n)
{
	struct ruleset_attr attr = attr_of(abi);

	attr.net = 0;
	return ruleset_restrict(abi, attr, grant, n);
}
