# Longshot: the only build file. `make help` lists the targets.
#
# Every variant has a directory of its own under build/, so switching needs no clean. A variable of
# the environment or the command line wins: make CC=clang, make V=1, make WERROR=1.

MAKEFLAGS += -r
VARIANT ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
OUT := build/$(VARIANT)
Q := $(if $(V),,@)

PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
DESTDIR ?=
# Libraries: the Debian package is named when one is missing (libcsv has no pkg-config file).
OPENBLAS_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags openblas 2>/dev/null)
OPENBLAS_LIBS ?= $(or $(shell $(PKG_CONFIG) --libs openblas 2>/dev/null),-lopenblas)
CJSON_CFLAGS ?= -I/usr/include/cjson
CJSON_LIBS ?= $(or $(shell $(PKG_CONFIG) --libs libcjson 2>/dev/null),-lcjson)
CSV_LIBS ?= -lcsv
ZLIB_LIBS ?= $(or $(shell $(PKG_CONFIG) --libs zlib 2>/dev/null),-lz)
CMOCKA_LIBS ?= $(or $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null),-lcmocka)

# The version is that of the tag on this commit, v1.2.3; else of harness/VERSION, which tarballs have, too.
VERSION := $(or $(shell p=$$(git rev-parse --show-prefix 2>/dev/null) && [ -z "$$p" ] && \
	git tag --points-at HEAD 'v[0-9]*' 2>/dev/null | tail -1 | cut -c2-),$(shell cat harness/VERSION))
# The commit, if this folder is the top of a repository and not a copy inside of another one.
COMMIT := $(or $(shell p=$$(git rev-parse --show-prefix 2>/dev/null) && [ -z "$$p" ] && \
	git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null),$(shell cat harness/COMMIT 2>/dev/null),unknown)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wpointer-arith -Wcast-qual \
	-Wundef -Wvla -Wformat=2 -Wswitch-enum $(if $(WERROR),-Werror)
OPT_release := -g1
OPT_double := -g1 -DLX_REAL_DOUBLE
OPT_asan := -g -fsanitize=address -fno-omit-frame-pointer
OPT_ubsan := -g -fsanitize=undefined -fno-sanitize-recover=all
OPT_tsan := -g -fsanitize=thread
OPT_fuzz := -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined
OPT_coverage := -g --coverage
OPT := $(OPT_$(VARIANT))
ifeq ($(OPT),)
$(error VARIANT=$(VARIANT): must be one of release double asan ubsan tsan fuzz coverage)
endif
ARCH := $(shell $(CC) -dumpmachine)
# GCC 12.2, Debian 12's, fails to compile some loops with fmax() for arm64 where it knows what that is.
FMAX := $(if $(findstring aarch64,$(ARCH)),-fno-builtin-fmax -fno-builtin-fmin)
FLAGS := -std=c11 -D_POSIX_C_SOURCE=200809L -fno-math-errno -ffp-contract=off -fopenmp-simd $(FMAX) \
	$(WARNINGS) $(OPT) -Iharness -I. -DLX_VERSION='"$(VERSION)"' -DLX_VARIANT='"$(VARIANT)"' \
	$(OPENBLAS_CFLAGS) $(CJSON_CFLAGS) $(CFLAGS)
# Levels: of the rooms where a study's time is spent; of the rest, which is so compiled in half the time.
FAST_release := -O3
FAST_double := -O2
FAST_coverage := -O0
REST_coverage := -O0
FAST := $(or $(FAST_$(VARIANT)),-O1)
REST := $(or $(REST_$(VARIANT)),-O1)
LIBS := $(OPENBLAS_LIBS) $(CJSON_LIBS) $(CSV_LIBS) $(ZLIB_LIBS) -lm $(LDFLAGS)

# The inner loops are compiled once per instruction set and chosen at run time.
SIMD_KINDS := plain $(if $(findstring x86_64,$(ARCH)),avx2 avx512)
SIMD_plain := -Wno-pass-failed
SIMD_avx2 := -Wno-pass-failed -mavx2 -mfma -ffp-contract=fast
SIMD_avx512 := -Wno-pass-failed -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma -mprefer-vector-width=512 -ffp-contract=fast

