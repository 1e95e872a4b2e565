# A thin face over CMake presets and npm: `make run` and `make test` are all that one must know.
# Both use the dev preset, so what is tested is what runs, and it is compiled once.
PORT ?= 8080
DATA ?= data
JOBS ?= 2
SET ?= build
FUZZ_SECONDS ?= 60

WEB_INPUTS := $(shell find web -name node_modules -prune -o -name dist -prune -o -type f -print)

.DEFAULT_GOAL := help
.PHONY: help run test build web lint format bench asan fuzz clean setup

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

run: build ## install, build, seed a demo cohort, serve on 127.0.0.1:PORT with its data in DATA
	build/dev/bin/graded demo --port $(PORT) --data $(DATA)

test: setup build ## install, build, run every test (but those labelled slow, bench or fuzz)
	ctest --preset dev -j $(JOBS) $(CTEST)

build: setup web build/dev/build.ninja ## programs, labs and the web app
	cmake --build --preset dev

build/dev/build.ninja: CMakePresets.json | setup
	cmake --preset dev
	@touch $@

# npm is asked only when its inputs changed; both targets are files that it writes last.
web: web/dist/index.html
web/node_modules/.package-lock.json: web/package.json web/package-lock.json | setup
	cd web && npm ci --no-audit --no-fund
	@touch $@
web/dist/index.html: web/node_modules/.package-lock.json $(WEB_INPUTS)
	cd web && npm run build
	@touch $@

lint: setup build ## clang-tidy and shellcheck: no finding is left standing
	scripts/lint.sh

format: setup ## clang-format on all C
	scripts/format.sh

bench: build ## measurements, told but not judged
	ctest --test-dir build/dev -L bench --verbose

asan: setup web ## unit tests with AddressSanitizer and UndefinedBehaviorSanitizer
	cmake --preset asan
	cmake --build --preset asan
	ctest --preset asan -j $(JOBS)

fuzz: setup ## every parser of foreign bytes under libFuzzer, FUZZ_SECONDS each
	cmake --preset fuzz -DGRADED_FUZZ_SECONDS=$(FUZZ_SECONDS)
	cmake --build --preset fuzz
	ctest --preset fuzz

test lint format asan fuzz: SET = test
setup: ## install what is missing (Debian 12, Ubuntu 24.04): SET=build, or test for all of it
	@scripts/setup.sh $(SET)

clean: ## remove what was built (data stays)
	rm -rf build web/dist web/node_modules
