# Brandmelder: what a person can type. `make help` says what each target does.
GO      ?= go
NEEDS   := 1.26
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
BUILD   := $(GO) build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
# Tests are built as the product is: with C, Go could not give up rights on every thread.
export CGO_ENABLED := 0
# Where captures for evaluation and benchmarks are; they are not part of the project.
CAPTURES ?= ../shared/captures
LABELS   ?= ../shared/eval/labels-shared.json
SCORE    ?= ../shared/eval/score.py
FUZZTIME ?= 15s
RACE     ?= ./...
# How often make test-delivery kills the writer and the sender.
KILLS    ?= 50
# What deploy/bench.sh makes its mix of, and with.
POOL  ?= $(CAPTURES)
MKMIX ?= ../shared/eval/mkmix

.PHONY: bpf bench-xdp help go-version build run test race golden fuzz bench eval eval-week eval-logins eval-logins-real eval-tools eval-faults lint check test-root recording

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

go-version:
	@command -v $(GO) >/dev/null || { echo "Brandmelder needs Go $(NEEDS) or newer, and no go was found: get it from https://go.dev/dl or your distribution"; exit 1; }
	@$(GO) version | awk '{ split(substr($$3, 3), v, "."); split("$(NEEDS)", n, "."); \
	  if (v[1] < n[1] || v[1] == n[1] && v[2] + 0 < n[2] + 0) { \
	    print "Brandmelder needs Go $(NEEDS) or newer, and this is " $$3 ": get it from https://go.dev/dl"; exit 1 } }'

build: go-version ## bin/brandmelder, one static binary
	@test -x bin/brandmelder || echo "building for the first time: the modules are fetched and compiled, which takes a few minutes"
	@$(BUILD) -o bin/brandmelder ./sensor

run: build ## build, then watch this machine and the exercise beside it
	@bin/brandmelder run $(ARGS)

test: go-version ## all tests that need neither root nor a C compiler
	$(GO) test ./...

test-root: go-version ## tests that need root: namespaces, rings, eBPF, a run on a mirror port, the exercise
	CI=true $(GO) test -count=1 ./bpf ./sensor/capture ./sensor/drill ./sensor/iface ./sensor/rights
	CI=true $(GO) test -count=1 ./sensor/pipeline -run Live
	CI=true $(GO) test -count=1 ./sensor -run 'Mirror|Iface|CheckOf|CheckProposes|CheckNames|CheckJoins|Interfaces|Setup|RootActs|GivesUp'

test-kernels: go-version ## the same of capture on other kernels, emulated: SUITES="bookworm trixie-backports" are Debian's
	@GO=$(GO) deploy/test-kernels.sh $(SUITES)

bench-xdp: go-version ## ns a packet in the kernel, one core by XDP and by a ring, elephants (root, two cores)
	BRANDMELDER_BENCH_XDP=1 $(GO) test -count=1 -v ./bpf -run BenchXDP
	BRANDMELDER_BENCH_XDP=1 $(GO) test -count=1 -v ./sensor/capture -run BenchLive
	BRANDMELDER_ELEPHANT_MB=$(or $(ELEPHANT_MB),3000) $(GO) test -count=1 -v ./sensor/pipeline -run Elephants
	@if [ -n "$(MIX)$(ELEPHANTS)" ]; then $(MAKE) --no-print-directory build && deploy/bench-wire.sh $(MIX) $(ELEPHANTS); \
	  else echo "no MIX= and no ELEPHANTS=, captures to send: the whole line beside Suricata is not measured"; fi

bpf: go-version ## make the kernel's programs anew (Debian's clang 14 and llvm): they must be those that are committed
	@was=$$(mktemp -d) && cp -r bpf $$was && $(GO) generate ./bpf && diff -r $$was/bpf bpf && rm -r $$was

test-delivery: go-version ## server faults, KILLS kills and power cuts, three days offline: nothing lost, nothing twice
	BRANDMELDER_KILLS=$(KILLS) $(GO) test -count=1 -timeout 60m -v ./sensor/delivery -run 'KilledAndCut|Offline|Poison'
	$(GO) test -count=1 ./ingest ./sensor/delivery ./sensor/journal ./sensor/output ./sensor/secret

bench-ship: go-version ## documents a second that one processor sends into a server that takes all
	$(GO) test ./sensor/delivery -run '^$$' -bench Ship -benchtime 3x

bench-elastic: build ## a hospital's day in a real Elasticsearch: its size, and documents a second; FILEBEAT= is measured beside
	@GO=$(GO) FILEBEAT=$(FILEBEAT) deploy/bench-elastic.sh

live: go-version ## the captures in CAPTURES over a wire (root): the findings of the file, ten at their own pace
	CI=true BRANDMELDER_CAPTURES=$(abspath $(CAPTURES)) $(GO) test -count=1 -timeout 60m -v ./sensor/pipeline -run Live

# Real servers to test against: 8 and 9 are Elasticsearch (9 needs a JDK of 21 or later), opensearch is OpenSearch.
SERVERS ?= 8 opensearch

test-elastic: go-version ## what stands in Elasticsearch, against the real SERVERS, which it fetches and starts
	@GO=$(GO) CAPTURES=$(wildcard $(abspath $(CAPTURES))) deploy/test-elastic.sh $(SERVERS)

demo-elastic: build ## from nothing to alerts in a real Elasticsearch, and what an analyst asks it
	@GO=$(GO) deploy/demo-elastic.sh

