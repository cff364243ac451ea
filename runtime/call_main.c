/* krux-call: what kruxrt call is, an agent's end of the daemon's socket, or without a daemon the whole
 * call in this process. */
#include "runtime/front/front.h"
#include "runtime/front/program.h"

int main(int argc, char **argv)
{
	return program_ready() ? program_end(call_command(argc - 1, argv + 1)) : EXIT_SYSTEM;
}
