# One command for each chore. A fresh machine needs Python 3.11 or newer, git and make.

PYTHON ?= python3
PORT ?= 8000
# Tests wait for servers and browsers much of the time: three of them keep two cores busy.
PROCESSES ?= 3
BIN := .venv/bin

# On small machines, numeric libraries measured slower with two threads than with one.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install up test coverage test-faults lint audit screenshots bench

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

install: .venv/installed  ## create the virtual environment in .venv from the locked requirements

up: .venv/installed  ## start the site on http://127.0.0.1:8000/ (PORT=… for another port), until Ctrl-C
	@$(BIN)/python manage.py up --port $(PORT)

test: .venv/installed-dev  ## run the tests in three processes (TESTS="tests/jobs -k claim" for a selection)
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadgroup --durations=10 $(TESTS)

coverage: .venv/installed-dev  ## run the tests and report lines and branches that are not covered
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadgroup --cov --cov-report=term $(TESTS)

test-faults: .venv/installed-dev  ## inject faults, again and again, and count the losses (about an hour)
	$(BIN)/python tests/faults --shipped --write
	$(BIN)/python tests/faults --rounds 20 --write

lint: .venv/installed-dev  ## check style, types, clones, imports, templates, migrations, settings and locks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --check
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/mypy
	$(BIN)/pylint --score=n common audit jobs customers segmentation segmenter bench
	$(BIN)/lint-imports --no-logo
	$(BIN)/python manage.py check
	@# Nothing listens at this address: comparing models with migrations needs no database.
	DATABASE_URL=postgres://127.0.0.1:1/none $(BIN)/python -W ignore::RuntimeWarning \
		manage.py makemigrations --check --dry-run
	$(BIN)/python .ci/check-deployment
	.ci/check-locks

audit: .venv/python-checked  ## check the locked requirements for known vulnerabilities (needs the internet)
	@test -x .venv/audit/bin/pip-audit || { \
		$(PYTHON) -m venv .venv/audit && .venv/audit/bin/python -m pip install --quiet pip-audit; }
	@for locked in requirements.txt requirements-production.txt; do \
		.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$locked || exit 1; done

screenshots: .venv/installed-dev  ## retake the pictures in docs/screenshots, from a separate site
	$(BIN)/python docs/take_screenshots.py

bench: .venv/installed-dev  ## benchmark the pipeline on a million customers
	$(BIN)/python -m bench

# ---- The virtual environment: each stamp is newer than what it was made from ----------------------------------

.venv/python-checked:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is not: name one, for example make PYTHON=python3.12 up"; \
		exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { \
		echo "$(PYTHON) cannot make virtual environments: install its venv package (python3-venv on Debian)."; \
		exit 1; }
	@touch $@

.venv/installed: requirements.txt | .venv/python-checked
	@echo "Installing the requirements into .venv …"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt | .venv/python-checked
	@echo "Installing the requirements for development into .venv …"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@ .venv/installed
