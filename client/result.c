/* Answers to results: one block of memory that holds all of its texts. */
#include "client/conn.h"

#include "client/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct outcome *outcome_new(const struct pending *p, size_t room)
{
	struct outcome *o = calloc(1, sizeof *o + room);

	if (!o)
		return NULL;
	o->pub = (struct krux_result){
		.id = p->id, .ctx = p->ctx, .sent = p->sent, .decision = -1, .would = -1, .output_fd = -1,
	};
	return o;
}

/* Copies s behind *at, with a NUL. NULL stays NULL. */
static const char *text_copy(char **at, struct krux_str s)
{
	char *to = *at;

	if (!s.p)
		return NULL;
	if (s.n)
		memcpy(to, s.p, s.n);
	to[s.n] = 0;
	*at += s.n + 1;
	return to;
}

struct outcome *outcome_fault(const struct pending *p, const struct krux_fault *f)
{
	struct krux_str why = { f->text, strlen(f->text) };
	struct outcome *o = outcome_new(p, why.n + 1);
	char *at;

	if (!o)
		return NULL;
	at = o->text;
	o->pub.code = f->code;
	o->pub.end = KRUX_END_UNKNOWN;
	o->pub.why = text_copy(&at, why);
	o->pub.retry_ms = f->retry_ms;
	return o;
}

struct outcome *outcome_end(const struct pending *p, enum krux_end end, struct krux_str output)
{
	struct outcome *o = outcome_new(p, output.n + 1);
	char *at;

	if (!o)
		return NULL;
	at = o->text;
	o->pub.end = end;
	o->pub.output = text_copy(&at, output);
	o->pub.output_len = output.n;
	return o;
}

/* ---- outputs in a memory file ---- */

static int file_bad(int fd, struct krux_fault *fault)
{
	if (fd >= 0)
		close(fd);
	return fault_set(fault, KRUX_E_PROTOCOL, 0, "the daemon sent a large output that is no sealed memory file "
	                 "of its size");
}

static int file_map(struct krux *k, uint64_t size, struct outcome *o, struct krux_fault *fault)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd = stream_passed(&k->stream), have;
	struct stat st;
	void *p;

	if (fd < 0)
		return file_bad(fd, fault);
	have = fcntl(fd, F_GET_SEALS);
	if (have < 0 || (have & seals) != seals || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 0 ||
	    (uint64_t)st.st_size != size)
		return file_bad(fd, fault);
	if (size > k->max_output) {
		close(fd);
		o->pub.code = KRUX_E_TOO_LARGE;
		o->pub.why = "the output is larger than max_output";
		return KRUX_OK;
	}
	o->pub.output_fd = fd;
	o->pub.output = "";
	o->pub.output_len = (size_t)size;
	if (!size)
		return KRUX_OK;
	p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		o->pub.code = KRUX_E_MEMORY;
		o->pub.why = "the output could not be mapped";
		o->pub.output = NULL;
		return KRUX_OK;
	}
	o->pub.output = o->map = p;
	o->nmap = (size_t)size;
	return KRUX_OK;
}

/* ---- answers ---- */

static size_t answer_room(const struct frame *f)
{
	const struct krux_str text[] = {
		f->answer.rule, f->answer.source, f->answer.reason, f->answer.remedy, f->answer.output,
		f->answer.error, f->answer.message, f->answer.recover, f->answer.hint, f->answer.where,
		f->answer.why,
	};
	size_t n = 32;

	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		n += text[i].n + 1;
	return n;
}

static void answer_copy(const struct frame *f, struct outcome *o)
{
	struct krux_result *r = &o->pub;
	char *at = o->text;

	r->end = (enum krux_end)f->answer.end;
	if (f->answer.ticket) {
		r->ticket = memcpy(at, f->answer.ticket, 32);
		at += 32;
	}
	r->rule = text_copy(&at, f->answer.rule);
	r->source = text_copy(&at, f->answer.source);
	r->reason = text_copy(&at, f->answer.reason);
	r->remedy = text_copy(&at, f->answer.remedy);
	r->error = text_copy(&at, f->answer.error);
	r->message = text_copy(&at, f->answer.message);
	r->recover = text_copy(&at, f->answer.recover);
	r->hint = text_copy(&at, f->answer.hint);
	r->where = text_copy(&at, f->answer.where);
	r->why = text_copy(&at, f->answer.why);
	r->output = text_copy(&at, f->answer.output);
	r->output_len = f->answer.output.n;
	if (f->answer.has_verdict)
		r->decision = r->would = (int)f->answer.verdict;
	if (f->answer.has_would)
		r->would = (int)f->answer.would;
	r->has_record = f->answer.has_record;
	r->record = f->answer.record;
	r->durable = !f->answer.has_durable || f->answer.durable;
	if (f->answer.has_retry)
		r->retry_ms = f->answer.retry < UINT32_MAX ? (uint32_t)f->answer.retry : UINT32_MAX;
}

struct outcome *outcome_answer(struct krux *k, const struct pending *p, const struct frame *f, int *code,
                               struct krux_fault *fault)
{
	struct outcome *o = outcome_new(p, answer_room(f));

	*code = KRUX_OK;
	if (!o) {
		*code = fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a result");
		return NULL;
	}
	answer_copy(f, o);
	if (f->answer.output.n > k->max_output) {
		o->pub.code = KRUX_E_TOO_LARGE;
		o->pub.why = "the output is larger than max_output";
	}
	if (f->answer.has_size)
		*code = file_map(k, f->answer.size, o, fault);
	if (*code) {
		krux_result_free(&o->pub);
		return NULL;
	}
	return o;
}

void krux_result_free(struct krux_result *r)
{
	struct outcome *o = (struct outcome *)r;

	if (!o)
		return;
	if (o->map)
		munmap((void *)(uintptr_t)o->map, o->nmap);
	if (o->pub.output_fd >= 0)
		close(o->pub.output_fd);
	free(o);
}
