# Everything a newcomer or CI runs. `make` alone says what there is.
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help demo test test-real bench check fix clean
help:
	@sed -n 's/^## //p' Makefile

$(STAMP): pyproject.toml
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,demo]'
	@touch $@

## demo       replay the incident on an embedded AWS: no account
demo: $(STAMP)
	@$(RUN)/agent-supervise demo

## test       format, lint, types, arrows and every test without heavy parts
test: check
	$(RUN)/python -m pytest -n 3 -q -m "not real and not long"

## check      format, lint, types and import arrows
check: $(STAMP)
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports --no-cache

## test-real  the attack suite, long sessions, and the heavy real parts: agent CLIs, AWS tools, terraform, Keycloak, OPA
test-real: $(STAMP)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,demo,real]'
	$(RUN)/python -m pytest -n 3 -q -m long
	$(RUN)/python -m pytest -q -m real

## bench      ratios measured side by side, as JSON in bench-out/
bench: $(STAMP)
	$(RUN)/python -m tests.bench

## fix        format and mend what can be mended by a machine
fix: $(STAMP)
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

clean:
	rm -rf $(VENV) .cache bench-out
