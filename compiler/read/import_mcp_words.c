/* What the words of a tool's name and of its descriptions say that it does. They never make an effect weaker;
 * where they say more than the types of the arguments show, the effect is the strongest. */
#include <string.h>

#include "compiler/read/import_mcp.h"

enum { WORD_COST = 2, LONGEST_WORD = 31 };

/* `name`: it says so in a name only, as text is full of it. */
static const struct { const char *word; unsigned says; bool name; } verbs[] = {
	{ "run", MCP_RUNS, false }, { "exec", MCP_RUNS, false }, { "execute", MCP_RUNS, false },
	{ "eval", MCP_RUNS, false }, { "evaluate", MCP_RUNS, false }, { "shell", MCP_RUNS, false },
	{ "bash", MCP_RUNS, false }, { "command", MCP_RUNS, false }, { "script", MCP_RUNS, false },
	{ "terminal", MCP_RUNS, false }, { "spawn", MCP_RUNS, false }, { "launch", MCP_RUNS, false },
	{ "invoke", MCP_RUNS, false }, { "kill", MCP_RUNS, false }, { "install", MCP_RUNS, false },
	{ "uninstall", MCP_RUNS, false }, { "deploy", MCP_RUNS, false }, { "subprocess", MCP_RUNS, false },
	{ "query", MCP_RUNS, true }, { "queries", MCP_RUNS, false }, { "sql", MCP_RUNS, false },
	{ "start", MCP_RUNS, true }, { "starts", MCP_RUNS, false }, { "stop", MCP_RUNS, true },
	{ "stops", MCP_RUNS, false }, { "restart", MCP_RUNS, false }, { "build", MCP_RUNS, true },
	{ "delete", MCP_DELETES, false }, { "remove", MCP_DELETES, false }, { "unlink", MCP_DELETES, false },
	{ "move", MCP_DELETES, false }, { "rename", MCP_DELETES, false }, { "clean", MCP_DELETES, false },
	{ "purge", MCP_DELETES, false }, { "erase", MCP_DELETES, false }, { "drop", MCP_DELETES, false },
	{ "destroy", MCP_DELETES, false }, { "wipe", MCP_DELETES, false },
	{ "write", MCP_WRITES, false }, { "overwrite", MCP_WRITES, false }, { "copy", MCP_WRITES, false },
	{ "create", MCP_WRITES, false }, { "update", MCP_WRITES, false }, { "edit", MCP_WRITES, false },
	{ "modify", MCP_WRITES, false }, { "change", MCP_WRITES, false }, { "replace", MCP_WRITES, false },
	{ "insert", MCP_WRITES, false }, { "append", MCP_WRITES, false }, { "add", MCP_WRITES, false },
	{ "set", MCP_WRITES, true }, { "sets", MCP_WRITES, false }, { "put", MCP_WRITES, true },
	{ "patch", MCP_WRITES, true }, { "save", MCP_WRITES, false }, { "store", MCP_WRITES, true },
	{ "apply", MCP_WRITES, true }, { "mkdir", MCP_WRITES, false }, { "truncate", MCP_WRITES, false },
	{ "file", MCP_WRITES, false }, { "directory", MCP_WRITES, false }, { "folder", MCP_WRITES, false },
	{ "filesystem", MCP_WRITES, false }, { "disk", MCP_WRITES, false },
	{ "fetch", MCP_CONNECTS, false }, { "request", MCP_CONNECTS, true },
	{ "navigate", MCP_CONNECTS, false }, { "download", MCP_CONNECTS, false },
	{ "upload", MCP_CONNECTS, false }, { "browse", MCP_CONNECTS, false }, { "crawl", MCP_CONNECTS, false },
	{ "scrape", MCP_CONNECTS, false }, { "http", MCP_CONNECTS, false }, { "https", MCP_CONNECTS, true },
	{ "webhook", MCP_CONNECTS, false }, { "send", MCP_CONNECTS, false }, { "post", MCP_CONNECTS, true },
	{ "connect", MCP_CONNECTS, false }, { "curl", MCP_CONNECTS, false }, { "ping", MCP_CONNECTS, true },
	{ "web", MCP_CONNECTS, false }, { "website", MCP_CONNECTS, false },
	{ "internet", MCP_CONNECTS, false }, { "network", MCP_CONNECTS, false },
	{ "browser", MCP_CONNECTS, false }, { "url", MCP_CONNECTS, false },
	{ "sh", MCP_RUNS, false }, { "ssh", MCP_RUNS, false }, { "sudo", MCP_RUNS, false },
	{ "cmd", MCP_RUNS, false }, { "repl", MCP_RUNS, false }, { "subshell", MCP_RUNS, false },
	{ "git", MCP_RUNS, false }, { "docker", MCP_RUNS, false }, { "kubectl", MCP_RUNS, false },
	{ "cron", MCP_RUNS, false }, { "schedule", MCP_RUNS, false }, { "terminate", MCP_RUNS, false },
	{ "shutdown", MCP_RUNS, false }, { "reboot", MCP_RUNS, false }, { "compile", MCP_RUNS, false },
	{ "plugin", MCP_RUNS, false }, { "unpickle", MCP_RUNS, false }, { "deserialize", MCP_RUNS, false },
	{ "jinja", MCP_RUNS, false }, { "template", MCP_RUNS, false }, { "python", MCP_RUNS, false },
	{ "process", MCP_RUNS, false }, { "job", MCP_RUNS, false },
	{ "make", MCP_RUNS, true }, { "call", MCP_RUNS, true },
	{ "rm", MCP_DELETES, false }, { "rmdir", MCP_DELETES, false }, { "reset", MCP_DELETES, false },
	{ "revoke", MCP_DELETES, false }, { "trash", MCP_DELETES, false },
	{ "chmod", MCP_WRITES, false }, { "chown", MCP_WRITES, false }, { "touch", MCP_WRITES, false },
	{ "checkout", MCP_WRITES, false }, { "commit", MCP_WRITES, false }, { "merge", MCP_WRITES, false },
	{ "rebase", MCP_WRITES, false },
	{ "clone", MCP_CONNECTS, false }, { "push", MCP_CONNECTS, false }, { "pull", MCP_CONNECTS, false },
	{ "transfer", MCP_CONNECTS, false }, { "fund", MCP_CONNECTS, false }, { "pay", MCP_CONNECTS, false },
	{ "payment", MCP_CONNECTS, false }, { "tcp", MCP_CONNECTS, false }, { "udp", MCP_CONNECTS, false },
	{ "socket", MCP_CONNECTS, false }, { "api", MCP_CONNECTS, false }, { "publish", MCP_CONNECTS, false },
	{ "subscribe", MCP_CONNECTS, false }, { "email", MCP_CONNECTS, false }, { "smtp", MCP_CONNECTS, false },
	{ "ftp", MCP_CONNECTS, false }, { "sync", MCP_CONNECTS, false }, { "notify", MCP_CONNECTS, false },
	{ "external", MCP_CONNECTS, false },
};

