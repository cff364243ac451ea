# libkrux: what programs that call Krux link with. The parts of capspec in it are hidden, in the shared
# library by its version script, in the static one by making them local.
LIBKRUX_SRC := $(CLIENT_SRC) capspec/canon_bytes.c capspec/canon_refuse.c capspec/canon_utf8.c capspec/digest.c \
	capspec/digest_block.c capspec/frame.c capspec/item.c capspec/key.c capspec/key_file.c capspec/value.c
LIBKRUX_OBJ := $(patsubst %.c,$(BUILD)/pic/%.o,$(LIBKRUX_SRC))
LIBKRUX := $(BUILD)/libkrux.so.1 $(BUILD)/libkrux.a
KRUX_VERSION := $(shell sed -n 's/^\#define KRUX_VERSION "\(.*\)"$$/\1/p' capspec/version.h)

$(BUILD)/pic/%.o: %.c
	$(SAY) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -MMD -MP -c -o $@ $<

$(BUILD)/libkrux.so.1: $(LIBKRUX_OBJ) client/libkrux.map
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,libkrux.so.1 -Wl,--version-script=client/libkrux.map \
		$(if $(SAN),,-Wl$(,)-z$(,)defs) -Wl,--gc-sections -o $@ $(LIBKRUX_OBJ) -lsodium
	$(Q)ln -sf libkrux.so.1 $(BUILD)/libkrux.so

$(BUILD)/libkrux.a: $(LIBKRUX_OBJ) client/libkrux.map
	$(SAY) AR $@
	$(Q)$(CC) -r -nostdlib -o $(BUILD)/pic/libkrux.o $(LIBKRUX_OBJ)
	$(Q)sed -n 's/^\t\(krux_[a-z_]*\);$$/\1/p' client/libkrux.map > $(BUILD)/pic/libkrux.names
	$(Q)objcopy --keep-global-symbols=$(BUILD)/pic/libkrux.names $(BUILD)/pic/libkrux.o
	$(Q)rm -f $@ && ar rcs $@ $(BUILD)/pic/libkrux.o

$(BUILD)/krux.pc: client/krux.pc.in capspec/version.h
	$(SAY) SED $@
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(KRUX_VERSION)|' $< > $@

.PHONY: libkrux install-libkrux
libkrux: $(LIBKRUX)

install-libkrux: $(LIBKRUX) $(BUILD)/krux.pc
	$(Q)install -D -m 644 client/krux.h $(DESTDIR)$(PREFIX)/include/krux.h
	$(Q)install -D -m 755 $(BUILD)/libkrux.so.1 $(DESTDIR)$(PREFIX)/lib/libkrux.so.1
	$(Q)ln -sf libkrux.so.1 $(DESTDIR)$(PREFIX)/lib/libkrux.so
	$(Q)install -D -m 644 $(BUILD)/libkrux.a $(DESTDIR)$(PREFIX)/lib/libkrux.a
	$(Q)install -D -m 644 $(BUILD)/krux.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/krux.pc

-include $(LIBKRUX_OBJ:.o=.d)

# A daemon that is all script, for tests of kruxrt's commands.
TEST_PROGRAMS += fakedaemon
$(BUILD)/fakedaemon: $(BUILD)/obj/tests/fake/daemon.o $(BUILD)/libkruxtest.a
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/libkruxtest.a $(TEST_LIBS) $(KRUXC_LIBS) $(KRUXRT_LIBS)
