/* Calls that run as an agent's uid in a workspace of somebody else, from what the handlers' process is told to what they
 * find. It is confined as krux-handler is; the test is its spawner. In a mount namespace of the test's own; it takes root, and
 * says so where it is not. */
#include "tests/unit/spawning.h"
#include "tests/unit/waiting.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/uids.h"
#include "runtime/sandbox/process.h"
#include "runtime/spawn/child.h"
#include "runtime/spawn/clones.h"
#include "runtime/spawn/template.h"

#include "capspec/digest.h"
#include "capspec/item.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OWNER = 1000, BASE = 70000, AGENT = 70001, COUNT = 100 };

static struct channel ours;
static pid_t rig_handler;
static const char *waived[4];
static uint64_t cookie;

static int confine(enum template_runs runs, struct krux_err *err)
{
	return runs == TEMPLATE_BUILTINS ? process_confine(PROCESS_HANDLER, NULL, 0, err) : process_confine_commands(false, err);
}

static void handler_be(int channel) __attribute__((noreturn));

static void handler_be(int channel)
{
	char bundle[4300];
	struct template_options o = { .group = -1, .groups = "call-", .agents = { BASE, COUNT }, .waived = waived, .bundle_path = bundle,
		                      .trust = spawning_state.trust, .each = POOL_EACH, .all = POOL_ALL, .find = builtin_find,
		                      .commands = spawning_command, .confine = confine };
	struct krux_err err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(bundle, sizeof bundle, "%s/../bundle", spawning_state.path);
	o.bundle = open(bundle, O_RDONLY | O_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	probe_get();
	if (process_begin(PROCESS_HANDLER, 0, 0, &err))
		_exit(99);
	_exit(template_run(channel, &o));
}

/* The state folder is in memory here, and what is mounted stays in this namespace. */
static void setup(void)
{
	struct message m;
	int pair[2];

	ck_assert(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	spawning_setup();
	ck_assert(!channel_pair(pair, &spawning_err));
	rig_handler = handler_pid;
	handler_pid = fork();
	if (!handler_pid) {
		close(pair[0]);
		handler_be(pair[1]);
	}
	close(pair[1]);
	ck_assert(!channel_open(&ours, pair[0], &spawning_err) && spawning_take(&ours, MESSAGE_READY, &m));
	ck_assert(!mkdir("/tmp/idmapped", 0755) || errno == EEXIST);
	ck_assert(!mount("none", "/tmp/idmapped", "tmpfs", 0, "size=1m,mode=0755") && !chdir("/tmp/idmapped"));
	cookie = 0;
}

static void teardown(void)
{
	channel_close(&ours);
	ck_assert_int_eq(waitpid(handler_pid, NULL, 0), handler_pid);
	handler_pid = rig_handler;
	ck_assert(!chdir("/"));
	spawning_teardown();
}

static int folder_make(const char *path, uid_t owner, uid_t group)
{
	char file[64];

	snprintf(file, sizeof file, "%s/a", path);
	ck_assert(!mkdir(path, 0700) && !chown(path, owner, group));
	close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert(!chown(file, owner, group));
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* ---- a call ---- */

static struct child_report report;
static char answer[4096], refusal[600];

static int request_send(uint32_t uid, int workspace, int trash, const char *file)
{
	struct written w;
	struct record r = written_request(&w, AUDIT_KIND_INTENT, file, KRUX_AUTONOMOUS);
	struct message_fork head = { .capability = 0, .flags = trash < 0 ? 0 : FORK_TRASH, .uid = uid };
	uint8_t runs_as[16];
	struct item_out as = { runs_as, sizeof runs_as, 0 };
	struct message_run run;
	struct part part[3];
	int out[2], fd[3];

	item_head(&as, ITEM_LIST, 1);
	item_head(&as, ITEM_UINT, uid);
	if (uid != AGENT_UID_NONE)
		record_bytes(&r, AUDIT_RUNS_AS, runs_as, as.n);
	written_encode(&w, &r);
	run = spawning_head(&w, 0);
	part[0] = (struct part){ &head, sizeof head };
	part[1] = (struct part){ &run, sizeof run };
	part[2] = (struct part){ w.bytes, w.n };
	krux_sha256(KRUX_STR("builder"), head.owner);
	ck_assert(!pipe2(out, O_CLOEXEC));
	fd[0] = out[1];
	fd[1] = workspace;
	fd[2] = trash;
	cookie = w.seq;
	ck_assert_int_eq(message_send(ours.fd, MESSAGE_FORK, w.seq, part, 3, fd, trash < 0 ? 2 : 3, &spawning_err), 1);
	close(out[1]);
	return out[0];
}

/* Until ENDED, which is true, or REFUSED, with the sentence in refusal. */
static bool call_as(uint32_t uid, int workspace, int trash, const char *file)
{
	CLEAN_FD int out = request_send(uid, workspace, trash, file);
	struct message m;
	size_t n = 0;
	ssize_t k;

	memset(&report, 0, sizeof report);
	memset(answer, 0, sizeof answer);
	for (int i = 0; i < 100; i++) {
		struct pollfd p = { .fd = ours.fd, .events = POLLIN };
		int rc = channel_take(&ours, &m, &spawning_err);

		ck_assert_int_ge(rc, 0);
		if (!rc) {
			poll(&p, 1, 200);
			continue;
		}
		ck_assert_uint_eq(m.cookie, cookie);
		if (m.kind == MESSAGE_REFUSED) {
			snprintf(refusal, sizeof refusal, "%.*s", (int)m.n, (const char *)m.body);
			return false;
		}
		ck_assert_uint_eq(m.kind, MESSAGE_ENDED);
		if (read(out, &report, sizeof report) != sizeof report)
			return true;
		while (n < sizeof answer && (k = read(out, answer + n, sizeof answer - n)) > 0)
			n += (size_t)k;
		return true;
	}
	ck_abort_msg("no end of the call");
}

static bool says(const char *text)
{
	return memmem(answer, sizeof answer, text, strlen(text));
}

static void well(uint32_t uid, int workspace, const char *file)
{
	ck_assert_msg(call_as(uid, workspace, -1, file), "%s", refusal);
	ck_assert_uint_eq(report.magic, CHILD_MAGIC);
	ck_assert_int_eq(report.failed, 0);
	ck_assert_uint_eq(report.what, 0);
	ck_assert_msg(says("output") && says("file"), "%s", answer + 20);
}

static bool by_clone(void)
{
	return report.layers >> LAYER_IDMAPPED & 1;
}

static unsigned uid_of(pid_t pid)
{
	char path[64], line[128];
	unsigned uid = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f) && sscanf(line, "Uid: %u", &uid) != 1)
		;
	if (f)
		fclose(f);
	return uid;
}

static void children_are(unsigned uid)
{
	pid_t pid[WAITING_MOST];
	unsigned n = waiting_ready(pid, 1);

	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(uid_of(pid[i]), uid);
}

/* None of a process that has ended meanwhile. */
static unsigned descriptors_of(pid_t pid, const char *what)
{
	char path[300], to[256];
	struct dirent *e;
	unsigned n = 0;
	ssize_t k;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	dir = opendir(path);
	ck_assert(dir || errno == ENOENT);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof path, "/proc/%d/fd/%s", pid, e->d_name);
		k = readlink(path, to, sizeof to - 1);
		to[k > 0 ? k : 0] = 0;
		n += k > 0 && (!what || !strncmp(to, what, strlen(what)));
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Those that it has open on that file system. */
static unsigned folders_of(pid_t pid, dev_t device)
{
	char path[300];
	struct dirent *e;
	struct stat st;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir))) {
		snprintf(path, sizeof path, "/proc/%d/fd/%s", pid, e->d_name);
		n += !stat(path, &st) && S_ISDIR(st.st_mode) && st.st_dev == device;
	}
	closedir(dir);
	return n;
}

