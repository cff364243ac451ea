# What people type.
.PHONY: all help deps demo check check-one golden programs unit lint tidy layers sizes soak bench install clean

all: $(if $(COMPILER_MAIN),$(BUILD)/kruxc) $(if $(RUNTIME_MAIN),$(BUILD)/kruxrt) \
	$(PARTS:%=$(BUILD)/%) $(BESIDE:%=$(BUILD)/%) $(BUILD)/krux-witness $(LIBKRUX)

help:
	@echo 'all      build/kruxc, build/kruxrt and its other programs, build/krux-witness and libkrux'
	@echo 'deps     install the Debian packages that are missing'
	@echo 'demo     policy in, bundle out, calls of all four verdicts on real files'
	@echo 'check    all tests, plain and under AddressSanitizer and UBSan'
	@echo 'check-one  the tests once, of the build at hand (SAN=1, CC=clang)'
	@echo 'check-live  attempts to get out of a call, layer by layer'
	@echo 'check-vm    the same under Debian 6.1 in qemu, some minutes'
	@echo 'golden   only the golden pairs'
	@echo 'lint     cppcheck, and a build with clang'
	@echo 'tidy     clang-tidy over all sources, some ten minutes; QUICK=1 without its analyser, one'
	@echo 'layers   includes point left only'
	@echo 'sizes    files over 800 lines, functions over 80'
	@echo 'fuzz     every fuzzer for FUZZ_SECONDS (20)'
	@echo 'soak     the referee for SOAK_SECONDS (600), on new seeds'
	@echo 'faults   plants faults in the compiler: the referee has to find each'
	@echo 'bench    every figure beside what it is compared with'
	@echo 'soak-serve  SOAK_KILLS (1000) kills of the daemon under load, counted'
	@echo 'man      manual pages'
	@echo 'install  to PREFIX (/usr/local)'
	@echo 'clean    removes build and build-*'

deps:
	$(Q)mk/deps.sh

unit: $(addprefix $(BUILD)/unit/,$(UNIT_TESTS))

# All that the tests run, and the benches, so that none breaks unseen.
programs: unit $(TEST_PROGRAMS:%=$(BUILD)/%) $(BENCHES:%=$(BUILD)/bench/%)

# One pass over all tests with the compiler and sanitizers at hand.
check-one: all programs
	$(Q)for t in $(filter-out $(UNIT_TESTS),$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))); do \
		echo "tests/unit/$$t.c is in no list of mk/: it would never run"; exit 1; done
	$(Q)BUILD=$(BUILD) SAN=$(SAN) tests/run.sh $(addprefix $(BUILD)/unit/,$(UNIT_TESTS))

golden: all $(BUILD)/fakedaemon
	$(Q)BUILD=$(BUILD) EXTRA= tests/run.sh

check:
	$(Q)mk/deps.sh
	$(Q)tests/check.sh

demo:
	$(Q)mk/deps.sh
	$(Q)$(MAKE) all
	$(Q)BUILD=$(BUILD) tests/demo.sh

layers:
	$(Q)mk/layers.sh

sizes:
	$(Q)BUILD=$(BUILD) mk/sizes.sh

lint:
	$(Q)mk/lint.sh

tidy:
	$(Q)mk/tidy.sh $(if $(QUICK),--quick)

bench: $(addprefix $(BUILD)/bench/,$(BENCHES)) all
	$(Q)for b in $(BENCHES); do BUILD=$(BUILD) $(BUILD)/bench/$$b || exit; done

install: all install-libkrux
	$(Q)install -D -m 755 $(BUILD)/kruxc $(DESTDIR)$(bindir)/kruxc
	$(Q)install -D -m 755 $(BUILD)/kruxrt $(DESTDIR)$(bindir)/kruxrt
	$(Q)for p in $(BESIDE); do install -D -m 755 $(BUILD)/$$p $(DESTDIR)$(bindir)/$$p || exit; done
	$(Q)for p in $(PARTS); do install -D -m 755 $(BUILD)/$$p $(DESTDIR)$(libexecdir)/krux/$$p || exit; done
	$(Q)install -D -m 755 $(BUILD)/krux-witness $(DESTDIR)$(bindir)/krux-witness
	$(Q)for f in stdlib-caps/*/*.cap stdlib-caps/policies/*.yaml; do \
		install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/krux/$${f#stdlib-caps/} || exit; done
	$(Q)for s in bash:bash-completion/completions/% zsh:zsh/site-functions/_% fish:fish/vendor_completions.d/%.fish; do \
		for p in kruxc kruxrt; do \
			to=$(DESTDIR)$(PREFIX)/share/$$(echo $${s#*:} | sed "s/%/$$p/"); \
			install -d $$(dirname $$to) || exit; \
			if [ $$p = kruxc ]; then $(BUILD)/kruxc completion $${s%%:*}; \
			else mk/completions.sh $(BUILD)/kruxrt $${s%%:*}; fi > $$to || exit; \
		done; done

clean:
	rm -rf build build-*