MAIN_SRC := harness/main.c
SIMD_SRC := harness/kernels/simd.c harness/kernels/attention_head.c harness/kernels/product.c \
	harness/kernels/peak.c
SRC := $(filter-out $(MAIN_SRC) $(SIMD_SRC),$(wildcard harness/*.c harness/*/*.c encodings/*.c \
	datasets/*.c))
SIMD_OBJ := $(foreach k,$(SIMD_KINDS),$(SIMD_SRC:%.c=$(OUT)/%.$(k).o))
# The rooms of a cell's numbers, and those that they stand on.
FAST_ROOMS := encodings datasets $(addprefix harness/,core stats kernels tensor stack attention model objective train \
	probe eval analysis)
NUMBER_ROOMS := $(FAST_ROOMS) $(addprefix harness/,process system json text expression)
PAGE_ASSETS := harness/page/page.css harness/page/page.js
OBJ := $(SRC:%.c=$(OUT)/%.o) $(SIMD_OBJ) $(OUT)/page_assets.o
LIB := $(OUT)/liblongshot.a
NUMBERS_OBJ := $(filter $(NUMBER_ROOMS:%=$(OUT)/%/%),$(OBJ))
NUMBERS_LIB := $(OUT)/libnumbers.a
BIN := $(if $(filter release,$(VARIANT)),build/longshot,$(OUT)/longshot)
PROGRAM := $(if $(wildcard $(MAIN_SRC)),$(BIN))
TEST_SRC := $(wildcard harness/tests/unit/test_*.c)
TEST_BIN := $(TEST_SRC:harness/tests/unit/%.c=$(OUT)/tests/%)
FUZZ_SRC := $(wildcard harness/tests/fuzz/fuzz_*.c)
FUZZ_REPLAY := $(FUZZ_SRC:harness/tests/fuzz/%.c=$(OUT)/tests/%)

.PHONY: all help
## all: build build/longshot (the default)
all: deps $(PROGRAM)

## help: list the targets
help:
	@sed -n 's/^## \([a-z0-9-]*\): \(.*\)/\1	\2/p' Makefile | expand -t 16
	@echo; echo "variables: VARIANT=release|double|asan|ubsan|tsan|fuzz|coverage CC=gcc|clang V=1 WERROR=1"

# A missing library is named by its Debian package before the compiler trips over it.
DEPS := cblas.h:libopenblas-dev zlib.h:zlib1g-dev cJSON.h:libcjson-dev csv.h:libcsv-dev
TEST_DEPS := $(DEPS) cmocka.h:libcmocka-dev
find_deps = for d in $(1); do h=$${d%%:*}; p=$${d\#*:}; \
	  printf '\#include <setjmp.h>\n\#include <stdarg.h>\n\#include <stdint.h>\n\#include <stdio.h>\n\#include <%s>\n' $$h | \
	    $(CC) $(OPENBLAS_CFLAGS) $(CJSON_CFLAGS) $(CFLAGS) -E -x c - >/dev/null 2>&1 || \
	    { echo "make: $$h not found: apt-get install $$p" >&2; exit 1; }; done
.PHONY: deps test-deps
deps:
	@$(call find_deps,$(DEPS))
test-deps:
	@$(call find_deps,$(TEST_DEPS))
	@for need in prove:perl jq:jq; do command -v $${need%:*} >/dev/null || \
	  { echo "make: $${need%:*} not found: apt-get install $${need#*:}" >&2; exit 1; }; done

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  cc  $<")
	$(Q)$(CC) $(if $(filter $(FAST_ROOMS:%=%/%),$<),$(FAST),$(REST)) $(FLAGS) -MMD -MP -c $< -o $@

# One file knows the commit; it is compiled again when that is another.
.PHONY: force
force:
$(OUT)/commit: force
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' >$@
$(OUT)/harness/core/provenance.o: $(OUT)/commit
# The same of the version.
$(OUT)/version: force
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(patsubst %.c,$(OUT)/%.o,$(shell grep -lw LX_VERSION harness/*.c harness/*/*.c)): $(OUT)/version
$(OUT)/harness/core/provenance.o: FLAGS += -DLX_COMMIT='"$(COMMIT)"'

