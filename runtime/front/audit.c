/* kruxrt audit verify and tail; and records as lines and as JSON. */
#include "runtime/front/audit.h"

#include "runtime/base/screen.h"
#include "runtime/decide/judge.h"
#include "runtime/front/front.h"

#include "capspec/canon.h"
#include "capspec/item.h"

#include <stdio.h>
#include <string.h>

#define AUDIT_FILTERS \
"  --agent A           --workspace PATH     --rule POLICY/RULE    --kind KIND\n" \
"  --verdict V         --capability NAME    or NAMESPACE.*\n" \
"  --since T           --until T            as 2026-11-28T12:00:00Z, 2026-11-28,\n" \
"                      or 15m: so long ago\n" \
"  --arg PLACE=VALUE   an argument: path=/workspace/a, entries[0].size=5; of a\n" \
"                      list, any element\n"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "verify", audit_verify,
"kruxrt audit verify --state DIR [--checkpoint FILE]... [--require-witness]\n"
"                    [--json]\n"
"\n"
"Checks every record, the hash chain, clocks, references, blobs, and what the\n"
"log's key and its witnesses have signed; says exactly where something is wrong,\n"
"what was checked, and what cannot be.\n"
"\n"
"  --checkpoint FILE   a signed checkpoint of this log that was held elsewhere\n"
"  --require-witness   a log that no witness has cosigned is not whole\n"
"\n"
"Exit: 0 nothing is wrong; 1 something is; 2 wrong usage; 3 the system failed, or\n"
"log/head is missing or damaged and nothing else is wrong: it cannot be told.\n" },
	{ "tail", audit_tail,
"kruxrt audit tail --state DIR [-n COUNT] [-f] [--json]\n"
"\n"
"Prints the last records, one a line.\n"
"\n"
"  -n COUNT   how many (10); 0: all\n"
"  -f         go on as records are added\n"
"  --json     JSON, one object a line\n" },
	{ "acknowledge", audit_acknowledge,
"kruxrt audit acknowledge --state DIR --key FILE --reason TEXT\n"
"\n"
"A log that ends before what was on disk, or before what its key has signed, has\n"
"lost records; one whose log/head is missing or damaged may have. Nothing is done\n"
"until an operator says that this is known. This appends that word, signed; what\n"
"stands behind the last record is set aside as DIR/log/*.cut, and the log goes\n"
"on. What is lost stays lost.\n"
"\n"
"  --key FILE     an operator's secret key, such as DIR/keys/operator.key\n"
"  --reason TEXT  what happened, for those who read the log later\n"
"\n"
"Exit: 0 acknowledged; 1 nothing is lost; 2 wrong usage; 3 the system failed.\n" },
	{ "prove", audit_prove,
"kruxrt audit prove SEQ --state DIR [-o FILE] [--record FILE]\n"
"kruxrt audit prove --since SIZE --state DIR [-o FILE]\n"
"kruxrt audit prove --check FILE [--record FILE | --old FILE] [--key KEY]...\n"
"                   [--state DIR]\n"
"\n"
"Writes a proof that record SEQ is in the log (C2SP tlog-proof), or that the log\n"
"still starts with its first SIZE records; or checks such a proof, which takes no\n"
"log.\n"
"\n"
"  -o FILE        writes the proof there\n"
"  --record FILE  writes the record there; with --check: of which the proof is\n"
"  --old FILE     the checkpoint of SIZE records that the proof goes on from\n"
"  --key KEY      a key that is known, NAME+ID+BASE64, of the log or of a witness\n"
"  --state DIR    with --check: also the keys that its trust folder holds\n"
"  --witnesses N  with --check: so many cosignatures are wanted\n"
"\n"
"Exit: 0 proved; 1 not, or no checkpoint covers it yet; 2 wrong usage, no proof;\n"
"3 the system failed.\n" },
	{ "query", audit_query,
"kruxrt audit query --state DIR [FILTER]... [--format table|json|csv] [--limit N]\n"
"\n"
"Prints the records that all filters let through; outcomes go with their intents.\n"
"\n"
AUDIT_FILTERS
"  --limit N           stops after so many\n"
"  --no-index          reads all of the log; else DIR/index says what to skip\n"
"\n"
"Exit: 0 there are some; 1 there are none; 2 wrong usage; 3 the system failed.\n" },
	{ "export", audit_export,
"kruxrt audit export --state DIR [FILTER]... --format jsonl|cbor|ocsf\n"
"\n"
"Writes records to standard output: as JSON lines; as the CBOR sequence that they\n"
"are; or as events of OCSF 1.1, class 6003 (API Activity), one a call, with how\n"
"it ended.\n"
"\n"
AUDIT_FILTERS
"\n"
"Exit: 0 there are some; 1 there are none; 2 wrong usage; 3 the system failed.\n" },
	{ "replay", audit_replay,
"kruxrt audit replay --state DIR [--bundle FILE]... [--dev] [--json]\n"
"\n"
"Decides each request of the log again under the bundle that decided it, with the\n"
"facts that were recorded: verdict, would, rule and source must be the same.\n"
"Bundles are those that DIR/bundles keeps and those that are given.\n"
"\n"
"  --dev   takes bundles that are signed with a development key\n"
"\n"
"Exit: 0 all are the same; 1 one differs or is not decided; 2 wrong usage;\n"
"3 the system failed.\n" },
	{ "tiles", audit_tiles,
"kruxrt audit tiles --state DIR\n"
"\n"
"Makes the files in DIR/log/tile again (C2SP tlog-tiles), with the bundles of\n"
"records, so that the log can be served. Those that are whole stay as they are.\n" },
};

