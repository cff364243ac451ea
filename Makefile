# Krux. `make` builds build/kruxc and build/kruxrt; `make help` lists the targets.
# Explicit lists, one rule each, quiet; V=1 shows the commands.
#   BUILD=dir   another output folder         CC=clang    another compiler
#   SAN=1       AddressSanitizer and UBSan    DEBUG=1     -O0 and diagram checks

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
SAN ?=
DEBUG ?=
BUILD ?= build$(if $(filter clang%,$(CC)),-clang)$(if $(SAN),-san)
# One name for one folder: what objects depend on is noted under the name they were made with.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
GEN := $(BUILD)/gen
V ?=
Q := $(if $(V),,@)
SAY = $(if $(V),@:,@printf '  %-8s %s\n')

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wnull-dereference -Wconversion \
	-Wno-sign-conversion
OPT := $(if $(DEBUG),-O0 -DKRUX_DEBUG,$(if $(SAN),-O1 -DKRUX_DEBUG,-O2))
, := ,
SANFLAGS := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -ftrivial-auto-var-init=pattern)
# Nothing unwinds: no exceptions, and a debugger reads .debug_frame.
LEAN := $(if $(DEBUG)$(SAN),,-fno-asynchronous-unwind-tables)
CFLAGS ?= -g
ALL_CFLAGS = -std=gnu11 $(WARN) $(OPT) $(LEAN) $(SANFLAGS) -fvisibility=hidden -ffunction-sections -fstack-protector-strong \
	-D_FORTIFY_SOURCE=$(if $(or $(DEBUG),$(SAN)),0,2) -D_GNU_SOURCE -I. -I$(GEN) $(CFLAGS)
LDFLAGS ?=
# Relocations packed: two bits instead of 24 bytes each.
PACKED := $(if $(SAN),,-Wl,-z,pack-relative-relocs)
ALL_LDFLAGS = $(SANFLAGS) -Wl,-z,relro,-z,now $(PACKED) $(LDFLAGS)

PREFIX ?= /usr/local
bindir ?= $(PREFIX)/bin
libexecdir ?= $(PREFIX)/libexec

# ---- sources, folder by folder ----

CAPSPEC_SRC :=
CLIENT_SRC :=
GRAMMAR_GEN :=
BASE_SRC :=
AST_SRC :=
READ_SRC :=
MODEL_SRC :=
CHECK_SRC :=
DD_SRC :=
PLAN_SRC :=
EMIT_SRC :=
PIPELINE_SRC :=
COMMAND_SRC :=
COMPILER_MAIN :=
RUNTIME_SRC :=
RUNTIME_MAIN :=
WITNESS_SRC :=
WEB_SRC :=
WITNESS_MAIN :=
HANDLER_SRC :=
# Check programs, tests/unit/NAME.c each
UNIT_TESTS :=
FUZZERS :=
BENCHES :=

include mk/sources.mk

COMPILER_SRC := $(CAPSPEC_SRC) $(BASE_SRC) $(AST_SRC) $(READ_SRC) $(MODEL_SRC) $(CHECK_SRC) $(DD_SRC) \
	$(PLAN_SRC) $(EMIT_SRC) $(PIPELINE_SRC) $(COMMAND_SRC)
KRUXRT_SRC := $(CAPSPEC_SRC) $(CLIENT_SRC) $(RUNTIME_SRC) $(HANDLER_SRC)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
COMPILER_OBJ := $(call obj,$(COMPILER_SRC)) $(patsubst %,$(BUILD)/obj/gen/%.o,$(GRAMMAR_GEN) builtin prelude)
KRUXRT_OBJ := $(call obj,$(KRUXRT_SRC))

KRUXC_LIBS := -lyaml -lsodium -lseccomp -lm
KRUXRT_LIBS := -lsodium -lseccomp -ldl
WEB_LIBS := -lcurl -lssl -lcrypto
TEST_LIBS := -lcheck -lsubunit -ljansson -lcbor -lrt -lm -lpthread

include mk/rules.mk
include mk/bpf.mk
include mk/client.mk
include mk/fuzz.mk
include mk/live.mk
include mk/oracle.mk
include mk/targets.mk
