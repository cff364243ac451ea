# Programs for the kernel, as numbers in a header. clang alone compiles for it, whatever CC is.
SOCKETS_PROGRAMS := sock_create connect4 connect6 sendmsg4 sendmsg6 bind4 bind6
BPF_CC := clang -target bpfel -std=gnu11 -O2 -ffreestanding -Wall -Wextra -Werror -I. -idirafter /usr/include/$(shell $(CC) -print-multiarch)

$(GEN)/sockets.bpf.o: runtime/sandbox/sockets.bpf.c
	$(SAY) CC $<
	@mkdir -p $(@D)
	$(Q)$(BPF_CC) -MMD -MP -c -o $@ $<
-include $(GEN)/sockets.bpf.d

# A section each, which has to be all there is of the program: nothing is left to be filled in.
$(GEN)/sockets_code.h: $(GEN)/sockets.bpf.o mk/bpf.sh
	$(SAY) BPF $@
	$(Q)mk/bpf.sh $< $(SOCKETS_PROGRAMS) > $@
$(BUILD)/obj/runtime/sandbox/sockets.o: $(GEN)/sockets_code.h
