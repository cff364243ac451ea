/* The keys of a policy file, as LANG.md sections 4 and 7 have them. */
#include "compiler/read/policykeys.h"

#include "compiler/ast/policyfile.h"

#define TO(type, member) .to = offsetof(struct type, member)
#define ALSO(type, member) .also = offsetof(struct type, member)
#define COUNT(keys) .nkeys = sizeof(keys) / sizeof *(keys), .key = (keys)

static const struct policy_key approval_keys[] = {
	{ "ttl", SHAPE_TEXT, SPELL_DURATION, TO(ast_approval, ttl),
	  .doc = "How long an approval may be waited for; 1h when not given." },
	{ "from", SHAPE_TEXTS, SPELL_APPROVER, TO(ast_approval, from),
	  .doc = "Who may approve; anyone who is registered when not given." },
	{ "quorum", SHAPE_TEXT, SPELL_COUNT, TO(ast_approval, quorum),
	  .doc = "How many of them have to; 1 when not given." },
};
static const struct policy_table approval_table = {
	"approval", "an approval", HEAD_GIVEN, sizeof(struct ast_approval), COUNT(approval_keys)
};

static const struct policy_key rate_keys[] = {
	{ "max", SHAPE_TEXT, SPELL_AMOUNT, true, TO(ast_rate, max), .doc = "Calls in the window." },
	{ "per", SHAPE_TEXT, SPELL_DURATION, true, TO(ast_rate, per),
	  .doc = "The window, sliding, that ends now." },
	{ "exceeded", SHAPE_TEXT, SPELL_VERDICT, TO(ast_rate, exceeded),
	  .doc = "The verdict beyond max, stricter than the rule's; blocked when not given." },
};
static const struct policy_table rate_table = {
	"rate", "a rate", HEAD_GIVEN, sizeof(struct ast_rate), COUNT(rate_keys)
};

static const struct policy_key budget_keys[] = {
	{ "sum", SHAPE_OPERAND, SPELL_SUM, true, TO(ast_rate, sum), ALSO(ast_rate, sum_operand),
	  .doc = "What a call adds: a uint or size field, or size(field)." },
	{ "max", SHAPE_TEXT, SPELL_AMOUNT, true, TO(ast_rate, max), .doc = "The greatest sum in the window." },
	{ "per", SHAPE_TEXT, SPELL_DURATION, true, TO(ast_rate, per),
	  .doc = "The window, sliding, that ends now." },
	{ "exceeded", SHAPE_TEXT, SPELL_VERDICT, TO(ast_rate, exceeded),
	  .doc = "The verdict beyond max, stricter than the rule's; blocked when not given." },
};
static const struct policy_table budget_table = {
	"budget", "a budget", HEAD_GIVEN, sizeof(struct ast_rate), COUNT(budget_keys)
};

static const struct policy_key rule_keys[] = {
	{ "id", SHAPE_TEXT, SPELL_ID, true, TO(ast_rule, id),
	  .doc = "Name of the rule, unique in the file; records and answers cite it." },
	{ "on", SHAPE_TEXTS, SPELL_CAPABILITIES, true, TO(ast_rule, on),
	  .doc = "Capabilities: filesystem.read, filesystem.read@1, filesystem.*, or *." },
	{ "label", SHAPE_TEXTS, SPELL_LABEL, TO(ast_rule, label),
	  .doc = "Of the capabilities of `on` those with one of these labels; all when not given." },
	{ "agent", SHAPE_TEXTS, SPELL_AGENTS, TO(ast_rule, agent),
	  .doc = "Agent patterns or groups; everyone when not given." },
	{ "when", SHAPE_CONDITION, SPELL_CONDITION, TO(ast_rule, when_text), ALSO(ast_rule, when),
	  .doc = "Condition on arguments and facts; always when not given." },
	{ "verdict", SHAPE_TEXT, SPELL_VERDICT, true, TO(ast_rule, verdict),
	  .doc = "What a call gets when this is the first rule that matches." },
	{ "up-to", SHAPE_TEXT, SPELL_RANK, TO(ast_rule, up_to),
	  .doc = "With a wildcard in a rule that permits: the strongest effect that may be matched." },
	{ "reason", SHAPE_TEXT, SPELL_TEXT, TO(ast_rule, reason),
	  .doc = "Shown with the verdict, to agents and to people." },
	{ "approval", SHAPE_RECORD, SPELL_TEXT, TO(ast_rule, approval), .table = &approval_table,
	  .doc = "Who approves, how many, and within what time." },
	{ "rate", SHAPE_RECORD, SPELL_TEXT, TO(ast_rule, rate), .table = &rate_table,
	  .doc = "How often this rule may match for one agent." },
	{ "budget", SHAPE_RECORD, SPELL_TEXT, TO(ast_rule, budget), .table = &budget_table,
	  .doc = "How much may be used up under this rule by one agent." },
	{ "mode", SHAPE_TEXT, SPELL_MODE, TO(ast_rule, mode),
	  .doc = "observe: the rule decides nothing, what it would have decided is recorded." },
};
static const struct policy_table rule_table = {
	"rule", "a rule", HEAD_AT, sizeof(struct ast_rule), COUNT(rule_keys)
};

