/* Command lines to values; every mistake is named. */
#include "runtime/front/options.h"

#include "runtime/base/screen.h"

#include <string.h>

static bool refuse(const char *command, const char *what, const char *arg)
{
	fprintf(stderr, "kruxrt %s: %s", command, what);
	if (arg) {
		fputs(": ", stderr);
		screen_puts(stderr, arg);
	}
	fprintf(stderr, "\nkruxrt %s --help says what there is\n", command);
	return false;
}

static const struct option_spec *spec_find(const struct option_spec *specs, const char *arg,
                                           const char **inside)
{
	for (; specs->name; specs++) {
		size_t n = strlen(specs->name);

		if (!strncmp(specs->name, arg, n) &&
		    (!arg[n] || (arg[n] == '=' && arg[1] == '-'))) {
			*inside = arg[n] ? arg + n + 1 : NULL;
			return specs;
		}
	}
	return NULL;
}

static bool value_take(const char *command, const struct option_spec *s, const char *value)
{
	size_t k = 0;

	if (!value)
		return refuse(command, "this option takes a value", s->name);
	if (s->value) {
		if (*s->value)
			return refuse(command, "this option was given twice", s->name);
		*s->value = value;
		return true;
	}
	while (s->list[k])
		k++;
	if (k + 1 >= s->nlist)
		return refuse(command, "this option was given too often", s->name);
	s->list[k] = value;
	return true;
}

bool options_parse(const char *command, int argc, char **argv, const struct option_spec *specs,
                   const char **operand, size_t max, size_t *n)
{
	bool only = false;

	*n = 0;
	for (int i = 0; i < argc; i++) {
		const struct option_spec *s;
		const char *inside;

		if (!only && !strcmp(argv[i], "--")) {
			only = true;
		} else if (only || argv[i][0] != '-' || !argv[i][1]) {
			if (*n == max)
				return refuse(command, "too many arguments", argv[i]);
			operand[(*n)++] = argv[i];
		} else if (!(s = spec_find(specs, argv[i], &inside))) {
			return refuse(command, "there is no such option", argv[i]);
		} else if (s->flag) {
			if (inside)
				return refuse(command, "this option takes no value", s->name);
			*s->flag = true;
		} else {
			if (!inside && i + 1 < argc)
				inside = argv[++i];
			if (!value_take(command, s, inside))
				return false;
		}
	}
	return true;
}
