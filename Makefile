# `make demo` and `make test` need Python 3.11+ and make; all else is set up in .venv: what running
# needs for `demo` (.venv/.runs), what development needs for the others (.venv/.ready).
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SECONDS ?= 110
# Tests that mind no company run on both cores, those that compile in processes of their own; clocks
# and boxes have the machine to themselves.
COMPILES := tests/loop/propose/recipes
BESIDE := tests/cli tests/brake tests/gauges tests/inspect tests/label tests/ledger tests/merkle \
	tests/task tests/loop/propose tests/loop/score tests/loop/clock tests/exploits/workspace \
	tests/sandbox/test_probe.py tests/sandbox/test_frame.py tests/sandbox/test_macos.py \
	tests/test_canon.py
TWO := -n 2 --dist loadfile

.PHONY: setup demo test test-all lint types bench clean

setup: .venv/.ready

.venv/.runs: pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "\nhint: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.ready: .venv/.runs requirements-dev.txt
	@$(PIP) -r requirements-dev.txt
	@touch $@

demo: .venv/.runs
	@$(BIN)/tacho run char-lm --seconds $(SECONDS) --ledger .tacho/demo || test $$? -eq 1
	@$(BIN)/tacho show last --ledger .tacho/demo
	@$(BIN)/tacho ledger verify --ledger .tacho/demo

test: QUICK := -m "not long"
test test-all: setup
	$(BIN)/python -m pytest $(QUICK) $(TWO) $(BESIDE) --ignore=$(COMPILES)
	$(BIN)/python -m pytest $(QUICK) $(TWO) $(COMPILES)
	$(BIN)/python -m pytest $(QUICK) $(addprefix --ignore=,$(BESIDE))

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

bench: setup
	$(BIN)/python bench/run.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
