# The parent of the daemon's processes, and what it talks to people with.
RUNTIME_SRC += runtime/sandbox/cgroup.c runtime/front/daemon.c runtime/front/generation.c \
	runtime/front/generations.c runtime/front/listen.c runtime/front/orphans.c runtime/front/ready.c \
	runtime/front/start.c
UNIT_TESTS += test_daemon test_listen test_process
