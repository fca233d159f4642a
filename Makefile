# The commands of the house. A fresh clone needs Python 3.11 or newer, Node 20, make and a C compiler; `make serve` does the rest.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
HOST ?= 127.0.0.1
PORT ?= 8787
SLICES ?= 10
SEED ?= 1
COUNT ?= 125000
SECONDS ?= 60

# Trusted: a mistake here breaks the table. The first five are pure: they import the standard library only.
TRUSTED := $(addprefix kernel/,errors.py principals.py policy.py handles.py wire.py engine.py image.py capi.py store.py fiber.py guest.py \
	scheduler.py membrane.py capability.py evaluation.py slots.py builder.py)
comma := ,
space := $(subst ,, )

.DEFAULT_GOAL := help
.PHONY: help serve test fuzz bench bench-peers soak guests browser lint format types imports tests coverage lines lock clean
.DELETE_ON_ERROR:

help: ## What there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

serve: $(VENV)/.run guests ## Serve on 127.0.0.1:8787 (HOST=… PORT=…), with two accounts to try on an empty database
	@exec $(BIN)/valgate serve --demo --host $(HOST) --port $(PORT)

test: lint types imports tests coverage lines ## Everything: lint, types, import contracts, tests, coverage of the trusted files

fuzz: $(VENV)/.dev guests ## Hunt in the kernel and in the decoder with a million inputs and more (SLICES=… SEED=… COUNT=… SECONDS=…)
	@$(BIN)/python -m tests.fuzz --slices $(SLICES) --seed $(SEED) --count $(COUNT)
	@if [ $(SECONDS) -gt 0 ]; then tests/fuzz/codec.sh $(SEED) $(SECONDS); fi

bench: $(VENV)/.run guests ## Measure, beside aiohttp's hello in the same run: five minutes (ARGS='--only run,parked --quick')
	@$(BIN)/python -m bench $(ARGS)

# What the peers are is nobody else's to install: a folder of its own, and no other target asks for it.
bench-peers: $(VENV)/.run guests ## Measure what others run JavaScript in, beside ours (installs it into bench/.peers)
	@$(BIN)/python -m bench.peers $(ARGS)

soak: $(VENV)/.run guests ## Memory and latency at the start and at the end of a hundred thousand evaluations (COUNT=…)
	@$(BIN)/python -m bench.soak $(if $(filter command line environment,$(origin COUNT)),$(COUNT),100000)

guests: $(VENV)/.run ## Build the guest's engine and images (about a minute, once)
	@$(BIN)/python -m guests.build

lint: $(VENV)/.dev ## ruff: rules and format
	@echo "— ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

format: $(VENV)/.dev ## Put the code into the house's format
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

types: $(VENV)/.dev
	@echo "— mypy --strict"
	@$(BIN)/mypy

imports: $(VENV)/.dev
	@echo "— import contracts"
	@$(BIN)/lint-imports

# Where it cannot install them, tests/browser says at the end of the run what is missing.
browser: ## Install Chromium for tests/browser, where apt-get can (as root on Debian); once
	@{ command -v chromium && command -v chromedriver; } >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
		echo "— installing Chromium and its driver (two minutes, once)"; \
		apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium chromium-driver; } \
		|| echo "Chromium could not be installed" >&2

# All of them: a process for each core, and coverage of all processes as one; a file stays whole, so what it makes once is made once.
# A part of them, by ARGS: as pytest does it, in one process and without coverage, since that is quicker.
tests: $(VENV)/.dev guests $(if $(ARGS),,browser)
	@echo "— pytest"
	@$(BIN)/pytest $(or $(ARGS),--numprocesses logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder --cov --cov-report=)

coverage: tests
	@echo "— coverage of the trusted files, branches counted"
	@$(BIN)/coverage report --fail-under=100 --include='$(subst $(space),$(comma),$(TRUSTED))' \
		|| { echo "a branch of a trusted file is not covered" >&2; exit 1; }

lines: coverage
	@echo "— lines of the trusted files"
	@wc -l $(wildcard $(TRUSTED))

lock: ## Pin what pyproject.toml asks for, with hashes (needs uv)
	@for extras in build:requirements.txt "build --extra dev:requirements-dev.txt"; do \
		uv pip compile pyproject.toml --extra $${extras%%:*} --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-annotate --no-strip-extras --custom-compile-command 'make lock' --quiet --output-file $${extras##*:} || exit 1; \
	done
	@uv pip compile bench/peers/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-strip-extras --custom-compile-command 'make lock' --quiet --output-file bench/peers/requirements.txt

clean: ## Forget the environment, the built guest and what tools left behind
	@rm -rf $(VENV) guests/build guests/.build bench/.peers dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(if $(PYTHON),,echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=…" >&2; exit 1;) \
		"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@echo "— making $(VENV)"
	@"$(PYTHON)" -m venv $(VENV)

# Stamps: pip runs only when what is asked for has changed.
$(VENV)/.run: pyproject.toml requirements.txt | $(VENV)/bin/python
	@echo "— installing what valgate needs into $(VENV)"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.run
	@echo "— installing what the tests need into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
