# The parent of the daemon's processes, and what it talks to people with.
RUNTIME_SRC += runtime/sandbox/cgroup.c runtime/sandbox/feature.c runtime/sandbox/feature_lsm.c runtime/sandbox/feature_more.c runtime/sandbox/feature_network.c runtime/sandbox/feature_try.c \
	runtime/front/daemon.c runtime/front/doctor.c runtime/front/doctor_processes.c runtime/front/doctor_workspaces.c runtime/front/folders.c runtime/front/generation.c \
	runtime/front/generations.c runtime/front/hook.c runtime/front/listen.c runtime/front/machine.c runtime/front/orphans.c runtime/front/owner.c \
	runtime/sandbox/parts.c \
	runtime/front/reached.c runtime/front/ready.c runtime/front/registered.c runtime/front/reload.c runtime/front/serve.c runtime/front/start.c
TEST_SRC += tests/unit/daemon_peers.c
UNIT_TESTS += test_agent_uids test_begin test_daemon test_feature test_folders_mapped test_listen test_owner test_process test_registered test_typed

MAN := $(patsubst docs/man/%.scd,$(BUILD)/man/%,$(wildcard docs/man/*.scd))
# Other names of a page: NAME=PAGE, both of section 1.
MAN_ALSO := krux-audit=kruxrt-audit krux-call=kruxrt-call kruxrt-thaw=kruxrt-freeze \
	$(patsubst %,kruxc-%=kruxc,$(shell sed -n 's/^COMMAND.\([a-z]*\),.*/\1/p' compiler/command/commands.def))
UNITS := krux.service krux-agent.socket krux-supervisor.socket krux-witness.service krux-witness.timer

.PHONY: man units install-daemon
man: $(MAN)
$(BUILD)/man/%: docs/man/%.scd
	$(SAY) SCDOC $<
	@mkdir -p $(@D)
	$(Q)scdoc < $< > $@

units: $(UNITS:%=$(BUILD)/systemd/%)
$(BUILD)/systemd/%.service: dist/systemd/%.service.in
	@mkdir -p $(@D)
	$(Q)sed 's,@BINDIR@,$(bindir),' $< > $@
$(BUILD)/systemd/%.socket: dist/systemd/%.socket
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(BUILD)/systemd/%.timer: dist/systemd/%.timer
	@mkdir -p $(@D)
	$(Q)cp $< $@

install: install-daemon
install-daemon: man units
	$(Q)for u in $(UNITS); do \
		install -D -m 644 $(BUILD)/systemd/$$u $(DESTDIR)$(PREFIX)/lib/systemd/system/$$u || exit; done
	$(Q)for m in $(MAN); do \
		install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/} || exit; done
	$(Q)for a in $(MAN_ALSO); do \
		echo ".so man1/$${a#*=}.1" | install -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/man/man1/$${a%=*}.1 || exit; done

# Processes killed at random moments under load, counted from outside: `make soak-serve` makes
# SOAK_KILLS of them; `make check` a few.
SOAK_KILLS ?= 1000
TEST_PROGRAMS += e2e/soak
SOAK_OBJ := $(addprefix $(BUILD)/obj/tests/e2e/,soak.o counts.o queue.o)
$(BUILD)/e2e/soak: $(SOAK_OBJ) $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(SOAK_OBJ) $(BUILD)/libkruxtest.a $(TEST_LIBS) $(KRUXRT_LIBS)

.PHONY: soak-serve
soak-serve: all $(BUILD)/e2e/soak
	$(Q)KRUXC=$(abspath $(BUILD))/kruxc KRUXRT=$(abspath $(BUILD))/kruxrt top=$(CURDIR) \
		tests/e2e/soak.sh $(SOAK_KILLS) $$(date +%s)
