# SPDX-License-Identifier: Apache-2.0
# `make demo` needs python3 (3.11 or later), git and make; `make test` also apt, as root or by sudo.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)
TOOLS := gcc g++ arm-none-eabi-gcc qemu-system-arm espeak-ng flite arduino-builder
PACKAGES := gcc g++ libc6-dev gcc-arm-none-eabi qemu-system-arm espeak-ng flite arduino-builder
# A folder of recordings, <word>/*.flac: the demo plays one of each word, or the bundled clips.
RECORDINGS ?= ../shared/data/wake_words
HUMAN := $(foreach d,$(wildcard $(RECORDINGS)/*),$(firstword $(sort $(wildcard $(d)/*.flac))))

.PHONY: demo test lint docs benchmarks clean

demo: $(VENV)/demo.stamp
	@echo "mcu-ghost build --board nrf52840"
	@$(BIN)/mcu-ghost build --board nrf52840
	@echo "mcu-ghost test --board nrf52840"
	@$(BIN)/mcu-ghost test --board nrf52840
	@echo "mcu-ghost listen --board nrf52840 …"
	@$(BIN)/mcu-ghost listen --board nrf52840 $(HUMAN)

test: lint
	$(BIN)/python -m pytest -q -m "" -rs $(ARGS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

docs: $(VENV)/docs.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "open build/site/index.html"

benchmarks: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) build dist .cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mcu-ghost needs Python 3.11 or later; try make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[emulate]'
	@touch $@

$(VENV)/docs.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	@missing=; for tool in $(TOOLS); do command -v $$tool >/dev/null || missing=yes; done; \
		test -z "$$missing" || { $(SUDO) apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq $(PACKAGES); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[emulate,train,dev]'
	$(PYTHON) -m venv $(VENV)/pyocd # of its own: it wants capstone 5, we want 6
	$(VENV)/pyocd/bin/python -m pip install --quiet --disable-pip-version-check pyocd==0.46.0
	@touch $@ $(VENV)/demo.stamp $(VENV)/docs.stamp
