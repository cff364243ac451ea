/* kruxrt audit verify: findings to words. */
#include "runtime/front/audit.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/base/state.h"
#include "runtime/front/front.h"
#include "runtime/front/options.h"
#include "runtime/record/log.h"
#include "runtime/record/verify.h"

#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

static const char *const checked[] = {
	"every byte belongs to a record that only this encoder writes",
	"numbers run from 0 without gaps, every record names the hash of the one before",
	"outcomes belong to intents, and every intent has one",
	"clocks only go forward",
	"the last record is the one that was written last (log/head)",
	"blobs fit their names",
};
static const char *const unchecked[] = {
	"this version signs no checkpoints and asks no witnesses: whoever can write the folder can",
	"rewrite all of it, log/head too, and a whole older folder put in its place looks the same",
};

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define U(x) ((unsigned long long)(x))

static void print_time(FILE *f, uint64_t wall)
{
	char text[64];
	int n = krux_datetime_text((int64_t)wall, text, sizeof text);

	fprintf(f, "%.*s", n > 0 ? n : 0, text);
}

static void print_finding(const struct finding *x)
{
	printf("%s %s: ", finding_is_fault(x->kind) ? "FAULT" : "note ", finding_word(x->kind));
	if (x->seq != UINT64_MAX)
		printf("record %llu, ", U(x->seq));
	printf("bytes %llu..%llu: %s\n", U(x->at), U(x->at + x->length), x->text);
}

static void print_text(const struct state *s, const struct verify_report *r)
{
	const char *sep = "";

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
		print_finding(&r->finding[i]);
	if (r->faults + r->notes > r->nfindings)
		printf("and %llu more\n", U(r->faults + r->notes - r->nfindings));
	if (r->nfindings)
		putchar('\n');
	for (size_t i = 0; i < COUNT(checked); i++)
		printf("%s%s\n", i ? "             " : "checked      ", checked[i]);
	printf("             (%llu blobs)\n", U(r->blobs));
	for (size_t i = 0; i < COUNT(unchecked); i++)
		printf("%s%s\n", i ? "             " : "not checked  ", unchecked[i]);
	if (r->faults)
		printf("\nNOT whole: %llu fault%s\n", U(r->faults), r->faults == 1 ? "" : "s");
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

static void print_json(const struct verify_report *r)
{
	const char *sep = "";

	printf("{\"whole\":%s,\"faults\":%llu,\"notes\":%llu,\"records\":%llu,\"bytes\":%llu,"
	       "\"blobs\":%llu,\"origin\":",
	       r->faults ? "false" : "true", U(r->faults), U(r->notes), U(r->records), U(r->bytes),
	       U(r->blobs));
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
		printf(",\"at\":%llu,\"length\":%llu,\"text\":", U(x->at), U(x->length));
		json_str((struct krux_str){ x->text, strlen(x->text) });
		putchar('}');
	}
	putchar(']');
	json_words("checked", checked, COUNT(checked));
	json_words("not_checked", unchecked, COUNT(unchecked));
	puts("}");
}

int audit_verify(int argc, char **argv)
{
	const char *path = NULL, *operand[1];
	bool json = false;
	const struct option_spec specs[] = {
		{ .name = "--state", .value = &path },
		{ .name = "--json", .flag = &json },
		{ .name = NULL },
	};
	CLEANUP(state_close) struct state state = { NULL, -1, -1, -1, -1, -1 };
	struct verify_report report;
	struct krux_err err = { 0 };
	int code;
	size_t n;

	if (!options_parse("audit", argc, argv, specs, operand, 0, &n))
		return EXIT_USAGE;
	if (!path) {
		fputs("kruxrt audit verify: --state DIR is missing\n", stderr);
		return EXIT_USAGE;
	}
	if (state_open(path, &state, &err) || verify_log(state.log, state.blobs, NULL, &report, &err)) {
		fputs("kruxrt audit verify: ", stderr);
		screen_puts(stderr, err.text);
		fputc('\n', stderr);
		return state.path ? EXIT_SYSTEM : EXIT_USAGE;
	}
	if (json)
		print_json(&report);
	else
		print_text(&state, &report);
	code = report.faults ? EXIT_NO : EXIT_YES;
	verify_free(&report);
	return code;
}
