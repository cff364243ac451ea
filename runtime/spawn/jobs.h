/* Commands in the background, as the spawner knows them: who runs what, the last of what it wrote, and when it has ended
 * how it did. A job is called by the seq of its intent, which its agent was answered with. */
#ifndef KRUX_JOBS_H
#define KRUX_JOBS_H

#include "capspec/limits.h"
#include "runtime/base/message.h"
#include "runtime/spawn/ring.h"
#include "runtime/spawn/spawn.h"

struct krux_capability;
struct krux_err;

/* More than can run are kept, so that there is always one that has ended, or none, in the place of which the next can
 * stand. OUTPUT: bytes of what each has written; RESULT: of FIELDS of an answer, with so many PATHS of each list at most. */
enum { JOBS_MOST = 64, JOB_OUTPUT = 256 << 10, JOB_RESULT = 64 << 10, JOB_FIELDS = 4, JOB_PATHS = 200 };
_Static_assert((int)JOBS_MOST > (int)RUNS_ALL, "a place for the next one");

enum job_state { JOB_NONE, JOB_BEGINS, JOB_RUNS, JOB_ENDED };

struct job {
	enum job_state state;          /* BEGINS: its program does not run yet, and nobody knows of it */
	uint64_t seq;
	char agent[KRUX_MAX_AGENT + 1];
	const struct krux_capability *cap;
	int64_t started, ended;        /* ns since 1970 */
	struct ring output;
	enum spawn_end end;
	char why[128];
	uint8_t *result;               /* encoded, of its capability's output what is told; NULL: none, or no memory */
	size_t nresult;
	bool less;                     /* than there was */
};

struct jobs {
	struct job job[JOBS_MOST];
};

/* A place for one more of that agent. NULL with *err: so many run. */
struct job *jobs_begin(struct jobs *, const char *agent, uint64_t seq, const struct krux_capability *, struct krux_err *err);
/* Its program did not start. */
void job_forget(struct job *);
void job_started(struct job *);
void job_ended(struct job *, const struct spawn_result *);
/* From here on it is nobody's: it is kept until it ends, and counts among all until then. */
void job_disown(struct job *);
/* All of that agent are: who is registered by that name next is somebody else. */
void jobs_disown(struct jobs *, struct krux_str agent);
/* One that has started; of any other agent there is none. */
struct job *jobs_find(struct jobs *, struct krux_str agent, uint64_t seq);
void jobs_close(struct jobs *);

/* Is that builtin about runs: then nothing but this is needed for an answer. Of one that asks for a signal *signal is
 * that, to *job, once it is sent; else 0. */
bool jobs_asked(const struct krux_capability *);
void jobs_answer(struct jobs *, const struct krux_capability *, struct krux_str agent, const struct krux_value *args,
                 struct krux_pool *, struct spawn_result *out, struct job **job, int *signal);

#endif
