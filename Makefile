# Ordergate: `make demo`, `make test`. Needs python3 >= 3.11 with venv, and make; everything else is installed below this folder.
#
#   demo    start simulated providers and the gateway and take the tour (ONCE=1: end after it)
#   test    run the tests (ARGS="-k basket" to choose, JOBS=0 in one process)
#   check   everything a change must pass: lint, then test
#   lint    format, lint, types, import contracts, dependencies, Dockerfile, workflow, security; changes nothing
#   format  bring the code into the formatter's shape
#   prove   kill gateways while simulators count orders (ARGS="--kills 2000"), find faults put in on purpose, try 20,000 steps and loads
#   prove-budgets  share a provider's limits between processes, against windows that count for themselves (ARGS="--only bol")
#   prove-faults  print what a provider that is down, slow, flapping … costs, and fail where it is too much
#   bench   compare with a bare proxy, and with a journal in memory, in the same run (needs wrk; BENCH_SECONDS=1 for a short one)
#   lock    resolve the dependencies anew into requirements*.lock (UPGRADE=1: take newer versions)
#   image-check  do what the Dockerfile does, without a container engine
#   clean   remove environments, caches and build output

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
UV_VERSION := 0.13.9

BIN := .venv/bin
UV := .tools/bin/uv
export UV_PYTHON_DOWNLOADS := never
# Compiled once: the tests start many processes, and each would compile the libraries anew.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE
# A mirror or a certificate configured for pip counts for uv as well.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif
ifdef BENCH_SECONDS
export BENCH_SECONDS
endif

# The tests wait much, so there is one process more than the two cores of a small machine.
JOBS ?= 3

SOURCES := adapters policies gateway tests

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile

# --- environments: a stamp says which step was done for which lock file, so that a repeat costs nothing

.tools/.uv-$(UV_VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Ordergate needs Python 3.11 or newer: '$(PYTHON)' is not. Name another with PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "'$(PYTHON)' cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing uv $(UV_VERSION) into .tools"
	@rm -rf .tools
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(BIN)/python: | .tools/.uv-$(UV_VERSION)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv

.venv/.runtime: requirements.lock requirements-build.lock | $(BIN)/python
	@echo "Installing what Ordergate needs into .venv"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock -r requirements-build.lock
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@echo "Installing what the checks need into .venv"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

.venv/.ordergate: pyproject.toml .venv/.runtime
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: runtime dev
runtime: .venv/.runtime .venv/.ordergate
dev: .venv/.dev .venv/.ordergate

# --- what people type

.PHONY: demo
demo: runtime
	@$(BIN)/ordergate demo $(if $(ONCE),--once)

.PHONY: test
test: dev
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: check
check: lint
	@$(MAKE) --no-print-directory test

# Every check runs, whatever the one before said; each line printed can be typed to run that one alone.
.PHONY: lint
lint: dev
	@failed=0; run() { echo "$(BIN)/$$*"; "$(BIN)/$$1" "$${@:2}" || failed=1; }; \
	run ruff format --check .; \
	run ruff check .; \
	run mypy; \
	run lint-imports --no-logo --no-cache; \
	run deptry .; \
	run hadolint Dockerfile; \
	run check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/ci.yml; \
	run check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/provider.yml; \
	run bandit --quiet --recursive --configfile pyproject.toml adapters policies gateway; \
	exit $$failed

.PHONY: format
format: dev
	$(BIN)/ruff check --fix-only --show-fixes .
	$(BIN)/ruff format .

.PHONY: prove
prove: dev
	@$(BIN)/ordergate prove $(ARGS)
	@ORDERGATE_PROVE=1 ORDERGATE_FATE_STEPS=$${ORDERGATE_FATE_STEPS:-20000} $(BIN)/python -m pytest -q --durations=0 --durations-min=5 \
	  -o faulthandler_timeout=3600 tests/gateway/proof tests/gateway/operations/test_fate_machine.py
	@ORDERGATE_PROVE=1 $(BIN)/python -m pytest -q tests/gateway/workers
	@ORDERGATE_EXAMPLES=20000 $(BIN)/python -m pytest -q --timeout=3600 -o faulthandler_timeout=3600 \
	  tests/gateway/providers/test_windows.py

.PHONY: prove-budgets
prove-budgets: dev
	@PYTHONPATH=tests $(BIN)/python -m bench.budgets.run $(ARGS)

.PHONY: prove-faults
prove-faults: dev
	@PYTHONPATH=tests $(BIN)/python -m faults.table

.PHONY: bench
bench: dev
	@PYTHONPATH=tests $(BIN)/python -m bench.run $(ARGS)

# --- dependencies: universal and hashed, without the name of any host, so that a mirror serves as well

COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)