alert-pages: go-version ## the pages of three alerts of CAPTURES, drawn by SEED=, for readers who know nothing else
	@mkdir -p build/pages
	BRANDMELDER_PAGES=$(abspath build/pages) BRANDMELDER_CAPTURES=$(abspath $(CAPTURES)) SEED=$(or $(SEED),1) $(GO) test -count=1 -v ./sensor -run DrawnPages

race: go-version ## all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short -timeout 30m $(RACE)

golden: go-version ## write the expected records of the test conversations anew; review the diff
	$(GO) test ./sensor/proto -run Golden -count=1 -golden

readme: go-version ## write the tables of README.md anew from the registries
	$(GO) test ./sensor -run 'Readme|CheckTable' -update

canary: go-version ## plant secrets in every protocol and look for them in all that comes out
	$(GO) test -count=1 ./sensor -run Canary

build/mix.pcap:
	@GO=$(GO) POOL=$(POOL) MKMIX=$(MKMIX) deploy/mix.sh $@ 300000

captures: go-version $(or $(MIX),build/mix.pcap) ## the same bytes at any number of shards, and damaged, for all captures in CAPTURES and for MIX
	BRANDMELDER_MIX=$(abspath $(or $(MIX),build/mix.pcap)) BRANDMELDER_CAPTURES=$(abspath $(CAPTURES)) \
	  $(GO) test -count=1 -timeout 60m ./sensor/pipeline -run Captures

mutate: go-version ## replay a million damaged packets
	BRANDMELDER_MUTATED=1000000 $(GO) test -count=1 -timeout 60m -v ./sensor/pipeline -run MutatedReplay

fuzz: go-version ## every fuzz target for FUZZTIME
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz'); do \
	    echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

bench: build ## the project's benchmarks; with MIX= or captures in POOL, Suricata beside it in the same run
	$(GO) test -run '^$$' -bench . -benchmem ./sensor/decode ./sensor/flow ./sensor/capture
	@if [ -n "$(MIX)" ] || [ -d "$(POOL)" ]; then GO=$(GO) MIX=$(MIX) POOL=$(POOL) MKMIX=$(MKMIX) deploy/bench.sh; \
	  else echo "no MIX= and no captures in POOL=$(POOL): Suricata is not measured"; fi
	@if [ -n "$(ELEPHANTS)" ]; then GO=$(GO) MIX=$(ELEPHANTS) deploy/bench.sh; \
	  else echo "no ELEPHANTS=: large transfers are not measured; deploy/elephants.sh FILE records them (root)"; fi

eval: build ## detection over the captures in CAPTURES, scored; EXPLAIN=1 says why each miss was missed
	@deploy/eval.sh $(CAPTURES) $(LABELS) $(SCORE) $(EXPLAIN)

eval-loo: build ## what is set by looking at captures, chosen without each laboratory in turn and scored on it
	@deploy/eval-loo.sh $(CAPTURES) $(LABELS) $(SCORE)

eval-beacon: build ## the beacon score beside RITA v5's formulas and plain variation, simulated and over CAPTURES; QUICK=1 is a tenth
	@GO=$(GO) QUICK=$(QUICK) deploy/eval-beacon.sh $(CAPTURES)

eval-logins: go-version ## strange logins in synthetic domains: found by kind, and alarms without a cause
	$(GO) test -count=1 -v ./sensor/detect -run EvalLogins

eval-logins-real: build ## attempts counted against OpenSSH, Dovecot, OpenLDAP and Samba (root)
	@deploy/eval-logins-real.sh

eval-tools: build ## other people's attack tools and ordinary work with real servers, recorded and judged (root; PYTHON= a venv with impacket): docs/eval-tools.md
	@deploy/eval-tools.sh

eval-faults: build ## ordinary work kept in OUT by eval-tools, judged as faulty mirror ports show it: one-way, loss, copies, late, cut
	@FAULTS=1 deploy/eval-tools.sh

eval-tunnel: build ## tunnels by DNS and ping and uploads, run for real: what had left before the first alert (root)
	@deploy/eval-tunnel.sh

recording: build ## record the exercise anew (root)
	@deploy/record-exercise.sh

eval-week: go-version ## a hospital's week as events: alarms without a cause, intrusions found, memory; QUICK=1 is one day
	@BRANDMELDER_WEEK=1 QUICK=$(QUICK) $(GO) test -count=1 -v -timeout 60m ./sensor/pipeline -run 'TestWeek$$|StateUnderAFlood'

package: go-version ## deb and rpm for amd64 and arm64 in build/package, the same bytes every time
	@GO=$(GO) deploy/package.sh

bundle: package ## packages, rules and documentation in one file for machines without internet; KEY= signs it, MMDB= place databases
	@deploy/bundle.sh

test-package: go-version ## the packages, twice: the same bytes, and no error by lintian
	@GO=$(GO) deploy/test-package.sh

test-install: go-version ## the package under real systemd: run, hung, killed KILLS times, upgraded, taken back, purged, and with rpm (root)
	@GO=$(GO) deploy/test-install.sh

test-machine: go-version ## the package on a booted machine with real systemd and Debian's 6.1 and 6.12, emulated (root): SUITES="bookworm bookworm-backports"
	@GO=$(GO) deploy/test-machine.sh $(SUITES)

lint: go-version ## formatting and vet
	@test -z "$$(gofmt -l sensor bpf ingest)" || { gofmt -l sensor bpf ingest; echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...

check: lint build test ## all that a change must pass
