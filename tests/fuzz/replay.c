/* Runs a fuzzer's entry on every file of the folders and files named, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static unsigned runs;

static void file_run(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *p;
	size_t n;

	if (!f || fstat(fileno(f), &st) < 0) {
		perror(path);
		exit(3);
	}
	/* Exactly as many bytes as there are, so that a sanitizer sees one too far. */
	p = malloc(st.st_size ? (size_t)st.st_size : 1);
	n = p ? fread(p, 1, (size_t)st.st_size, f) : 0;
	fclose(f);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	runs++;
}

static void path_run(const char *path)
{
	struct dirent **entry;
	struct stat st;
	char name[4096];
	int n;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		file_run(path);
		return;
	}
	n = scandir(path, &entry, NULL, alphasort);
	if (n < 0) {
		perror(path);
		exit(3);
	}
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.' &&
		    (size_t)snprintf(name, sizeof name, "%s/%s", path, entry[i]->d_name) < sizeof name)
			path_run(name);
		free(entry[i]);
	}
	free(entry);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		path_run(argv[i]);
	printf("%u inputs\n", runs);
	return runs ? 0 : 1;
}
