# Attempts to get out of a call's sandbox: docs/design/013-attempts.md.
LIVE_SRC := tests/live/calls.c tests/live/commands.c tests/live/egress.c tests/live/files.c tests/live/leftovers.c tests/live/main.c tests/live/network.c tests/live/off.c \
	tests/live/privileged.c tests/live/processes.c tests/live/workspace.c tests/live/world.c
# What is called here goes to tests/live/off.c first, in this program alone.
LIVE_SWITCHES := namespaces_fork namespaces_enter_group namespaces_enter_user namespaces_map root_empty descriptors_close privileges_become \
	privileges_drop rlimits_set landlock_restrict landlock_enforce network_listen network_rules seccomp_restrict sethostname setsid
TEST_PROGRAMS += live/live live/krux-handler

$(BUILD)/live/live: $(call obj,$(LIVE_SRC)) $(BUILD)/libkruxtest.a $(BUILD)/live/escaped $(BUILD)/live/program
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $(LIVE_SWITCHES:%=-Wl,--wrap=%) -o $@ $(call obj,$(LIVE_SRC)) $(BUILD)/libkruxtest.a \
		$(KRUXC_LIBS) $(KRUXRT_LIBS)

$(BUILD)/live/escaped: $(BUILD)/obj/tests/live/escaped.o
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -fsanitize%,$(LDFLAGS)) -static -o $@ $<
$(BUILD)/obj/tests/live/escaped.o: SANFLAGS :=
# A command's program.
$(BUILD)/live/program: $(call obj,tests/live/program.c tests/live/program_agents.c)
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -fsanitize%,$(LDFLAGS)) -static -o $@ $^
$(call obj,tests/live/program.c tests/live/program_agents.c): SANFLAGS :=

# The handlers' process with another filesystem.read.
$(BUILD)/live/krux-handler: $(BUILD)/obj/runtime/handler_main.o $(call obj,tests/live/hostile.c tests/unit/names.c $(filter-out \
		tests/live/main.c tests/live/off.c,$(LIVE_SRC))) $(KRUXRT_OBJ)
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--gc-sections -Wl,--wrap=filesystem_read_open -Wl,--wrap=filesystem_read_run -o $@ $^ $(KRUXRT_LIBS)

# What the guest starts as its first process.
$(BUILD)/live/init: $(BUILD)/obj/tests/live/init.o
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) -static -o $@ $<
$(BUILD)/obj/tests/live/init.o: SANFLAGS :=

.PHONY: check-live check-vm
check-live: all $(BUILD)/live/live $(BUILD)/live/krux-handler
	$(Q)tests/live/check.sh $(abspath $(BUILD))

# On the host first where that was not done, as the two are compared.
check-vm: all $(BUILD)/live/live $(BUILD)/live/program $(BUILD)/live/init $(BUILD)/unit/test_process $(BUILD)/unit/test_feature \
		$(BUILD)/unit/test_groups $(BUILD)/unit/test_sockets
	$(Q)[ $(BUILD)/live/here -nt $(BUILD)/live/live ] || $(BUILD)/live/live > $(BUILD)/live/here || { \
		grep ^FAIL $(BUILD)/live/here; exit 1; }
	$(Q)tests/live/guest.sh $(BUILD) $(BUILD)/live/here
