# The referee: generated policies and requests, decided by an evaluator of its own, by the
# diagram, by the table and by compiled C. `make soak` runs it on new seeds for SOAK_SECONDS.
ORACLE_SRC := tests/oracle/below.c tests/oracle/bind.c tests/oracle/cap.c tests/oracle/cond.c tests/oracle/eval.c tests/oracle/gen_cap.c \
	tests/oracle/gen_cond.c tests/oracle/gen_policy.c tests/oracle/gen_value.c tests/oracle/judge.c \
	tests/oracle/lex.c tests/oracle/main.c tests/oracle/match.c tests/oracle/nfa.c tests/oracle/norm.c \
	tests/oracle/norm_text.c tests/oracle/object.c tests/oracle/plan.c tests/oracle/policy.c tests/oracle/roads.c \
	tests/oracle/shrink.c tests/oracle/table.c tests/oracle/table_text.c tests/oracle/tree.c tests/oracle/unwire.c \
	tests/oracle/wire.c
SOAK_SECONDS ?= 600
TEST_PROGRAMS += oracle

$(BUILD)/oracle: $(call obj,$(ORACLE_SRC)) $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(call obj,$(ORACLE_SRC)) $(BUILD)/libkruxtest.a $(KRUXC_LIBS) $(KRUXRT_LIBS)

.PHONY: soak faults
soak: $(BUILD)/oracle
	$(Q)$(BUILD)/oracle --seconds $(SOAK_SECONDS) --seed $$(date +%s)000000 --jobs $$(nproc) --no-coverage

# Planted faults: the referee has to find every one. FAULTS=n: n of them; FAULTS_LIKE, FAULTS_SEEDS: faults.sh.
faults: $(BUILD)/oracle
	$(Q)BUILD=$(BUILD) CC="$(CC)" FAULTS_COMPILE="$(CC) $(ALL_CFLAGS)" FAULTS_LINK="$(CC) $(ALL_LDFLAGS)" \
		FAULTS_LIBS="$(call obj,$(ORACLE_SRC)) $(BUILD)/libkruxtest.a $(KRUXC_LIBS) $(KRUXRT_LIBS)" \
		tests/oracle/faults.sh $(FAULTS)