static const struct policy_key group_keys[] = {
	{ "group", SHAPE_TEXTS, SPELL_AGENT, TO(ast_named_words, words), .doc = "Agent patterns." },
};
static const struct policy_table group_table = {
	"group", "a group", HEAD_NONE, sizeof(struct ast_named_words), COUNT(group_keys)
};

static const struct policy_key define_keys[] = {
	{ "define", SHAPE_CONDITION, SPELL_CONDITION, TO(ast_define, text), ALSO(ast_define, expr),
	  .doc = "A condition; it may use the ones before it." },
};
static const struct policy_table define_table = {
	"define", "a define", HEAD_NONE, sizeof(struct ast_define), COUNT(define_keys)
};

static const struct policy_key prove_keys[] = {
	{ "id", SHAPE_TEXT, SPELL_ID, true, TO(ast_prove, id), .doc = "Name of the claim." },
	{ "never", SHAPE_TEXTS, SPELL_VERDICT, TO(ast_prove, never),
	  .doc = "Verdicts that no call in the region gets." },
	{ "always", SHAPE_TEXTS, SPELL_VERDICT, TO(ast_prove, always),
	  .doc = "Verdicts of which every call in the region gets one." },
	{ "on", SHAPE_TEXTS, SPELL_CAPABILITIES, true, TO(ast_prove, on),
	  .doc = "Capabilities of the region." },
	{ "label", SHAPE_TEXTS, SPELL_LABEL, TO(ast_prove, label),
	  .doc = "Of these capabilities those with one of these labels; all when not given." },
	{ "agent", SHAPE_TEXTS, SPELL_AGENTS, TO(ast_prove, agent),
	  .doc = "Agents of the region; everyone when not given." },
	{ "when", SHAPE_CONDITION, SPELL_CONDITION, TO(ast_prove, when_text), ALSO(ast_prove, when),
	  .doc = "Calls of the region; all when not given." },
};
static const struct policy_table prove_table = {
	"claim", "a claim", HEAD_AT, sizeof(struct ast_prove), COUNT(prove_keys)
};

static const struct policy_key call_count_keys[] = {
	{ "calls", SHAPE_TEXT, SPELL_AMOUNT, TO(ast_fact, value), .doc = "Calls of this capability so far." },
};
static const struct policy_table call_count_table = {
	"calls", "a number of calls", HEAD_NONE, sizeof(struct ast_fact), COUNT(call_count_keys)
};
static const struct policy_key rate_count_keys[] = {
	{ "rates", SHAPE_TEXT, SPELL_AMOUNT, TO(ast_fact, value),
	  .doc = "Intents in the window of this rule; their sum where it has a budget alone." },
};
static const struct policy_table rate_count_table = {
	"rates", "a rate so far", HEAD_NONE, sizeof(struct ast_fact), COUNT(rate_count_keys)
};

static const struct policy_key budget_count_keys[] = {
	{ "budgets", SHAPE_TEXT, SPELL_AMOUNT, TO(ast_fact, value),
	  .doc = "What intents added up to in the window of this rule's budget." },
};
static const struct policy_table budget_count_table = {
	"budgets", "a budget so far", HEAD_NONE, sizeof(struct ast_fact), COUNT(budget_count_keys)
};

