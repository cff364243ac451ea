# How one file becomes another.

$(BUILD)/obj/%.o: %.c
	$(SAY) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Generated parsers: their warnings are not ours.
$(BUILD)/obj/gen/%.o: $(GEN)/%.c
	$(SAY) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-error -w -MMD -MP -c -o $@ $<

$(GEN)/grammar/cap_lex.c: grammar/cap.re
	$(SAY) RE2C $<
	@mkdir -p $(@D)
	$(Q)re2c -r -W -Werror --no-generation-date --no-debug-info -o $@ $<

# lemon writes beside its input, and leaves a header alone that would not change.
$(GEN)/grammar/cap_parse.c $(GEN)/grammar/cap_parse.h &: grammar/cap.y
	$(SAY) LEMON $<
	@mkdir -p $(@D)
	$(Q)cp $< $(GEN)/grammar/cap_parse.y && cd $(GEN)/grammar && lemon -ql cap_parse.y && touch cap_parse.h
# Who includes the tokens is not known before the first compilation.
$(BUILD)/obj/gen/grammar/cap_lex.o $(call obj,$(READ_SRC)): | $(GEN)/grammar/cap_parse.h

# Text that is part of the compiler.
$(GEN)/builtin.c: mk/embed.sh stdlib-caps/policies/system.yaml
	$(SAY) EMBED $@
	@mkdir -p $(@D)
	$(Q)mk/embed.sh compiler/base/builtin.h builtin_system_policy=stdlib-caps/policies/system.yaml > $@

# The fixed parts of decide.c; what krux_abi.h says is said there in its own words.
PRELUDE := types text cbor path host url engine octets pattern call variable diagram answer function table cite voice find \
	lookup abi_functions
PRELUDE_FROM ?= compiler/emit/prelude
$(GEN)/prelude.c: mk/embed.sh mk/prelude.awk capspec/verdicts.def capspec/krux_abi.h \
		$(PRELUDE:%=$(PRELUDE_FROM)/%.h)
	$(SAY) EMBED $@
	@mkdir -p $(@D)
	$(Q)awk -f mk/prelude.awk capspec/verdicts.def capspec/krux_abi.h | mk/embed.sh compiler/emit/prelude.h \
		prelude_abi=- $(foreach p,$(PRELUDE),prelude_$p=$(PRELUDE_FROM)/$p.h) > $@

