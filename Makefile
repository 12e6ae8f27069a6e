# In Camera: one word for each thing that is done here. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

GOFUMPT     := go tool -modfile=tools/gofumpt/go.mod gofumpt
STATICCHECK := go tool -modfile=tools/staticcheck/go.mod staticcheck
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME    ?= 10s
PEOPLE      ?= 40
ARGS        ?=

# The rooms whose tests need no network, no file and no second process.
QUICK := $(patsubst %/,./%/...,$(wildcard $(addprefix internal/,allot/ arch/ bandwidth/ config/ epoch/ fault/ forward/ guard/ \
           ident/ lobby/ promise/ roster/ seal/ statement/ wire/)))

PAGE         := internal/gate/dist/index.html
PAGE_SOURCES := $(wildcard protocol/*.json) $(shell find web -type f -not -path '*/node_modules/*' \
                  -not -path 'web/build/*' -not -path 'web/e2e/*' -not -path 'web/shots/*' 2>/dev/null)

help: ## list these words
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /\1\t/' | expand -t 10

build: $(PAGE) ## the whole program, page included, to bin/incamera
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/incamera ./cmd/incamera

run: build ## build, then serve on http://localhost:8080 (ARGS='--listen …' for more)
	bin/incamera serve $(ARGS)

web: $(PAGE) ## the page alone, into internal/gate/dist

check: web/node_modules/.package-lock.json ## quick and offline, before every commit: form, vet, drawing, pure rooms, page
	@out=$$($(GOFUMPT) -l cmd internal protocol $(wildcard bench)); [ -z "$$out" ] || { echo "not in gofumpt's form:"; echo "$$out"; exit 1; }
	go vet ./...
	$(if $(wildcard bench/go.mod),cd bench && go vet ./...)
	$(STATICCHECK) ./...
	@$(MAKE) deps.txt.now && diff -u deps.txt bin/deps.txt || { echo "the linked modules changed: make deps.txt, and give each new one a line in docs/decisions/dependencies.md"; exit 1; }
	go test -short $(QUICK)
	cd web && npm run --silent lint && npm run --silent check && npm run --silent test

test: ## everything that CI runs, with installing what lacks
	tools/test.sh

fuzz: ## every fuzz target for FUZZTIME (10s) each
	tools/fuzz.sh $(FUZZTIME)

e2e: build ## journeys in real browsers
	cd web && npm run --silent e2e

crowd: build ## PEOPLE (40) people without browsers storm into one meeting
	cd web && PEOPLE=$(PEOPLE) npm run --silent crowd

cost: build ## what encryption and commits cost a client
	cd web && npm run --silent cost

bench: ## the cost of a delivered packet, to bench/latest.json
	cd bench && go run . $(ARGS)

verify: test ## the long suite: test, then each check taken out of the core, a storm of 300, long random walks and two minutes of each fuzz target
	cd web && npm run --silent mutants
	$(MAKE) crowd PEOPLE=300
	tools/walks.sh 20000
	tools/fuzz.sh 120s

deps: ## install what the tests need from Debian
	tools/deps.sh install

deps.txt: deps.txt.now ## write down which modules are linked into the program
	cp bin/deps.txt deps.txt

deps.txt.now:
	@mkdir -p bin
	@go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}' ./cmd/incamera | sort -u > bin/deps.txt

web/node_modules/.package-lock.json: web/package-lock.json web/.npmrc
	cd web && npm ci
	@touch $@

$(PAGE): web/node_modules/.package-lock.json $(PAGE_SOURCES)
	cd web && npm run --silent build
	@mkdir -p $(@D) && find $(@D) -mindepth 1 -not -name .gitkeep -delete
	cp -R web/build/. $(@D)
	@touch $@

.PHONY: help build run web check test fuzz e2e crowd cost bench verify deps deps.txt deps.txt.now