static const struct policy_key fact_keys[] = {
	{ "time", SHAPE_TEXT, SPELL_TIME, TO(ast_test, time), .doc = "Local time of day; 00:00 when not given." },
	{ "weekday", SHAPE_TEXT, SPELL_WEEKDAY, TO(ast_test, weekday), .doc = "mon when not given." },
	{ "labels", SHAPE_TEXTS, SPELL_LABEL, TO(ast_test, labels), .doc = "Labels set on the workspace." },
	{ "calls", SHAPE_NAMED, SPELL_CAPABILITY, TO(ast_test, calls), ALSO(ast_test, ncalls),
	  .table = &call_count_table, .doc = "Calls so far in the workspace, by capability." },
	{ "rates", SHAPE_NAMED, SPELL_RULE, TO(ast_test, rates), ALSO(ast_test, nrates),
	  .table = &rate_count_table, .doc = "What the windows hold, by rule." },
	{ "budgets", SHAPE_NAMED, SPELL_RULE, TO(ast_test, budgets), ALSO(ast_test, nbudgets),
	  .table = &budget_count_table, .doc = "What was added up, by rule; where a rule has a rate too." },
};
static const struct policy_table fact_table = {
	"facts", "`facts`", HEAD_NONE, 0, COUNT(fact_keys)
};

static const struct policy_key test_keys[] = {
	{ "call", SHAPE_CALL, SPELL_CALL, true, TO(ast_test, call_text),
	  .doc = "The call: filesystem.read { path: \"/workspace/a\" }" },
	{ "as", SHAPE_TEXT, SPELL_AGENT, true, TO(ast_test, as), .doc = "The agent that calls." },
	{ "facts", SHAPE_RECORD, SPELL_TEXT, .table = &fact_table,
	  .doc = "What the runtime would supply; nothing has happened yet when not given." },
	{ "expect", SHAPE_TEXT, SPELL_VERDICT, true, TO(ast_test, expect), .doc = "The verdict it must get." },
	{ "by", SHAPE_TEXT, SPELL_RULE, TO(ast_test, by),
	  .doc = "The rule of this file that must match, or default." },
	{ "would", SHAPE_TEXT, SPELL_VERDICT, TO(ast_test, would),
	  .doc = "The verdict it must get with every observe rule enforced." },
};
static const struct policy_table test_table = {
	"test", "a test", HEAD_AT, sizeof(struct ast_test), COUNT(test_keys)
};

static const struct policy_key file_keys[] = {
	{ "krux", SHAPE_TEXT, SPELL_FORMAT, true, TO(policyfile, krux),
	  .doc = "Format of the file: policy/1. The first key." },
	{ "name", SHAPE_TEXT, SPELL_ID, true, TO(policyfile, name),
	  .doc = "Name of the policy, unique in the build." },
	{ "layer", SHAPE_TEXT, SPELL_LAYER, true, TO(policyfile, layer),
	  .doc = "The strictest of the three layers decides; none loosens another." },
	{ "agents", SHAPE_TEXTS, SPELL_AGENT, TO(policyfile, agents),
	  .doc = "Whom the file binds: agent patterns. In layer agent only, and there required." },
	{ "description", SHAPE_TEXT, SPELL_TEXT, TO(policyfile, description),
	  .doc = "What the policy is for, in a sentence." },
	{ "zone", SHAPE_TEXT, SPELL_ZONE, TO(policyfile, zone),
	  .doc = "IANA time zone of time and weekday, such as Europe/London. In layer organization only." },
	{ "groups", SHAPE_NAMED, SPELL_NAME, TO(policyfile, group), ALSO(policyfile, ngroups),
	  .table = &group_table, .doc = "Names for lists of agent patterns, usable in agent:." },
	{ "define", SHAPE_NAMED, SPELL_NAME, TO(policyfile, define), ALSO(policyfile, ndefines),
	  .table = &define_table, .doc = "Names for conditions, usable in the conditions of this file." },
	{ "mode", SHAPE_TEXT, SPELL_MODE, TO(policyfile, mode),
	  .doc = "observe: the file decides nothing, what it would have decided is recorded." },
	{ "rules", SHAPE_RECORDS, SPELL_TEXT, TO(policyfile, rule), ALSO(policyfile, nrules),
	  .table = &rule_table, .doc = "The first rule that matches decides." },
	{ "default", SHAPE_TEXT, SPELL_VERDICT, TO(policyfile, deflt),
	  .doc = "What the file says when no rule matches; silent when not given." },
	{ "prove", SHAPE_RECORDS, SPELL_TEXT, TO(policyfile, prove), ALSO(policyfile, nproves),
	  .table = &prove_table, .doc = "Claims about all calls that the build must be able to prove." },
	{ "tests", SHAPE_RECORDS, SPELL_TEXT, TO(policyfile, test), ALSO(policyfile, ntests),
	  .table = &test_table, .doc = "Calls and the verdicts that they must get." },
};
const struct policy_table policy_file_keys = {
	"policy", "a policy file", HEAD_NONE, sizeof(struct policyfile), COUNT(file_keys)
};

