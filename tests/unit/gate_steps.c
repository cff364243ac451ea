/* Steps of tests: each sends, waits, and holds what comes against what has to come. */
#include "tests/unit/gate_steps.h"

#include <check.h>
#include <string.h>

const struct frame *f;
uint8_t ticket[32];

const char one[] = "{\"path\":\"/workspace/a\"}", two[] = "{\"path\":\"/workspace/both/a\"}";

/* Makes a call that is deferred, and keeps its ticket. */
void defer(struct client *c, uint64_t id, const char *json, unsigned flags)
{
	client_call(c, id, "filesystem.delete", json, flags);
	f = client_wait(c);
	ck_assert_msg(f && f->kind == FRAME_ANSWER && f->answer.end == FRAME_END_DEFERRED, "end %d",
	              f && f->kind == FRAME_ANSWER ? (int)f->answer.end : -1);
	ck_assert_ptr_nonnull(f->answer.ticket);
	memcpy(ticket, f->answer.ticket, 32);
}

void ask(struct client *c, uint64_t id, enum frame_ticket what)
{
	client_send(c, &(struct frame){ .kind = FRAME_TICKET, .has_id = true, .id = id,
	                                .ticket = { .ticket = ticket, .what = what } });
}

void answered(struct client *c, uint64_t id, enum frame_end end)
{
	f = client_wait(c);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(f->kind, FRAME_ANSWER);
	ck_assert_uint_eq(f->id, id);
	ck_assert_msg(f->answer.end == end, "%s: %.*s", frame_end_word((unsigned)f->answer.end), (int)f->answer.why.n,
	              f->answer.why.p ? f->answer.why.p : "");
}

void done(struct client *s)
{
	f = client_wait(s);
	ck_assert_ptr_nonnull(f);
	ck_assert_msg(f->kind == FRAME_S_DONE, "%.*s", f->kind == FRAME_S_REFUSED ? (int)f->s_refused.why.n : 0, f->s_refused.why.p);
}

void refused(struct client *s, const char *why)
{
	f = client_wait(s);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(f->kind, FRAME_S_REFUSED);
	ck_assert_msg(frame_says(f->s_refused.why, why), "%.*s", (int)f->s_refused.why.n, f->s_refused.why.p);
}

void decided(struct client *s, uint64_t id, const uint8_t card[static 32], const char *verdict, const char *who,
             const struct krux_secret_key *key)
{
	do {
		client_decide(s, id++, card, verdict, who, key);
		f = client_wait(s);
		ck_assert_ptr_nonnull(f);
	} while (f->kind == FRAME_S_REFUSED && frame_says(f->s_refused.why, "it is being decided just now"));
	ck_assert_msg(f->kind == FRAME_S_DONE, "%.*s", f->kind == FRAME_S_REFUSED ? (int)f->s_refused.why.n : 0, f->s_refused.why.p);
}