.PHONY: lock
lock: | .tools/.uv-$(UV_VERSION)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --all-extras -c requirements.lock -o requirements-image.lock
	$(COMPILE) --group pyproject.toml:build -o requirements-build.lock
	$(COMPILE) pyproject.toml --group dev -c requirements-image.lock -c requirements-build.lock -o requirements-dev.lock
	@! grep -n '://' requirements*.lock || { echo "A lock file names a host." >&2; exit 1; }

# --- the image's steps: build the wheel, install it with the locked dependencies, run it from where nothing may be written

IMAGE := .image

.PHONY: image-check
image-check: dev
	@chmod -R u+w $(IMAGE) 2>/dev/null || true
	@rm -rf $(IMAGE) && mkdir -p $(IMAGE)/readonly
	$(BIN)/python -m hatchling build -t wheel -d $(IMAGE)/dist
	$(UV) venv --quiet --python $(PYTHON) $(IMAGE)/venv
	$(UV) pip install --quiet --python $(IMAGE)/venv/bin/python --require-hashes --only-binary :all: -r requirements-image.lock
	$(UV) pip install --quiet --python $(IMAGE)/venv/bin/python --no-deps --no-index $(IMAGE)/dist/*.whl
	@cp gateway.yaml $(IMAGE)/readonly
	@sed -e "s|url: 'memory:'|url: postgresql://ordergate@127.0.0.1/ordergate|; s|ephemeral: true|ephemeral: false|" \
	  -e '/^cache:/i telemetry:\n  otlp:\n    endpoint: http://127.0.0.1:4318\n' gateway.yaml > $(IMAGE)/readonly/fleet.yaml
	@chmod -R a-w $(IMAGE)/readonly $(IMAGE)/venv && touch $(IMAGE)/installed
	cd $(IMAGE)/readonly && PYTHONDONTWRITEBYTECODE=1 ../venv/bin/ordergate --help >/dev/null
	cd $(IMAGE)/readonly && PYTHONDONTWRITEBYTECODE=1 ../venv/bin/ordergate providers >/dev/null
	@# What is optional for others is in the image: PostgreSQL for a fleet, and what exports to a collector.
	cd $(IMAGE)/readonly && ../venv/bin/python -B -c 'import asyncpg; from gateway.telemetry.otlp import MetricsExport, spans_to'
	cd $(IMAGE)/readonly && PYTHONDONTWRITEBYTECODE=1 ../venv/bin/ordergate check --config fleet.yaml
	@written=$$(find $(IMAGE)/readonly $(IMAGE)/venv -newer $(IMAGE)/installed -print); test -z "$$written" || \
	  { printf '%s\n' "$$written" "The installed product wrote into its own folders." >&2; exit 1; }
	@chmod -R u+w $(IMAGE) && rm -rf $(IMAGE)
	@echo "The wheel runs outside the source tree and writes nothing."

.PHONY: clean
clean:
	@chmod -R u+w $(IMAGE) 2>/dev/null || true
	@rm -rf .venv .tools $(IMAGE) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	@find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
