# The commands of this project; everything behind them is Meson's and in scripts/.
PREFIX ?= /usr/local
BUILD ?= build

.PHONY: all demo check quick install bench fuzz torture coverage mutants power-cut reliability model sim format lint asan clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@scripts/deps build
	@meson setup $(BUILD) --prefix=$(PREFIX) >/dev/null || { cat $(BUILD)/meson-logs/meson-log.txt; rm -rf $(BUILD); exit 1; }

demo:             ## build, then show a lapsed login healing itself, on the embedded store
	@scripts/demo

check:            ## install what testing needs and run every test
	@scripts/check

quick: all        ## the unit tests and the system tests once, without sanitizers
	@scripts/check quick

asan:             ## every test under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/check asan

bench: all        ## compare with the rivals, in one run
	@scripts/deps bench
	@scripts/bench

fuzz:             ## random input against every parser, the verdict and the pump; SECONDS=60 each
	@scripts/deps test
	@failed=0; for target in $$(sed -n "s/^  \['\([a-z-]*\)'.*/\1/p" tests/fuzz/meson.build); do \
	  echo "== $$target"; tests/fuzz/run $$target $(or $(SECONDS),60) >build-fuzz.log 2>&1 || failed=1; \
	  tail -4 build-fuzz.log; done; exit $$failed

mutants:          ## the code broken on purpose, a promise at a time: does a test notice?
	@scripts/mutants

reliability:      ## docs/reliability.md from the last results of every part
	@scripts/reliability

model:            ## the protocol of renewing, proved by spin with more people, crashes and machines
	@scripts/deps test
	@tests/model/run --all

sim: all          ## a year of a fleet in virtual time, of 4 and of 10,000 machines
	@for revokes in "" --revokes; do $(BUILD)/tests/sim/fleet-sim $$revokes && \
	  $(BUILD)/tests/sim/fleet-sim --machines 10000 --writers 5 --run-every 60 $$revokes || exit 1; done

torture:          ## every system call killed and failed, every allocation failed: hours
	@scripts/check torture

power-cut:        ## the power cut under publish and pull on ext4, xfs and btrfs; CUTS=100 each
	@scripts/power-cut --cuts $(or $(CUTS),100)

install: all
	@meson configure $(BUILD) --prefix=$(PREFIX) && meson install -C $(BUILD)

coverage:         ## which branches the tests take, a line a file; fails when too few
	@scripts/check coverage

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

lint:             ## clang-format and clang-tidy, as CI runs them
	@scripts/check lint

clean:
	@rm -rf build build-*
