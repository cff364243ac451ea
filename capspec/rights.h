/* What a builtin handler may keep once it is confined. */
#ifndef KRUX_RIGHTS_H
#define KRUX_RIGHTS_H

/* Rights below one opened folder; landlock.c says what they are to the kernel. */
enum handler_right {
	RIGHT_READ_FILES = 1,
	RIGHT_READ_FOLDERS = 2,
	RIGHT_NAMES = 4,       /* make, rename and remove entries */
	RIGHT_WRITE_FILES = 8,
	RIGHT_EXECUTE = 16,
	RIGHT_PLAIN_NAMES = 32,        /* make, rename and remove regular files within one folder, and nothing else */
};

/* Groups of system calls besides the common ones; calls.def lists them. */
enum handler_calls {
	CALLS_COMMON = 0,
	CALLS_LOOK = 1,        /* look at files and list folders */
	CALLS_WALK = 2,        /* open what is below an operand */
	CALLS_CHANGE = 4,      /* write, make, rename, remove */
	CALLS_WATCH = 8,
	CALLS_MACHINE = 16,
	CALLS_LINE = 32,       /* take a connection from the line to egress; none is made */
	CALLS_RUN = 64,        /* wait for a command's program, and end it */
	CALLS_WEB = 128,       /* talk over a connection of the line as libraries do */
	/* No group: the builtin needs nothing but the clock and its arguments, so that the gate may
	 * run it itself where the capability has no effect. */
	CALLS_PURE = 256,
	/* No handler but a command's program: command_calls.def alone. */
	CALLS_COMMAND = 512,
	/* The C compiler of a build: compiler_calls.def, and of what it does not speak of command_calls.def. */
	CALLS_COMPILER = 1024,
	CALLS_CONNECT = 2048,  /* of a program: what takes it to the relay of its call */
	CALLS_RELAY = 4096,    /* of who waits for the program: pass bytes between it and the line */
};

#endif