# The style and the script of the page, as arrays of bytes that end with a NUL.
$(OUT)/page_assets.c: $(PAGE_ASSETS)
	@mkdir -p $(@D)
	$(Q){ printf '#include "page/page_assets.h"\n'; for f in $(PAGE_ASSETS); do \
	  printf 'const unsigned char lx_%s[] = {\n' "$$(basename $$f | tr . _)"; \
	  od -An -v -tu1 $$f | sed 's/[0-9][0-9]*/&,/g'; printf '0};\n'; done; } >$@.part && mv $@.part $@
$(OUT)/page_assets.o: $(OUT)/page_assets.c
	$(Q)$(CC) $(REST) $(FLAGS) -MMD -MP -c $< -o $@

# Fuzzing is for readers: clang takes minutes a file to watch what is multiplied.
SIMD_CHECKS := $(if $(filter fuzz,$(VARIANT)),-fno-sanitize=all)
define simd_rule
$(OUT)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(if $$(V),,@echo "  cc  $$< ($(1))")
	$$(Q)$$(CC) $$(FAST) $$(FLAGS) $$(SIMD_$(1)) $(SIMD_CHECKS) -DLX_SIMD=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach k,$(SIMD_KINDS),$(eval $(call simd_rule,$(k))))

ifneq ($(findstring x86_64,$(ARCH)),)
$(OUT)/harness/kernels/product_bf16.o: FLAGS += $(SIMD_avx512) -mavx512bf16 -mamx-tile -mamx-bf16
endif

$(LIB): $(OBJ)
$(NUMBERS_LIB): $(NUMBERS_OBJ)
$(LIB) $(NUMBERS_LIB):
	$(Q)rm -f $@ && ar rcs $@ $^

$(BIN): $(OUT)/harness/main.o $(LIB)
	$(if $(V),,@echo "  ld  $@")
	$(Q)$(CC) $(FLAGS) $^ -o $@ $(LIBS)

# What `make test` runs twice, in float and in double: everything that checks numbers. For these the rooms
# of numbers are built alone.
NUMERIC := golden gradients variants twins tensor products softmax attention attention_skip attention_rows conformance_model \
	evaluate adamw encodings \
	encodings_absolute encoding_gradients conformance_encodings rope receptive_field latent_position \
	alignment parameter_usage formula
NUMBER_TESTS := $(filter $(NUMERIC:%=$(OUT)/tests/test_%),$(TEST_BIN))
$(NUMBER_TESTS): $(NUMBERS_LIB)
$(filter-out $(NUMBER_TESTS),$(TEST_BIN)): $(LIB)
$(OUT)/tests/test_%: harness/tests/unit/test_%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  cc  $<")
	$(Q)$(CC) $(REST) $(FLAGS) -MMD -MP $< -o $@ $(filter %.a,$^) $(CMOCKA_LIBS) $(LIBS)

# The program again, with faults on order (harness/tests/fault/fault.c): every call named here goes through it.
# libcsv and zlib are linked statically, so that theirs do, too.
FAULT_BIN := $(OUT)/tests/longshot-fault
FAULT_CALLS := main malloc calloc realloc aligned_alloc posix_memalign strdup free open fopen opendir readdir \
	read write fsync rename renameat2 close fclose closedir fdopendir openat mkdir remove unlink unlinkat \
	stat lstat fstat fchmod access realpath \
	statvfs pipe fcntl posix_spawn posix_spawnp fork pthread_create poll waitpid
$(FAULT_BIN): harness/tests/fault/fault.c harness/tests/fault/record.c $(OUT)/harness/main.o $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  ld  $@")
	$(Q)$(CC) $(REST) $(FLAGS) $^ -o $@ $(FAULT_CALLS:%=-Wl,--wrap=%) $(OPENBLAS_LIBS) $(CJSON_LIBS) \
	  -Wl,-Bstatic $(CSV_LIBS) $(ZLIB_LIBS) -Wl,-Bdynamic -lm $(LDFLAGS)

-include $(OBJ:.o=.d) $(OUT)/harness/main.d $(TEST_BIN:=.d)

