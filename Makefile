# usher: see README.md for what it is, `make help` for what this can do.

PREFIX      ?= /usr/local
SBINDIR     ?= $(PREFIX)/sbin
MANDIR      ?= $(PREFIX)/share/man
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR  ?= $(PREFIX)/share/zsh/site-functions
INSTALL     ?= install
VERSION     := $(shell git describe --tags --match 'v[0-9]*' --always --dirty \
               2>/dev/null || echo dev)

# MODE picks flags and a build folder of its own, so objects never mix.
MODE        ?= release
B           := build/$(MODE)
CFLAGS      ?= -O2 -g
CET         := $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),-fcf-protection)
flags.release = -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
              -fstack-clash-protection $(CET) -fPIE
flags.asan  = -O1 -g -fsanitize=address,undefined \
              -fno-sanitize-recover=all -fno-omit-frame-pointer
flags.tsan  = -O1 -g -fsanitize=thread -fno-omit-frame-pointer
flags.fuzz  = -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
              -fno-sanitize-recover=all -fno-omit-frame-pointer
flags.coverage = $(flags.asan) --coverage -fprofile-update=atomic
link.fuzz    = -fsanitize=fuzzer
link.release = -pie -Wl,-z,relro,-z,now

# Ours come apart from CFLAGS: `make CFLAGS=-O0` must not lose -std or -Werror.
WARN        := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
               -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
               -Wformat=2 -Wundef
OUR_CFLAGS  := -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilib -Isrc \
               $(WARN) -MMD -MP $(if $(WERROR),-Werror)
ALL_CFLAGS   = $(OUR_CFLAGS) $(flags.$(MODE)) $(CPPFLAGS) $(CFLAGS)
LDLIBS      += -lmbedtls -lmbedx509 -lmbedcrypto -luv -ljansson -linih