/* ---- tests ---- */

START_TEST(it_runs_as_the_agent_and_finds_what_is_the_owners)
{
	static const struct { uid_t uid; gid_t gid; } owner[] = { { OWNER, OWNER }, { 0, 0 }, { OWNER, 0 }, { AGENT, AGENT } };
	char name[16];

	for (size_t i = 0; i < sizeof owner / sizeof *owner; i++) {
		CLEAN_FD int w = -1;

		snprintf(name, sizeof name, "w%zu", i);
		w = folder_make(name, owner[i].uid, owner[i].gid);
		/* Born for the call, and one that waited. */
		for (int k = 0; k < 3; k++) {
			well(AGENT, w, "/workspace/a");
			ck_assert(by_clone());
			children_are(AGENT);
		}
	}
}
END_TEST

START_TEST(each_agent_has_children_of_its_own)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);

	well(AGENT, w, "/workspace/a");
	children_are(AGENT);
	waiting_kill();
	well(AGENT + 1, w, "/workspace/a");
	ck_assert(by_clone());
}
END_TEST

START_TEST(what_waits_and_what_makes_it_has_no_workspace)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);
	pid_t pid[WAITING_MOST];
	unsigned n;

	for (uid_t i = 0; i < 3; i++)
		well(AGENT + i, w, "/workspace/a");
	ck_assert_uint_ge(descriptors_of(handler_pid, "user:["), 3);
	n = waiting_ready(pid, 1);
	/* Its socket and the three standard ones. */
	for (unsigned i = 0; i < n; i++)
		ck_assert((descriptors_of(pid[i], NULL) == 4 && descriptors_of(pid[i], "socket:") == 1) || !waiting_lives(pid[i]));
	n = waiting_until(WAITING_NEST, 1, WAITING_MOST, pid);
	for (unsigned i = 0; i < n; i++) {
		/* The last one may have begun only now, with what it was forked with. */
		for (int k = 0; k < 2000 && descriptors_of(pid[i], "/tmp"); k++)
			poll(NULL, 0, 5);
		ck_assert_uint_eq(descriptors_of(pid[i], "user:["), 0);
		ck_assert_uint_eq(descriptors_of(pid[i], "/proc/"), 0);
		ck_assert_uint_eq(descriptors_of(pid[i], "/tmp"), 0);
		ck_assert_uint_le(descriptors_of(pid[i], "/"), 4);   /* the three standard ones, and /proc */
	}
}
END_TEST

