/* Commands: what a program that an attacker has taken over tries (tests/live/program.c). */
#include "tests/live/commands.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "capspec/layers.h"
#include "capspec/schema.h"
#include "runtime/base/err.h"
#include "runtime/spawn/command.h"
#include "runtime/spawn/program.h"

static const struct krux_type number = { .kind = KRUX_T_UINT, .hi = 255 }, text = { .kind = KRUX_T_STRING, .max = 4096 };
static const struct krux_field refusal_field[] = { { .name = { "path", 4 }, .type = &text }, { .name = { "why", 3 }, .type = &text } };
static const struct krux_type refusal = { .kind = KRUX_T_RECORD, .field = refusal_field, .nfields = 2 },
	refusals = { .kind = KRUX_T_LIST, .max = 20, .elem = &refusal };
static const struct krux_field fields[] = {
	{ .name = { "status", 6 }, .type = &number }, { .name = { "refused", 7 }, .type = &refusals },
};
static const struct krux_type output = { .kind = KRUX_T_RECORD, .field = fields, .nfields = 2 }, input = { .kind = KRUX_T_RECORD };

static char program[4200], digest[65];
static struct krux_effect effect[8];
static const struct krux_effect connects = { KRUX_EFFECT_CONNECTS, { { .access = { "host", 4 } }, { .access = { "port", 4 } } }, 2 };
static struct krux_argv argv[2];
static struct krux_capability cap;
static int sealed = -1;

/* Beside this one's. */
static bool program_find(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 16);
	uint8_t sha[KRUX_SHA256], piece[65536];
	struct krux_sha256_state state;
	int fd;

	if (digest[0] || n <= 0)
		return digest[0];
	program[n] = 0;
	strcpy(strrchr(program, '/') + 1, "program");
	fd = open(program, O_RDONLY | O_CLOEXEC);
	krux_sha256_start(&state);
	while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0)
		krux_sha256_add(&state, piece, (size_t)n);
	krux_sha256_end(&state, sha);
	krux_hex_write(sha, sizeof sha, digest);
	return !close(fd);
}

/* All effects over the operand, and a constant argument. */
static void capability_make(const struct attempt *a)
{
	static const enum krux_effect_kind kinds[] = { KRUX_EFFECT_READS, KRUX_EFFECT_LISTS, KRUX_EFFECT_CREATES, KRUX_EFFECT_WRITES,
		                                       KRUX_EFFECT_DELETES };
	static char operand[256];
	const char *more = a->argument ? a->argument() : a->arg ? a->arg : "";

	snprintf(operand, sizeof operand, "/workspace%s%s", a->operand ? "/" : "", a->operand ? a->operand : "");
	for (size_t i = 0; i < 5; i++)
		effect[i] = (struct krux_effect){ kinds[i], { { .is_constant = true, .constant = { operand, strlen(operand) }, .tree = true } }, 1 };
	effect[a->reads_only ? 2 : 5] = connects;
	argv[0] = (struct krux_argv){ KRUX_ARGV_CONST, { a->command, strlen(a->command) }, { NULL, 0 } };
	argv[1] = (struct krux_argv){ KRUX_ARGV_CONST, { more, strlen(more) }, { NULL, 0 } };
	cap = (struct krux_capability){ .name = KRUX_STR("live.run"), .input = &input, .output = &output, .effect = effect,
		.neffects = (a->reads_only ? 2 : 5) + a->connects, .handler = { .kind = KRUX_HANDLER_COMMAND, .name = { program, strlen(program) },
			.sha256 = { digest, 64 }, .argv = argv, .nargv = 2 } };
}

bool command_plan(const struct attempt *a, struct child_plan *plan)
{
	struct krux_err err = { 0 };

	if (!program_find())
		return cannot("there is no program");
	capability_make(a);
	if (sealed < 0)
		sealed = program_open(&cap, &err);
	if (sealed < 0)
		return cannot("%s", err.text);
	plan->builtin = &command_handler;
	plan->command = &cap;
	plan->program = sealed;
	plan->limits.pids = 8;
	return true;
}