# Each fuzz target is linked with a small main that replays its corpus; see the fuzz target below.
$(OUT)/tests/fuzz_%: harness/tests/fuzz/fuzz_%.c harness/tests/fuzz/replay_main.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  cc  $<")
	$(Q)$(CC) $(REST) $(FLAGS) $^ -o $@ $(LIBS)

# ---------------------------------------------------------------------------------------- tests

DOUBLE_TESTS := $(filter $(NUMERIC:%=test_%),$(TEST_SRC:harness/tests/unit/%.c=%))
# The longest are started first, so that none of them is alone at the end.
LONG := children power sweep new_encoding install evidence cluster store run commands resume limits slurm compare fetch
E2E := $(foreach s,$(LONG),$(wildcard harness/tests/*/e2e_$(s).sh))
E2E += $(filter-out $(E2E),$(wildcard harness/tests/*/e2e_*.sh))
PROVE := prove -j2 --merge --timer
SUB := $(MAKE) --no-print-directory -s

.PHONY: tests test test-units test-double test-e2e check asan ubsan torture torture-faults
# The program and all test programs of a variant.
tests: $(PROGRAM) $(TEST_BIN) $(FUZZ_REPLAY) $(FAULT_BIN)

## test: unit, golden, gradient, conformance, fuzz-corpus and end-to-end tests (about 4 minutes on two idle cores, its build included)
test: test-deps
	@$(SUB) -j2 release-tests double-tests
	@harness/tests/prove.pl $(E2E) $(DOUBLE_TESTS:%=build/double/tests/%) $(TEST_BIN) $(FUZZ_REPLAY)

# Both at once, so that no processor waits for the last file of one.
.PHONY: release-tests double-tests
release-tests:
	@$(SUB) VARIANT=release tests
double-tests:
	@$(SUB) VARIANT=double $(DOUBLE_TESTS:%=build/double/tests/%)

## test-units: the test programs of one variant, without the end-to-end scripts
test-units: tests
	@$(PROVE) $(TEST_BIN) $(FUZZ_REPLAY)

## check: what a change must pass: format, lint, warnings as errors under gcc and clang, test, asan, ubsan
check: format-check lint
	@$(SUB) -j2 CC=gcc WERROR=1 OUT=build/werror-gcc BIN=build/werror-gcc/longshot tests
	@$(SUB) -j2 CC=clang WERROR=1 OUT=build/werror-clang BIN=build/werror-clang/longshot tests
	@$(SUB) test test-kernels
	@$(SUB) asan ubsan tsan

## test-kernels: what checks numbers, on the slower kernels: plain C, AVX2, and BLAS without AVX-512
.PHONY: test-kernels
test-kernels: tests
	@for k in LX_SIMD=plain LX_SIMD=avx2 LX_PRODUCTS=own LX_PRODUCTS=openblas OPENBLAS_CORETYPE=Haswell; do echo "$$k"; \
	  env $$k $(PROVE) $(NUMERIC:%=$(OUT)/tests/test_%) $(OUT)/tests/test_threads || exit 1; done

# The end-to-end scripts with the program of a variant; they skip what looks at memory where it is sanitized.
.PHONY: test-scripts
test-scripts: tests
	@LONGSHOT=$(CURDIR)/$(BIN) LONGSHOT_FAULT=$(CURDIR)/$(FAULT_BIN) $(PROVE) $(E2E)

## asan: all tests under AddressSanitizer and LeakSanitizer, the end-to-end scripts too
asan:
	@$(SUB) -j2 VARIANT=asan tests
	@$(SUB) VARIANT=asan test-units test-scripts

## ubsan: all tests under UndefinedBehaviorSanitizer, the end-to-end scripts too
ubsan:
	@$(SUB) -j2 VARIANT=ubsan tests
	@$(SUB) VARIANT=ubsan test-units test-scripts

## tsan: the threads inside a cell under ThreadSanitizer
tsan:
	@$(SUB) -j2 VARIANT=tsan build/tsan/tests/test_threads
	@OPENBLAS_NUM_THREADS=1 $(PROVE) build/tsan/tests/test_threads

