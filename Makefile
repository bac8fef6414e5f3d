# `make` lists the targets. Only python3 (3.11 or newer) is needed; all else goes into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= training_data
MODEL ?= models/mine
READINGS := training_data/readings

.DEFAULT_GOAL := help
.PHONY: help demo test check bench train model format wheel clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed  ## clean the example pages and show what was found
	@$(BIN)/cleaner inspect examples/news.html
	@echo; echo "── cleaner clean examples/news.html ──"; echo
	@$(BIN)/cleaner clean examples/news.html
	@echo; echo "── cleaner inspect examples/blog.txt ──"; echo
	@$(BIN)/cleaner inspect examples/blog.txt
	@echo; echo "── cleaner clean examples/blog.txt ──"; echo
	@$(BIN)/cleaner clean examples/blog.txt

test: $(VENV)/.installed-test  ## run the tests
	$(BIN)/python -m pytest -q -m "not quality"

check: $(VENV)/.installed-dev  ## style, types, labelled pages, quality floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cleaner data check training_data
	$(BIN)/python -m pytest -q -m quality

bench: $(VENV)/.installed-bench  ## quality and speed against others: make bench CORPORA=folder
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/speed.py $(if $(CORPORA),--corpora $(CORPORA))
	@$(if $(CORPORA),,echo 'quality needs CORPORA=folder; see benchmarks/README.md')
	$(if $(CORPORA),$(BIN)/python benchmarks/quality.py --corpora $(CORPORA))

train: $(VENV)/.installed-test  ## train a model: make train DATA="folder …" MODEL=models/mine
	$(BIN)/cleaner train $(DATA) -o $(MODEL)

# Labelled pages and unlabelled text that the default model is made of; see its manifest.
model: $(VENV)/.installed-test  ## train models/default again: make model CORPORA=folder
	@test -n "$(CORPORA)" || { echo 'make model needs CORPORA=folder with wcxb, news, …' >&2; exit 2; }
	$(BIN)/cleaner import wcxb $(CORPORA)/wcxb build/wcxb --readings $(READINGS)/wcxb.tsv
	$(BIN)/cleaner import aeb $(CORPORA)/news build/news --readings $(READINGS)/news.tsv
	$(BIN)/cleaner import snippets-unlabelled $(CORPORA)/snippets build/snippets \
	  --readings $(READINGS)/snippets.tsv
	$(BIN)/cleaner train training_data build/wcxb build/news build/snippets \
	  --n-jobs 2 -o models/default \
	  --comments $(CORPORA)/comments/indonesian.jsonl.gz $(CORPORA)/comments/korean.jsonl.gz \
	  --texts $(CORPORA)/excerpts/excerpts.jsonl.gz

format: $(VENV)/.installed-dev  ## put the source into standard form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(VENV)/.installed-dev  ## build dist/*.whl
	$(BIN)/python -m build --wheel

clean:  ## remove the environment and everything built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# One stamp per set of dependencies; installing again waits for a change of pyproject.toml.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 …' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# pip before 23.3 fails on the two spellings of lxml[html-clean] among our dependencies.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$*]'
	@touch $@ $(VENV)/.installed