# A program is its main file; it takes what it needs from the two archives.
MAINS       := src/usherd.c src/usherctl.c
LIB         := $(patsubst %.c,$(B)/%.o,$(wildcard lib/*.c))
MODULES     := $(patsubst %.c,$(B)/%.o,$(filter-out $(MAINS),$(wildcard src/*.c)))
PROGS       := $(patsubst src/%.c,$(B)/%,$(MAINS))
TESTS       := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
HELPERS     := $(patsubst %.c,$(B)/%.o,$(filter-out tests/unit/test_%, \
               $(wildcard tests/unit/*.c)))
SIM         := $(patsubst %.c,$(B)/%.o,$(filter-out tests/sim/test_% \
               tests/sim/sim.c,$(wildcard tests/sim/*.c)))
SIM_TESTS   := $(patsubst %.c,$(B)/%,$(wildcard tests/sim/test_*.c))
BENCH       := $(addprefix $(B)/tests/bench/,peer polls bare floor floor_uv)
# What integration tests run beside the programs.
FOR_TESTS   := $(B)/print_replies $(B)/usherd-failing
UNITS       := $(wildcard scripts/systemd/*.service scripts/systemd/*.path)
FUZZERS     := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
# A test that takes ten minutes hangs: it fails, and says where.
PYTEST       = /usr/bin/python3 -m pytest -q -p no:cacheprovider --timeout 600

Q           := $(if $(V),,@)
say          = $(if $(V),,@printf '  %-7s %s\n' $(1) $(patsubst $(B)/%,%,$@))
link         = $(CC) $(ALL_CFLAGS) $(link.$(MODE)) $(LDFLAGS) -o $@ \
               $(filter %.o %.a,$^) $(LDLIBS)

all: $(PROGS)

$(PROGS): $(B)/%: $(B)/src/%.o $(B)/modules.a $(B)/lib.a
$(B)/usherctl: LDLIBS =
$(TESTS): %: %.o $(B)/helpers.a $(B)/modules.a $(B)/lib.a
$(TESTS): LDLIBS += -lcmocka

$(B)/print_replies: $(B)/tests/integration/print_replies.o $(B)/modules.a \
	$(B)/lib.a
$(B)/usherd-failing: $(B)/src/usherd.o $(B)/tests/integration/failing.o \
	$(B)/tests/unit/failing_alloc.o $(B)/modules.a $(B)/lib.a

# With libFuzzer's own main(), or with one that plays files.
$(FUZZERS): %: %.o $(B)/modules.a $(B)/lib.a \
	$(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/replay.o)
$(B)/tests/fuzz/fuzz_http: $(B)/tests/fuzz/oracle.o
$(B)/tests/fuzz/fuzz_http: LDLIBS += -lhttp_parser
$(B)/tests/fuzz/fuzz_tls: $(B)/tests/unit/pki.o $(B)/tests/unit/t.o
$(B)/tests/fuzz/fuzz_tls: LDLIBS += -lcmocka

$(B)/sim: $(B)/tests/sim/sim.o $(B)/sim.a $(B)/modules.a $(B)/lib.a
$(SIM_TESTS): %: %.o $(B)/sim.a $(B)/modules.a $(B)/lib.a
$(SIM_TESTS): LDLIBS += -lcmocka

$(PROGS) $(TESTS) $(FOR_TESTS) $(B)/sim $(SIM_TESTS) $(BENCH) $(FUZZERS):
	$(call say,LD)
	$(Q)$(link)

$(B)/lib.a: $(LIB)
$(B)/modules.a: $(MODULES)
$(B)/helpers.a: $(HELPERS)
$(B)/sim.a: $(SIM)
$(B)/%.a:
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BENCH): %: %.o $(B)/tests/bench/loopback.o $(B)/tests/bench/identity.o
$(B)/tests/bench/bare: $(B)/lib.a

# --- tests: all of them, the quick ones, or one kind ------------------------

# Parts have a time limit; what is installed first does not count.  Integration
# tests take long: here they run with sanitizers, or else in test-foreign, and
# as released in test-trixie.
test: deps-systemd deps-puppet deps-package
	$(Q)scripts/test-parts build-tests test-unit test-sim test-fuzz \
	        test-foreign test-instructions test-soak test-asan test-tsan \
	        test-valgrind test-systemd test-puppet test-packages test-trixie
test-fast: test-unit test-sim test-fuzz test-integration

# All that they run, by all processors.
build-tests: deps-test
	$(Q)$(MAKE) --no-print-directory -j"$$(nproc)" tested
tested: $(PROGS) $(TESTS) $(SIM_TESTS) $(FUZZERS) $(FOR_TESTS)

test-unit: deps-test $(PROGS) $(TESTS)
	$(Q)scripts/run-unit-tests $(TESTS)

# Farms in simulated time, with the code that makes weights and replies.
test-sim: deps-test $(SIM_TESTS)
	$(Q)scripts/run-unit-tests $(SIM_TESTS)

# What fuzzing has found worth keeping, with any compiler.
test-fuzz: deps-test $(FUZZERS)
	$(Q)for t in $(FUZZERS); do \
	        $$t tests/fuzz/corpus/$${t##*/fuzz_} || exit 1; \
	done

# libFuzzer itself; what it finds is left in build/fuzz/found.
FUZZ_SECONDS ?= 60
fuzz: deps-fuzz
	$(Q)$(MAKE) --no-print-directory MODE=fuzz CC=clang WERROR=1 fuzz-all
fuzz-all: $(FUZZERS)
	$(Q)for t in $(FUZZERS); do \
	        tests/fuzz/run $$t $(FUZZ_SECONDS) || exit 1; \
	done

INTEGRATION ?= tests/integration
AT_ONCE     ?= 8
test-integration: deps-test $(PROGS) $(FOR_TESTS)
	$(Q)USHER_BIN=$(abspath $(B)) $(PYTEST) -n $(AT_ONCE) $(INTEGRATION)

# Every allocation in a usherd's life failed in turn, but for most of those in
# big numbers; and each of those in a handshake, a share for each processor.
faults: deps-test $(PROGS) $(FOR_TESTS) $(B)/tests/unit/test_faults_probe
	$(Q)FAILING_EVERY=1 USHER_BIN=$(abspath $(B)) $(PYTEST) --timeout 0 \
	        -n 4 tests/integration/test_failing.py
	$(Q)seq "$$(nproc)" | xargs -P 0 -I {} env FAILING_SHARE={}/"$$(nproc)" \
	        $(B)/tests/unit/test_faults_probe

# Integration tests whose time goes to Ruby, to a browser or to shells.
FOREIGN      = $(patsubst %,tests/integration/test_%.py,completions module \
               rolling tasks web_page)
test-foreign:
	$(Q)$(MAKE) --no-print-directory INTEGRATION='$(FOREIGN)' test-integration

# All others, with sanitizers, and counted: which lines they go through.  Without
# farms in simulated time, which would compute for three minutes.
test-asan: deps-test
	$(Q)scripts/coverage $(MAKE) --no-print-directory MODE=coverage WERROR=1 \
	        AT_ONCE=6 SIM_TESTS= build-tests test-unit test-fuzz \
	        test-integration \
	        INTEGRATION='tests/integration $(FOREIGN:%=--ignore=%)'

# What comes near a second thread: files are read and written, and handshakes
# computed, in libuv's pool; names are looked up in threads of their own.  Their
# unit tests, and usherd as a whole where they meet the loop.
THREADED     = $(addprefix build/tsan/tests/unit/test_,afile lookup store \
               store_pollers trust turns probe server)
MEETING      = $(addprefix tests/integration/test_,threads.py daemon.py \
               faults_names.py)
test-tsan:
	$(Q)$(MAKE) --no-print-directory MODE=tsan WERROR=1 AT_ONCE=4 \
	        TESTS='$(THREADED)' SIM_TESTS= FUZZERS= \
	        INTEGRATION='$(MEETING)' build-tests test-unit test-integration

# Under valgrind: the unit tests; `make valgrind` adds the integration tests, an
# hour or two.  Where malloc() is to fail it can't be valgrind's own: test_faults_*
# are for the sanitizers.
VALGRINDED   = $(filter-out $(B)/tests/unit/test_faults_%,$(TESTS))
test-valgrind: deps-test $(VALGRINDED)
	$(Q)scripts/run-valgrind $(B) $(VALGRINDED)
valgrind: test-valgrind $(PROGS) $(FOR_TESTS)
	$(Q)scripts/run-valgrind $(B)

# The units, in a machine of their own: systemd-nspawn(1) boots this /usr.
test-systemd: deps-systemd $(PROGS)
	$(Q)USHER_BIN=$(abspath $(B)) $(PYTEST) -rP -n 2 --dist loadscope \
	        tests/systemd

# The tests of one file share their Puppet Servers; three files at once, with up
# to five servers, that of tests/compare first: it takes longest, and one of its
# tests some minutes.
test-puppet: deps-puppet $(PROGS)
	$(Q)USHER_BIN=$(abspath $(B)) $(PYTEST) --timeout 1200 -rP -n 3 \
	        --dist loadfile tests/compare tests/puppet

# From its cold start to its stop; the first of the above.
test-puppet-start: deps-puppet $(PROGS)
	$(Q)USHER_BIN=$(abspath $(B)) $(PYTEST) -s tests/puppet/test_puppetserver.py

# On Debian 13: its compiler, libraries, HAProxy and Puppet Server 8.  That
# Debian is fetched once: build/trixie.
test-trixie: deps-package
	$(Q)scripts/in-debian trixie scripts/test-parts WERROR=1 build-tests \
	        test-fast test-instructions test-puppet-start

# In a Debian of its own, which is fetched once: build/packages.
test-packages: deps-test deps-package
	$(Q)$(MAKE) --no-print-directory deb rpm >build/packages.log 2>&1 || \
	        { tail -n 50 build/packages.log; exit 1; }
	$(Q)$(PYTEST) -n 2 --dist loadscope tests/packages

# The old way, HAProxy's own check, and usher: half an hour.
compare: deps-compare $(PROGS)
	$(Q)USHER_BIN=$(abspath $(B)) /usr/bin/python3 tests/compare/compare.py \
	        build/compare

# From copies of what `make compare`, `make test-puppet` and `make bench` have
# recorded.
plots:
	$(Q)/usr/bin/python3 tests/compare/plot.py haproxy/rolling-restart.svg \
	        tests/compare/recorded/a-rolling.json \
	        tests/compare/recorded/d-rolling.json
	$(Q)/usr/bin/python3 tests/puppet/plot_weights.py haproxy/weights.svg \
	        tests/puppet/recorded/weights.json
	$(Q)/usr/bin/python3 tests/bench/plot_scale.py tests/bench/scale.svg \
	        tests/bench/recorded/bench.json
	$(Q)/usr/bin/python3 tests/bench/quote.py README.md \
	        tests/bench/recorded/bench.json \
	        tests/bench/recorded/bench-trixie.json

# What weights are worth, on simulated farms: two minutes.
sim: $(B)/sim
	$(Q)$(B)/sim >$(B)/sim.txt
	$(Q)sed -n '/^<!-- begin/,/^<!-- end/p' $(B)/sim.txt >$(B)/sim.md
	$(Q)sed -i -e '/^<!-- begin/,/^<!-- end/{/^<!-- end/r $(B)/sim.md' \
	        -e 'd}' haproxy/weights.md
	$(Q)sed '/^<!-- begin/,/^<!-- end/d' $(B)/sim.txt >tests/sim/results.txt
	$(Q)cat tests/sim/results.txt

# What it costs to run: under twenty minutes, on a machine with nothing else to
# do; or some of it: make bench PARTS='floor stress'.
bench: deps-bench $(PROGS) $(BENCH)
	$(Q)USHER_BIN=$(abspath $(B)) tests/bench/run build/bench.json \
	        $(PARTS)

# What of that does not depend on the machine: instructions, counted.
test-instructions: deps-test $(PROGS)
	$(Q)USHER_BIN=$(abspath $(B)) tests/bench/instructions.py \
	        $(B)/instructions

# Everything at once, at random, for hours: nothing may grow.
HOURS       ?= 1
soak: deps-test $(PROGS)
	$(Q)USHER_BIN=$(abspath $(B)) /usr/bin/python3 tests/soak/soak.py \
	        $(HOURS) build/soak.json $(SEED)
test-soak:
	$(Q)$(MAKE) --no-print-directory HOURS=0.005 SEED=1 soak

# Debian packages; does nothing when nothing is missing.
deps-test:
	$(Q)scripts/install-deps build test
deps-fuzz:
	$(Q)scripts/install-deps build test fuzz
deps-lint:
	$(Q)scripts/install-deps build lint
deps-systemd:
	$(Q)scripts/install-deps build test systemd
deps-puppet:
	$(Q)scripts/install-deps build test puppet
deps-package:
	$(Q)scripts/install-deps build package
deps-compare:
	$(Q)scripts/install-deps build test puppet compare
deps-bench:
	$(Q)scripts/install-deps build test compare

demo: deps-test
	$(Q)$(MAKE) --no-print-directory all
	$(Q)USHER_BIN=$(abspath $(B)) scripts/demo

# --- lint ------------------------------------------------------------------

# What hangs on a structure is a leak to gcc's analyzer; sanitizers know better.
LINT_CFLAGS  = -O2 -g -fanalyzer -Wno-analyzer-malloc-leak

lint: deps-lint
	$(Q)$(MAKE) --no-print-directory -j"$$(nproc)" MODE=lint WERROR=1 \
	        CFLAGS='$(LINT_CFLAGS)' all
	$(Q)scripts/lint

install: all
	$(INSTALL) -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man8 \
	        $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -m 755 $(PROGS) $(DESTDIR)$(SBINDIR)
	$(INSTALL) -m 644 src/usherd.8 src/usherctl.8 $(DESTDIR)$(MANDIR)/man8
	$(INSTALL) -m 644 src/usher.conf.5 $(DESTDIR)$(MANDIR)/man5
	$(INSTALL) -m 644 src/usher-protocol.7 $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR)
	$(INSTALL) -m 644 $(UNITS) $(DESTDIR)$(UNITDIR)
	sed -i -E 's,^(Exec[A-Za-z]*=-?)usher,\1$(SBINDIR)/usher,' \
	        $(patsubst scripts/systemd/%,$(DESTDIR)$(UNITDIR)/%,$(UNITS))
	$(INSTALL) -d $(DESTDIR)$(BASHCOMPDIR) $(DESTDIR)$(ZSHCOMPDIR)
	$(INSTALL) -m 644 scripts/completions/usherctl.bash \
	        $(DESTDIR)$(BASHCOMPDIR)/usherctl
	$(INSTALL) -m 644 scripts/completions/_usherctl $(DESTDIR)$(ZSHCOMPDIR)
	$(INSTALL) -m 644 scripts/systemd/usher.sysusers \
	        $(DESTDIR)$(SYSUSERSDIR)/usher.conf

