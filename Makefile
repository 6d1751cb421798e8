# `make demo` runs the main job, `make test` passes all tests; both set up what they need, and work again and again.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

LOWEST = $(VENV)-lowest
JAVASCRIPT = scripts/javascript

# One worker more than cores, because tests wait for browsers and other processes. Threads of BLAS and torch would wait
# for each other: they double the processor time.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(1 + os.cpu_count())')
PYTEST = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# a check of each part of the lab, in about a minute
SMOKE = tests/experiments/document tests/experiments/resolve tests/experiments/test_plan.py tests/results/analysis \
	tests/results/store/test_results.py tests/plugins/problems tests/plugins/transforms tests/plugins/registry/test_objects.py \
	tests/engine/test_ops.py tests/test_public.py tests/cli/test_mistakes.py

TYPES = $(BIN)/basedpyright --pythonpath $(BIN)/python

# $(call with_types,TESTS): the types are checked by one thread, meanwhile the tests run. What it printed comes last.
define with_types
@$(TYPES) >$(VENV)/types.log 2>&1 & types=$$!; \
$(1); status=$$?; \
wait $$types && exit $$status; \
cat $(VENV)/types.log; exit 1
endef

.PHONY: demo test test-all smoke test-lowest lint lint-without-types lint-javascript torture bench clean

demo: $(VENV)/installed
	$(BIN)/optlab run experiments/sgd_vs_adam.toml

test: $(VENV)/installed-dev lint-without-types
	$(call with_types,$(PYTEST))

# more cases: those that are marked `many` too
test-all: $(VENV)/installed-dev lint-without-types
	$(call with_types,$(PYTEST) -m "many or not many")

smoke: $(VENV)/installed-dev
	bash scripts/try.sh $(BIN)
	$(BIN)/python -m pytest -q -n auto $(SMOKE)

# the oldest versions that pyproject.toml allows
test-lowest:
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct .
	bash scripts/try.sh $(LOWEST)/bin

lint: lint-without-types
	$(TYPES)

lint-without-types: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-javascript; \
	else echo "npm is not installed: the JavaScript of the report is not checked"; fi

lint-javascript: $(JAVASCRIPT)/node_modules/installed
	$(JAVASCRIPT)/node_modules/.bin/tsc --project $(JAVASCRIPT)

# kills, errors of the disk and damaged files in large numbers; prints the table of docs/reliability.md
torture: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m torture

bench: $(VENV)/installed
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) $(LOWEST) $(JAVASCRIPT)/node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "optlab needs Python 3.11 or later; say make PYTHON=python3.12, for example")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/installed

$(JAVASCRIPT)/node_modules/installed: $(JAVASCRIPT)/package.json
	npm install --prefix $(JAVASCRIPT) --no-package-lock --no-audit --no-fund --silent
	touch $@
