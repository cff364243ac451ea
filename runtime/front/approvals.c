/* kruxrt approvals: what waits for a person, and what that person decides. Signing happens here, over the
 * ticket, after the record that it is the hash of has been looked at. */
#include "runtime/front/front.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/audit.h"
#include "runtime/front/card.h"
#include "runtime/front/card_changes.h"
#include "runtime/front/ctl.h"
#include "runtime/front/options.h"
#include "runtime/front/show.h"

#include "capspec/canon.h"
#include "capspec/guard.h"
#include "capspec/key.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char help[] =
"kruxrt approvals list | watch\n"
"kruxrt approvals show|propose TICKET [--full]\n"
"kruxrt approvals accept|reject TICKET --key KEY [--reason TEXT]\n"
"\n"
"Calls that a person has to approve. TICKET is its hash, or its first 8\n"
"or more digits.\n"
"\n"
"list      prints those that wait; watch: what becomes of them, as it happens\n"
"show      prints exactly what will run, from the record that the hash is of\n"
"accept    shows it, signs the ticket with the approver's key, and sends that\n"
"reject    the same: the call will not run\n"
"propose   prints a rule that would allow such calls; it grants nothing\n"
"\n"
"  --key KEY         the approver's secret key, which stays here\n"
"  --reason TEXT     is recorded\n"
"  --bundle F        show the rule's line, from the bundle that decided\n"
"  --full            long texts too, and bytes of changes that are no text;\n"
"                    accept takes what is cut without it with it only\n"
"  --large           accept arguments too large for the record: the daemon's word\n"
"  --socket PATH     the daemon's supervisor socket\n"
"  --json            print JSON\n"
"\n"
"Exit: 0 done; 1 refused, or no such ticket; 2 wrong usage; 3 the system failed.\n";

struct approvals {
	const char *what, *ticket, *key, *reason, *socket, *bundle;
	bool full, large, json, help;
	struct krux_pool *pool;
	struct supervisor s;
};

static int fail(const struct approvals *a, int code, const char *why)
{
	fprintf(stderr, "kruxrt approvals %s: ", a->what);
	screen_puts(stderr, why);
	fputc('\n', stderr);
	return code;
}

static const char unwritten[] = "what there is to be shown cannot be written";

static int gone(const struct approvals *a, enum supervisor_result result, const struct krux_err *err)
{
	char command[64];

	snprintf(command, sizeof command, "approvals %s", a->what);
	return supervisor_fail(command, result, err);
}

/* ---- list ---- */

static enum supervisor_result tickets(struct approvals *a, const struct krux_value **item, size_t *n,
                                      struct krux_value *all, struct krux_err *err)
{
	struct frame q = { .kind = FRAME_S_TICKETS };
	enum supervisor_result result = supervisor_json(&a->s, &q, a->pool, all, err);

	*item = result ? NULL : show_list(all, "tickets", n);
	return result;
}

static void expiry_print(const struct krux_value *t)
{
	struct timespec now;
	int64_t ns, left;
	const char *why;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!krux_read_datetime(show_text(t, "expires"), &ns, &why)) {
		putchar('?');
		return;
	}
	left = ns / 1000000000 - now.tv_sec;
	if (left <= 0)
		fputs("now", stdout);
	else if (left < 7200)
		printf("%lldm %llds", (long long)left / 60, (long long)left % 60);
	else
		printf("%lldh", (long long)left / 3600);
}

static int list(struct approvals *a)
{
	const struct krux_value *item;
	enum supervisor_result result;
	struct krux_err err = { 0 };
	struct krux_value all;
	size_t n;

	result = tickets(a, &item, &n, &all, &err);
	if (result)
		return gone(a, result, &err);
	if (a->json)
		return show_json(&all, stdout) ? fail(a, EXIT_SYSTEM, unwritten) : EXIT_YES;
	printf("%-16s %-20s %-26s %-24s %s\n", "TICKET", "AGENT", "CAPABILITY", "RULE", "EXPIRES IN");
	for (size_t i = 0; i < n; i++) {
		struct krux_str ticket = show_text(&item[i], "ticket");

		show_cell(stdout, (struct krux_str){ ticket.p, ticket.n < 16 ? ticket.n : 16 }, 16);
		putchar(' ');
		show_cell(stdout, show_text(&item[i], "agent"), 20);
		putchar(' ');
		show_cell(stdout, show_text(&item[i], "capability"), 26);
		putchar(' ');
		show_cell(stdout, show_text(&item[i], "rule"), 24);
		putchar(' ');
		expiry_print(&item[i]);
		putchar('\n');
	}
	return EXIT_YES;
}