/* ---- seen from outside ---- */

static bool made(void)
{
	struct stat st;

	return !lstat("workspace/made", &st) || !lstat("workspace/.git/hooks/x", &st) || !lstat("workspace/.git", &st);
}

static bool changed(void)
{
	char buf[8] = "";
	int fd = open("workspace/inside", O_RDONLY | O_CLOEXEC);
	bool same = fd >= 0 && read(fd, buf, 6) == 6 && !memcmp(buf, "inside", 6);

	close(fd);
	return !same;
}

static bool left(void)
{
	DIR *proc = opendir("/proc");
	bool found = made();
	struct dirent *e;

	while (proc && !found && (e = readdir(proc))) {
		char path[300], comm[32] = "";
		FILE *f;

		snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
		f = fopen(path, "re");
		found = f && fgets(comm, sizeof comm, f) && !strncmp(comm, "krux-outlives", 13);
		if (f)
			fclose(f);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* ---- the attempts ---- */

static const char *secret_path(void)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/secret", outside);
	return path;
}

static const char *abstract(void)
{
	return abstract_name;
}

static const char *number_text(long n)
{
	static char digits[32];

	snprintf(digits, sizeof digits, "%ld", n);
	return digits;
}

static const char *victims_number(void)
{
	return number_text(victim);
}

/* Where the host listens, "ADDRESS PORT". */
static const char *host_at(const char *address)
{
	static char at[64];

	snprintf(at, sizeof at, "%s %u", address, listening);
	return at;
}

static const char *loopback(void) { return host_at("127.0.0.1"); }
static const char *loopback_six(void) { return host_at("::1"); }
static const char *loopback_mapped(void) { return host_at("::ffff:127.0.0.1"); }
static const char *everywhere(void) { return host_at("::"); }
static const char *everywhere_four(void) { return host_at("0.0.0.0"); }

static const char *io_uring(void) { return number_text(425); }
static const char *personality(void) { return number_text(SYS_personality); }
static const char *x32(void) { return number_text(0x40000000 | 39); }

#define PROGRAMS (1 << WAY_AGENT | 1 << WAY_USER)
#define NETWORK .hold = EACH(ON(SECCOMP) | ON(NS_NET) | ON_SOCKETS)
/* Landlock knows of TCP from version 4 on: the plan's domain. */
#define NETWORK_TCP .hold = EACH(ON(SECCOMP) | ON(NS_NET) | ON_PLAN | ON_SOCKETS), .from = ON_PLAN, .abi = 4
#define ROW(says, verb, ...) { .name = says, .command = verb, .ways = PROGRAMS, __VA_ARGS__ }

static const struct attempt attempts[] = {
	ROW("read a file of the host by its path", "read", .argument = secret_path),
	ROW("read a file of the host through the first process", "read", .arg = "/proc/1/root/etc/passwd"),
	ROW("read the host's accounts", "read", .arg = "/etc/shadow"),
	ROW("read a descriptor that was left open", "leaked"),
	ROW("list the root", "list", .arg = "/", .hold = EACH(ON_PLAN)),
	ROW("read beside the operand", "read", .arg = "/workspace/inside", .operand = "drafts", .hold = EACH(ON_PLAN)),
	ROW("list above the operand", "list", .arg = "/workspace", .operand = "drafts", .hold = EACH(ON_PLAN)),
	ROW("read a link out of the workspace", "read", .arg = "/workspace/link"),
	ROW("write where nothing may change", "write", .arg = "/workspace/inside", .reads_only = true, .seen = changed),
	ROW("write beside the operand", "write", .arg = "/workspace/inside", .operand = "drafts", .seen = changed),
	ROW("write a program of the host", "write", .arg = "/usr/bin/krux-made"),
	ROW("execute a file of the workspace", "execute", .arg = "/workspace/made"),
	ROW("execute a file of /tmp", "execute", .arg = "/tmp/made"),
	ROW("execute memory", "execute-memory", .hold = EACH(ON(SECCOMP))),
	ROW("type into a terminal", "type", .arg = "0x5412", .hold = EACH(ON(SECCOMP) | ON_PLAN), .from = ON_PLAN, .abi = 5),
	ROW("type into a terminal, the upper half set", "type", .arg = "0x100005412", .hold = EACH(ON(SECCOMP) | ON_PLAN), .from = ON_PLAN, .abi = 5),
	ROW("a user namespace by unshare", "unshare", .hold = EACH(ON(SECCOMP))),
	ROW("a user namespace by clone", "clone", .hold = EACH(ON(SECCOMP))),
	ROW("a user namespace by clone3", "clone3", .hold = EACH(ON(SECCOMP))),
	ROW("io_uring", "raw", .argument = io_uring),
	ROW("another personality", "raw", .argument = personality, .hold = EACH(ON(SECCOMP))),
	ROW("a call of x32", "raw", .argument = x32),
	ROW("a keyring", "keyring", .hold = EACH(ON(SECCOMP))),
	ROW("be traced", "trace-me", .hold = EACH(ON(SECCOMP))),
	ROW("trace the first process", "trace-first"),
	ROW("tell the first process of a freeze", "freeze-first"),
	ROW("signal to a process outside", "hit", .argument = victims_number, .seen = victim_was_hit),
	ROW("a second filter", "filter", .hold = EACH(ON(SECCOMP))),
	ROW("shared memory of no file", "shared", .hold = EACH(ON(SECCOMP))),
	ROW("a socket", "inet", .hold = EACH(ON(SECCOMP))),
	ROW("TCP to the host", "tcp", .argument = loopback, NETWORK_TCP),
	ROW("TCP to the host, IPv6", "tcp", .argument = loopback_six, NETWORK_TCP),
	ROW("TCP to the host, mapped", "tcp", .argument = loopback_mapped, NETWORK_TCP),
	ROW("TCP fast open to the host", "fast", .argument = loopback, NETWORK),
	ROW("UDP to the host", "udp", .argument = loopback, NETWORK),
	ROW("UDP to the host, IPv6", "udp", .argument = loopback_six, NETWORK),
	ROW("UDP to the host by sendto", "udp-to", .argument = loopback, NETWORK),
	ROW("UDP to the host by sendto, mapped", "udp-to", .argument = loopback_mapped, NETWORK),
	ROW("metadata address", "tcp", .arg = "169.254.169.254 80", .before = addresses_are_there, NETWORK_TCP),
	ROW("listen where the host does", "bind", .argument = everywhere_four, NETWORK_TCP),
	ROW("listen where the host does, IPv6", "bind", .argument = everywhere, NETWORK_TCP),
	ROW("multipath TCP", "multipath", .hold = EACH(ON(SECCOMP) | ON_SOCKETS)),
	ROW("datagrams, which have addresses", "datagrams", .hold = EACH(ON(SECCOMP))),
	ROW("a socket of the workspace", "socket", .arg = "/workspace/socket", .reads_only = true, .hold = EACH(ON(SECCOMP))),
	ROW("an abstract socket of the host", "abstract", .argument = abstract),
	ROW("mount", "mount"),
	ROW("make a device", "device"),
	ROW("make what an overlay takes for deleted", "whiteout", .arg = "/workspace/inside2"),
	ROW("more processes than it may", "bomb", .hold = EACH(ON(RLIMITS) | ON_PIDS)),
	ROW("more memory than it may", "hog", .hold = EACH(ON(RLIMITS) | ON_MEMORY)),
	ROW("more memory than it may, by several processes", "hogs", .hold = EACH(ON_MEMORY),
	    .open = "without the memory controller a limit of memory is one of each process"),
	ROW("more in /tmp than it may", "fill"),
	ROW("write a hook of git", "hook", .arg = "/workspace/.git/hooks/x", .seen = made),
	ROW("move a folder to where hooks are", "moved-hook", .seen = made),
	ROW("leave a link out of the workspace", "linked", .argument = secret_path, .seen = made),
	ROW("leave a process behind that changes the workspace", "outlives", .operand = "drafts", .seen = left),
};
const struct attempt_list commands_list = { "commands", attempts, sizeof attempts / sizeof *attempts };
