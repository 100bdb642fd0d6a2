# Each target works from a fresh clone and installs what it needs; later runs start at once.

PYTHON ?= python3
PIP_ARGS ?=
HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT

# Our own modules are compiled once, and not by each of the processes that tests start.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS)

# What `make check` runs, without the tests that are marked `slow`: under a minute in all.
FAST = tests/webapp tests/trainer/recognition tests/trainer/data $(wildcard tests/test_docs.py tests/test_floors.py)

.PHONY: run web worker install format lint check test test-image bench dist translations screenshots examples clean

# The site starts as soon as its dependencies are installed; the worker follows once torch is.
run: .venv/slim
	@echo "Inkling: http://$(HOST):$(PORT)/"
	@exec $(BIN)/honcho start

web: .venv/slim
	@echo "Inkling: http://$(HOST):$(PORT)/"
	@exec $(BIN)/inkling serve

worker: .venv/train
	@exec $(BIN)/inkling worker

install: .venv/full

format: .venv/full
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: .venv/full
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# For each commit; `make lint` and `make test` are what CI runs.
check: lint
	$(BIN)/python -m pytest --quiet --numprocesses auto --dist worksteal -m "not slow" $(FAST) $(ARGS)

# Two processes more than there are cores: many tests wait for a server or a browser. Bytecode
# is kept even where PYTHONDONTWRITEBYTECODE is set: each process that a test starts would otherwise
# compile every module again.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/full
	PYTEST_XDIST_AUTO_NUM_WORKERS=$${PROCESSES:-$$(($$(nproc) + 2))} \
		$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

# Builds the images and starts the site's: as root, with Debian's buildah and debootstrap.
test-image: .venv/full
	$(BIN)/python -m tests.deploy.image $(ARGS)

bench: .venv/full
	$(BIN)/python -m tests.bench $(ARGS)

# DIST makes the package tests check these files instead of building their own.
dist: .venv/full
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	DIST=dist $(BIN)/python -m pytest --quiet tests/test_package.py

translations: .venv/full
	$(BIN)/pybabel extract -k N_ --no-location --sort-output --project Inkling --version 0 -F babel.cfg -o messages.pot .
	$(BIN)/pybabel update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -i messages.pot -d webapp/translations
	$(BIN)/pybabel compile -d webapp/translations
	rm messages.pot

screenshots: .venv/full
	$(BIN)/python -m tests.browser.screenshots docs

examples: .venv/full
	$(BIN)/python -m tests.browser.examples .

clean:
	rm -rf .venv dist

# Each step's stamp is written last, so that an interrupted installation starts over.
.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Inkling needs Python 3.11 or newer; name one with PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(INSTALL_VENV); }
	@echo "Setting up .venv …"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/slim: .venv/python pyproject.toml
	@echo "Installing what serving needs (about 400 MB) …"
	@$(PIP) --editable .
	@touch $@

.venv/train: .venv/slim
	@echo "Installing torch for retraining (about 5 GB, once) …"
	@$(PIP) --editable '.[train]'
	@touch $@

.venv/full: .venv/train
	@echo "Installing the tools for tests …"
	@$(PIP) --editable '.[train,postgres,dev]'
	@touch $@

# Debian and Ubuntu ship Python without the part that makes environments.
define INSTALL_VENV
	echo "Installing Debian's python3-venv …"; \
	if [ "$$(id -u)" = 0 ]; then run=; else run=sudo; fi; \
	$$run apt-get update -qq && $$run apt-get install -y -qq python3-venv >/dev/null \
		|| { echo "Please install your system's python3-venv, then try again."; exit 1; }
endef
