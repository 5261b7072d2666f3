# `make demo` shows upshot at work, `make test` proves it; `make help` lists the rest.
# Needs Python 3.11 or newer and make. Everything goes into .venv and .servers here.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip
PIP_QUIET ?= -q
PYTEST := $(PY) -m pytest
# Two workers keep both cores of a small machine busy; a module's tests stay together.
WORKERS ?= 2
PYTEST_ARGS ?=
XDIST := $(if $(filter-out 0 1,$(WORKERS)),-n $(WORKERS) --dist loadscope)

export PIP_NO_INPUT := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

# ---- environments: a stamp is as new as the last installation from this pyproject.toml

# Without prerequisites: made when it is missing, or when the Python behind it is gone.
$(PY) $(VENV)-bench/bin/python:
	@sh scripts/venv.sh $(@:/bin/python=)

$(VENV)/.demo: pyproject.toml | $(PY)
	@echo "Installing upshot and what it needs (once)."
	@$(PIP) install $(PIP_QUIET) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(PY)
	@echo "Installing upshot with its extras and the tools for tests, lint and docs (once)."
	@$(PIP) install $(PIP_QUIET) --upgrade 'pip>=25.1'
	@$(PIP) install $(PIP_QUIET) -e '.[all]' --group test --group lint --group docs
	@touch $@ $(VENV)/.demo

# ---- for everybody

.PHONY: demo
demo: $(VENV)/.demo ## watch a real job whose results lie in SQLite (ARGS="--limit 50")
	@$(VENV)/bin/upshot demo $(ARGS)

# ---- for those who change it

.PHONY: servers
servers: $(VENV)/.dev
	@$(PY) -m tests.servers.provision

.PHONY: test
test: servers ## the quick tests, with the table of stores at the end
	$(PYTEST) $(XDIST) $(PYTEST_ARGS)

.PHONY: test-heavy
test-heavy: servers ## the tests that take long or need much
	UPSHOT_TIER=heavy $(PYTEST) $(XDIST) $(PYTEST_ARGS)

.PHONY: soak
soak: servers ## the tests that take hours; the outcome is noted in docs/soak.md
	$(PY) -m scripts.soak $(PYTEST_ARGS)

# Celery is measured against, so it has an environment apart from that of the tests.
$(VENV)-bench/.stamp: pyproject.toml | $(VENV)-bench/bin/python
	@echo "Installing upshot beside Celery, to be measured (once)."
	@$(VENV)-bench/bin/python -m pip install $(PIP_QUIET) -e '.[celery,redis]' 'sqlalchemy>=2'
	@touch $@

.PHONY: bench
bench: servers $(VENV)-bench/.stamp ## speed against Celery's backends and the raw driver (QUICK=1: short)
	@$(VENV)-bench/bin/python -m bench.store

.PHONY: lint
lint: $(VENV)/.dev ## style, types, layers, sizes, packages, generated pages, documentation
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m scripts.check_sizes
	$(PY) -m scripts.generate_docs --check
	@rm -rf build/dist
	$(PY) -m build --outdir build/dist . >build.log 2>&1 || { cat build.log; exit 1; }
	@rm -f build.log
	$(PY) -m twine check --strict build/dist/*
	$(PY) -m scripts.check_wheel build/dist
	$(PY) -m sphinx -q -W --keep-going -b html docs build/docs

.PHONY: format
format: $(VENV)/.dev ## put the style right
	$(PY) -m ruff format
	$(PY) -m ruff check --fix

.PHONY: docs
docs: $(VENV)/.dev ## write the generated pages anew and build the documentation into build/docs
	$(PY) -m scripts.generate_docs
	$(PY) -m sphinx -q -W --keep-going -b html docs build/docs

.PHONY: clean
clean: ## remove everything that was made here, environments and servers too
	rm -rf $(VENV) $(VENV)-bench .servers build dist docs/_build build.log
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