START_TEST(a_workspace_that_changes_hands_is_still_its)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);

	well(AGENT, w, "/workspace/a");
	ck_assert(!chown("w", OWNER + 1, OWNER + 1) && !chown("w/a", OWNER + 1, OWNER + 1));
	well(AGENT, w, "/workspace/a");
	ck_assert(by_clone());
	ck_assert(!chown("w", 0, 0));
	ck_assert(call_as(AGENT, w, -1, "/workspace/a") && by_clone());
}
END_TEST

START_TEST(renamed_replaced_and_removed)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);
	CLEAN_FD int other = -1;

	well(AGENT, w, "/workspace/a");
	ck_assert(!rename("w", "moved"));
	well(AGENT, w, "/workspace/a");
	other = folder_make("w", OWNER, OWNER);
	ck_assert(!rename("w/a", "w/b"));
	well(AGENT, other, "/workspace/b");
	ck_assert(call_as(AGENT, other, -1, "/workspace/a") && !report.failed && !says("file"));
	well(AGENT, w, "/workspace/a");
	ck_assert(!unlink("w/b") && (!rmdir("w/.krux") || errno == ENOENT) && !rmdir("w"));
	/* Of a folder that nobody can open any more; the spawner does not get so far. */
	ck_assert(!call_as(AGENT, other, -1, "/workspace/b") || !says("file"));
	well(AGENT, w, "/workspace/a");
}
END_TEST

START_TEST(a_mount_inside_is_not_entered_whenever_it_is_made)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);

	ck_assert(!mkdir("w/d", 0755) && !chown("w/d", OWNER, OWNER));
	close(open("w/d/f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	for (int i = 0; i < 2; i++) {
		well(AGENT, w, "/workspace/d/f");
		ck_assert(!mount("none", "w/d", "tmpfs", 0, "size=4k"));
		ck_assert(call_as(AGENT, w, -1, "/workspace/d/f") && says("AccessDenied"));
		ck_assert(!umount("w/d"));
	}
	well(AGENT, w, "/workspace/d/f");
}
END_TEST