/* ---- one ticket ---- */

/* The ticket that the digits name. */
static int ticket_find(struct approvals *a, uint8_t out[static 32])
{
	struct krux_str given = { a->ticket, strlen(a->ticket) };
	const struct krux_value *item;
	enum supervisor_result result;
	struct krux_err err = { 0 };
	struct krux_value all;
	unsigned found = 0;
	size_t n;

	if (given.n == 64 && krux_hex_read(given, out, 32))
		return EXIT_YES;
	if (given.n < 8 || given.n > 64 || strspn(given.p, "0123456789abcdef") != given.n)
		return fail(a, EXIT_USAGE, "a ticket is the 64 digits of its hash, or the first 8 or more of them");
	result = tickets(a, &item, &n, &all, &err);
	if (result)
		return gone(a, result, &err);
	for (size_t i = 0; i < n; i++) {
		struct krux_str ticket = show_text(&item[i], "ticket");

		found += ticket.n == 64 && !memcmp(ticket.p, given.p, given.n) && krux_hex_read(ticket, out, 32);
	}
	if (found == 1)
		return EXIT_YES;
	return fail(a, EXIT_NO, found ? "several tickets begin so" : "no ticket that waits begins so");
}

static int ticket_read(struct approvals *a, const uint8_t ticket[static 32], struct krux_value *told)
{
	struct frame q = { .kind = FRAME_S_TICKETS, .s_tickets.ticket = ticket };
	enum supervisor_result result;
	struct krux_err err = { 0 };
	uint8_t named[32];

	result = supervisor_json(&a->s, &q, a->pool, told, &err);
	if (result)
		return gone(a, result, &err);
	if (!krux_hex_read(show_text(told, "ticket"), named, sizeof named) || memcmp(named, ticket, 32) != 0)
		return fail(a, EXIT_SYSTEM, "the daemon told of another ticket");
	return EXIT_YES;
}

/* The card that the digits name, held against its ticket. */
static int card_read(struct approvals *a, struct krux_value *told, struct card *card)
{
	struct krux_err err = { 0 };
	uint8_t ticket[32];
	int code = ticket_find(a, ticket);

	if (!code)
		code = ticket_read(a, ticket, told);
	if (code)
		return code;
	if (!card_check(a->pool, told, card, &err))
		return fail(a, EXIT_NO, err.text);
	if (a->bundle && card_source(card, a->pool, a->bundle, &err))
		return fail(a, EXIT_USAGE, err.text);
	return EXIT_YES;
}

/* What the daemon says; in place of the change set as it is, what there is to see of it. */
static int card_json(struct approvals *a, const struct card *card, struct krux_value *told)
{
	struct krux_value changes;

	if (card->has_changes && !card_changes_value(a->pool, &card->changes, &changes))
		return fail(a, EXIT_SYSTEM, "out of memory");
	for (size_t i = 0; card->has_changes && i < told->map.n; i++)
		if (krux_str_eq(told->map.member[i].key, KRUX_STR("changes")))
			((struct krux_member *)(uintptr_t)told->map.member)[i].value = changes;
	return show_json(told, stdout) ? fail(a, EXIT_SYSTEM, unwritten) : EXIT_YES;
}

static int show(struct approvals *a)
{
	struct krux_value told;
	struct card card;
	int code = card_read(a, &told, &card);

	if (code)
		return code;
	if (a->json)
		return card_json(a, &card, &told);
	card_print(&card, a->full, stdout);
	return EXIT_YES;
}

static bool sign(const struct krux_secret_key *key, const uint8_t ticket[static 32], const char *decision,
                 uint8_t out[static KRUX_SIGNATURE])
{
	char message[32 + 8];
	size_t n = strlen(decision);

	memcpy(message, ticket, 32);
	memcpy(message + 32, decision, n);
	return krux_key_sign(key, FRAME_DOMAIN_APPROVE, (struct krux_str){ message, 32 + n }, out);
}

