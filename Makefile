# make demo    a dataset from the sample atlas: no key, no GPU, a few minutes
# make test    all tests
# make check   formatting, types, layers, shape
# make venv    only the environment (.venv), with the tools for development
# make clean   remove the demo's run and what tools leave behind; `make clean-all` also removes .venv
#
# PYTHON=/path/to/python3.12 picks the interpreter. Nothing outside this folder is touched.

.PHONY: demo test check venv clean clean-all help
.DEFAULT_GOAL := help

BIN := .venv/bin
export MAKE_GOAL := $(firstword $(MAKECMDGOALS))

help:
	@sed -n 's/^# //p' Makefile

.venv/.ready-core: pyproject.toml scripts/setup
	@scripts/setup core

.venv/.ready-dev: pyproject.toml scripts/setup
	@scripts/setup dev

venv: .venv/.ready-dev

demo: .venv/.ready-core
	$(BIN)/remud run data/sample --run demo-run --config configs/demo.yaml
	@echo
	@echo "The dataset:        demo-run/export/llamafactory   (every field and its evidence: demo-run/export/raw)"
	@echo "Pairs, pictures:    demo-run/pair/*.jsonl, demo-run/images/"
	@echo "Rejected, and why:  demo-run/generate/*.errors.jsonl, demo-run/filter/*.jsonl"
	@echo "Look at one record: $(BIN)/remud inspect ID --run demo-run"
	@echo "Where it stands:    $(BIN)/remud status --run demo-run"
	@echo "Your own books:     $(BIN)/remud run BOOKS/ --run my-run --model MODEL   (see README.md)"

test: .venv/.ready-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations 15

check: .venv/.ready-dev
	BIN=$(BIN) scripts/check

clean:
	rm -rf demo-run build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean
	rm -rf .venv
