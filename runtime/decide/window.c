/* Moments to sums. The ring is sorted by time: an entry comes in at its end, unless the clock was
 * set back, and leaves at its start, so that each costs the same whatever the window holds. */
#include "runtime/decide/window.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 8 };

static struct window_entry *at(const struct window *w, uint32_t i)
{
	return &w->entry[(w->first + i) & (w->room - 1)];
}

bool window_open(struct window *w, uint64_t per, uint32_t expected)
{
	uint32_t room = ROOM;

	while (room < expected && room < WINDOW_MOST)
		room *= 2;
	*w = (struct window){ .per = per, .room = room };
	w->entry = malloc(room * sizeof *w->entry);
	return w->entry != NULL;
}

void window_close(struct window *w)
{
	free(w->entry);
	*w = (struct window){ 0 };
}

static void oldest_drop(struct window *w)
{
	w->first = (w->first + 1) & (w->room - 1);
	w->n--;
	w->past--;
}

/* Moves the edge to where it is at this moment. */
static void advance(struct window *w, uint64_t now)
{
	uint64_t edge = w->per && now > w->per ? now - w->per : 0;

	w->edge = edge;
	while (edge && w->past < w->n && at(w, w->past)->when <= edge)
		w->sum -= at(w, w->past++)->amount;
	while (w->past && (!edge || at(w, w->past - 1)->when > edge))
		w->sum += at(w, --w->past)->amount;
	while (w->past && edge > w->per && at(w, 0)->when <= edge - w->per)
		oldest_drop(w);
}

/* Two to one, of the later time; the sum follows where they are more than a number holds. */
static void oldest_merge(struct window *w)
{
	struct window_entry *a = at(w, 0), *b = at(w, 1);
	krux_u128 both = (krux_u128)a->amount + b->amount;

	b->amount = both > UINT64_MAX ? UINT64_MAX : (uint64_t)both;
	w->sum -= both - b->amount;
	w->first = (w->first + 1) & (w->room - 1);
	w->n--;
}

static bool grow(struct window *w)
{
	uint32_t room = 2 * w->room;
	struct window_entry *e = room <= WINDOW_MOST ? malloc(room * sizeof *e) : NULL;

	if (!e)
		return false;
	for (uint32_t i = 0; i < w->n; i++)
		e[i] = *at(w, i);
	free(w->entry);
	w->entry = e;
	w->room = room;
	w->first = 0;
	return true;
}

void window_add(struct window *w, uint64_t when, uint64_t amount)
{
	uint32_t i;

	if (!amount)
		return;
	if (w->n == w->room && !grow(w)) {
		if (w->past)
			oldest_drop(w);
		else
			oldest_merge(w);
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): below n all are filled */
	for (i = w->n++; i && at(w, i - 1)->when > when; i--)
		*at(w, i) = *at(w, i - 1);
	*at(w, i) = (struct window_entry){ when, amount };
	if (w->edge && when <= w->edge)
		w->past++;
	else
		w->sum += amount;
}

static uint64_t number(krux_u128 sum)
{
	return sum > UINT64_MAX ? UINT64_MAX : (uint64_t)sum;
}

uint64_t window_sum(struct window *w, uint64_t now)
{
	advance(w, now);
	return number(w->sum + w->pending);
}

void window_claim(struct window *w, uint64_t amount)
{
	w->pending += amount;
}

void window_forget(struct window *w, uint64_t amount)
{
	w->pending -= amount < w->pending ? amount : w->pending;
}

void window_record(struct window *w, uint64_t when, uint64_t amount)
{
	window_forget(w, amount);
	window_add(w, when, amount);
}

uint64_t window_wait(struct window *w, uint64_t now, uint64_t max, uint64_t amount)
{
	krux_u128 sum;
	uint64_t end;

	advance(w, now);
	if (amount > max)
		return UINT64_MAX;
	sum = w->sum + w->pending;
	if (sum <= max - amount)
		return 0;
	if (!w->per)
		return UINT64_MAX;
	for (uint32_t i = w->past; i < w->n; i++) {
		sum -= at(w, i)->amount;
		if (sum > max - amount)
			continue;
		if (__builtin_add_overflow(at(w, i)->when, w->per, &end))
			return UINT64_MAX;
		return end > now ? end - now : 0;
	}
	/* What is not recorded yet will be, about now. */
	return w->per;
}
