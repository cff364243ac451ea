/* What runs when a handler gets another program to run. Says whether it has become root by that. */
#include <unistd.h>

#include "tests/live/live.h"

int main(int argc, char **argv)
{
	(void)argv;
	return argc < 2 || geteuid() == 0 ? EXEC_THROUGH : EXEC_STOPPED;
}
