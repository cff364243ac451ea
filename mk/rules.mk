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

$(GEN)/grammar/cap_lex.c: grammar/cap.re | $(GEN)/grammar/cap_parse.c
	$(SAY) RE2C $<
	@mkdir -p $(@D)
	$(Q)re2c -W -Werror --no-generation-date --no-debug-info -o $@ $<

# lemon writes beside its input and wants its template; both are handled in the output folder.
$(GEN)/grammar/cap_parse.c: grammar/cap.y
	$(SAY) LEMON $<
	@mkdir -p $(@D)
	$(Q)cp $< $(@D)/cap_parse.y && cd $(@D) && lemon -q cap_parse.y
$(GEN)/grammar/cap_parse.h: $(GEN)/grammar/cap_parse.c ;

# Text that is part of the compiler.
$(GEN)/builtin.c: mk/embed.sh stdlib-caps/policies/system.yaml
	$(SAY) EMBED $@
	@mkdir -p $(@D)
	$(Q)mk/embed.sh builtin_system_policy=stdlib-caps/policies/system.yaml > $@

$(BUILD)/kruxc: $(COMPILER_OBJ) $(call obj,$(COMPILER_MAIN))
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(KRUXC_LIBS)

$(BUILD)/kruxrt: $(KRUXRT_OBJ) $(call obj,$(RUNTIME_MAIN))
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(KRUXRT_LIBS)

# Unit tests may use anything but the two mains.
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libkruxtest.a $(TEST_LIBS) $(KRUXC_LIBS) $(KRUXRT_LIBS)

$(BUILD)/libkruxtest.a: $(sort $(COMPILER_OBJ) $(KRUXRT_OBJ))
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libkruxtest.a $(TEST_LIBS) $(KRUXC_LIBS) $(KRUXRT_LIBS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