static int decision_send(struct approvals *a, const struct krux_secret_key *key, const uint8_t ticket[static 32])
{
	struct frame q = { .kind = FRAME_S_DECIDE }, done;
	uint8_t signature[KRUX_SIGNATURE];
	enum supervisor_result result;
	struct krux_err err = { 0 };

	if (!sign(key, ticket, a->what, signature))
		return fail(a, EXIT_SYSTEM, "out of memory");
	q.s_decide.ticket = ticket;
	q.s_decide.decision = (struct krux_str){ a->what, strlen(a->what) };
	q.s_decide.approver = (struct krux_str){ key->name, strlen(key->name) };
	q.s_decide.signature = signature;
	if (a->reason)
		q.s_decide.reason = (struct krux_str){ a->reason, strlen(a->reason) };
	result = supervisor_ask(&a->s, &q, FRAME_S_DONE, &done, &err);
	if (result)
		return gone(a, result, &err);
	if (a->json)
		printf("{\"record\":%llu}\n", (unsigned long long)done.s_done.record);
	else
		printf("%sed by %s (record %llu)\n", a->what, key->name, (unsigned long long)done.s_done.record);
	return EXIT_YES;
}

/* Nobody accepts what was not to be seen; a program that reads JSON has asked for it before. */
static int card_shown(const struct approvals *a, const struct card *card)
{
	const bool accept = !strcmp(a->what, "accept");
	const unsigned hidden = a->json ? 0 : card_print(card, a->full, stdout);

	if (fflush(stdout) || ferror(stdout))
		return fail(a, EXIT_SYSTEM, "the ticket cannot be shown, and is not decided");
	if (card->args_told && !a->large && accept)
		return fail(a, EXIT_NO, "the arguments are too large for the record, and are shown as the daemon tells "
		            "them; --large accepts that");
	if (hidden && accept)
		return fail(a, EXIT_NO, "something was left out above; with --full all is shown, and accepted");
	return EXIT_YES;
}

static int decide(struct approvals *a)
{
	struct krux_refusal why = { "", "" };
	struct krux_secret_key key;
	struct krux_err err = { 0 };
	struct krux_value told;
	struct card card;
	int code = card_read(a, &told, &card);

	if (!code)
		code = card_shown(a, &card);
	if (code)
		return code;
	if (!krux_key_secret_read(a->key, &key, &why)) {
		err_set(&err, 0, "%s: %s", a->key, why.why);
		return fail(a, EXIT_USAGE, err.text);
	}
	code = decision_send(a, &key, card.ticket);
	krux_key_wipe(&key);
	return code;
}

static int propose(struct approvals *a)
{
	struct frame q = { .kind = FRAME_S_PROPOSE };
	enum supervisor_result result;
	struct krux_err err = { 0 };
	struct krux_value v;
	struct krux_str text;
	uint8_t ticket[32];
	int code = ticket_find(a, ticket);

	if (code)
		return code;
	q.s_propose.ticket = ticket;
	result = supervisor_json(&a->s, &q, a->pool, &v, &err);
	if (result)
		return gone(a, result, &err);
	if (a->json)
		return show_json(&v, stdout) ? fail(a, EXIT_SYSTEM, unwritten) : EXIT_YES;
	text = show_text(&v, "proposal");
	while (text.n) {
		const char *stop = memchr(text.p, '\n', text.n);
		size_t n = stop ? (size_t)(stop - text.p) : text.n;

		screen_json(stdout, (struct krux_str){ text.p, n });
		putchar('\n');
		text.p += n + (stop != NULL);
		text.n -= n + (stop != NULL);
	}
	return EXIT_YES;
}

/* ---- watch ---- */

static bool about_tickets(const struct record *r)
{
	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_DEFERRED:
	case AUDIT_KIND_SIGNED:
	case AUDIT_KIND_EXPIRED:
	case AUDIT_KIND_STALE:
	case AUDIT_KIND_WITHDRAWN:
		return true;
	default:
		return record_has(r, AUDIT_TICKET);
	}
}

