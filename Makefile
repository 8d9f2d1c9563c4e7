# One command for each thing one does here; `make help` lists them.
PYTHON ?= python3
VENV   ?= .venv
# PyTorch's plain name brings its CUDA build on Linux (several GB). The CPU build is enough:
#   make setup TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu
TORCH_INDEX_URL ?=
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO_CASE ?= demo-case
TESTS  ?= tests
# For two cores: three workers with one thread each, since one of them mostly waits for a process or a server; threads
# that wait for each other would take the machine away.
JOBS   ?= 3

WINDOW_LIBS := libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1
SCREEN_LIBS := libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxkbcommon-x11-0

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-encrypted check static format soak bench manifest translations clean package package-test \
  system-libraries

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## virtual environment in .venv with all pinned dependencies; then .venv/bin/mmdesk

$(STAMP): pyproject.toml packaging/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mmdesk needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V). Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "No virtual environment could be made. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(if $(TORCH_INDEX_URL),$(BIN)/pip install --quiet --disable-pip-version-check -c packaging/constraints.txt --extra-index-url $(TORCH_INDEX_URL) torch==2.13.0)
	$(BIN)/pip install --quiet --disable-pip-version-check -c packaging/constraints.txt -e '.[dev]'
	@touch $@

system-libraries: # what Qt needs from the system: named, and installed where we are allowed to
	@sh packaging/system-libraries.sh $(WINDOW_LIBS)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then sh packaging/system-libraries.sh $(SCREEN_LIBS); fi

demo: setup system-libraries ## a sample case through the whole job, then the window where there is a display
	$(BIN)/mmdesk demo --case $(DEMO_CASE)

# Hundreds of processes are started: none of them shall compile the sources again.
test: setup system-libraries ## all tests but the long ones
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadgroup -m "not soak" $(TESTS)

static: setup # format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-encrypted: setup system-libraries ## the tests of the engine's store and services on encrypted cases
	MMDESK_TEST_KEY=1 $(BIN)/pytest -n $(JOBS) --dist loadgroup -m "not soak" \
	  $(addprefix tests/engine/,store ingestion services security reporting dataset)

check: static test ## format, lint, types, import contracts, tests

format: setup ## put the sources into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

soak: setup system-libraries ## long repeats, kills and fault injection
	$(BIN)/pytest -m soak $(TESTS)

bench: setup ## speed as ratios against peers and limits measured in the same run
	$(BIN)/python -m tests.benchmarks

manifest: setup ## list the code of features and training anew after changing it
	$(BIN)/python -m mmdesk.engine.core.code_manifest

translations: setup ## take new texts of the window into the catalogues, and compile them
	$(BIN)/python -m tests.translations

# Both lie in folders that git ignores. Where the disk is small, give other places for them:
#   make package PACKAGE_WORK=/somewhere/build PACKAGE_OUT=/somewhere/dist
PACKAGE_WORK ?= build
PACKAGE_OUT  ?= dist
PACKAGE_BIN  := $(PACKAGE_WORK)/venv/bin

$(PACKAGE_WORK)/venv/.installed: pyproject.toml packaging/constraints.txt
	@mkdir -p $(PACKAGE_WORK)
	$(PYTHON) -m venv --clear $(PACKAGE_WORK)/venv
	$(if $(TORCH_INDEX_URL),$(PACKAGE_BIN)/pip install --quiet --disable-pip-version-check -c packaging/constraints.txt --extra-index-url $(TORCH_INDEX_URL) torch==2.13.0)
	$(PYTHON) packaging/build.py --requirements > $(PACKAGE_WORK)/requirements.txt
	$(PACKAGE_BIN)/pip install --quiet --disable-pip-version-check -c packaging/constraints.txt -r $(PACKAGE_WORK)/requirements.txt
	@touch $@

package: $(PACKAGE_WORK)/venv/.installed ## the packages of this system, with sums and bill of materials, in dist
	$(PACKAGE_BIN)/python packaging/build.py --work $(PACKAGE_WORK) --out $(PACKAGE_OUT)

package-test: $(PACKAGE_WORK)/venv/.installed ## try the packages in a clean root without Python and network (as root)
	@sh packaging/system-libraries.sh debootstrap xvfb xdotool imagemagick zstd
	$(PACKAGE_BIN)/python packaging/package_test.py --work $(PACKAGE_WORK) --out $(PACKAGE_OUT)

clean: ## remove what make made (never a case of yours)
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