START_TEST(what_the_operator_takes_off_is_free)
{
	CLEAN_FD int w = -1;
	struct stat st;
	dev_t disk;

	ck_assert(!mkdir("disk", 0755) && !mount("none", "disk", "tmpfs", 0, "size=64k"));
	w = folder_make("disk/w", OWNER, OWNER);
	well(AGENT, w, "/workspace/a");
	ck_assert(!fstat(w, &st));
	disk = st.st_dev;
	ck_assert_uint_eq(folders_of(handler_pid, disk), 1);
	close(fd_keep(&w));
	ck_assert(!umount("disk"));
	/* Nobody calls, and it lets go all the same. */
	for (int i = 0; i < WAITING_PATIENCE && folders_of(handler_pid, disk); i++)
		poll(NULL, 0, 2);
	ck_assert_uint_eq(folders_of(handler_pid, disk), 0);
}
END_TEST

START_TEST(the_states_trash_is_none_of_its)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);

	ck_assert(!call_as(AGENT, w, spawning_state.trust, "/workspace/a"));
	ck_assert_str_eq(refusal, "a request that is none");
	ck_assert(!call_as(BASE - 1, w, -1, "/workspace/a") && !strcmp(refusal, "a request for a uid that is no agent's"));
	ck_assert(!call_as(BASE + COUNT, w, -1, "/workspace/a") && !call_as(0, w, -1, "/workspace/a"));
	ck_assert(!call_as(AGENT_UID_NONE, w, -1, "/workspace/a"));
	well(BASE, w, "/workspace/a");
}
END_TEST

/* ---- where the file system has none ---- */

static int without_make(uid_t owner)
{
	ck_assert(!mkdir("ram", 0755) && !mount("none", "ram", "ramfs", 0, NULL));
	return folder_make("ram/w", owner, owner);
}

START_TEST(without_them_it_is_refused)
{
	CLEAN_FD int w = without_make(OWNER);

	ck_assert(!call_as(AGENT, w, -1, "/workspace/a"));
	ck_assert_str_eq(refusal, "workspace: the folder lies on the file system ramfs, which has no idmapped mounts on this kernel; "
	                 "calls run there, as its owner, only where kruxrt serve was told so: --allow-missing idmapped-mounts");
}
END_TEST

START_TEST(waived_it_runs_as_the_owner_and_does_not_say_that_it_has_one)
{
	CLEAN_FD int w = without_make(OWNER);
	CLEAN_FD int other = folder_make("w", OWNER, OWNER);

	for (int i = 0; i < 2; i++) {
		well(AGENT, w, "/workspace/a");
		ck_assert(!by_clone());
		children_are(OWNER);
	}
	waiting_kill();
	/* Where it can be had it is. */
	well(AGENT, other, "/workspace/a");
	ck_assert(by_clone());
	ck_assert(!chown("ram/w", AGENT, OWNER));
	ck_assert(!call_as(AGENT, w, -1, "/workspace/a"));
	ck_assert_str_eq(refusal, "workspace: its owner is one of the uids that agents have");
	ck_assert(!chown("ram/w", OWNER, AGENT + 1));
	ck_assert(!call_as(AGENT, w, -1, "/workspace/a"));
}
END_TEST

/* ---- how many, and how it ends ---- */

START_TEST(agents_come_and_go)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);
	unsigned most = 0;

	for (uid_t i = 0; i < COUNT; i++)
		well(BASE + i, w, "/workspace/a");
	most = descriptors_of(handler_pid, "user:[");
	ck_assert_uint_eq(most, CLONES_MOST);
	well(BASE, w, "/workspace/a");
}
END_TEST

static unsigned mounts_count(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	unsigned n = 0;

	ck_assert(f);
	for (int c; (c = getc(f)) != EOF;)
		n += c == '\n';
	fclose(f);
	return n;
}

START_TEST(killed_it_leaves_no_mount)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);
	const unsigned before = mounts_count();
	pid_t pid[WAITING_MOST];

	well(AGENT, w, "/workspace/a");
	ck_assert_uint_eq(mounts_count(), before);
	waiting_ready(pid, 1);
	kill(handler_pid, SIGKILL);
	for (int i = 0; i < WAITING_PATIENCE && waiting_lives(pid[0]); i++)
		poll(NULL, 0, 2);
	ck_assert(!waiting_lives(pid[0]));
	ck_assert_uint_eq(mounts_count(), before);
	close(fd_keep(&w));
	ck_assert(!chdir("/") && !umount("/tmp/idmapped"));
}
END_TEST

