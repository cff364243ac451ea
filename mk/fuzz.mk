# Fuzzers: tests/fuzz/fuzz_NAME.c for each NAME of FUZZERS, its inputs in tests/fuzz/corpus/NAME.
# `make fuzz` runs each under libFuzzer; `make check` replays the inputs without it.
FUZZ_SECONDS ?= 20
FUZZ_BUILD ?= $(BUILD)/fuzz
FUZZ_PROGRAMS := $(addprefix $(BUILD)/fuzzers/,$(FUZZERS))
TEST_PROGRAMS += $(addprefix replay/,$(FUZZERS))

$(BUILD)/replay/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libkruxtest.a $(KRUXC_LIBS) $(KRUXRT_LIBS)

$(BUILD)/fuzzers/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/libkruxtest.a $(KRUXC_LIBS) $(KRUXRT_LIBS)

.PHONY: fuzz fuzz-programs
.SECONDARY: $(addprefix $(BUILD)/obj/tests/fuzz/fuzz_,$(addsuffix .o,$(FUZZERS))) $(BUILD)/obj/tests/fuzz/replay.o
fuzz-programs: $(FUZZ_PROGRAMS)

fuzz:
	$(Q)$(MAKE) CC=clang SAN=1 BUILD=$(FUZZ_BUILD) CFLAGS='-g -fsanitize=fuzzer-no-link' fuzz-programs
	$(Q)tests/fuzz/run.sh $(FUZZ_BUILD) $(FUZZ_SECONDS) $(FUZZERS)
