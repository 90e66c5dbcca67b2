# Two commands matter: `make run` and `make test`. Each sets itself up.
PYTHON ?= python3
PORT ?= 8000
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup run test lint bench bench-quick bench-limits bench-local

setup: $(VENV)/.run-installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Pointsman needs Python 3.11 or newer; set PYTHON=/path/to/python3.11 or newer."; exit 1; }
	@echo "Creating the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run-installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Pointsman (about 400 MB, a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local]'
	@touch $@

$(VENV)/.dev-installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Pointsman and its development tools ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local,dev]'
	@touch $(VENV)/.run-installed $@

run: setup
	@$(BIN)/python manage.py up --port $(PORT) $(ARGS)

test: $(VENV)/.dev-installed
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

bench: $(VENV)/.dev-installed
	@$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(VENV)/.dev-installed
	@$(BIN)/python -m benchmarks --quick $(ARGS)

bench-limits: $(VENV)/.dev-installed
	@$(BIN)/python -m benchmarks.limits

bench-local: $(VENV)/.dev-installed
	@$(BIN)/python -m benchmarks.local $(ARGS)