/* ---- commands ---- */

static void script_put(const char *path, uid_t owner, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !fchown(fd, owner, owner));
	close(fd);
}

/* It says this, by a mount or not. */
static void runs(uint32_t uid, int workspace, const char *text, bool mount)
{
	ck_assert_msg(call_as(uid, workspace, -1, "/workspace/a"), "%s", refusal);
	ck_assert_int_eq(report.failed, 0);
	ck_assert_uint_eq(report.what, 0);
	ck_assert_msg(says(text), "%s not in %s", text, answer + 1);
	ck_assert(by_clone() == mount);
}

/* It may have no other process. */
static const char who[] = "IFS=: read name x uid gid rest < /etc/passwd; echo $uid:$gid\n"
	"for f in /workspace /workspace/a /tmp; do [ -O $f ] && [ -G $f ] && echo mine; done\n";

static void runs_as(uint32_t uid, int workspace, uint32_t seen, bool mount)
{
	char text[128];

	snprintf(text, sizeof text, "%u:%u\nmine\nmine\nmine\n", seen, seen);
	runs(uid, workspace, text, mount);
}

/* The first is born for its call, those after it come from a nest. */
START_TEST(a_program_is_the_agent_wherever_it_comes_from)
{
	static const uid_t owner[] = { OWNER, 0, OWNER + 1 };
	pid_t pid[WAITING_MOST];
	char name[16];

	for (size_t i = 0; i < sizeof owner / sizeof *owner; i++) {
		CLEAN_FD int w = -1;

		snprintf(name, sizeof name, "w%zu", i);
		w = folder_make(name, owner[i], owner[i]);
		snprintf(name, sizeof name, "w%zu/a", i);
		script_put(name, owner[i], who);
		for (int k = 0; k < 4; k++)
			runs_as(AGENT, w, AGENT, true);
		ck_assert_uint_ge(waiting_until(WAITING_NEST, (unsigned)i + 1, WAITING_MOST, pid), 1);
	}
}
END_TEST

/* What a program writes is put in place as the owner's. */
START_TEST(what_a_program_makes_is_the_owners)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);
	struct stat st;

	for (uid_t i = 0; i < 4; i++) {
		script_put("w/a", OWNER, "printf '#' > /workspace/a; echo well\n");
		runs(AGENT + i % 2, w, "well", true);
		ck_assert(!stat("w/a", &st) && st.st_uid == OWNER && st.st_gid == OWNER && st.st_size == 1);
		ck_assert(!stat("w/.krux", &st) && st.st_uid == OWNER);
	}
}
END_TEST

/* A child that waits may have been made while it was somebody else's. */
START_TEST(a_programs_workspace_changes_hands)
{
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);
	const uid_t owner[] = { OWNER, 0, OWNER + 1, OWNER };

	for (size_t i = 0; i < sizeof owner / sizeof *owner; i++) {
		script_put("w/a", owner[i], who);
		ck_assert(!chown("w", owner[i], owner[i]));
		ck_assert(!i || (!chown("w/.krux", owner[i], owner[i]) && !chown("w/.krux/trash", owner[i], owner[i]) &&
		                 !chown("w/.krux/trash/tmp", owner[i], owner[i])));
		runs_as(AGENT, w, AGENT, true);
		runs_as(AGENT, w, AGENT, true);
	}
}
END_TEST

/* It has no room for what it is asked with, and ends: the call goes to a child that is made for it alone. */
START_TEST(a_program_is_the_agent_where_its_nest_ends)
{
	static const struct rlimit none = { 4, 4 };
	CLEAN_FD int w = folder_make("w", OWNER, OWNER);
	pid_t pid[WAITING_MOST];

	script_put("w/a", OWNER, who);
	for (int i = 0; i < 5; i++) {
		runs_as(AGENT, w, AGENT, true);
		runs_as(AGENT, w, AGENT, true);
		ck_assert_uint_eq(waiting_until(WAITING_NEST, 1, 1, pid), 1);
		ck_assert(!prlimit(pid[0], RLIMIT_NOFILE, &none, NULL));
		waiting_kill();
	}
}
END_TEST

