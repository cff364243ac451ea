/* krux-audit: what kruxrt audit is. */
#include "runtime/front/front.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int code;

	signal(SIGXFSZ, SIG_IGN);
	if (sodium_init() < 0) {
		fputs("kruxrt audit: the system gives no random numbers\n", stderr);
		return EXIT_SYSTEM;
	}
	code = audit_command(argc - 1, argv + 1);
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	if (code != EXIT_SYSTEM)
		fputs("kruxrt audit: the output could not be written\n", stderr);
	return EXIT_SYSTEM;
}