static const char overview[] =
"kruxrt audit COMMAND --state DIR ...\n"
"\n"
"  verify   checks the whole log and says exactly where something is wrong\n"
"  tail     prints the last records\n"
"  query    prints records by agent, capability, verdict, rule, time, arguments\n"
"  export   writes them as JSON lines, CBOR or OCSF\n"
"  replay   decides every request again and compares\n"
"  prove    writes and checks proofs that a record is in the log\n"
"  tiles    makes the log's Merkle tree as files again\n"
"  acknowledge  takes an operator's word that records are lost; the log goes on\n"
"\n"
"kruxrt audit COMMAND --help says more.\n";

int audit_command(int argc, char **argv)
{
	for (size_t i = 0; argc && i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		if (argc == 2 && !strcmp(argv[1], "--help")) {
			fputs(commands[i].help, stdout);
			return EXIT_YES;
		}
		return commands[i].run(argc - 1, argv + 1);
	}
	fputs(overview, argc && !strcmp(argv[0], "--help") ? stdout : stderr);
	return argc && !strcmp(argv[0], "--help") ? EXIT_YES : EXIT_USAGE;
}

/* ---- one line ---- */

static void put_time(FILE *f, uint64_t wall)
{
	char text[64];
	int n = krux_datetime_text((int64_t)wall, text, sizeof text);

	fprintf(f, " %.*s", n > 0 ? n : 0, text);
}

static void put_field(FILE *f, const struct record *r, enum audit_field field)
{
	if (!record_has(r, field) || !r->field[field].s.n)
		return;
	fputc(' ', f);
	screen_put(f, r->field[field].s);
}

/* Canonical CBOR as JSON. */
static bool put_cbor(FILE *f, struct krux_str cbor)
{
	struct krux_pool *pool = krux_pool_new(16 << 20);
	struct krux_value v;
	char *text = NULL;
	size_t n;

	if (pool && krux_cbor_read(pool, (const uint8_t *)cbor.p, cbor.n, &v, NULL)) {
		n = krux_json_write(&v, NULL, 0);
		text = krux_pool_get(pool, n);
		if (text) {
			krux_json_write(&v, text, n);
			fputc(' ', f);
			screen_json(f, (struct krux_str){ text, n });
		}
	}
	krux_pool_free(pool);
	return text != NULL;
}

const char *audit_end_word(uint64_t end)
{
	static const char *const words[] = { "unknown", "done", "error", "killed", "broken" };

	return end < sizeof words / sizeof *words ? words[end] : "?";
}