## torture: the long tiers: LX_KILLS (1000) SIGKILLs of supervisor and workers, LX_FLIPS (40) damages of each file, LX_RACES (200) times all cells twice at once, all faults, and LX_PLACES=1: something else in every place
torture: all torture-faults
	@LX_PLACES=$${LX_PLACES:-1} prove harness/tests/fault/e2e_places.sh
	@LX_KILLS=$${LX_KILLS:-1000} prove harness/tests/e2e/e2e_resume.sh
	@LX_FLIPS=$${LX_FLIPS:-40} prove harness/tests/e2e/e2e_hostile.sh
	@LX_RACES=$${LX_RACES:-200} prove harness/tests/e2e/e2e_sweep.sh

## torture-faults: the N-th allocation, open, write, ... fails, N = 1, 2, ...; LX_FAULT_STRIDE=7: each 7th
torture-faults:
	@$(SUB) -j2 VARIANT=asan build/asan/tests/longshot-fault
	@LONGSHOT_FAULT=build/asan/tests/longshot-fault harness/tests/fault/faults.pl --jobs 2

## torture-power: the power fails after every operation on files, in four ways; LX_FAULT_STRIDE=7: after each 7th
.PHONY: torture-power
torture-power: tests
	@harness/tests/fault/faults.pl --class cut,durable --jobs 2

## test-slurm: a sweep through a real Slurm on this machine's loopback, under requeues (some minutes)
.PHONY: test-slurm
test-slurm: all
	@harness/tests/e2e/slurm_loopback.sh

## test-arm64: built for arm64 and emulated: what checks numbers, then a small study; needs gcc-aarch64-linux-gnu, qemu-user
.PHONY: test-arm64
test-arm64:
	@harness/tests/arm64.sh

## fuzz: fuzz each reader for FUZZ_SECONDS (60) with clang's libFuzzer, starting from its corpus
FUZZ_SECONDS ?= 60
.PHONY: fuzz fuzz-build
fuzz-build: $(FUZZ_SRC:harness/tests/fuzz/fuzz_%.c=$(OUT)/fuzz/%)
$(OUT)/fuzz/%: harness/tests/fuzz/fuzz_%.c $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(REST) $(FLAGS) -fsanitize=fuzzer $^ -o $@ $(LIBS)
fuzz:
	@$(SUB) -j2 VARIANT=fuzz CC=clang fuzz-build
	@harness/tests/fuzz/fuzz.sh $(FUZZ_SECONDS) build/fuzz $(FUZZ_SRC:harness/tests/fuzz/fuzz_%.c=build/fuzz/fuzz/%)

# ---------------------------------------------------------------------------------------- speed

.PHONY: bench bench-cost bench-cells bench-peers
## bench: speed and memory on this machine, some minutes on an idle core: results/bench/
BENCH_FLAGS ?= --repeat 10 --seconds 5 --lengths 128,256,512,1024,2048,4096,8192,16384,32768,65536
bench: all
	@$(BIN) bench $(BENCH_FLAGS) -o results/bench

## bench-cost: what a window saves in evaluation, what a shorter training length saves; 3 minutes: results/papers/cost/
bench-cost: all
	@$(BIN) bench --workloads none --stacks configs/cost-stacks.json --repeat 3 --seconds 1 \
	  --lengths 1024,2048,4096,8192,16384,32768 --train-lengths 128,256,512,1024,2048 -o results/papers/cost

## bench-cells: two cells one by one, side by side, and with threads, by the clock: results/bench/
bench-cells: all
	@harness/bench/bench_cells.sh $(BIN) results/bench

## bench-peers: the same workloads here and in PyTorch (pip install torch==2.13.0), ratios: results/bench/
bench-peers: all
	@harness/bench/bench_peers.sh $(BIN) results/bench

# ------------------------------------------------------------------------------------- install

.PHONY: install uninstall dist deb
INSTALLED := bin/longshot share/man/man1/longshot.1 share/bash-completion/completions/longshot \
	share/zsh/site-functions/_longshot share/fish/vendor_completions.d/longshot.fish
PLACE := $(DESTDIR)$(PREFIX)

