# make demo: from nothing to a trained, scored network on synthetic cells
# make test: lint, import contracts and tests, with one architecture a family
# make test-all: the same with every architecture, some minutes longer
# make test-parity: the networks that we wrote ourselves against PyTorch's
# make fuzz: damage 20,000 files of each kind that the program reads; an hour
# make faults: kill each command 50 times, fill its disk and end it 20 times; several hours
# make format: rewrite the code as ruff wants it, mend what ruff can mend
# make lint: check the format, the code, the types and the import contracts; change nothing
# make types: check the types alone, with mypy
# make coverage: the tests again, with the share of lines that they run; fails below the floor
# make docs/api.md: write the page on calls from Python anew, from the docstrings
# make clean: remove the environments and the demo

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is a Python this project runs on; override with make PYTHON=...
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	2>/dev/null && echo $$python && break; done)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint constraints.txt
# PyTorch lies over the tests' packages and out of their sight. Its build without CUDA is enough.
PARITY := .venv-parity
PARITY_INSTALL := $(PARITY)/bin/python -m pip install --quiet --disable-pip-version-check \
	--constraint constraints.txt --constraint constraints-parity.txt
# Two workers halve the time; each takes up to 3 GB, so that more than four would crowd a laptop.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
# Packages of JavaScript, for the test that opens an ONNX file there; without npm it skips.
NODE := .node
PACKAGES_OF = $$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

.PHONY: demo test test-all test-parity fuzz faults format lint types coverage clean

demo: $(VENV)/installed
	test -d demo/source || $(BIN)/python scripts/make_synthetic.py --out demo/source
	$(BIN)/python scripts/make_tfrecords.py --source demo/source --records demo/records --overwrite
	$(BIN)/python scripts/train.py --arch base_cnn --records demo/records \
		--epochs 12 --learning-rate 0.01 --imbalance class_weights --augment hflip,vflip

test: lint $(NODE)/installed
	$(PYTEST)

test-all: lint $(NODE)/installed
	$(PYTEST) --all-architectures

test-parity: $(PARITY)/installed
	$(PARITY)/bin/python -m pytest tests/parity

fuzz: $(VENV)/installed-test
	$(PYTEST) --dist load --verbose --mutations 20000 tests/fuzz

faults: $(VENV)/installed-test
	ALL_TF_FAULTS=50,20,20 $(PYTEST) --dist load tests/integration/faults

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(VENV)/installed-test types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/installed-test
	$(BIN)/mypy

docs/api.md: FORCE $(VENV)/installed-test
	$(BIN)/python -c 'from all_tf.api.reference_page import reference_page as page; print(page(), end="")' > $@

FORCE:

coverage: $(VENV)/installed-test $(NODE)/installed
	$(PYTEST) --cov --cov-report=term-missing:skip-covered

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11, 3.12 or 3.13 with venv found." \
		"Install one (Debian: apt install python3 python3-venv) or pass make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg constraints.txt | $(VENV)/bin/python
	@echo "Installing into $(VENV): about 3 GB, some minutes the first time."
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(PIP_INSTALL) --editable '.[test]'
	@touch $@

$(PARITY)/installed: constraints-parity.txt $(VENV)/installed-test
	$(BIN)/python -m venv --clear $(PARITY)
	echo "import site; site.addsitedir('$(call PACKAGES_OF,$(VENV))')" \
		> "$(call PACKAGES_OF,$(PARITY))/packages-of-the-tests.pth"
	$(PARITY_INSTALL) torch
	$(PARITY_INSTALL) --no-deps torchvision efficientnet-lite-pytorch
	@touch $@

# Without their scripts, which would download libraries for GPUs from elsewhere.
$(NODE)/installed: tests/node/package.json
	mkdir -p $(NODE) && cp tests/node/package.json $(NODE)
	npm install --prefix $(NODE) --ignore-scripts --no-audit --no-fund --silent && touch $@ \
		|| echo "no packages of JavaScript: the test that opens an ONNX file there skips"

clean:
	rm -rf $(VENV) $(PARITY) $(NODE) demo
