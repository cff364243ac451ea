/* Calls of another machine, where this one has them. */
#ifndef KRUX_TEST_FOREIGN_H
#define KRUX_TEST_FOREIGN_H

#if defined __x86_64__
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* getpid of i386. */
static inline long foreign_getpid(void)
{
	long n;

	__asm__ volatile("int $0x80" : "=a"(n) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	return n;
}

/* Some virtual machines have no int 0x80, whatever their kernel: it is a fault there, with a filter and without. */
static inline bool foreign_calls_are_there(void)
{
	const pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(foreign_getpid() <= 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}
#endif

#endif
