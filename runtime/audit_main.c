/* krux-audit: what kruxrt audit is. */
#include "runtime/front/front.h"
#include "runtime/front/program.h"

int main(int argc, char **argv)
{
	return program_ready() ? program_end(audit_command(argc - 1, argv + 1)) : EXIT_SYSTEM;
}