#define ID "[a-z0-9][a-z0-9._-]{0,62}"
#define PART "[a-z][a-z0-9_]{0,62}"
#define CAPABILITY PART "(\\." PART ")+"
#define VERSION "(@[0-9]{1,5}(\\.[0-9]{1,5})?)?"

static const char *const format_words[] = { "policy/1", NULL };
static const char *const layer_words[] = { "system", "organization", "agent", NULL };
static const char *const mode_words[] = { "enforce", "observe", NULL };
static const char *const verdict_words[] = { "autonomous", "notify", "approval-required", "blocked", NULL };
static const char *const rank_words[] = { "reads", "writes", "deletes", "connects", "executes", NULL };
static const char *const weekday_words[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };

static const struct policy_spelling_row spellings[] = {
	[SPELL_TEXT] = { NULL, NULL, "words", false },
	[SPELL_FORMAT] = { NULL, format_words, "policy/1", false },
	[SPELL_ID] = { ID, NULL, "read-workspace", true },
	[SPELL_NAME] = { "[a-z][a-z0-9_-]{0,62}", NULL, "in-workspace", false },
	[SPELL_LAYER] = { NULL, layer_words, "organization", false },
	[SPELL_MODE] = { NULL, mode_words, "enforce", false },
	[SPELL_VERDICT] = { NULL, verdict_words, "notify", false },
	[SPELL_RANK] = { NULL, rank_words, "reads", false },
	[SPELL_ZONE] = { "[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", NULL, "Europe/London", false },
	[SPELL_CAPABILITIES] = { "\\*|" PART "(\\." PART ")*\\.\\*|" CAPABILITY VERSION, NULL, "filesystem.read", false },
	[SPELL_CAPABILITY] = { CAPABILITY VERSION, NULL, "filesystem.read", false },
	[SPELL_AGENTS] = { "[a-z0-9._*-]{1,64}", NULL, "builder", true },
	[SPELL_AGENT] = { "[a-z0-9._*-]{1,64}", NULL, "builder", true },
	[SPELL_APPROVER] = { "[a-z0-9._-]{1,64}", NULL, "ops", true },
	[SPELL_CONDITION] = { NULL, NULL, "path under \"/workspace\"", false },
	[SPELL_SUM] = { NULL, NULL, "size(content)", false },
	[SPELL_DURATION] = { "[0-9][0-9_]*(ns|us|ms|s|m|h|d)", NULL, "1h", false },
	[SPELL_AMOUNT] = { "[0-9][0-9_]*(KiB|MiB|GiB)?", NULL, "10", true },
	[SPELL_COUNT] = { "[0-9][0-9_]*", NULL, "1", true },
	[SPELL_CALL] = { NULL, NULL, "filesystem.read { path: \"/workspace/a\" }", false },
	[SPELL_RULE] = { "(" ID "/)?" ID, NULL, "read-workspace", true },
	[SPELL_TIME] = { "[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?", NULL, "\"09:30\"", false },
	[SPELL_WEEKDAY] = { NULL, weekday_words, "mon", false },
	[SPELL_LABEL] = { "[a-z][a-z0-9-]{0,62}", NULL, "file-content", false },
};

const struct policy_spelling_row *policy_spelling(enum policy_spelling s)
{
	return &spellings[s];
}