$(GEN)/check/explain_text.c: mk/explain.awk $(wildcard capspec/codes/*.md)
	$(SAY) AWK $@
	@mkdir -p $(@D)
	$(Q)awk -f mk/explain.awk $(sort $(wildcard capspec/codes/*.md)) > $@

$(BUILD)/kruxc: $(COMPILER_OBJ) $(call obj,$(COMPILER_MAIN))
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(KRUXC_LIBS)

# The runtime is small rather than fast: what it decides with is in the bundle.
ifeq ($(DEBUG)$(SAN),)
$(call obj,$(filter-out $(HOT_SRC),$(RUNTIME_SRC)) $(RUNTIME_MAIN) $(BESIDE_MAIN) $(PARTS_MAIN) $(HANDLER_SRC) $(filter-out capspec/crc% capspec/digest% capspec/item% capspec/canon_utf8% capspec/cbor%,$(CAPSPEC_SRC))): OPT := -Os
endif
$(BUILD)/kruxrt: $(KRUXRT_OBJ) $(call obj,$(RUNTIME_MAIN))
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--gc-sections -o $@ $^ $(KRUXRT_LIBS)

# Executed by another uid, and refused where others can write them.
$(BUILD)/krux-web: $(call obj,$(WEB_SRC))
$(BUILD)/krux-web: PART_LIBS := $(WEB_LIBS)
# Each call is a copy of it: with its libraries inside, and of our code what it refers to, there are half as many mappings
# to be copied and taken down. Sanitizers have a library of their own.
$(BUILD)/krux-handler: PART_FLAGS := $(if $(SAN),,-static-pie -Wl,-T,mk/handler.ld)
$(BUILD)/krux-handler: $(BUILD)/libkruxrt.a mk/handler.ld
$(filter-out %/krux-handler,$(PARTS:%=$(BUILD)/%)): $(KRUXRT_OBJ)
$(PARTS:%=$(BUILD)/%): $(BUILD)/krux-%: $(BUILD)/obj/runtime/%_main.o
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $(PART_FLAGS) -Wl,--gc-sections -Wl,--as-needed -o $@ $(filter-out %.ld,$^) $(KRUXRT_LIBS) $(PART_LIBS)
	$(Q)chmod 755 $@

$(BUILD)/libkruxrt.a: $(KRUXRT_OBJ)
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

# Programs of one build know each other by what all headers say.
BEGIN_WORD_FROM := $(sort $(wildcard capspec/*.h capspec/*.def runtime/*/*.h runtime/*/*.def stdlib-caps/common/*.h))
$(GEN)/begin_word.h: $(BEGIN_WORD_FROM)
	$(SAY) WORD $@
	@mkdir -p $(@D)
	$(Q)cat $(BEGIN_WORD_FROM) | sha256sum | sed 's/^\(.\{16\}\).*/#define BEGIN_WORD UINT64_C(0x\1)/' > $@
$(BUILD)/obj/runtime/base/begin.o: $(GEN)/begin_word.h

# Where kruxrt finds them when it is installed, from its own folder.
# By a name of this make's own, as there may be two.
.PHONY: force
$(GEN)/libexec.h: force
	@mkdir -p $(@D)
	$(Q)new=$@.$$$$; printf '#define KRUX_LIBEXEC "%s"\n' "$$(realpath -m --relative-to=$(bindir) $(libexecdir)/krux)" > $$new; \
		if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi
$(BUILD)/obj/runtime/sandbox/parts.o: $(GEN)/libexec.h

$(BESIDE:%=$(BUILD)/%): $(BUILD)/krux-%: $(BUILD)/obj/runtime/%_main.o $(KRUXRT_OBJ)
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--gc-sections -o $@ $^ $(KRUXRT_LIBS)

$(BUILD)/krux-witness: $(KRUXRT_OBJ) $(call obj,$(WITNESS_SRC) $(WITNESS_MAIN))
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--gc-sections -Wl,--as-needed -o $@ $^ $(KRUXRT_LIBS) -lcurl

# Unit tests may use anything but the mains.
$(BUILD)/unit/test_submit: TEST_LIBS += -lcurl
$(BUILD)/unit/test_web $(BUILD)/unit/test_calls_needed: $(call obj,$(WEB_SRC) tests/unit/web_server.c)
$(BUILD)/unit/test_web $(BUILD)/unit/test_calls_needed: TEST_LIBS := $(call obj,$(WEB_SRC) tests/unit/web_server.c) $(TEST_LIBS) $(WEB_LIBS)
# Its clock is for these alone, so it is in no archive.
STILL := $(BUILD)/obj/tests/unit/still.o
STILL_TESTS := $(addprefix $(BUILD)/unit/,test_gate_tickets test_gate_waits test_log)
$(STILL_TESTS): TEST_LIBS := $(STILL) $(TEST_LIBS)
$(STILL_TESTS): $(STILL)
# Kept, or the next run, which knows what they depend on, compiles them again.
.SECONDARY: $(UNIT_TESTS:%=$(BUILD)/obj/tests/unit/%.o)
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libkruxtest.a $(TEST_LIBS) $(KRUXC_LIBS) $(KRUXRT_LIBS)

$(BUILD)/libkruxtest.a: $(sort $(COMPILER_OBJ) $(KRUXRT_OBJ) $(call obj,$(TEST_SRC)))
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

# What a build runs as its C compiler, without sanitizers, which would not fit in its limits.
$(BUILD)/fakecompiler: tests/fake/compiler.c
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O1 $(WARN) -o $@ $<
$(BUILD)/unit/test_cc: | $(BUILD)/fakecompiler

# What is not there is said by the bench.
$(BUILD)/bench/audit $(BUILD)/bench/gate $(BUILD)/bench/log: TEST_LIBS += $(shell pkg-config --libs sqlite3 libcrypto 2>/dev/null)
# The daemon's own programs, run as its parent runs them.
$(BUILD)/unit/test_spawner_command $(BUILD)/unit/test_spawner_group $(BUILD)/unit/test_spawner_nest $(BUILD)/bench/sandbox $(BUILD)/bench/footprint: | $(BUILD)/krux-handler $(BUILD)/krux-spawner
$(BUILD)/bench/sandbox: $(BUILD)/bench/bare_static
$(BUILD)/bench/sandbox $(BUILD)/bench/footprint: $(BUILD)/bench/bare
$(BUILD)/bench/bare $(BUILD)/bench/bare_static: bench/bare.c
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -Wall -Wextra -Werror $(if $(filter %_static,$@),-static) -o $@ $<
$(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libkruxtest.a $(TEST_LIBS) $(KRUXC_LIBS) $(KRUXRT_LIBS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
