/* kruxrt audit verify: findings to words. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/audit_signed.h"
#include "runtime/front/audit_open.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/front/progress.h"
#include "runtime/record/head.h"
#include "runtime/record/log.h"
#include "runtime/record/verify.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const checked[] = {
	"every byte belongs to a record that only this encoder writes",
	"numbers run from 0 without gaps, every record names the hash of the one before",
	"outcomes belong to intents, and every intent has one",
	"clocks only go forward, and not by more than the time since boot",
	"blobs fit their names",
	"each segment begins with the state that the records before it lead to",
	"signatures under acts, decisions and tickets",
};
static const char checked_head[] = "the last record is the one that was written last (log/head)";
/* What is said of signatures, as far as they go. */
static const char no_key[] =
	"trust/logs holds no key of this log: whoever can write the folder can rewrite all of it";
static const char unsigned_yet[] =
	"nothing is signed yet: whoever can write the folder can rewrite all of it";
static const char no_since[] =
	"nothing was signed since an operator acknowledged a loss: whoever can write the folder can rewrite what came "
	"since";
static const char no_witness[] =
	"no witness has cosigned: whoever has the key of the log can rewrite all of it";
static const char removed[] =
	"log/checkpoint and log/checkpoints are gone, though a start was certified to sign them: what was signed is "
	"not known any more";
static const char no_last[] =
	"log/checkpoint is gone: what was signed last is known from log/checkpoints, if it is whole";
static const char no_history[] =
	"log/checkpoints is gone: nothing is compared with what was signed before the last checkpoint";
static const char no_head[] =
	"log/head is missing or damaged: records that are missing at the end would not be noticed";
static const char half_head[] =
	"one half of log/head is damaged: records of the last commit that are missing at the end would not be noticed";
static const char no_copy[] =
	"a whole older folder put in place of this one looks the same: give a checkpoint that was held "
	"elsewhere (--checkpoint), or ask the witnesses (krux-witness)";

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define U(x) ((unsigned long long)(x))

static void print_time(FILE *f, uint64_t wall)
{
	char text[64];
	int n = krux_datetime_text((int64_t)wall, text, sizeof text);

	fprintf(f, "%.*s", n > 0 ? n : 0, text);
}

static void print_finding(const struct finding *x, bool one)
{
	printf("%s %s: ", finding_is_fault(x->kind) ? "FAULT" : "note ", finding_word(x->kind));
	if (x->seq != UINT64_MAX)
		printf("record %llu, ", U(x->seq));
	if (!one)
		printf("segment %llu, ", U(x->segment));
	printf("bytes %llu..%llu: %s\n", U(x->at), U(x->at + x->length), x->text);
}

/* Without the head the log may have gone on. The one of a live log may be half written. */
static bool is_untold(const struct verify_report *r)
{
	return r->head < (r->live ? 1 : HEAD_SLOTS);
}

/* What could not be checked, NULL behind the last. */
enum { UNCHECKED = 7 };

static void unchecked_find(const struct verify_report *r, const struct signed_report *g, const char *out[static UNCHECKED])
{
	size_t n = 0;

	if (is_untold(r))
		out[n++] = r->head ? half_head : no_head;
	if (!g->key)
		out[n++] = no_key;
	else if (!g->checkpoints)
		out[n++] = g->epochs && g->no_last && g->no_history ? removed : unsigned_yet;
	else if (!g->witnessed)
		out[n++] = no_witness;
	if (g->key && !g->since)
		out[n++] = no_since;
	if (g->checkpoints && g->no_last)
		out[n++] = no_last;
	if (g->checkpoints && g->no_history)
		out[n++] = no_history;
	if (!g->elsewhere)
		out[n++] = no_copy;
	out[n] = NULL;
}

static void print_signed(const struct signed_report *g)
{
	if (g->checkpoints)
		printf("             %zu signed checkpoints up to record %llu, by %u certified starts\n", g->checkpoints,
		       U(g->last), g->epochs);
	if (g->acknowledged)
		printf("             %zu of records whose loss an operator acknowledged, which the log need not have\n",
		       g->acknowledged);
	if (g->witnessed)
		printf("             %u witness%s cosigned the first %llu records\n", g->witnesses,
		       g->witnesses == 1 ? "" : "es", U(g->witnessed));
}

