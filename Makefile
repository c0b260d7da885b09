# make setup, make run, make test: the operator contract. The rest is for those who change the code.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-long check check-form check-types check-imports check-tests bench lock format
.PHONY: setup-dev setup-test setup-sdk setup-peers setup-zapier setup-programs

BIN := .venv/bin
BY_FILE := --dist loadfile --no-loadscope-reorder
AT_ONCE := -n 3 $(BY_FILE) --max-worker-restart 3 # a file whose process ended is begun again
unexport PYTHONDONTWRITEBYTECODE # what is installed for tests is compiled when it is imported (tools/venv): once, not each time

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 18

setup: ## prepare .venv with .venv/bin/heliograph
	@tools/venv .venv requirements/runtime.lock --project

run: setup ## start the demo world; its data stays in data/try
	@$(BIN)/heliograph try --data data/try

test: setup-test ## prepare what the tests need and run all of them
	@$(BIN)/python -m pytest $(AT_ONCE)

test-long: setup-test ## the same with long property runs and the tests marked long
	@tools/debian-programs osmo-msc osmo-hlr
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest $(AT_ONCE) -m ""

check: setup-dev ## format, lint, types, imports and the tests that need no server; under a minute
	@$(MAKE) --no-print-directory -j check-form check-types check-imports check-tests

check-form:
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

check-types:
	@$(BIN)/mypy

check-imports:
	@$(BIN)/lint-imports --no-logo

check-tests:
	@HYPOTHESIS_PROFILE=check $(BIN)/python -m pytest -n 2 $(BY_FILE) -m fast

format: setup-dev ## rewrite the code in the project's form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup-dev ## run benchmarks/
	@for file in benchmarks/*.py; do $(BIN)/python "$$file" || exit 1; done

lock: ## resolve the dependencies anew and write requirements/*.lock
	@tools/lock

setup-dev: setup
	@tools/venv .venv requirements/dev.lock

setup-test: # none needs another, and each waits for the network
	@$(MAKE) --no-print-directory -j setup-dev setup-sdk setup-peers setup-zapier setup-programs

setup-sdk:
	@tools/venv .venv-sdk requirements/sdk.lock

setup-peers:
	@tools/node-packages tests/peers/node

setup-zapier:
	@tools/node-packages integrations/zapier

setup-programs:
	@tools/debian-programs