## install: program, manual page, completions, configs, schema and Python package, into PREFIX=/usr/local under DESTDIR=
install: all
	@mkdir -p build/install
	@$(BIN) man | sed 's|\$$PREFIX|$(PREFIX)|' >build/install/longshot.1
	@for shell in bash zsh fish; do $(BIN) completion $$shell >build/install/$$shell || exit 1; done
	@install -D -m 755 $(BIN) "$(PLACE)/bin/longshot"
	@install -D -m 644 build/install/longshot.1 "$(PLACE)/share/man/man1/longshot.1"
	@install -D -m 644 build/install/bash "$(PLACE)/share/bash-completion/completions/longshot"
	@install -D -m 644 build/install/zsh "$(PLACE)/share/zsh/site-functions/_longshot"
	@install -D -m 644 build/install/fish "$(PLACE)/share/fish/vendor_completions.d/longshot.fish"
	@for f in configs/*.json configs/papers/*.json configs/study/* configs/cluster/*; do \
	  mode=644; [ ! -x $$f ] || mode=755; install -D -m $$mode $$f "$(PLACE)/share/longshot/$$f" || exit 1; done
	@mv "$(PLACE)/share/longshot/configs/schema.json" "$(PLACE)/share/longshot/schema.json"
	@for f in README.md LICENSE CITATION.cff .github/CHANGELOG.md; do \
	  install -D -m 644 $$f "$(PLACE)/share/doc/longshot/$${f#.github/}" || exit 1; done
	@for d in configs results datasets encodings; do install -D -m 644 $$d/README.md "$(PLACE)/share/doc/longshot/$$d.md" || exit 1; done
	@for f in harness/python/longshot_results/*.py; do install -D -m 644 $$f "$(PLACE)/share/longshot/$${f#harness/}" || exit 1; done
	@[ -n "$(DESTDIR)" ] || echo "installed: $(PREFIX)/bin/longshot; configs and Python: $(PREFIX)/share/longshot; man longshot; longshot init"
	@[ -n "$(DESTDIR)" ] || case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; *) echo "put it on your PATH: export PATH=\"$(PREFIX)/bin:\$$PATH\"" ;; esac

## uninstall: remove what install put there
uninstall:
	rm -f $(INSTALLED:%="$(PLACE)/%")
	rm -rf "$(PLACE)/share/longshot" "$(PLACE)/share/doc/longshot"

## dist: build/longshot-VERSION.tar.gz, the sources of this commit, from which all can be built and tested without git
NAME_VERSION := longshot-$(VERSION)
dist:
	@git rev-parse HEAD >/dev/null 2>&1 || { echo "make: dist: must be made in a clone, this is none" >&2; exit 1; }
	@rm -rf build/dist && mkdir -p build/dist/$(NAME_VERSION)
	@git archive HEAD -- . ':!results/papers/*/*' ':!results/papers/index.html' ':!results/books-tiny/cells' ':!results/books-tiny/*.csv' ':!results/books-tiny/*.gz' | tar -xf - -C build/dist/$(NAME_VERSION)
	@echo '$(VERSION)' >build/dist/$(NAME_VERSION)/harness/VERSION
	@git rev-parse --short=12 HEAD >build/dist/$(NAME_VERSION)/harness/COMMIT
	@tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$$(git log -1 --format=%ct)" -C build/dist -cf - $(NAME_VERSION) | \
	  gzip -n >build/$(NAME_VERSION).tar.gz
	@rm -rf build/dist
	@echo build/$(NAME_VERSION).tar.gz

## deb: a Debian package of what install installs: build/deb/
deb: all
	@harness/packaging/deb.sh $(VERSION) build/deb

# ------------------------------------------------------------------------------------- studies

PAPERS ?= $(basename $(notdir $(wildcard configs/papers/*.json)))
.PHONY: papers
## papers: the studies of configs/papers into results/papers/NAME; what they train alike is trained once. PAPERS="alibi t5-sharing"
papers: all
	@mkdir -p results/papers/checkpoints
	@set -e; for name in $(PAPERS); do \
		mkdir -p results/papers/$$name; \
		test -e results/papers/$$name/checkpoints || ln -s ../checkpoints results/papers/$$name/checkpoints; \
		$(BIN) run configs/papers/$$name.json -o results/papers/$$name $(PAPERS_FLAGS); \
	done

.PHONY: study
## study: a part of the large study, from public texts to results/study; configs/study/README.md has the parts. PART=2a STUDY_FLAGS=-j1
study: all
	@configs/study/run.sh $(PART) $(STUDY_FLAGS)

# ----------------------------------------------------------------------------- format and lint

C_FILES := $(wildcard harness/*.c harness/*/*.[ch] harness/tests/*/*.[ch] encodings/*.[ch] datasets/*.[ch])

.PHONY: new-encoding
## new-encoding: encodings/NAME.c from a working template, in the registry and the README. NAME=near
new-encoding:
	@echo '$(NAME)' | grep -qx '[a-z][a-z0-9_]*' || \
	  { echo 'make: NAME: must be a letter, then letters, digits and _, all small, got "$(NAME)"' >&2; exit 1; }
	@! ls encodings/$(NAME).[ch] >/dev/null 2>&1 || { echo "make: encodings/$(NAME).c: is there already" >&2; exit 1; }
	@sed 's/new_scheme/$(NAME)/g' encodings/new_scheme.template >encodings/$(NAME).c
	@printf '    X(%s)%*s\\\n' $(NAME) "$$((92 - $$(printf %s $(NAME) | wc -c)))" '' >build/new-encoding.line
	@sed -i '/^    X(formula) /r build/new-encoding.line' encodings/encoding_list.c
	@sed -i 's/^| `formula` |.*/&\n| `$(NAME)` | dist = -slope_h max(0, d - width) | `width` (4) | - | keeps falling, at the learned slope | our | this program | `encoding.$(NAME).slope` [H] |/' \
	  encodings/README.md
	@echo 'encodings/$(NAME).c: a working scheme, in the registry and in encodings/README.md, which says what next'