START_TEST(without_them_root_has_no_commands)
{
	CLEAN_FD int w = without_make(OWNER);

	script_put("ram/w/a", OWNER, who);
	for (int i = 0; i < 3; i++)
		runs_as(AGENT, w, OWNER, false);
	ck_assert(!chown("ram/w", 0, 0));
	ck_assert(!call_as(AGENT, w, -1, "/workspace/a"));
	ck_assert_msg(strstr(refusal, "a workspace of root: no limit of processes would hold"), "%s", refusal);
}
END_TEST

static void command_setup(void)
{
	spawning_command = "/usr/bin/dash";
	spawning_changes = true;
	waived[0] = "cgroup.memory";
	waived[1] = "cgroup.pids";
	setup();
}

static void command_waived_setup(void)
{
	waived[2] = "idmapped-mounts";
	command_setup();
}

/* ---- without root ---- */

START_TEST(an_ordinary_users_calls_have_none)
{
	struct krux_str layers;

	waiting_begin();
	waiting_call(2, SPAWN_DONE);
	layers = spawning_record.field[AUDIT_LAYERS].s;
	ck_assert(memmem(layers.p, layers.n, "seccomp", 7) && !memmem(layers.p, layers.n, "idmapped", 8));
}
END_TEST

static void rootless_setup(void)
{
	spawning_rootless = true;
	spawning_setup();
}

static void waive(void)
{
	waived[0] = "idmapped-mounts";
}

int main(void)
{
	Suite *suite = suite_create("spawner idmapped");
	TCase *t = tcase_create("idmapped"), *without = tcase_create("waived"), *rootless = tcase_create("rootless"),
	      *commands = tcase_create("commands"), *root = tcase_create("commands waived");
	SRunner *r = srunner_create(suite);
	int failed;

	if (geteuid()) {
		fprintf(stderr, "test_spawner_idmapped: NOT RUN, but for one test: it takes root to make a mount\n");
	} else {
		tcase_add_unchecked_fixture(t, spawning_once, spawning_finally);
		tcase_add_checked_fixture(t, setup, teardown);
		tcase_add_test(t, it_runs_as_the_agent_and_finds_what_is_the_owners);
		tcase_add_test(t, each_agent_has_children_of_its_own);
		tcase_add_test(t, what_waits_and_what_makes_it_has_no_workspace);
		tcase_add_test(t, a_workspace_that_changes_hands_is_still_its);
		tcase_add_test(t, renamed_replaced_and_removed);
		tcase_add_test(t, a_mount_inside_is_not_entered_whenever_it_is_made);
		tcase_add_test(t, what_the_operator_takes_off_is_free);
		tcase_add_test(t, the_states_trash_is_none_of_its);
		tcase_add_test(t, without_them_it_is_refused);
		tcase_add_test(t, agents_come_and_go);
		tcase_add_test(t, killed_it_leaves_no_mount);
		tcase_add_unchecked_fixture(commands, spawning_once, spawning_finally);
		tcase_add_checked_fixture(commands, command_setup, teardown);
		tcase_add_test(commands, a_program_is_the_agent_wherever_it_comes_from);
		tcase_add_test(commands, what_a_program_makes_is_the_owners);
		tcase_add_test(commands, a_programs_workspace_changes_hands);
		tcase_add_test(commands, a_program_is_the_agent_where_its_nest_ends);
		tcase_add_unchecked_fixture(root, spawning_once, spawning_finally);
		tcase_add_checked_fixture(root, command_waived_setup, teardown);
		tcase_add_test(root, without_them_root_has_no_commands);
		tcase_add_unchecked_fixture(without, spawning_once, spawning_finally);
		tcase_add_checked_fixture(without, waive, NULL);
		tcase_add_checked_fixture(without, setup, teardown);
		tcase_add_test(without, waived_it_runs_as_the_owner_and_does_not_say_that_it_has_one);
	}
	tcase_add_unchecked_fixture(rootless, spawning_once, spawning_finally);
	tcase_add_checked_fixture(rootless, rootless_setup, spawning_teardown);
	tcase_add_test(rootless, an_ordinary_users_calls_have_none);
	suite_add_tcase(suite, t);
	suite_add_tcase(suite, rootless);
	suite_add_tcase(suite, without);
	suite_add_tcase(suite, commands);
	suite_add_tcase(suite, root);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