static void print_text(const struct state *s, const struct verify_report *r, const struct signed_report *g)
{
	const char *sep = "", *unchecked[UNCHECKED];
	uint64_t faults = r->faults + g->faults;

	unchecked_find(r, g, unchecked);
	printf("log      ");
	screen_puts(stdout, s->path);
	printf("/log, %llu segment%s\norigin   ", U(r->segments), r->segments == 1 ? "" : "s");
	screen_put(stdout, r->origin);
	printf("\nrecords  %llu in %llu bytes", U(r->records), U(r->bytes));
	for (unsigned k = 0; k < COUNT(r->kinds); k++) {
		if (!r->kinds[k])
			continue;
		printf("%s%llu %s", *sep ? sep : ": ", U(r->kinds[k]), record_kind_word(k));
		sep = ", ";
	}
	if (r->records) {
		printf("\ntime     ");
		print_time(stdout, r->first_wall);
		printf(" to ");
		print_time(stdout, r->last_wall);
	}
	printf("\n\n");
	for (size_t i = 0; i < r->nfindings; i++)
		print_finding(&r->finding[i], r->segments == 1);
	if (r->faults + r->notes > r->nfindings)
		printf("and %llu more\n", U(r->faults + r->notes - r->nfindings));
	for (size_t i = 0; i < g->faults && i < SIGNED_LINES; i++)
		printf("FAULT signed: %s\n", g->fault[i]);
	if (r->nfindings || g->faults)
		putchar('\n');
	for (size_t i = 0; i < COUNT(checked); i++)
		printf("%s%s\n", i ? "             " : "checked      ", checked[i]);
	if (!is_untold(r))
		printf("             %s\n", checked_head);
	printf("             (%llu blobs, %llu states, %llu signatures)\n", U(r->blobs), U(r->states), U(r->signatures));
	print_signed(g);
	for (size_t i = 0; unchecked[i]; i++)
		printf("%s%s\n", i ? "             " : "not checked  ", unchecked[i]);
	if (r->unsigned_)
		printf("             %llu signatures hold, but the log does not name their keys\n", U(r->unsigned_));
	if (r->underived)
		printf("             %llu states behind records that are damaged\n", U(r->underived));
	if (r->live)
		printf("             the log is being written: what came while this looked\n");
	if (faults)
		printf("\nNOT whole: %llu fault%s\n", U(faults), faults == 1 ? "" : "s");
	else if (is_untold(r))
		printf("\nCANNOT BE TOLD: log/head is not whole, so that whether records followed record %llu is not known\n%s\n",
		       U(r->last_seq), r->head ? "(kruxrt serve goes on by its other half)"
		                               : "(kruxrt audit acknowledge goes on without it)");
	else
		printf("\nwhole, as far as it was checked\n");
}

/* ---- JSON: our own words and numbers, and an origin that is escaped ---- */

static void json_str(struct krux_str s)
{
	struct krux_value v = { .kind = KRUX_V_TEXT, .str = s };
	size_t n = krux_json_write(&v, NULL, 0);
	char *text = malloc(n + 1);

	if (text) {
		krux_json_write(&v, text, n);
		fwrite(text, 1, n, stdout);
	}
	free(text);
}

static void json_words(const char *key, const char *const *word, size_t n)
{
	printf(",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		printf("%s", i ? "," : "");
		json_str((struct krux_str){ word[i], strlen(word[i]) });
	}
	putchar(']');
}

static void json_signed(const struct signed_report *g)
{
	printf(",\"signed\":{\"checkpoints\":%zu,\"acknowledged\":%zu,\"last\":%llu,\"epochs\":%u,\"witnesses\":%u,\"witnessed\":%llu,"
	       "\"faults\":[",
	       g->checkpoints, g->acknowledged, U(g->last), g->epochs, g->witnesses, U(g->witnessed));
	for (size_t i = 0; i < g->faults && i < SIGNED_LINES; i++) {
		printf("%s", i ? "," : "");
		json_str((struct krux_str){ g->fault[i], strlen(g->fault[i]) });
	}
	printf("]}");
}

