# Everything a person or the build machine does here, in one place. `make help` lists it.

.DEFAULT_GOAL := install
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
CODE := $(wildcard src tests bench conftest.py)
ARGS ?=

# python3.11 if it is here, else python3; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3.11 python3; do \
	"$$python" -c '' 2>/dev/null && command -v "$$python" && break; done)

# Nothing comes in that is not in a lock file, and nothing that would have to be built here:
# a source package fetches its own build tools, and no hash guards those. The lock files name
# everything, so pip has nothing to resolve; left to it, Debian's pip takes the newest release of
# a package that another one wants with an extra, and stops because no hash covers that.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
FETCH := $(PIP) install --require-hashes --no-deps --only-binary=:all: --progress-bar off
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-config --system-certs --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# Each of these files says "done"; they vanish with .venv.
CREATED := $(VENV)/.created
INSTALLED := $(VENV)/.installed
DEV := $(VENV)/.dev

# The one client that is not Python; this file vanishes with node_modules.
NODE := tests/clients/node
NODE_CLIENT := $(NODE)/node_modules/.installed

.PHONY: install sandbox test lint format requirements fuzz guard-model gateway-drill drill drill-packages test-packages bench wheel lock clean help

install: $(INSTALLED)  ## install the command at .venv/bin/moneyer, then show this list
	@$(MAKE) help

sandbox: $(INSTALLED)  ## start a bank with everything in it, on this machine (ARGS="--port 8080")
	@$(BIN)/moneyer sandbox $(ARGS)

# Three processes on two cores: what tests do most is wait for a process to start. In the order of their
# rooms: else long files with few tests come last, and two processes wait for one. A test that has
# not ended after ten minutes never will: it fails and ends the run, saying where it stood.
test: test-packages $(DEV) $(NODE_CLIENT) lint  ## the whole check: format, lint, types, import rules, all tests, coverage
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 \
		-o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true --cov --cov-report=term

lint: $(DEV)  ## format, lint, types and import rules, without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo

format: $(DEV)  ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

requirements: $(DEV)  ## which tests prove which requirement, and what is still unproven
	@$(BIN)/python -m pytest -qq --requirements

fuzz: FUZZ_REQUESTS ?= 1000000
fuzz: $(DEV)  ## a million hostile requests (FUZZ_REQUESTS=...)
	FUZZ_REQUESTS=$(FUZZ_REQUESTS) $(BIN)/python -m pytest tests/fuzz -s

drill: KILLS ?= 200
drill: FAILOVERS ?= 20
drill: drill-packages $(DEV)  ## break everything again and again under load (KILLS=... FAILOVERS=...)
	DRILL=1 KILLS=$(KILLS) FAILOVERS=$(FAILOVERS) $(BIN)/python -m pytest tests/drills

guard-model: CASES ?= 100000
guard-model: $(DEV)  ## the guard against a plain model, case by case (CASES=...)
	GUARD_CASES=$(CASES) $(BIN)/python -m pytest tests/gateway/test_against_model.py -s

gateway-drill: TRIALS ?= 1000
gateway-drill: $(DEV)  ## how soon a guard refuses what was revoked, over TRIALS=... revocations
	TRIALS=$(TRIALS) $(BIN)/python -m pytest tests/gateway/test_within_a_second.py -s

drill-packages: packages := postgresql patroni etcd-server haproxy
test-packages: packages = postgresql chromium apache2 libapache2-mod-auth-openidc nginx-light haproxy $(node)
# Node may have come from elsewhere, with an npm of its own that Debian's would be in the way of.
test-packages: node = $(if $(shell command -v node 2>/dev/null),,nodejs) $(if $(shell command -v npm 2>/dev/null),,npm)
drill-packages test-packages: sudo := $(if $(filter 0,$(shell id -u)),,sudo)
drill-packages test-packages: apt := $(sudo) env DEBIAN_FRONTEND=noninteractive apt-get -qq
drill-packages test-packages: installed := dpkg-query --show --showformat '$${db:Status-Status}'
drill-packages test-packages: policy := /usr/sbin/policy-rc.d
drill-packages test-packages:  ## install the programs that drills start (Debian packages); no service of theirs runs
	@missing=$$(for package in $(packages); do \
		[ "$$($(installed) $$package 2>/dev/null)" = installed ] || echo $$package; done); \
	[ -n "$$missing" ] || exit 0; \
	command -v apt-get >/dev/null || { echo "The tests need these Debian packages:" $$missing >&2; exit 1; }; \
	echo "Installing" $$missing; \
	if [ ! -e $(policy) ]; then \
		trap '$(sudo) rm -f $(policy)' EXIT; \
		printf '#!/bin/sh\nexit 101\n' | $(sudo) tee $(policy) >/dev/null; $(sudo) chmod +x $(policy); \
	fi; \
	$(apt) update >/dev/null; $(apt) install -y --no-install-recommends $$missing >/dev/null

bench: $(DEV)  ## measure against the limit and against peers, in one run (ARGS=...)
	$(BIN)/python -m bench $(ARGS)

wheel: $(DEV)  ## build dist/moneyer-*.whl
	@$(BIN)/python -m build --no-isolation --wheel

lock: $(DEV)  ## write the lock files anew; UPGRADE=1 moves to the newest versions
	@$(COMPILE) pyproject.toml --extra dev --output-file requirements-dev.lock
	@$(COMPILE) pyproject.toml --extra sandbox --constraint requirements-dev.lock --output-file requirements.lock
	@$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements-build.lock

clean:  ## remove .venv, builds, caches and reports
	@rm -rf $(VENV) $(NODE)/node_modules build dist htmlcov coverage.xml .coverage .coverage.* .hypothesis \
		.import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

help:  ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))

$(CREATED):
	@if [ -z "$(PYTHON)" ]; then \
		echo "Moneyer needs Python 3.11 or newer; there is no python3 on this machine." >&2; exit 1; \
	fi
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		echo "Moneyer needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; exit 1; \
	fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		$(MAKE) .python3-venv; \
	fi
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# Debian keeps the part of Python that makes environments in a package of its own.
.PHONY: .python3-venv
.python3-venv: apt := $(if $(filter 0,$(shell id -u)),,sudo )env DEBIAN_FRONTEND=noninteractive apt-get -qq
.python3-venv: package := -y --no-install-recommends python3-venv
.python3-venv:
	@if ! command -v apt-get >/dev/null; then \
		echo "$(PYTHON) cannot make a virtual environment: its module ensurepip is missing." >&2; exit 1; \
	fi
	@echo "This Python cannot make a virtual environment yet: installing the package python3-venv."
	@$(apt) install $(package) >/dev/null 2>&1 || { \
		$(apt) update >/dev/null 2>&1; said=$$($(apt) install $(package) 2>&1) || \
		{ echo "$$said" >&2; echo "As root: apt-get install python3-venv; then make again." >&2; exit 1; }; }

$(INSTALLED): $(CREATED) requirements.lock requirements-build.lock pyproject.toml
	@echo "Installing Moneyer into $(VENV)"
	@$(FETCH) -r requirements.lock -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(INSTALLED) requirements-dev.lock
	@echo "Installing the tools for tests and checks into $(VENV)"
	@$(FETCH) -r requirements-dev.lock
	@touch $@

$(NODE_CLIENT): $(NODE)/package.json $(NODE)/package-lock.json | test-packages
	@echo "Installing openid-client into $(NODE)"
	@npm ci --prefix $(NODE) --ignore-scripts --no-audit --no-fund --silent
	@touch $@
