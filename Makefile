# What one does here every day. `make help` lists it.
# A fresh clone needs Python 3.11 or newer and the package registries (pip; npm where it is on PATH).

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup weights demo demo-hybrid serve test check lint unit bench gallery clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*##/\1:/' | awk -F: '{printf "  make %-13s%s\n", $$1, $$2}'

setup: $(STAMP)  ## Create .venv and install everything into it

# The first Python that is new enough. opencv-python needs libGL; a machine without it gets the same version
# of the headless build laid over it.
$(STAMP): pyproject.toml constraints.txt
	@if [ ! -x $(BIN)/python ]; then \
	  for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "GenKOL needs Python 3.11 or newer, and there is none on PATH. Install it, or say: make PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "Creating $(VENV) with $$($$found --version)"; \
	  $$found -m venv --clear $(VENV); \
	fi
	@echo "Installing into $(VENV); the first time takes some minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,npm,evaluation]"
	@$(BIN)/python -c "import cv2" 2>/dev/null || { \
	  version=$$($(BIN)/python -c "from importlib.metadata import version; print(version('opencv-python'))"); \
	  echo "This machine has no libGL: taking opencv-python-headless $$version"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall \
	    "opencv-python-headless==$$version" && $(BIN)/python -c "import cv2"; }
	@touch $@

weights: setup  ## Fetch the weights of the light algorithms that are not here yet
	@$(BIN)/genkol weights fetch --all-light >/dev/null

demo: weights  ## Make out/demo.png through a real local Ray Serve cluster
	@$(BIN)/python -m examples.demo

demo-hybrid: weights  ## The same over two sites, one of which dies on the way
	@$(BIN)/python -m examples.demo_hybrid

serve: weights  ## Serve the API and its pages until Ctrl-C
	@$(BIN)/genkol serve

# The whole suite holds the unit tests and the documents' examples, so they run once. The tests on a real cluster mostly
# wait for its processes: they run beside the others, and are told of at the end.
test: weights lint  ## Everything that must hold, the real cluster too
	@log=$$(mktemp); trap 'kill $$cluster 2>/dev/null; rm -f $$log' EXIT; trap 'exit 130' INT TERM; \
	$(BIN)/python -m pytest -m ray tests/acceptance tests/deployments >$$log 2>&1 & cluster=$$!; \
	nice -n 5 $(BIN)/python -m pytest -m "not ray" $(DOCUMENTS) tests genkol docs README.md; rest=$$?; \
	echo "On a real cluster:"; wait $$cluster; on_cluster=$$?; cat $$log; exit $$((rest | on_cluster))

check: setup lint unit  ## What one runs before each commit

DOCUMENTS := --doctest-modules --doctest-glob='*.md'

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Run: ruff format ."; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@said=$$($(BIN)/lint-imports --no-logo --no-cache) || { echo "$$said"; exit 1; }; echo "$$said" | tail -n 1

unit: setup
	@$(BIN)/python -m pytest $(DOCUMENTS) tests/unit genkol docs README.md

bench: weights  ## Measure, and write benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks

gallery: weights  ## Draw the contact sheets of docs/gallery
	@$(BIN)/python -m benchmarks.gallery

clean:  ## Remove what was built; .venv and the fetched weights stay
	@rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
