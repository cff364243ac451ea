# The audit log: the state that follows from it, segments, what checks them.
CAPSPEC_SRC += capspec/crc.c capspec/digest_many.c
RUNTIME_SRC += runtime/record/record_decode.c runtime/record/record_kind.c runtime/record/record_known.c
RUNTIME_SRC += runtime/record/carry.c runtime/record/carry_ask.c runtime/record/carry_encode.c \
	runtime/record/carry_keep.c runtime/record/carry_tree.c runtime/record/log.c runtime/record/log_open.c runtime/record/reader.c \
	runtime/record/recorder.c runtime/record/recorder_append.c runtime/record/recorder_open.c \
	runtime/record/recorder_sign.c runtime/record/recorder_tell.c runtime/record/recount.c runtime/record/roster.c runtime/record/scan.c runtime/record/segment.c runtime/record/segment_next.c runtime/record/zeros.c runtime/record/sign.c \
	runtime/record/table.c runtime/record/verify.c runtime/record/verify_part.c runtime/record/verify_record.c
RUNTIME_SRC += runtime/front/audit_acknowledge.c runtime/front/progress.c
# What every record goes through is made for speed, unlike the rest of the runtime.
HOT_SRC += runtime/record/carry.c runtime/record/carry_keep.c runtime/record/carry_tree.c runtime/record/log.c runtime/record/record.c runtime/record/record_decode.c runtime/record/record_kind.c \
	runtime/record/log_open.c runtime/record/scan.c runtime/record/table.c runtime/record/tree.c \
	runtime/record/record_known.c runtime/record/verify_part.c runtime/record/verify_record.c
UNIT_TESTS += test_carry test_faults test_log test_log_changed test_record_known test_recorder test_recorder_hostile test_roster test_segments test_zeros
TEST_SRC += tests/unit/recording.c
FUZZERS += carry

# Faults of the system.
$(BUILD)/shim/%.so: $(BUILD)/obj/tests/shim/%.o
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -o $@ $< -ldl
$(BUILD)/obj/tests/shim/%.o: ALL_CFLAGS += -fPIC -fno-sanitize=all
$(BUILD)/unit/test_commit $(BUILD)/unit/test_faults: | $(BUILD)/shim/fault.so
BENCHES += log
