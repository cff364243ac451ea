# What people type.
.PHONY: all help deps demo check lint layers sizes fuzz soak bench install clean

all: $(if $(COMPILER_MAIN),$(BUILD)/kruxc) $(if $(RUNTIME_MAIN),$(BUILD)/kruxrt)

unit: $(addprefix $(BUILD)/unit/,$(UNIT_TESTS))

clean:
	rm -rf build build-*