## docs: what is made from the option tables: configs/schema.json and the keys in configs/README.md
.PHONY: docs
docs: all
	@$(BIN) schema >build/schema.json && mv build/schema.json configs/schema.json
	@$(BIN) describe --markdown >build/keys.md
	@sed -i -e '/^<!-- keys:/r build/keys.md' -e '/^<!-- keys:/,/^<!-- keys end/{/^<!-- keys/!d}' configs/README.md

.PHONY: format format-check lint coverage clean
## format: rewrite the sources in the house style (clang-format)
format:
	clang-format -i $(C_FILES)

## format-check: fail if a source is not in the house style
format-check:
	@clang-format --dry-run -Werror $(C_FILES)

## lint: order of the rooms, circles of files, house rules, cppcheck, clang-tidy
LINT_FLAGS := -std=c11 -D_POSIX_C_SOURCE=200809L -Iharness -I. $(OPENBLAS_CFLAGS) $(CJSON_CFLAGS) \
	-DLX_VERSION='"lint"' -DLX_VARIANT='"lint"' -DLX_SIMD=plain
LINT_SRC := $(SRC) $(MAIN_SRC) $(SIMD_SRC)
lint:
	@harness/tests/lint/check_includes.sh
	@harness/tests/lint/check_dialect.pl
	@harness/tests/lint/check_pipes.sh
	@$(SUB) -j2 VARIANT=release tests
	@harness/tests/lint/check_circles.sh build/release
	@cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --language=c --suppressions-list=.cppcheck \
	  --enable=warning,performance,portability -j2 -Iharness -I. -DLX_VERSION='"lint"' \
	  -DLX_VARIANT='"lint"' -DLX_SIMD=plain $(LINT_SRC)
	@$(SUB) -j2 $(LINT_SRC:%.c=build/lint/%.tidy)

# clang-tidy, one file at a time (its analyser mixes files up), again only when the file changed.
build/lint/%.tidy: %.c .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(LINT_FLAGS) 2>/dev/null && touch $@

## coverage: line coverage of the unit tests, per folder (gcov)
coverage:
	@$(SUB) -j2 VARIANT=coverage tests
	@$(SUB) VARIANT=coverage test-units
	@harness/tests/coverage.sh build/coverage

## clean: remove build/
clean:
	rm -rf build
