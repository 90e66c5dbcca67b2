# Two commands matter: `make run` and `make test`. Each sets itself up.
PYTHON ?= python3
PORT ?= 8000
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

comma := ,

.DEFAULT_GOAL := setup
.PHONY: setup run test test-slow test-clients test-clients-quick install-clients-quick test-sixteen-faults test-faults test-limits test-soak fuzz test-rest audit lock verify lint \
	bench bench-quick bench-limits bench-lists bench-local

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Pointsman needs Python 3.11 or newer; set PYTHON=/path/to/python3.11 or newer."; exit 1; }
	@echo "Creating the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

# uv takes a sixth of pip's time: it downloads side by side, and byte code is made by the first
# import. It asks the index that pip is configured to; where it cannot install, pip does.
define install
	@index=$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv 2>/dev/null && \
	env UV_SYSTEM_CERTS=true $${index:+UV_DEFAULT_INDEX="$$index"} \
		$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.$(1)' 2>/dev/null || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.$(1)'
endef

# What `make run` installs: both runtimes of the local engine, llama.cpp alone, or none.
RUNTIMES := $(if $(findstring --no-model,$(ARGS)),,$(if $(findstring --no-mlx,$(ARGS)),cpu,local))

setup: $(VENV)/.installed-$(RUNTIMES)

$(VENV)/.installed-$(RUNTIMES): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Pointsman (up to 600 MB, half a minute the first time) ..."
	$(call install,$(if $(RUNTIMES),[$(RUNTIMES)]))
	@touch $@

$(VENV)/.dev-installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Pointsman and its development tools ..."
	$(call install,[local$(comma)dev])
	@touch $(VENV)/.installed- $(VENV)/.installed-cpu $(VENV)/.installed-local $@

run: setup
	@$(BIN)/python manage.py up --port $(PORT) $(ARGS)

test: $(VENV)/.dev-installed
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

# What starts many processes: some ten minutes.
test-slow: $(VENV)/.dev-installed
	@POINTSMAN_TEST_SLOW=1 $(BIN)/python -m pytest -n 2 --dist worksteal \
		$$($(BIN)/python -c 'from tests.conftest import SLOW; print(*SLOW)') $(ARGS)

# Attacks, kills and outages against started services; rewrites docs/reliability.md. Minutes.
test-faults: $(VENV)/.dev-installed
	@$(BIN)/python -m tests.faults $(ARGS)

# A budget under fire on two nodes with PostgreSQL; rewrites a table of docs/limits.md. Minutes.
test-limits: $(VENV)/.dev-installed
	@$(BIN)/python -m tests.faults limits $(ARGS)

# atheris on parsers and translators, ten minutes; kept out of the environment of the product. New
# inputs go into tests/fuzz/corpus, which `make test` replays. ARGS="requests --seconds 60" for less.
fuzz: $(VENV)/.dev-installed
	@test -d .fuzz || $(BIN)/python -m pip install --quiet --disable-pip-version-check --target .fuzz atheris
	@PYTHONPATH=.fuzz $(BIN)/python -m tests.fuzz $(ARGS)

# Half a million requests of every sort, and what stays of them in memory; rewrites a table of
# docs/reliability.md. Half an hour; ARGS="--requests 50000" for fewer.
test-soak: $(VENV)/.dev-installed
	@$(BIN)/python -m tests.faults soak $(ARGS)

# The REST API against its own OpenAPI document, by schemathesis.
test-rest: $(VENV)/.dev-installed
	@$(BIN)/python -m tests.faults.rest $(ARGS)

# The hashes of everything constraints.txt pins, and of what that needs, into requirements.lock.
lock: $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/uv pip compile pyproject.toml --extra local --extra dev -c constraints.txt --universal \
		--generate-hashes --python-version 3.11 --no-header --no-annotate -q -o requirements.lock

# Fetches what is pinned and compares it with the hashes, without installing it.
verify: $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --dry-run --ignore-installed \
		--no-deps --require-hashes -r requirements.lock

# Known vulnerabilities of what constraints.txt pins. Where nobody can be asked about one of them
# (a mirror of PyPI knows of none) it fails, instead of saying that there are none.
audit: $(VENV)/.dev-installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit
	@$(BIN)/python -m pip_audit --strict --disable-pip --no-deps -r constraints.txt $(ARGS)

# Sixteen faults of a provider in real time: about five minutes.
test-sixteen-faults: $(VENV)/.dev-installed
	@POINTSMAN_TEST_FAULTS=full $(BIN)/python -m pytest tests/service/test_sixteen_faults.py $(ARGS)

# Real clients of npm and PyPI, about 1.5 GB; kept out of the environment of the product.
CLIENTS := .clients
NPM := npm install --prefix $(CLIENTS) --no-audit --no-fund --loglevel=error --ignore-scripts

# One after the other: together they take pip minutes to resolve.
$(CLIENTS)/.frameworks: tests/clients/frameworks.txt
	@mkdir -p $(CLIENTS) && $(PYTHON) -m venv $(CLIENTS)/frameworks
	@grep -v '^#' $< | while read -r one; do \
		$(CLIENTS)/frameworks/bin/pip install --quiet --disable-pip-version-check "$$one" || exit 1; done
	@touch $@

$(CLIENTS)/.installed: tests/clients/package.json tests/clients/requirements.txt
	@mkdir -p $(CLIENTS) && cp tests/clients/package.json $(CLIENTS)/
	@$(NPM)
	@cd $(CLIENTS)/node_modules/@anthropic-ai/claude-code && node install.cjs
	@cd $(CLIENTS)/node_modules/opencode-ai && node postinstall.mjs
	@$(PYTHON) -m venv $(CLIENTS)/venv
	@$(CLIENTS)/venv/bin/pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
	@touch $@

test-clients: $(VENV)/.dev-installed $(CLIENTS)/.installed $(CLIENTS)/.frameworks
	@POINTSMAN_TEST_CLIENTS=$(abspath $(CLIENTS)) $(BIN)/python -m pytest tests/clients $(ARGS)

# The smallest of them: the Vercel AI SDK.
install-clients-quick: $(CLIENTS)-quick/.installed

$(CLIENTS)-quick/.installed: tests/clients/package.json
	@mkdir -p $(CLIENTS)-quick
	@npm install --prefix $(CLIENTS)-quick --no-audit --no-fund --loglevel=error --ignore-scripts \
		$$(node -p 'const packages = require("./tests/clients/package.json").dependencies; \
		["ai", "zod", "@ai-sdk/openai", "@ai-sdk/anthropic"].map(name => name + "@" + packages[name]).join(" ")')
	@touch $@

test-clients-quick: $(VENV)/.dev-installed install-clients-quick
	@POINTSMAN_TEST_CLIENTS=$(abspath $(CLIENTS)-quick) $(BIN)/python -m pytest tests/clients/test_ai_sdk.py $(ARGS)

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

# The console's lists over a million interactions: two minutes, 4 GB of disk.
bench-lists: $(VENV)/.dev-installed
	@$(BIN)/python -m benchmarks.lists $(ARGS)

bench-local: $(VENV)/.dev-installed
	@$(BIN)/python -m benchmarks.local --write $(ARGS)