void audit_version(const struct record *r, char out[static 48])
{
	struct krux_str field;
	struct item_in in;
	uint64_t two, major, minor;

	*out = 0;
	if (!record_has(r, AUDIT_VERSION))
		return;
	field = r->field[AUDIT_VERSION].s;
	in = (struct item_in){ (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	if (item_take(&in, ITEM_LIST, &two) && item_take(&in, ITEM_UINT, &major) && item_take(&in, ITEM_UINT, &minor))
		snprintf(out, 48, "%llu.%llu", (unsigned long long)major, (unsigned long long)minor);
}

/* Its first digits, by which commands take it. */
static void put_ticket(FILE *f, const struct record *r)
{
	char hex[17];

	if (!record_has(r, AUDIT_TICKET))
		return;
	krux_hex_write((const uint8_t *)r->field[AUDIT_TICKET].s.p, 8, hex);
	hex[16] = 0;
	fprintf(f, " ticket %s", hex);
}

bool audit_print_line(const struct record *r, void *file)
{
	char version[48];
	FILE *f = file;

	fprintf(f, "%llu", (unsigned long long)r->field[AUDIT_SEQ].u);
	put_time(f, r->field[AUDIT_WALL].u);
	fprintf(f, " %s", record_kind_word(r->field[AUDIT_KIND].u));
	if (record_has(r, AUDIT_ABOUT))
		fprintf(f, " of %llu", (unsigned long long)r->field[AUDIT_ABOUT].u);
	put_field(f, r, AUDIT_ACTION);
	put_ticket(f, r);
	put_field(f, r, AUDIT_AGENT);
	put_field(f, r, AUDIT_CAPABILITY);
	audit_version(r, version);
	if (*version)
		fprintf(f, "@%s", version);
	put_field(f, r, AUDIT_ASKED);
	if (record_has(r, AUDIT_ARGS) && !put_cbor(f, r->field[AUDIT_ARGS].s))
		return false;
	if (record_has(r, AUDIT_ARGS_BLOB))
		fputs(" {blob}", f);
	if (record_has(r, AUDIT_VERDICT))
		fprintf(f, " %s", krux_verdict_text((uint8_t)r->field[AUDIT_VERDICT].u));
	if (record_has(r, AUDIT_WOULD) && r->field[AUDIT_WOULD].u != r->field[AUDIT_VERDICT].u)
		fprintf(f, " (would be %s)", krux_verdict_text((uint8_t)r->field[AUDIT_WOULD].u));
	put_field(f, r, AUDIT_RULE);
	put_field(f, r, AUDIT_SOURCE);
	if (record_has(r, AUDIT_END))
		fprintf(f, " %s", audit_end_word(r->field[AUDIT_END].u));
	put_field(f, r, AUDIT_ERROR);
	put_field(f, r, AUDIT_ORIGIN);
	put_field(f, r, AUDIT_POLICY);
	if (record_has(r, AUDIT_SERIAL))
		fprintf(f, " serial %llu", (unsigned long long)r->field[AUDIT_SERIAL].u);
	if (record_has(r, AUDIT_DEV) && r->field[AUDIT_DEV].u)
		fputs(" DEVELOPMENT-KEY", f);
	put_field(f, r, AUDIT_ROLE);
	put_field(f, r, AUDIT_NAME);
	put_field(f, r, AUDIT_REASON);
	put_field(f, r, AUDIT_WHY);
	fputc('\n', f);
	return true;
}

/* ---- JSON ---- */

static bool hex_value(struct krux_pool *pool, const char *p, size_t n, struct krux_value *out)
{
	char *hex = krux_pool_get(pool, 2 * n);

	if (!hex)
		return false;
	krux_hex_write((const uint8_t *)p, n, hex);
	*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = { hex, 2 * n } };
	return true;
}

/* A hash and a count, the only lists with bytes in them. */
static bool pair_value(struct krux_pool *pool, struct krux_str field, struct krux_value *out)
{
	struct item_in in = { (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	struct krux_value *item = krux_pool_get(pool, 2 * sizeof *item);
	struct krux_str hash;
	uint64_t two, n;

	if (!item || !item_take(&in, ITEM_LIST, &two) || !item_take_str(&in, ITEM_BYTES, &hash) ||
	    !item_take(&in, ITEM_UINT, &n) || !hex_value(pool, hash.p, hash.n, &item[0]))
		return false;
	item[1] = (struct krux_value){ .kind = KRUX_V_UINT, .u = n };
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, 2 } };
	return true;
}

static struct krux_value word_value(const char *word)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = { word, strlen(word) } };
}

static bool field_value(struct krux_pool *pool, const struct record *r, enum audit_field f,
                        struct krux_value *out)
{
	const union record_field *in = &r->field[f];
	const char *schema = record_field_schema(f);

	switch (schema[0]) {
	case 'k':
		*out = word_value(record_kind_word(in->u));
		return true;
	case 'v':
		*out = word_value(krux_verdict_text((uint8_t)in->u));
		return true;
	case 'u':
		*out = f == AUDIT_END ? word_value(audit_end_word(in->u)) :
		       (struct krux_value){ .kind = KRUX_V_UINT, .u = in->u };
		return true;
	case 't':
		*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = in->s };
		return true;
	case 'b':
		return hex_value(pool, in->s.p, in->s.n, out);
	default:
		if (!strcmp(schema, "(b32u)"))
			return pair_value(pool, in->s, out);
		return krux_cbor_read(pool, (const uint8_t *)in->s.p, in->s.n, out, NULL);
	}
}

bool audit_print_json(const struct record *r, const uint8_t leaf[static HASH_LEN], void *file)
{
	struct krux_pool *pool = krux_pool_new(32 << 20);
	struct krux_member member[AUDIT_FIELDS + 1];
	struct krux_value v;
	bool ok = pool != NULL;
	size_t k = 0, n;
	char *text;

	for (unsigned f = 0; ok && f < AUDIT_FIELDS; f++) {
		const char *word = record_field_word(f);

		if (!record_has(r, f) || f == AUDIT_CHECK)
			continue;
		member[k].key = (struct krux_str){ word, strlen(word) };
		ok = field_value(pool, r, f, &member[k++].value);
	}
	if (ok) {
		member[k].key = KRUX_STR("leaf");
		ok = hex_value(pool, (const char *)leaf, HASH_LEN, &member[k++].value);
	}
	if (ok) {
		v = (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, k } };
		n = krux_json_write(&v, NULL, 0);
		text = krux_pool_get(pool, n + 1);
		ok = text != NULL;
		if (ok) {
			krux_json_write(&v, text, n);
			text[n] = '\n';
			fwrite(text, 1, n + 1, file);
		}
	}
	krux_pool_free(pool);
	return ok;
}