static void print_json(const struct verify_report *r, const struct signed_report *g)
{
	const char *sep = "", *unchecked[UNCHECKED], *sure[COUNT(checked) + 1];
	uint64_t faults = r->faults + g->faults;
	size_t n = 0;

	memcpy(sure, checked, sizeof checked);
	sure[COUNT(checked)] = checked_head;
	printf("{\"whole\":%s,\"faults\":%llu,\"notes\":%llu,\"records\":%llu,\"bytes\":%llu,"
	       "\"segments\":%llu,\"live\":%s,\"head\":%u,\"blobs\":%llu,\"states\":%llu,\"underived\":%llu,"
	       "\"signatures\":%llu,\"unknown_keys\":%llu,\"origin\":",
	       faults || is_untold(r) ? "false" : "true", U(faults), U(r->notes), U(r->records), U(r->bytes), U(r->segments),
	       r->live ? "true" : "false", r->head, U(r->blobs), U(r->states), U(r->underived), U(r->signatures),
	       U(r->unsigned_));
	json_str(r->origin);
	printf(",\"kinds\":{");
	for (unsigned k = 0; k < COUNT(r->kinds); k++) {
		if (!r->kinds[k])
			continue;
		printf("%s\"%s\":%llu", sep, record_kind_word(k), U(r->kinds[k]));
		sep = ",";
	}
	printf("},\"findings\":[");
	for (size_t i = 0; i < r->nfindings; i++) {
		const struct finding *x = &r->finding[i];

		printf("%s{\"kind\":\"%s\",\"fault\":%s", i ? "," : "", finding_word(x->kind),
		       finding_is_fault(x->kind) ? "true" : "false");
		if (x->seq != UINT64_MAX)
			printf(",\"record\":%llu", U(x->seq));
		printf(",\"segment\":%llu,\"at\":%llu,\"length\":%llu,\"text\":", U(x->segment), U(x->at), U(x->length));
		json_str((struct krux_str){ x->text, strlen(x->text) });
		putchar('}');
	}
	putchar(']');
	json_words("checked", sure, COUNT(checked) + !is_untold(r));
	unchecked_find(r, g, unchecked);
	while (unchecked[n])
		n++;
	json_words("not_checked", unchecked, n);
	json_signed(g);
	puts("}");
}

int audit_verify(int argc, char **argv)
{
	const char *path = NULL, *copy[SIGNED_FILES + 1] = { NULL }, *operand[1];
	bool json = false, witness = false;
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path },
		{ .name = "--json", .flag = &json },
		{ .name = "--checkpoint", .list = copy, .nlist = SIGNED_FILES + 1 },
		{ .name = "--require-witness", .flag = &witness },
		{ .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1, NULL };
	static struct signed_report sign;
	struct progress progress;
	const struct verify_options options = { .progress = isatty(STDERR_FILENO) ? progress_tell : NULL,
		                                .ctx = &progress };
	struct verify_report report = { 0 };
	struct krux_err err = { 0 };
	bool failed;
	int code;
	size_t n;

	if (!options_parse("audit", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	if (!path) {
		fputs("kruxrt audit verify: --state DIR is missing\n", stderr);
		return EXIT_USAGE;
	}
	progress_begin(&progress, "checked");
	failed = audit_open(&(struct audit_opening){ .state = path, .given = copy }, &state, &err) || verify_log(state.log, state.blobs, &options, &report, &err) ||
	         audit_signed(&state, copy, report.live, &sign, &err);
	progress_end(&progress);
	if (failed) {
		verify_free(&report);
		fputs("kruxrt audit verify: ", stderr);
		screen_puts(stderr, err.text);
		fputc('\n', stderr);
		return state.path ? EXIT_SYSTEM : EXIT_USAGE;
	}
	if (json)
		print_json(&report, &sign);
	else
		print_text(&state, &report, &sign);
	code = report.faults || sign.faults ? EXIT_NO : is_untold(&report) ? EXIT_SYSTEM : EXIT_YES;
	if (witness && !sign.witnessed) {
		fputs("kruxrt audit verify: no witness has cosigned any of this\n", stderr);
		code = EXIT_NO;
	}
	verify_free(&report);
	return code;
}