# With the same variables.  Folders stay: others may have them too.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(SBINDIR)/,$(notdir $(PROGS))) \
	        $(addprefix $(DESTDIR)$(MANDIR)/man8/,usherd.8 usherctl.8) \
	        $(DESTDIR)$(MANDIR)/man5/usher.conf.5 \
	        $(DESTDIR)$(MANDIR)/man7/usher-protocol.7 \
	        $(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(UNITS))) \
	        $(DESTDIR)$(BASHCOMPDIR)/usherctl \
	        $(DESTDIR)$(ZSHCOMPDIR)/_usherctl \
	        $(DESTDIR)$(SYSUSERSDIR)/usher.conf

# Packages of what lies here, whether git knows it or not.
deb: deps-package
	scripts/make-deb build/deb
rpm: deps-package
	scripts/make-rpm build/rpm

clean:
	rm -rf build

help:
	@echo 'make               build the programs into build/release'
	@echo 'make demo          see it work: two stand-in servers behind HAProxy (KEEP=1: stay up)'
	@echo 'make test          every test: an hour; test-fast the four first kinds: some minutes; as root'
	@echo 'make test-KIND     one kind: unit, sim, fuzz, integration, foreign, instructions, soak,'
	@echo '                   asan, tsan, valgrind, systemd, puppet, packages or trixie (Debian 13)'
	@echo 'make valgrind      unit and integration tests under valgrind: an hour or two'
	@echo 'make faults        every allocation failed in turn: a quarter of an hour'
	@echo 'make fuzz          libFuzzer, FUZZ_SECONDS=60 for each parser: build/fuzz/found'
	@echo 'make soak HOURS=1  everything at once, at random: build/soak.json'
	@echo 'make compare       rolling restarts and dead servers, with usher and without: build/compare'
	@echo 'make sim           simulated farms with weights and without: tests/sim/results.txt, haproxy/weights.md'
	@echo 'make bench         what usherd costs, in a table: build/bench.json'
	@echo 'make plots         from recordings: rolling-restart.svg, weights.svg, scale.svg, costs in README.md'
	@echo 'make lint          format, warnings, clang-tidy, cppcheck, manual pages, rules that can be checked'
	@echo 'make deb           a Debian package in build/deb'
	@echo 'make rpm           an rpm, and its source, in build/rpm'
	@echo 'make install       PREFIX=$(PREFIX) DESTDIR= SBINDIR= MANDIR='
	@echo '                   UNITDIR= SYSUSERSDIR= BASHCOMPDIR= ZSHCOMPDIR='
	@echo 'make uninstall     takes away what install has put there, with the same variables'
	@echo 'MODE=release|asan|tsan|coverage|fuzz  V=1 shows commands  WERROR=1  CFLAGS= CPPFLAGS= LDFLAGS='

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all test build-tests tested test-fast test-unit test-sim \
        test-integration test-foreign test-asan test-instructions test-fuzz \
        fuzz fuzz-all deps-fuzz test-tsan test-valgrind valgrind faults \
        test-soak soak test-systemd test-puppet test-puppet-start \
        test-packages test-trixie deps-test deps-lint deps-systemd deps-puppet \
        deps-package deps-compare deps-bench compare bench sim plots demo lint \
        install uninstall deb rpm clean help
-include $(shell find $(B) -name '*.d' 2>/dev/null)
