# Everything a developer does. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run tour test lint openapi openapi-check words migrations audit seed bench bench-flat bench-push battery doctor lock clean

help:  ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(VENV)/.runtime  ## Start the hub: database, API and worker, with demo data
	@$(BIN)/hub run

tour: $(VENV)/.runtime  ## Walk the main path over HTTP, against a running hub
	@$(BIN)/python examples/tour.py

test: $(VENV)/.dev  ## Run the tests, on a PostgreSQL of their own
	$(BIN)/pytest -n 2 $(ARGS)

lint: $(VENV)/.dev  ## Check style, types and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/hub words --check

openapi: $(VENV)/.runtime  ## Write openapi/hub.json anew
	$(BIN)/hub openapi

openapi-check: $(VENV)/.runtime  ## Fail when openapi/hub.json is stale
	$(BIN)/hub openapi --check

words: $(VENV)/.runtime  ## Write what notifications say to the template for translators
	$(BIN)/hub words

migrations: $(VENV)/.runtime  ## Run the migrations up, down and up, in a folder that is thrown away
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && export HUB_DATA_DIR="$$folder/var" && \
	$(BIN)/hub migrate && $(BIN)/hub migrate --to base && $(BIN)/hub migrate

audit: $(VENV)/.dev  ## Look for known weaknesses in the locked packages
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements-dev.lock

seed: $(VENV)/.runtime  ## Put demo data into an empty database
	$(BIN)/hub seed

bench: $(VENV)/.dev  ## Measure list, one and create: statements and CPU per request
	$(BIN)/python -m bench.requests

bench-flat: $(VENV)/.dev  ## Measure the same requests at 2 thousand and 2 million sleepovers
	$(BIN)/python -m bench.flat

bench-push: $(VENV)/.dev  ## Measure how long a notification takes from its commit to its first attempt
	$(BIN)/python -m bench.push

battery: $(VENV)/.dev  ## Fuzz, race and kill at length, with figures: about an hour
	FUZZ_EXAMPLES=100 FUZZ_ROUNDS=6 STORM_OPERATIONS=2000 STORM_KILLS=50 RACE_ROUNDS=200 \
	STATEFUL_EXAMPLES=200 STATEFUL_STEPS=50 \
	PUSH_NOTIFICATIONS=5200 PUSH_KILLS=12 PUSH_QUEUED=1000 PUSH_OUTAGE=1000 PUSH_LEDGER=200000 \
	$(BIN)/pytest tests/fuzz tests/crash/test_kill_storm.py tests/crash/test_push_killed.py tests/running/test_slow_clients.py \
	tests/respite/test_request_races.py tests/sleepovers/test_races.py \
	tests/emergencies/test_emergency_races.py \
	tests/sleepovers/test_in_any_order.py tests/notifications/test_circuits.py \
	tests/notifications/test_outage.py tests/notifications/test_ledger_cost.py

doctor: $(VENV)/.runtime  ## Say what is configured, reachable, missing or unsafe
	@$(BIN)/hub doctor

lock: $(VENV)/.dev  ## Compile the lock files anew from pyproject.toml
	$(BIN)/uv pip compile -q $(LOCK_FLAGS) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q $(LOCK_FLAGS) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean:  ## Delete the environment (not the data in var/)
	rm -rf $(VENV)

# The environment. The stamps are files, so a second `make run` installs nothing.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "The hub needs Python 3.11 or newer: make run PYTHON=python3.12"; exit 1; }
	@echo "Making the environment in $(VENV)…"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/pip
	@echo "Installing what the hub needs…"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what the tests need…"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
