# `make run` and `make test` are all that a newcomer needs. Everything lives in .venv/ and var/.

.PHONY: run test check bench lock screenshot
.DEFAULT_GOAL := run

PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
CHECK_ENV := ISSUETRACKER_SECRET_KEY=only-for-the-deploy-check-0123456789-0123456789-abcdefghij ISSUETRACKER_HOSTS=findings.example

run: .venv/installed
	@ISSUETRACKER_LOCAL=1 exec $(MANAGE) run

# Some containers ask for no bytecode: then each of the hundreds of processes that tests start would compile the project anew.
test: .venv/installed-dev
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 2 --dist loadgroup -q -rs

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	ISSUETRACKER_LOCAL=1 ISSUETRACKER_DATA_DIR=var/test $(BIN)/mypy
	ISSUETRACKER_LOCAL=1 ISSUETRACKER_DATA_DIR=var/test $(MANAGE) makemigrations --check --dry-run
	$(CHECK_ENV) ISSUETRACKER_DATA_DIR=var/test $(MANAGE) check --deploy --fail-level WARNING

bench: .venv/installed-dev
	@$(BIN)/python -m tests.benchmarks $(ARGS)

screenshot: .venv/installed-dev
	@ISSUETRACKER_LOCAL=1 $(MANAGE) screenshot

# The locks hold hashes and no addresses; `pip` gets the packages from wherever this machine gets them.
lock: .venv/installed
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --group dev -o requirements-dev.txt

# Also when the Python that it was made with has gone: the link is broken, and --clear starts anew.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; PYTHON=python3.12 make run names another one."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "Python: making .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(MAKE) --no-print-directory .venv/installed $(if $(filter-out run,$(MAKECMDGOALS)),.venv/installed-dev)

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Packages: installing (a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Packages for tests: installing (a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	@touch $@