static void event_print(const struct approvals *a, struct krux_str bytes)
{
	uint8_t leaf[HASH_LEN];
	const char *why;
	struct record r;
	char hex[17] = "";
	size_t used;

	if (!record_decode((const uint8_t *)bytes.p, bytes.n, &r, &used, &why) || used != bytes.n || !about_tickets(&r))
		return;
	record_leaf((const uint8_t *)bytes.p, used, leaf);
	if (a->json) {
		audit_print_json(&r, leaf, stdout);
	} else {
		krux_hex_write(record_has(&r, AUDIT_TICKET) ? (const uint8_t *)r.field[AUDIT_TICKET].s.p : leaf, 8, hex);
		printf("%s ", hex);
		audit_print_line(&r, stdout);
	}
	fflush(stdout);
}

static int watch(struct approvals *a)
{
	struct frame q = { .kind = FRAME_S_WATCH }, f;
	enum supervisor_result result;
	struct krux_err err = { 0 };

	result = supervisor_ask(&a->s, &q, FRAME_S_ANSWER, &f, &err);
	if (!result && !a->json) {
		list(a);
		fflush(stdout);
	}
	while (!result && !ferror(stdout)) {
		result = supervisor_event(&a->s, &f, &err);
		if (!result)
			event_print(a, f.s_event.record);
	}
	return result ? gone(a, result, &err) : EXIT_YES;
}

/* ---- the command ---- */

static const struct verb {
	const char *name;
	int (*run)(struct approvals *);
	bool ticket, key;
} verbs[] = {
	{ "list", list, false, false },      { "show", show, true, false },
	{ "accept", decide, true, true },    { "reject", decide, true, true },
	{ "propose", propose, true, false }, { "watch", watch, false, false },
};

static enum supervisor_result begin(struct approvals *a, struct krux_err *err)
{
	const struct act_place at = { .daemon = &a->s, .socket = a->socket, .operator = a->key };
	const struct typed_place bundle = { .place = PLACE_CTL_GIVEN, .path = a->bundle };
	enum supervisor_result result = ctl_begin(&at, &bundle, 1, err);

	return result ? result : supervisor_greet(&a->s, err);
}

static int verb_run(struct approvals *a, const struct verb *v)
{
	struct krux_refusal why = { "", "" };
	enum supervisor_result result;
	struct krux_err err = { 0 };
	int code;

	if (v->key && !a->key)
		return fail(a, EXIT_USAGE, "--key KEY says who decides");
	if (v->key && !krux_guard(&why))
		return fail(a, EXIT_SYSTEM, why.why);
	a->pool = krux_pool_new((size_t)256 << 20);
	if (!a->pool)
		return fail(a, EXIT_SYSTEM, "out of memory");
	result = begin(a, &err);
	code = result ? gone(a, result, &err) : v->run(a);
	/* What was decided is, whether or not that can be shown. */
	if (code == EXIT_YES && !v->key && (fflush(stdout) || ferror(stdout)))
		code = fail(a, EXIT_SYSTEM, unwritten);
	supervisor_close(&a->s);
	krux_pool_free(a->pool);
	return code;
}

int approvals_command(int argc, char **argv)
{
	struct approvals a = { .what = "", .s.stream.fd = -1 };
	const struct option_spec specs[] = {
		{ .name = "--key", .value = &a.key },       { .name = "--reason", .value = &a.reason },
		{ .name = "--socket", .value = &a.socket }, { .name = "--bundle", .value = &a.bundle },
		{ .name = "--full", .flag = &a.full },      { .name = "--large", .flag = &a.large },
		{ .name = "--json", .flag = &a.json },      { .name = "--help", .flag = &a.help },
		{ .name = NULL },
	};
	const char *operand[2];
	size_t n;

	if (!options_parse("approvals", argc, argv, specs, operand, 2, &n))
		return EXIT_USAGE;
	if (a.help) {
		fputs(help, stdout);
		return EXIT_YES;
	}
	for (size_t i = 0; n && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(operand[0], verbs[i].name) != 0 || n != 1 + (size_t)verbs[i].ticket)
			continue;
		a.what = verbs[i].name;
		a.ticket = verbs[i].ticket ? operand[1] : NULL;
		return verb_run(&a, &verbs[i]);
	}
	fputs(help, stderr);
	return EXIT_USAGE;
}
