# Every habit of the project as a target; `make help` lists them. PYTHON=… picks the interpreter, DATA=DIR the
# documents a bench measures (without it the bundled fixtures).
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-llama lint case format bench bench-fields bench-handwriting bench-read bench-hostile bench-engines bench-tables bench-route bench-legible bench-long bench-verify bench-confidence bench-false-success bench-hidden bench-ink bench-learn outcomes bench-split bench-scale soak fixtures clean

PYTHON ?= python3
DATA ?=
VENV := .venv
BIN := $(VENV)/bin
BENCH_OPTIONS := $(if $(DATA),--data "$(DATA)")

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 15

setup: $(VENV)/installed  ## make .venv and install everything, with apt where Debian lacks something

$(VENV)/installed: pyproject.toml
	@PYTHON=$(PYTHON) .ci/install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or newer is needed and $(PYTHON) is older or missing: make setup PYTHON=python3.12'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -e '.[dev]'
	@touch $@

demo: setup  ## extract a bundled receipt and show the result
	@$(BIN)/python -m fixtures.demo

test: setup  ## run the tests
	@PYTHON=$(PYTHON) .ci/install --tests
	$(BIN)/python -m pytest -n auto -m 'not slow'

test-slow: setup  ## run the long tests too
	@PYTHON=$(PYTHON) .ci/install --tests
	$(BIN)/python -m pytest

test-llama: setup  ## ask a real llama.cpp server (installs 130 MB)
	$(BIN)/python -m pip install -e '.[llama]'
	$(BIN)/python -m pytest tests/vlm/test_llama.py

lint: setup  ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

case: setup  ## turn a reviewed result into a regression case (RESULT=out/a.json)
	@test -n "$(RESULT)" || { echo 'give RESULT=FILE.json, as engine review or you corrected it: see docs/review.md'; exit 1; }
	$(BIN)/engine regress add "$(RESULT)" --accept

format: setup  ## put the code in its usual form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: bench-fields bench-verify bench-false-success bench-hostile bench-long  ## measure everything there is a bench for (DATA=DIR)

bench-fields: setup  ## measure how many fields are right (DATA=DIR)
	$(BIN)/python -m tests.bench.fields $(BENCH_OPTIONS)

bench-verify: setup  ## measure the witness on right values and on corrupted ones (DATA=DIR)
	$(BIN)/python -m tests.bench.verify $(BENCH_OPTIONS)
	$(BIN)/python -m tests.bench.verify_rows

bench-false-success: setup  ## measure false success with a model that errs on 5 % of values (DATA=DIR)
	$(BIN)/python -m tests.bench.false_success $(BENCH_OPTIONS)

bench-confidence: setup  ## measure how well the witness's confidence is calibrated; draws docs/reliability.svg (DATA=DIR)
	$(BIN)/python -m tests.bench.confidence $(BENCH_OPTIONS) --svg docs/reliability.svg

bench-hidden: setup  ## measure what is told of hidden and stale text layers (needs DATA=DIR)
	@test -n "$(DATA)" || { echo 'give DATA=DIR with PDFs of several kinds: see docs/benchmarks.md'; exit 1; }
	$(BIN)/python -m tests.bench.hidden_text "$(DATA)"

bench-ink: setup  ## measure the ink guard (needs DATA=DIR)
	@test -n "$(DATA)" || { echo 'give DATA=DIR with pages of print and handwriting: see docs/benchmarks.md'; exit 1; }
	$(BIN)/python -m tests.bench.ink_guard "$(DATA)"

bench-learn: setup  ## measure accuracy against the number of examples (needs DATA=DIR)
	@test -n "$(DATA)" || { echo 'give DATA=DIR with sroie2019 and vrdu_adbuy: see docs/benchmarks.md'; exit 1; }
	$(BIN)/python -m tests.bench.learn $(BENCH_OPTIONS)

bench-handwriting: setup  ## measure the handwriting signal on composites (needs DATA=DIR and torch)
	@test -n "$(DATA)" || { echo 'give DATA=DIR with handwritten and printed pages: see docs/benchmarks.md'; exit 1; }
	$(BIN)/python -m tests.bench.handwriting "$(DATA)" --fit

bench-read: setup  ## measure speed, memory and recall of reading against the naive loop (DATA=DIR)
	$(BIN)/python -m tests.bench.read $(BENCH_OPTIONS)

bench-long: setup  ## measure CPU and memory of extraction as pages grow
	$(BIN)/python -m tests.bench.long

outcomes: setup  ## print how each way of failing ends on each provider's wire (loopback)
	$(BIN)/python -m tests.vlm.outcomes

bench-engines: setup  ## measure both OCR engines, alone and together (needs DATA=DIR)
	@test -n "$(DATA)" || { echo 'give DATA=DIR with sroie2019, funsd and other sets: see docs/benchmarks.md'; exit 1; }
	$(BIN)/python -m tests.bench.engines "$(DATA)"

bench-tables: setup  ## measure the table signal (needs DATA=DIR)
	@test -n "$(DATA)" || { echo 'give DATA=DIR with page_labels.jsonl: the fixtures have no labelled pages'; exit 1; }
	$(BIN)/python -m tests.bench.tables "$(DATA)"

bench-route: setup  ## measure routes, policies and what each sends to a model (needs DATA=DIR)
	@test -n "$(DATA)" || { echo 'give DATA=DIR with page_labels.jsonl: the fixtures have no labelled pages'; exit 1; }
	$(BIN)/python -m tests.bench.route "$(DATA)"

bench-legible: setup  ## measure how small letters may be shown to a model (needs DATA=DIR)
	@test -n "$(DATA)" || { echo 'give DATA=DIR with sroie2019 and other sets: see docs/benchmarks.md'; exit 1; }
	$(BIN)/python -m tests.bench.legible "$(DATA)"

bench-split: setup  ## measure how scans of several documents are cut (DATA=DIR)
	$(BIN)/python -m tests.bench.split $(BENCH_OPTIONS)

bench-scale: setup  ## measure what 1 to 64 workers ask of one database
	@PYTHON=$(PYTHON) .ci/install --tests
	$(BIN)/python -m tests.bench.scale

soak: setup  ## kill a batch again and again: what is repeated, memory, speed (30 minutes)
	$(BIN)/python -m tests.bench.soak

bench-hostile: setup  ## extract every file of a folder: no traceback, no hang, bounded memory (DATA=DIR)
	$(BIN)/python -m tests.bench.hostile $(if $(DATA),"$(DATA)",fixtures)

fixtures: setup  ## make the bundled documents anew
	$(BIN)/python -m fixtures.generator

clean:  ## remove what setup and runs made
	rm -rf $(VENV) demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
