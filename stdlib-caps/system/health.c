/* system.health: the figures of the machine to a judgement. */
#include <stdio.h>
#include <string.h>

#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/system/figures.h"

enum { CHECKS = 4 };
enum state { HEALTHY, DEGRADED, UNHEALTHY };

struct checks {
	struct handler_call *call;
	struct krux_value value[CHECKS];
	unsigned n;
	enum state worst;
	bool ok;
};

bool system_health_open(struct handler_call *c)
{
	(void)c;
	return true;
}

static const char *state_word(enum state s)
{
	return s == HEALTHY ? "healthy" : s == DEGRADED ? "degraded" : "unhealthy";
}

static void check_add(struct checks *k, const char *name, enum state s, const char *message)
{
	char *copy = krux_pool_copy(k->call->pool, message, strlen(message));
	struct answer a;

	answer_begin(&a, copy ? k->call->pool : NULL);
	answer_word(&a, "name", name);
	answer_word(&a, "status", state_word(s));
	answer_word(&a, "message", copy ? copy : "");
	k->ok &= answer_end(&a, &k->value[k->n++]);
	k->worst = s > k->worst ? s : k->worst;
}

/* Under 10 % left is degraded, under 3 % unhealthy. */
static void check_left(struct checks *k, const char *name, uint64_t left, uint64_t total)
{
	unsigned percent = total ? (unsigned)(left / (total / 100 + 1)) : 0;
	char text[64];

	snprintf(text, sizeof text, "%u %% is left.", percent);
	check_add(k, name, percent < 3 ? UNHEALTHY : percent < 10 ? DEGRADED : HEALTHY, text);
}

static void check_load(struct checks *k, const struct load *l)
{
	unsigned processors = figures_processors(), each = l->hundredths[1] / processors;
	char text[128];

	snprintf(text, sizeof text,
	         "%u.%02u processes ran or waited over 5 minutes, on %u processors.",
	         l->hundredths[1] / 100, l->hundredths[1] % 100, processors);
	check_add(k, "load", each >= 1000 ? UNHEALTHY : each >= 200 ? DEGRADED : HEALTHY, text);
}

bool system_health_run(struct handler_call *c)
{
	struct checks *k = krux_pool_get(c->pool, sizeof *k);
	struct memory memory;
	struct disk disk;
	struct load load;
	struct answer a;
	char text[257];

	if (!k)
		return handler_memory(c, "Unavailable");
	*k = (struct checks){ .call = c, .ok = true };
	if (!figures_memory(c, c->host[0], &memory) || !figures_disk(c, &disk) ||
	    !figures_load(c, c->host[1], &load))
		return false;
	check_left(k, "memory", memory.available, memory.total);
	check_left(k, "disk", disk.available, disk.total);
	check_load(k, &load);
	snprintf(text, sizeof text, "This call is confined by: %s", c->confined);
	check_add(k, "sandbox", *c->confined ? HEALTHY : UNHEALTHY, text);
	answer_begin(&a, k->ok ? c->pool : NULL);
	answer_word(&a, "overall_status", state_word(k->worst));
	answer_list(&a, "checks", k->value, k->n);
	return answer_give(&a, c, "Unavailable");
}