/* Things that a text is, by the description of its field. */
static const struct { const char *word; unsigned says; } things[] = {
	{ "path", MCP_WRITES }, { "filepath", MCP_WRITES }, { "filename", MCP_WRITES },
	{ "directory", MCP_WRITES }, { "folder", MCP_WRITES }, { "overwrite", MCP_WRITES },
	{ "url", MCP_CONNECTS }, { "uri", MCP_CONNECTS }, { "hostname", MCP_CONNECTS },
	{ "webhook", MCP_CONNECTS },
	{ "command", MCP_RUNS }, { "shell", MCP_RUNS }, { "script", MCP_RUNS }, { "sql", MCP_RUNS },
	{ "javascript", MCP_RUNS }, { "python", MCP_RUNS }, { "bash", MCP_RUNS }, { "execute", MCP_RUNS },
	{ "evaluate", MCP_RUNS }, { "run", MCP_RUNS },
};

/* Is a word that verb, in one of its forms: writes, writing, run, running, copied. */
static bool is_form(struct krux_str w, const char *verb)
{
	static const char *const ends[] = { "", "s", "es", "d", "ed", "ing", "r", "er", "or" };
	size_t n = strlen(verb);
	struct krux_str rest;

	if (w.n >= n - 1 + 3 && n > 2 && !memcmp(w.p, verb, n - 1)) {
		rest = (struct krux_str){ w.p + n - 1, w.n - (n - 1) };
		if ((verb[n - 1] == 'e' && json_is(rest, "ing")) ||
		    (verb[n - 1] == 'y' && (json_is(rest, "ied") || json_is(rest, "ies"))))
			return true;
	}
	if (w.n < n || memcmp(w.p, verb, n) != 0)
		return false;
	rest = (struct krux_str){ w.p + n, w.n - n };
	if (rest.n > 2 && rest.p[0] == verb[n - 1])
		rest = (struct krux_str){ rest.p + 1, rest.n - 1 };
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (json_is(rest, ends[i]))
			return true;
	return false;
}

static unsigned verb_says(struct krux_str w, bool name)
{
	unsigned says = 0;

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		size_t n = strlen(verbs[i].word);
		/* Names write words together: runcommand, filedelete. Short verbs are in many words, and begin few. */
		const char *in = name ? memmem(w.p, w.n, verbs[i].word, n) : NULL;
		bool within = in && (n > 4 || verbs[i].says == MCP_DELETES ||
		                     (in == w.p && (n > 3 || !strcmp(verbs[i].word, "run"))));

		if ((name || !verbs[i].name) && (within || is_form(w, verbs[i].word)))
			says |= verbs[i].says;
	}
	return says;
}

static unsigned thing_says(struct krux_str w)
{
	unsigned says = 0;

	for (size_t i = 0; i < sizeof things / sizeof *things; i++)
		if (is_form(w, things[i].word))
			says |= things[i].says;
	return says;
}

enum reading { OF_NAME, OF_TEXT, OF_THING };

static unsigned text_says(struct importer *im, struct krux_str t, enum reading of)
{
	char word[LONGEST_WORD + 1];
	unsigned says = 0;
	size_t n = 0;

	for (size_t i = 0; i <= t.n; i++) {
		char c = i < t.n ? t.p[i] : ' ';
		struct krux_str w = { word, n };

		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if (c >= 'a' && c <= 'z') {
			if (n < LONGEST_WORD)
				word[n++] = c;
			continue;
		}
		n = 0;
		if (w.n && import_afford(im, WORD_COST))
			says |= of == OF_THING ? thing_says(w) : verb_says(w, of == OF_NAME);
	}
	return says;
}

unsigned mcp_name_says(struct importer *im, struct krux_str name)
{
	return text_says(im, name, OF_NAME);
}

unsigned mcp_text_says(struct importer *im, struct krux_str text)
{
	return text_says(im, text, OF_TEXT);
}

unsigned mcp_thing_says(struct importer *im, struct krux_str text)
{
	return text_says(im, text, OF_THING);
}
