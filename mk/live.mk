# Attempts to get out of a call's sandbox: docs/design/013-attempts.md.
LIVE_SRC := tests/live/calls.c tests/live/files.c tests/live/leftovers.c tests/live/main.c tests/live/network.c tests/live/off.c \
	tests/live/privileged.c tests/live/processes.c tests/live/world.c
# What is called here goes to tests/live/off.c first, in this program alone.
LIVE_SWITCHES := namespaces_fork namespaces_enter_user namespaces_map root_empty descriptors_close privileges_become \
	privileges_drop rlimits_set landlock_restrict landlock_enforce seccomp_restrict sethostname setsid
TEST_PROGRAMS += live/live

$(BUILD)/live/live: $(call obj,$(LIVE_SRC)) $(BUILD)/libkruxtest.a $(BUILD)/live/escaped
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $(LIVE_SWITCHES:%=-Wl,--wrap=%) -o $@ $(call obj,$(LIVE_SRC)) $(BUILD)/libkruxtest.a \
		$(KRUXC_LIBS) $(KRUXRT_LIBS)

$(BUILD)/live/escaped: $(BUILD)/obj/tests/live/escaped.o
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -fsanitize%,$(LDFLAGS)) -static -o $@ $<
$(BUILD)/obj/tests/live/escaped.o: SANFLAGS :=

.PHONY: check-live
check-live: all $(BUILD)/live/live
	$(Q)$(BUILD)/live/live
